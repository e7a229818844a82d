// What can be asked of the engine: plain values, copied out of the shard between two batches.
#ifndef DRIFTCAST_ENGINE_VIEW_H_
#define DRIFTCAST_ENGINE_VIEW_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/exposure.h"
#include "model/fact.h"
#include "model/plan.h"
#include "model/prediction.h"
#include "model/shadow.h"
#include "remedy/policy.h"
#include "remedy/propose.h"
#include "signal/series_limit.h"

namespace driftcast {

// Number of resources by status (index: ResourceStatus).
using StatusCounts = std::array<uint64_t, 5>;

struct StackSummary {
  StackId id;
  RoleName role;
  std::map<std::string, std::string> labels;
  std::vector<std::string> allowed_kinds;  // what the host lets us change; empty = observe only
  AgentId agent;
  Instant last_fact_at;
  AgentReported agent_report;  // the last one
  StatusCounts counts{};
  uint64_t drifts_open = 0;
  // Expected number of changed resources within each horizon: the sum of P(change).
  std::array<double, kHorizonCount> expected_changes{};
  double severity_max = 0;        // of its predictions and open drifts, 0 to 10
  uint64_t series = 0;            // of metrics, that are remembered
  uint64_t series_forgotten = 0;  // that fell silent
};

// A model of the forecast that serves or has served.
struct ModelRow {
  ModelPublished what;
  Instant at;           // since when, or when it began to
  bool serves = false;  // now
};

// One line of a list of resources.
struct ResourceRow {
  ResourceId id;
  RoleName role;
  ResourceStatus status = ResourceStatus::kNotCompared;
  uint32_t keys = 0;
  uint32_t keys_differing = 0;
  Instant changed_at;
  Instant compared_at;
  std::array<double, kHorizonCount> p_change{};
  double severity = 0;  // of its prediction, 0 to 10
};

// Stacks that somebody may look at, by id.
using StackSet = std::set<std::string>;

struct ResourceFilter {
  const StackSet* among = nullptr;  // only of these stacks; null = any
  std::string stack;                // exact; empty = any
  std::string role;                 // exact; empty = any
  std::string kind;                 // exact; empty = any
  std::optional<ResourceStatus> status;
  std::string text;  // case-insensitive part of name, key or value; empty = any
  enum class Sort { kName, kRisk, kChanged, kSeverity } sort = Sort::kName;
  uint32_t horizon = 4;    // index into kHorizons, for kRisk
  double p_drift_min = 0;  // least P(drift) at the alert horizon, as of the last change or cohort
  size_t offset = 0;
  size_t limit = 100;  // at most 1000
};

template <typename Row>
struct Page {
  std::vector<Row> rows;
  uint64_t total = 0;  // matching rows, this page or not
};

struct DriftFilter {
  const StackSet* among = nullptr;
  std::string stack;
  bool open_only = true;
  size_t offset = 0;
  size_t limit = 100;
};

struct PlanFilter {
  const StackSet* among = nullptr;
  std::string stack;
  std::string trigger;  // id of a drift, or "prediction:" + resource id text
  std::optional<ResourceId> resource;
  bool active_only = false;  // approved, sent, running, verifying
  size_t offset = 0;
  size_t limit = 100;
};

// Predictions that have been scored: how good are they?
struct TrackRecord {
  struct Bin {         // of predicted probability
    double p_sum = 0;  // sum of the predictions in it
    uint64_t count = 0;
    uint64_t hits = 0;
  };
  static constexpr size_t kBins = 10;  // [0, .1), [.1, .2), ... [.9, 1]
  // Scored predictions between two alert thresholds, by which one sees what another would have
  // done.
  struct Step {
    uint64_t count = 0;
    uint64_t hits = 0;
    double lead_time_s = 0;  // sum over the hits
  };
  static constexpr size_t kSteps = 20;  // [0, .05), [.05, .1), ... [.95, 1]
  static constexpr int64_t kDaysKept = 30;
  using Day = std::array<Step, kSteps>;
  struct Horizon {
    std::array<Bin, kBins> bins{};
    uint64_t hits = 0;  // changed within the horizon
    uint64_t misses = 0;
    uint64_t voided = 0;
    uint64_t treated = 0;
    double log_loss = 0;            // sum over hits and misses
    double log_loss_reference = 0;  // of the constant that fits best afterwards
    double lead_time_s = 0;         // sum over alerts that were hits
    uint64_t alerts = 0;            // p >= the alert threshold
    uint64_t alert_hits = 0;
    // By day since 1970 (UTC) on which the horizon passed, the newest kDaysKept of them.
    std::map<int64_t, Day> days;
  };
  std::array<Horizon, kHorizonCount> horizons{};
  std::string model;  // version
  uint64_t open = 0;  // predictions whose horizon has not passed
};

// One entry of the append-only audit log. `hash` covers the entry and the hash before it.
struct AuditEntry {
  uint64_t number = 0;  // from 1, without gaps
  Instant at;
  Principal by;
  std::string action;         // "plan.approve", "plan.succeeded", "rule.set", "agent.enrolled", ...
  std::string subject;        // plan id, resource id, ...
  std::string detail;         // for people; before and after
  std::string previous_hash;  // hex; 64 zeros for the first
  std::string hash;           // hex SHA-256
};

struct SeriesRow {
  std::string stack, resource_kind, resource_name, metric;
  Instant last_at;
  double last_value = 0;
};

struct SeriesPoint {
  Instant at;
  double value = 0;
};

// What is expected of a series: of its next point, and in the coming days.
struct SeriesOutlook {
  double low = 0, expected = 0, high = 0;  // of the next point: outside about once in 300
  uint32_t points = 0;                     // taken so far; below some dozens nothing is known
  struct Point {
    Instant at;
    double mean = 0, low = 0, high = 0;  // 95 % interval
  };
  std::vector<Point> forecast;
  std::optional<double> limit;  // of bounded metrics
  std::string limit_source;     // where it comes from, for people
  double p_crossing = 0;        // P(limit reached within the horizon)
  std::optional<Instant> crossing_likely_at, crossing_possible_at;  // P >= 0.5, P >= 0.1
};

// A bounded series that may reach its limit: a prediction of its own.
struct LimitCrossing {
  SeriesRow series;
  double limit = 0;  // in the metric's unit
  Bounded what = Bounded::kOther;
  std::string source;      // of the limit, for people
  double probability = 0;  // that it is reached within the horizon; 1 = it has been
  // The same within each horizon; the last, beyond what is forecast of series, as the one before.
  std::array<double, kHorizonCount> p{};
  // Whose plans answer it: the resource whose configuration sets the limit, else the series' own.
  ResourceId answered_at;
  std::optional<Instant> likely_at, possible_at;  // P >= 0.5, P >= 0.1
};

// The policy in force.
struct PolicyInForce {
  PolicyPublished source;
  Instant at;
};

// A view of the shard, valid only during Engine::Ask. Reads memory, and the store where said.
class EngineView {
 public:
  virtual ~EngineView() = default;

