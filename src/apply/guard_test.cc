// Guards on a scratch host: the same order again and again, until its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/fake_systemd.h"
#include "apply/scratch_host.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSshdPath = "/etc/ssh/sshd_config";
constexpr const char* kGood = "# mine\nPort 22\nPermitRootLogin no\n";
constexpr const char* kBad = "# mine\nPort 22\nPermitRootLogin yes\n";

class GuardTest : public testing::Test {
 protected:
  GuardTest() {
    host_.Write(kSshdPath, kGood, 0600);
    plan_ = host_.Plan("plan-guard", {Step("no")},
                       {{Sshd(), {{"PermitRootLogin", Value::Text("no")}}}});
    plan_.expires_at = Until();
    host_.progress = [this](const ApplyProgress& p) { changed_ = changed_ || p.changed; };
  }
  ~GuardTest() override { SetProbe({}); }

  ResourceId Sshd() const { return host_.Id("file", kSshdPath); }
  Instant Until() const { return host_.now() + 7 * kDay; }
  PlanStep Step(const std::string& value) const {
    return ScratchHost::Step(
        StepKind::kArmGuard, Sshd(),
        {{"path", "PermitRootLogin"}, {"value", value}, {"until", FormatInstant(Until())}});
  }
  ApplyResult Look(Duration later = Duration(0)) {
    changed_ = false;
    const ManualClock clock(host_.now() + later);
    return Execute(host_.Signed(plan_), host_.Options(), clock, host_.progress);
  }
  std::string Log() const { return *ReadFile(host_.data() / "plans/plan-guard/log"); }

  ScratchHost host_;
  RemediationPlan plan_;
  bool changed_ = false;
};

TEST_F(GuardTest, PutsBackAsOftenAsItMovesAndOtherwiseDoesNothing) {
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_FALSE(changed_);
  const std::string armed = host_.Fingerprint();
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Fingerprint(), armed) << "looking leaves no trace";
  for (int i = 0; i < 3; ++i) {
    host_.Write(kSshdPath, kBad, 0600);
    const auto result = Look(kHour * i);
    EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
    EXPECT_TRUE(changed_);
    EXPECT_EQ(host_.Read(kSshdPath), kGood);
  }
}

TEST_F(GuardTest, WhatElseChangedInTheFileStays) {
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  host_.Write(kSshdPath, "# theirs\nPort 2222\nPermitRootLogin yes\n");
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Read(kSshdPath), "# theirs\nPort 2222\nPermitRootLogin no\n");
}

TEST_F(GuardTest, IsArmedOnlyOverTheStateThatItWasApprovedFor) {
  host_.Write(kSshdPath, kBad);
  const auto result = Look();
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("when the plan was made"));
  EXPECT_EQ(host_.Read(kSshdPath), kBad);
}

TEST_F(GuardTest, EndsWithItsTime) {
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  host_.Write(kSshdPath, kBad);
  const auto result = Look(7 * kDay);
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_EQ(host_.Read(kSshdPath), kBad);
  // Its own end counts, not only that of the order.
  plan_.id = PlanId("plan-longer");
  plan_.expires_at = Until() + kDay;
  EXPECT_THAT(Look(7 * kDay).detail, HasSubstr("the guard ended"));
}

TEST_F(GuardTest, TheAllowListIsAskedEachTime) {
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  host_.Write(kSshdPath, kBad);
  host_.Allow("package\n");
  EXPECT_THAT(Look().detail, HasSubstr("does not allow"));
  EXPECT_EQ(host_.Read(kSshdPath), kBad);
}

TEST_F(GuardTest, AnAlteredOrderIsRefusedEachTime) {
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  host_.Write(kSshdPath, kBad);
  Order order = host_.Signed(plan_);
  order.plan.steps[0].parameters["value"] = "prohibit-password";
  const ManualClock clock(host_.now());
  EXPECT_EQ(Execute(order, host_.Options(), clock, {}).state, PlanState::kFailed);
  // Another plan under the same name, soundly signed, is not the one that was armed.
  plan_.steps = {Step("prohibit-password")};
  EXPECT_THAT(Look().detail, HasSubstr("another plan was carried out"));
  EXPECT_EQ(host_.Read(kSshdPath), kBad);
}

