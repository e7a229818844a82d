// Plans: proposed on demand, kept from the moment somebody decides about one, followed to the end.
#include <algorithm>
#include <deque>

#include "base/crypto.h"
#include "engine/shard_state.h"
#include "remedy/propose.h"
#include "shadow/update.h"

namespace driftcast {
namespace {

constexpr size_t kDependentsMax = 1000;
constexpr int32_t kDepthMax = 6;

// Reverse dependencies, nearest first.
std::vector<Dependent> DependentsOf(const ShardState& shard, const ResourceId& id) {
  std::vector<Dependent> found;
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return found;
  std::set<std::string> seen = {SlotKey(id)};
  std::deque<std::pair<std::string, int32_t>> queue = {{SlotKey(id), 0}};
  while (!queue.empty() && found.size() < kDependentsMax) {
    const auto [slot_key, depth] = queue.front();
    queue.pop_front();
    const auto edges = stack->second.dependents.find(slot_key);
    if (edges == stack->second.dependents.end() || depth == kDepthMax) continue;
    for (const std::string& dependent : edges->second) {
      if (!seen.insert(dependent).second) continue;
      found.push_back({IdFromSlotKey(id.stack, dependent), depth + 1});
      queue.emplace_back(dependent, depth + 1);
    }
  }
  return found;
}

Knowledge KnowledgeOf(const ShardState& shard) {
  Knowledge knowledge;
  for (const auto& [id, plan] : shard.plans) {
    if (plan.resources.empty() || !IsFinal(plan.state)) continue;
    const std::string& kind = plan.resources[0].kind;
    auto& outcomes = knowledge.outcomes[{kind, plan.strategy}];
    if (plan.state == PlanState::kSucceeded) {
      ++outcomes.succeeded;
      auto& verdicts = knowledge.verdicts[kind];
      if (plan.strategy == Strategy::kRevert) ++verdicts.reverted;
      if (plan.strategy == Strategy::kAccept) ++verdicts.accepted;
    } else if (plan.state == PlanState::kRolledBack || plan.state == PlanState::kFailed ||
               plan.state == PlanState::kUnclear) {
      ++outcomes.failed;
    }
  }
  return knowledge;
}

uint32_t AttemptsOf(const ShardState& shard, const std::string& trigger) {
  uint32_t attempts = 0;
  for (const auto& [id, plan] : shard.plans)
    if (plan.trigger == trigger && IsFinal(plan.state)) ++attempts;
  return attempts;
}

const RemediationPlan* FindProposed(const std::vector<RemediationPlan>& plans, const PlanId& id) {
  for (const RemediationPlan& plan : plans)
    if (plan.id == id) return &plan;
  return nullptr;
}

std::string HashOf(const RemediationPlan& plan) { return Hex(Sha256(CanonicalPlanBytes(plan))); }

void EndPlan(ShardState& shard, RemediationPlan& plan, PlanState state, std::string outcome) {
  plan.state = state;
  plan.outcome = std::move(outcome);
  plan.step_now = -1;
  const std::string text = plan.title + ": " + PlanStateName(state);
  Alert(shard, "plan.ended", plan.id.value, plan.stack, plan.id.value, text,
        state == PlanState::kUnclear ? 8 : 0);
}

// What the engine itself does when a plan succeeds: expectations follow what was decided.
void ExpectWhatWasPlanned(ShardState& shard, const RemediationPlan& plan) {
  for (const PlanStep& step : plan.steps) {
    const Slot* slot = FindSlot(shard, step.resource);
    if (slot == nullptr) continue;
    ResourceState state = DecodeSlot(*slot);
    ExpectationSet wanted;
    wanted.resource = step.resource;
    wanted.origin = Origin::kAccepted;
    const auto parameter = [&](const char* name) {
      const auto found = step.parameters.find(name);
      return found == step.parameters.end() ? std::string() : found->second;
    };
    // A scheduled plan is another one that waits: when it ends in an acceptance, it adopts.
    const bool waited = plan.strategy == Strategy::kSchedule &&
                        std::ranges::any_of(plan.steps, [](const PlanStep& other) {
                          return other.kind == StepKind::kAcceptObserved;
                        });
    const bool adopts =
        waited || plan.strategy == Strategy::kAdoptEarly || plan.strategy == Strategy::kPrevent;
    if (step.kind == StepKind::kAcceptObserved) {
      if (const auto until = ParseInstant(parameter("until")); until.ok()) {
        IgnoreRule rule;
        rule.id = "accept:" + plan.id.value;
        rule.resource_glob = step.resource.ToText();
        rule.key_glob = "*";
        rule.owner = plan.decided_by.value;
        rule.reason = plan.decision_reason.empty() ? plan.title : plan.decision_reason;
        rule.expires_at = *until;
        Fact fact;
        fact.at = shard.numbers.now;
        ApplyRule(shard, fact, rule);
        continue;
      }
      if (plan.strategy != Strategy::kAccept && plan.strategy != Strategy::kAcceptUntil) continue;
    } else if (step.kind == StepKind::kInstallPackage && adopts) {
      wanted.keys = {{"version", Value::Text(parameter("version"))}};
    } else if (step.kind == StepKind::kHoldPackage && adopts) {
      wanted.keys = {{"hold", Value::Bool(true)}};
    } else if (step.kind == StepKind::kUnholdPackage && adopts) {
      wanted.keys = {{"hold", Value::Bool(false)}};
    } else if (step.kind == StepKind::kSetKey && adopts) {
      wanted.keys = {{parameter("path"), Value::Guess(parameter("value"))}};
    } else if (step.kind == StepKind::kSetSysctl && adopts) {
      wanted.keys = {{"value", Value::Guess(parameter("value"))}};
    } else {
      continue;
    }
    // The value keeps the type that the key has.
    for (KeyValue& key : wanted.keys)
      for (const KeyState& known : state.keys)
        if (known.path == key.path && known.observed) key.value.type = known.observed->type;
    ApplyExpectation(wanted, state);
    PutState(shard, step.resource, std::move(state),
             {CauseKind::kPlan, plan.id.value, "", plan.title, Confidence::kExact});
  }
}

void MarkTreated(ShardState& shard, const RemediationPlan& plan) {
  for (const ResourceId& id : plan.resources) {
    const Slot* slot = FindSlot(shard, id);
    if (slot == nullptr) continue;
    ResourceState state = DecodeSlot(*slot);
    state.treated_at = shard.numbers.now;
    PutState(shard, id, std::move(state), {});
  }
}

void Snooze(ShardState& shard, const ResourceId& id, Instant until) {
  const Slot* slot = FindSlot(shard, id);
  if (slot == nullptr) return;
  ResourceState state = DecodeSlot(*slot);
  state.snoozed_until = until == Instant() ? Instant::max() : until;
  PutState(shard, id, std::move(state), {});
}

// The plan that a decision is about: a stored one, or one of the proposals for the resource.
std::optional<RemediationPlan> PlanOf(const ShardState& shard, const DecisionMade& body) {
  const auto stored = shard.plans.find(body.plan.value);
  if (stored != shard.plans.end()) return stored->second;
  if (body.resource.name.empty()) return std::nullopt;
  const auto plans = PlansFor(shard, body.resource);
  const RemediationPlan* found = FindProposed(plans, body.plan);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

void Approve(ShardState& shard, RemediationPlan plan, const DecisionMade& body) {
  plan.decided_by = body.by;
  plan.decision_reason = body.reason;
  if (body.not_before > shard.numbers.now) {
    plan.not_before = body.not_before;
    plan.expires_at = std::max(plan.expires_at, body.not_before + kDay);
    plan.hash = HashOf(plan);
  }
  MarkTreated(shard, plan);
  if (ChangesHost(plan)) {
    plan.state = PlanState::kApproved;
    if (plan.not_before <= shard.numbers.now)
      Emit(shard, LiveEvent::Kind::kOrder, plan.stack, plan.id.value, plan.title);
  } else {
    plan.state = PlanState::kRunning;
    shard.plans[plan.id.value] = plan;
    ExpectWhatWasPlanned(shard, plan);
    EndPlan(shard, plan, PlanState::kSucceeded,
            plan.steps.empty() ? "nothing was to be done" : "the expectation follows the host");
  }
  shard.plans[plan.id.value] = std::move(plan);
}

const char* ActionOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kApprove:
      return "plan.approve";
    case Verdict::kReject:
      return "plan.reject";
    case Verdict::kOverride:
      return "plan.override";
    case Verdict::kSnooze:
      return "resource.snooze";
    case Verdict::kCancel:
      return "plan.cancel";
    case Verdict::kNone:
      break;
  }
  return "decision";
}

}  // namespace

