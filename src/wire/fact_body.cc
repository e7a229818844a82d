#include "wire/fact_body.h"

#include "wire/plan.h"
#include "wire/value.h"

namespace driftcast {
namespace {

constexpr int kMeansCount = 6;
constexpr int kOriginCount = 4;
constexpr int kVerdictCount = 8;
constexpr int kPlanStateCount = 12;

template <typename Field>
void LabelsToProto(const std::map<std::string, std::string>& labels, Field* out) {
  for (const auto& [name, value] : labels) {
    auto* label = out->Add();
    label->set_name(name);
    label->set_value(value);
  }
}

template <typename Field>
std::map<std::string, std::string> LabelsFromProto(const Field& in) {
  std::map<std::string, std::string> labels;
  for (const auto& label : in) labels[label.name()] = label.value();
  return labels;
}

template <typename Field>
StatusOr<std::vector<KeyValue>> KeysFromProto(const Field& in) {
  std::vector<KeyValue> keys;
  keys.reserve(static_cast<size_t>(in.size()));
  for (const auto& key_in : in) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto key, FromProto(key_in));
    keys.push_back(std::move(key));
  }
  Canonicalize(keys);
  return keys;
}

}  // namespace

void BodyToProto(const StackEnrolled& body, v1::Fact* fact) {
  auto* out = fact->mutable_stack_enrolled();
  out->set_role(body.role.value);
  LabelsToProto(body.labels, out->mutable_labels());
  for (const auto& kind : body.allowed_kinds) out->add_allowed_kinds(kind);
}

StatusOr<FactBody> BodyFromProto(const v1::StackEnrolled& in) {
  return StackEnrolled{RoleName(in.role()),
                       LabelsFromProto(in.labels()),
                       {in.allowed_kinds().begin(), in.allowed_kinds().end()}};
}

void BodyToProto(const ResourceObserved& body, v1::Fact* fact) {
  auto* out = fact->mutable_resource_observed();
  ToProto(body.resource, out->mutable_resource());
  for (const auto& key : body.keys) ToProto(key, out->add_keys());
  for (const auto& dependency : body.depends_on) ToProto(dependency, out->add_depends_on());
  for (const auto& key : body.context) ToProto(key, out->add_context());
  for (const auto& key : body.uncompared) {
    auto* uncompared = out->add_uncompared();
    uncompared->set_path(key.path);
    uncompared->set_reason(key.reason);
  }
  out->set_means(static_cast<int>(body.means));
  if (body.cause.known()) ToProto(body.cause, out->mutable_cause());
}

StatusOr<FactBody> BodyFromProto(const v1::ResourceObserved& in) {
  ResourceObserved body;
  DRIFTCAST_ASSIGN_OR_RETURN(body.resource, FromProto(in.resource()));
  const auto in_resource = [&](const Status& status) {
    return Annotate(status, "resource " + body.resource.ToText());
  };
  auto keys = KeysFromProto(in.keys());
  if (!keys.ok()) return in_resource(keys.status());
  body.keys = *std::move(keys);
  auto context = KeysFromProto(in.context());
  if (!context.ok()) return in_resource(context.status());
  body.context = *std::move(context);
  for (const auto& dependency : in.depends_on()) body.depends_on.push_back(FromProto(dependency));
  for (const auto& key : in.uncompared()) body.uncompared.push_back({key.path(), key.reason()});
  DRIFTCAST_ASSIGN_OR_RETURN(body.means, EnumFromProto<Means>(in.means(), kMeansCount, "means"));
  DRIFTCAST_ASSIGN_OR_RETURN(body.cause, FromProto(in.cause()));
  return body;
}

void BodyToProto(const ResourceVanished& body, v1::Fact* fact) {
  auto* out = fact->mutable_resource_vanished();
  ToProto(body.resource, out->mutable_resource());
  out->set_means(static_cast<int>(body.means));
  if (body.cause.known()) ToProto(body.cause, out->mutable_cause());
}

StatusOr<FactBody> BodyFromProto(const v1::ResourceVanished& in) {
  ResourceVanished body;
  DRIFTCAST_ASSIGN_OR_RETURN(body.resource, FromProto(in.resource()));
  DRIFTCAST_ASSIGN_OR_RETURN(body.means, EnumFromProto<Means>(in.means(), kMeansCount, "means"));
  DRIFTCAST_ASSIGN_OR_RETURN(body.cause, FromProto(in.cause()));
  return body;
}

