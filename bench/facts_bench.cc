// Facts a second, durable, from agents over gRPC and mutual TLS to RocksDB, beside the store's own
// rate for the same batches (the same keys, the same bytes, the same grouping) in the same run; and
// the delay from a change to its acknowledgement. One process: agents, door, shard and store share
// the machine's cores.
//   facts_bench --data DIR [--agents 8] [--resources 500] [--seconds 10]
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "engine/engine.h"
#include "fleet/fleet.h"
#include "rpc/agent_gate.h"
#include "store/rocksdb_store.h"

namespace driftcast::fleet {
namespace {

struct Settings {
  std::string data;
  int agents = 8, resources = 500;
  double seconds = 10;
  size_t record_bytes_max = size_t{1} << 30;
};

// Passes everything on, and keeps the batches for a replay.
class RecordingStore : public Store {
 public:
  explicit RecordingStore(std::unique_ptr<Store> inner, size_t bytes_max)
      : inner_(std::move(inner)), bytes_max_(bytes_max) {}

  Status Commit(const WriteBatch& batch) override {
    {
      const std::lock_guard lock(mutex_);
      size_t bytes = 0;
      for (const auto& write : batch.writes)
        bytes += write.key.size() + (write.value ? write.value->size() : 0);
      if (bytes_ + bytes > bytes_max_) complete_ = false;
      if (complete_) {
        batches_.push_back(batch);
        bytes_ += bytes;
      }
    }
    return inner_->Commit(batch);
  }
  StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) const override {
    return inner_->Get(table, key);
  }
  Status Scan(Table table, std::string_view begin, std::string_view end,
              const ScanCallback& callback) const override {
    return inner_->Scan(table, begin, end, callback);
  }
  Status ScanBackwards(Table table, std::string_view begin, std::string_view end,
                       const ScanCallback& callback) const override {
    return inner_->ScanBackwards(table, begin, end, callback);
  }

  // What was committed since the last call. False: too much to keep, so there is nothing to
  // compare.
  bool Take(std::vector<WriteBatch>& batches, size_t& bytes) {
    const std::lock_guard lock(mutex_);
    batches = std::exchange(batches_, {});
    bytes = std::exchange(bytes_, 0);
    return std::exchange(complete_, true);
  }

 private:
  std::unique_ptr<Store> inner_;
  const size_t bytes_max_;
  std::mutex mutex_;
  std::vector<WriteBatch> batches_;
  size_t bytes_ = 0;
  bool complete_ = true;
};

double SecondsSince(Steady::time_point began) {
  return std::chrono::duration<double>(Steady::now() - began).count();
}

// The same batches into a store of their own; seconds.
StatusOr<double> Replay(const std::vector<WriteBatch>& batches,
                        const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto store, OpenRocksDbStore(folder));
  const auto began = Steady::now();
  for (const auto& batch : batches) DRIFTCAST_RETURN_IF_ERROR(store->Commit(batch));
  return SecondsSince(began);
}

struct Phase {
  const char* name;
  uint64_t facts;
  double seconds;
};

Status Compare(const Phase& phase, RecordingStore& recording, const Settings& settings) {
  std::vector<WriteBatch> batches;
  size_t bytes = 0;
  const double rate = static_cast<double>(phase.facts) / phase.seconds;
  std::printf("%-10s %8lu facts  %7.2f s  %8.0f facts/s", phase.name, phase.facts, phase.seconds,
              rate);
  if (!recording.Take(batches, bytes)) {
    std::printf("  (too much to keep for a comparison)\n");
    return Ok();
  }
  size_t writes = 0;
  for (const auto& batch : batches) writes += batch.writes.size();
  DRIFTCAST_ASSIGN_OR_RETURN(const double alone,
                             Replay(batches, std::filesystem::path(settings.data) / "replay"));
  const double store_rate = static_cast<double>(phase.facts) / alone;
  std::printf(
      "  store alone %8.0f facts/s  ratio %.2f  (%.1f writes, %.0f bytes a fact; %zu commits)\n",
      store_rate, rate / store_rate, static_cast<double>(writes) / static_cast<double>(phase.facts),
      static_cast<double>(bytes) / static_cast<double>(phase.facts), batches.size());
  return Ok();
}

