// What the web lets an administrator do with agents. The gRPC door's side is plugged in by the
// program; without one the API lists what the shadows know and refuses the rest.
#ifndef DRIFTCAST_WEB_AGENT_ADMIN_H_
#define DRIFTCAST_WEB_AGENT_ADMIN_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/resource.h"

namespace driftcast {

// Thread-safe; may block until what it changes is durable.
class AgentAdmin {
 public:
  struct Agent {
    AgentId id;
    StackId stack;
    RoleName role;
    Instant enrolled_at;
    Instant certificate_until;
    bool revoked = false;
  };
  struct JoinToken {
    std::string id;  // not the secret
    RoleName role;
    std::string note;
    Instant created_at;
    Instant expires_at;
    Principal by;
    Instant used_at;  // epoch = not used
    AgentId used_by;
  };
  struct MadeJoinToken {
    JoinToken about;
    std::string secret;   // what the agent is given; shown once
    std::string command;  // what to run on the host
  };

  virtual ~AgentAdmin() = default;
  virtual std::vector<Agent> Agents() const = 0;
  virtual Status Revoke(const AgentId& agent, const Principal& by, const std::string& reason) = 0;
  virtual std::vector<JoinToken> JoinTokens() const = 0;
  virtual StatusOr<MadeJoinToken> MakeJoinToken(const RoleName& role, const std::string& note,
                                                Duration valid, const Principal& by) = 0;
  virtual Status WithdrawJoinToken(const std::string& id, const Principal& by) = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_AGENT_ADMIN_H_