std::vector<RemediationPlan> PlansFor(const ShardState& shard, const ResourceId& id) {
  const Slot* slot = FindSlot(shard, id);
  const auto stack = shard.stacks.find(id.stack.value);
  if (slot == nullptr || stack == shard.stacks.end()) return {};
  const ResourceState state = DecodeSlot(*slot);
  const ShadowResource view = ViewOfSlot(shard, id, state);
  const auto drift = shard.drifts.find(state.drift_id);
  const DriftPrediction prediction =
      shard.forecaster.Predict(id, state, ShareOf(shard, id), shard.numbers.now);
  const auto dependents = DependentsOf(shard, id);
  const Knowledge knowledge = KnowledgeOf(shard);
  PlanContext context;
  context.shadow = &view;
  if (drift != shard.drifts.end())
    context.drift = &drift->second;
  else
    context.prediction = &prediction;
  context.knowledge = &knowledge;
  context.dependents = dependents;
  context.allowed_kinds = stack->second.record.allowed_kinds;
  const std::string trigger = context.drift != nullptr ? context.drift->id : PredictionTrigger(id);
  context.attempt = AttemptsOf(shard, trigger);
  context.now = shard.numbers.now;
  std::vector<RemediationPlan> plans = ProposePlans(context);
  for (RemediationPlan& plan : plans)
    if (const auto stored = shard.plans.find(plan.id.value); stored != shard.plans.end())
      plan = stored->second;
  for (const auto& [plan_id, stored] : shard.plans)
    if (stored.trigger == trigger && FindProposed(plans, stored.id) == nullptr)
      plans.push_back(stored);
  return plans;
}

