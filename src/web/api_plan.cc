// Plans: lists, one, and the decision about it.
#include <algorithm>

#include "base/crypto.h"
#include "remedy/artefact.h"
#include "remedy/by_hand.h"
#include "web/api.h"
#include "web/approver_keys.h"
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

// The one resource that a list of plans is about, when it is about one.
std::optional<ResourceId> ResourceAskedFor(const EngineView& view, const PlanFilter& filter) {
  if (filter.resource) return filter.resource;
  if (filter.trigger.starts_with("prediction:")) {
    const auto id = ParseResourceId(std::string_view(filter.trigger).substr(11));
    return id.ok() ? std::optional(*id) : std::nullopt;
  }
  std::optional<ResourceId> resource;
  if (filter.trigger.empty()) return resource;
  EachDrift(view, {.stack = "", .open_only = true}, [&](const Drift& drift) {
    if (drift.id == filter.trigger) resource = drift.resource;
    return !resource;
  });
  return resource;
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
      const PolicyVerdict verdict = view.Verdict(plan);
      rows.push_back(ToJson(plan, AdviceFor(context, stacks, plan.stack), &verdict));
    }
    Json json = PageJson(std::move(rows), page.total, filter.offset, filter.limit, view.now());
    json["left_out"] = Json::array();
    if (const auto resource = ResourceAskedFor(view, filter)) {
      for (const LeftOut& left_out : view.StrategiesLeftOut(*resource))
        json["left_out"].push_back(ToJson(left_out));
    }
    return json;
  }));
}

struct PlanAndAdvice {
  RemediationPlan plan;
  AllowAdvice advice;
  PolicyVerdict verdict;
};

std::optional<PlanAndAdvice> FindPlan(const ApiContext& context, const PlanId& id) {
  return context.engine.Ask([&](const EngineView& view) -> std::optional<PlanAndAdvice> {
    auto plan = view.Plan(id);
    if (!plan) return std::nullopt;
    AllowAdvice advice = AdviceFor(context, view, plan->stack);
    PolicyVerdict verdict = view.Verdict(*plan);
    return PlanAndAdvice{*std::move(plan), std::move(advice), std::move(verdict)};
  });
}

HttpResponse PlanResponse(const ApiContext& context, const PlanId& id, int status = 200) {
  const auto found = FindPlan(context, id);
  if (!found) return ProblemResponse(404, "no plan " + id.value);
  return JsonResponse(ToJson(found->plan, found->advice, &found->verdict), status);
}

HttpResponse GetPlan(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  return PlanResponse(context, PlanId(call.parts[0]));
}

// What an approver's key has to sign for this plan, now.
HttpResponse GetChallenge(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  const PlanId id(call.parts[0]);
  struct Asked {
    RemediationPlan plan;
    bool required = false;
  };
  const auto found = context.engine.Ask([&](const EngineView& view) -> std::optional<Asked> {
    auto plan = view.Plan(id);
    if (!plan) return std::nullopt;
    bool required = false;
    for (const StackSummary& stack : view.Stacks()) {
      const auto label = stack.labels.find(kApproverKeysLabel);
      if (stack.id == plan->stack && label != stack.labels.end()) required = label->second == "yes";
    }
    return Asked{*std::move(plan), required};
  });
  if (!found) return ProblemResponse(404, "no plan " + id.value);
  const auto keys = KeysOf(context.engine, call.caller.principal);
  if (!keys.ok()) return ProblemOf(keys.status());
  const Instant valid_until = ApprovalEnd(found->plan, context.clock->Now());
  Json own = Json::array();
  for (const OwnedKey& key : *keys) own.push_back({{"id", key.credential}, {"site", key.key.site}});
  return JsonResponse({{"required", found->required && ChangesHost(found->plan)},
                       {"challenge", Base64Url(ApprovalChallenge(found->plan, valid_until))},
                       {"valid_until", TimeJson(valid_until)},
                       {"keys", std::move(own)}});
}

