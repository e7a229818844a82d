// A fleet of simulated agents with one driver thread.
#ifndef DRIFTCAST_BENCH_FLEET_FLEET_H_
#define DRIFTCAST_BENCH_FLEET_FLEET_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "fleet/simulated_agent.h"

namespace driftcast::fleet {

struct FleetOptions {
  int agents = 10;
  std::string token;  // a join token for so many agents
  double rate = 10;   // changes a second, of all agents together; 0 = as many as are acknowledged
  PopulationOptions population;
  AgentOptions agent;  // server and network; its rate and seed are taken from here
};

class Fleet {
 public:
  // Enrols every agent (one after the other; nothing is sent yet).
  static StatusOr<std::unique_ptr<Fleet>> Enrol(const FleetOptions& options, Ledger& ledger);
  ~Fleet();  // Stop

  void Start();  // connects, and makes and sends facts from now on
  void SetServer(const std::string& server);
  void SetRate(double rate);
  void Pause(bool paused);  // makes no new facts, sends what is there
  size_t waiting() const;   // facts that are not acknowledged
  bool WaitUntilSent(std::chrono::seconds at_most) const;  // waiting() == 0 in time
  void Stop();

  const FleetCounters& counters() const { return counters_; }
  std::string last_error();

 private:
  Fleet() = default;
  void Drive();

  FleetCounters counters_;
  std::vector<std::unique_ptr<SimulatedAgent>> agents_;
  std::atomic<bool> stopping_ = false;
  std::thread driver_;
};

}  // namespace driftcast::fleet

#endif  // DRIFTCAST_BENCH_FLEET_FLEET_H_
