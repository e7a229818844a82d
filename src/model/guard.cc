#include "model/guard.h"

#include <algorithm>

namespace driftcast {

bool TakesUp(StepKind kind) {
  return kind == StepKind::kReloadUnit || kind == StepKind::kRestartUnit || IsCheckStep(kind);
}

bool IsGuard(const RemediationPlan& plan) {
  return std::ranges::any_of(plan.steps,
                             [](const PlanStep& step) { return step.kind == StepKind::kArmGuard; });
}

StatusOr<Instant> GuardEnd(const RemediationPlan& plan) {
  if (!IsGuard(plan)) return InvalidArgument("plan {} is no guard", plan.id.value);
  Instant end = plan.expires_at == Instant() ? Instant::max() : plan.expires_at;
  bool taking_up = false;
  for (const PlanStep& step : plan.steps) {
    taking_up = taking_up || TakesUp(step.kind);
    if (TakesUp(step.kind)) continue;
    if (step.kind != StepKind::kArmGuard)
      return InvalidArgument("a guard cannot have steps of kind {}", StepKindName(step.kind));
    if (taking_up) return InvalidArgument("a guard arms all its keys before anything else");
    const auto until = step.parameters.find("until");
    if (until == step.parameters.end()) return InvalidArgument("a guard lacks its 'until'");
    DRIFTCAST_ASSIGN_OR_RETURN(const Instant at, ParseInstant(until->second));
    end = std::min(end, at);
  }
  return end;
}

}  // namespace driftcast
