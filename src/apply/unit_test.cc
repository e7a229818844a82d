// Units, registered commands and health checks, against a mock of the service manager.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/commands.h"
#include "apply/fake_systemd.h"
#include "apply/scratch_host.h"

namespace driftcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kNginx = "nginx.service";

class UnitTest : public testing::Test {
 protected:
  UnitTest() : systemd_(host_.base()) {
    host_.bus_address = systemd_.address();
    systemd_.Set(kNginx, {});
    host_.Write("/etc/nginx.conf", "workers 4\n");
  }
  ~UnitTest() override { SetProbe({}); }

  PlanStep On(StepKind kind, std::map<std::string, std::string> parameters = {},
              bool reversible = true) const {
    PlanStep step = ScratchHost::Step(kind, host_.Id("unit", kNginx), std::move(parameters));
    step.reversible = reversible;
    step.timeout = kSecond;
    return step;
  }
  PlanStep SetWorkers(const std::string& value) const {
    return ScratchHost::Step(StepKind::kSetKey, host_.Id("file", "/etc/nginx.conf"),
                             {{"path", "workers"}, {"value", value}});
  }
  RemediationPlan Plan(std::vector<PlanStep> steps) {
    return host_.Plan("plan-" + std::to_string(++plans_), std::move(steps),
                      {{host_.Id("file", "/etc/nginx.conf"), {{"workers", Value::Integer(4)}}},
                       {host_.Id("unit", kNginx), {{"enabled", Value::Text("enabled")}}}});
  }
  void MakeProgram(const std::string& path, const std::string& text) const {
    host_.Write(path, "#!/bin/sh\n" + text + "\n", 0755);
  }

  ScratchHost host_;
  FakeSystemd systemd_;
  int plans_ = 0;
};

TEST_F(UnitTest, AChangeIsTakenUpAndChecked) {
  const auto result =
      host_.Apply(Plan({SetWorkers("8"), On(StepKind::kReloadUnit), On(StepKind::kCheckUnit)}));
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Read("/etc/nginx.conf"), "workers 8\n");
  EXPECT_THAT(systemd_.Calls(), ElementsAre("ReloadUnit nginx.service"));
}

TEST_F(UnitTest, WhenTheUnitDoesNotComeBackTheFileIsPutBackAndTakenUpAgain) {
  systemd_.Set(kNginx, {.refuses_start = true});
  SetProbe([&](const char* point) {
    if (std::string(point) == "undo") systemd_.Set(kNginx, {.active = "failed"});
  });
  const auto result = host_.Apply(Plan({SetWorkers("8"), On(StepKind::kRestartUnit)}));
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr("RestartUnit nginx.service: failed"));
  EXPECT_EQ(host_.Read("/etc/nginx.conf"), "workers 4\n");
  EXPECT_EQ(systemd_.Get(kNginx).active, "active");
}

TEST_F(UnitTest, WhatDoesNotComeBackIsUnclearAndNamed) {
  systemd_.Set(kNginx, {.refuses_start = true});
  const auto result = host_.Apply(Plan({SetWorkers("8"), On(StepKind::kRestartUnit)}));
  EXPECT_EQ(result.state, PlanState::kUnclear);
  EXPECT_THAT(result.detail, HasSubstr("nginx.service is failed (enabled) instead of active"));
  EXPECT_EQ(host_.Read("/etc/nginx.conf"), "workers 4\n");
}

TEST_F(UnitTest, StoppingAndMaskingGoBackWhenALaterStepFails) {
  const auto result = host_.Apply(Plan({On(StepKind::kStopUnit), On(StepKind::kMaskUnit),
                                        On(StepKind::kCheckPort, {{"port", "1"}})}));
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr("port 1 of 127.0.0.1 does not answer"));
  EXPECT_EQ(systemd_.Get(kNginx).file_state, "enabled");
  EXPECT_EQ(systemd_.Get(kNginx).active, "active");
}

TEST_F(UnitTest, KilledAfterTheStopTheNextRunStartsItAgain) {
  InChild([&] {
    SetProbe([](const char* point) {
      if (std::string(point) == "step.done") _exit(0);
    });
    host_.Apply(Plan({On(StepKind::kStopUnit)}));
  });
  EXPECT_EQ(systemd_.Get(kNginx).active, "inactive");
  const auto results = host_.RecoverAll();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].state, PlanState::kRolledBack) << results[0].detail;
  EXPECT_EQ(systemd_.Get(kNginx).active, "active");
}

TEST_F(UnitTest, AUnitThatMovedOnIsLeftAlone) {
  systemd_.Set(kNginx, {.file_state = "masked"});
  const auto result = host_.Apply(Plan({On(StepKind::kStopUnit)}));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("was 'enabled' when the plan was made"));
  EXPECT_TRUE(systemd_.Calls().empty());
}

TEST_F(UnitTest, WithoutPermissionNoUnitIsTouched) {
  host_.Allow("file\nunit apache2.service\n");
  const auto result = host_.Apply(Plan({On(StepKind::kStopUnit)}));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("does not allow unit nginx.service"));
  EXPECT_TRUE(systemd_.Calls().empty());
}

TEST_F(UnitTest, AScratchRootHasNoServiceManagerOfItsOwn) {
  host_.bus_address.clear();
  const auto result = host_.Apply(Plan({On(StepKind::kStopUnit)}));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("no service manager that could be asked"));
}

TEST_F(UnitTest, AHealthyPortLetsThePlanStand) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const PlanStep space =
      ScratchHost::Step(StepKind::kCheckSpace, host_.Id("mount", "/"), {{"percent_max", "100"}});
  const auto result =
      host_.Apply(Plan({SetWorkers("8"), On(StepKind::kCheckPort, {{"port", port}}), space}));
  close(listener);
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
}

