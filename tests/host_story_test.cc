// The whole way, with the real programs: the engine, and an agent in a network namespace of its own
// that watches a scratch root with a real dpkg in it and the namespace's real kernel settings. A
// file, a package and a kernel setting drift; each time a plan is chosen and approved, carried out
// by driftcast-apply, verified, and the resource is in sync again. One plan fails half way and must
// leave everything as it was.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply/scratch_host.h"
#include "support/engine_program.h"
#include "support/own_network.h"

namespace driftcast {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class HostStoryTest : public testing::Test {
 protected:
  HostStoryTest() {
    std::string name = fs::temp_directory_path() / "driftcast_story_XXXXXX";
    folder_ = mkdtemp(name.data());
    engine_ = std::make_unique<EngineProgram>(DRIFTCAST, folder_);
  }
  ~HostStoryTest() override {
    agent_.reset();
    engine_.reset();
    network_.reset();
    fs::remove_all(folder_);
  }

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "this needs root: dpkg and namespaces";
    MakeHost();
    ASSERT_TRUE(engine_->Start()) << *ReadFile(folder_ / "engine.log");
    const std::string gate = engine_->gate();
    auto network = OwnNetwork::Make(std::stoi(gate.substr(gate.rfind(':') + 1)));
    if (!network.ok())
      GTEST_SKIP() << "this machine does not allow it (a container without CAP_SYS_ADMIN?): "
                   << Describe(network.status());
    network_ = *std::move(network);
    const int error = InNamespace([] { return 0; });
    if (error != 0)
      GTEST_SKIP() << "this machine allows no mount namespace: " << std::strerror(error);
  }

  void MakeHost() {
    host_.Write("/etc/ssh/sshd_config", "Port 22\nPermitRootLogin no\n");
    fs::create_directories(host_.root() / "proc/sys/net");
    AddShell(host_);  // for the packages' scripts
    // On its way back to 1.0 the package refuses to be configured while /etc/refuse is there.
    host_.MakeDeb("tiny", "1.0", {{"postinst", "[ ! -e /etc/refuse ]"}});
    host_.MakeDeb("tiny", "2.0");
    host_.Install("tiny", "1.0");
    // What apt keeps of what it installed is where the way back comes from.
    fs::create_directories(host_.root() / "var/cache/apt/archives");
    for (const char* file : {"tiny_1.0_all.deb", "tiny_2.0_all.deb"})
      fs::copy_file(host_.debs() / file, host_.root() / "var/cache/apt/archives" / file);
  }

  // Runs `part` in a child in there; its result, or errno when it could not go there.
  int InNamespace(const std::function<int()>& part) const {
    const pid_t child = fork();
    if (child == 0)
      _exit(network_->Enter(host_.root() / "proc/sys/net") ? part() : (errno == 0 ? 1 : errno));
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  static std::string Forwarding() { return *ReadFile("/proc/sys/net/ipv4/ip_forward"); }

  void StartAgent() {
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{DRIFTCAST_AGENT, "--engine", network_->door(), "--data",
                                 folder_ / "agent", "--join", "@" + engine_->join_file(), "--stack",
                                 "scratch", "--root", host_.root(), "--apply", DRIFTCAST_APPLY,
                                 "--allow-list", host_.Options().allow},
        folder_ / "agent.log", [this] { return network_->Enter(host_.root() / "proc/sys/net"); });
  }

  std::string StatusOf(const std::string& resource) const {
    return engine_->AskJson("/api/v1/resource?id=scratch/" + resource).value("status", "");
  }
  bool Becomes(const std::string& resource, const std::string& status) const {
    return Eventually([&] { return StatusOf(resource) == status; });
  }

