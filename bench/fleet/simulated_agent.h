// One agent of a simulated fleet: a host that changes, a spool, and the real protocol over a
// network that loses connections.
#ifndef DRIFTCAST_BENCH_FLEET_SIMULATED_AGENT_H_
#define DRIFTCAST_BENCH_FLEET_SIMULATED_AGENT_H_

#include "driftcast/v1/agent.grpc.pb.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "base/time.h"
#include "fleet/join.h"
#include "fleet/ledger.h"
#include "fleet/population.h"

namespace driftcast::fleet {

using Steady = std::chrono::steady_clock;

struct AgentOptions {
  std::string server;          // "127.0.0.1:7118"
  double rate = 1;             // changes a second; 0 = as many as are acknowledged
  int batch_facts = 64;        // in one message, 1 to 512
  int window_facts = 2048;     // sent and not acknowledged
  size_t spool_max = 1 << 20;  // facts that wait; changes are not made beyond
  int series = 0;              // metric series, a point each every 10 s
  // The network: chance of a lost connection in each second, longest wait before a message, chance
  // that part of a message is sent again.
  double drop_per_second = 0;
  Duration delay_max{0};
  double resend = 0;
  uint64_t seed = 1;
};

// Of the whole fleet.
struct FleetCounters {
  std::atomic<uint64_t> connections = 0, drops = 0, resent = 0, refused = 0, slow = 0, orders = 0,
                        snapshots_asked = 0;
  std::mutex mutex;
  std::string last_error;  // guarded by mutex
};

// Thread-safe. Tick is called by one driver, about every 10 ms.
class SimulatedAgent {
 public:
  SimulatedAgent(Host host, Identity identity, AgentOptions options, Ledger& ledger,
                 FleetCounters& counters);
  ~SimulatedAgent();  // Stop

  void SetServer(const std::string& server);  // from the next connection on
  void SetRate(double rate);                  // as in the options
  void Pause(bool paused);                    // makes no new facts

  void Tick(Steady::time_point now);
  size_t waiting() const;  // facts in the spool
  void Stop();             // cuts the connection and waits until it is gone

 private:
  class Connection;
  struct Spooled {
    v1::Fact fact;
    Steady::time_point made;
    Changed changed;
  };

  // All with the mutex held.
  void Spool(FactBody body, const Changed& changed = {});
  void SpoolSnapshot();
  void SpoolMetrics();
  void MakeFacts(Steady::time_point now);
  void Connect();
  void MaybeDrop(Steady::time_point now);
  void Pump(Steady::time_point now);
  void OnMessage(const v1::EngineMessage& message);
  void OnWelcome(const v1::Welcome& welcome);
  void Trim(uint64_t durable);
  void OnClosed(const Status& status);
  double Chance() { return std::uniform_real_distribution<>(0, 1)(random_); }

  mutable std::mutex mutex_;
  std::condition_variable closed_;
  Host host_;
  const Identity identity_;
  AgentOptions options_;
  Ledger& ledger_;
  FleetCounters& counters_;
  std::mt19937_64 random_;
  bool paused_ = false, stopped_ = false;

  std::deque<Spooled> spool_;
  uint64_t next_ = 1;  // number of the next fact
  size_t cursor_ = 0;  // of the next fact to send, in spool_
  double owed_ = 0;    // changes that the rate asks for
  Steady::time_point made_at_, dropped_at_, send_after_, retry_after_, metrics_after_, slow_until_;

  std::shared_ptr<grpc::Channel> channel_;
  Connection* connection_ = nullptr;  // deletes itself, after OnClosed
  bool welcomed_ = false;
};

}  // namespace driftcast::fleet

#endif  // DRIFTCAST_BENCH_FLEET_SIMULATED_AGENT_H_
