// Users, groups, SSH keys and mounts: what a step changes, what it refuses, and the way back.
#include <sys/mount.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/account_edit.h"
#include "apply/mounts.h"
#include "apply/scratch_host.h"
#include "collect/account_collector.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PlanStep StepOn(StepKind kind, const std::string& resource_kind, const std::string& name,
                std::map<std::string, std::string> parameters = {}) {
  return ScratchHost::Step(kind, {StackId("web-7"), resource_kind, name}, std::move(parameters));
}
PlanStep SetUser(const std::string& name, const std::string& path, const std::string& value) {
  return StepOn(StepKind::kSetKey, "user", name, {{"path", path}, {"value", value}});
}

AccountTables Tables() {
  return {
      {"/etc/passwd",
       "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:Ada:/home/ada:/bin/bash\n"
       "eve:x:1001:1001::/home/eve:/bin/sh\n# a word\n"},
      {"/etc/shadow", "root:*:1::::::\nada:$y$hash:19000:0:99999:7:::\neve::1:0:90:7::20000:\n"},
      {"/etc/group", "root:x:0:\nsudo:x:27:ada,eve\nada:x:1000:\neve:x:1001:\n"},
      {"/etc/gshadow", "root:*::\nsudo:*::ada,eve\nada:!::\neve:!::\n"}};
}

struct EditCase {
  const char* name;
  PlanStep step;
  const char* table;
  const char* line;  // afterwards in it
};
class AccountEditTest : public testing::TestWithParam<EditCase> {};

TEST_P(AccountEditTest, ChangesOneFieldAndNothingElse) {
  AccountTables tables = Tables();
  ASSERT_TRUE(EditAccount(GetParam().step, tables).ok());
  EXPECT_THAT("\n" + tables[GetParam().table],
              HasSubstr(std::string("\n") + GetParam().line + "\n"));
  const AccountTables before = Tables();
  size_t bytes_before = 0, bytes = 0;
  for (const auto& [path, text] : before) {
    bytes_before += static_cast<size_t>(std::ranges::count(text, '\n'));
    bytes += static_cast<size_t>(std::ranges::count(tables[path], '\n'));
  }
  EXPECT_EQ(bytes, bytes_before) << "no line came or went";
  EXPECT_THAT(tables["/etc/passwd"], HasSubstr("# a word\n"));
  AccountTables again = tables;
  ASSERT_TRUE(EditAccount(GetParam().step, again).ok());
  EXPECT_EQ(again, tables) << "twice is once";
}

INSTANTIATE_TEST_SUITE_P(
    Fields, AccountEditTest,
    testing::Values(
        EditCase{"Shell", SetUser("ada", "shell", "/usr/sbin/nologin"), "/etc/passwd",
                 "ada:x:1000:1000:Ada:/home/ada:/usr/sbin/nologin"},
        EditCase{"Home", SetUser("eve", "home", "/srv/eve"), "/etc/passwd",
                 "eve:x:1001:1001::/srv/eve:/bin/sh"},
        EditCase{"Comment", SetUser("eve", "comment", "Eve E."), "/etc/passwd",
                 "eve:x:1001:1001:Eve E.:/home/eve:/bin/sh"},
        EditCase{"Locked", SetUser("ada", "password", "locked"), "/etc/shadow",
                 "ada:!$y$hash:19000:0:99999:7:::"},
        EditCase{"LockedWithout", SetUser("eve", "password", "locked"), "/etc/shadow",
                 "eve:!:1:0:90:7::20000:"},
        EditCase{"Expires", SetUser("ada", "expires", "1"), "/etc/shadow",
                 "ada:$y$hash:19000:0:99999:7::1:"},
        EditCase{"NeverExpires", StepOn(StepKind::kRemoveKey, "user", "eve", {{"path", "expires"}}),
                 "/etc/shadow", "eve::1:0:90:7:::"},
        EditCase{"MaxDays", SetUser("ada", "max_days", "90"), "/etc/shadow",
                 "ada:$y$hash:19000:0:90:7:::"},
        EditCase{"Joins", SetUser("ada", "group[]", "eve"), "/etc/group", "eve:x:1001:ada"},
        EditCase{
            "Leaves",
            StepOn(StepKind::kRemoveKey, "user", "eve", {{"path", "group[]"}, {"value", "sudo"}}),
            "/etc/gshadow", "sudo:*::ada"}),
    [](const auto& param) { return param.param.name; });

