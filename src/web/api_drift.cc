// Drifts: lists, one, grouped by cause; snoozing and overriding.
#include <algorithm>
#include <map>
#include <set>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

std::string CauseKey(const Cause& cause) {
  return std::string(CauseKindName(cause.kind)) + ":" + cause.id;
}

// Whether the drift was open at that moment.
bool WasOpen(const Drift& drift, Instant at) {
  return drift.opened_at <= at && (drift.closed_at == Instant() || drift.closed_at > at);
}

struct DriftQuery {
  DriftFilter filter;
  std::optional<ResourceId> resource;
  std::string cause;
  std::optional<Instant> at;  // those that were open then

  bool Selects(const Drift& drift) const {
    return (!at || WasOpen(drift, *at)) && (!resource || drift.resource == *resource) &&
           (cause.empty() || CauseKey(drift.cause) == cause);
  }
};

// One page of what the query selects. The engine pages itself unless we select further.
Page<Drift> FindDrifts(const EngineView& view, const DriftQuery& query) {
  if (!query.resource && query.cause.empty() && !query.at) return view.Drifts(query.filter);
  Page<Drift> page;
  EachDrift(view, query.filter, [&](const Drift& drift) {
    if (!query.Selects(drift)) return true;
    const bool on_page = page.total >= query.filter.offset;
    if (on_page && page.rows.size() < query.filter.limit) page.rows.push_back(drift);
    ++page.total;
    return true;
  });
  return page;
}

HttpResponse GetDrifts(const ApiContext& context, const ApiCall& call) {
  QueryReader reader(call.request);
  DriftQuery query;
  query.filter.stack = reader.Text("stack");
  query.resource = reader.MaybeResource("resource");
  query.cause = reader.Text("cause");
  query.filter.open_only = reader.Flag("open", true);
  query.at = reader.Time("at");
  if (query.at) query.filter.open_only = false;
  query.filter.offset = reader.Number("offset", 0, INT64_MAX, 0);
  query.filter.limit = reader.Number("limit", 1, 1000, 100);
  if (query.filter.stack.empty() && query.resource) {
    query.filter.stack = query.resource->stack.value;
  }
  if (auto problem = reader.Finish()) return *std::move(problem);
  const auto [page, as_of] = context.engine.Ask(
      [&](const EngineView& view) { return std::make_pair(FindDrifts(view, query), view.now()); });
  Json rows = Json::array();
  for (const Drift& drift : page.rows) rows.push_back(ToJson(drift));
  return JsonResponse(
      PageJson(std::move(rows), page.total, query.filter.offset, query.filter.limit, as_of));
}

HttpResponse GetDrift(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto found = context.engine.Ask([&](const EngineView& view) {
    std::optional<Drift> drift;
    EachDrift(view, {.stack = "", .open_only = false}, [&](const Drift& candidate) {
      if (candidate.id == call.parts[0]) drift = candidate;
      return !drift;
    });
    return drift;
  });
  if (!found) return ProblemResponse(404, "no drift " + call.parts[0]);
  return JsonResponse(ToJson(*found));
}

struct Group {
  Cause cause;
  uint64_t keys = 0;
  std::set<std::string> stacks;
  double severity = 0;
  Instant first = Instant::max(), last;
  uint64_t count = 0;
  std::vector<Drift> sample;  // the most severe ones

  void Add(const Drift& drift) {
    cause = drift.cause;
    keys += drift.keys.size();
    stacks.insert(drift.resource.stack.value);
    severity = std::max(severity, drift.severity);
    first = std::min(first, drift.opened_at);
    last = std::max(last, drift.opened_at);
    ++count;
    const auto place = std::find_if(sample.begin(), sample.end(), [&](const Drift& other) {
      return other.severity < drift.severity;
    });
    sample.insert(place, drift);
    if (sample.size() > 5) sample.pop_back();
  }
};

Json GroupJson(const Group& group) {
  Json stacks = Json::array(), sample = Json::array();
  for (const std::string& stack : group.stacks) {
    if (stacks.size() < 20) stacks.push_back(stack);
  }
  for (const Drift& drift : group.sample) sample.push_back(ToJson(drift));
  return {{"cause", ToJson(group.cause)},
          {"drifts", group.count},
          {"keys", group.keys},
          {"stacks", std::move(stacks)},
          {"stacks_total", group.stacks.size()},
          {"severity_max", std::clamp(group.severity, 0.0, 10.0)},
          {"opened_first", TimeJson(group.first)},
          {"opened_last", TimeJson(group.last)},
          {"sample", std::move(sample)}};
}

HttpResponse GetCauses(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  DriftFilter filter;
  filter.stack = query.Text("stack");
  const auto at = query.Time("at");
  filter.open_only = !at;
  const size_t limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto groups = context.engine.Ask([&](const EngineView& view) {
    std::map<std::string, Group> by_cause;
    EachDrift(view, filter, [&](const Drift& drift) {
      if (at && !WasOpen(drift, *at)) return true;
      const bool alone = !drift.cause.known() || drift.cause.id.empty();
      const std::string key = alone ? "?" + std::string(CauseKindName(drift.cause.kind)) + "/" +
                                          drift.resource.stack.value
                                    : CauseKey(drift.cause);
      by_cause[key].Add(drift);
      return true;
    });
    return by_cause;
  });
  std::vector<const Group*> order;
  for (const auto& [key, group] : groups) order.push_back(&group);
  std::stable_sort(order.begin(), order.end(),
                   [](const Group* a, const Group* b) { return a->severity > b->severity; });
  Json rows = Json::array();
  for (const Group* group : order) {
    if (rows.size() < limit) rows.push_back(GroupJson(*group));
  }
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostDecision(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  reader.Required("resource");
  const auto id = reader.Resource("resource");
  const size_t word = reader.OneOf("verdict", {"snooze", "override"});
  DecisionMade decision;
  decision.verdict = word == 0 ? Verdict::kSnooze : Verdict::kOverride;
  decision.reason = reader.Required("reason", 2000);
  const auto until = reader.Time("until");
  if (word == 0 && !until) reader.Fault("until", "is required for snooze");
  if (until && *until <= context.clock->Now()) reader.Fault("until", "has passed");
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  if (!context.engine.Ask([&](const EngineView& view) { return view.Shadow(*id).has_value(); })) {
    return ProblemResponse(404, "no resource " + id->ToText());
  }
  decision.resource = *id;
  decision.by = call.caller.principal;
  decision.until = until.value_or(Instant());
  const Status status = context.engine.SubmitAndWait({context.NewFact(id->stack, decision)});
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse({{"resource", id->ToText()},
                       {"verdict", word == 0 ? "snooze" : "override"},
                       {"until", MaybeTimeJson(decision.until)}});
}

}  // namespace

void AddDriftRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/drifts", Role::kViewer, Bind(context, GetDrifts)});
  router.Add({"GET", "/api/v1/drifts/causes", Role::kViewer, Bind(context, GetCauses)});
  router.Add({"GET", "/api/v1/drifts/*", Role::kViewer, Bind(context, GetDrift)});
  router.Add({"POST", "/api/v1/decisions", Role::kOperator, Bind(context, PostDecision)});
}

}  // namespace driftcast
