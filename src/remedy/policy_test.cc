#include "remedy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "remedy/policy_file.h"

namespace driftcast {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using Action = PolicyVerdict::Action;

constexpr const char* kPolicy = R"(
currency = "EUR"
effort_rate_per_hour = 80
downtime_s_max = 300
cost_max = 500
downtime_s_outside_windows = 2
plans_per_stack_and_day = 3

[downtime_rate_per_hour]
web = 1200

[weights]
risk = 1
downtime = 0.5

[[window]]
name = "patch night"
roles = ["web"]
start = 2026-01-06T22:00:00
length = "3h"
rule = "FREQ=WEEKLY;BYDAY=TU"

[[freeze]]
name = "release"
start = 2026-06-09T00:00:00
length = "2d"

[[approval]]
name = "anyone"
people = ["*"]

[[approval]]
name = "packages"
kinds = ["package"]
people = ["alice", "bob", "carol"]
needed = 2

[[unattended]]
name = "sysctl back"
kinds = ["sysctl"]
strategies = ["revert"]
severity_max = 4
outcomes_min = 10
success_min = 0.9
)";

StatusOr<std::string> NoZones(const std::string& name) { return NotFound("no zone {}", name); }

Policy Example() {
  auto policy = ParsePolicy(kPolicy, NoZones);
  EXPECT_TRUE(policy.ok()) << Describe(policy.status());
  return policy.ok() ? *policy : Policy{};
}

RemediationPlan Plan(const std::string& kind, double downtime_s) {
  RemediationPlan plan;
  plan.strategy = Strategy::kRevert;
  plan.resources = {{StackId("web-7"), kind, "x"}};
  plan.steps.resize(1);
  plan.steps[0].kind = kind == "package" ? StepKind::kInstallPackage : StepKind::kSetSysctl;
  plan.estimate.downtime_s = {downtime_s, downtime_s};
  plan.estimate.duration_s = {60, 120};
  return plan;
}

PolicyFacts Facts(const char* now = "2026-06-01T12:00:00Z") {
  PolicyFacts facts;
  facts.role = RoleName("web");
  facts.severity = 3;
  facts.now = *ParseInstant(now);
  return facts;
}

TEST(PolicyFile, IsReadWhole) {
  const Policy policy = Example();
  EXPECT_EQ(policy.site.effort_rate_per_hour, 80);
  EXPECT_EQ(policy.site.downtime_rate_per_hour.at("web"), 1200);
  EXPECT_EQ(policy.site.weights.risk, 1);
  EXPECT_EQ(policy.windows.size(), 1u);
  EXPECT_EQ(policy.freezes.size(), 1u);
  EXPECT_EQ(policy.approvals.size(), 2u);
  EXPECT_EQ(policy.unattended.size(), 1u);
}

class BadPolicyTest : public testing::TestWithParam<std::pair<const char*, const char*>> {};
TEST_P(BadPolicyTest, IsRefusedWithTheReason) {
  const auto policy = ParsePolicy(GetParam().first, NoZones);
  ASSERT_FALSE(policy.ok());
  EXPECT_THAT(Message(policy.status()), HasSubstr(GetParam().second));
}
INSTANTIATE_TEST_SUITE_P(
    Slips, BadPolicyTest,
    testing::Values(
        std::pair("downtime_s_mx = 3", "no setting 'downtime_s_mx'"),
        std::pair("cost_max = \"a lot\"", "must be a number"),
        std::pair("cost_max = nan", "must be a number"),
        std::pair("effort_rate_per_hour = -1", "must be a number"),
        std::pair("currency = \"Euro\"", "no currency"),
        std::pair("plans_per_stack_and_day = 1.5", "whole"), std::pair("x = = 3", "line 1"),
        std::pair("[window]\nname = \"x\"", "[[window]]"),
        std::pair("[[window]]\nname = \"x\"\nlength = \"1h\"", "'start' is missing"),
        std::pair("[[window]]\nstart = 2026-01-01T00:00:00Z\nlength = \"1h\"", "without a zone"),
        std::pair("[[window]]\nstart = 2026-01-01T00:00:00\nlength = \"1 hour\"", "such as"),
        std::pair("[[window]]\nstart = 2026-01-01T00:00:00\nlength = \"1h\"\nrule = \"FREQ=X\"",
                  "no RRULE"),
        std::pair("[[window]]\nstart = 2026-01-01T00:00:00\nlength = \"1h\"\nzone = \"Mars/Base\"",
                  "Mars/Base"),
        std::pair("[[approval]]\nname = \"x\"", "names no people"),
        std::pair("[[approval]]\npeople = [\"a\"]\nneeded = 2", "needs 2 people"),
        std::pair("[[approval]]\npeople = [\"a\"]\nstrategies = [\"magic\"]", "no strategy"),
        std::pair("[[unattended]]\nkinds = [\"file\"]", "must name kinds and strategies")));

