// The passing of time: horizons end and predictions are scored, plans expire, rules end.
#include <algorithm>

#include "engine/shard_decide.h"
#include "engine/shard_inputs.h"
#include "engine/shard_models.h"
#include "engine/shard_policy.h"

namespace driftcast {
namespace {

// Cohorts of different stacks are made at different moments, so that no second has all the work.
Duration StaggerOf(const std::string& stack, Duration horizon) {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a, 64 bit
  for (const char c : stack) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  const Duration spread = std::min<Duration>(horizon, kHour);
  return Duration(static_cast<int64_t>(hash % static_cast<uint64_t>(spread.count())));
}

ScoredResource Scored(const Stack& stack, const std::string& slot_key, const Slot& slot,
                      size_t horizon) {
  ScoredResource scored;
  scored.p = slot.p_scored[horizon];
  scored.exists = slot.exists;
  scored.changed_at = slot.changed_at;
  scored.changed_before_at = slot.changed_before_at;
  scored.treated_at = slot.treated_at;
  scored.compared_at = slot.compared_at;
  const auto kind = slot_key.substr(0, slot_key.find('\0'));
  if (const auto at = stack.record.kind_compared_at.find(kind);
      at != stack.record.kind_compared_at.end())
    scored.compared_at = std::max(scored.compared_at, at->second);
  // A watched stack is compared all the time: its agent would have said that something moved.
  scored.compared_at = std::max(scored.compared_at, stack.record.last_fact_at);
  return scored;
}

void CloseCohort(ShardState& shard, const std::string& stack_id, Stack& stack, size_t horizon) {
  const Instant made_at = stack.record.cohort_made_at[horizon];
  std::vector<InputOutcome> outcomes;
  for (auto& [slot_key, slot] : stack.slots) {
    if (slot.p_scored[horizon] < 0) continue;
    const ScoredResource scored = Scored(stack, slot_key, slot, horizon);
    const Outcome outcome = OutcomeOf(scored, made_at, kHorizons[horizon]);
    CountOutcome(scored, outcome, made_at, kHorizons[horizon], shard.options.alert_threshold,
                 shard.track.horizons[horizon]);
    if (outcome == Outcome::kHit || outcome == Outcome::kMiss)
      outcomes.push_back({slot.inputs_scored[horizon], scored.p, outcome == Outcome::kHit});
    slot.p_scored[horizon] = -1;
  }
  LearnInputs(shard, {stack.inputs_scored[horizon], horizon, made_at, stack.levels}, outcomes);
  if (!stack.levels.empty()) shard.pending.levels.insert(stack_id);
  if (horizon == kAlertHorizon) WatchModel(shard, StackId(stack_id), outcomes);
  shard.pending.track = true;
}

// Writes down the forecasts of this moment, to be scored when the horizon has passed.
void OpenCohort(ShardState& shard, const std::string& stack_id, Stack& stack, size_t horizon) {
  stack.record.cohort_made_at[horizon] = shard.numbers.now;
  stack.inputs_scored[horizon] = stack.inputs_now;
  for (auto& [slot_key, slot] : stack.slots) {
    if (slot.exists) slot.p_scored[horizon] = slot.p_change[horizon];
    slot.inputs_scored[horizon] = slot.exists ? slot.inputs_now : uint16_t{0};
  }
  shard.pending.cohorts.insert({stack_id, horizon});
  shard.pending.stacks.insert(stack_id);
}

void AdvanceCohorts(ShardState& shard, const std::string& stack_id, Stack& stack) {
  // The first cohorts are made once something is known: after the first snapshot.
  if (stack.record.enrolled_kinds.empty()) return;
  std::vector<size_t> due;
  for (size_t h = 0; h < kHorizonCount; ++h) {
    const Instant made_at = stack.record.cohort_made_at[h];
    const bool over = shard.numbers.now > made_at + kHorizons[h] + StaggerOf(stack_id, kMinute);
    if (made_at == Instant() || over) due.push_back(h);
    if (made_at != Instant() && over) CloseCohort(shard, stack_id, stack, h);
  }
  if (due.empty()) return;
  RefreshRisks(shard, stack_id, stack);
  for (const size_t h : due) OpenCohort(shard, stack_id, stack, h);
}

void AdvancePlans(ShardState& shard) {
  for (auto& [id, plan] : shard.plans) {
    const bool waits = plan.state == PlanState::kApproved ||
                       (plan.state == PlanState::kProposed && !plan.approvals.empty());
    if (!waits) continue;
    if (plan.expires_at != Instant() && plan.expires_at <= shard.numbers.now) {
      plan.outcome = plan.state == PlanState::kApproved
                         ? "nobody carried it out before it expired"
                         : "not enough people approved it before it expired";
      plan.state = PlanState::kExpired;
      plan.ended_at = shard.numbers.now;
      shard.pending.plans.insert(id);
      Audit(shard, Principal("engine"), "plan.expired", id, plan.title);
      Emit(shard, LiveEvent::Kind::kPlan, plan.stack, id, plan.title + ": expired");
    } else {
      Release(shard, plan);
    }
  }
}

void ExpireRules(ShardState& shard) {
  std::vector<IgnoreRule> ended;
  for (const auto& [id, rule] : shard.rules)
    if (!rule.removed && rule.expires_at != Instant() && rule.expires_at <= shard.numbers.now)
      ended.push_back(rule);
  for (IgnoreRule& rule : ended) {
    rule.removed = true;
    rule.reason = "expired";
    Fact fact;
    fact.at = shard.numbers.now;
    ApplyRule(shard, fact, rule);
  }
}

}  // namespace

void ApplyTime(ShardState& shard) {
  shard.forecaster.Advance(shard.numbers.now);
  for (auto& [stack_id, stack] : shard.stacks) {
    AdvanceCohorts(shard, stack_id, stack);
    // Of a stack that still reports, they are forgotten as its series are stored.
    if (!stack.series.empty() && shard.numbers.now > stack.record.series_stored_at + kSilentMax)
      ForgetSilentSeries(shard, stack_id, stack);
  }
  AdvancePlans(shard);
  VerifyDoneByHand(shard);
  EndGuards(shard);
  AdvancePolicy(shard);
  ExpireRules(shard);
  ScoreTouched(shard);  // last: what ended may have touched something
  AnswerForecasts(shard);
}

}  // namespace driftcast
