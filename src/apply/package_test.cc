// Packages, with real dpkg over a scratch root.
#include <fcntl.h>

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/scratch_host.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

class PackageTest : public testing::Test {
 protected:
  PackageTest() {
    AddShell(host_);
    host_.MakeDeb("dc-demo", "1.0");
    host_.MakeDeb("dc-demo", "2.0");
    host_.Install("dc-demo", "1.0");
  }
  ~PackageTest() override { SetProbe({}); }

  ResourceId Demo() const { return host_.Id("package", "dc-demo"); }
  PlanBase Base(const std::string& version = "1.0") const {
    return {Demo(), {{"version", Value::Text(version)}}};
  }
  RemediationPlan InstallPlan(const std::string& id, const std::string& version) const {
    PlanStep step = ScratchHost::Step(StepKind::kInstallPackage, Demo(), {{"version", version}});
    return host_.Plan(id, {step}, {Base()});
  }
  std::map<std::string, std::string> Snapshot() const { return host_.Snapshot({"dc-demo"}); }

  ScratchHost host_;
};

TEST_F(PackageTest, ExactlyTheVersionIsInstalled) {
  const auto result = host_.Apply(InstallPlan("plan-1", "2.0"));
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Package("dc-demo").version, "2.0");
  EXPECT_EQ(host_.Read("/usr/share/dc-demo/version"), "2.0\n");
  EXPECT_GT(result.downtime.count(), 0);
  // And back again, a downgrade.
  RemediationPlan back = InstallPlan("plan-2", "1.0");
  back.base = {Base("2.0")};
  EXPECT_EQ(host_.Apply(back).state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Read("/usr/share/dc-demo/version"), "1.0\n");
}

TEST_F(PackageTest, ConfigurationThatPeopleChangedStays) {
  host_.Write("/etc/dc-demo.conf", "of = me\n");
  EXPECT_EQ(host_.Apply(InstallPlan("plan-1", "2.0")).state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Read("/etc/dc-demo.conf"), "of = me\n");
}

TEST_F(PackageTest, AHoldIsSetTakenOffAndSurvivesAnInstall) {
  const auto hold =
      host_.Plan("plan-1", {ScratchHost::Step(StepKind::kHoldPackage, Demo())}, {Base()});
  EXPECT_EQ(host_.Apply(hold).state, PlanState::kSucceeded);
  EXPECT_TRUE(host_.Package("dc-demo").hold);
  EXPECT_EQ(host_.Apply(InstallPlan("plan-2", "2.0")).state, PlanState::kSucceeded);
  EXPECT_TRUE(host_.Package("dc-demo").hold);
  const auto off =
      host_.Plan("plan-3", {ScratchHost::Step(StepKind::kUnholdPackage, Demo())}, {Base("2.0")});
  EXPECT_EQ(host_.Apply(off).state, PlanState::kSucceeded);
  EXPECT_FALSE(host_.Package("dc-demo").hold);
}

TEST_F(PackageTest, ARemovedPackageCanComeBack) {
  const auto remove =
      host_.Plan("plan-1", {ScratchHost::Step(StepKind::kRemoveResource, Demo())}, {Base()});
  EXPECT_EQ(host_.Apply(remove).state, PlanState::kSucceeded);
  EXPECT_FALSE(host_.Package("dc-demo").installed);
  auto back = InstallPlan("plan-2", "1.0");
  back.base = {
      {Demo(), {{"status", Value::Text("config-files")}, {"version", Value::Text("1.0")}}}};
  EXPECT_EQ(host_.Apply(back).state, PlanState::kSucceeded);
  EXPECT_TRUE(host_.Package("dc-demo").installed);
}

TEST_F(PackageTest, AVersionThatIsNowhereIsRefusedBeforeAnythingHappens) {
  const auto before = Snapshot();
  const auto result = host_.Apply(InstallPlan("plan-1", "9.0"));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("9.0"));
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(PackageTest, WithoutAWayBackOnlyAStepApprovedAsOneWayRuns) {
  fs::remove(host_.debs() / "dc-demo_1.0_all.deb");
  const auto refused = host_.Apply(InstallPlan("plan-1", "2.0"));
  EXPECT_EQ(refused.state, PlanState::kFailed);
  EXPECT_THAT(refused.detail, HasSubstr("way back"));
  auto one_way = InstallPlan("plan-2", "2.0");
  one_way.steps[0].reversible = false;
  EXPECT_EQ(host_.Apply(one_way).state, PlanState::kSucceeded);
}

TEST_F(PackageTest, AFileWithTheRightNameAndTheWrongPackageIsNotInstalled) {
  fs::copy_file(host_.debs() / "dc-demo_2.0_all.deb", host_.debs() / "dc-demo_5.0_all.deb");
  EXPECT_EQ(host_.Apply(InstallPlan("plan-1", "5.0")).state, PlanState::kFailed);
}

