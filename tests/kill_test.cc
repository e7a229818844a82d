// Kills the engine with SIGKILL at random moments under load, again and again, and then looks for
// every acknowledged fact and every effect.
//
// A simulated fleet (bench/fleet) talks to the real program over a network that loses connections
// and repeats messages. Its ledger holds what was acknowledged. At the end the store must hold each
// acknowledged change exactly once, every agent's numbers must be where its ledger is, the audit
// log must be whole, and every effect that the engine ever made must have been delivered.
//   kill_test --driftcast PATH [--kills N] [--seed N] [--data DIR]
// Without --kills: 50, or 1,000 when DRIFTCAST_TEST_ALL is set.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "engine/engine.h"
#include "fleet/fleet.h"
#include "rpc/agent_gate.h"

namespace driftcast::fleet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Settings {
  std::string driftcast, data;
  int kills = std::getenv("DRIFTCAST_TEST_ALL") != nullptr ? 1000 : 50;
  uint64_t seed = 1;
  int agents = 6, resources = 60;
  double rate = 1500;  // changes a second
};

// The engine as a process of its own.
class EngineProcess {
 public:
  EngineProcess(const Settings& settings, const std::string& data) : data_(data) {
    const std::string log = data + "/engine.log";
    const std::vector<std::string> words = {settings.driftcast, "engine", "--data",      data,
                                            "--port",           "0",      "--gate-port", "0",
                                            "--log-level",      "warn"};
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    // Whatever ends this test ends the engine too: one that is left over would go on deleting files
    // of its store by their names, and the next run may use the same names.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~EngineProcess() { End(SIGKILL); }

  // Waits until it says where agents find it; empty when it does not in time.
  std::string WaitForGate(seconds at_most) {
    const auto end = Steady::now() + at_most;
    while (Steady::now() < end && Running()) {
      const auto text = ReadFile(data_ + "/engine.json", 4096);
      const auto json = nlohmann::json::parse(text.ok() ? *text : "", nullptr, false);
      if (!json.is_discarded() && json.value("pid", 0) == pid_) return json.value("gate", "");
      std::this_thread::sleep_for(milliseconds(5));
    }
    return "";
  }

  bool Running() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
    return pid_ > 0;
  }

  // Sends the signal and waits for the end; the exit code, or -1 after a signal.
  int End(int signal) {
    if (pid_ <= 0) return -1;
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::string data_;
  pid_t pid_ = -1;
};

// Enrols the fleet with an engine in this process, before the first kill.
StatusOr<std::unique_ptr<Fleet>> EnrolFleet(const Settings& settings, const std::string& data,
                                            Ledger& ledger) {
  EngineOptions options;
  options.data = data;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto engine, Engine::Open(options, SystemClock()));
  AgentGateOptions gate_options;
  gate_options.data = data;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto gate, AgentGate::Start(gate_options, *engine));
  JoinTokenOptions token;
  token.uses = settings.agents;
  token.by = Principal("test");
  FleetOptions fleet;
  fleet.agents = settings.agents;
  fleet.rate = settings.rate;
  fleet.population = {settings.seed, settings.resources, /*unique_values=*/true, "kill"};
  fleet.agent.server = "127.0.0.1:" + std::to_string(gate->port());
  fleet.agent.drop_per_second = 0.3;
  fleet.agent.delay_max = Duration(20'000);
  fleet.agent.resend = 0.1;
  fleet.agent.spool_max = 500;  // on a slow machine the load falls, and the end stays near
  DRIFTCAST_ASSIGN_OR_RETURN(fleet.token, gate->CreateJoinToken(token));
  return Fleet::Enrol(fleet, ledger);
}

void WaitForAcknowledgement(const Ledger& ledger, seconds at_most) {
  const auto end = Steady::now() + at_most;
  const uint64_t before = ledger.count();
  while (ledger.count() == before && Steady::now() < end)
    std::this_thread::sleep_for(milliseconds(2));
}