void Latency(Fleet& fleet, Ledger& ledger, double rate, double seconds) {
  fleet.SetRate(rate);
  fleet.Pause(false);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  ledger.ResetLatency();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  std::printf("at %6.0f changes/s: change to acknowledgement p50 %6.2f ms, p99 %6.2f ms (%lu)\n",
              rate, ledger.LatencyQuantile(0.5) / 1000, ledger.LatencyQuantile(0.99) / 1000,
              ledger.count());
  fleet.Pause(true);
  fleet.WaitUntilSent(std::chrono::seconds(60));
}

Status Run(const Settings& s) {
  StartLogging("error");
  std::filesystem::create_directories(s.data);
  DRIFTCAST_ASSIGN_OR_RETURN(auto rocks, OpenRocksDbStore(std::filesystem::path(s.data) / "store"));
  auto owned = std::make_unique<RecordingStore>(std::move(rocks), s.record_bytes_max);
  RecordingStore& recording = *owned;
  EngineOptions options;
  options.data = s.data;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto engine,
                             Engine::OpenWithStore(options, SystemClock(), std::move(owned)));
  AgentGateOptions gate_options;
  gate_options.data = s.data;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto gate, AgentGate::Start(gate_options, *engine));
  JoinTokenOptions token;
  token.uses = s.agents;
  token.by = Principal("bench");
  FleetOptions fleet_options;
  fleet_options.agents = s.agents;
  fleet_options.rate = 0;
  fleet_options.population.resources = s.resources;
  fleet_options.agent.server = "127.0.0.1:" + std::to_string(gate->port());
  fleet_options.agent.batch_facts = 256;
  DRIFTCAST_ASSIGN_OR_RETURN(fleet_options.token, gate->CreateJoinToken(token));
  Ledger ledger(Ledger::Keep::kCounts);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto fleet, Fleet::Enrol(fleet_options, ledger));
  std::vector<WriteBatch> dropped;
  size_t bytes = 0;
  recording.Take(dropped, bytes);

  fleet->Pause(true);
  auto began = Steady::now();
  fleet->Start();
  if (!fleet->WaitUntilSent(std::chrono::seconds(600)))
    return DeadlineExceeded("the snapshots took too long: {}", fleet->last_error());
  DRIFTCAST_RETURN_IF_ERROR(
      Compare({"snapshots", ledger.count(), SecondsSince(began)}, recording, s));
  ledger.ResetLatency();
  began = Steady::now();
  fleet->Pause(false);
  std::this_thread::sleep_for(std::chrono::duration<double>(s.seconds));
  fleet->Pause(true);
  fleet->WaitUntilSent(std::chrono::seconds(60));
  DRIFTCAST_RETURN_IF_ERROR(
      Compare({"changes", ledger.count(), SecondsSince(began)}, recording, s));
  for (const double rate : {100.0, 1000.0, 5000.0}) Latency(*fleet, ledger, rate, s.seconds);
  fleet->Stop();
  gate->Stop();
  return Ok();
}

}  // namespace
}  // namespace driftcast::fleet

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Durable facts a second, end to end and in the store alone.", "facts_bench");
  driftcast::fleet::Settings settings;
  app.add_option("--data", settings.data, "An empty folder on the disk to measure")->required();
  app.add_option("--agents", settings.agents, "Number of agents");
  app.add_option("--resources", settings.resources, "Resources of each");
  app.add_option("--seconds", settings.seconds, "Of each phase");
  CLI11_PARSE(app, argc, argv);
  const auto status = driftcast::fleet::Run(settings);
  if (status.ok()) return 0;
  std::fprintf(stderr, "facts_bench: %s\n", driftcast::Describe(status).c_str());
  return 1;
}
