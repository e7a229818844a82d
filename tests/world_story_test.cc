// What the world knows and what people do, with the real programs: an agent on a scratch root whose
// package has a known vulnerability, whose release is out of support, whose service talks to an
// address that a threat feed has, and on which somebody becomes root at night. Each must be seen,
// explained where it matters, and stand on the timeline.
#include <utmp.h>

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "collect/scratch_root.h"
#include "support/engine_program.h"

namespace driftcast {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kOsv =
    R"({"id":"DSA-5103-1","published":"2022-03-15T00:00:00Z","upstream":["CVE-2022-0778"],)"
    R"("summary":"openssl - security update","affected":[{"package":{"ecosystem":"Debian:11",)"
    R"("name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},)"
    R"({"fixed":"1.1.1k-1+deb11u2"}]}]}]})";
constexpr const char* kKev =
    R"({"catalogVersion":"1","dateReleased":"2026-01-02T00:00:00Z","vulnerabilities":[)"
    R"({"cveID":"CVE-2022-0778","dateAdded":"2022-04-01","dueDate":"2022-04-22",)"
    R"("knownRansomwareCampaignUse":"Unknown","vulnerabilityName":"an endless loop"}]})";
constexpr const char* kEpss =
    "#model_version:v2026.06.15,score_date:2026-08-16T00:00:00Z\n"
    "cve,epss,percentile\nCVE-2022-0778,0.61,0.98\n";
constexpr const char* kEol = R"({"debian":{"releases":{"11":{"name":"11","codename":"Bullseye",)"
                             R"("releaseDate":"2021-08-14","eol":"2024-08-14"}},"versions":{}}})";
constexpr const char* kIndicators =
    "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n"
    "\"2024-02-08 19:20:49\",\"192.0.2.77\",\"443\",\"online\",\"2024-03-11\",\"Pikabot\"\n";
constexpr const char* kStatus =
    "Package: libssl1.1\nStatus: install ok installed\nArchitecture: amd64\n"
    "Source: openssl\nVersion: 1.1.1k-1+deb11u1\n\n"
    "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\n"
    "Version: 11.1+deb11u9\n\n"
    "Package: hello\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.10-2\n";
// 4D0200C0:01BB = 192.0.2.77:443.
constexpr const char* kTcp =
    "  sl  local_address rem_address\n"
    "   0: 0100000A:9C40 4D0200C0:01BB 01 0:0 0:0 0 0 0 500 1\n";

class WorldStoryTest : public testing::Test {
 protected:
  WorldStoryTest() {
    std::string name = fs::temp_directory_path() / "driftcast_world_XXXXXX";
    folder_ = mkdtemp(name.data());
    engine_ = std::make_unique<EngineProgram>(DRIFTCAST, folder_);
  }
  ~WorldStoryTest() override {
    agent_.reset();
    engine_.reset();
    fs::remove_all(folder_);
  }

  void MakeHost() {
    host_.Write("/etc/os-release", "ID=debian\nVERSION_ID=\"11\"\nPRETTY_NAME=\"Debian 11\"\n");
    host_.Write("/var/lib/dpkg/status", kStatus);
    host_.Write("/usr/lib/systemd/system/app.service", "[Service]\nExecStart=/usr/bin/app\n");
    host_.Write("/etc/apt/sources.list", "deb http://mirror.evil.example/debian bookworm main\n");
    host_.Write("/proc/net/tcp", kTcp);
    host_.Write("/proc/77/cgroup", "0::/system.slice/app.service\n");
    host_.Link("/proc/77/exe", "/usr/bin/app");
    host_.Link("/proc/77/fd/4", "socket:[500]");
    WritePeople();
  }

  // Alice uses sudo twice each morning for four weeks, and once in the night.
  void WritePeople() {
    const Instant now = SystemClock()->Now();
    const Instant midnight = std::chrono::floor<std::chrono::days>(now);
    std::string log;
    const auto sudo = [&](Instant at, const std::string& program) {
      std::string time = FormatInstant(at);
      log += time + " web sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=" + program +
             " secret-argument\n";
    };
    for (int day = 28; day >= 2; --day) {
      sudo(midnight - kDay * day + kHour * 13, "/usr/bin/apt");
      sudo(midnight - kDay * day + kHour * 13 + kMinute * 20, "/usr/bin/systemctl");
    }
    sudo(midnight - kDay + kHour * 3, "/usr/bin/tee");
    host_.Write("/var/log/auth.log", log);
    utmp login{};
    login.ut_type = USER_PROCESS;
    std::strncpy(login.ut_user, "alice", sizeof login.ut_user);
    std::strncpy(login.ut_line, "pts/0", sizeof login.ut_line);
    std::strncpy(login.ut_host, "198.51.100.9", sizeof login.ut_host);
    login.ut_tv.tv_sec =
        static_cast<int32_t>(ToUnixMicros(midnight - kDay + kHour * 3) / 1'000'000);
    host_.Write("/var/log/wtmp", {reinterpret_cast<const char*>(&login), sizeof login});
  }

