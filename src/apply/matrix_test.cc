// Each strategy's steps against each way to fail: killed at every point, a check that says unwell,
// a host that does not allow it, a system that denies it, a disk that fills up, a package whose
// scripts fail. Everything is as before then, or done, or the outcome is unclear and names what is
// left. (Agent and engine are killed in tests/remedy_kill_test.cc.)
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/fake_systemd.h"
#include "apply/scratch_host.h"
#include "collect/account_collector.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNginx = "nginx.service";
constexpr const char* kConf = "/etc/nginx.conf";
constexpr const char* kSshKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ eve@x";

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
PlanStep OnUser(const ScratchHost& host, const std::string& path, const std::string& value) {
  return ScratchHost::Step(StepKind::kSetKey, host.Id("user", "web"),
                           {{"path", path}, {"value", value}});
}
ResourceId SshKey(const ScratchHost& host) {
  AuthorizedKey key;
  EXPECT_TRUE(ReadAuthorizedKey(kSshKey, key));
  return host.Id("authorized_key", "web " + key.fingerprint);
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
    {"IsolateAUser",
     [](const ScratchHost& h) {
       return std::vector{OnUser(h, "password", "locked"), OnUser(h, "expires", "1")};
     }},
    {"RevertAShellAndAMembership",
     [](const ScratchHost& h) {
       return std::vector{OnUser(h, "shell", "/usr/sbin/nologin"), OnUser(h, "group[]", "adm")};
     }},
    {"RevertAnAddedUser",
     [](const ScratchHost& h) {
       return std::vector{ScratchHost::Step(StepKind::kRemoveResource, h.Id("user", "mallory"))};
     }},
    {"RevertAnAddedSshKey",
     [](const ScratchHost& h) {
       return std::vector{ScratchHost::Step(StepKind::kRemoveResource, SshKey(h))};
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
                       {host_.Id("user", "web"), {{"shell", Value::Text("/bin/sh")}}},
                       {host_.Id("user", "mallory"), {{"uid", Value::Integer(1001)}}},
                       {SshKey(host_), {{"type", Value::Text("ssh-ed25519")}}},
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
  void DenyUnits() { systemd_.Deny(); }

 private:
  void Fill() {
    host_.bus_address = systemd_.address();
    systemd_.Set(kNginx, {});
    host_.Write(kConf, "# mine\nworkers 4\n", 0640);
    host_.Write("/proc/sys/vm/swappiness", "60\n");
    host_.Write("/etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n"
                "mallory:x:1001:1001::/home/m:/bin/sh\n");
    host_.Write("/etc/shadow", "root:*:1::::::\nweb:$y$secret:1:0:99999:7:::\nmallory:!:1::::::\n",
                0640);
    host_.Write("/etc/group", "root:x:0:\nadm:x:4:mallory\nweb:x:33:\nmallory:x:1001:\n");
    host_.Write("/etc/gshadow", "root:*::\nadm:*::mallory\nweb:!::\nmallory:!::\n", 0640);
    host_.Write("/etc/.pwd.lock", "", 0600);  // as hosts have it
    host_.Write("/srv/.ssh/authorized_keys", std::string("# ours\n") + kSshKey + "\n", 0600);
    AddShell(host_);
    host_.MakeDeb("dc-demo", "1.0");
    host_.MakeDeb("dc-demo", "2.0");
    host_.Install("dc-demo", "1.0");
  }

  ScratchHost host_;
  FakeSystemd systemd_;
};

// What the outcome has to be after something went wrong.
void ExpectSettled(const ApplyResult& result, const std::map<std::string, std::string>& before,
                   const std::map<std::string, std::string>& after) {
  if (result.state == PlanState::kRolledBack || result.state == PlanState::kFailed) {
    EXPECT_EQ(after, before) << result.detail;
  } else if (result.state == PlanState::kSucceeded) {
    EXPECT_NE(after, before) << result.detail;
  } else {
    EXPECT_EQ(result.state, PlanState::kUnclear) << result.detail;
    EXPECT_THAT(result.detail, HasSubstr("not as before: "));
    EXPECT_NE(after, before) << "it claims a difference that is none: " << result.detail;
  }
}

// Root's right to write what belongs to others, for this process and what it starts. False where
// there is none to give up.
bool GiveUpOverride() {
  for (const int capability : {CAP_DAC_OVERRIDE, CAP_FOWNER})
    if (prctl(PR_CAPBSET_DROP, capability) != 0) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  for (const int capability : {CAP_DAC_OVERRIDE, CAP_FOWNER}) {
    data[0].effective &= ~(1U << capability);
    data[0].permitted &= ~(1U << capability);
    data[0].inheritable &= ~(1U << capability);
  }
  return syscall(SYS_capset, &header, data) == 0;
}

// Everything in a folder belongs to somebody else from then on.
void GiveAway(const fs::path& folder) {
  ASSERT_EQ(chown(folder.c_str(), 1, 1), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    ASSERT_EQ(lchown(entry.path().c_str(), 1, 1), 0);
}

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
  stage.host().Allow(
      "file /etc/other\npackage other\nsysctl other.*\nunit other.service\nuser other\n"
      "authorized_key other\n");
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
      EXPECT_NE(result.state, PlanState::kFailed) << result.detail;
      ExpectSettled(result, before, stage.Snapshot());
      // What could not be stored is settled once there is room, and stays as it was told.
      for (const auto& recovered : stage.host().RecoverAll())
        EXPECT_EQ(recovered.state, PlanState::kRolledBack) << recovered.detail;
      EXPECT_TRUE(stage.host().RecoverAll().empty());
    }
    umount2(place.c_str(), MNT_DETACH);
    fs::remove(place);
  });
}