Status KillAgainAndAgain(const Settings& settings, const std::string& data, Fleet& fleet,
                         const Ledger& ledger) {
  std::mt19937_64 random(settings.seed);
  int at_start = 0;
  for (int i = 0; i < settings.kills; ++i) {
    EngineProcess engine(settings, data);
    if (random() % 8 == 0) {  // now and then while it starts
      std::this_thread::sleep_for(milliseconds(random() % 150));
      ++at_start;
      continue;  // the destructor kills
    }
    const std::string gate = engine.WaitForGate(seconds(60));
    if (gate.empty()) return Internal("start {} failed; see {}/engine.log", i, data);
    fleet.SetServer(gate);
    // Mostly in the middle of work, however slow the machine is: some time after the first
    // acknowledgement. Else before it.
    if (random() % 4 != 0) WaitForAcknowledgement(ledger, seconds(20));
    std::this_thread::sleep_for(milliseconds(random() % 500));
    engine.End(SIGKILL);
    if ((i + 1) % 10 == 0)
      std::printf("%d kills (%d while starting), %lu facts acknowledged\n", i + 1, at_start,
                  ledger.count());
  }
  return Ok();
}

// The last start: everything that is still waiting is sent, and the process is asked to end.
Status Finish(const Settings& settings, const std::string& data, Fleet& fleet) {
  EngineProcess engine(settings, data);
  const std::string gate = engine.WaitForGate(seconds(60));
  if (gate.empty()) return Internal("the last start failed; see {}/engine.log", data);
  fleet.SetServer(gate);
  fleet.Pause(true);
  if (!fleet.WaitUntilSent(seconds(120)))
    return Internal("{} facts were not acknowledged within two minutes", fleet.waiting());
  std::this_thread::sleep_for(seconds(3));  // the notifier looks at its outbox
  fleet.Stop();
  if (const int code = engine.End(SIGTERM); code != 0)
    return Internal("asked to end, the engine returned {}", code);
  return Ok();
}

// --- The books are compared --------------------------------------------------------------------

using ChangeCounts = std::map<std::pair<std::string, std::string>, int>;  // path, value

Status CompareResource(const Engine& engine, const ResourceId& id, const ChangeCounts& ledger) {
  const auto history = engine.Ask(
      [&](const EngineView& view) { return view.History(id, Instant(), Instant(), 10'000'000); });
  DRIFTCAST_RETURN_IF_ERROR(history.status());
  ChangeCounts stored;
  for (const auto& entry : *history)
    if (entry.event.op == ChangeOp::kChange) ++stored[{entry.event.path, entry.event.new_value}];
  for (const auto& [change, count] : ledger) {
    const auto found = stored.find(change);
    const int there = found == stored.end() ? 0 : found->second;
    if (there != count)
      return DataLoss("{}: {} -> {} was acknowledged {} times and is there {} times", id.ToText(),
                      change.first, change.second, count, there);
  }
  if (stored.size() != ledger.size())
    return DataLoss("{}: {} different changes are there, {} were acknowledged", id.ToText(),
                    stored.size(), ledger.size());
  return Ok();
}

Status CompareFacts(const Engine& engine, const std::vector<Acknowledged>& ledger) {
  std::map<ResourceId, ChangeCounts> by_resource;
  std::map<std::string, uint64_t> last;
  for (const auto& entry : ledger) {
    if (entry.sequence != ++last[entry.agent])
      return DataLoss("agent {}: fact {} was acknowledged after {}", entry.agent, entry.sequence,
                      last[entry.agent] - 1);
    if (!entry.changed.resource.name.empty())
      ++by_resource[entry.changed.resource][{entry.changed.path, entry.changed.value}];
  }
  for (const auto& [agent, sequence] : last)
    if (engine.DurableSequence(AgentId(agent)) != sequence)
      return DataLoss("agent {}: {} facts acknowledged, {} durable", agent, sequence,
                      engine.DurableSequence(AgentId(agent)));
  for (const auto& [id, changes] : by_resource)
    DRIFTCAST_RETURN_IF_ERROR(CompareResource(engine, id, changes));
  std::printf("%zu acknowledged facts, each exactly once; %zu resources changed\n", ledger.size(),
              by_resource.size());
  return Ok();
}

