// Plans carried out on a scratch host: what works, what is refused, what a failure leaves.
#include "apply/executor.h"

#include <sys/mount.h>
#include <sys/resource.h>

#include <sched.h>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/allow_list.h"
#include "apply/scratch_host.h"
#include "model/fake_authenticator.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSshdPath = "/etc/ssh/sshd_config";
constexpr const char* kSshd = "# mine\nPort 22\nPermitRootLogin yes\n";

class ExecutorTest : public testing::Test {
 protected:
  ~ExecutorTest() override { SetProbe({}); }

  ResourceId Sshd() const { return host_.Id("file", kSshdPath); }
  RemediationPlan RevertSshd(const std::string& id = "plan-1") const {
    return host_.Plan(id,
                      {ScratchHost::Step(StepKind::kSetKey, Sshd(),
                                         {{"path", "PermitRootLogin"}, {"value", "no"}})},
                      {{Sshd(), {{"PermitRootLogin", Value::Text("yes")}}}});
  }
  ResourceId Swappiness() const { return host_.Id("sysctl", "vm.swappiness"); }
  PlanStep SwappinessStep(const std::string& value) const {
    return ScratchHost::Step(StepKind::kSetSysctl, Swappiness(),
                             {{"value", value}, {"persist", "true"}});
  }
  PlanBase SwappinessBase() const { return {Swappiness(), {{"value", Value::Integer(60)}}}; }
  void MakeSshd() const { host_.Write(kSshdPath, kSshd, 0600); }
  void MakeSwappiness() const { host_.Write("/proc/sys/vm/swappiness", "60\n"); }

  ScratchHost host_;
};

