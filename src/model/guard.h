// Guards: plans that stand until a date and put keys back whenever they have moved.
//
// A guard is a plan of kArmGuard steps, and after them what takes a put-back up and finds it well:
// reloads and restarts of units, and checks. Its order may be carried out again and again until its
// end: each time, what is not as the steps say is set, and checked; units are reloaded only when
// something was. Nothing else happens.
#ifndef DRIFTCAST_MODEL_GUARD_H_
#define DRIFTCAST_MODEL_GUARD_H_

#include "base/status.h"
#include "base/time.h"
#include "model/plan.h"

namespace driftcast {

// The label with which a host's agent says, as "yes", that it watches guards.
inline constexpr const char* kGuardsLabel = "guards";

// May follow the steps that arm a guard.
bool TakesUp(StepKind kind);

// One of its steps arms a guard.
bool IsGuard(const RemediationPlan& plan);

// When it ends: the earliest of its steps' [until] and the plan's own expiry, where it has one.
// InvalidArgument when it is no guard, has other steps too, arms after them, or a step says no
// instant.
StatusOr<Instant> GuardEnd(const RemediationPlan& plan);

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_GUARD_H_
