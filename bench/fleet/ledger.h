// What was acknowledged, as the agents saw it: the other side of the engine's books.
#ifndef DRIFTCAST_BENCH_FLEET_LEDGER_H_
#define DRIFTCAST_BENCH_FLEET_LEDGER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "fleet/population.h"

namespace driftcast::fleet {

// A fact that its agent was told is durable.
struct Acknowledged {
  std::string agent;
  uint64_t sequence = 0;
  Changed changed;  // empty resource name: not a change of a resource
};

// Thread-safe. Keeps what is acknowledged in memory, in a file of tab-separated lines
//   agent  sequence  stack  kind  name  path  value  latency_us
// or only counts it.
class Ledger {
 public:
  enum class Keep { kCounts, kMemory };
  explicit Ledger(Keep keep) : keep_(keep) {}
  ~Ledger();

  Status WriteTo(const std::filesystem::path& path);  // a new file, from now on
  void Add(const Acknowledged& entry, uint64_t latency_us);

  uint64_t count() const { return count_; }
  std::vector<Acknowledged> entries() const;  // with kMemory
  // Delay from a fact's making to its acknowledgement, microseconds; 0 when there is none.
  // Resolution 5 %. `fraction` 0 to 1.
  double LatencyQuantile(double fraction) const;
  void ResetLatency();  // and the count

 private:
  static constexpr size_t kBins = 420;  // x 1.05 each, from 1 us to beyond 10 min

  const Keep keep_;
  std::atomic<uint64_t> count_ = 0;
  std::array<std::atomic<uint64_t>, kBins> latency_{};
  mutable std::mutex mutex_;
  std::vector<Acknowledged> entries_;
  std::FILE* file_ = nullptr;
};

}  // namespace driftcast::fleet

#endif  // DRIFTCAST_BENCH_FLEET_LEDGER_H_
