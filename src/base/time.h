// Time as the engine knows it: UTC, microseconds since 1970-01-01. Pure code is given the time;
// only programs ask a clock for it.
#ifndef DRIFTCAST_BASE_TIME_H_
#define DRIFTCAST_BASE_TIME_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace driftcast {

using Duration = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Duration>;

inline constexpr Duration kSecond = std::chrono::seconds(1);
inline constexpr Duration kMinute = std::chrono::minutes(1);
inline constexpr Duration kHour = std::chrono::hours(1);
inline constexpr Duration kDay = std::chrono::hours(24);

constexpr Instant FromUnixMicros(int64_t micros) { return Instant(Duration(micros)); }
constexpr int64_t ToUnixMicros(Instant t) { return t.time_since_epoch().count(); }
constexpr Instant FromUnixSeconds(int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}
constexpr double ToUnixSeconds(Instant t) { return static_cast<double>(ToUnixMicros(t)) * 1e-6; }
constexpr double Seconds(Duration d) { return static_cast<double>(d.count()) * 1e-6; }

// RFC 3339 in UTC with as many decimals as needed: "2026-05-01T12:00:00Z".
std::string FormatInstant(Instant t);

// Reads RFC 3339 ("2026-05-01T12:00:00.5+02:00") or a plain day ("2026-05-01", midnight UTC).
// InvalidArgument on anything else.
StatusOr<Instant> ParseInstant(std::string_view text);

// A source of the present. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
};

// The machine's clock. Never null; lives for ever.
const Clock* SystemClock();

// A clock that is moved by hand, for tests. Not thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  Instant Now() const override { return now_; }
  void Advance(Duration d) { now_ += d; }

 private:
  Instant now_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_BASE_TIME_H_
