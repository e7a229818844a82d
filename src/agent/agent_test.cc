// The agent as a whole: over a scratch root, against a door that speaks the real protocol.
#include "agent/agent.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <thread>

#include "agent/dial.h"
#include "agent/fake_gate.h"
#include "base/file.h"
#include "collect/planted_secrets.h"
#include "collect/scratch_root.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    options_.engine = gate_.address();
    options_.data = scratch_.Real("/data");
    options_.root = scratch_.Real("/host").string();
    options_.stack = "web-7";
    options_.version = "test";
    options_.who.enabled = false;  // this test writes the host's files itself
    options_.lens_program = DRIFTCAST_LENS;
    options_.allow_list = scratch_.Real("/allow").string();
    Write("/etc/ssh/sshd_config", "PermitRootLogin no\n");
    Write("/var/lib/dpkg/status",
          "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
          "Conffiles:\n /etc/ssl/openssl.cnf 0\n\n");
    Write("/etc/ssl/openssl.cnf", "[a]\nb = 1\n");
    Write("/proc/sys/net/ipv4/ip_forward", "0\n");
    Write("/proc/loadavg", "0.1 0.1 0.1 1/10 5\n");
    Write("/var/log/dpkg.log", "2026-05-01 10:00:00 install openssl:amd64 <none> 1\n");
    Write("/var/log/apt/history.log", "");
  }
  void Write(const std::string& path, std::string_view content, mode_t mode = 0644) {
    scratch_.Write("/host" + path, content, mode);
  }

  // Runs an agent on a thread of its own until the end of the scope.
  class Running {
   public:
    Running(AgentOptions options, const Identity& identity)
        : agent_(std::move(options), *SystemClock()) {
      EXPECT_TRUE(agent_.Prepare().ok());
      thread_ = std::thread([this, identity] { EXPECT_TRUE(agent_.Run(identity).ok()); });
    }
    ~Running() {
      agent_.Stop();
      thread_.join();
    }
    Agent& agent() { return agent_; }

   private:
    Agent agent_;
    std::thread thread_;
  };

  Identity Join() {
    auto identity = Enroll(gate_.address(), gate_.token(), "web-7", "web");
    EXPECT_TRUE(identity.ok()) << Describe(identity.status());
    return identity.ok() ? *identity : Identity{};
  }
  // Waits until `condition` holds for what the door took.
  template <typename Condition>
  bool Eventually(const Condition& condition) {
    for (int i = 0; i < 1500; ++i) {
      if (condition(gate_.facts())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  static std::string LabelOf(const std::vector<v1::Fact>& facts, const std::string& name) {
    for (const v1::Fact& fact : facts)
      for (const auto& label : fact.stack_enrolled().labels())
        if (label.name() == name) return label.value();
    return "";
  }
  static const v1::ResourceObserved* LastOf(const std::vector<v1::Fact>& facts,
                                            const std::string& kind, const std::string& name) {
    const v1::ResourceObserved* last = nullptr;
    for (const v1::Fact& fact : facts)
      if (fact.has_resource_observed() && fact.resource_observed().resource().kind() == kind &&
          fact.resource_observed().resource().name() == name)
        last = &fact.resource_observed();
    return last;
  }
  static bool Completed(const std::vector<v1::Fact>& facts, const std::string& kind) {
    for (const v1::Fact& fact : facts)
      for (const std::string& done : fact.snapshot_completed().kinds())
        if (done == kind) return true;
    return false;
  }
  static bool AllCompleted(const std::vector<v1::Fact>& facts) {
    return Completed(facts, "package") && Completed(facts, "file") && Completed(facts, "sysctl");
  }

  ScratchRoot scratch_;
  FakeGate gate_;
  AgentOptions options_;
};

TEST_F(AgentTest, JoinsOnlyTheEngineThatTheTokenNames) {
  EXPECT_EQ(Join().agent, "agent-1");
  const std::string other = "dcj1.00ff." + std::string(64, 'a');
  EXPECT_EQ(Enroll(gate_.address(), other, "s", "").status().code(), StatusCode::kPermissionDenied);
  std::string unknown = gate_.token();
  unknown[5] = '1';
  EXPECT_EQ(Enroll(gate_.address(), unknown, "s", "").status().code(),
            StatusCode::kUnauthenticated);
  EXPECT_EQ(Enroll("127.0.0.1:1", gate_.token(), "s", "").status().code(),
            StatusCode::kUnavailable);
}

TEST_F(AgentTest, ReportsTheHostItsPastAndItself) {
  Running running(options_, Join());
  ASSERT_TRUE(Eventually([](const auto& facts) {
    if (!AllCompleted(facts)) return false;
    for (const auto& fact : facts)
      if (fact.has_agent_reported()) return true;
    return false;
  }));
  const auto facts = gate_.facts();
  for (size_t i = 0; i < facts.size(); ++i) EXPECT_EQ(facts[i].sequence(), i + 1);
  EXPECT_TRUE(facts[0].has_stack_enrolled());
  ASSERT_NE(LastOf(facts, "file", "/etc/ssh/sshd_config"), nullptr);
  ASSERT_NE(LastOf(facts, "package", "openssl"), nullptr);
  ASSERT_NE(LastOf(facts, "sysctl", "net.ipv4.ip_forward"), nullptr);
  EXPECT_EQ(LastOf(facts, "file", "/etc/ssl/openssl.cnf")->depends_on(0).to_name(), "openssl");
  size_t past = 0, metrics = 0;
  for (const auto& fact : facts) {
    past += static_cast<size_t>(fact.past_changes().events_size());
    metrics += static_cast<size_t>(fact.metrics_observed().points_size());
  }
  EXPECT_EQ(past, 2u);
  EXPECT_GT(metrics, 0u);
}

TEST_F(AgentTest, AChangeIsAtTheDoorAtOnce) {
  Running running(options_, Join());
  ASSERT_TRUE(Eventually(AllCompleted));
  Write("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
  ASSERT_TRUE(Eventually([](const auto& facts) {
    const auto* sshd = LastOf(facts, "file", "/etc/ssh/sshd_config");
    for (const auto& key : sshd->keys())
      if (key.path() == "PermitRootLogin" && key.value().text() == "yes") return true;
    return false;
  }));
  EXPECT_EQ(LastOf(gate_.facts(), "file", "/etc/ssh/sshd_config")->means(),
            static_cast<int>(Means::kEvent));
  std::filesystem::remove(scratch_.Real("/host/etc/ssh/sshd_config"));
  EXPECT_TRUE(Eventually([](const auto& facts) {
    return facts.back().has_resource_vanished() || facts[facts.size() - 2].has_resource_vanished();
  }));
}

// A storm of changes: what is waiting stays bounded, and the last state of every file arrives.
TEST_F(AgentTest, AStormLosesNoConfiguration) {
  // The budget is the process's, and this one also writes the files and searches what has arrived.
  options_.budget.cpu_percent = 100;
  for (int file = 0; file < 400; ++file) Write("/etc/storm/" + std::to_string(file), "v = 0\n");
  Running running(options_, Join());
  ASSERT_TRUE(Eventually([](const auto& facts) { return AllCompleted(facts); }));
  for (int round = 1; round <= 10; ++round)
    for (int file = 0; file < 400; ++file)
      Write("/etc/storm/" + std::to_string(file), "v = " + std::to_string(round) + "\n");
  ASSERT_TRUE(Eventually([](const auto& facts) {
    std::set<std::string> arrived;
    for (const auto& fact : facts)
      for (const auto& key : fact.resource_observed().keys())
        if (key.path() == "v" && key.value().text() == "10")
          arrived.insert(fact.resource_observed().resource().name());
    return arrived.size() == 400;
  }));
}

TEST_F(AgentTest, TheKernelNamesWhoChangedAFile) {
  options_.who.enabled = true;
  Running running(options_, Join());
  ASSERT_TRUE(Eventually([](const auto& facts) { return AllCompleted(facts); }));
  if (LabelOf(gate_.facts(), "who") != "fanotify") GTEST_SKIP() << "no fanotify for us here";
  Write("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
  ASSERT_TRUE(Eventually([](const auto& facts) {
    const auto* last = LastOf(facts, "file", "/etc/ssh/sshd_config");
    return last->cause().text().find("agent_test") != std::string::npos &&
           last->cause().confidence() == v1::Cause::EXACT;
  }));
  Write("/etc/ssh/new.conf", "x = 1\n");
  ASSERT_TRUE(Eventually([](const auto& facts) {
    const auto* last = LastOf(facts, "file", "/etc/ssh/new.conf");
    return last != nullptr && last->cause().text().find("agent_test") != std::string::npos;
  }));
}

TEST_F(AgentTest, APackageRunExplainsTheChangesOfItsFiles) {
  setenv("TZ", "UTC", 1);
  tzset();
  Running running(options_, Join());
  ASSERT_TRUE(Eventually(AllCompleted));
  std::string now = FormatInstant(std::chrono::floor<std::chrono::seconds>(SystemClock()->Now()));
  now = now.substr(0, 10) + "  " + now.substr(11, 8);
  Write("/var/log/apt/history.log", "\nStart-Date: " + now +
                                        "\nCommandline: apt-get upgrade\nUpgrade: openssl:amd64 "
                                        "(1, 2)\n");
  Write("/etc/ssl/openssl.cnf", "[a]\nb = 2\n");
  Write("/var/lib/dpkg/status",
        "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n"
        "Conffiles:\n /etc/ssl/openssl.cnf 0\n\n");
  ASSERT_TRUE(Eventually([](const auto& facts) {
    const auto* package = LastOf(facts, "package", "openssl");
    for (const auto& key : package->keys())
      if (key.path() == "version" && key.value().text() == "2") return true;
    return false;
  }));
  const auto facts = gate_.facts();
  EXPECT_EQ(LastOf(facts, "package", "openssl")->cause().kind(), v1::Cause::PACKAGE_RUN);
  EXPECT_EQ(LastOf(facts, "file", "/etc/ssl/openssl.cnf")->cause().kind(), v1::Cause::PACKAGE_RUN);
  bool activity = false;
  for (const auto& fact : facts) activity = activity || fact.has_activity_reported();
  EXPECT_TRUE(activity);
}

TEST_F(AgentTest, NothingIsLostOrRepeatedWhileTheEngineComesAndGoes) {
  options_.metrics_every = std::chrono::milliseconds(50);
  const Identity identity = Join();
  uint64_t last = 0;
  {
    gate_.break_after = 3;
    Running running(options_, identity);
    ASSERT_TRUE(Eventually(AllCompleted));
    gate_.Down();
    Write("/etc/new.conf", "a = 1\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    gate_.Up();
    ASSERT_TRUE(Eventually(
        [](const auto& facts) { return LastOf(facts, "file", "/etc/new.conf") != nullptr; }));
    last = gate_.facts().back().sequence();
  }
  {
    Running again(options_, identity);
    ASSERT_TRUE(Eventually([&](const auto& facts) { return facts.back().sequence() > last + 5; }));
  }
  const auto facts = gate_.facts();
  for (size_t i = 0; i < facts.size(); ++i) ASSERT_EQ(facts[i].sequence(), i + 1);
  size_t past = 0;
  for (const auto& fact : facts) past += fact.has_past_changes();
  EXPECT_EQ(past, 1u);  // once, not at every start
}

TEST_F(AgentTest, ASnapshotRequestIsAnswered) {
  options_.metrics_every = std::chrono::milliseconds(50);
  Running running(options_, Join());
  ASSERT_TRUE(Eventually(AllCompleted));
  const size_t before = gate_.facts().size();
  v1::EngineMessage message;
  message.mutable_snapshot_request()->add_kinds("file");
  gate_.Send(message);
  EXPECT_TRUE(Eventually([&](const auto& facts) {
    for (size_t i = before; i < facts.size(); ++i)
      if (facts[i].snapshot_completed().kinds_size() > 0) return true;
    return false;
  }));
}

TEST_F(AgentTest, AnOrderWithoutAProgramIsRefusedWithTheReason) {
  options_.metrics_every = std::chrono::milliseconds(50);
  Running running(options_, Join());
  ASSERT_TRUE(Eventually(AllCompleted));
  v1::EngineMessage message;
  message.mutable_order()->mutable_plan()->set_id("plan-1");
  gate_.Send(message);
  EXPECT_TRUE(Eventually([&](const auto& facts) {
    for (const auto& fact : facts)
      if (fact.plan_progressed().plan() == "plan-1" &&
          fact.plan_progressed().state() == static_cast<int>(PlanState::kFailed) &&
          fact.plan_progressed().detail().find("observe-only") != std::string::npos)
        return true;
    return false;
  }));
}

TEST_F(AgentTest, CertificatesAreRenewed) {
  gate_.certificate_seconds = 20;  // with a minute behind it: more than two thirds are over
  const Identity identity = Join();
  gate_.certificate_seconds = 86400;
  Running running(options_, identity);
  ASSERT_TRUE(Eventually(AllCompleted));
  EXPECT_GE(gate_.renewals(), 1);
  EXPECT_TRUE(LoadIdentity(options_.data / "identity").ok());
}

TEST_F(AgentTest, OnceReportsEverythingAndEnds) {
  Agent agent(options_, *SystemClock());
  ASSERT_TRUE(agent.Prepare().ok());
  ASSERT_TRUE(agent.RunOnce(Join(), 30 * kSecond).ok());
  EXPECT_TRUE(AllCompleted(gate_.facts()));
}

class RefusalTest : public AgentTest, public testing::WithParamInterface<bool> {};

// The door likes neither an observation of sshd's nor the past; the rest arrives, in order.
TEST_P(RefusalTest, WhatTheEngineRefusesIsSetAsideAndTheRestGoesOn) {
  gate_.names_what_it_refuses = GetParam();
  gate_.refuses = [](const v1::Fact& fact) {
    return fact.has_past_changes() ||
           (fact.resource_observed().resource().name() == "/etc/ssh/sshd_config" &&
            fact.resource_observed().keys_size() > 0);
  };
  Running running(options_, Join());
  ASSERT_TRUE(Eventually(AllCompleted));
  const auto facts = gate_.facts();
  size_t activities = 0;
  for (size_t i = 0; i < facts.size(); ++i) {
    ASSERT_EQ(facts[i].sequence(), i + 1);
    activities += facts[i].activity_reported().kind() == "fact_refused";
  }
  EXPECT_EQ(activities, 1u) << "in place of the past";
  const auto* sshd = LastOf(facts, "file", "/etc/ssh/sshd_config");
  ASSERT_NE(sshd, nullptr);
  ASSERT_EQ(sshd->uncompared_size(), 1) << "what was last seen must not pass for the present";
  EXPECT_EQ(sshd->uncompared(0).path(), "");
  EXPECT_NE(sshd->uncompared(0).reason().find("does not like it"), std::string::npos);
  std::string kept;
  for (const auto& entry : std::filesystem::directory_iterator(options_.data / "refused"))
    kept += *ReadFile(entry.path());
  EXPECT_NE(kept.find("past_changes {"), std::string::npos);
  EXPECT_NE(kept.find("PermitRootLogin"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, RefusalTest, testing::Bool(),
                         [](const auto& named) { return named.param ? "Named" : "NotNamed"; });

TEST_F(AgentTest, NoSecretIsInTheSpoolOrOnTheWire) {
  SecretMint mint(99);
  for (const PlantedFile& file : PlantSecrets(mint)) Write(file.path, file.content, file.mode);
  gate_.Down();
  {
    Agent agent(options_, *SystemClock());
    ASSERT_TRUE(agent.Prepare().ok());
    EXPECT_EQ(agent.RunOnce({}, Duration(100'000)).code(), StatusCode::kDeadlineExceeded);
  }
  std::string everything;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.data)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    everything.append(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_GT(everything.size(), 10000u);
  for (const std::string& secret : mint.all())
    EXPECT_EQ(everything.find(secret), std::string::npos) << secret;
}

}  // namespace
}  // namespace driftcast
