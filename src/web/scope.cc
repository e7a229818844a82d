#include "web/scope.h"

#include <algorithm>

#include "shadow/glob.h"

namespace driftcast {
namespace {

// The stacks of one question, decided once.
StackSet StacksInScope(const EngineView& view, const StackScope& scope) {
  StackSet stacks;
  for (const StackSummary& stack : view.Stacks())
    if (InScope(scope, stack.id.value)) stacks.insert(stack.id.value);
  return stacks;
}

class ScopedView : public EngineView {
 public:
  ScopedView(const EngineView& view, const StackScope& scope)
      : view_(view), stacks_(StacksInScope(view, scope)) {}

  Instant now() const override { return view_.now(); }

  std::vector<StackSummary> Stacks() const override {
    auto stacks = view_.Stacks();
    std::erase_if(stacks, [&](const StackSummary& stack) { return !Has(stack.id.value); });
    return stacks;
  }

  std::optional<ShadowResource> Shadow(const ResourceId& id) const override {
    return Has(id) ? view_.Shadow(id) : std::nullopt;
  }
  Dependency Resolve(const Dependency& edge) const override {
    Dependency resolved = view_.Resolve(edge);
    return resolved.to_stack.empty() || Has(resolved.to_stack.value) ? resolved : edge;
  }
  std::vector<Dependent> Dependents(const ResourceId& id) const override {
    if (!Has(id)) return {};
    auto dependents = view_.Dependents(id);
    std::erase_if(dependents, [&](const Dependent& one) { return !Has(one.id); });
    return dependents;
  }
  Page<ResourceRow> Resources(const ResourceFilter& filter) const override {
    return view_.Resources(Narrow(filter));
  }
  Page<Drift> Drifts(const DriftFilter& filter) const override {
    return view_.Drifts(Narrow(filter));
  }
  Page<DriftPrediction> Predictions(const ResourceFilter& filter) const override {
    return view_.Predictions(Narrow(filter));
  }
  std::optional<DriftPrediction> Prediction(const ResourceId& id) const override {
    return Has(id) ? view_.Prediction(id) : std::nullopt;
  }
  Page<RemediationPlan> Plans(const PlanFilter& filter) const override {
    auto page = view_.Plans(Narrow(filter));
    for (RemediationPlan& plan : page.rows) HideOtherStacks(plan);
    return page;
  }
  std::optional<RemediationPlan> Plan(const PlanId& id) const override {
    auto plan = view_.Plan(id);
    if (!plan || !Has(plan->stack.value)) return std::nullopt;
    HideOtherStacks(*plan);
    return plan;
  }
  std::vector<LeftOut> StrategiesLeftOut(const ResourceId& id) const override {
    return Has(id) ? view_.StrategiesLeftOut(id) : std::vector<LeftOut>();
  }
  PolicyVerdict Verdict(const RemediationPlan& plan) const override { return view_.Verdict(plan); }
  std::optional<PolicyInForce> Policy() const override { return view_.Policy(); }
  std::vector<TimeSpan> Windows(const RoleName& role) const override { return view_.Windows(role); }
  std::vector<PauseSet> Pauses() const override { return view_.Pauses(); }
  std::vector<ModelRow> Models() const override { return view_.Models(); }
  Instant ModelDriftedAt() const override { return view_.ModelDriftedAt(); }
  TrackRecord Track() const override { return view_.Track(); }
  std::vector<FeedStatus> Feeds() const override { return view_.Feeds(); }
  std::vector<OpenExposure> ExposuresOf(const ResourceId& id) const override {
    return Has(id) ? view_.ExposuresOf(id) : std::vector<OpenExposure>();
  }
  Page<ExposureRow> Exposures(const ExposureFilter& filter) const override {
    return view_.Exposures(Narrow(filter));
  }
  std::vector<MetIndicator> IndicatorsOn(const ResourceId& id) const override {
    return Has(id) ? view_.IndicatorsOn(id) : std::vector<MetIndicator>();
  }
  std::vector<MetIndicator> IndicatorsMet(const std::string& stack) const override {
    auto met = view_.IndicatorsMet(stack);
    std::erase_if(met, [&](const MetIndicator& one) { return !Has(one.resource); });
    return met;
  }
  TrackRecord LimitTrack() const override { return view_.LimitTrack(); }
  std::vector<IgnoreRule> Rules() const override { return view_.Rules(); }
  std::vector<ActivityReported> Activities(const StackId& stack, size_t limit) const override {
    if (!Has(stack.value)) return {};
    return view_.Activities(stack, limit);
  }
  std::vector<SeriesRow> Series(const std::string& stack) const override {
    auto rows = view_.Series(stack);
    std::erase_if(rows, [&](const SeriesRow& row) { return !Has(row.stack); });
    return rows;
  }
  std::optional<SeriesOutlook> Outlook(const SeriesRow& series, Duration horizon) const override {
    return Has(series.stack) ? view_.Outlook(series, horizon) : std::nullopt;
  }
  std::vector<LimitCrossing> Crossings(const std::string& stack, Duration horizon,
                                       double p_least) const override {
    auto rows = view_.Crossings(stack, horizon, p_least);
    std::erase_if(rows, [&](const LimitCrossing& row) { return !Has(row.series.stack); });
    return rows;
  }
  StatusOr<std::vector<HistoryEntry>> History(const ResourceId& id, Instant from, Instant to,
                                              size_t limit) const override {
    if (!Has(id)) return std::vector<HistoryEntry>();
    return view_.History(id, from, to, limit);
  }
  StatusOr<std::vector<KeyValue>> ObservedAt(const ResourceId& id, Instant at) const override {
    if (!Has(id)) return NotFound("{} was not known then", id.ToText());
    return view_.ObservedAt(id, at);
  }
  StatusOr<std::vector<AuditEntry>> Audit(uint64_t, size_t) const override {
    return PermissionDenied("the audit log is of the whole fleet, and you see a part of it");
  }
  StatusOr<std::vector<SeriesPoint>> Points(const SeriesRow& series, Instant from, Instant to,
                                            size_t limit) const override {
    if (!Has(series.stack)) return NotFound("no series {}", series.metric);
    return view_.Points(series, from, to, limit);
  }

