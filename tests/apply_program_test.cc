// The program driftcast-apply as the agent runs it: an order on its input, lines of JSON back.
#include <fcntl.h>

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/confine.h"
#include "apply/scratch_host.h"
#include "wire/order.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

class ApplyProgramTest : public testing::Test {
 protected:
  ApplyProgramTest() {
    host_.Write("/etc/ssh/sshd_config", "Port 22\nPermitRootLogin yes\n", 0600);
    std::ofstream(host_.data() / "key") << Hex(host_.key().public_key) << "\n";
  }

  Order GoodOrder(const std::string& id = "plan-1") const {
    const ResourceId sshd = host_.Id("file", "/etc/ssh/sshd_config");
    RemediationPlan plan =
        host_.Plan(id,
                   {ScratchHost::Step(StepKind::kSetKey, sshd,
                                      {{"path", "PermitRootLogin"}, {"value", "no"}})},
                   {{sshd, {{"PermitRootLogin", Value::Text("yes")}}}});
    const Instant now = SystemClock()->Now();
    plan.expires_at = now + kHour;
    plan.hash = Hex(Sha256(CanonicalPlanBytes(plan)));
    return *SignOrder(host_.key(), plan, now, Principal("alice"));
  }

  static std::string Bytes(const Order& order) {
    v1::SignedPlan message;
    ToProto(order, &message);
    return message.SerializeAsString();
  }

  SubprocessResult RunProgram(const std::string& input, std::vector<std::string> more = {}) {
    Subprocess process;
    process.arguments = {DRIFTCAST_APPLY,
                         "--root",
                         host_.root(),
                         "--data",
                         host_.data(),
                         "--allow",
                         host_.Options().allow,
                         "--key",
                         host_.data() / "key",
                         "--stack",
                         "web-7",
                         "--no-download"};
    process.arguments.insert(process.arguments.end(), more.begin(), more.end());
    process.input = input;
    auto result = driftcast::Run(process);
    EXPECT_TRUE(result.ok()) << Describe(result.status());
    return result.ok() ? *result : SubprocessResult{};
  }

  ScratchHost host_;
};

TEST_F(ApplyProgramTest, CarriesOutAnOrderAndSaysSo) {
  const auto result = RunProgram(Bytes(GoodOrder()));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr(R"("plan":"plan-1","state":"running","step":0})"));
  EXPECT_THAT(result.output, HasSubstr(R"("state":"succeeded","step":-1})"));
  EXPECT_EQ(host_.Read("/etc/ssh/sshd_config"), "Port 22\nPermitRootLogin no\n");
  const auto again = RunProgram(Bytes(GoodOrder()));
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.output, HasSubstr("not repeated"));
}

TEST_F(ApplyProgramTest, ADryRunPrintsTheDiffAndTouchesNothing) {
  const std::string before = host_.Fingerprint();
  const auto result = RunProgram(Bytes(GoodOrder()), {"--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("-PermitRootLogin yes\\n+PermitRootLogin no\\n"));
  EXPECT_EQ(host_.Fingerprint(), before);
}

struct LensCase {
  const char* file;
  const char* before;
  const char* path;
  const char* value;
  const char* after;
};
class LensEditTest : public ApplyProgramTest, public testing::WithParamInterface<LensCase> {};

// Formats whose reader is a process of its own are edited by the same search.
TEST_P(LensEditTest, ChangesJustTheKey) {
  const LensCase& c = GetParam();
  host_.Write(c.file, c.before);
  const ResourceId file = host_.Id("file", c.file);
  Order order = GoodOrder();
  order.plan.steps = {
      ScratchHost::Step(StepKind::kSetKey, file, {{"path", c.path}, {"value", c.value}})};
  order.plan.base = {{file, {{c.path, Value::Guess("80")}}}};
  order.plan.hash = Hex(Sha256(CanonicalPlanBytes(order.plan)));
  order = *SignOrder(host_.key(), order.plan, order.issued_at, order.approved_by);
  const auto result = RunProgram(Bytes(order), {"--lens", DRIFTCAST_LENS});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(host_.Read(c.file), c.after);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, LensEditTest,
    testing::Values(LensCase{"/etc/a.json", "{\n  \"x\": 80,\n  \"s\": {\"port\": 80}\n}\n",
                             "s.port", "8080", "{\n  \"x\": 80,\n  \"s\": {\"port\": 8080}\n}\n"},
                    LensCase{"/etc/a.yaml", "# why\ns:\n  port: 80  # mine\nx: 80\n", "s.port",
                             "8080", "# why\ns:\n  port: 8080  # mine\nx: 80\n"},
                    LensCase{"/etc/a.toml", "x = 80\n[s]\nport = 80 # mine\n", "s.port", "8080",
                             "x = 80\n[s]\nport = 8080 # mine\n"}));

TEST_F(ApplyProgramTest, WhatIsNoOrderIsRefused) {
  for (const std::string& input : {std::string(), std::string("\xFF\xFF\xFF"),
                                   std::string(50'000, 'x'), Bytes(GoodOrder()).substr(0, 60)}) {
    const auto result = RunProgram(input);
    EXPECT_EQ(result.exit_code, 1) << result.output;
    EXPECT_THAT(result.output, HasSubstr(R"("state":"failed")"));
  }
  EXPECT_EQ(RunProgram("", {"--nonsense"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(host_.data() / "plans"));
}

TEST_F(ApplyProgramTest, KindsThatMayBeChangedAreListed) {
  host_.Allow("sysctl net.**\nfile /etc/ssh/**\n# package\n");
  EXPECT_EQ(RunProgram("", {"--print-allowed"}).output, "file\nsysctl\n");
}

TEST_F(ApplyProgramTest, RecoverPutsBackWhatAKilledRunLeft) {
  const auto before = host_.Snapshot();
  const pid_t child = fork();
  if (child == 0) {
    SetProbe([](const char* point) {
      if (std::string_view(point) == "step.done") raise(SIGKILL);
    });
    Execute(GoodOrder(), host_.Options(), *SystemClock(), {});
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_NE(host_.Snapshot(), before);
  const auto result = RunProgram("", {"--recover"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr(R"("plan":"plan-1","state":"rolled_back")"));
  EXPECT_EQ(host_.Snapshot(), before);
}

TEST_F(ApplyProgramTest, TheKernelKeepsThePromiseOfADryRun) {
  InChild([&] {
    const fs::path file = host_.root() / "etc/ssh/sshd_config";
    ASSERT_TRUE(ForbidWriting());
    EXPECT_EQ(open(file.c_str(), O_WRONLY), -1);
    EXPECT_EQ(errno, EROFS);
    EXPECT_EQ(open((host_.root() / "new").c_str(), O_CREAT | O_WRONLY, 0600), -1);
    EXPECT_EQ(unlink(file.c_str()), -1);
    EXPECT_EQ(chmod(file.c_str(), 0777), -1);
    EXPECT_EQ(rename(file.c_str(), (host_.root() / "x").c_str()), -1);
    EXPECT_GE(open(file.c_str(), O_RDONLY), 0);
  });
}

}  // namespace
}  // namespace driftcast