void BodyToProto(const SnapshotCompleted& body, v1::Fact* fact) {
  auto* out = fact->mutable_snapshot_completed();
  for (const auto& kind : body.kinds) out->add_kinds(kind);
  out->set_started_at_us(ToUnixMicros(body.started_at));
  out->set_unchanged_omitted(body.unchanged_omitted);
}

StatusOr<FactBody> BodyFromProto(const v1::SnapshotCompleted& in) {
  return SnapshotCompleted{{in.kinds().begin(), in.kinds().end()},
                           FromUnixMicros(in.started_at_us()),
                           in.unchanged_omitted()};
}

void BodyToProto(const ExpectationSet& body, v1::Fact* fact) {
  auto* out = fact->mutable_expectation_set();
  ToProto(body.resource, out->mutable_resource());
  out->set_role(body.role.value);
  for (const auto& key : body.keys) ToProto(key, out->add_keys());
  for (const auto& path : body.unset) out->add_unset(path);
  out->set_origin(static_cast<int>(body.origin));
  out->set_by(body.by.value);
  out->set_reason(body.reason);
  out->set_complete(body.complete);
  out->set_absent(body.absent);
}

StatusOr<FactBody> BodyFromProto(const v1::ExpectationSet& in) {
  ExpectationSet body;
  body.resource = FromProtoUnchecked(in.resource());
  body.role = RoleName(in.role());
  if (body.resource.stack.empty() == body.role.empty())
    return InvalidArgument("an expectation names a stack or a role, and not both");
  ResourceId checked = body.resource;
  if (checked.stack.empty()) checked.stack = StackId("any");
  DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId(checked));
  DRIFTCAST_ASSIGN_OR_RETURN(body.keys, KeysFromProto(in.keys()));
  body.unset.assign(in.unset().begin(), in.unset().end());
  DRIFTCAST_ASSIGN_OR_RETURN(body.origin,
                             EnumFromProto<Origin>(in.origin(), kOriginCount, "origin"));
  body.by = Principal(in.by());
  body.reason = in.reason();
  body.complete = in.complete();
  body.absent = in.absent();
  return body;
}

void BodyToProto(const ActivityReported& body, v1::Fact* fact) {
  auto* out = fact->mutable_activity_reported();
  out->set_kind(body.kind);
  out->set_id(body.id);
  out->set_actor(body.actor);
  out->set_text(body.text);
  out->set_started_at_us(ToUnixMicros(body.started_at));
  out->set_ended_at_us(ToUnixMicros(body.ended_at));
  for (const auto& resource : body.resources) out->add_resources(resource);
  LabelsToProto(body.details, out->mutable_details());
}

StatusOr<FactBody> BodyFromProto(const v1::ActivityReported& in) {
  ActivityReported body;
  body.kind = in.kind();
  body.id = in.id();
  body.actor = in.actor();
  body.text = in.text();
  body.started_at = FromUnixMicros(in.started_at_us());
  body.ended_at = FromUnixMicros(in.ended_at_us());
  if (body.kind.empty() || body.id.empty())
    return InvalidArgument("an activity needs a kind and an id");
  if (body.ended_at < body.started_at)
    return InvalidArgument("activity {} ends before it starts", body.id);
  body.resources.assign(in.resources().begin(), in.resources().end());
  body.details = LabelsFromProto(in.details());
  return body;
}

void BodyToProto(const MetricsObserved& body, v1::Fact* fact) {
  auto* out = fact->mutable_metrics_observed();
  for (const auto& point : body.points) {
    auto* point_out = out->add_points();
    point_out->set_resource_kind(point.resource_kind);
    point_out->set_resource_name(point.resource_name);
    point_out->set_metric(point.metric);
    point_out->set_at_us(ToUnixMicros(point.at));
    point_out->set_value(point.value);
  }
}

StatusOr<FactBody> BodyFromProto(const v1::MetricsObserved& in) {
  MetricsObserved body;
  body.points.reserve(static_cast<size_t>(in.points_size()));
  for (const auto& point : in.points()) {
    if (point.metric().empty()) return InvalidArgument("a metric point without a metric");
    body.points.push_back({point.resource_kind(), point.resource_name(), point.metric(),
                           FromUnixMicros(point.at_us()), point.value()});
  }
  return body;
}