Status CompareEffects(const Engine& engine, const std::string& data) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto left, engine.Outbox(10));
  if (!left.empty()) return DataLoss("effect {} was never delivered", left[0].key);
  std::set<std::string> keys;
  size_t lines = 0;
  std::ifstream file(data + "/alerts.jsonl");
  for (std::string line; std::getline(file, line); ++lines) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_discarded()) keys.insert(json.value("key", ""));  // a kill may cut a line short
  }
  double made = 0;
  for (const auto& [name, value] : engine.Counters())
    if (name == "outbox_effects") made = value;
  if (static_cast<double>(keys.size()) != made)
    return DataLoss("the engine made {} effects, {} were delivered", made, keys.size());
  std::printf("%zu effects made, each delivered at least once (%zu lines)\n", keys.size(), lines);
  return Ok();
}

Status Compare(const std::string& data, const Ledger& ledger) {
  EngineOptions options;
  options.data = data;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto engine, Engine::Open(options, SystemClock()));
  DRIFTCAST_RETURN_IF_ERROR(CompareFacts(*engine, ledger.entries()));
  DRIFTCAST_RETURN_IF_ERROR(Annotate(engine->VerifyAudit(), "audit"));
  return CompareEffects(*engine, data);
}

Status Run(const Settings& settings, const std::string& data) {
  Ledger ledger(Ledger::Keep::kMemory);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto fleet, EnrolFleet(settings, data, ledger));
  std::filesystem::remove(data + "/alerts.jsonl");
  fleet->Start();
  const Status killed = KillAgainAndAgain(settings, data, *fleet, ledger);
  const Status finished = killed.ok() ? Finish(settings, data, *fleet) : killed;
  fleet->Stop();
  const FleetCounters& c = fleet->counters();
  std::printf("connections %lu, dropped on purpose %lu, facts resent %lu\n", c.connections.load(),
              c.drops.load(), c.resent.load());
  if (!finished.ok()) return Annotate(finished, "last refusal: '" + fleet->last_error() + "'");
  if (c.snapshots_asked != 0) return DataLoss("the engine missed facts that nobody had lost");
  if (c.refused != 0) return Internal("an agent was refused: {}", fleet->last_error());
  return Compare(data, ledger);
}

}  // namespace
}  // namespace driftcast::fleet

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Kills the engine under load and compares the books.", "kill_test");
  driftcast::fleet::Settings settings;
  app.add_option("--driftcast", settings.driftcast, "The program")->required();
  app.add_option("--kills", settings.kills, "How often")->capture_default_str();
  app.add_option("--seed", settings.seed, "For moments, hosts and network")->capture_default_str();
  app.add_option("--rate", settings.rate, "Changes a second")->capture_default_str();
  app.add_option("--data", settings.data,
                 "Keep everything here; default: a folder that is removed");
  CLI11_PARSE(app, argc, argv);
  driftcast::StartLogging("error");
  std::string data = settings.data;
  if (data.empty()) {
    data = (std::filesystem::temp_directory_path() / "driftcast-kill-XXXXXX").string();
    if (mkdtemp(data.data()) == nullptr) return 1;
  } else {
    std::filesystem::create_directories(data);
  }
  const auto status = driftcast::fleet::Run(settings, data);
  if (!status.ok())
    std::fprintf(stderr, "kill_test: seed %lu: %s\n(kept: %s)\n", settings.seed,
                 driftcast::Describe(status).c_str(), data.c_str());
  else if (settings.data.empty())
    std::filesystem::remove_all(data);
  return status.ok() ? 0 : 1;
}
