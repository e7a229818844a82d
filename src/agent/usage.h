// What this process uses, and how much of it it may.
#ifndef DRIFTCAST_AGENT_USAGE_H_
#define DRIFTCAST_AGENT_USAGE_H_

#include <cstdint>

#include "base/time.h"

namespace driftcast {

struct Usage {
  double cpu_ms = 0;          // of this process and of children that were waited for, since start
  uint64_t memory_bytes = 0;  // resident
  uint64_t read_bytes = 0;    // by read(2) and the like, of this process, since start
};

// Usage::cpu_ms alone, which is much cheaper to ask for.
double ReadOwnCpuMs();

// By getrusage, /proc/self/statm and /proc/self/io. Zeroes where the system does not tell.
Usage ReadOwnUsage();

// Gives back the pages of code that this process holds: what is still used comes back from the page
// cache at the next call, what only starting needed (most of it) does not. Data is left alone.
// Thread-safe. Where /proc or madvise(2) refuses, nothing happens.
void ReleaseCodePages();

struct Budget {
  double cpu_percent = 5;                // of one core, over a minute
  uint64_t memory_bytes = 128ull << 20;  // resident
  double read_mib_per_second = 10;       // over a minute
};

// Decides when the agent is too expensive. Pure: it is told time and usage. Metrics are the first
// to go; configuration never is, it only becomes slower (see pace).
class Guard {
 public:
  explicit Guard(Budget budget) : budget_(budget) {}

  // Told every few seconds; keeps the last minute.
  void Observe(Instant now, const Usage& usage);

  bool SheddingMetrics() const { return shedding_; }
  double cpu_percent() const { return cpu_percent_; }  // over the last minute, or since start
  double read_mib_per_second() const { return read_mib_per_second_; }
  // By how much to stretch periodic reading: 1 within the budget, up to 8.
  double pace() const { return pace_; }

 private:
  const Budget budget_;
  Instant window_start_;
  double window_cpu_ms_ = -1;
  uint64_t window_read_bytes_ = 0;
  Instant last_;
  double cpu_percent_ = 0;
  double read_mib_per_second_ = 0;
  double pace_ = 1;
  bool shedding_ = false;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_USAGE_H_
