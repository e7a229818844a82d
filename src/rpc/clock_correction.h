// Takes a wrong clock off the times in a fact.
#ifndef DRIFTCAST_RPC_CLOCK_CORRECTION_H_
#define DRIFTCAST_RPC_CLOCK_CORRECTION_H_

#include "base/time.h"
#include "model/fact.h"

namespace driftcast {

// The agent's clock minus the engine's, from what both show when the Hello arrives; 0 when the
// agent's is behind by no more than the way took (kClockBehindMax) or is not known (`agent` at the
// epoch). Bounded to a hundred years either way.
Duration ClockAhead(Instant agent, Instant engine);

// Subtracts `ahead` from the fact's times. What is still later than `now`, or lies before 2000, is
// moved to `now`, and the fact's other times by as much, so that a fact's order in itself stays.
// The start of a snapshot is moved a second further back when anything moved: resources that were
// reported before it count as vanished, and a correction must not make that of those after it.
// Changes of the past carry times of their own and are only kept out of the future.
// Returns whether the fact's time had to be moved in spite of `ahead`.
bool CorrectTimes(Fact& fact, Duration ahead, Instant now);

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_CLOCK_CORRECTION_H_