  // The plan of this strategy for the resource's drift.
  json PlanFor(const std::string& resource, const std::string& strategy) const {
    json found = json::object();
    Eventually([&] {
      const json plans = engine_->AskJson("/api/v1/plans?resource=scratch/" + resource);
      for (const json& plan : plans.value("rows", json::array()))
        if (plan.value("strategy", "") == strategy && plan.value("state", "") == "proposed")
          found = plan;
      return !found.empty();
    });
    return found;
  }
  void Decide(const json& plan, const std::string& verdict) const {
    const json decided = engine_->Post(
        "/api/v1/plans/" + plan.value("id", "") + "/decision",
        {{"verdict", verdict}, {"plan_hash", plan.value("hash", "")}, {"reason", "nobody said"}});
    EXPECT_FALSE(decided.empty()) << engine_->last_refusal();
  }
  // Approves it and waits until it has ended; the state that it ended in.
  std::string CarryOut(const json& plan) const {
    const std::string id = plan.value("id", "");
    Decide(plan, "approve");
    std::string state;
    Eventually([&] {
      state = engine_->AskJson("/api/v1/plans/" + id).value("state", "");
      return state == "succeeded" || state == "failed" || state == "rolled_back" ||
             state == "unclear";
    });
    return state;
  }
  std::string Revert(const std::string& resource) const {
    const json plan = PlanFor(resource, "revert");
    EXPECT_FALSE(plan.empty()) << "no plan reverts " << resource << ": "
                               << engine_->Ask("/api/v1/plans?resource=scratch/" + resource);
    return plan.empty() ? "" : CarryOut(plan);
  }
  std::string Logs() const { return *ReadFile(folder_ / "agent.log"); }

  ScratchHost host_;
  fs::path folder_;
  std::unique_ptr<EngineProgram> engine_;
  std::unique_ptr<OwnNetwork> network_;
  std::unique_ptr<Program> agent_;
};

