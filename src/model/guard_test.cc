#include "model/guard.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

RemediationPlan SomeGuard() {
  RemediationPlan plan;
  PlanStep step;
  step.kind = StepKind::kArmGuard;
  step.parameters = {{"path", "Port"}, {"value", "22"}, {"until", "2026-05-01T00:00:00Z"}};
  plan.steps = {step, step};
  plan.steps[1].parameters["until"] = "2026-06-01T00:00:00Z";
  return plan;
}

TEST(Guard, EndsWithItsFirstStepOrItsOrder) {
  RemediationPlan plan = SomeGuard();
  EXPECT_TRUE(IsGuard(plan));
  EXPECT_EQ(*GuardEnd(plan), *ParseInstant("2026-05-01T00:00:00Z"));
  plan.expires_at = *ParseInstant("2026-04-01T00:00:00Z");
  EXPECT_EQ(*GuardEnd(plan), plan.expires_at);
}

TEST(Guard, IsWholeOrNone) {
  RemediationPlan plan = SomeGuard();
  plan.steps.emplace_back().kind = StepKind::kSetKey;
  EXPECT_EQ(GuardEnd(plan).status().code(), StatusCode::kInvalidArgument);
  plan = SomeGuard();
  plan.steps[0].parameters.erase("until");
  EXPECT_EQ(GuardEnd(plan).status().code(), StatusCode::kInvalidArgument);
  plan = SomeGuard();
  plan.steps[0].parameters["until"] = "soon";
  EXPECT_EQ(GuardEnd(plan).status().code(), StatusCode::kInvalidArgument);
  plan.steps.clear();
  EXPECT_FALSE(IsGuard(plan));
  EXPECT_EQ(GuardEnd(plan).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast
