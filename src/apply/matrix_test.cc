// Each strategy's steps against each way to fail: killed at every point, a check that says unwell,
// a host that does not allow it, a disk that fills up. Everything is as before then, or done, or
// the outcome is unclear and names what is left.
#include <sched.h>
#include <sys/mount.h>

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/fake_systemd.h"
#include "apply/scratch_host.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNginx = "nginx.service";
constexpr const char* kConf = "/etc/nginx.conf";

struct PlanCase {
  const char* name;  // the strategy, and what it does here
  std::vector<PlanStep> (*steps)(const ScratchHost& host);
  bool may_have_checks = true;
};

PlanStep Set(const ScratchHost& host, const std::string& value) {
  return ScratchHost::Step(StepKind::kSetKey, host.Id("file", kConf),
                           {{"path", "workers"}, {"value", value}});
}
PlanStep OnUnit(const ScratchHost& host, StepKind kind) {
  return ScratchHost::Step(kind, host.Id("unit", kNginx));
}
PlanStep OnPackage(const ScratchHost& host, StepKind kind,
                   std::map<std::string, std::string> parameters = {}) {
  return ScratchHost::Step(kind, host.Id("package", "dc-demo"), std::move(parameters));
}
PlanStep Swappiness(const ScratchHost& host) {
  return ScratchHost::Step(StepKind::kSetSysctl, host.Id("sysctl", "vm.swappiness"),
                           {{"value", "10"}, {"persist", "true"}});
}

const PlanCase kPlans[] = {
    {"RevertAKey", [](const ScratchHost& h) { return std::vector{Set(h, "8")}; }},
    {"RevertAKeyAndReload",
     [](const ScratchHost& h) {
       return std::vector{Set(h, "8"), OnUnit(h, StepKind::kReloadUnit),
                          OnUnit(h, StepKind::kCheckUnit)};
     }},
    {"RevertAKeyAndRestart",
     [](const ScratchHost& h) {
       return std::vector{Set(h, "8"), OnUnit(h, StepKind::kRestartUnit)};
     }},
    {"RevertContentAndMode",
     [](const ScratchHost& h) {
       return std::vector{
           ScratchHost::Step(StepKind::kWriteFile, h.Id("file", kConf), {{"content", "x 1\n"}}),
           ScratchHost::Step(StepKind::kRestoreMetadata, h.Id("file", kConf), {{"mode", "0600"}})};
     }},
    {"RevertAnAddedFile",
     [](const ScratchHost& h) {
       return std::vector{ScratchHost::Step(StepKind::kRemoveResource, h.Id("file", kConf))};
     }},
    {"AdoptAVersion",
     [](const ScratchHost& h) {
       return std::vector{OnPackage(h, StepKind::kInstallPackage, {{"version", "2.0"}})};
     }},
    {"RevertAnAddedPackage",
     [](const ScratchHost& h) { return std::vector{OnPackage(h, StepKind::kRemoveResource)}; }},
    {"PreventWithAHold",
     [](const ScratchHost& h) { return std::vector{OnPackage(h, StepKind::kHoldPackage)}; }},
    {"RelieveByALimit", [](const ScratchHost& h) { return std::vector{Swappiness(h)}; }},
    {"IsolateAUnit",
     [](const ScratchHost& h) {
       return std::vector{OnUnit(h, StepKind::kStopUnit), OnUnit(h, StepKind::kMaskUnit)};
     }},
    {"Guard",
     [](const ScratchHost& h) {
       return std::vector{ScratchHost::Step(
           StepKind::kArmGuard, h.Id("file", kConf),
           {{"path", "workers"}, {"value", "8"}, {"until", FormatInstant(h.now() + kDay)}})};
     },
     false},
};

// A host with all that the plans are about.
class Stage {
 public:
  explicit Stage(const fs::path& base) : host_(base), systemd_(base) { Fill(); }
  Stage() : systemd_(host_.base()) { Fill(); }

  RemediationPlan Plan(std::vector<PlanStep> steps, const std::string& id = "plan-1") const {
    return host_.Plan(id, std::move(steps),
                      {{host_.Id("file", kConf), {{"workers", Value::Integer(4)}}},
                       {host_.Id("unit", kNginx), {{"enabled", Value::Text("enabled")}}},
                       {host_.Id("package", "dc-demo"), {{"version", Value::Text("1.0")}}},
                       {host_.Id("sysctl", "vm.swappiness"), {{"value", Value::Integer(60)}}}});
  }
  std::map<std::string, std::string> Snapshot() {
    auto all = host_.Snapshot({"dc-demo"});
    const auto unit = systemd_.Get(kNginx);
    all["unit"] = unit.active + " " + unit.file_state;
    return all;
  }
  ScratchHost& host() { return host_; }