TEST(AccountEdit, RemovesAUserWithItsMembershipsAndItsOwnGroup) {
  AccountTables tables = Tables();
  ASSERT_TRUE(EditAccount(StepOn(StepKind::kRemoveResource, "user", "eve"), tables).ok());
  for (const auto& [path, text] : tables) EXPECT_THAT(text, Not(HasSubstr("eve"))) << path;
  EXPECT_EQ(tables["/etc/group"], "root:x:0:\nsudo:x:27:ada\nada:x:1000:\n");
}

TEST(AccountEdit, RefusesWhatWouldDoMore) {
  const std::pair<PlanStep, StatusCode> refused[] = {
      {SetUser("ada", "shell", "/bin/sh:x"), StatusCode::kInvalidArgument},
      {SetUser("ada", "shell", "/bin/sh\nroot::0:0::/:/bin/sh"), StatusCode::kInvalidArgument},
      {SetUser("ada", "shell", "sh"), StatusCode::kInvalidArgument},
      {SetUser("ada", "group[]", "sudo,root"), StatusCode::kInvalidArgument},
      {SetUser("ada", "group[]", "wheel"), StatusCode::kNotFound},
      {SetUser("ada", "expires", "soon"), StatusCode::kInvalidArgument},
      {SetUser("ada", "uid", "0"), StatusCode::kFailedPrecondition},
      {SetUser("ada", "password", "$y$new"), StatusCode::kFailedPrecondition},
      {SetUser("nobody", "shell", "/bin/sh"), StatusCode::kNotFound},
      {SetUser("ada", "shell", std::string(2000, '/')), StatusCode::kInvalidArgument},
      {StepOn(StepKind::kRemoveKey, "user", "ada", {{"path", "shell"}}),
       StatusCode::kFailedPrecondition},
      {StepOn(StepKind::kRemoveResource, "user", "root"), StatusCode::kFailedPrecondition},
      {StepOn(StepKind::kRemoveResource, "group", "ada"), StatusCode::kFailedPrecondition},
  };
  for (const auto& [step, code] : refused) {
    AccountTables tables = Tables();
    const Status status = EditAccount(step, tables);
    EXPECT_EQ(status.code(), code) << Describe(status);
    EXPECT_EQ(tables, Tables()) << "nothing is changed";
  }
}

constexpr const char* kBlob =
    "AAAAC3NzaC1lZDI1NTE5AAAAIBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ";

std::string FingerprintOf(const std::string& line) {
  AuthorizedKey key;
  EXPECT_TRUE(ReadAuthorizedKey(line, key));
  return key.fingerprint;
}

TEST(AuthorizedKeysEdit, ChangesOptionsCommentAndNothingElse) {
  const std::string other = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDfoo bob@x";
  const std::string line = std::string("ssh-ed25519 ") + kBlob + " eve@x";
  const std::string text = "# ours\n" + other + "\n" + line + "\n";
  const std::string fingerprint = FingerprintOf(line);
  const auto edit = [&](StepKind kind, std::map<std::string, std::string> parameters) {
    return EditAuthorizedKeys(StepOn(kind, "authorized_key", "eve", std::move(parameters)), text,
                              fingerprint);
  };
  EXPECT_EQ(
      *edit(StepKind::kSetKey, {{"path", "options"}, {"value", "from=\"10.0.0.0/8\",no-pty"}}),
      "# ours\n" + other + "\nfrom=\"10.0.0.0/8\",no-pty " + line + "\n");
  EXPECT_EQ(*edit(StepKind::kRemoveKey, {{"path", "comment"}}),
            "# ours\n" + other + "\nssh-ed25519 " + kBlob + "\n");
  EXPECT_EQ(*edit(StepKind::kRemoveResource, {}), "# ours\n" + other + "\n");
  EXPECT_FALSE(edit(StepKind::kSetKey, {{"path", "options"}, {"value", "no-pty x"}}).ok());
  EXPECT_FALSE(edit(StepKind::kSetKey, {{"path", "options"}, {"value", "a\nssh-rsa AAAA"}}).ok());
  EXPECT_FALSE(edit(StepKind::kSetKey, {{"path", "type"}, {"value", "ssh-rsa"}}).ok());
  EXPECT_EQ(EditAuthorizedKeys(StepOn(StepKind::kRemoveResource, "authorized_key", "eve"), text,
                               "SHA256:none")
                .status()
                .code(),
            StatusCode::kNotFound);
}