std::vector<RemediationPlan> DuePlans(const ShardState& shard, const StackId& stack) {
  std::vector<RemediationPlan> due;
  for (const auto& [id, plan] : shard.plans)
    if (plan.stack == stack &&
        (plan.state == PlanState::kApproved || plan.state == PlanState::kSent) &&
        plan.not_before <= shard.numbers.now)
      due.push_back(plan);
  return due;
}

Status CheckDecision(const ShardState& shard, const DecisionMade& body) {
  if (body.by.empty()) return InvalidArgument("a decision needs somebody who made it");
  if (body.plan.empty()) {
    if (body.verdict != Verdict::kSnooze && body.verdict != Verdict::kOverride)
      return InvalidArgument("only a snooze or an override is about a resource without a plan");
    if (FindSlot(shard, body.resource) == nullptr)
      return NotFound("there is no resource {}", body.resource.ToText());
    return Ok();
  }
  const auto plan = PlanOf(shard, body);
  if (!plan)
    return NotFound("plan {} is not proposed any more; look at the plans of the resource again",
                    body.plan.value);
  if (body.verdict == Verdict::kCancel) {
    if (plan->state != PlanState::kApproved)
      return FailedPrecondition("plan {} is {}; only an approved one that waits can be cancelled",
                                body.plan.value, PlanStateName(plan->state));
    return Ok();
  }
  if (plan->state != PlanState::kProposed)
    return FailedPrecondition("plan {} is already {}", body.plan.value, PlanStateName(plan->state));
  if (body.verdict == Verdict::kApprove && body.plan_hash != plan->hash)
    return FailedPrecondition(
        "plan {} is not the one that was approved: its hash is {}; look again", body.plan.value,
        plan->hash);
  if ((body.verdict == Verdict::kOverride || body.verdict == Verdict::kReject) &&
      body.reason.empty())
    return InvalidArgument("say why: an override or a rejection needs a reason");
  return Ok();
}

