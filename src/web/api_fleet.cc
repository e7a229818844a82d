// The fleet at a glance: overview, stacks, search.
#include <algorithm>
#include <cctype>
#include <set>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

const std::vector<const char*> kHorizonWords(kHorizonNames.begin(), kHorizonNames.end());
constexpr size_t kDefaultHorizon = 4;

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool Contains(const std::string& text, const std::string& lower_part) {
  return Lower(text).find(lower_part) != std::string::npos;
}

struct PlanCounts {
  uint64_t waiting = 0, active = 0;
};

// Plans with one trigger are alternatives: what waits is one decision, until one of them is
// decided.
PlanCounts CountPlans(const EngineView& view) {
  PlanCounts counts;
  std::set<std::string> proposed, decided;
  EachPlan(view, {}, [&](const RemediationPlan& plan) {
    if (plan.state == PlanState::kProposed) {
      proposed.insert(plan.trigger);
    } else if (plan.state != PlanState::kExpired) {
      decided.insert(plan.trigger);
      counts.active += !IsFinal(plan.state);
    }
    return true;
  });
  for (const std::string& trigger : proposed) counts.waiting += !decided.contains(trigger);
  return counts;
}

Json OverviewJson(const ApiContext& context, const EngineView& view) {
  StatusCounts counts{};
  uint64_t resources = 0, drifts = 0;
  std::array<double, kHorizonCount> expected{};
  const auto stacks = view.Stacks();
  for (const StackSummary& stack : stacks) {
    for (size_t i = 0; i < counts.size(); ++i) {
      counts[i] += stack.counts[i];
      resources += stack.counts[i];
    }
    for (size_t i = 0; i < kHorizonCount; ++i) expected[i] += stack.expected_changes[i];
    drifts += stack.drifts_open;
  }
  Json horizons = Json::array();
  for (size_t i = 0; i < kHorizonCount; ++i) {
    horizons.push_back(
        {{"name", kHorizonNames[i]}, {"seconds", static_cast<int64_t>(Seconds(kHorizons[i]))}});
  }
  const PlanCounts plans = CountPlans(view);
  return {{"as_of", TimeJson(view.now())},
          {"now", TimeJson(context.clock->Now())},
          {"version", context.version},
          {"stacks", stacks.size()},
          {"resources", resources},
          {"counts", ToJson(counts)},
          {"drifts_open", drifts},
          {"plans_waiting", plans.waiting},
          {"plans_active", plans.active},
          {"expected_changes", PerHorizon(expected)},
          {"horizons", std::move(horizons)},
          {"alert_threshold", context.alert.threshold},
          {"alert_horizon", kHorizonNames[context.alert.horizon]}};
}

HttpResponse GetOverview(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  // Before the state is read: a page that begins with this number misses nothing.
  const uint64_t newest = context.live.newest();
  Json json =
      context.engine.Ask([&](const EngineView& view) { return OverviewJson(context, view); });
  json["event_number"] = newest;
  return JsonResponse(json);
}

enum class StackSort { kName, kSeverity, kDrift, kRisk };

// Most first; equal ones stay by name.
void SortStacks(std::vector<StackSummary>& stacks, StackSort sort, size_t horizon) {
  const auto figure = [&](const StackSummary& stack) {
    switch (sort) {
      case StackSort::kSeverity:
        return stack.severity_max;
      case StackSort::kDrift:
        return static_cast<double>(stack.drifts_open);
      case StackSort::kRisk:
        return stack.expected_changes[horizon];
      case StackSort::kName:
        break;
    }
    return 0.0;
  };
  std::stable_sort(stacks.begin(), stacks.end(), [&](const StackSummary& a, const StackSummary& b) {
    return figure(a) > figure(b);
  });
}

bool MatchesText(const StackSummary& stack, const std::string& lower_part) {
  if (Contains(stack.id.value, lower_part) || Contains(stack.role.value, lower_part)) return true;
  return std::any_of(stack.labels.begin(), stack.labels.end(), [&](const auto& label) {
    return Contains(label.first, lower_part) || Contains(label.second, lower_part);
  });
}

HttpResponse GetStacks(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string role = query.Text("role");
  const std::string text = Lower(query.Text("text", 1000));
  const auto sort =
      static_cast<StackSort>(query.OneOf("sort", {"name", "severity", "drift", "risk"}, 0));
  const size_t horizon = query.OneOf("horizon", kHorizonWords, kDefaultHorizon);
  const size_t offset = query.Number("offset", 0, INT64_MAX, 0);
  const size_t limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  auto [stacks, as_of] = context.engine.Ask(
      [](const EngineView& view) { return std::make_pair(view.Stacks(), view.now()); });
  std::erase_if(stacks, [&](const StackSummary& stack) {
    return (!role.empty() && stack.role.value != role) || !MatchesText(stack, text);
  });
  SortStacks(stacks, sort, horizon);
  Json rows = Json::array();
  const Instant now = context.clock->Now();
  for (size_t i = offset; i < stacks.size() && rows.size() < limit; ++i) {
    rows.push_back(ToJson(stacks[i], {stacks[i].allowed_kinds, context.allow_command}, now));
  }
  return JsonResponse(PageJson(std::move(rows), stacks.size(), offset, limit, as_of));
}

