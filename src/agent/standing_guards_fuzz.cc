// Any bytes as a guard's order, as it lies on disk: no guard, or one with an end that its steps
// say.
#include <cstddef>
#include <cstdint>

#include "agent/standing_guards.h"
#include "model/guard.h"
#include "wire/order.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast;
  v1::SignedPlan order;
  if (!order.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto until = GuardEndOf(order);
  if (!until) return 0;
  const auto read = FromProto(order);
  if (!read.ok() || !IsGuard(read->plan)) __builtin_trap();
  bool taking_up = false;
  for (const PlanStep& step : read->plan.steps) {
    if (step.kind != StepKind::kArmGuard && !TakesUp(step.kind)) __builtin_trap();
    if (step.kind == StepKind::kArmGuard && taking_up) __builtin_trap();
    taking_up = taking_up || TakesUp(step.kind);
    if (step.kind == StepKind::kArmGuard && *until > *ParseInstant(step.parameters.at("until")))
      __builtin_trap();
  }
  return 0;
}