TEST_F(ExecutorTest, AKeyIsPutBackAndTheRestStays) {
  MakeSshd();
  ASSERT_EQ(chown((host_.root() / "etc/ssh/sshd_config").c_str(), 33, 33), 0);
  std::vector<std::string> seen;
  host_.progress = [&](const ApplyProgress& p) {
    seen.push_back(fmt::format("{} {}", p.step, PlanStateName(p.state)));
  };
  const auto result = host_.Apply(RevertSshd());
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Read(kSshdPath), "# mine\nPort 22\nPermitRootLogin no\n");
  struct stat info {};
  ASSERT_EQ(stat((host_.root() / "etc/ssh/sshd_config").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(info.st_uid, 33u);
  EXPECT_THAT(seen,
              testing::ElementsAre("0 running", "0 succeeded", "0 verifying", "-1 succeeded"));
}

TEST_F(ExecutorTest, TheSameOrderIsCarriedOutOnce) {
  MakeSshd();
  EXPECT_EQ(host_.Apply(RevertSshd()).state, PlanState::kSucceeded);
  MakeSshd();
  const auto again = host_.Apply(RevertSshd());
  EXPECT_EQ(again.state, PlanState::kFailed);
  EXPECT_THAT(again.detail, HasSubstr("not repeated"));
  EXPECT_EQ(host_.Read(kSshdPath), kSshd);
}

TEST_F(ExecutorTest, ApplyingTwiceEqualsOnce) {
  MakeSshd();
  EXPECT_EQ(host_.Apply(RevertSshd()).state, PlanState::kSucceeded);
  const auto once = host_.Snapshot();
  RemediationPlan again = RevertSshd("plan-2");
  again.base[0].observed[0].value = Value::Text("no");
  EXPECT_EQ(host_.Apply(again).state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Snapshot(), once);
}

TEST_F(ExecutorTest, RefusesWhenTheHostMovedOn) {
  host_.Write(kSshdPath, "PermitRootLogin prohibit-password\n");
  const auto result = host_.Apply(RevertSshd());
  EXPECT_EQ(result.state, PlanState::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("'prohibit-password' and was 'yes'"));
  // Refused before it began: the plan may be sent again when things are as they were.
  MakeSshd();
  EXPECT_EQ(host_.Apply(RevertSshd()).state, PlanState::kSucceeded);
}

TEST_F(ExecutorTest, AKeyThatWasAbsentMustStillBe) {
  MakeSshd();
  RemediationPlan plan = RevertSshd();
  plan.base[0].observed.clear();
  EXPECT_THAT(host_.Apply(plan).detail, HasSubstr("was absent when the plan was made"));
}

TEST_F(ExecutorTest, ASysctlIsSetLiveAndPersisted) {
  MakeSwappiness();
  const auto result = host_.Apply(host_.Plan("plan-1", {SwappinessStep("10")}, {SwappinessBase()}));
  EXPECT_EQ(result.state, PlanState::kSucceeded) << result.detail;
  EXPECT_EQ(host_.Read("/proc/sys/vm/swappiness"), "10\n");
  EXPECT_THAT(host_.Read("/etc/sysctl.d/99-driftcast.conf"), HasSubstr("vm.swappiness = 10\n"));
}

TEST_F(ExecutorTest, ASysctlIsPersistedWhereItIsSetAlready) {
  MakeSwappiness();
  host_.Write("/etc/sysctl.d/30-tune.conf", "# why\nvm.swappiness=60\n");
  EXPECT_EQ(host_.Apply(host_.Plan("plan-1", {SwappinessStep("10")}, {SwappinessBase()})).state,
            PlanState::kSucceeded);
  EXPECT_EQ(host_.Read("/etc/sysctl.d/30-tune.conf"), "# why\nvm.swappiness=10\n");
  EXPECT_FALSE(host_.Exists("/etc/sysctl.d/99-driftcast.conf"));
}

TEST_F(ExecutorTest, MetadataIsRestoredByName) {
  host_.Write("/etc/secret", "x", 0644);
  const ResourceId id = host_.Id("file", "/etc/secret");
  const auto plan =
      host_.Plan("plan-1",
                 {ScratchHost::Step(StepKind::kRestoreMetadata, id,
                                    {{"mode", "0640"}, {"owner", "web"}, {"group", "web"}})},
                 {{id, {{"@mode", Value::Text("0644")}, {"@owner", Value::Text("root")}}}});
  EXPECT_EQ(host_.Apply(plan).state, PlanState::kSucceeded);
  struct stat info {};
  ASSERT_EQ(stat((host_.root() / "etc/secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(info.st_uid, 33u);
  EXPECT_EQ(info.st_gid, 33u);
}

TEST_F(ExecutorTest, ContentComesBackFromWhatWasKept) {
  host_.Write("/etc/blob", std::string("\0old", 4));
  const ResourceId id = host_.Id("file", "/etc/blob");
  const std::string old_digest = "sha256:" + Hex(Sha256(std::string("\0old", 4))) + ":4";
  // The first plan removes the file, and so keeps its content.
  const auto remove = host_.Plan("plan-1", {ScratchHost::Step(StepKind::kRemoveResource, id)},
                                 {{id, {{"@content", Value::Digest(old_digest)}}}});
  ASSERT_EQ(host_.Apply(remove).state, PlanState::kSucceeded);
  EXPECT_FALSE(host_.Exists("/etc/blob"));
  const auto restore = host_.Plan(
      "plan-2", {ScratchHost::Step(StepKind::kRestoreContent, id, {{"digest", old_digest}})},
      {{id, {}}});
  EXPECT_EQ(host_.Apply(restore).state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Read("/etc/blob"), std::string("\0old", 4));
}

TEST_F(ExecutorTest, DryRunShowsTheDiffAndWritesNothing) {
  MakeSshd();
  MakeSwappiness();
  auto plan = RevertSshd();
  plan.steps.push_back(SwappinessStep("10"));
  plan.base.push_back(SwappinessBase());
  ApplyOptions options = host_.Options();
  options.dry_run = true;
  const std::string before = host_.Fingerprint();
  const ManualClock clock(host_.now());
  const auto result = Execute(host_.Signed(plan), options, clock, {});
  EXPECT_EQ(result.state, PlanState::kSucceeded);
  EXPECT_EQ(host_.Fingerprint(), before);
  EXPECT_EQ(result.preview,
            "--- a/etc/ssh/sshd_config\n+++ b/etc/ssh/sshd_config\n@@ -1,3 +1,3 @@\n # mine\n"
            " Port 22\n-PermitRootLogin yes\n+PermitRootLogin no\n"
            "vm.swappiness: 60 -> 10\n"
            "--- /dev/null\n+++ b/etc/sysctl.d/99-driftcast.conf\n@@ -0,0 +1,2 @@\n"
            "+# Kernel settings put in place by Driftcast.\n+vm.swappiness = 10\n");
}

// --- What must not be carried out ---------------------------------------------------------------

TEST_F(ExecutorTest, HostilePlansAreRefusedWithTheReason) {
  MakeSshd();
  const auto before = host_.Snapshot();
  const ManualClock clock(host_.now());
  const auto refused = [&](const Order& order) {
    const auto result = Execute(order, host_.Options(), clock, {});
    EXPECT_EQ(result.state, PlanState::kFailed);
    EXPECT_EQ(host_.Snapshot(), before);
    EXPECT_FALSE(fs::exists(host_.data() / "plans"));
    return result.detail;
  };
  const Order good = host_.Signed(RevertSshd());

  Order forged = *SignOrder(GenerateSigningKey(), good.plan, host_.now(), Principal("mallory"));
  EXPECT_NE(refused(forged), "");
  forged.public_key = host_.key().public_key;
  EXPECT_NE(refused(forged), "");
  Order altered = good;
  altered.plan.steps[0].parameters["value"] = "yes";
  EXPECT_NE(refused(altered), "");
  altered.plan.hash = Hex(Sha256(CanonicalPlanBytes(altered.plan)));
  EXPECT_NE(refused(altered), "");
  Order by_other = good;
  by_other.approved_by = Principal("bob");
  EXPECT_NE(refused(by_other), "");

  RemediationPlan plan = RevertSshd();
  plan.expires_at = host_.now();
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("expired"));
  plan = RevertSshd();
  plan.not_before = host_.now() + kSecond;
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("not to be carried out before"));
  plan = RevertSshd();
  plan.stack = StackId("web-8");
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("web-8"));
  plan = RevertSshd();
  plan.steps[0].resource.stack = StackId("web-8");
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("web-8"));
  plan = RevertSshd();
  plan.steps[0].reversible = false;
  EXPECT_THAT(refused(host_.Signed(plan, "engine")), HasSubstr("no person approved"));
  plan = RevertSshd("../../etc");
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("plan id"));
  plan = RevertSshd();
  plan.steps[0].kind = StepKind::kRestartUnit;
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("restart_unit"));
  plan = RevertSshd();
  plan.steps[0].parameters["value"] = "no\nPermitEmptyPasswords yes";
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("control characters"));
  plan = RevertSshd();
  plan.steps[0].parameters["value"] = std::string(1 << 20, 'x');
  EXPECT_THAT(refused(host_.Signed(plan)), HasSubstr("refused"));
}