HttpResponse GetStack(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto stacks = context.engine.Ask([](const EngineView& view) { return view.Stacks(); });
  for (const StackSummary& stack : stacks) {
    if (stack.id.value == call.parts[0])
      return JsonResponse(
          ToJson(stack, {stack.allowed_kinds, context.allow_command}, context.clock->Now()));
  }
  return ProblemResponse(404, "no stack " + call.parts[0]);
}

// Collects hits up to a limit.
class HitList {
 public:
  explicit HitList(size_t limit) : limit_(limit) {}
  bool full() const { return rows_.size() >= limit_; }
  void Add(const char* type, const std::string& id, const std::string& title,
           const std::string& detail, const std::string& status, double severity) {
    if (full()) return;
    rows_.push_back({{"type", type},
                     {"id", id},
                     {"title", title},
                     {"detail", detail},
                     {"status", status},
                     {"severity", std::clamp(severity, 0.0, 10.0)}});
  }
  Json Take() { return std::move(rows_); }

 private:
  size_t limit_;
  Json rows_ = Json::array();
};

void SearchStacks(const EngineView& view, const std::string& part, HitList& hits) {
  std::map<std::string, size_t> roles;
  for (const StackSummary& stack : view.Stacks()) {
    if (Contains(stack.role.value, part)) ++roles[stack.role.value];
    if (!MatchesText(stack, part)) continue;
    hits.Add("stack", stack.id.value, stack.id.value,
             stack.role.empty() ? "stack" : "stack, role " + stack.role.value, "",
             stack.severity_max);
  }
  for (const auto& [role, count] : roles) {
    hits.Add("role", role, role, fmt::format("role of {} stacks", count), "", 0);
  }
}

void SearchResources(const EngineView& view, const std::string& q, size_t limit, HitList& hits) {
  ResourceFilter filter;
  filter.text = q;
  filter.limit = limit;
  for (const ResourceRow& row : view.Resources(filter).rows) {
    const bool by_name = Contains(row.id.name, Lower(q));
    hits.Add("resource", row.id.ToText(), row.id.name,
             fmt::format("{} on {}{}", row.id.kind, row.id.stack.value,
                         by_name ? "" : ", matched by a key or value"),
             ResourceStatusName(row.status), row.severity);
  }
}

// Drifts by who made them, plans by their title: what is open now, up to 2,000 of each.
void SearchWork(const EngineView& view, const std::string& part, HitList& hits) {
  size_t seen = 0;
  EachDrift(view, {}, [&](const Drift& drift) {
    if (Contains(drift.cause.actor, part) || Contains(drift.cause.text, part)) {
      hits.Add("drift", drift.id, drift.resource.ToText(), "drift by " + drift.cause.text,
               ResourceStatusName(drift.status), drift.severity);
    }
    return ++seen < 2000 && !hits.full();
  });
  seen = 0;
  EachPlan(view, {}, [&](const RemediationPlan& plan) {
    if (Contains(plan.title, part) || Contains(plan.decided_by.value, part)) {
      hits.Add("plan", plan.id.value, plan.title, "plan for " + plan.stack.value,
               PlanStateName(plan.state), 0);
    }
    return ++seen < 2000 && !hits.full();
  });
}

HttpResponse GetSearch(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string q = query.Required("q", 200);
  const size_t limit = query.Number("limit", 1, 100, 20);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = context.engine.Ask([&](const EngineView& view) {
    HitList hits(limit);
    SearchStacks(view, Lower(q), hits);
    if (!hits.full()) SearchResources(view, q, limit, hits);
    if (!hits.full()) SearchWork(view, Lower(q), hits);
    return hits.Take();
  });
  return JsonResponse({{"rows", std::move(rows)}});
}

}  // namespace

void AddFleetRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/overview", Role::kViewer, Bind(context, GetOverview)});
  router.Add({"GET", "/api/v1/stacks", Role::kViewer, Bind(context, GetStacks)});
  router.Add({"GET", "/api/v1/stacks/*", Role::kViewer, Bind(context, GetStack)});
  router.Add({"GET", "/api/v1/search", Role::kViewer, Bind(context, GetSearch)});
}

}  // namespace driftcast
