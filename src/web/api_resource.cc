// Resources: lists, one with its forecast, its history, its past.
#include <algorithm>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

const std::vector<const char*> kHorizonWords(kHorizonNames.begin(), kHorizonNames.end());
const std::vector<const char*> kStatusWords = {"NOT_COMPARED", "IN_SYNC", "DRIFTED", "MISSING",
                                               "UNMANAGED"};

constexpr size_t kDependentsMax = 50;
constexpr size_t kExposuresMax = 200;  // an old kernel has more

HttpResponse GetResources(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  ResourceFilter filter;
  filter.stack = query.Text("stack");
  filter.role = query.Text("role");
  filter.kind = query.Text("kind");
  filter.text = query.Text("text", 1000);
  const size_t status = query.OneOf("status", kStatusWords, kStatusWords.size());
  if (status < kStatusWords.size()) filter.status = static_cast<ResourceStatus>(status);
  filter.sort = static_cast<ResourceFilter::Sort>(
      query.OneOf("sort", {"name", "risk", "changed", "severity"}, 0));
  filter.horizon = static_cast<uint32_t>(query.OneOf("horizon", kHorizonWords, 4));
  filter.offset = query.Number("offset", 0, INT64_MAX, 0);
  filter.limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto [page, as_of] = context.engine.Ask(
      [&](const EngineView& view) { return std::make_pair(view.Resources(filter), view.now()); });
  Json rows = Json::array();
  for (const ResourceRow& row : page.rows) rows.push_back(ToJson(row));
  return JsonResponse(PageJson(std::move(rows), page.total, filter.offset, filter.limit, as_of));
}

Json DependencyJson(const EngineView& view, const ResourceId& from, const Dependency& edge) {
  const Dependency dependency = view.Resolve(edge);
  const ResourceId to{dependency.to_stack.empty() ? from.stack : dependency.to_stack,
                      dependency.to_kind, dependency.to_name};
  const auto shadow = view.Shadow(to);
  return {{"kind", dependency.kind},
          {"to", to.ToText()},
          {"status", shadow ? Json(ResourceStatusName(shadow->status)) : Json()}};
}

Json CoverageJson(const ShadowResource& shadow) {
  size_t compared = 0, not_compared = 0, ignored = 0;
  for (const ShadowKey& key : shadow.keys) {
    ++(key.verdict == KeyVerdict::kNotCompared ? not_compared : compared);
    ignored += !key.ignored_by.empty();
  }
  return {{"compared", compared}, {"not_compared", not_compared}, {"ignored", ignored}};
}

Json ResourceJson(const ApiContext& context, const EngineView& view, const ShadowResource& shadow) {
  const auto prediction = view.Prediction(shadow.id);
  const AllowAdvice advice = AdviceFor(context, view, shadow.id.stack);
  const std::string missing = MissingKinds({AllowedName(shadow.id.kind)}, advice.allowed);
  Json json = IdJson(shadow.id);
  json["role"] = shadow.role.value;
  json["status"] = ResourceStatusName(shadow.status);
  json["exists"] = shadow.exists;
  json["keys"] = Json::array();
  for (const ShadowKey& key : shadow.keys) {
    json["keys"].push_back(ToJson(key, prediction ? &*prediction : nullptr));
  }
  json["coverage"] = CoverageJson(shadow);
  json["depends_on"] = Json::array();
  for (const Dependency& dependency : shadow.depends_on) {
    json["depends_on"].push_back(DependencyJson(view, shadow.id, dependency));
  }
  const auto dependents = view.Dependents(shadow.id);
  json["dependents"] = Json::array();
  for (size_t i = 0; i < dependents.size() && i < kDependentsMax; ++i)
    json["dependents"].push_back(
        {{"id", dependents[i].id.ToText()}, {"distance", dependents[i].depth}});
  json["dependents_total"] = dependents.size();
  json["context"] = Json::array();
  for (const KeyValue& fact : shadow.context) json["context"].push_back(ToJson(fact));
  json["means"] = MeansName(shadow.means);
  json["compared_at"] = MaybeTimeJson(shadow.compared_at);
  json["first_seen_at"] = MaybeTimeJson(shadow.first_seen_at);
  json["changed_at"] = MaybeTimeJson(shadow.changed_at);
  json["drift_id"] = shadow.drift_id;
  json["allowed"] = missing.empty();
  json["allow_command"] = missing.empty() ? Json() : Json(advice.Command(missing));
  json["exposures"] = Json::array();
  const auto exposures = view.ExposuresOf(shadow.id);
  for (size_t i = 0; i < exposures.size() && i < kExposuresMax; ++i)
    json["exposures"].push_back(ToJson(exposures[i]));
  json["exposures_total"] = exposures.size();
  json["indicators"] = Json::array();
  for (const MetIndicator& met : view.IndicatorsOn(shadow.id))
    json["indicators"].push_back(ToJson(met));
  json["prediction"] = prediction ? ToJson(*prediction, context.alert) : Json();
  return json;
}

HttpResponse GetResource(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const ResourceId id = query.Resource("id");
  if (auto problem = query.Finish()) return *std::move(problem);
  return ResourceResponse(context, id);
}

HttpResponse GetHistory(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const ResourceId id = query.Resource("id");
  const Instant from = query.Time("from").value_or(Instant());
  const Instant to = query.Time("to").value_or(context.clock->Now() + kDay);
  const size_t limit = query.Number("limit", 1, 1000, 100);
  if (to < from) query.Fault("to", "is before `from`");
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto history =
      context.engine.Ask([&](const EngineView& view) { return view.History(id, from, to, limit); });
  if (!history.ok()) return ProblemOf(history.status());
  const auto known = [&](const EngineView& view) { return view.Shadow(id).has_value(); };
  if (history->empty() && !context.engine.Ask(known)) {
    return ProblemResponse(404, "no resource " + id.ToText());
  }
  Json rows = Json::array();
  for (const HistoryEntry& entry : *history) rows.push_back(ToJson(entry));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse GetState(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const ResourceId id = query.Resource("id");
  query.Required("at");
  const auto at = query.Time("at");
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto keys =
      context.engine.Ask([&](const EngineView& view) { return view.ObservedAt(id, *at); });
  if (!keys.ok()) return ProblemOf(keys.status());
  Json list = Json::array();
  for (const KeyValue& key : *keys) list.push_back(ToJson(key));
  return JsonResponse({{"id", id.ToText()}, {"at", TimeJson(*at)}, {"keys", std::move(list)}});
}

}  // namespace

HttpResponse ResourceResponse(const ApiContext& context, const ResourceId& id) {
  const auto json = context.engine.Ask([&](const EngineView& view) -> std::optional<Json> {
    const auto shadow = view.Shadow(id);
    if (!shadow) return std::nullopt;
    return ResourceJson(context, view, *shadow);
  });
  if (!json) return ProblemResponse(404, "no resource " + id.ToText());
  return JsonResponse(*json);
}

void AddResourceRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/resources", Role::kViewer, Bind(context, GetResources)});
  router.Add({"GET", "/api/v1/resource", Role::kViewer, Bind(context, GetResource)});
  router.Add({"GET", "/api/v1/resource/history", Role::kViewer, Bind(context, GetHistory)});
  router.Add({"GET", "/api/v1/resource/state", Role::kViewer, Bind(context, GetState)});
}

}  // namespace driftcast
