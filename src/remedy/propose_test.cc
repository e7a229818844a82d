#include "remedy/propose.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "remedy/scene.h"

namespace driftcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const RemediationPlan* Find(const std::vector<RemediationPlan>& plans, Strategy strategy) {
  const auto found = std::ranges::find(plans, strategy, &RemediationPlan::strategy);
  return found == plans.end() ? nullptr : &*found;
}

std::string WhyNot(const Scene& scene, Strategy strategy) {
  const auto found = std::ranges::find(scene.left_out, strategy, &LeftOut::strategy);
  return found == scene.left_out.end() ? "" : found->reason;
}

TEST(Propose, DriftOfAKeyCanBePutBackInPlace) {
  Scene scene = Sshd();
  const auto plans = scene.ForDrift();
  const auto* revert = Find(plans, Strategy::kRevert);
  ASSERT_NE(revert, nullptr);
  EXPECT_EQ(revert->title, "Put PermitRootLogin of sshd_config back to no");
  ASSERT_EQ(revert->steps.size(), 1u);
  EXPECT_EQ(revert->steps[0].kind, StepKind::kSetKey);
  EXPECT_EQ(revert->steps[0].parameters.at("value"), "no");
  ASSERT_EQ(revert->base.size(), 1u);
  EXPECT_THAT(revert->base[0].observed,
              ElementsAre(KeyValue{"PermitRootLogin", Value::Text("yes")}));
  EXPECT_TRUE(revert->reversible);
  EXPECT_EQ(revert->trigger, "drift-1");
  EXPECT_EQ(revert->hash, Hex(Sha256(CanonicalPlanBytes(*revert))));
  EXPECT_EQ(revert->estimate.downtime_s.p90, 0);
}

TEST(Propose, EveryStrategyIsAPlanOrHasAReason) {
  Scene sshd = Sshd();
  Scene package = Openssl("3.0.14-1", "3.0.14-1");
  for (const auto& [plans, left_out] : {std::pair(sshd.ForDrift(), sshd.left_out),
                                        std::pair(package.ForForecast(), package.left_out)}) {
    for (int i = 0; i <= static_cast<int>(Strategy::kSchedule); ++i) {
      const auto strategy = static_cast<Strategy>(i);
      const bool out = std::ranges::any_of(
          left_out, [&](const LeftOut& l) { return l.strategy == strategy && !l.reason.empty(); });
      EXPECT_NE(Find(plans, strategy) != nullptr, out) << StrategyName(strategy);
    }
  }
}

TEST(Propose, DoingNothingIsAlwaysThereAndPriced) {
  Scene scene("tf:aws_instance", "web", {Key("type", Value::Text("a"), Value::Text("b"))});
  const auto plans = scene.ForDrift();
  const auto* nothing = Find(plans, Strategy::kDoNothing);
  ASSERT_NE(nothing, nullptr);
  EXPECT_TRUE(nothing->steps.empty());
  EXPECT_GT(nothing->estimate.cost, 0);
  EXPECT_EQ(Find(plans, Strategy::kRevert), nullptr);
  EXPECT_THAT(WhyNot(scene, Strategy::kRevert), HasSubstr("tf:aws_instance"));
  EXPECT_NE(Find(plans, Strategy::kAccept), nullptr);
}

TEST(Propose, ASecretCannotBePutBackFromHere) {
  Scene scene("file", "/etc/app.ini",
              {Key("db.password", Value::Secret("aa"), Value::Secret("bb"))});
  scene.ForDrift();
  EXPECT_THAT(WhyNot(scene, Strategy::kRevert), HasSubstr("secret"));
}

TEST(Propose, ContentIsRestoredOnlyWhenTheHostKeepsIt) {
  Scene scene("file", "/etc/app.bin",
              {Key("@content", Value::Digest("sha256:aa:1"), Value::Digest("sha256:bb:2"))});
  scene.ForDrift();
  EXPECT_THAT(WhyNot(scene, Strategy::kRevert), HasSubstr("fingerprint"));
  scene.shadow.context = {{"kept", Value::Digest("sha256:aa:1")}};
  const auto plans = scene.ForDrift();
  ASSERT_NE(Find(plans, Strategy::kRevert), nullptr);
  EXPECT_EQ(Find(plans, Strategy::kRevert)->steps[0].kind, StepKind::kRestoreContent);
}

TEST(Propose, OwnerGroupAndModeAreOneStep) {
  Scene scene("file", "/etc/shadow",
              {Key("@mode", Value::Text("0640"), Value::Text("0644")),
               Key("@owner", Value::Text("root"), Value::Text("www-data"))});
  const auto plans = scene.ForDrift();
  const auto* revert = Find(plans, Strategy::kRevert);
  ASSERT_NE(revert, nullptr);
  ASSERT_EQ(revert->steps.size(), 1u);
  EXPECT_EQ(revert->steps[0].parameters.at("mode"), "0640");
  EXPECT_EQ(revert->steps[0].parameters.at("owner"), "root");
}