class AccountTest : public testing::Test {
 protected:
  AccountTest() {
    host_.Write("/etc/shadow", "root:*:1::::::\nweb:$y$secret:1:0:99999:7:::\n", 0640);
    host_.Write("/srv/.ssh/authorized_keys", line_ + "\n", 0600);
  }
  RemediationPlan Plan(const std::string& id, PlanStep step, std::vector<KeyValue> observed) {
    PlanBase base{step.resource, std::move(observed)};
    return host_.Plan(id, {std::move(step)}, {std::move(base)});
  }
  ScratchHost host_;
  const std::string line_ = std::string("no-pty ssh-ed25519 ") + kBlob + " eve@x";
};

TEST_F(AccountTest, ALockedPasswordIsNotShownInTheDryRunNorComparedWithTheBase) {
  auto options = host_.Options();
  options.dry_run = true;
  const ManualClock clock(host_.now());
  const auto plan =
      Plan("plan-1", SetUser("web", "password", "locked"), {{"uid", Value::Integer(33)}});
  const auto dry = Execute(host_.Signed(plan), options, clock, {});
  EXPECT_EQ(dry.state, PlanState::kSucceeded) << dry.detail;
  EXPECT_THAT(dry.preview, HasSubstr("/etc/shadow: the entry of web changes"));
  EXPECT_THAT(dry.preview, Not(HasSubstr("secret")));
  EXPECT_EQ(host_.Apply(plan).state, PlanState::kSucceeded);
  EXPECT_THAT(host_.Read("/etc/shadow"), HasSubstr("web:!$y$secret:1:0:99999:7:::\n"));
}

TEST_F(AccountTest, WhatChangedSinceThePlanWasMadeIsNotTouched) {
  const auto result = host_.Apply(
      Plan("plan-1", SetUser("web", "shell", "/bin/bash"), {{"shell", Value::Text("/bin/zsh")}}));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("shell of web is '/bin/sh' and was '/bin/zsh'"));
}

TEST_F(AccountTest, AKeyThatAPlanRemovedComesBackFromWhatTheHostKept) {
  const ResourceId key = host_.Id("authorized_key", "web " + FingerprintOf(line_));
  const auto before = host_.Snapshot();
  const auto removed = host_.Apply(Plan("plan-1", ScratchHost::Step(StepKind::kRemoveResource, key),
                                        {{"options", Value::Text("no-pty")}}));
  ASSERT_EQ(removed.state, PlanState::kSucceeded) << removed.detail;
  EXPECT_EQ(host_.Read("/srv/.ssh/authorized_keys"), "");
  const auto back =
      host_.Apply(Plan("plan-2", ScratchHost::Step(StepKind::kRestoreContent, key), {}));
  ASSERT_EQ(back.state, PlanState::kSucceeded) << back.detail;
  EXPECT_EQ(host_.Snapshot(), before);

  const ResourceId unknown = host_.Id("authorized_key", "web SHA256:unknown");
  const auto none =
      host_.Apply(Plan("plan-3", ScratchHost::Step(StepKind::kRestoreContent, unknown), {}));
  EXPECT_EQ(none.state, PlanState::kFailed);
  EXPECT_THAT(none.detail, HasSubstr("kept on this host"));
}

TEST_F(AccountTest, ASymbolicLinkInsteadOfTheKeysIsNotFollowed) {
  fs::rename(host_.root() / "srv/.ssh", host_.root() / "srv/elsewhere");
  fs::create_symlink("elsewhere", host_.root() / "srv/.ssh");
  const ResourceId key = host_.Id("authorized_key", "web " + FingerprintOf(line_));
  const auto result = host_.Apply(Plan("plan-1", ScratchHost::Step(StepKind::kRemoveResource, key),
                                       {{"options", Value::Text("no-pty")}}));
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_EQ(host_.Read("/srv/elsewhere/authorized_keys"), line_ + "\n");
}

