// Kills the agent, the engine, or the agent together with driftcast-apply, while plans run, again
// and again, and looks what became of plan and host.
//
// Each plan changes a key of a file, a package with a slow script, a kernel setting, an account and
// a unit (of a mock of the service manager) of a scratch root with a real dpkg. What was killed is
// started again. Then the engine must come to know an end, and the host must be as the plan wanted
// it (succeeded), as before (rolled back, failed), or every difference must be named (unclear).
// 8 kills, or 160 when DRIFTCAST_TEST_ALL is set; the moments come from one seed, and what they hit
// depends on the machine.
#include <unistd.h>

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/fake_systemd.h"
#include "apply/scratch_host.h"
#include "base/log.h"
#include "support/engine_program.h"

namespace driftcast {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kUnit = "nginx.service";

enum class Victim { kAgent, kAgentAndApply, kEngine, kAll };

class RemedyKillTest : public testing::Test {
 protected:
  RemedyKillTest() : systemd_(host_.base()) {
    StartLogging("error");
    folder_ = host_.base();
    engine_ = std::make_unique<EngineProgram>(DRIFTCAST, folder_);
  }
  ~RemedyKillTest() override {
    agent_.reset();
    engine_.reset();
  }

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "this needs root: dpkg";
    systemd_.Set(kUnit, {});
    host_.Write("/etc/nginx.ini", "; mine\n[a]\nworkers = 4\n", 0640);
    host_.Write("/proc/sys/vm/swappiness", "60\n");
    host_.Write("/etc/shadow", "root:*:1::::::\nweb:!:1::::::\n", 0640);
    host_.Write("/etc/.pwd.lock", "", 0600);
    AddShell(host_);
    fs::copy_file("/bin/sleep", host_.root() / "bin/sleep");
    fs::create_directories(host_.root() / "var/cache/apt/archives");
    for (const char* version : {"1.0", "2.0"}) {
      host_.MakeDeb("dc-demo", version, {{"postinst", "/bin/sleep 0.2"}});
      const std::string file = fmt::format("dc-demo_{}_all.deb", version);
      fs::copy_file(host_.debs() / file, host_.root() / "var/cache/apt/archives" / file);
    }
    host_.Install("dc-demo", "1.0");
    // The agent knows no other bus than the system's: the program is started with the mock's.
    std::ofstream(folder_ / "apply") << "#!/bin/sh\nexec " << DRIFTCAST_APPLY << " --bus "
                                     << systemd_.address() << " --no-download \"$@\"\n";
    chmod((folder_ / "apply").c_str(), 0755);
    host_.Allow("file\npackage\nsysctl\nunit\nuser\n");
    ASSERT_TRUE(engine_->Start("warn")) << *ReadFile(folder_ / "engine.log");
    StartAgent();
  }

  void StartAgent() {
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{DRIFTCAST_AGENT, "--engine", engine_->gate(), "--data",
                                 folder_ / "agent", "--join", "@" + engine_->join_file(), "--stack",
                                 "scratch", "--root", host_.root(), "--apply", folder_ / "apply",
                                 "--allow-list", host_.Options().allow},
        folder_ / "agent.log");
  }

  // Processes that the agent started, while it lives.
  std::vector<pid_t> ChildrenOf(pid_t parent) const {
    std::vector<pid_t> children;
    std::error_code error;
    for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", parent), error)) {
      std::ifstream list(task.path() / "children");
      for (pid_t child = 0; list >> child;) children.push_back(child);
    }
    return children;
  }

  void Kill(Victim victim) {
    const auto children = ChildrenOf(agent_->pid());
    if (victim != Victim::kEngine) agent_->End(SIGKILL);
    if (victim == Victim::kAgentAndApply || victim == Victim::kAll)
      for (const pid_t child : children) kill(child, SIGKILL);
    if (victim == Victim::kEngine || victim == Victim::kAll) engine_->End(SIGKILL);
    in_the_middle_ += Unfinished() ? 1 : 0;
    if (victim == Victim::kEngine || victim == Victim::kAll) {
      ASSERT_TRUE(engine_->Start("warn")) << *ReadFile(folder_ / "engine.log");
    }
    if (victim != Victim::kEngine) StartAgent();
  }

  fs::path JournalOf(const std::string& plan) const {
    return folder_ / "agent/apply/plans" / plan / "log";
  }
  bool Unfinished() const {
    const auto text = ReadFile(JournalOf(plan_));
    return text.ok() && text->find(R"("record":"end")") == std::string::npos;
  }

  std::string Observed(const std::string& resource, const std::string& path) const {
    const json shadow = engine_->AskJson("/api/v1/resource?id=scratch/" + resource);
    for (const json& key : shadow.value("keys", json::array()))
      if (key.value("path", "") == path && key.contains("observed") && key["observed"].is_object())
        return key["observed"].value("text", "");
    return "";
  }

  struct State {
    std::string workers, version, swappiness, shell;
    bool operator==(const State&) const = default;
  };
  State OnHost() const {
    const std::string text = host_.Read("/etc/nginx.ini");
    std::string swappiness = host_.Read("/proc/sys/vm/swappiness");
    while (swappiness.ends_with('\n')) swappiness.pop_back();
    return {text.substr(text.find("workers = ") + 10, 1), host_.Package("dc-demo").version,
            swappiness,
            host_.Read("/etc/passwd").find("/srv:/bin/sh") != std::string::npos ? "/bin/sh"
                                                                                : "/bin/bash"};
  }
  bool EngineKnows(const State& state) const {
    return Eventually([&] {
      return Observed("file//etc/nginx.ini", "a.workers") == state.workers &&
             Observed("package/dc-demo", "version") == state.version &&
             Observed("sysctl/vm.swappiness", "value") == state.swappiness &&
             Observed("user/web", "shell") == state.shell;
    });
  }
  std::map<std::string, std::string> Snapshot() {
    auto all = host_.Snapshot({"dc-demo"});
    all["unit"] = systemd_.Get(kUnit).active;
    std::erase_if(all, [](const auto& entry) { return entry.first.starts_with("/var/cache/"); });
    return all;
  }

  json Step(const std::string& kind, const std::string& resource, const json& parameters) const {
    return {{"kind", kind}, {"resource", "scratch/" + resource}, {"parameters", parameters}};
  }

  ScratchHost host_;
  FakeSystemd systemd_;
  fs::path folder_;
  std::unique_ptr<EngineProgram> engine_;
  std::unique_ptr<Program> agent_;
  std::string plan_;
  int in_the_middle_ = 0;
};

