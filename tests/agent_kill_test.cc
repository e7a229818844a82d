// Kills the whole agent with SIGKILL at random moments under load, again and again, and then looks
// for every change.
//
// A scratch root changes all the time: files come, and some are rewritten with a rising number. The
// books that are compared:
// - after each kill the test itself reads the agent's spool: what was durable there and not yet
//   acknowledged must be in the engine's history, each value exactly once and in order;
// - every file that was ever made is in the engine with the last value that was written;
// - the engine missed no number (no gap, no snapshot asked for), and has the spool's last one.
// 25 kills, or 250 when DRIFTCAST_TEST_ALL is set. The moments come from one
// seed; what they hit depends on the machine.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "agent/spool.h"
#include "base/log.h"
#include "collect/scratch_root.h"
#include "engine/engine.h"
#include "support/engine_program.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;

constexpr int kRewritten = 8;  // files with a rising number

// Changes the host until it is stopped, and remembers what it wrote.
class Load {
 public:
  explicit Load(const ScratchRoot& host) : host_(host), thread_([this] { Run(); }) {}
  ~Load() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // After Stop: path -> number in it.
  const std::map<std::string, int64_t>& written() const { return written_; }

 private:
  void Run() {
    std::mt19937_64 random(11);
    for (int64_t number = 1; !stopping_; ++number) {
      const std::string path = random() % 4 == 0
                                   ? "/etc/load/made-" + std::to_string(number) + ".conf"
                                   : "/etc/load/" + std::to_string(random() % kRewritten) + ".conf";
      // Complete at any time, as editors and package managers do it.
      host_.Write("/etc/.new", "number = " + std::to_string(number) + "\n");
      std::filesystem::rename(host_.Real("/etc/.new"), host_.Real(path));
      written_[path] = number;
      std::this_thread::sleep_for(milliseconds(random() % 40));
    }
  }

