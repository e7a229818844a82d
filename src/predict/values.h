// What value a key is expected to take. The first rule that applies proposes it:
//   a new key of a series carries on what the key before it holds: its own label, a date, the same
//   a date that was written on its day is written anew
//   the version that this stack, or others, moved to
//   a counter that went up by one at least twice goes up once more
//   a key that swings goes back to the value before
//   the step of the last change is taken once more; else the last number goes up by one
// Digests and fingerprints cannot be counted up: nothing is proposed for them.
#ifndef DRIFTCAST_PREDICT_VALUES_H_
#define DRIFTCAST_PREDICT_VALUES_H_

#include <cstdint>

#include "predict/candidates.h"
#include "predict/fleet_state.h"

namespace driftcast::predict {

// Fills value and source of the candidate.
void ProposeValue(const FleetState& state, ResourceId id, uint32_t now, Candidate* candidate);

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_VALUES_H_
