// Turns a counter (a value that only grows and starts again from 0 when its process restarts, like
// Prometheus' counters) into a rate, which is what SeriesState judges.
#ifndef DRIFTCAST_SIGNAL_COUNTER_RATE_H_
#define DRIFTCAST_SIGNAL_COUNTER_RATE_H_

#include <cmath>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace driftcast {

// Plain state, 16 bytes; a copy is a snapshot.
class CounterRate {
 public:
  // The mean rate per second since the previous sample. None for the first sample, for late,
  // repeated or non-finite ones. A value below the previous one is a reset: the counter is taken to
  // have restarted from 0, so the increase is the value itself (a lower bound).
  std::optional<double> Observe(Instant at, double value) {
    if (!std::isfinite(value) || value < 0) return std::nullopt;
    const int64_t at_us = ToUnixMicros(at);
    if (last_at_us_ != kNone && at_us <= last_at_us_) return std::nullopt;
    std::optional<double> rate;
    if (last_at_us_ != kNone) {
      const double increase = value >= last_ ? value - last_ : value;
      rate = increase / (static_cast<double>(at_us - last_at_us_) * 1e-6);
    }
    last_at_us_ = at_us;
    last_ = value;
    return rate;
  }

 private:
  static constexpr int64_t kNone = INT64_MIN;
  int64_t last_at_us_ = kNone;
  double last_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_COUNTER_RATE_H_