TEST_F(GuardTest, GuardsAloneMakeAGuard) {
  plan_.steps.push_back(
      ScratchHost::Step(StepKind::kSetKey, Sshd(), {{"path", "Port"}, {"value", "23"}}));
  EXPECT_THAT(Look().detail, HasSubstr("a guard cannot have steps of kind set_key"));
}

// What reads the file takes it up again when it was put back, and only then.
TEST_F(GuardTest, AUnitIsReloadedAfterAPutBack) {
  FakeSystemd systemd(host_.base());
  host_.bus_address = systemd.address();
  systemd.Set("ssh.service", {});
  const ResourceId unit = host_.Id("unit", "ssh.service");
  plan_.steps.push_back(ScratchHost::Step(StepKind::kReloadUnit, unit));
  plan_.base.push_back({unit, {}});
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_TRUE(systemd.Calls().empty()) << "nothing was put back";
  host_.Write(kSshdPath, kBad);
  const auto result = Look();
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Read(kSshdPath), kGood);
  EXPECT_EQ(systemd.Calls(), std::vector<std::string>{"ReloadUnit ssh.service"});
  // One that does not run reads it when it starts.
  systemd.Set("ssh.service", {.active = "inactive"});
  host_.Write(kSshdPath, kBad);
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Read(kSshdPath), kGood);
  EXPECT_EQ(systemd.Calls().size(), 1u);
}

TEST_F(GuardTest, AKernelSettingIsGuardedLive) {
  host_.Write("/proc/sys/vm/swappiness", "60\n");
  const ResourceId id = host_.Id("sysctl", "vm.swappiness");
  plan_.steps = {
      ScratchHost::Step(StepKind::kArmGuard, id,
                        {{"path", "value"}, {"value", "60"}, {"until", FormatInstant(Until())}})};
  plan_.base = {{id, {{"value", Value::Integer(60)}}}};
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  host_.Write("/proc/sys/vm/swappiness", "10\n");
  EXPECT_EQ(Look().state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Read("/proc/sys/vm/swappiness"), "60\n");
}

// Killed at any point of its second put-back, the next Recover takes back that one and no earlier
// one, and the guard goes on.
TEST_F(GuardTest, KilledAnywhereItGoesBackOneStepAndGoesOn) {
  std::vector<std::string> points;
  {
    EXPECT_EQ(Look().state, PlanState::kSucceeded);
    host_.Write(kSshdPath, "# first\nPermitRootLogin yes\n", 0600);
    SetProbe([&](const char* point) { points.emplace_back(point); });
    EXPECT_EQ(Look().state, PlanState::kSucceeded);
    SetProbe({});
  }
  ASSERT_GE(points.size(), 4u);
  for (size_t die_at = 0; die_at < points.size(); ++die_at) {
    host_.Write(kSshdPath, kBad, 0600);
    const pid_t child = fork();
    if (child == 0) {
      size_t count = 0;
      SetProbe([&](const char*) {
        if (count++ == die_at) kill(getpid(), SIGKILL);
      });
      Look();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << points[die_at];
    EXPECT_THAT(Look().detail, HasSubstr("interrupted")) << points[die_at];
    const auto recovered = host_.RecoverAll();
    ASSERT_EQ(recovered.size(), 1u) << points[die_at];
    EXPECT_EQ(recovered[0].state, PlanState::kRolledBack) << recovered[0].detail;
    EXPECT_EQ(host_.Read(kSshdPath), kBad) << points[die_at];
    EXPECT_EQ(Look().state, PlanState::kSucceeded) << points[die_at];
    EXPECT_EQ(host_.Read(kSshdPath), kGood) << points[die_at];
  }
}

}  // namespace
}  // namespace driftcast