TEST_F(PackageTest, AnotherPackageManagerAtWorkIsWaitedForAndThenRefused) {
  const fs::path lock = host_.root() / "var/lib/dpkg/lock-frontend";
  std::ofstream{lock};
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(lock.c_str(), O_RDWR);
    struct flock how {};
    how.l_type = F_WRLCK;
    how.l_whence = SEEK_SET;
    fcntl(fd, F_SETLKW, &how);
    pause();
    _exit(0);
  }
  auto files = HostFiles::Open(host_.root());
  PackageTool tool(*files, {.root = host_.root(), .debs = host_.data() / "debs", .sources = {}});
  while (tool.Lock(Duration{0}).ok()) usleep(1000);
  EXPECT_EQ(tool.Lock(std::chrono::milliseconds(200)).status().code(),
            StatusCode::kResourceExhausted);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(tool.Lock(kSecond).ok());
}

struct ScriptCase {
  const char* name;
  std::map<std::string, std::string> scripts;
};
class FailingScriptTest : public PackageTest, public testing::WithParamInterface<ScriptCase> {};

TEST_P(FailingScriptTest, LeavesEverythingAsBefore) {
  host_.MakeDeb("dc-demo", "3.0", GetParam().scripts);
  host_.Write("/etc/other.ini", "[a]\nx=1\n", 0640);
  const ResourceId other = host_.Id("file", "/etc/other.ini");
  auto plan = InstallPlan("plan-1", "3.0");
  plan.steps.insert(plan.steps.begin(),
                    ScratchHost::Step(StepKind::kSetKey, other, {{"path", "a.x"}, {"value", "2"}}));
  plan.base.push_back({other, {{"a.x", Value::Integer(1)}}});
  const auto before = Snapshot();
  const auto result = host_.Apply(plan);
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr("dpkg --install failed"));
  EXPECT_EQ(Snapshot(), before);
}

INSTANTIATE_TEST_SUITE_P(Scripts, FailingScriptTest,
                         testing::Values(ScriptCase{"Preinst", {{"preinst", "exit 1"}}},
                                         ScriptCase{"Postinst", {{"postinst", "exit 1"}}},
                                         ScriptCase{"PostinstThatMeddles",
                                                    {{"postinst",
                                                      "echo broken > /etc/dc-demo.conf; exit 1"}}}),
                         [](const auto& param) { return param.param.name; });

TEST_F(PackageTest, AScriptThatHangsIsEndedAndUndone) {
  host_.MakeDeb("dc-demo", "3.0", {{"postinst", "while :; do :; done"}});
  auto plan = InstallPlan("plan-1", "3.0");
  plan.steps[0].timeout = std::chrono::seconds(2);
  const auto before = Snapshot();
  const auto result = host_.Apply(plan);
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr("longer than 2 s"));
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(PackageTest, WhatCannotBeUndoneIsNamed) {
  fs::remove(host_.debs() / "dc-demo_1.0_all.deb");
  host_.MakeDeb("dc-demo", "3.0", {{"postinst", "exit 1"}});
  auto plan = InstallPlan("plan-1", "3.0");
  plan.steps[0].reversible = false;
  const auto result = host_.Apply(plan);
  EXPECT_EQ(result.state, PlanState::kUnclear);
  EXPECT_THAT(result.detail, HasSubstr("package dc-demo is 3.0"));
  EXPECT_THAT(result.detail, HasSubstr("instead of 1.0"));
}

TEST_F(PackageTest, KilledAnywhereItIsDoneOrAsBefore) {
  for (int point = 0;; ++point) {
    ASSERT_LT(point, 50);
    const auto before = Snapshot();
    const auto plan = InstallPlan(fmt::format("plan-{}", point), "2.0");
    const pid_t child = fork();
    if (child == 0) {
      int countdown = point;
      SetProbe([&](const char*) {
        if (countdown-- == 0) raise(SIGKILL);
      });
      _exit(host_.Apply(plan).state == PlanState::kSucceeded ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      break;
    }
    const auto recovered = host_.RecoverAll();
    ASSERT_EQ(recovered.size(), 1u);
    EXPECT_EQ(recovered[0].state, PlanState::kRolledBack) << recovered[0].detail;
    EXPECT_EQ(Snapshot(), before) << "killed at point " << point;
  }
  EXPECT_EQ(host_.Package("dc-demo").version, "2.0");
}

// Killed together with dpkg and its script, in the middle of the installation.
TEST_F(PackageTest, KilledWithDpkgHalfwayItGoesBack) {
  host_.MakeDeb("dc-demo", "3.0",
                {{"postinst", "echo started > /tmp/started; while :; do :; done"}});
  const auto plan = InstallPlan("plan-1", "3.0");
  const auto before = Snapshot();
  const pid_t child = fork();
  if (child == 0) {
    host_.Apply(plan);
    _exit(0);
  }
  while (!host_.Exists("/tmp/started")) usleep(10'000);
  // dpkg has a process group of its own, named after its first process: the child's child.
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", child, child));
  pid_t dpkg = 0;
  children >> dpkg;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_GT(dpkg, 1);
  kill(-dpkg, SIGKILL);
  const auto recovered = host_.RecoverAll();
  fs::remove(host_.root() / "tmp/started");
  ASSERT_EQ(recovered.size(), 1u);
  EXPECT_EQ(recovered[0].state, PlanState::kRolledBack) << recovered[0].detail;
  EXPECT_EQ(Snapshot(), before);
}

}  // namespace
}  // namespace driftcast