TEST(Propose, ADowngradeIsOneWayUnlessTheNewVersionCanBeFetchedAgain) {
  Scene scene = Openssl("3.0.14-1", "3.0.16-1");
  auto plans = scene.ForDrift();
  ASSERT_NE(Find(plans, Strategy::kRevert), nullptr);
  EXPECT_FALSE(Find(plans, Strategy::kRevert)->reversible);
  scene.shadow.context.push_back({"available", Value::Text("3.0.16-1")});
  plans = scene.ForDrift();
  EXPECT_TRUE(Find(plans, Strategy::kRevert)->reversible);
}

TEST(Propose, AComingPackageVersionCanBeHeldOrAdopted) {
  Scene scene = Openssl("3.0.14-1", "3.0.14-1");
  const auto plans = scene.ForForecast();
  const auto* prevent = Find(plans, Strategy::kPrevent);
  const auto* adopt = Find(plans, Strategy::kAdoptEarly);
  ASSERT_NE(prevent, nullptr);
  ASSERT_NE(adopt, nullptr);
  EXPECT_EQ(prevent->title, "Hold openssl at 3.0.14-1");
  EXPECT_EQ(prevent->trigger, "prediction:web-7/package/openssl");
  EXPECT_EQ(adopt->title, "Upgrade openssl to 3.0.15-1 now");
  ASSERT_EQ(adopt->steps.size(), 2u);
  EXPECT_EQ(adopt->steps[0].kind, StepKind::kInstallPackage);
  EXPECT_EQ(adopt->steps[1].kind, StepKind::kAcceptObserved);
}

TEST(Propose, ExposuresCloseWithTheFixedVersionAndStayWithAHold) {
  Scene scene = Openssl("3.0.14-1", "3.0.14-1");
  scene.exposures = {{"CVE-1", 0.5, false, "3.0.15-1"}, {"CVE-2", 0.1, true, ""}};
  const auto plans = scene.ForForecast();
  const auto* adopt = Find(plans, Strategy::kAdoptEarly);
  ASSERT_NE(adopt, nullptr);
  EXPECT_NEAR(adopt->security.exposure_before, 1.4, 1e-12);
  EXPECT_NEAR(adopt->security.exposure_after, 0.9, 1e-12);
  ASSERT_NE(Find(plans, Strategy::kPrevent), nullptr);
  EXPECT_NEAR(Find(plans, Strategy::kPrevent)->security.exposure_after, 1.4, 1e-12);
}

TEST(Propose, RestartsOfUnitsAreCountedFromWhatWasSeenHere) {
  Scene scene = Openssl("3.0.14-1", "3.0.14-1");
  scene.dependents = {{{StackId("web-7"), "unit", "nginx.service"}, 1},
                      {{StackId("web-7"), "unit", "exim4.service"}, 1},
                      {{StackId("web-7"), "package", "curl"}, 2}};
  scene.knowledge.restart_s["nginx.service"] = {{2, 4}, 7};
  scene.site.downtime_rate_per_hour["web"] = 3600;
  const auto plans = scene.ForForecast();
  const auto* adopt = Find(plans, Strategy::kAdoptEarly);
  ASSERT_NE(adopt, nullptr);
  EXPECT_DOUBLE_EQ(adopt->estimate.downtime_s.p50, 3.5);   // 2 seen + 1.5 prior
  EXPECT_DOUBLE_EQ(adopt->estimate.downtime_s.p90, 14.0);  // 4 seen + 10 prior
  EXPECT_EQ(adopt->blast.direct, 2);
  EXPECT_EQ(adopt->blast.transitive, 3);
  EXPECT_THAT(adopt->estimate.inputs, testing::Contains(HasSubstr("from 7 restarts seen here")));
}

TEST(Propose, WaitingForAWindowIsOfferedWhereDowntimeCosts) {
  Scene scene = Openssl("3.0.14-1", "3.0.14-1");
  scene.dependents = {{{StackId("web-7"), "unit", "nginx.service"}, 1}};
  scene.site.downtime_rate_per_hour["web"] = 100'000;
  auto plans = scene.ForForecast();
  const auto* later = Find(plans, Strategy::kSchedule);
  if (!later) GTEST_FAIL() << WhyNot(scene, Strategy::kSchedule);
  EXPECT_EQ(later->not_before, *ParseInstant("2026-05-29T02:00:00Z"));
  EXPECT_EQ(later->expires_at, *ParseInstant("2026-05-29T04:00:00Z"));
  EXPECT_THAT(later->why, HasSubstr("assumed"));
  scene.windows = {{kNow + kDay, kNow + kDay + kHour}};
  plans = scene.ForForecast();
  EXPECT_EQ(Find(plans, Strategy::kSchedule)->not_before, kNow + kDay);
}

