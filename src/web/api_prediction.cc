// Predictions and how good they have been.
#include <algorithm>

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
  // What is kept of the forecasts may be an hour old: somewhat less than the threshold.
  filter.p_drift_min = alert.threshold * 0.8;
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

constexpr size_t kPeersMax = 50;
constexpr size_t kPeerKeysMax = 3;

// Keys that moved last, newest first.
Json MovedKeysJson(const ShadowResource& shadow) {
  std::vector<const ShadowKey*> moved;
  for (const ShadowKey& key : shadow.keys)
    if (key.changed_at != Instant()) moved.push_back(&key);
  std::stable_sort(moved.begin(), moved.end(), [](const ShadowKey* a, const ShadowKey* b) {
    return a->changed_at > b->changed_at;
  });
  Json keys = Json::array();
  for (const ShadowKey* key : moved) {
    if (keys.size() == kPeerKeysMax) break;
    keys.push_back({{"path", key->path},
                    {"value", key->observed ? ToJson(*key->observed) : Json()},
                    {"changed_at", TimeJson(key->changed_at)}});
  }
  return keys;
}

// The same resource in the other stacks of the role.
std::vector<ShadowResource> PeersOf(const EngineView& view, const ShadowResource& shadow) {
  std::vector<ShadowResource> peers;
  for (const StackSummary& stack : view.Stacks()) {
    if (stack.id == shadow.id.stack || stack.role != shadow.role) continue;
    auto peer = view.Shadow({stack.id, shadow.id.kind, shadow.id.name});
    if (peer && peer->exists) peers.push_back(*std::move(peer));
  }
  std::stable_sort(
      peers.begin(), peers.end(),
      [](const ShadowResource& a, const ShadowResource& b) { return a.changed_at > b.changed_at; });
  return peers;
}

HttpResponse GetPeers(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const ResourceId id = query.Resource("id");
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto json = context.engine.Ask([&](const EngineView& view) -> std::optional<Json> {
    const auto shadow = view.Shadow(id);
    if (!shadow) return std::nullopt;
    const auto peers = PeersOf(view, *shadow);
    Json rows = Json::array();
    uint64_t changed = 0;
    for (const ShadowResource& peer : peers) {
      if (peer.changed_at == Instant()) break;
      changed += peer.changed_at + 7 * kDay > view.now() ? 1 : 0;
      if (rows.size() == kPeersMax) continue;
      rows.push_back({{"id", peer.id.ToText()},
                      {"stack", peer.id.stack.value},
                      {"status", ResourceStatusName(peer.status)},
                      {"changed_at", TimeJson(peer.changed_at)},
                      {"keys", MovedKeysJson(peer)}});
    }
    return Json({{"role", shadow->role.value},
                 {"peers", peers.size()},
                 {"changed_7d", changed},
                 {"rows", std::move(rows)}});
  });
  return json ? JsonResponse(*json) : ProblemResponse(404, "no resource " + id.ToText());
}

HttpResponse GetTrackRecord(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string of = query.Text("of");
  const bool limits = of == "limits";
  if (!limits && !of.empty() && of != "changes") query.Fault("of", "is neither changes nor limits");
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto track = context.engine.Ask([&](const EngineView& view) {
    return limits ? view.LimitTrack() : view.Track();
  });
  return JsonResponse(ToJson(track, context.alert));
}

}  // namespace

void AddPredictionRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/predictions", Role::kViewer, Bind(context, GetPredictions)});
  router.Add({"GET", "/api/v1/prediction", Role::kViewer, Bind(context, GetPrediction)});
  router.Add({"GET", "/api/v1/prediction/peers", Role::kViewer, Bind(context, GetPeers)});
  router.Add({"GET", "/api/v1/track-record", Role::kViewer, Bind(context, GetTrackRecord)});
}

}  // namespace driftcast