const std::vector<const char*> kVerdictWords = {"approve", "reject", "override",
                                                "cancel",  "undo",   "done"};
constexpr Verdict kVerdicts[] = {Verdict::kApprove, Verdict::kReject, Verdict::kOverride,
                                 Verdict::kCancel,  Verdict::kUndo,   Verdict::kDone};

bool Allows(PlanState state, Verdict verdict) {
  switch (verdict) {
    case Verdict::kCancel:
      return state == PlanState::kApproved;
    case Verdict::kUndo:
      return state == PlanState::kSucceeded;
    case Verdict::kOverride:  // also while it runs: a person takes over
      return !IsFinal(state);
    case Verdict::kDone:
      return state == PlanState::kProposed || state == PlanState::kApproved ||
             state == PlanState::kOverridden;
    default:
      return state == PlanState::kProposed;
  }
}

// Why the plan cannot be decided so; OK when it can. The engine checks again.
Status CheckDecision(const PlanAndAdvice& found, const DecisionMade& decision) {
  const RemediationPlan& plan = found.plan;
  if (plan.hash != decision.plan_hash) {
    return FailedPrecondition("the plan has changed since you saw it; look again");
  }
  if (!Allows(plan.state, decision.verdict))
    return FailedPrecondition("the plan is {} already", PlanStateName(plan.state));
  const std::string missing = MissingKinds(NeededKinds(plan), found.advice.allowed);
  if (decision.verdict == Verdict::kApprove && !missing.empty()) {
    return FailedPrecondition("{} does not allow changes of {}; run there: {}", plan.stack.value,
                              missing, found.advice.Command(missing));
  }
  return Ok();
}

// Empty when there is none.
ApprovalProof ReadProof(const ObjectReader::Json& body, FaultList& faults) {
  ApprovalProof proof;
  ObjectReader reader(body, "/proof", faults);
  const auto bytes = [&](const char* name) {
    const auto read = FromBase64Url(reader.Required(name));
    if (!read.ok()) reader.Fault(name, "is not in base64url");
    return read.value_or("");
  };
  proof.credential = bytes("key");
  proof.authenticator_data = bytes("authenticator_data");
  proof.client_data = bytes("client_data");
  proof.signature = bytes("signature");
  proof.valid_until = reader.Time("valid_until").value_or(Instant());
  reader.RefuseUnknown();
  return proof;
}

DecisionMade ReadDecision(const ObjectReader::Json& body, ObjectReader& reader, FaultList& faults,
                          Instant now) {
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
  if (reader.Has("proof")) {
    if (decision.verdict != Verdict::kApprove) reader.Fault("proof", "is for an approval only");
    decision.proof = ReadProof(body["proof"], faults);
  }
  reader.RefuseUnknownBut({"proof"});
  return decision;
}

HttpResponse PostDecision(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  DecisionMade decision = ReadDecision(body, reader, faults, context.clock->Now());
  if (auto bad = faults.Problem()) return *std::move(bad);
  const PlanId id(call.parts[0]);
  const auto found = FindPlan(context, id);
  if (!found) return ProblemResponse(404, "no plan " + id.value);
  if (const Status status = CheckDecision(*found, decision); !status.ok()) {
    return ProblemOf(status);
  }
  decision.plan = id;
  decision.by = call.caller.principal;
  if (!decision.proof.empty()) {
    const Status proven =
        CheckProof(context.engine, decision.by, found->plan, decision.proof, context.clock->Now());
    if (!proven.ok()) return ProblemOf(proven);
  }
  const Status status =
      context.engine.SubmitAndWait({context.NewFact(found->plan.stack, decision)});
  if (!status.ok()) return ProblemOf(status);
  // An undo is a plan of its own.
  return PlanResponse(context,
                      decision.verdict == Verdict::kUndo ? PlanId(id.value + "-undo") : id);
}