TEST(Propose, ASysctlIsSetAndPersisted) {
  Scene scene("sysctl", "net.ipv4.ip_forward",
              {Key("value", Value::Integer(0), Value::Integer(1))});
  const auto plans = scene.ForDrift();
  const auto* revert = Find(plans, Strategy::kRevert);
  ASSERT_NE(revert, nullptr);
  EXPECT_EQ(revert->steps[0].kind, StepKind::kSetSysctl);
  EXPECT_EQ(revert->steps[0].parameters.at("persist"), "true");
}

TEST(Propose, AnUnmanagedResourceCanBeRemovedOrAccepted) {
  Scene scene("package", "nmap", {Key("version", std::nullopt, Value::Text("7.93"))});
  scene.drift.status = ResourceStatus::kUnmanaged;
  const auto plans = scene.ForDrift();
  ASSERT_NE(Find(plans, Strategy::kRevert), nullptr);
  EXPECT_EQ(Find(plans, Strategy::kRevert)->steps[0].kind, StepKind::kRemoveResource);
  EXPECT_FALSE(Find(plans, Strategy::kRevert)->reversible);
  EXPECT_NE(Find(plans, Strategy::kAccept), nullptr);
}

TEST(Propose, GuardsNeedAnAgentThatWatches) {
  Scene scene = Sshd();
  scene.prediction.keys = {{"PermitRootLogin", 0.9, std::nullopt, 0, "own history"}};
  scene.ForForecast();
  EXPECT_THAT(WhyNot(scene, Strategy::kGuard), HasSubstr("watch"));
  scene.can_guard = true;
  const auto plans = scene.ForForecast();
  ASSERT_NE(Find(plans, Strategy::kGuard), nullptr);
  EXPECT_EQ(Find(plans, Strategy::kGuard)->steps[0].parameters.at("value"), "yes");
  EXPECT_EQ(FormatInstant(Find(plans, Strategy::kGuard)->expires_at),
            Find(plans, Strategy::kGuard)->steps[0].parameters.at("until"));
}

TEST(Propose, TheSameQuestionHasTheSameAnswerForHours) {
  Scene scene = Sshd();
  const auto first = scene.ForDrift();
  const auto later = scene.ForDrift(kNow + kMinute * 30);
  ASSERT_EQ(first.size(), later.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].id, later[i].id);
    EXPECT_EQ(first[i].hash, later[i].hash);
  }
  scene.attempt = 1;
  EXPECT_NE(scene.ForDrift()[0].id, first[0].id);
}

TEST(Propose, PeoplesDecisionsMoveTheRanking) {
  Scene scene = Sshd();
  scene.drift.cause.kind = CauseKind::kPerson;
  scene.knowledge.verdicts["file"] = {.accepted = 0, .reverted = 40};
  EXPECT_EQ(scene.ForDrift().front().strategy, Strategy::kRevert);
  scene.knowledge.verdicts["file"] = {.accepted = 40, .reverted = 0};
  EXPECT_EQ(scene.ForDrift().front().strategy, Strategy::kAccept);
}

TEST(Propose, AProgramIsNotTrustedWithALoosenedSettingThatMatters) {
  Scene scene = Sshd();
  scene.drift.cause.kind = CauseKind::kTool;
  scene.drift.severity = 5;
  EXPECT_NE(scene.ForDrift().front().strategy, Strategy::kRevert);
  scene.drift.severity = 10;
  EXPECT_EQ(scene.ForDrift().front().strategy, Strategy::kRevert);
}

TEST(Propose, OutcomesMoveTheChanceOfSuccess) {
  Scene scene = Sshd();
  auto plans = scene.ForDrift();
  ASSERT_NE(Find(plans, Strategy::kRevert), nullptr);
  EXPECT_DOUBLE_EQ(Find(plans, Strategy::kRevert)->estimate.p_success, 0.9);
  scene.knowledge.outcomes[{"file", Strategy::kRevert}] = {.succeeded = 1, .failed = 9};
  plans = scene.ForDrift();
  ASSERT_NE(Find(plans, Strategy::kRevert), nullptr);
  EXPECT_DOUBLE_EQ(Find(plans, Strategy::kRevert)->estimate.p_success, 0.5);
}

std::vector<StepKind> KindsOf(const RemediationPlan& plan) {
  std::vector<StepKind> kinds;
  for (const auto& step : plan.steps) kinds.push_back(step.kind);
  return kinds;
}

