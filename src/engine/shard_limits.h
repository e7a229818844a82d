// Bounded series: where their limit is, and whether it will be reached.
#ifndef DRIFTCAST_ENGINE_SHARD_LIMITS_H_
#define DRIFTCAST_ENGINE_SHARD_LIMITS_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/shard_state.h"
#include "engine/view.h"
#include "remedy/context.h"
#include "signal/series_limit.h"

namespace driftcast {

// A crossing within this time is worth telling, from this probability on; it is over below the
// second one.
inline constexpr Duration kCrossingHorizon = 7 * kDay;
inline constexpr double kCrossingTold = 0.5, kCrossingOver = 0.25;

// The limit of the series "kind NUL name NUL metric" of a stack.
std::optional<SeriesLimit> LimitOfSeries(const ShardState& shard, const std::string& stack_id,
                                         const Stack& stack, const std::string& series);

// The bounded series of a stack that may reach their limit within the horizon with at least this
// probability, most probable first.
std::vector<LimitCrossing> CrossingsOf(const ShardState& shard, const std::string& stack_id,
                                       const Stack& stack, Duration horizon, double p_least);

// Tells on the timeline, and as an alert, which limits are likely to be reached: once for each
// crossing, and again only when it was over in between. Scores forecasts whose horizon has passed,
// and makes the next. Called as series are stored.
void WatchLimits(ShardState& shard, const Fact& fact, Stack& stack);

// The most probable limit that is foretold and answered at a resource, as its timeline has it; none
// when none is open.
std::optional<ForetoldLimit> LimitForetoldAt(const ShardState& shard, const ResourceId& id);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_LIMITS_H_
