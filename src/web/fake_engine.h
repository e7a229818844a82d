// An engine in memory, for the web's tests: it holds what the test puts in, and does with a fact
// just what the tests need to see.
#ifndef DRIFTCAST_WEB_FAKE_ENGINE_H_
#define DRIFTCAST_WEB_FAKE_ENGINE_H_

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "web/engine_port.h"

namespace driftcast {

class FakeView : public EngineView {
 public:
  Instant time = FromUnixSeconds(1'780'000'000);
  std::vector<StackSummary> stacks;
  std::map<ResourceId, ShadowResource> shadows;
  std::map<ResourceId, DriftPrediction> predictions;
  std::vector<Drift> drifts;
  std::vector<RemediationPlan> plans;
  std::vector<IgnoreRule> rules;
  std::vector<ActivityReported> activities;
  std::vector<SeriesRow> series;
  std::vector<SeriesPoint> points;
  SeriesOutlook outlook;
  std::vector<LimitCrossing> crossings;
  std::vector<HistoryEntry> history;
  std::vector<AuditEntry> audit;  // oldest first
  TrackRecord track;
  std::optional<PolicyInForce> policy;
  std::vector<PauseSet> pauses;
  std::vector<ModelRow> models = {
      {{"", "shipped", Principal("driftcast"), "comes with the program", {}}, {}, false},
      {{"", "2026-05-01", Principal("engine"), "less loss", FromUnixSeconds(9)}, {}, true}};
  std::vector<FeedStatus> feeds;
  std::vector<OpenExposure> exposures;  // of every resource

  std::vector<FeedStatus> Feeds() const override { return feeds; }
  std::vector<MetIndicator> indicators;
  std::vector<MetIndicator> IndicatorsOn(const ResourceId&) const override { return indicators; }
  std::vector<MetIndicator> IndicatorsMet(const std::string&) const override { return indicators; }
  std::vector<OpenExposure> ExposuresOf(const ResourceId&) const override { return exposures; }
  Page<ExposureRow> Exposures(const ExposureFilter& filter) const override {
    std::vector<ExposureRow> rows;
    for (const OpenExposure& exposure : exposures)
      if (filter.text.empty() || exposure.id.find(filter.text) != std::string::npos)
        rows.push_back({exposure, 1, 1, {{StackId("web-7"), "package", exposure.package}}});
    return Cut(rows, filter.offset, filter.limit);
  }
  Instant now() const override { return time; }
  std::vector<StackSummary> Stacks() const override { return stacks; }
  std::optional<ShadowResource> Shadow(const ResourceId& id) const override {
    return Find(shadows, id);
  }
  Page<ResourceRow> Resources(const ResourceFilter& filter) const override {
    std::vector<ResourceRow> rows;
    for (const auto& [id, shadow] : shadows) {
      if (!filter.stack.empty() && id.stack.value != filter.stack) continue;
      if (filter.among && !filter.among->contains(id.stack.value)) continue;
      if (filter.status && shadow.status != *filter.status) continue;
      if (!filter.text.empty() && id.name.find(filter.text) == std::string::npos) continue;
      ResourceRow row;
      row.id = id;
      row.role = shadow.role;
      row.status = shadow.status;
      row.keys = static_cast<uint32_t>(shadow.keys.size());
      rows.push_back(row);
    }
    return Cut(rows, filter.offset, filter.limit);
  }
  Page<Drift> Drifts(const DriftFilter& filter) const override {
    std::vector<Drift> rows = drifts;
    std::erase_if(rows, [&](const Drift& drift) {
      return (filter.open_only && drift.closed_at != Instant()) ||
             (filter.among && !filter.among->contains(drift.resource.stack.value)) ||
             (!filter.stack.empty() && drift.resource.stack.value != filter.stack);
    });
    return Cut(rows, filter.offset, filter.limit);
  }
  Page<DriftPrediction> Predictions(const ResourceFilter& filter) const override {
    std::vector<DriftPrediction> rows;
    for (const auto& [id, prediction] : predictions)
      if (!filter.among || filter.among->contains(id.stack.value)) rows.push_back(prediction);
    return Cut(rows, filter.offset, filter.limit);
  }
  std::optional<DriftPrediction> Prediction(const ResourceId& id) const override {
    return Find(predictions, id);
  }
  Page<RemediationPlan> Plans(const PlanFilter& filter) const override {
    std::vector<RemediationPlan> rows = plans;
    std::erase_if(rows, [&](const RemediationPlan& plan) {
      return (filter.among && !filter.among->contains(plan.stack.value)) ||
             (!filter.trigger.empty() && plan.trigger != filter.trigger) ||
             (filter.active_only && (plan.state == PlanState::kProposed || IsFinal(plan.state)));
    });
    return Cut(rows, filter.offset, filter.limit);
  }
  std::optional<RemediationPlan> Plan(const PlanId& id) const override {
    for (const RemediationPlan& plan : plans) {
      if (plan.id == id) return plan;
    }
    return std::nullopt;
  }
  std::vector<LeftOut> StrategiesLeftOut(const ResourceId&) const override {
    return {{Strategy::kGuard, "it has already happened", false}};
  }
  PolicyVerdict Verdict(const RemediationPlan&) const override {
    PolicyVerdict verdict;
    verdict.action = PolicyVerdict::Action::kNeedsApproval;
    verdict.approvals_missing = 1;
    verdict.who = {"*"};
    verdict.reasons = {"approval 'default': 0 of 1 given"};
    return verdict;
  }
  std::optional<PolicyInForce> Policy() const override { return policy; }
  std::vector<TimeSpan> Windows(const RoleName&) const override { return {{time, time + kHour}}; }
  std::vector<PauseSet> Pauses() const override { return pauses; }
  std::vector<ModelRow> Models() const override { return models; }
  TrackRecord Track() const override { return track; }
  std::vector<IgnoreRule> Rules() const override { return rules; }
  std::vector<ActivityReported> Activities(const StackId&, size_t) const override {
    return activities;
  }
  std::vector<SeriesRow> Series(const std::string&) const override { return series; }
  std::optional<SeriesOutlook> Outlook(const SeriesRow& row, Duration) const override {
    for (const SeriesRow& known : series)
      if (known.metric == row.metric) return outlook;
    return std::nullopt;
  }
  std::vector<LimitCrossing> Crossings(const std::string&, Duration, double) const override {
    return crossings;
  }
  StatusOr<std::vector<HistoryEntry>> History(const ResourceId& id, Instant, Instant,
                                              size_t limit) const override {
    if (!shadows.contains(id)) return std::vector<HistoryEntry>();
    return Cut(history, 0, limit).rows;
  }
  StatusOr<std::vector<KeyValue>> ObservedAt(const ResourceId& id, Instant at) const override {
    const auto shadow = Find(shadows, id);
    if (!shadow || at < shadow->first_seen_at)
      return NotFound("{} was not known then", id.ToText());
    std::vector<KeyValue> keys;
    for (const ShadowKey& key : shadow->keys) {
      if (key.observed) keys.push_back({key.path, *key.observed});
    }
    return keys;
  }
  StatusOr<std::vector<AuditEntry>> Audit(uint64_t from_number, size_t limit) const override {
    std::vector<AuditEntry> rows;
    for (auto entry = audit.rbegin(); entry != audit.rend(); ++entry) {
      if (entry->number <= from_number && rows.size() < limit) rows.push_back(*entry);
    }
    return rows;
  }
  StatusOr<std::vector<SeriesPoint>> Points(const SeriesRow& row, Instant, Instant,
                                            size_t) const override {
    for (const SeriesRow& known : series) {
      if (known.metric == row.metric) return points;
    }
    return NotFound("no series {}", row.metric);
  }

 private:
  template <typename Map, typename Key>
  static std::optional<typename Map::mapped_type> Find(const Map& map, const Key& key) {
    const auto found = map.find(key);
    if (found == map.end()) return std::nullopt;
    return found->second;
  }
  template <typename Row>
  static Page<Row> Cut(const std::vector<Row>& rows, size_t offset, size_t limit) {
    Page<Row> page;
    page.total = rows.size();
    for (size_t i = offset; i < rows.size() && page.rows.size() < limit; ++i) {
      page.rows.push_back(rows[i]);
    }
    return page;
  }
};

class FakeEngine : public EnginePort {
 public:
  FakeView view;                      // changed by tests between requests, and by facts
  std::vector<Fact> facts;            // that were submitted
  std::vector<std::string> contents;  // of feeds
  Status answer = Ok();               // to Submit
  Status chain = Ok();                // of the audit log
  Status writable = Ok();

