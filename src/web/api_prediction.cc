// Predictions and how good they have been.
#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

// With alerts only, at most this many predictions, those of the greatest expected loss, are looked
// at: more alerts than that are not a list for people.
constexpr size_t kAlertsLookedAt = 20000;

bool IsAlert(const DriftPrediction& prediction, const AlertRule& alert) {
  const HorizonRisk& risk = prediction.horizons[alert.horizon];
  return !prediction.abstains && risk.p_change * risk.p_drift_given_change >= alert.threshold;
}

Page<DriftPrediction> FindAlerts(const EngineView& view, const ResourceFilter& asked,
                                 const AlertRule& alert) {
  ResourceFilter filter = asked;
  filter.limit = 1000;
  Page<DriftPrediction> page;
  for (filter.offset = 0; filter.offset < kAlertsLookedAt; filter.offset += filter.limit) {
    auto batch = view.Predictions(filter);
    for (DriftPrediction& prediction : batch.rows) {
      if (!IsAlert(prediction, alert)) continue;
      if (page.total++ < asked.offset || page.rows.size() >= asked.limit) continue;
      page.rows.push_back(std::move(prediction));
    }
    if (batch.rows.size() < filter.limit) break;
  }
  return page;
}

Json PredictionJson(const EngineView& view, const DriftPrediction& prediction,
                    const AlertRule& alert) {
  Json json = ToJson(prediction, alert);
  if (const auto shadow = view.Shadow(prediction.resource)) {
    json["role"] = shadow->role.value;
    json["status"] = ResourceStatusName(shadow->status);
  }
  return json;
}

HttpResponse GetPredictions(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  ResourceFilter filter;
  filter.stack = query.Text("stack");
  filter.role = query.Text("role");
  filter.kind = query.Text("kind");
  filter.text = query.Text("text", 1000);
  const bool alerts = query.Flag("alerts", false);
  filter.offset = query.Number("offset", 0, INT64_MAX, 0);
  filter.limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  return JsonResponse(context.engine.Ask([&](const EngineView& view) {
    const auto page = alerts ? FindAlerts(view, filter, context.alert) : view.Predictions(filter);
    Json rows = Json::array();
    for (const DriftPrediction& prediction : page.rows) {
      rows.push_back(PredictionJson(view, prediction, context.alert));
    }
    return PageJson(std::move(rows), page.total, filter.offset, filter.limit, view.now());
  }));
}

HttpResponse GetPrediction(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const ResourceId id = query.Resource("id");
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto json = context.engine.Ask([&](const EngineView& view) -> std::optional<Json> {
    const auto prediction = view.Prediction(id);
    if (!prediction) return std::nullopt;
    return PredictionJson(view, *prediction, context.alert);
  });
  if (!json) return ProblemResponse(404, "no prediction for " + id.ToText());
  return JsonResponse(*json);
}

HttpResponse GetTrackRecord(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto track = context.engine.Ask([](const EngineView& view) { return view.Track(); });
  return JsonResponse(ToJson(track, context.alert));
}

}  // namespace

void AddPredictionRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/predictions", Role::kViewer, Bind(context, GetPredictions)});
  router.Add({"GET", "/api/v1/prediction", Role::kViewer, Bind(context, GetPrediction)});
  router.Add({"GET", "/api/v1/track-record", Role::kViewer, Bind(context, GetTrackRecord)});
}

}  // namespace driftcast