PlanStep ReadStep(const ObjectReader::Json& json, const std::string& place, const StackId& stack,
                  FaultList& faults) {
  PlanStep step;
  ObjectReader reader(json, place, faults);
  const std::string kind = reader.Required("kind", 64);
  const auto named = StepKindNamed(kind);
  if (!named.ok()) {
    reader.Fault("kind", Message(named.status()));
  } else {
    step.kind = *named;
  }
  if (const auto resource = reader.Resource("resource")) {
    step.resource = *resource;
    if (resource->stack != stack) reader.Fault("resource", "is of another stack than the plan");
  } else {
    reader.Fault("resource", "is missing");
  }
  if (const auto timeout = reader.Integer("timeout_s", 1, 6 * 3600))
    step.timeout = std::chrono::seconds(*timeout);
  if (reader.Has("parameters")) {
    const ObjectReader::Json& parameters = json["parameters"];
    if (!parameters.is_object()) reader.Fault("parameters", "is no object");
    for (const auto& [name, value] : parameters.items()) {
      if (value.is_string()) {
        step.parameters[name] = value.get<std::string>();
      } else {
        reader.Fault("parameters", name + " is no text");
      }
    }
  }
  reader.RefuseUnknownBut({"parameters", "reversible"});
  return step;
}

// A plan of one's own, or an edited one: what it can do and undo the engine works out itself.
HttpResponse PostPlan(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  PlanWritten written;
  RemediationPlan& plan = written.plan;
  plan.id = PlanId("plan-w" + Hex(RandomBytes(9)));
  plan.stack = StackId(reader.Required("stack", 256));
  plan.title = reader.Required("title", 300);
  plan.why = reader.Text("why", 2000);
  plan.trigger = reader.Text("trigger", 5000);
  plan.strategy = Strategy::kAdoptEarly;  // a change that is made, and expected from then on
  if (reader.Has("strategy")) {
    const auto strategy = StrategyNamed(reader.Text("strategy", 64));
    if (strategy.ok()) {
      plan.strategy = *strategy;
    } else {
      reader.Fault("strategy", Message(strategy.status()));
    }
  }
  const ObjectReader::Json& steps = reader.Array("steps", kWrittenStepsMax);
  for (size_t i = 0; i < steps.size(); ++i)
    plan.steps.push_back(ReadStep(steps[i], "/steps/" + std::to_string(i), plan.stack, faults));
  written.reason = reader.Text("reason", 2000);
  written.by = call.caller.principal;
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const PlanId id = plan.id;
  const Status status =
      context.engine.SubmitAndWait({context.NewFact(plan.stack, std::move(written))});
  if (!status.ok()) return ProblemOf(status);
  return PlanResponse(context, id, 201);
}

HttpResponse GetArtefact(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const size_t format = query.OneOf("format", {"text", "ansible"}, 0);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto found = FindPlan(context, PlanId(call.parts[0]));
  if (!found) return ProblemResponse(404, "no plan " + call.parts[0]);
  const StatusOr<std::string> text = format == 0 ? StatusOr<std::string>(DescribeSteps(found->plan))
                                                 : AnsiblePlaybook(found->plan);
  if (!text.ok()) return ProblemResponse(409, Message(text.status()));
  HttpResponse response;
  response.body = *text;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  return response;
}

}  // namespace

void AddPlanRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/plans", Role::kViewer, Bind(context, GetPlans)});
  router.Add({"GET", "/api/v1/plans/*", Role::kViewer, Bind(context, GetPlan)});
  router.Add({"POST", "/api/v1/plans", Role::kOperator, Bind(context, PostPlan)});
  router.Add({"GET", "/api/v1/plans/*/artefact", Role::kViewer, Bind(context, GetArtefact)});
  router.Add({"GET", "/api/v1/plans/*/challenge", Role::kApprover, Bind(context, GetChallenge)});
  router.Add({"POST", "/api/v1/plans/*/decision", Role::kApprover, Bind(context, PostDecision)});
}

}  // namespace driftcast
