// Many shadows in one process: facts applied durably beside the store's own put rate for the same
// keys and bytes, resident memory, and the start after the process was gone.
//
//   shadows [--stacks 50] [--resources 2000] [--changes 100000] [--folder DIR]
//
// Prints one figure a line: name, value, unit.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <string>

#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/records.h"
#include "shadow/resource_state.h"
#include "shadow/update.h"
#include "store/rocksdb_store.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

struct Settings {
  int stacks = 50;
  int resources = 2000;
  int changes = 100000;
  std::filesystem::path folder;
};

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double ResidentMiB() {
  std::ifstream in("/proc/self/statm");
  long total = 0, resident = 0;
  in >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

void Print(const char* name, double value, const char* unit) {
  std::printf("%-40s %14.2f %s\n", name, value, unit);
  std::fflush(stdout);
}

ResourceObserved Observation(const StackId& stack, int n, int version) {
  ResourceObserved seen;
  seen.resource = {stack, "package", fmt::format("package-name-{}", n)};
  seen.keys = {{"architecture", Value::Text("amd64")},
               {"hold", Value::Bool(false)},
               {"section", Value::Text("libs")},
               {"status", Value::Text("installed")},
               {"version", Value::Text(fmt::format("1.{}.{}-3+deb12u1", n % 50, version))},
               {"vendor", Value::Text("Debian")}};
  seen.depends_on = {{"requires", "package", fmt::format("package-name-{}", n / 7), StackId()}};
  return seen;
}

// Makes the facts of all agents, numbered.
class Fleet {
 public:
  explicit Fleet(const Settings& settings) : settings_(settings), next_(settings.stacks, 1) {}

  Fact Make(int stack, FactBody body) {
    Fact fact;
    fact.at = SystemClock()->Now();
    fact.stack = StackId(fmt::format("host-{}", stack));
    fact.agent = AgentId(fmt::format("agent-{}", stack));
    fact.sequence = next_[stack]++;
    fact.body = std::move(body);
    return fact;
  }
  Fact Observe(int stack, int n, int version, Means means) {
    ResourceObserved seen = Observation(StackId(fmt::format("host-{}", stack)), n, version);
    seen.means = means;
    return Make(stack, std::move(seen));
  }

 private:
  Settings settings_;
  std::vector<uint64_t> next_;
};

// Submits with a bounded number of batches under way, as streams of agents do.
class Feeder {
 public:
  explicit Feeder(Engine& engine) : engine_(engine) {}

  void Add(Fact fact) {
    batch_.push_back(std::move(fact));
    if (batch_.size() == 256) Send();
  }
  void Finish() {
    Send();
    const MutexLock lock(mutex_);
    while (under_way_ > 0) done_.Wait(mutex_);
  }

 private:
  void Send() {
    if (batch_.empty()) return;
    {
      const MutexLock lock(mutex_);
      while (under_way_ >= 32) done_.Wait(mutex_);
      ++under_way_;
    }
    const Status queued = engine_.Submit(std::move(batch_), [this](const Status& status) {
      DRIFTCAST_CHECK(status.ok(), "{}", Message(status));
      const MutexLock lock(mutex_);
      --under_way_;
      done_.Signal();
    });
    DRIFTCAST_CHECK(queued.ok(), "{}", Message(queued));
    batch_ = {};
  }

  Engine& engine_;
  std::vector<Fact> batch_;
  Mutex mutex_;
  CondVar done_;
  int under_way_ = 0;
};

// The same record keys and bytes that the engine writes for one changed package, straight into the
// store, in batches of as many facts as the engine commits at once under load.
double StorePutRate(const Settings& settings) {
  auto store = *OpenRocksDbStore(settings.folder / "raw");
  constexpr int kBatch = 2048;
  Fleet fleet(settings);
  const auto start = Clock::now();
  int facts = 0;
  for (int done = 0; done < settings.changes; done += kBatch) {
    WriteBatch batch;
    for (int i = 0; i < kBatch; ++i, ++facts) {
      const Fact fact =
          fleet.Observe(facts % settings.stacks, facts / settings.stacks % settings.resources,
                        facts, Means::kEvent);
      const auto& seen = std::get<ResourceObserved>(fact.body);
      batch.Put(Table::kFacts, OrderedNumber(facts), EncodeFact(fact));
      batch.Put(Table::kState, ShadowKeyOf(seen.resource), std::string(220, 'x'));
      batch.Put(Table::kHistory,
                ShadowKeyOf(seen.resource) + OrderedNumber(facts) + OrderedNumber(facts),
                std::string(130, 'y'));
      batch.Put(Table::kState, "fl/" + OrderedNumber(facts), std::string(120, 'z'));
      batch.Put(Table::kState, "d/" + std::to_string(facts), std::string(160, 'd'));
    }
    DRIFTCAST_CHECK(store->Commit(batch).ok());
  }
  return facts / SecondsSince(start);
}

void Enrol(const Settings& settings, Engine& engine, Fleet& fleet) {
  Feeder feeder(engine);
  for (int stack = 0; stack < settings.stacks; ++stack) {
    feeder.Add(fleet.Make(stack, StackEnrolled{RoleName("web"), {}, {}}));
    for (int n = 0; n < settings.resources; ++n)
      feeder.Add(fleet.Observe(stack, n, 0, Means::kSnapshot));
    feeder.Add(
        fleet.Make(stack, SnapshotCompleted{{"package"}, SystemClock()->Now() - kHour, true}));
  }
  feeder.Finish();
}

void Run(const Settings& settings) {
  EngineOptions options;
  options.data = settings.folder / "data";
  const double facts = static_cast<double>(settings.stacks) * settings.resources;
  Fleet fleet(settings);
  const double before = ResidentMiB();
  {
    auto engine = *Engine::Open(options, SystemClock());
    auto start = Clock::now();
    Enrol(settings, *engine, fleet);
    Print("enrolment, facts applied and durable", facts / SecondsSince(start), "/s");
    Print("resident memory per 100,000 shadows", (ResidentMiB() - before) / facts * 1e5, "MiB");
    Feeder feeder(*engine);
    start = Clock::now();
    for (int i = 0; i < settings.changes; ++i)
      feeder.Add(fleet.Observe(i % settings.stacks, i / settings.stacks % settings.resources, i + 1,
                               Means::kEvent));
    feeder.Finish();
    const double rate = settings.changes / SecondsSince(start);
    Print("changes applied and durable", rate, "/s");
    const double raw = StorePutRate(settings);
    Print("store alone, same records", raw, "/s");
    Print("ratio", rate / raw, "");
    const auto asked = Clock::now();
    engine->Ask([](const EngineView& view) { return view.Resources({}).total; });
    Print("list of resources, first page", SecondsSince(asked) * 1e3, "ms");
    std::_Exit(0);  // as if killed: nothing is closed
  }
}

void Start(const Settings& settings) {
  EngineOptions options;
  options.data = settings.folder / "data";
  const double before = ResidentMiB();
  const auto start = Clock::now();
  auto engine = *Engine::Open(options, SystemClock());
  const auto total = engine->Ask([](const EngineView& view) { return view.Resources({}).total; });
  Print("start until the first answer", SecondsSince(start), "s");
  Print("shadows restored", static_cast<double>(total), "");
  Print("resident memory per 100,000 after a start",
        (ResidentMiB() - before) / static_cast<double>(total) * 1e5, "MiB");
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) {
  driftcast::Settings settings;
  bool start_only = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--start") start_only = true;
    if (i + 1 >= argc) break;
    if (name == "--stacks") settings.stacks = std::atoi(argv[++i]);
    if (name == "--resources") settings.resources = std::atoi(argv[++i]);
    if (name == "--changes") settings.changes = std::atoi(argv[++i]);
    if (name == "--folder") settings.folder = argv[++i];
  }
  if (start_only) {
    driftcast::Start(settings);
    return 0;
  }
  std::string folder = std::filesystem::temp_directory_path() / "driftcast_shadows_XXXXXX";
  if (settings.folder.empty()) settings.folder = mkdtemp(folder.data());
  const pid_t child = fork();
  if (child == 0) driftcast::Run(settings);
  int status = 0;
  waitpid(child, &status, 0);
  if (status == 0) driftcast::Start(settings);
  std::filesystem::remove_all(settings.folder);
  return status == 0 ? 0 : 1;
}