TEST_F(ExecutorTest, TheAllowListHasTheLastWord) {
  MakeSshd();
  for (const char* allow : {"", "package\n", "file /etc/motd\n", "file !/etc/ssh/**\n"}) {
    host_.Allow(allow);
    EXPECT_EQ(host_.Apply(RevertSshd()).state, PlanState::kFailed) << allow;
  }
  fs::remove(host_.Options().allow);
  EXPECT_THAT(host_.Apply(RevertSshd()).detail, HasSubstr("observe-only"));
  host_.Allow("file\n");
  chmod(host_.Options().allow.c_str(), 0666);
  EXPECT_THAT(host_.Apply(RevertSshd()).detail, HasSubstr("may be written by others"));
  host_.Allow("file\n");
  EXPECT_EQ(host_.Apply(RevertSshd()).state, PlanState::kSucceeded);
}

// An engine in wrong hands signs orders, but not for the approvers that the host knows.
TEST_F(ExecutorTest, WhereThereAreApproversTheirKeysHaveToHaveSigned) {
  MakeSshd();
  const FakeAuthenticator ada, bob, eve;
  const auto allow = [&](const std::string& more) {
    host_.Allow("file\n" + ApproverLine(ada.Key("ada")) + "\n" + ApproverLine(bob.Key("bob")) +
                "\n" + more);
  };
  const auto plan = [&](std::initializer_list<ApprovalProof> proofs) {
    RemediationPlan made = RevertSshd();
    for (const ApprovalProof& proof : proofs)
      made.approvals.push_back({Principal("ada"), host_.now(), "", proof});
    return made;
  };
  const auto refused = [&](const RemediationPlan& made) {
    const ApplyResult result = host_.Apply(made);
    EXPECT_EQ(result.state, PlanState::kFailed);
    return result.detail;
  };
  const Instant later = host_.now() + kDay;
  allow("");
  EXPECT_THAT(refused(plan({})), HasSubstr("wants 1 approval signed"));
  EXPECT_THAT(refused(plan({ApprovalProof()})), HasSubstr("wants 1 approval signed"));
  EXPECT_THAT(refused(plan({eve.Approve(RevertSshd(), later)})), HasSubstr("signature"));
  EXPECT_THAT(refused(plan({ada.Approve(RevertSshd(), host_.now())})), HasSubstr("ended at"));
  RemediationPlan other = RevertSshd();
  other.steps[0].parameters["value"] = "yes";
  EXPECT_THAT(refused(plan({ada.Approve(other, later)})), HasSubstr("not for this plan"));
  allow("approvals 2\n");
  EXPECT_THAT(refused(plan({ada.Approve(RevertSshd(), later), ada.Approve(RevertSshd(), later)})),
              HasSubstr("wants 2 approvals signed by its approvers' keys, and 1 is"));
  EXPECT_EQ(
      host_.Apply(plan({ada.Approve(RevertSshd(), later), bob.Approve(RevertSshd(), later)})).state,
      PlanState::kSucceeded);
}