TEST_F(HostStoryTest, FilePackageAndKernelSettingDriftAndArePutBack) {
  const std::string of_this_machine = Forwarding();
  const std::string file = "file//etc/ssh/sshd_config", package = "package/tiny",
                    setting = "sysctl/net.ipv4.ip_forward";
  StartAgent();
  for (const auto& resource : {file, package, setting})
    ASSERT_TRUE(Becomes(resource, "IN_SYNC")) << resource << "\n" << Logs();

  // A file.
  host_.Write("/etc/ssh/sshd_config", "Port 22\nPermitRootLogin yes\n");
  ASSERT_TRUE(Becomes(file, "DRIFTED")) << Logs();
  EXPECT_EQ(Revert(file), "succeeded") << Logs();
  EXPECT_EQ(host_.Read("/etc/ssh/sshd_config"), "Port 22\nPermitRootLogin no\n");
  EXPECT_TRUE(Becomes(file, "IN_SYNC"));

  // A package; its first plan cannot be carried out.
  host_.Write("/etc/refuse", "");
  host_.Install("tiny", "2.0");
  ASSERT_TRUE(Becomes(package, "DRIFTED")) << Logs();
  const auto before = host_.Snapshot({"tiny"});
  EXPECT_EQ(Revert(package), "rolled_back") << Logs();
  EXPECT_EQ(host_.Snapshot({"tiny"}), before) << "a plan that fails leaves things as they were";
  EXPECT_EQ(StatusOf(package), "DRIFTED");
  fs::remove(host_.root() / "etc/refuse");
  EXPECT_EQ(Revert(package), "succeeded") << Logs();
  EXPECT_EQ(host_.Package("tiny").version, "1.0");
  EXPECT_EQ(host_.Read("/usr/share/tiny/version"), "1.0\n");
  EXPECT_TRUE(Becomes(package, "IN_SYNC"));

  // A kernel setting, while the agent is away: it is found when it comes back.
  agent_.reset();
  ASSERT_EQ(InNamespace([] {
              const FileDescriptor fd(open("/proc/sys/net/ipv4/ip_forward", O_WRONLY));
              return write(fd.get(), "1\n", 2) == 2 ? 0 : 1;
            }),
            0);
  StartAgent();
  ASSERT_TRUE(Becomes(setting, "DRIFTED")) << Logs();
  EXPECT_EQ(Revert(setting), "succeeded") << Logs();
  EXPECT_EQ(InNamespace([] { return Forwarding() == "0\n" ? 0 : 1; }), 0);
  EXPECT_TRUE(Becomes(setting, "IN_SYNC"));
  EXPECT_EQ(Forwarding(), of_this_machine) << "only in the namespace";

  // Somebody takes over while a plan waits for its last check: it ends at once, and goes back.
  const json waits = engine_->Post(
      "/api/v1/plans",
      {{"stack", "scratch"},
       {"title", "another port, once it answers"},
       {"steps",
        {{{"kind", "set_key"},
          {"resource", "scratch/" + file},
          {"parameters", {{"path", "Port"}, {"value", "2222"}}}},
         {{"kind", "check_port"},
          {"resource", "scratch/" + file},
          {"parameters", {{"port", "2222"}}},
          {"timeout_s", 3600}}}}});
  ASSERT_FALSE(waits.empty()) << engine_->last_refusal();
  Decide(waits, "approve");
  const auto outcome = [&] {
    return engine_->AskJson("/api/v1/plans/" + waits.value("id", "")).value("outcome", "");
  };
  ASSERT_TRUE(Eventually([&] {
    return host_.Read("/etc/ssh/sshd_config") == "Port 2222\nPermitRootLogin no\n";
  })) << outcome()
      << Logs();
  Decide(waits, "override");
  EXPECT_TRUE(Eventually([&] {
    return outcome().find("the host had: rolled_back") != std::string::npos;
  })) << outcome()
      << Logs();
  EXPECT_EQ(host_.Read("/etc/ssh/sshd_config"), "Port 22\nPermitRootLogin no\n");

  // A guard puts a key back by itself, whatever else is changed in the file, until it is taken off.
  const json guard = engine_->Post(
      "/api/v1/plans",
      {{"stack", "scratch"},
       {"title", "root stays out"},
       {"strategy", "guard"},
       {"steps",
        {{{"kind", "arm_guard"},
          {"resource", "scratch/" + file},
          {"parameters",
           {{"path", "PermitRootLogin"},
            {"value", "no"},
            {"until", FormatInstant(SystemClock()->Now() + kDay)}}}}}}});
  ASSERT_FALSE(guard.empty()) << engine_->last_refusal();
  const auto of_guard = [&](const char* field) {
    return engine_->AskJson("/api/v1/plans/" + guard.value("id", "")).value(field, "");
  };
  Decide(guard, "approve");
  ASSERT_TRUE(Eventually([&] { return of_guard("state") == "running"; }))
      << of_guard("outcome") << Logs();
  const auto is_put_back = [&](const std::string& wanted) {
    return Eventually([&] { return host_.Read("/etc/ssh/sshd_config") == wanted; });
  };
  host_.Write("/etc/ssh/sshd_config", "Port 22\nPermitRootLogin yes\n");
  EXPECT_TRUE(is_put_back("Port 22\nPermitRootLogin no\n")) << Logs();
  EXPECT_TRUE(Eventually([&] { return of_guard("outcome").starts_with("put back"); }))
      << of_guard("outcome");
  // While the agent is away.
  agent_.reset();
  host_.Write("/etc/ssh/sshd_config", "Port 2022\nPermitRootLogin yes\n");
  StartAgent();
  EXPECT_TRUE(is_put_back("Port 2022\nPermitRootLogin no\n")) << Logs();
  EXPECT_EQ(of_guard("state"), "running");
  Decide(guard, "override");
  EXPECT_TRUE(Eventually([&] {
    return of_guard("outcome").find("the guard was taken off") != std::string::npos;
  })) << of_guard("outcome")
      << Logs();
  host_.Write("/etc/ssh/sshd_config", "Port 22\nPermitRootLogin yes\n");
  ASSERT_TRUE(Becomes(file, "DRIFTED")) << Logs();
  EXPECT_EQ(host_.Read("/etc/ssh/sshd_config"), "Port 22\nPermitRootLogin yes\n");

  const std::string audit = engine_->Ask("/api/v1/audit?limit=1000");
  for (const char* action : {"plan.approve", "plan.sent", "plan.succeeded", "plan.rolled_back",
                             "guard.put_back"})
    EXPECT_THAT(audit, HasSubstr(action));
  EXPECT_TRUE(engine_->AskJson("/api/v1/audit/verify").value("ok", false))
      << engine_->Ask("/api/v1/audit/verify");
  EXPECT_GE(network_->connections(), 3u) << "joining, and two streams";
}

}  // namespace
}  // namespace driftcast
