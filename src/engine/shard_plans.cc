// Plans: proposed on demand, kept from the moment somebody decides about one, followed to the end.
#include <algorithm>

#include "engine/shard_decide.h"
#include "engine/shard_inputs.h"
#include "engine/shard_knowledge.h"
#include "engine/shard_limits.h"
#include "engine/shard_policy.h"
#include "model/guard.h"
#include "remedy/blast.h"

namespace driftcast {
namespace {

constexpr size_t kDependentsMax = 1000;

// What is open on the resource's package, for the plans' security.
std::vector<Exposure> ExposuresFor(const ShardState& shard, const Slot& slot) {
  std::vector<Exposure> exposures;
  if (slot.holding == nullptr) return exposures;
  for (const auto& open : slot.holding->second.open) {
    Exposure exposure;
    exposure.id = open.id;
    exposure.fixed_version = open.fixed;
    if (open.cve) {
      const intel::Rating rating = shard.intel.knowledge.RatingOf(*open.cve);
      exposure.epss = rating.epss ? rating.epss->probability : 0;
      exposure.exploited = rating.kev.has_value();
    }
    exposures.push_back(std::move(exposure));
  }
  return exposures;
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

}  // namespace

std::vector<Dependent> DependentsOf(const ShardState& shard, const ResourceId& id) {
  auto found =
      CollectDependents(id, [&](const ResourceId& needed) { return NeededBy(shard, needed); });
  if (found.size() > kDependentsMax) found.resize(kDependentsMax);
  return found;
}

void WithContext(const ShardState& shard, const ResourceId& id,
                 const std::function<void(const PlanContext&, const std::string& trigger)>& use) {
  const Slot* slot = FindSlot(shard, id);
  const auto stack = shard.stacks.find(id.stack.value);
  if (slot == nullptr || stack == shard.stacks.end()) return;
  const ResourceState state = DecodeSlot(*slot);
  const ShadowResource view = ViewOfSlot(shard, id, state);
  const auto drift = shard.drifts.find(state.drift_id);
  InputReader reader(shard);
  const DriftPrediction prediction = PredictionOf(reader, shard, id, *slot);
  const auto dependents = DependentsOf(shard, id);
  const Knowledge knowledge = KnowledgeOf(shard);
  const auto windows = WindowsFor(shard, stack->second.record.role);
  PlanContext context;
  context.shadow = &view;
  if (drift != shard.drifts.end())
    context.drift = &drift->second;
  else
    context.prediction = &prediction;
  const auto limit = LimitForetoldAt(shard, id);
  context.limit = limit ? &*limit : nullptr;
  context.site = &RulesInForce(shard).site;
  context.windows = windows;
  context.knowledge = &knowledge;
  const std::vector<Exposure> exposures = ExposuresFor(shard, *slot);
  context.exposures = exposures;
  context.dependents = dependents;
  context.allowed_kinds = stack->second.record.allowed_kinds;
  const auto& labels = stack->second.record.labels;
  const auto guards = labels.find(kGuardsLabel);
  context.host_can_guard = guards != labels.end() && guards->second == "yes";
  const std::string trigger = context.drift != nullptr ? context.drift->id : PredictionTrigger(id);
  context.attempt = AttemptsOf(shard, trigger);
  context.fight = FightOver(shard, id);
  context.now = shard.numbers.now;
  use(context, trigger);
}

std::vector<RemediationPlan> PlansFor(const ShardState& shard, const ResourceId& id,
                                      std::vector<LeftOut>* left_out) {
  std::vector<RemediationPlan> plans;
  WithContext(shard, id, [&](const PlanContext& context, const std::string& trigger) {
    plans = ProposePlans(context, left_out);
    for (RemediationPlan& plan : plans)
      if (const auto stored = shard.plans.find(plan.id.value); stored != shard.plans.end())
        plan = stored->second;
    for (const auto& [plan_id, stored] : shard.plans)
      if (stored.trigger == trigger && FindProposed(plans, stored.id) == nullptr)
        plans.push_back(stored);
  });
  return plans;
}

std::vector<RemediationPlan> PlansUnderWay(const ShardState& shard, const StackId& stack) {
  std::vector<RemediationPlan> under_way;
  for (const auto& [id, plan] : shard.plans)
    if (plan.stack == stack && ChangesHost(plan) && plan.step_now != kDoneByHand &&
        (plan.state == PlanState::kRunning || plan.state == PlanState::kVerifying))
      under_way.push_back(plan);
  return under_way;
}

std::vector<RemediationPlan> DuePlans(const ShardState& shard, const StackId& stack) {
  std::vector<RemediationPlan> due;
  for (const auto& [id, plan] : shard.plans) {
    if (plan.stack == stack && plan.step_now == kTakenOver) due.push_back(plan);
    const bool waits = plan.state == PlanState::kSent ||
                       (plan.state == PlanState::kApproved && plan.not_before <= shard.numbers.now);
    if (plan.stack != stack || !waits) continue;
    // The policy may have changed, or people may have paused it, while the agent was away.
    if (plan.state == PlanState::kApproved &&
        (plan.step_now != kAnnounced || PauseOver(shard, plan) != nullptr ||
         JudgePlan(shard, plan).action != PolicyVerdict::Action::kRun))
      continue;
    due.push_back(plan);
  }
  return due;
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
  // What nobody approved does not run, whatever a host says. A late or repeated word about a plan
  // that has ended changes nothing; an unclear one may clear up.
  if (plan.state == PlanState::kProposed) return;
  if (plan.step_now == kTakenOver && body.step < 0 && IsFinal(body.state)) {
    // How far it had come is worth knowing.
    plan.step_now = -1;
    plan.outcome += fmt::format(" (the host had: {}{}{})", PlanStateName(body.state),
                                body.detail.empty() ? "" : ", ", body.detail);
    shard.pending.plans.insert(body.plan.value);
    return;
  }
  if (IsFinal(plan.state) && plan.state != PlanState::kUnclear) return;
  shard.pending.plans.insert(body.plan.value);
  plan.downtime_measured = std::max(plan.downtime_measured, body.downtime);
  const bool ends = body.step < 0 && IsFinal(body.state);
  if (!ends) {
    // One step's success is not the plan's: only the word about the whole ends it.
    if (body.step >= 0) plan.step_now = body.step;
    plan.state = std::max(plan.state, IsFinal(body.state) ? PlanState::kRunning : body.state);
    plan.outcome = body.detail;
    if (plan.started_at == Instant()) plan.started_at = shard.numbers.now;
    if (body.step >= 0 && GuardStands(plan))
      Audit(shard, Principal("agent of " + plan.stack.value), "guard.put_back", plan.id.value,
            plan.title + ": " + body.detail);
  } else {
    if (plan.started_at == Instant()) plan.started_at = shard.numbers.now;
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