TEST(AllowList, SaysWhichLineAboutApproversMakesNoSense) {
  const std::string ada = ApproverLine(FakeAuthenticator().Key("ada"));
  EXPECT_TRUE(AllowList::Parse("file\n" + ada + "\n")->WantsApprovers());
  EXPECT_EQ(AllowList::Parse("file\n" + ada + "\n")->Kinds(), std::vector<std::string>{"file"});
  EXPECT_FALSE(AllowList::Parse("file\n")->WantsApprovers());
  for (const std::string& bad :
       {std::string("file\napprovals 1\n"), std::string("approver ada\n"),
        std::string("approver ada localhost AAAA\n"), ada + " more\n", ada + "\napprovals\n",
        ada + "\napprovals 0\n", ada + "\napprovals x\n", ada + "\napprovals 2\n"}) {
    const auto list = AllowList::Parse(bad);
    EXPECT_EQ(list.status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST_F(ExecutorTest, PathsDoNotLeadOutOfTheRoot) {
  host_.Allow("file /**\n");
  const fs::path outside = host_.data().parent_path() / "outside";
  std::ofstream(outside) << "PermitRootLogin yes\n";
  const auto set = [&](const std::string& id, const std::string& path) {
    const ResourceId resource = host_.Id("file", path);
    return host_.Apply(
        host_.Plan(id,
                   {ScratchHost::Step(StepKind::kSetKey, resource,
                                      {{"path", "PermitRootLogin"}, {"value", "no"}})},
                   {{resource, {{"PermitRootLogin", Value::Text("yes")}}}}));
  };
  EXPECT_THAT(set("p1", "/etc/../../outside").detail, HasSubstr("not a plain path"));
  EXPECT_EQ(set("p2", "etc/x").state, PlanState::kFailed);
  fs::create_symlink(outside, host_.root() / "etc/link");
  EXPECT_THAT(set("p3", "/etc/link").detail, HasSubstr("symbolic link"));
  fs::create_symlink(host_.data().parent_path(), host_.root() / "etc/folder");
  EXPECT_THAT(set("p4", "/etc/folder/outside").detail, HasSubstr("symbolic link"));
  fs::create_hard_link(outside, host_.root() / "etc/twin");
  EXPECT_THAT(set("p5", "/etc/twin").detail, HasSubstr("hard links"));
  ASSERT_EQ(mkfifo((host_.root() / "etc/pipe").c_str(), 0600), 0);
  EXPECT_THAT(set("p6", "/etc/pipe").detail, HasSubstr("no regular file"));
  EXPECT_EQ(*ReadFile(outside), "PermitRootLogin yes\n");
}

TEST_F(ExecutorTest, AFileSwappedForALinkMeanwhileIsNotWritten) {
  MakeSshd();
  const fs::path outside = host_.data().parent_path() / "outside";
  std::ofstream(outside) << kSshd;
  SetProbe([&](const char* point) {
    if (std::string_view(point) != "step.intended") return;
    fs::remove(host_.root() / "etc/ssh/sshd_config");
    fs::create_symlink(outside, host_.root() / "etc/ssh/sshd_config");
  });
  const auto result = host_.Apply(RevertSshd());
  EXPECT_EQ(result.state, PlanState::kUnclear);
  EXPECT_THAT(result.detail, HasSubstr("symbolic link"));
  EXPECT_EQ(*ReadFile(outside), kSshd);
}

// --- What a failure leaves ----------------------------------------------------------------------

TEST_F(ExecutorTest, SomebodyElsesChangeIsNeitherOverwrittenNorHidden) {
  MakeSshd();
  SetProbe([&](const char* point) {
    if (std::string_view(point) == "step.done") host_.Write(kSshdPath, "Port 99\n", 0600);
  });
  const auto result = host_.Apply(RevertSshd());
  EXPECT_EQ(result.state, PlanState::kUnclear);
  EXPECT_THAT(result.detail, HasSubstr("somebody else"));
  EXPECT_EQ(host_.Read(kSshdPath), "Port 99\n");
}

TEST_F(ExecutorTest, AChangeBetweenReadAndWriteStopsThePlan) {
  MakeSshd();
  SetProbe([&](const char* point) {
    if (std::string_view(point) == "step.intended") host_.Write(kSshdPath, "Port 99\n", 0600);
  });
  const auto result = host_.Apply(RevertSshd());
  EXPECT_EQ(result.state, PlanState::kUnclear);  // it is not as before, though not by us
  EXPECT_EQ(host_.Read(kSshdPath), "Port 99\n");
}

TEST_F(ExecutorTest, WithoutPermissionEverythingIsAsBefore) {
  MakeSshd();
  MakeSwappiness();
  host_.Write("/etc/sysctl.d/99-driftcast.conf", "kernel.sysrq = 0\n");
  host_.Write("/etc/fixed/b.ini", "[a]\nx=1\n");
  const ResourceId fixed = host_.Id("file", "/etc/fixed/b.ini");
  auto plan = RevertSshd();
  plan.steps.push_back(SwappinessStep("10"));
  plan.base.push_back(SwappinessBase());
  plan.steps.push_back(
      ScratchHost::Step(StepKind::kSetKey, fixed, {{"path", "a.x"}, {"value", "2"}}));
  plan.base.push_back({fixed, {{"a.x", Value::Integer(1)}}});
  // Carried out by nobody, who owns all but that folder.
  for (const auto& entry : fs::recursive_directory_iterator(host_.root().parent_path()))
    ASSERT_EQ(lchown(entry.path().c_str(), 65534, 65534), 0);
  ASSERT_EQ(chown(host_.root().parent_path().c_str(), 65534, 65534), 0);
  ASSERT_EQ(chown((host_.root() / "etc/fixed").c_str(), 0, 0), 0);
  const auto before = host_.Snapshot();
  InChild([&] {
    ASSERT_EQ(setresgid(65534, 65534, 65534), 0);
    ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    const auto result = host_.Apply(plan);
    EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
    EXPECT_THAT(result.detail, HasSubstr("ermission denied"));
    EXPECT_THAT(result.detail, HasSubstr("step 3"));
    EXPECT_EQ(host_.Snapshot(), before);
  });
}

TEST_F(ExecutorTest, OnAFullDiskEverythingIsAsBefore) {
  if (!MayOwnMounts()) GTEST_SKIP() << "needs a mount namespace of its own";
  InChild([&] {
    ASSERT_TRUE(EnterOwnMounts());
    const fs::path place = host_.root().parent_path() / "small";
    fs::create_directories(place);
    ASSERT_EQ(mount("tmpfs", place.c_str(), "tmpfs", 0, "size=256k"), 0);
    {
      ScratchHost small(place);
      small.Write("/etc/a.ini", "[a]\nx=1\n");
      small.Write("/etc/b.ini", "[a]\nx=1\n" + std::string(48 << 10, '#') + "\n");
      const ResourceId a = small.Id("file", "/etc/a.ini");
      const ResourceId b = small.Id("file", "/etc/b.ini");
      std::vector<PlanStep> steps;
      std::vector<PlanBase> base;
      for (const auto& id : {a, b}) {
        steps.push_back(
            ScratchHost::Step(StepKind::kSetKey, id, {{"path", "a.x"}, {"value", "2"}}));
        base.push_back({id, {{"a.x", Value::Integer(1)}}});
      }
      // Room for the log and the first file, not for the second.
      std::ofstream filler(place / "filler");
      filler << std::string(100 << 10, 'x');
      filler.close();
      const auto before = small.Snapshot();
      const auto result = small.Apply(small.Plan("plan-1", steps, base));
      EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
      EXPECT_THAT(result.detail, HasSubstr("No space left"));
      EXPECT_EQ(small.Snapshot(), before);
      fs::remove(place / "filler");
      EXPECT_TRUE(small.RecoverAll().empty());
    }
    ASSERT_EQ(umount(place.c_str()), 0);
  });
}

TEST_F(ExecutorTest, ADiskThatFillsUpMeanwhileDoesNotStopTheWayBack) {
  if (!MayOwnMounts()) GTEST_SKIP() << "needs a mount namespace of its own";
  InChild([&] {
    ASSERT_TRUE(EnterOwnMounts());
    const fs::path place = host_.root().parent_path() / "small";
    fs::create_directories(place);
    ASSERT_EQ(mount("tmpfs", place.c_str(), "tmpfs", 0, "size=1m"), 0);
    {
      ScratchHost small(place);
      std::vector<PlanStep> steps;
      std::vector<PlanBase> base;
      for (const char* path : {"/etc/a.ini", "/etc/b.ini"}) {
        small.Write(path, "[a]\nx=1\n", 0640);
        const ResourceId id = small.Id("file", path);
        steps.push_back(
            ScratchHost::Step(StepKind::kSetKey, id, {{"path", "a.x"}, {"value", "22"}}));
        base.push_back({id, {{"a.x", Value::Integer(1)}}});
      }
      const auto before = small.Snapshot();
      int intended = 0;
      SetProbe([&](const char* point) {
        if (std::string_view(point) != "step.intended" || ++intended < 2) return;
        std::ofstream filler(place / "filler");
        while (filler << std::string(4096, 'x') && filler.flush()) {
        }
      });
      const auto result = small.Apply(small.Plan("plan-1", steps, base));
      EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
      EXPECT_EQ(small.Snapshot(), before);
      // Whether the outcome could still be stored or not: with room again there is one answer.
      fs::remove(place / "filler");
      SetProbe({});
      for (const auto& recovered : small.RecoverAll())
        EXPECT_EQ(recovered.state, PlanState::kRolledBack);
      EXPECT_EQ(small.Snapshot(), before);
      EXPECT_TRUE(small.RecoverAll().empty());
    }
    ASSERT_EQ(umount(place.c_str()), 0);
  });
}

TEST_F(ExecutorTest, AFileThatMayNotGrowLeavesEverythingAsBefore) {
  MakeSshd();
  InChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    const auto before = host_.Snapshot();
    // The log fits, the file does not.
    host_.Write("/etc/big.ini", "[a]\nx=1\n" + std::string(100 << 10, '#') + "\n");
    const ResourceId big = host_.Id("file", "/etc/big.ini");
    auto plan = RevertSshd();
    plan.steps.push_back(
        ScratchHost::Step(StepKind::kSetKey, big, {{"path", "a.x"}, {"value", "2"}}));
    plan.base.push_back({big, {{"a.x", Value::Integer(1)}}});
    const auto with_big = host_.Snapshot();
    const rlimit limit{64 << 10, 64 << 10};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto result = host_.Apply(plan);
    EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
    EXPECT_EQ(host_.Snapshot(), with_big);
  });
}

// Killed at every point, with a file, a kernel setting and its file under way.
TEST_F(ExecutorTest, KilledAnywhereItIsDoneOrAsBefore) {
  int rolled_back = 0;
  int completed = 0;
  for (int point = 0;; ++point) {
    ASSERT_LT(point, 100);
    const std::string id = fmt::format("plan-{}", point);
    MakeSshd();
    MakeSwappiness();
    fs::remove(host_.root() / "etc/sysctl.d/99-driftcast.conf");
    auto plan = RevertSshd(id);
    plan.steps.push_back(SwappinessStep("10"));
    plan.base.push_back(SwappinessBase());
    const auto before = host_.Snapshot();
    const pid_t child = fork();
    if (child == 0) {
      int countdown = point;
      SetProbe([&](const char*) {
        if (countdown-- == 0) raise(SIGKILL);
      });
      const auto result = host_.Apply(plan);
      _exit(result.state == PlanState::kSucceeded ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      break;  // there were no more points
    }
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    // Another plan has to wait until this one is put back.
    const auto other = host_.Apply(RevertSshd("other"));
    EXPECT_EQ(other.state, PlanState::kFailed);
    EXPECT_THAT(other.detail, HasSubstr("interrupted"));
    const auto recovered = host_.RecoverAll();
    ASSERT_EQ(recovered.size(), 1u);
    EXPECT_EQ(recovered[0].state, PlanState::kRolledBack) << recovered[0].detail;
    EXPECT_EQ(host_.Snapshot(), before) << "killed at point " << point;
    recovered[0].state == PlanState::kRolledBack ? ++rolled_back : ++completed;
    EXPECT_TRUE(host_.RecoverAll().empty());
  }
  EXPECT_GE(rolled_back, 10);
}

// A person takes over: no further step is begun, and what was done is put back.
TEST_F(ExecutorTest, StoppedAnywhereItIsDoneOrAsBefore) {
  int rolled_back = 0;
  for (int asked_before = 0;; ++asked_before) {
    ASSERT_LT(asked_before, 100);
    MakeSshd();
    MakeSwappiness();
    fs::remove(host_.root() / "etc/sysctl.d/99-driftcast.conf");
    auto plan = RevertSshd(fmt::format("plan-{}", asked_before));
    plan.steps.push_back(SwappinessStep("10"));
    plan.base.push_back(SwappinessBase());
    const auto before = host_.Snapshot();
    int countdown = asked_before;
    host_.stop = [&] { return countdown-- <= 0; };
    const auto result = host_.Apply(plan);
    if (result.state == PlanState::kSucceeded) break;
    ++rolled_back;
    EXPECT_EQ(result.state, PlanState::kRolledBack);
    EXPECT_THAT(result.detail, HasSubstr("stopped before"));
    EXPECT_EQ(host_.Snapshot(), before) << result.detail;
  }
  EXPECT_EQ(rolled_back, 4);  // before two steps and two checks
  EXPECT_EQ(host_.Read(kSshdPath), "# mine\nPort 22\nPermitRootLogin no\n");
}

TEST_F(ExecutorTest, ACheckThatWaitsIsStopped) {
  MakeSshd();
  auto plan = RevertSshd();
  PlanStep check = ScratchHost::Step(StepKind::kCheckPort, Sshd(), {{"port", "1"}});
  check.timeout = kHour;
  plan.steps.push_back(check);
  int asked = 0;
  host_.stop = [&] { return ++asked > 6; };
  const auto result = host_.Apply(plan);
  EXPECT_EQ(result.state, PlanState::kRolledBack) << result.detail;
  EXPECT_EQ(host_.Read(kSshdPath), kSshd);
}

// Killed while it goes back, too.
TEST_F(ExecutorTest, KilledWhileGoingBackItGoesBackAgain) {
  MakeSshd();
  MakeSwappiness();
  auto plan = RevertSshd();
  plan.steps.push_back(SwappinessStep("10"));
  plan.base.push_back(SwappinessBase());
  const auto before = host_.Snapshot();
  InChild([&] {
    const pid_t child = fork();
    if (child == 0) {
      SetProbe([&](const char* point) {
        if (std::string_view(point) == "plan.verified") raise(SIGKILL);
      });
      host_.Apply(plan);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  });
  for (int undo = 0; undo < 3; ++undo) {
    const pid_t child = fork();
    if (child == 0) {
      int countdown = undo;
      SetProbe([&](const char* point) {
        if (std::string_view(point) == "undo" && countdown-- == 0) raise(SIGKILL);
      });
      host_.RecoverAll();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  ASSERT_EQ(host_.RecoverAll().size(), 1u);
  EXPECT_EQ(host_.Snapshot(), before);
}

TEST_F(ExecutorTest, ADamagedLogIsReportedAndNothingIsTouched) {
  MakeSshd();
  fs::create_directories(host_.data() / "plans/plan-x");
  std::ofstream(host_.data() / "plans/plan-x/log")
      << "{\"record\":\"begin\"}\n{\"record\":\"undo\",\"step\":0,\"undo\":{\"kind\":\"file\","
         "\"name\":\"/etc/x\",\"before\":{\"exists\":true,\"content\":\"00\"},\"after\":\"\"}}\n";
  const auto results = host_.RecoverAll();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].state, PlanState::kUnclear);
}

}  // namespace
}  // namespace driftcast
