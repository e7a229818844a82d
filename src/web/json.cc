#include "web/json.h"

#include <algorithm>
#include <cmath>

#include "model/order.h"

namespace driftcast {
namespace {

const char* TypeName(ValueType type) {
  static constexpr const char* kNames[] = {"null", "bool",   "integer", "real",
                                           "text", "secret", "digest"};
  const auto index = static_cast<size_t>(type);
  return index < std::size(kNames) ? kNames[index] : "text";
}

const char* ConfidenceName(Confidence confidence) {
  static constexpr const char* kNames[] = {"unknown", "racy", "exact"};
  const auto index = static_cast<size_t>(confidence);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

const char* OpName(ChangeOp op) {
  static constexpr const char* kNames[] = {"change", "create", "delete", "add",
                                           "change", "remove", "initial"};
  const auto index = static_cast<size_t>(op);
  return index < std::size(kNames) ? kNames[index] : "change";
}

// JSON has no infinities: a figure that is none becomes 0.
double Finite(double value) { return std::isfinite(value) ? value : 0; }
double Within(double value, double least, double most) {
  return std::clamp(Finite(value), least, most);
}

Json Texts(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts) array.push_back(text);
  return array;
}

Json TextMap(const std::map<std::string, std::string>& map) {
  Json object = Json::object();
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

template <typename Items, typename Each>
Json List(const Items& items, Each each) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(each(item));
  return array;
}

template <typename Items>
Json List(const Items& items) {
  return List(items, [](const auto& item) { return ToJson(item); });
}

Json MaybeText(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json CommandFor(const AllowAdvice& advice, const std::string& missing) {
  return missing.empty() ? Json() : Json(advice.Command(missing));
}

Json KeyForecast(const DriftPrediction* prediction, const std::string& path) {
  if (!prediction) return {};
  for (const PredictedKey& key : prediction->keys) {
    if (key.path != path) continue;
    return {{"p", Within(key.p, 0, 1)},
            {"value", MaybeText(key.value)},
            {"value_p", Within(key.value_p, 0, 1)},
            {"source", key.source}};
  }
  return {};
}

Json RiskJson(const HorizonRisk& risk, const char* horizon) {
  return {{"horizon", horizon},
          {"p_change", Within(risk.p_change, 0, 1)},
          {"p_drift_given_change", Within(risk.p_drift_given_change, 0, 1)},
          {"p_drift", Within(risk.p_change * risk.p_drift_given_change, 0, 1)}};
}

Json QuantilesJson(const Quantiles& quantiles) {
  return {{"p50", Within(quantiles.p50, 0, 1e18)}, {"p90", Within(quantiles.p90, 0, 1e18)}};
}

Json StepJson(const PlanStep& step) {
  return {{"kind", StepKindName(step.kind)},
          {"resource", IdJson(step.resource)},
          {"parameters", TextMap(step.parameters)},
          {"reversible", step.reversible},
          {"timeout_s", Seconds(step.timeout)}};
}

Json EstimateJson(const Estimate& estimate) {
  return {{"downtime_s", QuantilesJson(estimate.downtime_s)},
          {"duration_s", QuantilesJson(estimate.duration_s)},
          {"effort_minutes", Within(estimate.effort_minutes, 0, 1e18)},
          {"cost", Finite(estimate.cost)},
          {"currency", estimate.currency},
          {"p_success", Within(estimate.p_success, 0, 1)},
          {"inputs", Texts(estimate.inputs)}};
}

// A mean that does not exist without items.
Json Mean(double sum, uint64_t count) {
  return count == 0 ? Json() : Json(Finite(sum / static_cast<double>(count)));
}

Json BinJson(const TrackRecord::Bin& bin, size_t index) {
  const double width = 1.0 / TrackRecord::kBins;
  return {{"from", static_cast<double>(index) * width},
          {"to", static_cast<double>(index + 1) * width},
          {"count", bin.count},
          {"hits", bin.hits},
          {"p_mean", Mean(bin.p_sum, bin.count)},
          {"hit_rate", Mean(static_cast<double>(bin.hits), bin.count)}};
}

// What each threshold would have done in the days that are kept, lowest first.
Json ThresholdsJson(const TrackRecord::Horizon& horizon) {
  TrackRecord::Day sum{};
  for (const auto& [day, steps] : horizon.days) {
    for (size_t i = 0; i < steps.size(); ++i) {
      sum[i].count += steps[i].count;
      sum[i].hits += steps[i].hits;
      sum[i].lead_time_s += steps[i].lead_time_s;
    }
  }
  Json thresholds = Json::array();
  for (size_t i = sum.size() - 1; i > 0; --i) {  // each with all above it
    sum[i - 1].count += sum[i].count;
    sum[i - 1].hits += sum[i].hits;
    sum[i - 1].lead_time_s += sum[i].lead_time_s;
  }
  for (size_t i = 0; i < sum.size(); ++i) {
    thresholds.push_back({{"from", static_cast<double>(i) / static_cast<double>(sum.size())},
                          {"alerts", sum[i].count},
                          {"hits", sum[i].hits},
                          {"missed", sum[0].hits - sum[i].hits},
                          {"lead_time_s", Mean(sum[i].lead_time_s, sum[i].hits)}});
  }
  return {{"days", horizon.days.size()}, {"steps", std::move(thresholds)}};
}

Json TrackHorizonJson(const TrackRecord::Horizon& horizon, const char* name) {
  const uint64_t scored = horizon.hits + horizon.misses;
  Json bins = Json::array();
  for (size_t i = 0; i < TrackRecord::kBins; ++i) bins.push_back(BinJson(horizon.bins[i], i));
  return {{"horizon", name},
          {"hits", horizon.hits},
          {"misses", horizon.misses},
          {"voided", horizon.voided},
          {"treated", horizon.treated},
          {"log_loss", Mean(horizon.log_loss, scored)},
          {"log_loss_reference", Mean(horizon.log_loss_reference, scored)},
          {"alerts", horizon.alerts},
          {"alert_hits", horizon.alert_hits},
          {"precision", Mean(static_cast<double>(horizon.alert_hits), horizon.alerts)},
          {"recall", Mean(static_cast<double>(horizon.alert_hits), horizon.hits)},
          {"lead_time_s", Mean(horizon.lead_time_s, horizon.alert_hits)},
          {"bins", std::move(bins)},
          {"recent", ThresholdsJson(horizon)}};
}

}  // namespace

HttpResponse JsonResponse(const Json& json, int status) {
  HttpResponse response;
  response.status = status;
  response.Set("Content-Type", "application/json").Set("Cache-Control", "no-store");
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

Json TimeJson(Instant at) { return FormatInstant(at); }
Json MaybeTimeJson(Instant at) { return at == Instant() ? Json() : Json(FormatInstant(at)); }

Json IdJson(const ResourceId& id) {
  return {{"id", id.ToText()}, {"stack", id.stack.value}, {"kind", id.kind}, {"name", id.name}};
}

Json ToJson(const Value& value) {
  const bool secret = value.type == ValueType::kSecret;
  return {{"type", TypeName(value.type)}, {"text", secret ? value.Display() : value.text}};
}

Json ToJson(const std::optional<Value>& value) { return value ? ToJson(*value) : Json(); }

Json ToJson(const KeyValue& key) { return {{"path", key.path}, {"value", ToJson(key.value)}}; }

Json ToJson(const Cause& cause) {
  return {{"kind", CauseKindName(cause.kind)},
          {"id", cause.id},
          {"actor", cause.actor},
          {"text", cause.text},
          {"confidence", ConfidenceName(cause.confidence)},
          {"seen_by", cause.seen_by}};
}

Json ToJson(const StatusCounts& counts) {
  Json object = Json::object();
  for (size_t i = 0; i < counts.size(); ++i) {
    object[ResourceStatusName(static_cast<ResourceStatus>(i))] = counts[i];
  }
  return object;
}

Json ToJson(const AgentReported& report) {
  Json collectors = Json::object();
  for (const auto& [name, ms] : report.cpu_ms_by_collector) collectors[name] = Finite(ms);
  return {
      {"version", report.version},           {"cpu_percent", Within(report.cpu_percent, 0, 1e9)},
      {"memory_bytes", report.memory_bytes}, {"spool_bytes", report.spool_bytes},
      {"metrics_shed", report.metrics_shed}, {"cpu_ms_by_collector", std::move(collectors)}};
}

Json PerHorizon(const std::array<double, kHorizonCount>& values) {
  return List(values, [](double value) { return Json(Within(value, 0, 1e18)); });
}

Json ToJson(const ResourceRow& row) {
  Json json = IdJson(row.id);
  json["role"] = row.role.value;
  json["status"] = ResourceStatusName(row.status);
  json["keys"] = row.keys;
  json["keys_differing"] = row.keys_differing;
  json["changed_at"] = MaybeTimeJson(row.changed_at);
  json["compared_at"] = MaybeTimeJson(row.compared_at);
  json["p_change"] = PerHorizon(row.p_change);
  json["severity"] = Within(row.severity, 0, 10);
  return json;
}

Json ToJson(const ShadowKey& key, const DriftPrediction* prediction) {
  return {{"path", key.path},
          {"expected", ToJson(key.expected)},
          {"observed", ToJson(key.observed)},
          {"last_agreed", ToJson(key.last_agreed)},
          {"origin", OriginName(key.origin)},
          {"verdict", KeyVerdictName(key.verdict)},
          {"ignored_by", key.ignored_by},
          {"uncompared_reason", key.uncompared_reason},
          {"compared_at", MaybeTimeJson(key.compared_at)},
          {"changed_at", MaybeTimeJson(key.changed_at)},
          {"changes_per_day", Within(key.changes_per_day, 0, 1e18)},
          {"forecast", KeyForecast(prediction, key.path)}};
}

Json ToJson(const Drift& drift) {
  return {{"id", drift.id},
          {"resource", IdJson(drift.resource)},
          {"status", ResourceStatusName(drift.status)},
          {"cause", ToJson(drift.cause)},
          {"opened_at", TimeJson(drift.opened_at)},
          {"closed_at", MaybeTimeJson(drift.closed_at)},
          {"keys", List(drift.keys, [](const ShadowKey& key) { return ToJson(key, nullptr); })},
          {"severity", Within(drift.severity, 0, 10)},
          {"severity_reason", drift.severity_reason}};
}

Json ToJson(const DriftPrediction& prediction, const AlertRule& alert) {
  Json horizons = Json::array();
  for (size_t i = 0; i < kHorizonCount; ++i) {
    horizons.push_back(RiskJson(prediction.horizons[i], kHorizonNames[i]));
  }
  const HorizonRisk& risk = prediction.horizons[alert.horizon];
  return {
      {"resource", IdJson(prediction.resource)},
      {"made_at", TimeJson(prediction.made_at)},
      {"horizons", std::move(horizons)},
      {"keys", List(prediction.keys,
                    [](const PredictedKey& key) {
                      return Json{{"path", key.path},
                                  {"p", Within(key.p, 0, 1)},
                                  {"value", MaybeText(key.value)},
                                  {"value_p", Within(key.value_p, 0, 1)},
                                  {"source", key.source}};
                    })},
      {"reasons", List(prediction.reasons,
                       [](const Reason& reason) {
                         return Json{{"group", reason.group},
                                     {"text", reason.text},
                                     {"weight", Finite(reason.weight)}};
                       })},
      {"due_at", prediction.due_at ? TimeJson(*prediction.due_at) : Json()},
      {"severity", Within(prediction.severity, 0, 10)},
      {"severity_reason", prediction.severity_reason},
      {"severity_factors",
       List(prediction.severity_factors,
            [](const SeverityFactor& factor) {
              return Json{{"name", factor.name}, {"value", factor.value}, {"text", factor.text}};
            })},
      {"model", prediction.model},
      {"abstains", prediction.abstains},
      {"alert",
       !prediction.abstains && risk.p_change * risk.p_drift_given_change >= alert.threshold}};
}

Json ToJson(const HistoryEntry& entry) {
  const ChangeEvent& event = entry.event;
  return {{"at", TimeJson(event.at)},
          {"op", OpName(event.op)},
          {"path", event.path},
          {"old_value", event.old_value},
          {"new_value", event.new_value},
          {"actor", event.actor},
          {"bot", event.bot},
          {"change_id", std::to_string(event.change_id)},
          {"mass", event.mass},
          {"cause", ToJson(entry.cause)},
          {"drift", entry.drift}};
}

std::string AllowAdvice::Command(std::string kinds) const {
  for (const std::string& kind : allowed) kinds += "," + kind;
  return command + " " + kinds;
}

std::string AllowedName(const std::string& kind) { return kind.substr(0, kind.find(':')); }

std::vector<std::string> NeededKinds(const RemediationPlan& plan) {
  std::vector<std::string> needed;
  for (const PlanStep& step : plan.steps) {
    const std::string kind = PermissionFor(step).kind;
    if (!kind.empty()) needed.push_back(kind);
  }
  std::sort(needed.begin(), needed.end());
  needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
  return needed;
}

std::string MissingKinds(const std::vector<std::string>& needed,
                         const std::vector<std::string>& allowed) {
  std::string missing;
  for (const std::string& kind : needed) {
    if (std::find(allowed.begin(), allowed.end(), kind) != allowed.end()) continue;
    missing += (missing.empty() ? "" : ",") + kind;
  }
  return missing;
}

Json ToJson(const PolicyVerdict& verdict) {
  return {{"action", PolicyActionName(verdict.action)},
          {"unattended", verdict.unattended},
          {"approvals_missing", verdict.approvals_missing},
          {"who", Texts(verdict.who)},
          {"not_before", MaybeTimeJson(verdict.not_before)},
          {"not_after", MaybeTimeJson(verdict.not_after)},
          {"reasons", Texts(verdict.reasons)}};
}

Json ToJson(const LeftOut& left_out) {
  return {{"strategy", StrategyName(left_out.strategy)},
          {"reason", left_out.reason},
          {"dominated", left_out.dominated}};
}

Json ToJson(const PauseSet& pause) {
  return {{"id", pause.id},
          {"resource_glob", pause.resource_glob},
          {"by", pause.by.value},
          {"reason", pause.reason},
          {"until", TimeJson(pause.until)}};
}

Json ToJson(const RemediationPlan& plan, const AllowAdvice& advice, const PolicyVerdict* verdict) {
  const auto needed = NeededKinds(plan);
  const std::string missing = MissingKinds(needed, advice.allowed);
  return {
      {"id", plan.id.value},
      {"strategy", StrategyName(plan.strategy)},
      {"stack", plan.stack.value},
      {"title", plan.title},
      {"why", plan.why},
      {"resources", List(plan.resources, IdJson)},
      {"trigger", plan.trigger},
      {"steps", List(plan.steps, StepJson)},
      {"base",
       List(plan.base,
            [](const PlanBase& base) {
              return Json{{"resource", IdJson(base.resource)}, {"observed", List(base.observed)}};
            })},
      {"estimate", EstimateJson(plan.estimate)},
      {"security",
       {{"exposure_before", Within(plan.security.exposure_before, 0, 1e18)},
        {"exposure_after", Within(plan.security.exposure_after, 0, 1e18)},
        {"text", plan.security.text}}},
      {"blast",
       {{"direct", plan.blast.direct},
        {"transitive", plan.blast.transitive},
        {"elsewhere", plan.blast.elsewhere},
        {"top", Texts(plan.blast.top)},
        {"stacks", Texts(plan.blast.stacks)}}},
      {"reversible", plan.reversible},
      {"score", Finite(plan.score)},
      {"rank_reason", plan.rank_reason},
      {"made_at", TimeJson(plan.made_at)},
      {"expires_at", MaybeTimeJson(plan.expires_at)},
      {"not_before", MaybeTimeJson(plan.not_before)},
      {"hash", plan.hash},
      {"state", PlanStateName(plan.state)},
      {"final", IsFinal(plan.state)},
      {"decided_by", plan.decided_by.value},
      {"decision_reason", plan.decision_reason},
      {"outcome", plan.outcome},
      {"downtime_measured_s", Within(Seconds(plan.downtime_measured), 0, 1e18)},
      {"step_now", std::max(plan.step_now, -1)},
      {"approvals", List(plan.approvals,
                         [](const Approval& approval) {
                           return Json{{"by", approval.by.value},
                                       {"at", TimeJson(approval.at)},
                                       {"reason", approval.reason},
                                       {"signed", !approval.proof.empty()}};
                         })},
      {"approved_at", MaybeTimeJson(plan.approved_at)},
      {"started_at", MaybeTimeJson(plan.started_at)},
      {"ended_at", MaybeTimeJson(plan.ended_at)},
      {"author", plan.author.value},
      {"undo_of", plan.undo_of.value},
      {"policy_reasons", Texts(plan.policy_reasons)},
      {"policy", verdict == nullptr || IsFinal(plan.state) ? Json() : ToJson(*verdict)},
      {"needs", Texts(needed)},
      {"allowed", missing.empty()},
      {"allow_command", CommandFor(advice, missing)}};
}

Json ToJson(const IgnoreRule& rule) {
  return {{"id", rule.id},
          {"resource_glob", rule.resource_glob},
          {"key_glob", rule.key_glob},
          {"owner", rule.owner},
          {"reason", rule.reason},
          {"expires_at", MaybeTimeJson(rule.expires_at)},
          {"alarm_only", rule.alarm_only}};
}

Json ToJson(const ActivityReported& activity) {
  return {{"kind", activity.kind},
          {"id", activity.id},
          {"actor", activity.actor},
          {"text", activity.text},
          {"started_at", TimeJson(activity.started_at)},
          {"ended_at", TimeJson(activity.ended_at)},
          {"resources", Texts(activity.resources)},
          {"details", TextMap(activity.details)}};
}

Json ToJson(const FeedStatus& feed, Instant now) {
  const FeedPublished& content = feed.content;
  return {{"feed", content.feed},
          {"format", content.format},
          {"source", content.source},
          {"digest", content.digest},
          {"records", content.records},
          {"newest_at", MaybeTimeJson(content.newest_at)},
          {"fetched_at", MaybeTimeJson(content.fetched_at)},
          {"attempted_at", MaybeTimeJson(feed.attempted_at)},
          {"error", feed.error},
          {"warnings", content.warnings},
          {"warning_samples", content.warning_samples},
          {"stale_after_s", static_cast<int64_t>(Seconds(feed.stale_after))},
          {"stale", IsStale(feed, now)}};
}

Json ToJson(const AuditEntry& entry) {
  return {{"number", entry.number},
          {"at", TimeJson(entry.at)},
          {"by", entry.by.value},
          {"action", entry.action},
          {"subject", entry.subject},
          {"detail", entry.detail},
          {"previous_hash", entry.previous_hash},
          {"hash", entry.hash}};
}

Json ToJson(const SeriesRow& row) {
  return {{"stack", row.stack},
          {"resource_kind", row.resource_kind},
          {"resource_name", row.resource_name},
          {"metric", row.metric},
          {"last_at", TimeJson(row.last_at)},
          {"last_value", Finite(row.last_value)}};
}

const char* LivenessOf(Instant last_fact_at, Instant now) {
  if (last_fact_at == Instant()) return "never";
  const Duration ago = now - last_fact_at;
  return ago <= 2 * kMinute ? "live" : ago <= 15 * kMinute ? "late" : "silent";
}

Json ToJson(const StackSummary& stack, const AllowAdvice& advice, Instant now) {
  const std::string missing = MissingKinds({"file", "package", "sysctl"}, stack.allowed_kinds);
  const bool reported = !stack.agent_report.version.empty();
  return {{"id", stack.id.value},
          {"role", stack.role.value},
          {"labels", TextMap(stack.labels)},
          {"allowed_kinds", Texts(stack.allowed_kinds)},
          {"allow_command", CommandFor(advice, missing)},
          {"agent", stack.agent.value},
          {"last_fact_at", MaybeTimeJson(stack.last_fact_at)},
          {"liveness", LivenessOf(stack.last_fact_at, now)},
          {"agent_report", reported ? ToJson(stack.agent_report) : Json()},
          {"counts", ToJson(stack.counts)},
          {"drifts_open", stack.drifts_open},
          {"expected_changes", PerHorizon(stack.expected_changes)},
          {"severity_max", Within(stack.severity_max, 0, 10)}};
}

Json ToJson(const TrackRecord& track, const AlertRule& alert) {
  Json horizons = Json::array();
  for (size_t i = 0; i < kHorizonCount; ++i) {
    horizons.push_back(TrackHorizonJson(track.horizons[i], kHorizonNames[i]));
  }
  return {{"model", track.model},
          {"open", track.open},
          {"alert_threshold", alert.threshold},
          {"alert_horizon", kHorizonNames[alert.horizon]},
          {"horizons", std::move(horizons)}};
}

}  // namespace driftcast