TEST(MountFlags, ExcludeEachOther) {
  EXPECT_EQ(*WithMountFlag("nodev,rw", "ro", true), "nodev,ro");
  EXPECT_EQ(*WithMountFlag("nodev,ro", "ro", false), "nodev,rw");
  EXPECT_EQ(*WithMountFlag("relatime,rw", "noatime", true), "noatime,rw");
  EXPECT_EQ(*WithMountFlag("rw", "nosuid", true), "nosuid,rw");
  EXPECT_FALSE(WithMountFlag("rw", "errors=panic", true).ok());
}

TEST(Mount, IsMountedWithOtherFlagsCheckedAndPutBack) {
  if (!MayOwnMounts()) GTEST_SKIP() << "needs a mount namespace of its own";
  InChild([] {
    ASSERT_TRUE(EnterOwnMounts());
    const ScratchHost host;
    const fs::path point = host.root() / "srv";
    fs::create_directories(point);
    ASSERT_EQ(mount("tmpfs", point.c_str(), "tmpfs", MS_NODEV, "size=1m"), 0);
    const auto files = HostFiles::Open(host.root());
    const auto flags = [&] { return *ReadMountFlags(*files, "/srv"); };
    const std::string before = flags();
    EXPECT_THAT(before, HasSubstr("nodev"));
    EXPECT_EQ(ReadMountFlags(*files, "/etc").status().code(), StatusCode::kNotFound);
    const ResourceId srv = host.Id("mount", "/srv");
    const auto plan = [&](const char* id, std::vector<PlanStep> more, const char* type = "tmpfs") {
      std::vector<PlanStep> steps = {
          ScratchHost::Step(StepKind::kRemoveKey, srv, {{"path", "option[]"}, {"value", "rw"}}),
          ScratchHost::Step(StepKind::kSetKey, srv, {{"path", "option[]"}, {"value", "ro"}}),
          ScratchHost::Step(StepKind::kSetKey, srv, {{"path", "option[]"}, {"value", "noexec"}})};
      steps.insert(steps.end(), more.begin(), more.end());
      return host.Plan(id, steps,
                       {{srv, {{"type", Value::Text(type)}, {"option[]", Value::Text("rw")}}}});
    };
    EXPECT_EQ(host.Apply(plan("plan-0", {}, "ext4")).state, PlanState::kFailed);
    EXPECT_EQ(flags(), before);

    PlanStep unwell = ScratchHost::Step(StepKind::kCheckPort, srv, {{"port", "1"}});
    unwell.timeout = Duration(200'000);
    EXPECT_EQ(host.Apply(plan("plan-1", {unwell})).state, PlanState::kRolledBack);
    EXPECT_EQ(flags(), before);

    for (const char* at : {"step.intended", "step.done"}) {
      const pid_t child = fork();
      if (child == 0) {
        SetProbe([&](const char* probe) {
          if (std::string_view(probe) == at) raise(SIGKILL);
        });
        host.Apply(plan(std::string(at) == "step.done" ? "plan-done" : "plan-intended", {}));
        _exit(0);
      }
      waitpid(child, nullptr, 0);
      const auto recovered = host.RecoverAll();
      ASSERT_EQ(recovered.size(), 1u);
      EXPECT_EQ(recovered[0].state, PlanState::kRolledBack) << recovered[0].detail;
      EXPECT_EQ(flags(), before);
    }

    const auto result = host.Apply(plan("plan-2", {}));
    EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
    EXPECT_THAT(flags(), HasSubstr("noexec"));
    EXPECT_THAT(flags(), HasSubstr("ro"));
    EXPECT_NE(open((point / "x").c_str(), O_CREAT | O_WRONLY, 0600), 0);
    EXPECT_FALSE(fs::exists(point / "x"));
    umount2(point.c_str(), MNT_DETACH);
  });
}

}  // namespace
}  // namespace driftcast
