// A fleet of simulated agents against a running engine: for load, and for large screens.
//   fleet --server 127.0.0.1:7118 --token dcj1.... --agents 100 --resources 500 --rate 200
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/file.h"
#include "fleet/fleet.h"

namespace driftcast::fleet {
namespace {

struct Settings {
  FleetOptions fleet;
  std::string token_file, ledger;
  double seconds = 60, delay_ms = 0;
};

void AddOptions(CLI::App& app, Settings& s) {
  FleetOptions& f = s.fleet;
  app.add_option("--server", f.agent.server, "Host and port of the engine's door for agents")
      ->required();
  auto* token = app.add_option("--token", f.token, "Join token that is good for all agents");
  app.add_option("--token-file", s.token_file, "File with the join token")->excludes(token);
  app.add_option("--agents", f.agents, "Number of agents, one stack each")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--resources", f.population.resources, "Resources of each agent")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--rate", f.rate, "Changes a second, of all; 0 = as many as are acknowledged");
  app.add_option("--series", f.agent.series, "Metric series of each agent, a point every 10 s");
  app.add_option("--seconds", s.seconds, "Duration, after the first snapshots");
  app.add_option("--seed", f.population.seed, "Everything random follows from it");
  app.add_option("--stacks", f.population.stack_prefix, "Stacks are named <this>-0000, ...");
  app.add_flag("--unique", f.population.unique_values, "No value is ever repeated");
  app.add_option("--batch", f.agent.batch_facts, "Facts in one message")->check(CLI::Range(1, 512));
  app.add_option("--window", f.agent.window_facts, "Facts sent and not acknowledged, of an agent");
  app.add_option("--drop", f.agent.drop_per_second,
                 "Chance that an agent's connection is lost in a second");
  app.add_option("--delay-ms", s.delay_ms, "Longest wait before a message");
  app.add_option("--resend", f.agent.resend, "Chance that a message is partly sent again");
  app.add_option("--ledger", s.ledger, "Write what was acknowledged to this file");
}

void Report(const Ledger& ledger, Fleet& fleet, double seconds) {
  const FleetCounters& c = fleet.counters();
  std::printf(
      "acknowledged %lu facts in %.1f s: %.0f facts/s, ack p50 %.2f ms, p99 %.2f ms, max ~%.2f ms\n"
      "connections %lu, dropped on purpose %lu, resent %lu, refused %lu, slow %lu, orders %lu, "
      "snapshots asked %lu\n",
      ledger.count(), seconds, static_cast<double>(ledger.count()) / seconds,
      ledger.LatencyQuantile(0.5) / 1000, ledger.LatencyQuantile(0.99) / 1000,
      ledger.LatencyQuantile(1) / 1000, c.connections.load(), c.drops.load(), c.resent.load(),
      c.refused.load(), c.slow.load(), c.orders.load(), c.snapshots_asked.load());
  if (const std::string error = fleet.last_error(); !error.empty())
    std::printf("last refusal: %s\n", error.c_str());
}

Status Run(Settings& s) {
  if (!s.token_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(s.fleet.token, ReadFile(s.token_file, 4096));
  }
  s.fleet.agent.delay_max = Duration(static_cast<int64_t>(s.delay_ms * 1000));
  Ledger ledger(Ledger::Keep::kCounts);
  if (!s.ledger.empty()) DRIFTCAST_RETURN_IF_ERROR(ledger.WriteTo(s.ledger));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto fleet, Fleet::Enrol(s.fleet, ledger));
  std::printf("enrolled %d agents\n", s.fleet.agents);
  fleet->Pause(true);
  auto began = Steady::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Steady::now() - began).count(); };
  fleet->Start();
  if (!fleet->WaitUntilSent(std::chrono::seconds(600)))
    return DeadlineExceeded("the first snapshots took too long; last refusal: {}",
                            fleet->last_error());
  std::printf("first snapshots: ");
  Report(ledger, *fleet, elapsed());
  ledger.ResetLatency();
  began = Steady::now();
  fleet->Pause(false);
  std::this_thread::sleep_for(std::chrono::duration<double>(s.seconds));
  fleet->Pause(true);
  const double made_for = elapsed();
  if (!fleet->WaitUntilSent(std::chrono::seconds(60)))
    std::printf("%zu facts were not acknowledged in time\n", fleet->waiting());
  std::printf("changes (%.1f s and %.2f s to finish): ", made_for, elapsed() - made_for);
  Report(ledger, *fleet, elapsed());
  fleet->Stop();
  return Ok();
}

}  // namespace
}  // namespace driftcast::fleet

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("A fleet of simulated agents over the real protocol.", "fleet");
  driftcast::fleet::Settings settings;
  driftcast::fleet::AddOptions(app, settings);
  CLI11_PARSE(app, argc, argv);
  const auto status = driftcast::fleet::Run(settings);
  if (status.ok()) return 0;
  std::fprintf(stderr, "fleet: %s\n", driftcast::Describe(status).c_str());
  return 1;
}
