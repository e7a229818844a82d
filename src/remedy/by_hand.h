// Plans that people write or edit, the way back from plans that were applied, and whether a host is
// as a plan wanted it: pure.
#ifndef DRIFTCAST_REMEDY_BY_HAND_H_
#define DRIFTCAST_REMEDY_BY_HAND_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "remedy/context.h"

namespace driftcast {

// The shadow of a resource, when there is one.
using ShadowOf = std::function<std::optional<ShadowResource>(const ResourceId&)>;

inline constexpr size_t kWrittenStepsMax = 100;
inline constexpr size_t kWrittenBytesMax = 64 << 10;  // of all parameters together

// By the names in model/plan.h. InvalidArgument.
StatusOr<Strategy> StrategyNamed(std::string_view name);
StatusOr<StepKind> StepKindNamed(std::string_view name);

// Whether the steps can be carried out at all: each kind has its parameters and no other, all are
// on the plan's stack, none is too large. InvalidArgument names the step.
Status CheckSteps(const RemediationPlan& plan);

// Fills what follows from the steps of a plan that a person wrote: the base that they are for,
// which of them cannot be undone (never taken from the person), estimates, end, hash. The context
// is that of the plan's first resource. NotFound when a step is about a resource that is not known.
Status CompletePlan(const PlanContext& context, const ShadowOf& shadow_of, RemediationPlan& plan);

// The plan that takes an applied one back: its steps reversed, to the values of its base.
// FailedPrecondition says which step has no way back.
StatusOr<RemediationPlan> UndoPlan(const RemediationPlan& applied);

// What is not as the plan's steps would have it, for people; empty = all is. Steps that leave
// nothing to look at (a restart, a command) count as done.
std::vector<std::string> Unmet(const RemediationPlan& plan, const ShadowOf& shadow_of);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_BY_HAND_H_
