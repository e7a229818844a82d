// Plans: lists, one, and the decision about it.
#include <algorithm>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

enum class StateGroup { kAll, kWaiting, kActive, kEnded };

bool Belongs(PlanState state, StateGroup group) {
  switch (group) {
    case StateGroup::kAll:
      return true;
    case StateGroup::kWaiting:
      return state == PlanState::kProposed;
    case StateGroup::kActive:
      return state != PlanState::kProposed && !IsFinal(state);
    case StateGroup::kEnded:
      return IsFinal(state);
  }
  return false;
}

Page<RemediationPlan> FindPlans(const EngineView& view, PlanFilter filter, StateGroup group) {
  filter.active_only = group == StateGroup::kActive;
  if (group == StateGroup::kAll || group == StateGroup::kActive) return view.Plans(filter);
  Page<RemediationPlan> page;
  EachPlan(view, filter, [&](const RemediationPlan& plan) {
    if (!Belongs(plan.state, group)) return true;
    if (page.total++ >= filter.offset && page.rows.size() < filter.limit) {
      page.rows.push_back(plan);
    }
    return true;
  });
  return page;
}

HttpResponse GetPlans(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  PlanFilter filter;
  filter.stack = query.Text("stack");
  filter.trigger = query.Text("trigger");
  filter.resource = query.MaybeResource("resource");
  const auto group =
      static_cast<StateGroup>(query.OneOf("state", {"all", "waiting", "active", "ended"}, 0));
  filter.offset = query.Number("offset", 0, INT64_MAX, 0);
  filter.limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  return JsonResponse(context.engine.Ask([&](const EngineView& view) {
    const auto page = FindPlans(view, filter, group);
    const auto stacks = view.Stacks();
    Json rows = Json::array();
    for (const RemediationPlan& plan : page.rows) {
      rows.push_back(ToJson(plan, AdviceFor(context, stacks, plan.stack)));
    }
    return PageJson(std::move(rows), page.total, filter.offset, filter.limit, view.now());
  }));
}

struct PlanAndAdvice {
  RemediationPlan plan;
  AllowAdvice advice;
};

std::optional<PlanAndAdvice> FindPlan(const ApiContext& context, const PlanId& id) {
  return context.engine.Ask([&](const EngineView& view) -> std::optional<PlanAndAdvice> {
    auto plan = view.Plan(id);
    if (!plan) return std::nullopt;
    AllowAdvice advice = AdviceFor(context, view, plan->stack);
    return PlanAndAdvice{*std::move(plan), std::move(advice)};
  });
}

HttpResponse PlanResponse(const ApiContext& context, const PlanId& id) {
  const auto found = FindPlan(context, id);
  if (!found) return ProblemResponse(404, "no plan " + id.value);
  return JsonResponse(ToJson(found->plan, found->advice));
}

HttpResponse GetPlan(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  return PlanResponse(context, PlanId(call.parts[0]));
}

const std::vector<const char*> kVerdictWords = {"approve", "reject", "override", "cancel"};
constexpr Verdict kVerdicts[] = {Verdict::kApprove, Verdict::kReject, Verdict::kOverride,
                                 Verdict::kCancel};

// Why the plan cannot be decided so; OK when it can. The engine checks again.
Status CheckDecision(const PlanAndAdvice& found, const DecisionMade& decision) {
  const RemediationPlan& plan = found.plan;
  if (plan.hash != decision.plan_hash) {
    return FailedPrecondition("the plan has changed since you saw it; look again");
  }
  const bool approved = plan.state == PlanState::kApproved;
  const bool allowed =
      decision.verdict == Verdict::kCancel ? approved : plan.state == PlanState::kProposed;
  if (!allowed) return FailedPrecondition("the plan is {} already", PlanStateName(plan.state));
  const std::string missing = MissingKinds(NeededKinds(plan), found.advice.allowed);
  if (decision.verdict == Verdict::kApprove && !missing.empty()) {
    return FailedPrecondition("{} does not allow changes of {}; run there: {}", plan.stack.value,
                              missing, found.advice.Command(missing));
  }
  return Ok();
}

DecisionMade ReadDecision(ObjectReader& reader, Instant now) {
  DecisionMade decision;
  decision.verdict = kVerdicts[reader.OneOf("verdict", kVerdictWords)];
  decision.plan_hash = reader.Required("plan_hash", 128);
  decision.reason = reader.Text("reason", 2000);
  decision.not_before = reader.Time("not_before").value_or(Instant());
  decision.until = reader.Time("until").value_or(Instant());
  const bool needs_reason =
      decision.verdict == Verdict::kReject || decision.verdict == Verdict::kOverride;
  if (needs_reason && decision.reason.empty()) {
    reader.Fault("reason", "say why: it is kept in the audit log");
  }
  if (decision.until != Instant() && decision.until <= now) reader.Fault("until", "has passed");
  reader.RefuseUnknown();
  return decision;
}

HttpResponse PostDecision(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  DecisionMade decision = ReadDecision(reader, context.clock->Now());
  if (auto bad = faults.Problem()) return *std::move(bad);
  const PlanId id(call.parts[0]);
  const auto found = FindPlan(context, id);
  if (!found) return ProblemResponse(404, "no plan " + id.value);
  if (const Status status = CheckDecision(*found, decision); !status.ok()) {
    return ProblemOf(status);
  }
  decision.plan = id;
  decision.by = call.caller.principal;
  const Status status =
      context.engine.SubmitAndWait({context.NewFact(found->plan.stack, decision)});
  if (!status.ok()) return ProblemOf(status);
  return PlanResponse(context, id);
}

}  // namespace

void AddPlanRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/plans", Role::kViewer, Bind(context, GetPlans)});
  router.Add({"GET", "/api/v1/plans/*", Role::kViewer, Bind(context, GetPlan)});
  router.Add({"POST", "/api/v1/plans/*/decision", Role::kApprover, Bind(context, PostDecision)});
}

}  // namespace driftcast
