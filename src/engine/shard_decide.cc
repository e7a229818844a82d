// Decisions: approvals with what the policy asks for, rejections, overrides, undo, plans by hand.
#include "engine/shard_decide.h"

#include <algorithm>

#include "engine/shard_policy.h"
#include "model/guard.h"
#include "shadow/update.h"

namespace driftcast {
namespace {

// How long the engine looks for what somebody said they did.
constexpr Duration kDoneByHandFor = kMinute * 15;
// How long a guard may stand that somebody writes, and how long after its end its host may be late.
constexpr Duration kGuardMax = kDay * 90;
constexpr Duration kGuardLate = kHour;

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
  const auto found = std::ranges::find(plans, body.plan, &RemediationPlan::id);
  return found == plans.end() ? std::nullopt : std::optional(*found);
}

// The plan has all the approvals that it needs.
void Carry(ShardState& shard, RemediationPlan plan) {
  plan.approved_at = shard.numbers.now;
  MarkTreated(shard, plan);
  if (ChangesHost(plan)) {
    plan.state = PlanState::kApproved;
    RemediationPlan& stored = shard.plans[plan.id.value];
    stored = std::move(plan);
    Release(shard, stored);
    return;
  }
  plan.state = PlanState::kRunning;
  plan.started_at = shard.numbers.now;
  shard.plans[plan.id.value] = plan;
  ExpectWhatWasPlanned(shard, plan);
  EndPlan(shard, shard.plans[plan.id.value], PlanState::kSucceeded,
          plan.steps.empty() ? "nothing was to be done" : "the expectation follows the host");
}

void Approve(ShardState& shard, RemediationPlan plan, const DecisionMade& body) {
  if (WantsProof(shard, plan) && body.proof.empty()) {
    // An undo: it waits for somebody's key.
    shard.plans[plan.id.value] = std::move(plan);
    return;
  }
  plan.decided_by = body.by;
  plan.decision_reason = body.reason;
  plan.approvals.push_back({body.by, shard.numbers.now, body.reason, body.proof});
  if (plan.approvals.size() > 1) {
    // Whoever carries it out sees everybody who answers for it.
    plan.decided_by = {};
    for (const Approval& approval : plan.approvals)
      plan.decided_by.value += (plan.decided_by.empty() ? "" : ", ") + approval.by.value;
  }
  RemediationPlan timed = plan;
  if (body.not_before > shard.numbers.now) timed.not_before = body.not_before;
  const PolicyVerdict verdict = JudgePlan(shard, timed);
  plan.policy_reasons = verdict.reasons;
  if (verdict.action == PolicyVerdict::Action::kNeedsApproval) {
    shard.plans[plan.id.value] = std::move(plan);  // as it is: its hash is what others approve
    return;
  }
  timed.policy_reasons = verdict.reasons;
  GiveTime(verdict, timed);
  Carry(shard, std::move(timed));
}

// Its host may be carrying it out, or be about to.
bool IsWithTheHost(const RemediationPlan& plan) {
  if (!ChangesHost(plan) || plan.step_now == kDoneByHand) return false;
  return plan.step_now == kAnnounced || plan.state == PlanState::kSent ||
         plan.state == PlanState::kRunning || plan.state == PlanState::kVerifying;
}

// Somebody says that they did it: the engine looks for itself.
void BeginDoneByHand(ShardState& shard, RemediationPlan plan, const DecisionMade& body) {
  plan.decided_by = body.by;
  plan.decision_reason = body.reason;
  plan.state = PlanState::kVerifying;
  plan.step_now = kDoneByHand;
  plan.started_at = shard.numbers.now;
  plan.outcome = "done by hand; the engine looks whether it is there";
  MarkTreated(shard, plan);
  shard.plans[plan.id.value] = std::move(plan);
}

// The plan that takes back an applied one, complete.
StatusOr<RemediationPlan> UndoOf(const ShardState& shard, const RemediationPlan& applied) {
  DRIFTCAST_ASSIGN_OR_RETURN(RemediationPlan undo, UndoPlan(applied));
  if (shard.plans.contains(undo.id.value))
    return FailedPrecondition("plan {} is being undone, or was, by {}", applied.id.value,
                              undo.id.value);
  Status complete = NotFound("{} is not known any more", applied.resources[0].ToText());
  WithContext(shard, applied.resources[0], [&](const PlanContext& context, const std::string&) {
    complete = CompletePlan(context, ShadowsOf(shard), undo);
  });
  if (!complete.ok()) return complete;
  return undo;
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
    case Verdict::kUndo:
      return "plan.undo";
    case Verdict::kDone:
      return "plan.done_by_hand";
    case Verdict::kNone:
      break;
  }
  return "decision";
}