TEST(Policy, DowntimeWaitsForAWindow) {
  const auto verdict = Judge(Example(), Plan("sysctl", 30), [] {
    auto facts = Facts();
    facts.approved_by = {Principal("zoe")};
    return facts;
  }());
  EXPECT_EQ(verdict.action, Action::kWait);
  EXPECT_EQ(verdict.not_before, *ParseInstant("2026-06-02T22:00:00Z"));  // Tuesday
}

TEST(Policy, WhatInterruptsNobodyNeedNotWait) {
  auto facts = Facts();
  facts.approved_by = {Principal("zoe")};
  EXPECT_EQ(Judge(Example(), Plan("sysctl", 1), facts).action, Action::kRun);
}

TEST(Policy, AFreezeHoldsEverythingUp) {
  auto facts = Facts("2026-06-09T12:00:00Z");
  facts.approved_by = {Principal("zoe")};
  auto verdict = Judge(Example(), Plan("sysctl", 0), facts);
  EXPECT_EQ(verdict.action, Action::kWait);
  EXPECT_EQ(verdict.not_before, *ParseInstant("2026-06-11T00:00:00Z"));
  verdict = Judge(Example(), Plan("sysctl", 30), facts);  // Tuesday's window is frozen
  EXPECT_EQ(verdict.not_before, *ParseInstant("2026-06-16T22:00:00Z"));
}

TEST(Policy, FourEyesAreTwoPeople) {
  auto facts = Facts();
  EXPECT_EQ(Judge(Example(), Plan("package", 0), facts).approvals_missing, 2u);
  facts.approved_by = {Principal("alice"), Principal("alice")};
  EXPECT_EQ(Judge(Example(), Plan("package", 0), facts).approvals_missing, 1u);
  facts.approved_by = {Principal("alice"), Principal("mallory")};
  EXPECT_EQ(Judge(Example(), Plan("package", 0), facts).action, Action::kNeedsApproval);
  facts.approved_by = {Principal("alice"), Principal("bob")};
  EXPECT_EQ(Judge(Example(), Plan("package", 0), facts).action, Action::kRun);
}

TEST(Policy, LimitsForbid) {
  auto facts = Facts();
  facts.approved_by = {Principal("alice"), Principal("bob")};
  auto verdict = Judge(Example(), Plan("package", 301), facts);
  EXPECT_EQ(verdict.action, Action::kForbid);
  EXPECT_THAT(verdict.reasons, Contains(HasSubstr("limit downtime")));
  auto plan = Plan("package", 0);
  plan.estimate.cost = 501;
  EXPECT_EQ(Judge(Example(), plan, facts).action, Action::kForbid);
}

TEST(Policy, AutonomyIsEarnedAndLost) {
  auto facts = Facts();
  facts.outcomes = {.succeeded = 9, .failed = 0};
  EXPECT_EQ(Judge(Example(), Plan("sysctl", 0), facts).action, Action::kNeedsApproval);
  facts.outcomes = {.succeeded = 19, .failed = 1};
  auto verdict = Judge(Example(), Plan("sysctl", 0), facts);
  EXPECT_EQ(verdict.action, Action::kRun);
  EXPECT_TRUE(verdict.unattended);
  facts.outcomes = {.succeeded = 19, .failed = 3};
  EXPECT_FALSE(Judge(Example(), Plan("sysctl", 0), facts).unattended);
  facts.outcomes = {.succeeded = 100, .failed = 0};
  facts.severity = 5;  // beyond the rule
  EXPECT_FALSE(Judge(Example(), Plan("sysctl", 0), facts).unattended);
}

TEST(Policy, WhatCannotBeUndoneIsNeverUnattended) {
  auto facts = Facts();
  facts.outcomes = {.succeeded = 1000, .failed = 0};
  auto plan = Plan("sysctl", 0);
  plan.reversible = false;
  const auto verdict = Judge(Example(), plan, facts);
  EXPECT_FALSE(verdict.unattended);
  EXPECT_EQ(verdict.action, Action::kNeedsApproval);
}

TEST(Policy, TooManyPlansWait) {
  auto facts = Facts();
  facts.approved_by = {Principal("zoe")};
  facts.plans_today_stack = 3;
  EXPECT_EQ(Judge(Example(), Plan("sysctl", 0), facts).action, Action::kWait);
}

TEST(Policy, WithoutOneAnyPersonDecidesAtAnyTime) {
  auto facts = Facts();
  EXPECT_EQ(Judge(Policy{}, Plan("package", 900), facts).action, Action::kNeedsApproval);
  facts.approved_by = {Principal("engine")};
  EXPECT_EQ(Judge(Policy{}, Plan("package", 900), facts).action, Action::kNeedsApproval);
  facts.approved_by = {Principal("zoe")};
  EXPECT_EQ(Judge(Policy{}, Plan("package", 900), facts).action, Action::kRun);
}

}  // namespace
}  // namespace driftcast