TEST_F(RemedyKillTest, WhoeverIsKilledThePlanHasAnEndAndTheHostIsDoneOrAsBefore) {
  const int kills = std::getenv("DRIFTCAST_TEST_ALL") != nullptr ? 160 : 8;
  std::mt19937_64 random(7);
  std::map<std::string, int> ends;
  for (int i = 0; i < kills; ++i) {
    const State before = OnHost();
    ASSERT_TRUE(EngineKnows(before)) << *ReadFile(folder_ / "agent.log");
    const bool forth = before.version == "1.0";
    const State wanted =
        forth ? State{"8", "2.0", "10", "/bin/bash"} : State{"4", "1.0", "60", "/bin/sh"};
    const auto snapshot = Snapshot();
    const json plan =
        engine_->Post("/api/v1/plans",
                      {{"stack", "scratch"},
                       {"title", "forth and back"},
                       {"steps",
                        {Step("set_key", "file//etc/nginx.ini",
                              {{"path", "a.workers"}, {"value", wanted.workers}}),
                         Step("set_key", "user/web", {{"path", "shell"}, {"value", wanted.shell}}),
                         Step("install_package", "package/dc-demo", {{"version", wanted.version}}),
                         Step("set_sysctl", "sysctl/vm.swappiness",
                              {{"value", wanted.swappiness}, {"persist", "true"}}),
                         Step("restart_unit", std::string("unit/") + kUnit, json::object())}}});
    ASSERT_FALSE(plan.empty()) << engine_->last_refusal();
    plan_ = plan.value("id", "");
    ASSERT_FALSE(
        engine_
            ->Post("/api/v1/plans/" + plan_ + "/decision", {{"verdict", "approve"},
                                                            {"plan_hash", plan.value("hash", "")},
                                                            {"reason", "it is a test"}})
            .empty())
        << engine_->last_refusal();
    // Mostly while it is being carried out, however slow the machine is; now and then before that.
    if (random() % 5 != 0) {
      ASSERT_TRUE(Eventually([&] { return fs::exists(JournalOf(plan_)); }))
          << *ReadFile(folder_ / "agent.log");
    }
    std::this_thread::sleep_for(milliseconds(random() % 500));
    const auto victim = static_cast<Victim>(i % 4);
    Kill(victim);
    if (HasFatalFailure()) return;

    std::string state;
    json now;
    const bool ended = Eventually([&] {
      now = engine_->AskJson("/api/v1/plans/" + plan_);
      state = now.value("state", "");
      return state == "succeeded" || state == "failed" || state == "rolled_back" ||
             state == "unclear";
    });
    const std::string which =
        fmt::format("kill {} of {}: {} {}", i, static_cast<int>(victim), plan_, now.dump());
    ASSERT_TRUE(ended) << which << *ReadFile(folder_ / "agent.log");
    ++ends[state];
    if (state == "succeeded") {
      EXPECT_EQ(OnHost(), wanted) << which;
    } else if (state == "unclear") {
      EXPECT_THAT(now.value("outcome", ""), HasSubstr("not as before: ")) << which;
      FAIL() << "nothing here needs a person, and this does: " << which;
    } else {
      EXPECT_EQ(Snapshot(), snapshot) << which;
    }
    EXPECT_FALSE(Unfinished()) << which;
  }
  EXPECT_GT(in_the_middle_, 0) << "no kill met a plan under way: it proves nothing";
  EXPECT_TRUE(engine_->AskJson("/api/v1/audit/verify").value("ok", false));
  for (const auto& [state, count] : ends) std::printf("%s: %d\n", state.c_str(), count);
  std::printf("%d kills, %d of them while a plan was being carried out\n", kills, in_the_middle_);
}

}  // namespace
}  // namespace driftcast