  const ScratchRoot& host_;
  std::map<std::string, int64_t> written_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

class AgentKillTest : public testing::Test {
 protected:
  AgentKillTest() {
    StartLogging("error");
    std::string name = std::filesystem::temp_directory_path() / "driftcast_agent_kill_XXXXXX";
    folder_ = mkdtemp(name.data());
    for (int i = 0; i < kRewritten; ++i)
      host_.Write("/etc/load/" + std::to_string(i) + ".conf", "number = 0\n");
    engine_ = std::make_unique<EngineProgram>(DRIFTCAST, folder_);
  }
  ~AgentKillTest() override {
    engine_.reset();
    if (!HasFailure()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Program> StartAgent(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {DRIFTCAST_AGENT,
                                        "--engine",
                                        engine_->gate(),
                                        "--data",
                                        folder_ / "agent",
                                        "--join",
                                        "@" + engine_->join_file(),
                                        "--stack",
                                        "scratch",
                                        "--root",
                                        host_.Real("/etc").parent_path(),
                                        "--watch",
                                        "/etc/load",
                                        "--log-level",
                                        "info"};
    command.insert(command.end(), more.begin(), more.end());
    return std::make_unique<Program>(command, folder_ / "agent.log");
  }

  double Counter(const std::string& name) const {
    const std::string text = engine_->Ask("/metrics");
    const size_t at = text.find("\ndriftcast_" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find(' ', at) + 1));
  }

  // What a dead agent's spool still holds goes into the books.
  void ReadSpool() {
    auto spool = Spool::Open({.folder = folder_ / "agent" / "spool"});
    ASSERT_TRUE(spool.ok()) << Describe(spool.status());
    uint64_t from = (*spool)->sequence_oldest();
    for (;;) {
      const auto entries = (*spool)->Read(from, 1000, 1 << 20);
      if (entries.empty()) break;
      for (const auto& entry : entries) Note(entry);
      from = entries.back().sequence + 1;
    }
  }
  void Note(const Spool::Entry& entry) {
    const auto fact = DecodeFact(entry.fact);
    ASSERT_TRUE(fact.ok()) << Describe(fact.status());
    const auto* observed = std::get_if<ResourceObserved>(&fact->body);
    if (observed == nullptr) return;
    for (const KeyValue& key : observed->keys)
      if (key.path == "number") spooled_[observed->resource.name][entry.sequence] = key.value.text;
  }

  // Compares the books with one file's history in the engine. The first value that is wrong.
  static std::string Compare(const EngineView& view, const std::string& path, int64_t last,
                             const std::map<uint64_t, std::string>& spooled) {
    const ResourceId id{StackId("scratch"), "file", path};
    const auto history = view.History(id, Instant(), Instant(), 1'000'000);
    if (!history.ok()) return Describe(history.status());
    std::vector<std::string> values;  // oldest first
    for (auto entry = history->rbegin(); entry != history->rend(); ++entry)
      if (entry->event.path == "number") values.push_back(entry->event.new_value);
    for (size_t i = 1; i < values.size(); ++i)
      if (std::stoll(values[i]) <= std::stoll(values[i - 1]))
        return "goes from " + values[i - 1] + " to " + values[i];
    for (const auto& [sequence, value] : spooled)
      if (value != "0" && std::find(values.begin(), values.end(), value) == values.end())
        return "the spooled fact " + std::to_string(sequence) + ", " + value + ", is not there";
    std::string now = "(nothing)";
    if (const auto shadow = view.Shadow(id))
      for (const ShadowKey& key : shadow->keys)
        if (key.path == "number" && key.observed) now = key.observed->text;
    return now == std::to_string(last) ? "" : "is " + now + " and not " + std::to_string(last);
  }

  ScratchRoot host_;
  std::filesystem::path folder_;
  std::unique_ptr<EngineProgram> engine_;
  std::map<std::string, std::map<uint64_t, std::string>> spooled_;  // path -> number of fact, value
};

TEST_F(AgentKillTest, EveryChangeIsFoundInOrderAfterManyKills) {
  const int kills = std::getenv("DRIFTCAST_TEST_ALL") != nullptr ? 250 : 25;
  ASSERT_TRUE(engine_->Start("warn")) << *ReadFile(folder_ / "engine.log");
  ASSERT_EQ(StartAgent({"--once"})->End(0), 0) << *ReadFile(folder_ / "agent.log");
  ASSERT_GT(Counter("gate_facts_total"), 0);
  Load load(host_);
  std::mt19937_64 random(5);
  for (int i = 0; i < kills; ++i) {
    const double before = Counter("gate_facts_total");
    const auto agent = StartAgent();
    // Mostly in the middle of work, however slow the machine is; now and then while it starts.
    const bool at_work = random() % 5 != 0;
    if (at_work) {
      ASSERT_TRUE(Eventually([&] { return Counter("gate_facts_total") > before + 20; }))
          << "kill " << i << ": " << before << " -> " << Counter("gate_facts_total") << " "
          << engine_->last_refusal() << *ReadFile(folder_ / "agent.log") << folder_;
    }
    std::this_thread::sleep_for(milliseconds(random() % 300));
    agent->End(SIGKILL);
    ReadSpool();
    if (HasFatalFailure()) return;
  }
  load.Stop();
  ASSERT_EQ(StartAgent({"--once"})->End(0), 0) << *ReadFile(folder_ / "agent.log");
  EXPECT_EQ(Counter("gate_gaps_total"), 0);
  const auto agents = engine_->AskJson("/api/v1/agents").value("rows", nlohmann::json::array());
  ASSERT_EQ(agents.size(), 1u);
  ASSERT_EQ(engine_->End(SIGTERM), 0);
  ReadSpool();
  const uint64_t last =
      (*Spool::Open({.folder = folder_ / "agent" / "spool"}))->sequence_next() - 1;

  EngineOptions options;
  options.data = engine_->data();
  const auto engine = Engine::Open(options, SystemClock());
  ASSERT_TRUE(engine.ok()) << Describe(engine.status());
  EXPECT_EQ((*engine)->DurableSequence(AgentId(agents[0].value("id", ""))), last);
  size_t spooled = 0;
  for (const auto& [path, number] : load.written()) {
    spooled += spooled_[path].size();
    const std::string wrong = (*engine)->Ask(
        [&](const EngineView& view) { return Compare(view, path, number, spooled_[path]); });
    ASSERT_EQ(wrong, "") << path;
  }
  EXPECT_GT(spooled, 0u) << "no kill found anything in the spool: it proves nothing";
  std::printf("%d kills, %zu files, %lu facts, %zu changes seen in the spool\n", kills,
              load.written().size(), last, spooled);
}

}  // namespace
}  // namespace driftcast