void ApplyDecision(ShardState& shard, const Fact&, const DecisionMade& body) {
  const std::string subject = body.plan.empty() ? body.resource.ToText() : body.plan.value;
  if (body.plan.empty()) {
    Snooze(shard, body.resource, body.until);
    Audit(shard, body.by, ActionOf(body.verdict), subject, body.reason);
    return;
  }
  RemediationPlan plan = *PlanOf(shard, body);
  Audit(shard, body.by, ActionOf(body.verdict), subject,
        fmt::format("{} (hash {}){}{}", plan.title, plan.hash, body.reason.empty() ? "" : ": ",
                    body.reason));
  shard.pending.plans.insert(subject);
  switch (body.verdict) {
    case Verdict::kApprove:
      Approve(shard, std::move(plan), body);
      break;
    case Verdict::kCancel:
    case Verdict::kReject:
    case Verdict::kOverride:
    case Verdict::kSnooze:
      plan.decided_by = body.by;
      plan.decision_reason = body.reason;
      plan.state =
          body.verdict == Verdict::kOverride ? PlanState::kOverridden : PlanState::kRejected;
      plan.outcome = body.reason;
      if (body.verdict == Verdict::kOverride) MarkTreated(shard, plan);
      if (body.verdict == Verdict::kSnooze)
        for (const ResourceId& id : plan.resources) Snooze(shard, id, body.until);
      shard.plans[plan.id.value] = std::move(plan);
      break;
    case Verdict::kNone:
      break;
  }
  const RemediationPlan& stored = shard.plans[subject];
  Emit(shard, LiveEvent::Kind::kPlan, stored.stack, subject,
       stored.title + ": " + PlanStateName(stored.state));
}

Status CheckProgress(const ShardState& shard, const Fact& fact, const PlanProgressed& body) {
  const auto found = shard.plans.find(body.plan.value);
  if (found == shard.plans.end()) return NotFound("there is no plan {}", body.plan.value);
  if (found->second.stack != fact.stack)
    return PermissionDenied("plan {} is not for stack {}", body.plan.value, fact.stack.value);
  return Ok();
}

void ApplyProgress(ShardState& shard, const Fact&, const PlanProgressed& body) {
  RemediationPlan& plan = shard.plans[body.plan.value];
  // A late or repeated word about a plan that has ended changes nothing; an unclear one may clear
  // up.
  if (IsFinal(plan.state) && plan.state != PlanState::kUnclear) return;
  shard.pending.plans.insert(body.plan.value);
  plan.downtime_measured = std::max(plan.downtime_measured, body.downtime);
  const bool ends = body.step < 0 && IsFinal(body.state);
  if (!ends) {
    // One step's success is not the plan's: only the word about the whole ends it.
    if (body.step >= 0) plan.step_now = body.step;
    plan.state = std::max(plan.state, IsFinal(body.state) ? PlanState::kRunning : body.state);
    plan.outcome = body.detail;
  } else {
    EndPlan(shard, plan, body.state, body.detail);
    Audit(shard, Principal("agent of " + plan.stack.value),
          std::string("plan.") + PlanStateName(body.state), plan.id.value,
          plan.title + (body.detail.empty() ? "" : ": " + body.detail));
    const RemediationPlan ended = plan;
    MarkTreated(shard, ended);
    if (body.state == PlanState::kSucceeded) ExpectWhatWasPlanned(shard, ended);
  }
  Emit(shard, LiveEvent::Kind::kPlan, plan.stack, plan.id.value,
       plan.title + ": " + PlanStateName(plan.state) +
           (body.detail.empty() ? "" : " (" + body.detail + ")"));
}

}  // namespace driftcast