TEST(Propose, AUnitsStartAtBootIsPutBack) {
  Scene scene("unit", "nginx.service",
              {Key("enabled", Value::Text("enabled"), Value::Text("masked")),
               Key("state", Value::Text("running"), Value::Text("stopped"))});
  const auto plans = scene.ForDrift();
  const auto* revert = Find(plans, Strategy::kRevert);
  ASSERT_NE(revert, nullptr) << WhyNot(scene, Strategy::kRevert);
  EXPECT_THAT(KindsOf(*revert),
              ElementsAre(StepKind::kUnmaskUnit, StepKind::kEnableUnit, StepKind::kStartUnit));
  scene.drift.keys = {Key("Service.ExecStart", Value::Text("a"), Value::Text("b"))};
  scene.ForDrift();
  EXPECT_THAT(WhyNot(scene, Strategy::kRevert), HasSubstr("comes from its files"));
}

TEST(Propose, WhatTakesAChangeUpAndChecksItIsPartOfThePlan) {
  Scene scene = Sshd();
  AfterRule rule;
  rule.resource_glob = "*/file//etc/ssh/*";
  rule.restart = "ssh.service";
  rule.check_unit = "ssh.service";
  rule.check_port = 22;
  scene.site.after = {rule};
  const auto plans = scene.ForDrift();
  const auto* revert = Find(plans, Strategy::kRevert);
  ASSERT_NE(revert, nullptr);
  EXPECT_THAT(KindsOf(*revert), ElementsAre(StepKind::kSetKey, StepKind::kRestartUnit,
                                            StepKind::kCheckUnit, StepKind::kCheckPort));
  EXPECT_EQ(revert->steps[1].resource.ToText(), "web-7/unit/ssh.service");
  EXPECT_EQ(revert->base.size(), 2u);
  EXPECT_GT(revert->estimate.downtime_s.p90, 0) << "a restart interrupts";
  EXPECT_TRUE(revert->reversible);
  EXPECT_THAT(KindsOf(*Find(plans, Strategy::kAccept)), ElementsAre(StepKind::kAcceptObserved));
}

TEST(Propose, ACommandOfTheHostRelievesTheCauseAndNeedsAPerson) {
  Scene scene("certificate", "/etc/ssl/web.pem",
              {Key("not_after", Value::Text("2026"), Value::Text("2026"))});
  scene.ForForecast();
  EXPECT_THAT(WhyNot(scene, Strategy::kRelieveCause), HasSubstr("[[relief]]"));
  ReliefRule rule;
  rule.resource_glob = "*/certificate/*";
  rule.command = "renew-cert";
  rule.arguments = {{"name", "web"}};
  scene.site.relief = {rule};
  const auto plans = scene.ForForecast();
  const auto* relieve = Find(plans, Strategy::kRelieveCause);
  ASSERT_NE(relieve, nullptr) << WhyNot(scene, Strategy::kRelieveCause);
  EXPECT_FALSE(relieve->reversible);
  EXPECT_EQ(relieve->steps[0].parameters.at("command"), "renew-cert");
  EXPECT_EQ(relieve->steps[0].parameters.at("name"), "web");
}

TEST(Propose, OnlyASevereUnitIsTakenOutOfService) {
  Scene scene("unit", "ftp.service",
              {Key("enabled", Value::Text("disabled"), Value::Text("enabled"))});
  scene.drift.severity = 3;
  scene.ForDrift();
  EXPECT_THAT(WhyNot(scene, Strategy::kIsolate), HasSubstr("below 5"));
  scene.drift.severity = 9;
  const auto plans = scene.ForDrift();
  const auto* isolate = Find(plans, Strategy::kIsolate);
  const bool offered = isolate != nullptr;
  if (offered) {
    EXPECT_THAT(KindsOf(*isolate), ElementsAre(StepKind::kStopUnit, StepKind::kMaskUnit));
  }
  EXPECT_TRUE(offered ||
              WhyNot(scene, Strategy::kIsolate).find("at least as good") != std::string::npos);
}

TEST(Propose, AFightIsNamedWithItsEvidence) {
  Scene scene = Sshd();
  const double calm = Find(scene.ForDrift(), Strategy::kRevert)->score;
  scene.fight = {2, "puppet", "agent run 7"};
  const auto plans = scene.ForDrift();
  for (const auto& plan : plans)
    EXPECT_THAT(plan.why, HasSubstr("undone each time, last by puppet (agent run 7)"));
  // Putting it back once more is worth less, or nothing beside the others.
  const auto* revert = Find(plans, Strategy::kRevert);
  EXPECT_TRUE(revert == nullptr || revert->score < calm);
}

}  // namespace
}  // namespace driftcast
