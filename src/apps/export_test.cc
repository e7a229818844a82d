// What leaves for other tools: the audit log, and plans as patches.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/audit_export.h"
#include "apps/plan_patch.h"
#include "base/file.h"

namespace driftcast {
namespace {

const nlohmann::json kEntry = {{"number", 7},
                               {"at", "2026-05-01T08:00:00Z"},
                               {"by", "alice"},
                               {"action", "plan.approve"},
                               {"subject", "plan-1"},
                               {"detail", "no -> yes\n\"quoted\""},
                               {"previous_hash", std::string(64, '0')},
                               {"hash", std::string(64, 'a')}};

TEST(AuditExport, ALineIsTheEntryItself) {
  const std::string line = AuditLine(kEntry, AuditFormat::kJsonLines, "http://engine");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(line), kEntry);
}

TEST(AuditExport, ACloudEventHasWhatTheSpecificationAsksFor) {
  const auto event =
      nlohmann::json::parse(AuditLine(kEntry, AuditFormat::kCloudEvents, "http://engine:7117"));
  EXPECT_EQ(event["specversion"], "1.0");
  EXPECT_EQ(event["id"], "7");
  EXPECT_EQ(event["source"], "http://engine:7117");
  EXPECT_EQ(event["type"], "driftcast.audit.plan.approve");
  EXPECT_EQ(event["subject"], "plan-1");
  EXPECT_EQ(event["time"], "2026-05-01T08:00:00Z");
  EXPECT_EQ(event["data"], kEntry);
  auto without = kEntry;
  without["subject"] = "";
  EXPECT_FALSE(nlohmann::json::parse(AuditLine(without, AuditFormat::kCloudEvents, "e"))
                   .contains("subject"));
}

// With the real git: a plan's patch applies to the repository that it was made from, there and
// back.
class PatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "patch-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::filesystem::create_directories(folder_ / "etc/ssh");
    std::ofstream(folder_ / "etc/ssh/sshd_config") << kBefore;
    ASSERT_EQ(Git("init -q && git add . && git -c user.name=t -c user.email=t@t commit -qm a"), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  int Git(const std::string& arguments) {
    return std::system(fmt::format("cd {0} && HOME={0} GIT_CONFIG_NOSYSTEM=1 git {1} >> log 2>&1",
                                   folder_.string(), arguments)
                           .c_str());
  }
  static PlanStep Step(StepKind kind, std::map<std::string, std::string> parameters) {
    PlanStep step;
    step.kind = kind;
    step.resource = {StackId("web-7"), "file", "/etc/ssh/sshd_config"};
    step.parameters = std::move(parameters);
    return step;
  }

  static constexpr char kBefore[] = "# ours\nPort 22\nPermitRootLogin yes  # for now\nUseDNS no\n";
  std::filesystem::path folder_;
};

TEST_F(PatchTest, GitAppliesItWithTheSameEffect) {
  RemediationPlan plan;
  plan.stack = StackId("web-7");
  plan.steps = {
      Step(StepKind::kSetKey, {{"path", "PermitRootLogin"}, {"value", "no"}}),
      Step(StepKind::kRemoveKey, {{"path", "UseDNS"}}),
  };
  const auto patch = PlanPatch(plan, folder_);
  ASSERT_TRUE(patch.ok()) << Describe(patch.status());
  std::ofstream(folder_ / "plan.patch") << *patch;
  ASSERT_EQ(Git("apply --check plan.patch"), 0) << *patch;
  EXPECT_EQ(*ReadFile(folder_ / "etc/ssh/sshd_config"), kBefore);  // checking writes nothing
  ASSERT_EQ(Git("apply plan.patch"), 0);
  EXPECT_EQ(*ReadFile(folder_ / "etc/ssh/sshd_config"),
            "# ours\nPort 22\nPermitRootLogin no  # for now\n");
  EXPECT_NE(Git("apply --check plan.patch"), 0);  // twice is refused, by us as well
  EXPECT_FALSE(PlanPatch(plan, folder_).ok());
  ASSERT_EQ(Git("apply -R plan.patch"), 0);
  EXPECT_EQ(*ReadFile(folder_ / "etc/ssh/sshd_config"), kBefore);
}

TEST_F(PatchTest, AFileThatIsNewIsNewInTheRepository) {
  PlanStep write = Step(StepKind::kWriteFile, {{"content", "Match User git\n"}});
  write.resource.name = "/etc/ssh/sshd_config.d/git.conf";
  RemediationPlan plan;
  plan.steps = {write};
  const auto patch = PlanPatch(plan, folder_);
  ASSERT_TRUE(patch.ok()) << Describe(patch.status());
  std::ofstream(folder_ / "plan.patch") << *patch;
  ASSERT_EQ(Git("apply plan.patch"), 0) << *patch;
  EXPECT_EQ(*ReadFile(folder_ / "etc/ssh/sshd_config.d/git.conf"), "Match User git\n");
}

}  // namespace
}  // namespace driftcast