  void RunOnShard(const std::function<void(const EngineView&)>& question) const override {
    const std::lock_guard lock(mutex_);
    question(view);
  }
  Status SubmitAndWait(std::vector<Fact> submitted) override {
    const std::lock_guard lock(mutex_);
    if (!answer.ok()) return answer;
    for (Fact& fact : submitted) {
      Apply(fact);
      facts.push_back(std::move(fact));
    }
    return Ok();
  }
  Status PublishFeed(FeedPublished feed, std::string_view content) override {
    const std::lock_guard lock(mutex_);
    if (!answer.ok()) return answer;
    contents.emplace_back(content);
    std::erase_if(view.feeds,
                  [&](const FeedStatus& known) { return known.content.feed == feed.feed; });
    view.feeds.push_back({feed, feed.fetched_at, feed.error, kDay});
    return Ok();
  }
  Status Writable() const override { return writable; }
  uint64_t Subscribe(std::function<void(const LiveEvent&)> listener) override {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
    return 1;
  }
  void Unsubscribe(uint64_t) override {
    const std::lock_guard lock(mutex_);
    listener_ = nullptr;
  }
  void Publish(LiveEvent event) {
    const std::lock_guard lock(mutex_);
    if (listener_) listener_(event);
  }
  Status VerifyAudit() const override { return chain; }
  Status AppendAudit(const Principal& by, const std::string& action, const std::string& subject,
                     const std::string& detail) override {
    const std::lock_guard lock(mutex_);
    AuditEntry entry;
    entry.number = view.audit.size() + 1;
    entry.at = view.time;
    entry.by = by;
    entry.action = action;
    entry.subject = subject;
    entry.detail = detail;
    entry.previous_hash = entry.hash = std::string(64, '0');
    view.audit.push_back(entry);
    return Ok();
  }
  Status PutSetting(const std::string& key, const std::string& value) override {
    const std::lock_guard lock(mutex_);
    settings_[key] = value;
    return Ok();
  }
  std::optional<std::string> GetSetting(const std::string& key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = settings_.find(key);
    if (found == settings_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::pair<std::string, std::string>> ListSettings(
      const std::string& prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [key, value] : settings_) {
      if (key.starts_with(prefix)) all.emplace_back(key, value);
    }
    return all;
  }
  Status DeleteSetting(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    settings_.erase(key);
    return Ok();
  }
  std::vector<std::pair<std::string, double>> Counters() const override {
    return {{"facts_total", 42}, {"queue_facts", 3}};
  }

 private:
  void Apply(const Fact& fact) {
    if (const auto* decision = std::get_if<DecisionMade>(&fact.body)) {
      for (RemediationPlan& plan : view.plans) {
        if (plan.id != decision->plan) continue;
        plan.state = decision->verdict == Verdict::kApprove  ? PlanState::kApproved
                     : decision->verdict == Verdict::kReject ? PlanState::kRejected
                     : decision->verdict == Verdict::kCancel ? PlanState::kProposed
                                                             : PlanState::kOverridden;
        plan.decided_by = decision->by;
        plan.decision_reason = decision->reason;
      }
    }
    if (const auto* policy = std::get_if<PolicyPublished>(&fact.body))
      view.policy = PolicyInForce{*policy, fact.at};
    if (const auto* model = std::get_if<ModelPublished>(&fact.body))
      for (ModelRow& row : view.models) row.serves = row.what.version == model->version;
    if (const auto* pause = std::get_if<PauseSet>(&fact.body)) {
      std::erase_if(view.pauses, [&](const PauseSet& other) { return other.id == pause->id; });
      if (!pause->lifted) view.pauses.push_back(*pause);
    }
    if (const auto* written = std::get_if<PlanWritten>(&fact.body)) {
      view.plans.push_back(written->plan);
      view.plans.back().author = written->by;
    }
    if (const auto* rule = std::get_if<IgnoreRule>(&fact.body)) {
      std::erase_if(view.rules, [&](const IgnoreRule& other) { return other.id == rule->id; });
      if (!rule->removed) view.rules.push_back(*rule);
    }
  }

  mutable std::mutex mutex_;
  std::function<void(const LiveEvent&)> listener_;
  std::map<std::string, std::string> settings_;
};

// Fills the engine with one stack "web-7" of role "web": a drifted file "/etc/ssh/sshd_config" with
// a prediction, a drift "d-1" and two plans ("p-1" reverts, "p-2" does nothing), a rule, activity,
// a series, history.
inline void FillFakeEngine(FakeEngine& engine) {
  FakeView& view = engine.view;
  const Instant t = view.time;
  const ResourceId id{StackId("web-7"), "file", "/etc/ssh/sshd_config"};
  StackSummary stack;
  stack.id = id.stack;
  stack.role = RoleName("web");
  stack.labels = {{"os", "Debian 12"}};
  stack.allowed_kinds = {"file"};
  stack.agent = AgentId("agent-1");
  stack.last_fact_at = t;
  stack.agent_report.version = "1";
  stack.agent_report.cpu_ms_by_collector = {{"files", 12.5}};
  stack.counts = {0, 3, 1, 0, 0};
  stack.drifts_open = 1;
  stack.expected_changes = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  stack.severity_max = 7;
  view.stacks.push_back(stack);

  ShadowKey key;
  key.path = "PermitRootLogin";
  key.expected = Value::Text("no");
  key.observed = Value::Text("yes");
  key.last_agreed = Value::Text("no");
  key.origin = Origin::kDeclared;
  key.verdict = KeyVerdict::kChanged;
  key.compared_at = key.changed_at = t;
  ShadowResource shadow;
  shadow.id = id;
  shadow.role = stack.role;
  shadow.status = ResourceStatus::kDrifted;
  shadow.keys = {key};
  shadow.depends_on = {{"owned_by", "package", "openssh-server", StackId()}};
  shadow.context = {{"owner", Value::Text("openssh-server")}};
  shadow.means = Means::kEvent;
  shadow.compared_at = shadow.changed_at = t;
  shadow.first_seen_at = t - kDay;
  shadow.exists = true;
  shadow.drift_id = "d-1";
  view.shadows[id] = shadow;

  DriftPrediction prediction;
  prediction.resource = id;
  prediction.made_at = t;
  for (size_t i = 0; i < kHorizonCount; ++i) prediction.horizons[i] = {0.1 * (i + 1.0), 0.9};
  prediction.keys = {{"PermitRootLogin", 0.8, "no", 0.7, "revert to previous"}};
  prediction.reasons = {{"own history", "changed 3 times in 30 days", 1.2}};
  prediction.severity = 7;
  prediction.model = "reference/1";
  view.predictions[id] = prediction;

  Drift drift;
  drift.id = "d-1";
  drift.resource = id;
  drift.cause = {CauseKind::kPerson, "session-41", "ada", "vi by ada", Confidence::kRacy};
  drift.opened_at = t;
  drift.keys = {key};
  drift.severity = 7;
  view.drifts.push_back(drift);

  RemediationPlan plan;
  plan.id = PlanId("p-1");
  plan.strategy = Strategy::kRevert;
  plan.stack = id.stack;
  plan.title = "Put PermitRootLogin back to no";
  plan.resources = {id};
  plan.trigger = "d-1";
  plan.steps = {{StepKind::kSetKey, id, {{"path", "PermitRootLogin"}, {"value", "no"}}}};
  plan.base = {{id, {{"PermitRootLogin", Value::Text("yes")}}}};
  plan.made_at = t;
  plan.hash = std::string(64, 'a');
  view.plans.push_back(plan);
  plan.id = PlanId("p-2");
  plan.strategy = Strategy::kDoNothing;
  plan.steps.clear();
  plan.hash = std::string(64, 'b');
  view.plans.push_back(plan);

  view.rules = {{"quiet", "*/file//etc/resolv.conf", "*", "ada", "DHCP", Instant(), true, false}};
  view.activities = {{"sudo", "s-1", "ada", "sudo vi", t, t, {"file//etc/ssh/sshd_config"}, {}}};
  view.series = {{"web-7", "host", "web-7", "system.cpu.utilization", t, 0.25}};
  view.points = {{t, 0.25}, {t - kMinute, 0.5}};
  HistoryEntry entry;
  entry.event.at = t;
  entry.event.path = "PermitRootLogin";
  entry.event.old_value = "no";
  entry.event.new_value = "yes";
  entry.cause = drift.cause;
  entry.drift = true;
  view.history = {entry};
}

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_FAKE_ENGINE_H_