TEST_F(UnitTest, ARegisteredCommandRunsWithItsTypedArguments) {
  MakeProgram("/usr/bin/renew", "echo \"$1\" > \"$(dirname \"$0\")/../../etc/renewed\"");
  fs::create_directories(host_.root() / "etc");
  host_.Commands("renew /usr/bin/renew --name={name:word}\n");
  const auto result = host_.Apply(
      Plan({On(StepKind::kRunCommand, {{"command", "renew"}, {"name", "web-7"}}, false)}));
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Read("/etc/renewed"), "--name=web-7\n");
  for (const char* bad : {"a b", "-x", "$(id)", "../x", "a;b"})
    EXPECT_EQ(
        host_.Apply(Plan({On(StepKind::kRunCommand, {{"command", "renew"}, {"name", bad}}, false)}))
            .state,
        PlanState::kFailed)
        << bad;
}

TEST_F(UnitTest, ACommandThatFailsIsNeverSaidToBeUndone) {
  MakeProgram("/usr/bin/renew", "echo no room; exit 3");
  host_.Commands("renew /usr/bin/renew\n");
  const auto result = host_.Apply(
      Plan({SetWorkers("8"), On(StepKind::kRunCommand, {{"command", "renew"}}, false)}));
  EXPECT_EQ(result.state, PlanState::kUnclear);
  EXPECT_THAT(result.detail, HasSubstr("ended with code 3: no room"));
  EXPECT_THAT(result.detail, HasSubstr("what it did is not undone"));
  EXPECT_EQ(host_.Read("/etc/nginx.conf"), "workers 4\n");
}

TEST_F(UnitTest, ACommandNeedsAPersonAndAName) {
  host_.Commands("renew /usr/bin/renew\n");
  RemediationPlan plan = Plan({On(StepKind::kRunCommand, {{"command", "renew"}}, false)});
  const ManualClock clock(host_.now());
  EXPECT_THAT(Execute(host_.Signed(plan, "policy"), host_.Options(), clock, {}).detail,
              HasSubstr("no person approved it"));
  EXPECT_THAT(host_.Apply(Plan({On(StepKind::kRunCommand, {{"command", "renew"}}, true)})).detail,
              HasSubstr("claims that it can"));
  EXPECT_THAT(host_.Apply(Plan({On(StepKind::kRunCommand, {{"command", "format"}}, false)})).detail,
              HasSubstr("no registered command 'format'"));
}

TEST_F(UnitTest, ACommandThatSaysUnwellTakesThePlanBack) {
  MakeProgram("/usr/bin/healthy", "exit 1");
  host_.Commands("healthy /usr/bin/healthy\n");
  const auto result =
      host_.Apply(Plan({SetWorkers("8"), On(StepKind::kCheckCommand, {{"command", "healthy"}})}));
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_EQ(host_.Read("/etc/nginx.conf"), "workers 4\n");
}

TEST_F(UnitTest, AFileIsWrittenWholeAndTakenAwayWhenACheckFails) {
  const auto write = [&](std::vector<PlanStep> more) {
    std::vector<PlanStep> steps = {
        ScratchHost::Step(StepKind::kWriteFile, host_.Id("file", "/etc/sudoers.d/ops"),
                          {{"content", "ops ALL=(ALL) ALL\n"}, {"mode", "0440"}})};
    steps.insert(steps.end(), more.begin(), more.end());
    return host_.Plan("plan-" + std::to_string(++plans_), std::move(steps),
                      {{host_.Id("file", "/etc/sudoers.d/ops"), {}}});
  };
  host_.Write("/etc/sudoers.d/README", "");
  EXPECT_EQ(host_.Apply(write({On(StepKind::kCheckPort, {{"port", "1"}})})).state,
            PlanState::kRolledBack);
  EXPECT_FALSE(host_.Exists("/etc/sudoers.d/ops"));
  const auto result = host_.Apply(write({}));
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Read("/etc/sudoers.d/ops"), "ops ALL=(ALL) ALL\n");
  EXPECT_EQ(fs::status(host_.root() / "etc/sudoers.d/ops").permissions(),
            fs::perms::owner_read | fs::perms::group_read);
  EXPECT_THAT(host_.Apply(write({})).detail, HasSubstr("was not there when the plan was made"));
}

TEST(Commands, OnlyWhatMakesSenseIsTaken) {
  for (const char* bad :
       {"renew", "renew renew", "re$new /bin/x", "a /bin/x {y}", "a /bin/x {y:sh}",
        "a /bin/x {y:word", "a /bin/x\na /bin/y", "a /bin/../x"})
    EXPECT_FALSE(Commands::Parse(bad).ok()) << bad;
  const auto commands = Commands::Parse("# mine\ngrow /sbin/grow {dev:path} --to={n:number}G\n");
  ASSERT_TRUE(commands.ok()) << commands.status();
  const auto filled = commands->Fill("grow", {{"dev", "/dev/sda"}, {"n", "20"}});
  ASSERT_TRUE(filled.ok());
  EXPECT_THAT(*filled, ElementsAre("/sbin/grow", "/dev/sda", "--to=20G"));
  EXPECT_FALSE(commands->Fill("grow", {{"dev", "/dev/sda"}}).ok());
  EXPECT_FALSE(commands->Fill("grow", {{"dev", "sda"}, {"n", "20"}}).ok());
  EXPECT_FALSE(commands->Fill("grow", {{"dev", "/dev/sda"}, {"n", "-1"}}).ok());
  EXPECT_FALSE(commands->Fill("grow", {{"dev", "/dev/sda"}, {"n", "1"}, {"x", "1"}}).ok());
}

}  // namespace
}  // namespace driftcast
