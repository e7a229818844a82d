#include "remedy/by_hand.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const StackId kStack("web-7");

PlanStep Step(StepKind kind, const std::string& resource_kind, const std::string& name,
              std::map<std::string, std::string> parameters = {}) {
  PlanStep step;
  step.kind = kind;
  step.resource = {kStack, resource_kind, name};
  step.parameters = std::move(parameters);
  return step;
}

RemediationPlan Applied(std::vector<PlanStep> steps, std::vector<PlanBase> base) {
  RemediationPlan plan;
  plan.id = PlanId("plan-1");
  plan.stack = kStack;
  plan.state = PlanState::kSucceeded;
  plan.steps = std::move(steps);
  plan.base = std::move(base);
  return plan;
}

TEST(UndoPlan, StepsAreTakenBackInReverseAndTakenUpAtTheEnd) {
  const PlanStep set = Step(StepKind::kSetKey, "file", "/etc/a", {{"path", "x"}, {"value", "2"}});
  const PlanStep add = Step(StepKind::kSetKey, "file", "/etc/a", {{"path", "y"}, {"value", "1"}});
  const PlanStep reload = Step(StepKind::kReloadUnit, "unit", "a.service");
  const PlanStep check = Step(StepKind::kCheckPort, "unit", "a.service", {{"port", "80"}});
  const auto undo =
      UndoPlan(Applied({set, add, reload, check}, {{set.resource, {{"x", Value::Integer(1)}}}}));
  ASSERT_TRUE(undo.ok()) << undo.status();
  ASSERT_EQ(undo->steps.size(), 3u);
  EXPECT_EQ(undo->steps[0].kind, StepKind::kRemoveKey);
  EXPECT_EQ(undo->steps[0].parameters.at("path"), "y");
  EXPECT_EQ(undo->steps[1].parameters.at("value"), "1");
  EXPECT_EQ(undo->steps[2].kind, StepKind::kReloadUnit);
}

TEST(UndoPlan, WhatHasNoWayBackIsNamed) {
  const PlanStep run = Step(StepKind::kRunCommand, "unit", "a.service", {{"command", "x"}});
  EXPECT_THAT(Message(UndoPlan(Applied({run}, {})).status()), HasSubstr("run_command"));
  RemediationPlan failed = Applied({}, {});
  failed.state = PlanState::kRolledBack;
  EXPECT_EQ(UndoPlan(failed).status().code(), StatusCode::kFailedPrecondition);
}

// Undoing what was undone is the plan again, for whatever can be undone.
TEST(UndoPlan, TwiceIsThePlanAgain) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::string before = std::to_string(random() % 5), after = std::to_string(random() % 5);
    const PlanStep set =
        Step(StepKind::kSetSysctl, "sysctl", "vm.x", {{"value", after}, {"persist", "true"}});
    auto undo = UndoPlan(Applied({set}, {{set.resource, {{"value", Value::Guess(before)}}}}));
    ASSERT_TRUE(undo.ok());
    EXPECT_EQ(undo->steps[0].parameters.at("value"), before);
    undo->state = PlanState::kSucceeded;
    undo->base = {{set.resource, {{"value", Value::Guess(after)}}}};
    const auto again = UndoPlan(*undo);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->steps[0].parameters, set.parameters);
  }
}

TEST(Unmet, SaysWhatIsNotAsPlanned) {
  ShadowResource shadow;
  shadow.id = {kStack, "file", "/etc/a"};
  shadow.exists = true;
  ShadowKey key;
  key.path = "x";
  key.observed = Value::Integer(1);
  shadow.keys = {key};
  const auto shadow_of = [&](const ResourceId&) { return std::optional(shadow); };
  RemediationPlan plan =
      Applied({Step(StepKind::kSetKey, "file", "/etc/a", {{"path", "x"}, {"value", "2"}})}, {});
  EXPECT_THAT(Unmet(plan, shadow_of), ElementsAre("x of /etc/a is 1 and not 2"));
  plan.steps[0].parameters["value"] = "1";
  EXPECT_THAT(Unmet(plan, shadow_of), IsEmpty());
  plan.steps = {Step(StepKind::kRemoveResource, "file", "/etc/a")};
  EXPECT_THAT(Unmet(plan, shadow_of), ElementsAre("/etc/a is still there"));
}

}  // namespace
}  // namespace driftcast