Status UndoIsPossible(const ShardState& shard, const RemediationPlan& applied,
                      const Principal& by) {
  const auto undo = UndoOf(shard, applied);
  if (!undo.ok()) return undo.status();
  return JudgeApproval(shard, *undo, by, {}).status();
}

}  // namespace

void EndPlan(ShardState& shard, RemediationPlan& plan, PlanState state, std::string outcome) {
  const Knowledge::Outcomes before = plan.resources.empty()
                                         ? Knowledge::Outcomes{}
                                         : LatelyOf(shard, plan.resources[0].kind, plan.strategy);
  plan.state = state;
  plan.outcome = std::move(outcome);
  plan.step_now = -1;
  plan.ended_at = shard.numbers.now;
  const std::string text = plan.title + ": " + PlanStateName(state);
  Alert(shard, "plan.ended", plan.id.value, plan.stack, plan.id.value, text,
        state == PlanState::kUnclear ? 8 : 0);
  if (ChangesHost(plan)) TellAutonomy(shard, plan, before);
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
    const bool adopts = waited || plan.strategy == Strategy::kAdoptEarly ||
                        plan.strategy == Strategy::kPrevent ||
                        plan.strategy == Strategy::kRelieveCause;
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

void ApproveByPolicy(ShardState& shard, RemediationPlan plan, const PolicyVerdict& verdict) {
  plan.decided_by = Principal("policy");
  plan.decision_reason = verdict.reasons.empty() ? "" : verdict.reasons.front();
  plan.policy_reasons = verdict.reasons;
  GiveTime(verdict, plan);
  Audit(shard, plan.decided_by, "plan.approve", plan.id.value,
        fmt::format("{} (hash {}): {}", plan.title, plan.hash, plan.decision_reason));
  const std::string id = plan.id.value;
  shard.pending.plans.insert(id);
  Carry(shard, std::move(plan));
  Emit(shard, LiveEvent::Kind::kPlan, shard.plans[id].stack, id,
       shard.plans[id].title + ": approved by the policy");
}

ShadowOf ShadowsOf(const ShardState& shard) {
  return [&shard](const ResourceId& id) -> std::optional<ShadowResource> {
    const Slot* slot = FindSlot(shard, id);
    if (slot == nullptr) return std::nullopt;
    return ViewOfSlot(shard, id, DecodeSlot(*slot));
  };
}

void VerifyDoneByHand(ShardState& shard) {
  std::vector<std::string> ids;
  for (const auto& [id, plan] : shard.plans)
    if (plan.state == PlanState::kVerifying && plan.step_now == kDoneByHand) ids.push_back(id);
  for (const std::string& id : ids) {
    RemediationPlan& plan = shard.plans[id];
    const auto unmet = Unmet(plan, ShadowsOf(shard));
    const bool over = plan.started_at + kDoneByHandFor <= shard.numbers.now;
    if (!unmet.empty() && !over) continue;
    shard.pending.plans.insert(id);
    std::string left;
    for (const auto& text : unmet) left += (left.empty() ? "" : "; ") + text;
    const PlanState end = unmet.empty() ? PlanState::kSucceeded : PlanState::kUnclear;
    EndPlan(shard, plan, end,
            unmet.empty() ? "done by hand, and found as planned"
                          : "done by hand, and not found as planned: " + left);
    Audit(shard, Principal("engine"), std::string("plan.") + PlanStateName(end), id, plan.outcome);
    const RemediationPlan ended = plan;
    if (unmet.empty()) ExpectWhatWasPlanned(shard, ended);
    Emit(shard, LiveEvent::Kind::kPlan, ended.stack, id, ended.title + ": " + ended.outcome);
  }
}

void EndGuards(ShardState& shard) {
  for (auto& [id, plan] : shard.plans) {
    if (!GuardStands(plan)) continue;
    const auto end = GuardEnd(plan);
    if (!end.ok() || *end + kGuardLate > shard.numbers.now) continue;
    shard.pending.plans.insert(id);
    EndPlan(shard, plan, PlanState::kUnclear,
            "the guard's time is over, and its host has not said how it ended");
    Audit(shard, Principal("engine"), "plan.unclear", id, plan.outcome);
    Emit(shard, LiveEvent::Kind::kPlan, plan.stack, id, plan.title + ": " + plan.outcome);
  }
}

bool GuardStands(const RemediationPlan& plan) {
  return plan.state == PlanState::kRunning && IsGuard(plan);
}

Status CheckWritten(const ShardState& shard, const PlanWritten& body) {
  const RemediationPlan& plan = body.plan;
  if (body.by.empty()) return InvalidArgument("a plan needs somebody who writes it");
  if (!plan.id.value.starts_with("plan-") || plan.id.value.size() > 64)
    return InvalidArgument("'{}' is no id for a plan", plan.id.value.substr(0, 64));
  if (shard.plans.contains(plan.id.value))
    return AlreadyExists("there is a plan {} already", plan.id.value);
  if (!shard.stacks.contains(plan.stack.value))
    return NotFound("there is no stack {}", plan.stack.value);
  DRIFTCAST_RETURN_IF_ERROR(CheckSteps(plan));
  if (IsGuard(plan)) {
    DRIFTCAST_ASSIGN_OR_RETURN(const Instant end, GuardEnd(plan));
    if (end <= shard.numbers.now || end > shard.numbers.now + kGuardMax)
      return InvalidArgument("a guard has to end within {} days from now", kGuardMax / kDay);
  }
  const ResourceId& first = plan.steps[0].resource;
  if (FindSlot(shard, first) == nullptr)
    return NotFound("there is no resource {}, which the first step is about", first.ToText());
  RemediationPlan copy = plan;
  Status complete = Ok();
  WithContext(shard, first, [&](const PlanContext& context, const std::string&) {
    complete = CompletePlan(context, ShadowsOf(shard), copy);
  });
  return complete;
}

void ApplyWritten(ShardState& shard, const Fact&, const PlanWritten& body) {
  RemediationPlan plan = body.plan;
  plan.author = body.by;
  plan.state = PlanState::kProposed;
  plan.approvals.clear();
  plan.approved_at = plan.started_at = plan.ended_at = Instant();
  plan.outcome.clear();
  plan.decided_by = {};
  plan.step_now = -1;
  WithContext(shard, plan.steps[0].resource,
              [&](const PlanContext& context, const std::string& trigger) {
                if (plan.trigger.empty()) plan.trigger = trigger;
                DRIFTCAST_CHECK(CompletePlan(context, ShadowsOf(shard), plan).ok());
              });
  Audit(shard, body.by, "plan.write", plan.id.value,
        fmt::format("{} (hash {}){}{}", plan.title, plan.hash, body.reason.empty() ? "" : ": ",
                    body.reason));
  shard.pending.plans.insert(plan.id.value);
  Emit(shard, LiveEvent::Kind::kPlan, plan.stack, plan.id.value, plan.title + ": proposed");
  shard.plans[plan.id.value] = std::move(plan);
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
  if (body.verdict == Verdict::kUndo) return UndoIsPossible(shard, *plan, body.by);
  if (body.verdict == Verdict::kOverride && !IsFinal(plan->state)) {
    if (body.reason.empty()) return InvalidArgument("say why: an override needs a reason");
    return Ok();  // also while it runs: a person takes over
  }
  if (body.verdict == Verdict::kDone) {
    if (plan->state != PlanState::kProposed && plan->state != PlanState::kApproved &&
        plan->state != PlanState::kOverridden)
      return FailedPrecondition("plan {} is already {}", body.plan.value,
                                PlanStateName(plan->state));
    return Ok();
  }
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
  if (body.verdict == Verdict::kApprove) {
    if (WantsProof(shard, *plan) && body.proof.empty())
      return FailedPrecondition(
          "{} wants approvals signed by an approver's own key: approve plan {} in the page, with a "
          "key that the host knows",
          plan->stack.value, plan->id.value);
    return JudgeApproval(shard, *plan, body.by, body.proof).status();
  }
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
    case Verdict::kUndo: {
      RemediationPlan undo = *UndoOf(shard, plan);
      shard.pending.plans.insert(undo.id.value);
      Approve(shard, std::move(undo), body);
      break;
    }
    case Verdict::kDone:
      BeginDoneByHand(shard, std::move(plan), body);
      break;
    case Verdict::kCancel:
    case Verdict::kReject:
    case Verdict::kOverride:
    case Verdict::kSnooze:
      // A person takes over: the host is told to begin no further step.
      if (IsWithTheHost(plan)) {
        plan.step_now = kTakenOver;
        Emit(shard, LiveEvent::Kind::kOrder, plan.stack, plan.id.value, plan.title);
      }
      plan.decided_by = body.by;
      plan.decision_reason = body.reason;
      plan.state =
          body.verdict == Verdict::kOverride ? PlanState::kOverridden : PlanState::kRejected;
      plan.outcome = body.reason;
      plan.ended_at = shard.numbers.now;
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

}  // namespace driftcast
