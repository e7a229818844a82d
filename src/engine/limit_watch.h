// Forecasts that a bounded series reaches its limit, scored like all others: at each horizon one
// forecast of the series is open at a time; when the horizon has passed it is a hit, a miss, void
// or treated, and the next is made.
#ifndef DRIFTCAST_ENGINE_LIMIT_WATCH_H_
#define DRIFTCAST_ENGINE_LIMIT_WATCH_H_

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/scorekeeper.h"

namespace driftcast {

// Horizons up to the seven days that series are forecast for; the last of kHorizons is beyond them.
inline constexpr size_t kLimitHorizons = kHorizonCount - 1;

// What is remembered of one bounded series.
struct LimitWatch {
  double limit = 0;  // in the metric's unit; as it was known last
  bool rising = true;
  bool beyond = false;                    // the newest point
  Instant reached_at, reached_before_at;  // last two times that it went beyond
  Instant seen_at;                        // newest point
  std::array<Instant, kLimitHorizons> made_at{};
  std::array<float, kLimitHorizons> p{};  // of the open forecasts; none where made_at is the epoch

  // Takes a point that is newer than those before.
  void Take(Instant at, double value);

  bool IsDue(size_t horizon, Instant now) const {
    return now > made_at[horizon] + kHorizons[horizon];
  }
  bool IsOpen(size_t horizon) const { return made_at[horizon] != Instant(); }
  // Counts the forecast whose horizon has passed. `treated_at`: last time that a plan acted on it.
  void Score(size_t horizon, Instant treated_at, double alert_from, TrackRecord& track);
  // Makes the next. What is beyond its limit is no forecast.
  void Open(size_t horizon, Instant now, double probability);
};

// All of a stack, by series.
std::string EncodeWatches(const std::map<std::string, const LimitWatch*>& watches);
StatusOr<std::map<std::string, LimitWatch>> DecodeWatches(std::string_view bytes);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_LIMIT_WATCH_H_
