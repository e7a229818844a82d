#include "engine/shard_knowledge.h"

#include <algorithm>

#include "engine/shard_decide.h"
#include "model/guard.h"

namespace driftcast {
namespace {

constexpr size_t kObservedMin = 5;  // fewer outcomes do not speak against a prior
constexpr Duration kLooksBack = kDay * 7;

bool Failed(PlanState state) {
  return state == PlanState::kRolledBack || state == PlanState::kFailed ||
         state == PlanState::kUnclear;
}

Knowledge::Observed QuantilesOf(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {{at(0.5), at(0.9)}, static_cast<uint32_t>(values.size())};
}

using Seen = std::map<std::string, std::vector<double>>;

void Keep(const Seen& seen, std::map<std::string, Knowledge::Observed>& out) {
  for (const auto& [name, values] : seen)
    if (values.size() >= kObservedMin) out[name] = QuantilesOf(values);
}

// The unit that a plan restarts, when that is all that interrupts anybody.
std::string RestartedUnit(const RemediationPlan& plan) {
  std::string unit;
  for (const PlanStep& step : plan.steps) {
    if (step.resource.kind == "package") return "";
    if (step.kind != StepKind::kRestartUnit) continue;
    if (!unit.empty()) return "";
    unit = step.resource.name;
  }
  return unit;
}

// The plan's change without its stack.
std::string ChangeOf(const RemediationPlan& plan) {
  std::string text = StrategyName(plan.strategy);
  for (const PlanStep& step : plan.steps) {
    text +=
        fmt::format("|{}|{}|{}", StepKindName(step.kind), step.resource.kind, step.resource.name);
    for (const auto& [name, value] : step.parameters) text += "|" + name + "=" + value;
  }
  return text;
}

// The first time that the key moves under a guard is what it was armed for; each further one undoes
// what it put back.
void CountGuard(const ShardState& shard, const RemediationPlan& guard, const ResourceId& id,
                Fight& fight, Instant& last) {
  if (guard.started_at == Instant()) return;
  const Instant from = std::max(guard.started_at, shard.numbers.now - kLooksBack);
  const Instant to = guard.ended_at == Instant() ? Instant::max() : guard.ended_at;
  const auto moved = std::ranges::count_if(shard.drifts, [&](const auto& drift) {
    return drift.second.resource == id && drift.second.opened_at >= from &&
           drift.second.opened_at <= to;
  });
  if (moved < 2) return;
  fight.undone += static_cast<uint32_t>(moved - 1);
  last = std::max(last, from);
}

RoleName RoleOf(const ShardState& shard, const StackId& stack) {
  const auto found = shard.stacks.find(stack.value);
  return found == shard.stacks.end() ? RoleName() : found->second.record.role;
}

}  // namespace

Knowledge KnowledgeOf(const ShardState& shard) {
  Knowledge knowledge;
  Seen downtime, duration, restarts;
  for (const auto& [id, plan] : shard.plans) {
    if (plan.resources.empty() || !IsFinal(plan.state)) continue;
    const std::string& kind = plan.resources[0].kind;
    auto& outcomes = knowledge.outcomes[{kind, plan.strategy}];
    if (plan.state == PlanState::kSucceeded) {
      ++outcomes.succeeded;
      auto& verdicts = knowledge.verdicts[kind];
      if (plan.strategy == Strategy::kRevert) ++verdicts.reverted;
      if (plan.strategy == Strategy::kAccept) ++verdicts.accepted;
    } else if (Failed(plan.state)) {
      ++outcomes.failed;
    }
    if (plan.state != PlanState::kSucceeded || !ChangesHost(plan)) continue;
    const std::string unit = RestartedUnit(plan);
    if (unit.empty()) {
      downtime[kind].push_back(Seconds(plan.downtime_measured));
    } else {
      restarts[unit].push_back(Seconds(plan.downtime_measured));
      restarts[""].push_back(Seconds(plan.downtime_measured));
    }
    if (plan.steps.size() == 1 && plan.ended_at > plan.started_at && !IsGuard(plan))
      duration[StepKindName(plan.steps[0].kind)].push_back(
          Seconds(plan.ended_at - plan.started_at));
  }
  Keep(downtime, knowledge.downtime_s);
  Keep(duration, knowledge.duration_s);
  Keep(restarts, knowledge.restart_s);
  return knowledge;
}

Fight FightOver(const ShardState& shard, const ResourceId& id) {
  Fight fight;
  Instant last;
  for (const auto& entry : shard.plans) {
    const auto& plan = entry.second;
    const bool is_about = ChangesHost(plan) && std::ranges::count(plan.resources, id) > 0;
    if (is_about && IsGuard(plan)) {
      CountGuard(shard, plan, id, fight, last);
      continue;
    }
    const bool puts_back = is_about && plan.state == PlanState::kSucceeded;
    if (!puts_back || plan.ended_at + kLooksBack < shard.numbers.now) continue;
    // Undone: the resource drifted again after it.
    const bool undone = std::ranges::any_of(shard.drifts, [&](const auto& drift) {
      return drift.second.resource == id && drift.second.opened_at >= plan.ended_at &&
             drift.second.id != plan.trigger;
    });
    fight.undone += undone ? 1 : 0;
    last = std::max(last, plan.ended_at);
  }
  if (fight.undone == 0) return fight;
  const Drift* newest = nullptr;
  for (const auto& [drift_id, drift] : shard.drifts)
    if (drift.resource == id && drift.opened_at >= last &&
        (newest == nullptr || drift.opened_at > newest->opened_at))
      newest = &drift;
  if (newest != nullptr && newest->cause.known()) {
    fight.by =
        newest->cause.actor.empty() ? CauseKindName(newest->cause.kind) : newest->cause.actor;
    fight.evidence = newest->cause.text;
  }
  if (fight.evidence.empty())
    fight.evidence = fmt::format("it drifted again {} s after the last plan",
                                 newest == nullptr ? 0 : Seconds(newest->opened_at - last));
  return fight;
}

void TellFight(ShardState& shard, const Drift& drift) {
  const Fight fight = FightOver(shard, drift.resource);
  if (fight.undone < kFightAt) return;
  const std::string who = fight.by.empty() ? "somebody not known" : fight.by;
  const bool guarded = std::ranges::any_of(shard.plans, [&](const auto& entry) {
    return GuardStands(entry.second) &&
           std::ranges::count(entry.second.resources, drift.resource) > 0;
  });
  const std::string text = fmt::format(
      "{} {}: what was put back {} times within a week was undone each time, last by {} ({}); "
      "{}. Either {} owns it: accept what is there; or what undoes it must stop",
      drift.resource.kind, drift.resource.name, fight.undone, who, fight.evidence,
      guarded ? "a guard still does until it gives up"
              : "nothing puts it back unattended any more",
      who);
  Audit(shard, Principal("engine"), "fight.noticed", drift.id, text);
  Alert(shard, "fight.noticed", drift.id, drift.resource.stack, drift.id, text, drift.severity);
}

RolloutFacts RolloutOf(const ShardState& shard, const RemediationPlan& plan) {
  RolloutFacts facts;
  const std::string change = ChangeOf(plan);
  const RoleName role = RoleOf(shard, plan.stack);
  for (const auto& [id, other] : shard.plans) {
    const bool began = other.step_now == kAnnounced || other.started_at != Instant();
    if (other.id == plan.id || !began || other.approved_at + kLooksBack < shard.numbers.now ||
        RoleOf(shard, other.stack) != role || ChangeOf(other) != change)
      continue;
    const bool stands = GuardStands(other);  // as good as done: others need not wait for its end
    facts.succeeded += stands || other.state == PlanState::kSucceeded ? 1 : 0;
    facts.failed += Failed(other.state) ? 1 : 0;
    facts.running += stands || IsFinal(other.state) ? 0 : 1;
    facts.last_ended_at = std::max(facts.last_ended_at, other.ended_at);
  }
  return facts;
}

}  // namespace driftcast