  void StartAgent() {
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{DRIFTCAST_AGENT, "--engine", engine_->gate(), "--data",
                                 folder_ / "agent", "--join", "@" + engine_->join_file(), "--stack",
                                 "web-7", "--root", host_.Real("/etc").parent_path()},
        folder_ / "agent.log");
  }

  // driftcast feeds ...: all that it writes, and its exit code.
  std::pair<std::string, int> Feeds(std::vector<std::string> words) {
    std::vector<std::string> command = {DRIFTCAST, "feeds"};
    for (std::string& word : words) command.push_back(std::move(word));
    command.push_back("--data");
    command.push_back(engine_->data());
    const fs::path log = folder_ / fmt::format("command-{}.log", ++commands_);
    const int code = Program(command, log).End(0);
    return {*ReadFile(log), code};
  }
  std::string File(const std::string& name, std::string_view text) const {
    EXPECT_TRUE(WriteFileAtomically(folder_ / name, text).ok());
    return folder_ / name;
  }
  std::string StateOf(const std::string& feed) {
    const json feeds = json::parse(Feeds({"status", "--json"}).first, nullptr, false);
    if (!feeds.is_object()) return "";
    for (const json& row : feeds["rows"])
      if (row.value("feed", "") == feed)
        return fmt::format("{} records, error '{}'", row.value("records", 0),
                           row.value("error", ""));
    return "none";
  }

  json Resource(const std::string& id) const {
    return engine_->AskJson("/api/v1/resource?id=web-7/" + id);
  }
  // The factor of its severity of this name, with its reason; "" when there is none.
  static std::string FactorOf(const json& resource, const std::string& name) {
    if (!resource.contains("prediction") || !resource["prediction"].is_object()) return "";
    for (const json& factor : resource["prediction"]["severity_factors"])
      if (factor["name"] == name) return factor["text"];
    return "";
  }
  static std::string ReasonOf(const json& resource, const std::string& group) {
    if (!resource.contains("prediction") || !resource["prediction"].is_object()) return "";
    for (const json& reason : resource["prediction"]["reasons"])
      if (reason["group"] == group) return reason["text"];
    return "";
  }
  // Activities of this kind on the timeline, newest first.
  std::vector<json> Timeline(const std::string& kind) const {
    std::vector<json> found;
    for (const json& activity :
         engine_->AskJson("/api/v1/activities?stack=web-7&limit=500").value("rows", json::array()))
      if (activity["kind"] == kind) found.push_back(activity);
    return found;
  }
  bool Concerns(const json& activity, const std::string& resource) const {
    const auto& resources = activity["resources"];
    return std::find(resources.begin(), resources.end(), resource) != resources.end();
  }

  ScratchRoot host_;
  fs::path folder_;
  int commands_ = 0;
  std::unique_ptr<EngineProgram> engine_;
  std::unique_ptr<Program> agent_;
};