  virtual Instant now() const = 0;                       // time of the newest fact
  virtual std::vector<StackSummary> Stacks() const = 0;  // by id
  virtual std::optional<ShadowResource> Shadow(const ResourceId& id) const = 0;
  // Where an edge of the resource leads: into another stack when the other end is known there.
  virtual Dependency Resolve(const Dependency& edge) const { return edge; }
  // What needs a resource, other stacks included, nearest first, at most 1000.
  virtual std::vector<Dependent> Dependents(const ResourceId&) const { return {}; }
  virtual Page<ResourceRow> Resources(const ResourceFilter& filter) const = 0;
  virtual Page<Drift> Drifts(const DriftFilter& filter) const = 0;  // newest first
  // By expected loss (P(drift) at the alert horizon x severity), most first.
  virtual Page<DriftPrediction> Predictions(const ResourceFilter& filter) const = 0;
  virtual std::optional<DriftPrediction> Prediction(const ResourceId& id) const = 0;
  virtual Page<RemediationPlan> Plans(
      const PlanFilter& filter) const = 0;  // best first per trigger
  virtual std::optional<RemediationPlan> Plan(const PlanId& id) const = 0;
  // Strategies that are not among the resource's plans, and why.
  virtual std::vector<LeftOut> StrategiesLeftOut(const ResourceId&) const { return {}; }
  // What the policy says about a plan now.
  virtual PolicyVerdict Verdict(const RemediationPlan&) const { return {}; }
  virtual std::optional<PolicyInForce> Policy() const { return std::nullopt; }
  virtual std::vector<TimeSpan> Windows(const RoleName&) const { return {}; }  // coming 90 days
  virtual std::vector<PauseSet> Pauses() const { return {}; }                  // in force
  // Models that serve or can serve again, newest first; the program's own is always among them.
  virtual std::vector<ModelRow> Models() const { return {}; }
  // Since when what happens surprises the model that serves more than it used to; epoch = it does
  // not.
  virtual Instant ModelDriftedAt() const { return {}; }
  virtual TrackRecord Track() const = 0;
  virtual std::vector<FeedStatus> Feeds() const { return {}; }  // by name
  // What is open on the resource's package, worst first; empty for what is no package.
  virtual std::vector<OpenExposure> ExposuresOf(const ResourceId&) const { return {}; }
  // Indicators met on a resource, or anywhere; worst first.
  virtual std::vector<MetIndicator> IndicatorsOn(const ResourceId&) const { return {}; }
  virtual std::vector<MetIndicator> IndicatorsMet(const std::string& /*stack*/) const { return {}; }
  virtual Page<ExposureRow> Exposures(const ExposureFilter&) const { return {}; }  // worst first
  virtual TrackRecord LimitTrack() const { return {}; }  // of limits foretold
  virtual std::vector<IgnoreRule> Rules() const = 0;
  virtual std::vector<ActivityReported> Activities(const StackId& stack, size_t limit) const = 0;
  virtual std::vector<SeriesRow> Series(const std::string& stack) const = 0;
  virtual std::optional<SeriesOutlook> Outlook(const SeriesRow&, Duration) const {
    return std::nullopt;
  }
  // Series that may run into their limits, most probable first; empty stack = any.
  virtual std::vector<LimitCrossing> Crossings(const std::string& /*stack*/, Duration /*horizon*/,
                                               double /*p_least*/) const {
    return {};
  }

  // From the store, newest first.
  virtual StatusOr<std::vector<HistoryEntry>> History(const ResourceId& id, Instant from,
                                                      Instant to, size_t limit) const = 0;
  // The observed configuration as it was. NotFound when the resource was not known then.
  virtual StatusOr<std::vector<KeyValue>> ObservedAt(const ResourceId& id, Instant at) const = 0;
  // Entries with numbers up to `from_number`: UINT64_MAX begins at the newest.
  virtual StatusOr<std::vector<AuditEntry>> Audit(uint64_t from_number, size_t limit) const = 0;
  virtual StatusOr<std::vector<SeriesPoint>> Points(const SeriesRow& series, Instant from,
                                                    Instant to, size_t limit) const = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_VIEW_H_
