// How observations and expectations move a shadow. Pure: time and everything else is given.
#ifndef DRIFTCAST_SHADOW_UPDATE_H_
#define DRIFTCAST_SHADOW_UPDATE_H_

#include <cstdint>
#include <vector>

#include "model/change.h"
#include "model/fact.h"
#include "shadow/resource_state.h"

namespace driftcast {

struct UpdateContext {
  Instant at;              // of the observation
  bool enrolling = false;  // the stack's first snapshot: what is seen becomes what is expected
  uint64_t change_id = 0;  // given to the events
  std::string actor;       // pseudonym, given to the events
  bool bot = false;
};

// Takes in an observation and returns what changed, in the order of the paths: kCreate and kInitial
// when the resource appeared, else kAdd, kChange and kRemove. An equal observation returns nothing
// and only renews `compared_at`. `observed.keys` must be canonical (see Canonicalize).
std::vector<ChangeEvent> ApplyObservation(const ResourceObserved& observed,
                                          const UpdateContext& context, ResourceState& state);

// The resource is gone: one kDelete, or nothing when it was not there.
std::vector<ChangeEvent> ApplyVanished(const ResourceId& id, Means means,
                                       const UpdateContext& context, ResourceState& state);

// Moves expected values; with Origin::kAccepted and no keys, to everything that is observed.
void ApplyExpectation(const ExpectationSet& expectation, ResourceState& state);

// How volatile a key has become by `at`, without a further change.
double VolatilityAt(const Volatility& volatility, Instant at);

}  // namespace driftcast

#endif  // DRIFTCAST_SHADOW_UPDATE_H_