void BodyToProto(const TimeAdvanced&, v1::Fact* fact) { fact->mutable_time_advanced(); }

void BodyToProto(const PastChanges& body, v1::Fact* fact) {
  auto* out = fact->mutable_past_changes();
  for (const auto& event : body.events) ToProto(event, out->add_events());
}

StatusOr<FactBody> BodyFromProto(const v1::PastChanges& in) {
  PastChanges body;
  for (const auto& event_in : in.events()) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto event, FromProto(event_in));
    if (!body.events.empty() && event.at < body.events.back().at)
      return InvalidArgument("past changes are not in time order");
    body.events.push_back(std::move(event));
  }
  return body;
}

void BodyToProto(const IgnoreRule& body, v1::Fact* fact) {
  auto* out = fact->mutable_ignore_rule();
  out->set_id(body.id);
  out->set_resource_glob(body.resource_glob);
  out->set_key_glob(body.key_glob);
  out->set_owner(body.owner);
  out->set_reason(body.reason);
  out->set_expires_at_us(ToUnixMicros(body.expires_at));
  out->set_alarm_only(body.alarm_only);
  out->set_removed(body.removed);
}

StatusOr<FactBody> BodyFromProto(const v1::IgnoreRule& in) {
  if (in.id().empty()) return InvalidArgument("an ignore rule needs an id");
  if (!in.removed() && (in.resource_glob().empty() || in.key_glob().empty()))
    return InvalidArgument("ignore rule {} needs a resource glob and a key glob", in.id());
  return IgnoreRule{in.id(),         in.resource_glob(), in.key_glob(),
                    in.owner(),      in.reason(),        FromUnixMicros(in.expires_at_us()),
                    in.alarm_only(), in.removed()};
}

void BodyToProto(const DecisionMade& body, v1::Fact* fact) {
  auto* out = fact->mutable_decision_made();
  out->set_plan(body.plan.value);
  ToProto(body.resource, out->mutable_resource());
  out->set_verdict(static_cast<int>(body.verdict));
  out->set_plan_hash(body.plan_hash);
  out->set_by(body.by.value);
  out->set_reason(body.reason);
  out->set_not_before_us(ToUnixMicros(body.not_before));
  out->set_until_us(ToUnixMicros(body.until));
  if (!body.proof.empty()) ToProto(body.proof, out->mutable_proof());
}

StatusOr<FactBody> BodyFromProto(const v1::DecisionMade& in) {
  DecisionMade body;
  body.plan = PlanId(in.plan());
  body.resource = FromProtoUnchecked(in.resource());
  DRIFTCAST_ASSIGN_OR_RETURN(body.verdict,
                             EnumFromProto<Verdict>(in.verdict(), kVerdictCount, "verdict"));
  body.plan_hash = in.plan_hash();
  body.by = Principal(in.by());
  body.reason = in.reason();
  body.not_before = FromUnixMicros(in.not_before_us());
  body.until = FromUnixMicros(in.until_us());
  body.proof = FromProto(in.proof());
  return body;
}

void BodyToProto(const PlanProgressed& body, v1::Fact* fact) {
  auto* out = fact->mutable_plan_progressed();
  out->set_plan(body.plan.value);
  out->set_state(static_cast<int>(body.state));
  out->set_step(body.step);
  out->set_detail(body.detail);
  out->set_downtime_us(body.downtime.count());
}

StatusOr<FactBody> BodyFromProto(const v1::PlanProgressed& in) {
  PlanProgressed body;
  body.plan = PlanId(in.plan());
  DRIFTCAST_ASSIGN_OR_RETURN(body.state,
                             EnumFromProto<PlanState>(in.state(), kPlanStateCount, "plan state"));
  body.step = in.step();
  body.detail = in.detail();
  body.downtime = Duration(in.downtime_us());
  return body;
}

void BodyToProto(const ModelPublished& body, v1::Fact* fact) {
  auto* out = fact->mutable_model_published();
  out->set_digest(body.digest);
  out->set_version(body.version);
  out->set_by(body.by.value);
  out->set_reason(body.reason);
  out->set_learnt_until_us(ToUnixMicros(body.learnt_until));
}

StatusOr<FactBody> BodyFromProto(const v1::ModelPublished& in) {
  return ModelPublished{in.digest(), in.version(), Principal(in.by()), in.reason(),
                        FromUnixMicros(in.learnt_until_us())};
}