 private:
  void HideOtherStacks(RemediationPlan& plan) const {
    std::erase_if(plan.blast.stacks, [&](const std::string& stack) { return !Has(stack); });
  }
  bool Has(const std::string& stack) const { return stacks_.contains(stack); }
  bool Has(const ResourceId& id) const { return Has(id.stack.value); }

  template <typename Filter>
  Filter Narrow(Filter filter) const {
    filter.among = &stacks_;
    return filter;
  }

  const EngineView& view_;
  const StackSet stacks_;
};

}  // namespace

bool InScope(const StackScope& scope, const std::string& stack) {
  return scope.empty() || std::any_of(scope.begin(), scope.end(), [&](const std::string& glob) {
           return MatchesGlob(glob, stack);
         });
}

void ScopedEngine::RunOnShard(const std::function<void(const EngineView&)>& question) const {
  engine_.RunOnShard([&](const EngineView& view) { question(ScopedView(view, scope_)); });
}

Status ScopedEngine::SubmitAndWait(std::vector<Fact> facts) {
  for (const Fact& fact : facts) {
    if (fact.stack.empty())
      return PermissionDenied("this concerns the whole fleet, and you may act on a part of it");
    if (!InScope(scope_, fact.stack.value))
      return PermissionDenied("{} is not among the stacks that you may act on", fact.stack.value);
  }
  return engine_.SubmitAndWait(std::move(facts));
}

uint64_t ScopedEngine::Subscribe(std::function<void(const LiveEvent&)> listener) {
  return engine_.Subscribe(
      [listener = std::move(listener), scope = scope_](const LiveEvent& event) {
        if (InScope(scope, event.stack.value)) listener(event);
      });
}

}  // namespace driftcast