TEST_F(WorldStoryTest, IsSeenExplainedAndOnTheTimeline) {
  MakeHost();
  ASSERT_TRUE(engine_->Start()) << *ReadFile(folder_ / "engine.log");
  StartAgent();
  ASSERT_TRUE(Eventually([&] { return Resource("package/libssl1.1").contains("prediction"); }))
      << *ReadFile(folder_ / "agent.log");
  const auto [said, code] =
      Feeds({"import", File("debian.jsonl", kOsv), File("kev.json", kKev), File("epss.csv", kEpss),
             File("eol.json", kEol), File("feodo.csv", kIndicators),
             File("domains.txt", "# one a line\nevil[.]example\n")});
  ASSERT_EQ(code, 0) << said;

  // A package with an open exposure.
  ASSERT_TRUE(
      Eventually([&] { return !FactorOf(Resource("package/libssl1.1"), "exposure").empty(); }));
  const json package = Resource("package/libssl1.1");
  const std::string why = FactorOf(package, "exposure");
  EXPECT_THAT(why, HasSubstr("CVE-2022-0778 (used in attacks, EPSS 0.61)"));
  EXPECT_THAT(why, HasSubstr("is fixed in 1.1.1k-1+deb11u2"));
  EXPECT_THAT(ReasonOf(package, "exposure"), HasSubstr("CVE-2022-0778"));
  EXPECT_GE(package["prediction"].value("severity", 0.0), 4);
  EXPECT_THAT(package["prediction"].value("severity_reason", ""), HasSubstr("CVE-2022-0778"));
  EXPECT_TRUE(FactorOf(Resource("package/hello"), "exposure").empty());

  // A release out of support.
  EXPECT_THAT(FactorOf(Resource("package/base-files"), "exposure"), HasSubstr("has ended"));
  bool told_package = false, told_release = false;
  for (const json& activity : Timeline("exposure")) {
    told_package |= Concerns(activity, "package/libssl1.1");
    told_release |= Concerns(activity, "package/base-files");
  }
  EXPECT_TRUE(told_package && told_release) << engine_->Ask("/api/v1/activities?stack=web-7");

  // An indicator met in a connection.
  ASSERT_TRUE(
      Eventually([&] { return !FactorOf(Resource("unit/app.service"), "threat").empty(); }));
  EXPECT_THAT(FactorOf(Resource("unit/app.service"), "threat"), HasSubstr("192.0.2.77"));
  EXPECT_THAT(FactorOf(Resource("unit/app.service"), "threat"), HasSubstr("Pikabot"));
  // And in a configuration.
  const std::string source = "file//etc/apt/sources.list";
  ASSERT_TRUE(Eventually([&] { return !FactorOf(Resource(source), "threat").empty(); }));
  EXPECT_THAT(
      FactorOf(Resource(source), "threat"),
      HasSubstr("the domain mirror.evil.example is an indicator of domains (evil.example)"));
  EXPECT_THAT(ReasonOf(Resource("unit/app.service"), "threats"), HasSubstr("192.0.2.77"));
  const std::vector<json> met = Timeline("indicator");
  ASSERT_EQ(met.size(), 2u);
  EXPECT_TRUE(Concerns(met[0], source) || Concerns(met[1], source));
  EXPECT_TRUE(Concerns(met[0], "unit/app.service") || Concerns(met[1], "unit/app.service"));

  // Somebody at night. The weeks before are told first, one by one.
  ASSERT_TRUE(Eventually([&] {
    const auto sudo = Timeline("sudo");
    return !sudo.empty() && !Timeline("login").empty() &&
           sudo[0].value("text", "").find("/usr/bin/tee") != std::string::npos;
  })) << engine_->Ask("/api/v1/activities?stack=web-7&limit=500");
  const json night = Timeline("sudo")[0];
  EXPECT_THAT(night.value("text", ""), HasSubstr("for /usr/bin/tee, at an unusual hour"));
  EXPECT_THAT(night.value("text", ""), HasSubstr("person-"));
  EXPECT_EQ(Timeline("sudo")[1].value("text", "").find("unusual"), std::string::npos);
  EXPECT_FALSE(Timeline("login").empty());
  const std::string all = engine_->Ask("/api/v1/activities?stack=web-7&limit=500");
  for (const char* secret : {"alice", "198.51.100.9", "secret-argument"})
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;

  // What other systems say.
  EXPECT_FALSE(engine_
                   ->Post("/api/v1/activities", {{"stack", "web-7"},
                                                 {"kind", "deployment"},
                                                 {"id", "release-42"},
                                                 {"text", "release 42"}})
                   .empty())
      << engine_->last_refusal();
  EXPECT_EQ(Timeline("deployment").size(), 1u);
  const json alert = {{"alerts",
                       {{{"status", "firing"},
                         {"labels", {{"alertname", "Down"}, {"instance", "web-7:9100"}}},
                         {"annotations", {{"summary", "no answer"}}},
                         {"startsAt", "2026-01-01T00:00:00Z"},
                         {"fingerprint", "f1"}}}}};
  EXPECT_EQ(engine_->Post("/api/v1/hooks/alertmanager", alert).value("taken", 0), 1);
  EXPECT_EQ(Timeline("incident").at(0).value("text", ""), "Down: no answer");
}

TEST_F(WorldStoryTest, FeedsAreImportedWithAnEngineAndWithoutOne) {
  // Never an engine's folder: said, and nothing is made.
  const auto [nowhere, refused] = Feeds({"status"});
  EXPECT_NE(refused, 0);
  EXPECT_THAT(nowhere, HasSubstr("holds no engine's store"));
  EXPECT_FALSE(fs::exists(engine_->data() / "store"));

  ASSERT_TRUE(engine_->Start()) << *ReadFile(folder_ / "engine.log");
  EXPECT_EQ(Feeds({"import", File("kev.json", kKev)}).second, 0);
  EXPECT_EQ(StateOf("kev"), "1 records, error ''");
  // Half a file is not used; what was there stays.
  const auto [half, failed] =
      Feeds({"import", File("half.json", std::string_view(kKev).substr(0, 200))});
  EXPECT_NE(failed, 0);
  EXPECT_THAT(half, HasSubstr("half.json"));
  EXPECT_EQ(StateOf("kev"), "1 records, error ''");

  // The engine runs and its address is lost: it holds the store.
  fs::rename(engine_->data() / "engine.json", folder_ / "aside.json");
  const auto [held, code] = Feeds({"status"});
  EXPECT_NE(code, 0);
  EXPECT_THAT(held, HasSubstr("is held by an engine"));
  fs::rename(folder_ / "aside.json", engine_->data() / "engine.json");

  ASSERT_EQ(engine_->End(SIGTERM), 0);
  EXPECT_EQ(StateOf("kev"), "1 records, error ''") << "without an engine";
  EXPECT_EQ(Feeds({"import", File("epss.csv", kEpss)}).second, 0);
  ASSERT_TRUE(engine_->Start());
  EXPECT_EQ(StateOf("epss"), "1 records, error ''") << "the engine finds it";
  EXPECT_EQ(Feeds({"remove", "epss"}).second, 0);
  EXPECT_EQ(StateOf("epss"), "none");
}

}  // namespace
}  // namespace driftcast