// The system itself says no: files, packages' folders and kernel settings are somebody else's, and
// the service manager lets nobody touch a unit. From the start; and from the first step on, when
// the package manager's own database is denied as well.
TEST_P(MatrixTest, WhatTheSystemDeniesIsDoneOrAsBeforeOrNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give away rights";
  for (const bool later : {false, true}) {
    Stage stage;
    stage.DenyUnits();
    for (const char* folder : {"etc", "usr", "proc", "srv"}) GiveAway(stage.host().root() / folder);
    if (later) GiveAway(stage.host().root() / "var/lib/dpkg");
    const auto before = stage.Snapshot();
    const auto plan = stage.Plan(GetParam().steps(stage.host()));
    const fs::path told = stage.host().base() / "told";
    InChild([&] {
      SetProbe([&](const char* point) {
        if (!later || std::string_view(point) != "step.intended") return;
        ASSERT_TRUE(GiveUpOverride());
      });
      if (!later) {
        ASSERT_TRUE(GiveUpOverride());
      }
      const auto result = stage.host().Apply(plan);
      std::ofstream(told) << PlanStateName(result.state) << "\n" << result.detail;
    });
    const std::string text = *ReadFile(told);
    ApplyResult result;
    for (const PlanState state :
         {PlanState::kSucceeded, PlanState::kRolledBack, PlanState::kUnclear})
      if (text.starts_with(PlanStateName(state))) result.state = state;
    result.detail = text.substr(text.find('\n') + 1);
    ExpectSettled(result, before, stage.Snapshot());
    const bool holds = std::string_view(GetParam().name) == "PreventWithAHold" && !later;
    EXPECT_EQ(result.state == PlanState::kSucceeded, holds) << result.detail;
  }
}

// A package's scripts fail: those of the version that is there and of the one that comes, the first
// time (so that the way back is free) and always.
TEST_P(MatrixTest, WhenAPackagesScriptFailsItIsAsBeforeOrNamed) {
  {
    const ScratchHost any;
    const auto steps = GetParam().steps(any);
    if (std::ranges::none_of(steps,
                             [](const PlanStep& step) { return step.resource.kind == "package"; }))
      GTEST_SKIP() << "no package is touched";
  }
  for (const char* version : {"1.0", "2.0"})
    for (const char* script : {"preinst", "postinst", "prerm", "postrm"})
      for (const bool always : {false, true}) {
        Stage stage;
        const std::string which =
            fmt::format("{} of {}{}", script, version, always ? "" : ", once");
        // Not before it is asked to: it has to be installed first.
        std::string text = "[ -e /var/log/fail ] || exit 0\n";
        if (!always) text += "[ ! -e /var/log/failed ] || exit 0\n";
        text += ": > /var/log/failed\nexit 1";
        stage.host().MakeDeb("dc-demo", version, {{script, text}});
        if (std::string_view(version) == "1.0") stage.host().Install("dc-demo", "1.0");
        const auto plan = stage.Plan(GetParam().steps(stage.host()));
        const auto before = stage.Snapshot();
        stage.host().Write("/var/log/fail", "");
        const auto result = stage.host().Apply(plan);
        const bool failed = stage.host().Exists("/var/log/failed");
        ExpectSettled(result, before, stage.Snapshot());
        if (failed && !always) {
          EXPECT_NE(result.state, PlanState::kUnclear) << which << ": " << result.detail;
        }
        if (!failed) {
          EXPECT_EQ(result.state, PlanState::kSucceeded) << which << ": " << result.detail;
        }
      }
}

INSTANTIATE_TEST_SUITE_P(Plans, MatrixTest, testing::ValuesIn(kPlans),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace driftcast
