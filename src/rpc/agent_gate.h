// The door for agents: gRPC with mutual TLS, its own authority, join tokens and revocation.
//
//   auto gate = AgentGate::Start({.address = "127.0.0.1:7118", .data = data}, *engine);
//   auto token = (*gate)->CreateJoinToken({.by = Principal("ada")});
//
// How agents behave at it: docs/agent-protocol.md. Thread-safe.
#ifndef DRIFTCAST_RPC_AGENT_GATE_H_
#define DRIFTCAST_RPC_AGENT_GATE_H_

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "rpc/gate_parts.h"
#include "rpc/roster.h"

namespace driftcast {

class Engine;

struct AgentGateOptions {
  std::string address = "127.0.0.1:0";         // host:port; port 0 = any free one
  std::filesystem::path data = {};             // keys live in data/pki
  std::vector<std::string> server_names = {};  // more names and addresses of this server
  Duration agent_validity = 30 * kDay;         // of agents' certificates
  GateLimits limits = {};
  const Clock* clock = SystemClock();
};

// An enrolled agent, and whether it is here.
struct AgentState {
  EnrolledAgent enrolled;
  bool connected = false;
  Instant connected_since;
  std::string peer;     // "ipv4:192.0.2.7:51412"
  std::string version;  // of the agent
};

class AgentGate {
 public:
  // Opens the authority (made at first start) and listens. DataLoss when keys or records are
  // damaged, Unavailable when the address cannot be had. The engine must outlive the gate.
  static StatusOr<std::unique_ptr<AgentGate>> Start(AgentGateOptions options, Engine& engine);
  static StatusOr<std::unique_ptr<AgentGate>> Start(AgentGateOptions options,
                                                    std::shared_ptr<EngineSeam> engine);
  ~AgentGate();  // stops

  int port() const;

  // Ends every stream (UNAVAILABLE), waits until nothing is on its way into the engine, and stops
  // listening. Idempotent.
  void Stop();

  // The line that a new agent is given: "dcj1....". InvalidArgument for bad options.
  StatusOr<std::string> CreateJoinToken(const JoinTokenOptions& options);

  std::vector<JoinTokenInfo> ListJoinTokens() const;
  Status WithdrawJoinToken(const std::string& id, const Principal& by);  // NotFound

  // The agent is refused from now on, and a stream that it has ends. NotFound.
  Status Revoke(const AgentId& agent, const std::string& reason, const Principal& by);
  // One certificate, by its serial number in hex.
  Status RevokeCertificate(const std::string& serial, const std::string& reason,
                           const Principal& by);

  std::vector<AgentState> ListAgents() const;  // by id, revoked ones too

  const Authority& authority() const;

  // For /metrics, names without the "driftcast_" prefix.
  std::vector<std::pair<std::string, double>> Counters() const;

 private:
  struct Impl;
  explicit AgentGate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_AGENT_GATE_H_