void BodyToProto(const PolicyPublished& body, v1::Fact* fact) {
  auto* out = fact->mutable_policy_published();
  out->set_text(body.text);
  for (const auto& [name, tzif] : body.zones) {
    auto* zone = out->add_zones();
    zone->set_name(name);
    zone->set_tzif(tzif);
  }
  out->set_digest(body.digest);
  out->set_by(body.by.value);
  out->set_reason(body.reason);
}

StatusOr<FactBody> BodyFromProto(const v1::PolicyPublished& in) {
  PolicyPublished body;
  body.text = in.text();
  for (const auto& zone : in.zones()) body.zones.emplace(zone.name(), zone.tzif());
  body.digest = in.digest();
  body.by = Principal(in.by());
  body.reason = in.reason();
  return body;
}

void BodyToProto(const PauseSet& body, v1::Fact* fact) {
  auto* out = fact->mutable_pause_set();
  out->set_id(body.id);
  out->set_resource_glob(body.resource_glob);
  out->set_by(body.by.value);
  out->set_reason(body.reason);
  out->set_until_us(ToUnixMicros(body.until));
  out->set_lifted(body.lifted);
}

StatusOr<FactBody> BodyFromProto(const v1::PauseSet& in) {
  return PauseSet{in.id(),
                  in.resource_glob(),
                  Principal(in.by()),
                  in.reason(),
                  FromUnixMicros(in.until_us()),
                  in.lifted()};
}

void BodyToProto(const PlanWritten& body, v1::Fact* fact) {
  auto* out = fact->mutable_plan_written();
  ToProto(body.plan, out->mutable_plan());
  out->set_by(body.by.value);
  out->set_reason(body.reason);
}

StatusOr<FactBody> BodyFromProto(const v1::PlanWritten& in) {
  PlanWritten body;
  DRIFTCAST_ASSIGN_OR_RETURN(body.plan, FromProto(in.plan()));
  body.by = Principal(in.by());
  body.reason = in.reason();
  return body;
}

void BodyToProto(const AgentReported& body, v1::Fact* fact) {
  auto* out = fact->mutable_agent_reported();
  out->set_version(body.version);
  out->set_cpu_percent(body.cpu_percent);
  out->set_memory_bytes(body.memory_bytes);
  out->set_spool_bytes(body.spool_bytes);
  out->set_metrics_shed(body.metrics_shed);
  for (const auto& [collector, cpu_ms] : body.cpu_ms_by_collector) {
    auto* cost = out->add_cost();
    cost->set_collector(collector);
    cost->set_cpu_ms(cpu_ms);
  }
}

void BodyToProto(const FeedPublished& body, v1::Fact* fact) {
  auto* out = fact->mutable_feed_published();
  out->set_feed(body.feed);
  out->set_format(body.format);
  out->set_digest(body.digest);
  out->set_source(body.source);
  out->set_fetched_at_us(ToUnixMicros(body.fetched_at));
  out->set_newest_at_us(ToUnixMicros(body.newest_at));
  out->set_records(body.records);
  out->set_warnings(body.warnings);
  for (const auto& sample : body.warning_samples) out->add_warning_samples(sample);
  out->set_error(body.error);
  out->set_stale_after_us(body.stale_after.count());
  out->set_removed(body.removed);
}

StatusOr<FactBody> BodyFromProto(const v1::FeedPublished& in) {
  FeedPublished body;
  body.feed = in.feed();
  body.format = in.format();
  body.digest = in.digest();
  body.source = in.source();
  body.fetched_at = FromUnixMicros(in.fetched_at_us());
  body.newest_at = FromUnixMicros(in.newest_at_us());
  body.records = in.records();
  body.warnings = in.warnings();
  body.warning_samples = {in.warning_samples().begin(), in.warning_samples().end()};
  body.error = in.error();
  body.stale_after = Duration(in.stale_after_us());
  body.removed = in.removed();
  return body;
}

StatusOr<FactBody> BodyFromProto(const v1::AgentReported& in) {
  AgentReported body;
  body.version = in.version();
  body.cpu_percent = in.cpu_percent();
  body.memory_bytes = in.memory_bytes();
  body.spool_bytes = in.spool_bytes();
  body.metrics_shed = in.metrics_shed();
  for (const auto& cost : in.cost()) body.cpu_ms_by_collector[cost.collector()] = cost.cpu_ms();
  return body;
}

}  // namespace driftcast
