// The shard's answers to questions. Reads the state and, for history, the store.
#ifndef DRIFTCAST_ENGINE_SHARD_VIEW_H_
#define DRIFTCAST_ENGINE_SHARD_VIEW_H_

#include <deque>
#include <map>

#include "engine/shard_state.h"
#include "engine/view.h"
#include "store/store.h"

namespace driftcast {

// Plans that were shown and not yet decided about, so that a link to one can be followed. Bounded.
class ShownPlans {
 public:
  void Remember(const std::vector<RemediationPlan>& plans);
  std::optional<ResourceId> ResourceOf(const PlanId& id) const;

 private:
  static constexpr size_t kKept = 10000;
  std::map<std::string, ResourceId> resources_;
  std::deque<std::string> order_;
};

// Borrows everything; lives for one question.
class ShardView : public EngineView {
 public:
  ShardView(const ShardState& shard, const Store& store, ShownPlans& shown)
      : shard_(shard), store_(store), shown_(shown) {}

  Instant now() const override { return shard_.numbers.now; }
  std::vector<StackSummary> Stacks() const override;
  std::optional<ShadowResource> Shadow(const ResourceId& id) const override;
  Page<ResourceRow> Resources(const ResourceFilter& filter) const override;
  Page<Drift> Drifts(const DriftFilter& filter) const override;
  Page<DriftPrediction> Predictions(const ResourceFilter& filter) const override;
  std::optional<DriftPrediction> Prediction(const ResourceId& id) const override;
  Page<RemediationPlan> Plans(const PlanFilter& filter) const override;
  std::optional<RemediationPlan> Plan(const PlanId& id) const override;
  std::vector<LeftOut> StrategiesLeftOut(const ResourceId& id) const override;
  PolicyVerdict Verdict(const RemediationPlan& plan) const override;
  std::optional<PolicyInForce> Policy() const override;
  std::vector<TimeSpan> Windows(const RoleName& role) const override;
  std::vector<PauseSet> Pauses() const override;
  std::vector<ModelRow> Models() const override;
  Instant ModelDriftedAt() const override;
  TrackRecord Track() const override;
  std::vector<FeedStatus> Feeds() const override;
  std::vector<OpenExposure> ExposuresOf(const ResourceId& id) const override;
  Dependency Resolve(const Dependency& edge) const override;
  std::vector<Dependent> Dependents(const ResourceId& id) const override;
  std::vector<MetIndicator> IndicatorsOn(const ResourceId& id) const override;
  std::vector<MetIndicator> IndicatorsMet(const std::string& stack) const override;
  Page<ExposureRow> Exposures(const ExposureFilter& filter) const override;
  TrackRecord LimitTrack() const override;
  std::vector<IgnoreRule> Rules() const override { return shard_.active_rules; }
  std::vector<ActivityReported> Activities(const StackId& stack, size_t limit) const override;
  std::vector<SeriesRow> Series(const std::string& stack) const override;
  std::optional<SeriesOutlook> Outlook(const SeriesRow& series, Duration horizon) const override;
  std::vector<LimitCrossing> Crossings(const std::string& stack, Duration horizon,
                                       double p_least) const override;
  StatusOr<std::vector<HistoryEntry>> History(const ResourceId& id, Instant from, Instant to,
                                              size_t limit) const override;
  StatusOr<std::vector<KeyValue>> ObservedAt(const ResourceId& id, Instant at) const override;
  StatusOr<std::vector<AuditEntry>> Audit(uint64_t from_number, size_t limit) const override;
  StatusOr<std::vector<SeriesPoint>> Points(const SeriesRow& series, Instant from, Instant to,
                                            size_t limit) const override;

 private:
  const ShardState& shard_;
  const Store& store_;
  ShownPlans& shown_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_VIEW_H_