 private:
  void Fill() {
    host_.bus_address = systemd_.address();
    systemd_.Set(kNginx, {});
    host_.Write(kConf, "# mine\nworkers 4\n", 0640);
    host_.Write("/proc/sys/vm/swappiness", "60\n");
    AddShell(host_);
    host_.MakeDeb("dc-demo", "1.0");
    host_.MakeDeb("dc-demo", "2.0");
    host_.Install("dc-demo", "1.0");
  }

  ScratchHost host_;
  FakeSystemd systemd_;
};

class MatrixTest : public testing::TestWithParam<PlanCase> {
 protected:
  ~MatrixTest() override { SetProbe({}); }
};

TEST_P(MatrixTest, KilledAnywhereItIsDoneOrAsBefore) {
  Stage stage;
  const auto before = stage.Snapshot();
  int rolled_back = 0;
  for (int point = 0;; ++point) {
    ASSERT_LT(point, 100);
    const auto plan = stage.Plan(GetParam().steps(stage.host()), fmt::format("plan-{}", point));
    const pid_t child = fork();
    if (child == 0) {
      int countdown = point;
      SetProbe([&](const char*) {
        if (countdown-- == 0) raise(SIGKILL);
      });
      _exit(stage.host().Apply(plan).state == PlanState::kSucceeded ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      break;  // there were no more points
    }
    const auto recovered = stage.host().RecoverAll();
    ASSERT_EQ(recovered.size(), 1u) << "killed at point " << point;
    EXPECT_EQ(recovered[0].state, PlanState::kRolledBack) << recovered[0].detail;
    EXPECT_EQ(stage.Snapshot(), before) << "killed at point " << point;
    ++rolled_back;
  }
  EXPECT_GE(rolled_back, 4);
  EXPECT_NE(stage.Snapshot(), before) << "in the end it was done";
}

TEST_P(MatrixTest, UnwellAtTheEndEverythingIsAsBefore) {
  if (!GetParam().may_have_checks) GTEST_SKIP() << "a guard has no other steps";
  Stage stage;
  auto steps = GetParam().steps(stage.host());
  PlanStep check = OnUnit(stage.host(), StepKind::kCheckPort);
  check.parameters = {{"port", "1"}};
  check.timeout = Duration(200'000);
  steps.push_back(check);
  const auto before = stage.Snapshot();
  const auto result = stage.host().Apply(stage.Plan(steps));
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr("does not answer"));
  EXPECT_EQ(stage.Snapshot(), before);
}

TEST_P(MatrixTest, WhereTheHostDoesNotAllowItNothingIsTouched) {
  Stage stage;
  stage.host().Allow("file /etc/other\npackage other\nsysctl other.*\nunit other.service\n");
  const auto before = stage.Snapshot();
  const auto result = stage.host().Apply(stage.Plan(GetParam().steps(stage.host())));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("does not allow"));
  EXPECT_EQ(stage.Snapshot(), before);
}

// The disk is full from the first step on, and stays so while it goes back.
TEST_P(MatrixTest, OnAFullDiskItIsDoneOrAsBeforeOrNamed) {
  if (!MayOwnMounts()) GTEST_SKIP() << "needs a mount namespace of its own";
  InChild([&] {
    ASSERT_TRUE(EnterOwnMounts());
    std::string name = fs::temp_directory_path() / "driftcast_full_XXXXXX";
    const fs::path place = mkdtemp(name.data());
    ASSERT_EQ(mount("tmpfs", place.c_str(), "tmpfs", 0, "size=16m"), 0);
    {
      Stage stage(place);
      const auto before = stage.Snapshot();
      SetProbe([&](const char* point) {
        if (std::string_view(point) != "step.intended") return;
        std::ofstream filler(place / "filler");
        while (filler << std::string(4096, 'x') && filler.flush()) {
        }
      });
      const auto result = stage.host().Apply(stage.Plan(GetParam().steps(stage.host())));
      SetProbe({});
      fs::remove(place / "filler");
      if (result.state == PlanState::kRolledBack) {
        EXPECT_EQ(stage.Snapshot(), before) << result.detail;
      } else if (result.state == PlanState::kSucceeded) {
        EXPECT_NE(stage.Snapshot(), before);
      } else {
        EXPECT_EQ(result.state, PlanState::kUnclear) << result.detail;
        EXPECT_THAT(result.detail, HasSubstr("not as before: "));
      }
      // What could not be stored is settled once there is room, and stays as it was told.
      for (const auto& recovered : stage.host().RecoverAll())
        EXPECT_EQ(recovered.state, PlanState::kRolledBack) << recovered.detail;
      EXPECT_TRUE(stage.host().RecoverAll().empty());
    }
    umount2(place.c_str(), MNT_DETACH);
    fs::remove(place);
  });
}

INSTANTIATE_TEST_SUITE_P(Plans, MatrixTest, testing::ValuesIn(kPlans),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace driftcast
