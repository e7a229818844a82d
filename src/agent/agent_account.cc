// What the agent costs and covers, as it says so itself.
#include "agent/agent.h"
#include "base/log.h"

namespace driftcast {
namespace {

constexpr Duration kBudgetEvery = 5 * kSecond;

}  // namespace

void Agent::CheckBudget() {
  const Instant now = clock_.Now();
  if (now < next_budget_) return;
  next_budget_ = now + kBudgetEvery;
  const Usage usage = ReadOwnUsage();
  budget_guard_.Observe(now, usage);
  if (budget_guard_.SheddingMetrics() != shedding_said_) {
    shedding_said_ = !shedding_said_;
    Log("agent").warn("guard.{} cpu_percent={:.2f} memory_mb={:.1f}",
                      shedding_said_ ? "sheds_metrics" : "within_budget",
                      budget_guard_.cpu_percent(), static_cast<double>(usage.memory_bytes) / 1e6);
  }
}

void Agent::ReportSelf() {
  authors_->CatchUp();
  ReportPeople();  // at this pace too: their logs are written to all the time
  if (Labels() != labels_told_) ReportEnrolled();  // other addresses, another log to read
  next_budget_ = {};
  CheckBudget();
  const Usage usage = ReadOwnUsage();
  AgentReported report;
  report.version = options_.version;
  report.cpu_percent = budget_guard_.cpu_percent();
  report.memory_bytes = usage.memory_bytes;
  report.spool_bytes = spool_->bytes();
  report.metrics_shed = metrics_shed_;
  for (const Source& source : sources_)
    report.cpu_ms_by_collector[source.collector->name()] = source.collector->cost().cpu_ms;
  report.cpu_ms_by_collector["metrics"] = metrics_->cpu_ms();
  WriteCost();
  WriteCoverage();
  (void)reporter_->Report(std::move(report), SpoolLane::kMetrics);  // the next one says the same
}

void Agent::WriteCost() const {
  const Usage usage = ReadOwnUsage();
  std::string text = fmt::format(
      "total cpu_ms={:.0f} cpu_percent={:.3f} memory_kib={} read_mib_per_second={:.3f} "
      "spool_bytes={} resources={} metrics_shed={} event_losses={} pace={:.1f}\n",
      usage.cpu_ms, budget_guard_.cpu_percent(), usage.memory_bytes >> 10,
      budget_guard_.read_mib_per_second(), spool_->bytes(), reporter_->resources(), metrics_shed_,
      event_losses_, budget_guard_.pace());
  for (const Source& source : sources_) {
    const CollectorCost& cost = source.collector->cost();
    text += fmt::format("{} cpu_ms={:.1f} bytes_read={} resources_read={} every_s={:.0f}\n",
                        source.collector->name(), cost.cpu_ms, cost.bytes_read, cost.reads,
                        Seconds(source.cadence.Interval(budget_guard_.pace())));
  }
  text += fmt::format("metrics cpu_ms={:.1f}\n", metrics_->cpu_ms());
  text += authors_->CostLines();
  (void)WriteFileAtomically(options_.data / "cost", text);
}

void Agent::WriteCoverage() const {
  std::string text;
  for (const Source& source : sources_) {
    const Collector& collector = *source.collector;
    const Coverage& coverage = collector.coverage();
    std::string kinds;
    for (const std::string& kind : collector.kinds()) kinds += (kinds.empty() ? "" : ",") + kind;
    text += fmt::format("{} kinds={} noticed_by={} every_s={:.0f} last_looked={} not_compared={}\n",
                        collector.name(), kinds,
                        collector.Places().empty() ? "rescan" : "inotify+rescan",
                        Seconds(source.cadence.Interval(budget_guard_.pace())),
                        FormatInstant(source.scanned), coverage.listed.size());
    if (!source.error.empty()) text += fmt::format("  ! the set is not whole: {}\n", source.error);
    for (const auto& [resource, keys] : coverage.listed)
      for (const UncomparedKey& key : keys)
        text += fmt::format("  {} {}: {}\n", resource, key.path.empty() ? "(whole)" : key.path,
                            key.reason);
  }
  text += authors_->CoverageLines();
  (void)WriteFileAtomically(options_.data / "coverage", text);
}

}  // namespace driftcast
