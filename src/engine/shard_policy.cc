#include "engine/shard_policy.h"

#include <algorithm>

#include "base/crypto.h"
#include "engine/shard_decide.h"
#include "engine/shard_knowledge.h"
#include "model/approval.h"
#include "model/order.h"
#include "remedy/policy_file.h"
#include "remedy/propose.h"
#include "shadow/glob.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

constexpr size_t kLately = 50;              // outcomes that autonomy rests on
constexpr size_t kUnattendedPerTick = 50;   // drifts, and forecasts, that are looked at in a tick
constexpr Duration kSettle = kSecond * 30;  // a drift this young may still be half of a change
constexpr Duration kWindowsAhead = kDay * 90;

const Policy kNoPolicy;

ZoneSource ZonesOf(const PolicyPublished& body) {
  return [&body](const std::string& name) -> StatusOr<std::string> {
    const auto found = body.zones.find(name);
    if (found == body.zones.end()) return NotFound("the policy came without the zone '{}'", name);
    return found->second;
  };
}

RoleName RoleOf(const ShardState& shard, const StackId& stack) {
  const auto found = shard.stacks.find(stack.value);
  return found == shard.stacks.end() ? RoleName() : found->second.record.role;
}

// Of the drift that the plan answers, else of its first resource.
double SeverityOf(const ShardState& shard, const RemediationPlan& plan) {
  if (const auto drift = shard.drifts.find(plan.trigger); drift != shard.drifts.end())
    return drift->second.severity;
  if (plan.resources.empty()) return 0;
  const Slot* slot = FindSlot(shard, plan.resources[0]);
  return slot == nullptr ? 0 : slot->severity;
}

// Begun within a day, or due and waiting for the agent.
bool CountsToday(const ShardState& shard, const RemediationPlan& plan) {
  const Instant since = shard.numbers.now - kDay;
  if (plan.started_at != Instant()) return plan.started_at > since;
  return plan.state == PlanState::kApproved && plan.step_now == kAnnounced;
}

PolicyFacts FactsFor(const ShardState& shard, const RemediationPlan& plan) {
  PolicyFacts facts;
  facts.role = RoleOf(shard, plan.stack);
  facts.severity = SeverityOf(shard, plan);
  facts.people_only = WantsProof(shard, plan);
  for (const Approval& approval : plan.approvals)
    if (!facts.people_only || !approval.proof.empty()) facts.approved_by.push_back(approval.by);
  if (!plan.resources.empty())
    facts.outcomes = LatelyOf(shard, plan.resources[0].kind, plan.strategy);
  for (const auto& [id, other] : shard.plans) {
    if (other.id == plan.id || !ChangesHost(other) || !CountsToday(shard, other)) continue;
    facts.plans_today_stack += other.stack == plan.stack ? 1 : 0;
    facts.plans_today_role += RoleOf(shard, other.stack) == facts.role ? 1 : 0;
  }
  if (plan.trigger.starts_with("prediction:")) {
    const TrackRecord::Horizon& day = shard.track.horizons[kAlertHorizon];
    facts.alerts = PolicyFacts::Alerts{day.alerts, day.alert_hits};
  }
  if (!RulesInForce(shard).rollouts.empty()) facts.rollout = RolloutOf(shard, plan);
  facts.now = shard.numbers.now;
  return facts;
}

std::string Joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

// The best plan that changes the host at once, when nothing is ranked above it but waiting for a
// window, which the policy does by itself.
const RemediationPlan* BestToRun(const std::vector<RemediationPlan>& plans) {
  for (const RemediationPlan& plan : plans) {
    if (plan.strategy == Strategy::kSchedule) continue;
    return plan.state == PlanState::kProposed && plan.approvals.empty() && ChangesHost(plan)
               ? &plan
               : nullptr;
  }
  return nullptr;
}

bool AllAllowed(const ShardState& shard, const RemediationPlan& plan) {
  const auto stack = shard.stacks.find(plan.stack.value);
  if (stack == shard.stacks.end()) return false;
  const auto& allowed = stack->second.record.allowed_kinds;
  return std::ranges::all_of(plan.steps, [&](const PlanStep& step) {
    const std::string kind = PermissionFor(step).kind;
    return kind.empty() || std::ranges::count(allowed, kind) > 0;
  });
}

// A rule names the kind and the severity, nobody has done anything about the drift yet.
bool MayQualify(const ShardState& shard, const std::string& kind, double severity) {
  const auto& rules = RulesInForce(shard).unattended;
  return std::ranges::any_of(rules, [&](const UnattendedRule& rule) {
    return severity <= rule.scope.severity_max && severity >= rule.scope.severity_min &&
           (rule.scope.kinds.empty() || std::ranges::count(rule.scope.kinds, kind) > 0);
  });
}
bool MayQualify(const ShardState& shard, const Drift& drift) {
  return drift.closed_at == Instant() && drift.opened_at + kSettle <= shard.numbers.now &&
         MayQualify(shard, drift.resource.kind, drift.severity);
}

void AnswerUnattended(ShardState& shard, const ResourceId& id) {
  const auto plans = PlansFor(shard, id);
  const RemediationPlan* best = BestToRun(plans);
  if (best == nullptr || !AllAllowed(shard, *best) || PauseOver(shard, *best)) return;
  if (FightOver(shard, id).undone >= kFightAt) return;  // somebody else wants it otherwise: ask
  const PolicyVerdict verdict = JudgePlan(shard, *best);
  if (!verdict.unattended || verdict.action == PolicyVerdict::Action::kForbid) return;
  ApproveByPolicy(shard, *best, verdict);
}

void RunUnattended(ShardState& shard) {
  if (RulesInForce(shard).unattended.empty()) return;
  std::set<std::string> answered;
  for (const auto& [id, plan] : shard.plans) answered.insert(plan.trigger);
  std::vector<ResourceId> candidates;
  for (const auto& [id, drift] : shard.drifts) {
    if (answered.contains(id) || !MayQualify(shard, drift)) continue;
    candidates.push_back(drift.resource);
    if (candidates.size() == kUnattendedPerTick) break;
  }
  for (const ResourceId& id : candidates) AnswerUnattended(shard, id);
}

void EndPauses(ShardState& shard) {
  for (auto pause = shard.pauses.begin(); pause != shard.pauses.end();) {
    if (pause->second.until > shard.numbers.now) {
      ++pause;
      continue;
    }
    Audit(shard, Principal("engine"), "pause.ended", pause->first, pause->second.resource_glob);
    shard.pending.pauses.insert(pause->first);
    pause = shard.pauses.erase(pause);
  }
}

bool HasEarned(const UnattendedRule& rule, const Knowledge::Outcomes& outcomes) {
  const double total = outcomes.succeeded + outcomes.failed;
  return total >= rule.outcomes_min && outcomes.succeeded >= rule.success_min * total;
}

}  // namespace

const Policy& RulesInForce(const ShardState& shard) {
  return shard.policy ? shard.policy->rules : kNoPolicy;
}

const PauseSet* PauseOver(const ShardState& shard, const ResourceId& id) {
  const PauseSet* longest = nullptr;
  for (const auto& [pause_id, pause] : shard.pauses)
    if (pause.until > shard.numbers.now && MatchesGlob(pause.resource_glob, id.ToText()) &&
        (longest == nullptr || pause.until > longest->until))
      longest = &pause;
  return longest;
}

const PauseSet* PauseOver(const ShardState& shard, const RemediationPlan& plan) {
  if (!ChangesHost(plan)) return nullptr;
  for (const PlanStep& step : plan.steps)
    if (const PauseSet* pause = PauseOver(shard, step.resource)) return pause;
  return nullptr;
}

std::string PauseText(const PauseSet& pause) {
  return fmt::format("paused by {} until {}: {}", pause.by.value, FormatInstant(pause.until),
                     pause.reason);
}

PolicyVerdict JudgePlan(const ShardState& shard, const RemediationPlan& plan) {
  return Judge(RulesInForce(shard), plan, FactsFor(shard, plan));
}

PolicyVerdict VerdictToShow(const ShardState& shard, const RemediationPlan& plan) {
  PolicyVerdict verdict = JudgePlan(shard, plan);
  const PauseSet* pause = PauseOver(shard, plan);
  if (pause == nullptr || verdict.action == PolicyVerdict::Action::kForbid) return verdict;
  verdict.reasons.push_back(PauseText(*pause));
  verdict.not_before = std::max(verdict.not_before, pause->until);
  if (verdict.action == PolicyVerdict::Action::kRun) verdict.action = PolicyVerdict::Action::kWait;
  return verdict;
}

bool WantsProof(const ShardState& shard, const RemediationPlan& plan) {
  const auto stack = shard.stacks.find(plan.stack.value);
  if (stack == shard.stacks.end() || !ChangesHost(plan)) return false;
  const auto& labels = stack->second.record.labels;
  const auto label = labels.find(kApproverKeysLabel);
  return label != labels.end() && label->second == "yes";
}

StatusOr<PolicyVerdict> JudgeApproval(const ShardState& shard, RemediationPlan plan,
                                      const Principal& person, const ApprovalProof& proof) {
  if (std::ranges::count(plan.approvals, person, &Approval::by) > 0)
    return FailedPrecondition("{} has approved plan {} already; somebody else has to", person.value,
                              plan.id.value);
  plan.approvals.push_back({person, shard.numbers.now, "", proof});
  PolicyVerdict verdict = JudgePlan(shard, plan);
  if (verdict.action == PolicyVerdict::Action::kForbid)
    return FailedPrecondition("the policy forbids plan {}: {}", plan.id.value,
                              Joined(verdict.reasons));
  const bool may = verdict.unattended || verdict.who.empty() ||
                   std::ranges::count(verdict.who, "*") > 0 ||
                   std::ranges::count(verdict.who, person.value) > 0;
  if (!may)
    return PermissionDenied("{} may not approve plan {}: {}; those who may: {}", person.value,
                            plan.id.value, Joined(verdict.reasons), Joined(verdict.who));
  return verdict;
}

void GiveTime(const PolicyVerdict& verdict, RemediationPlan& plan) {
  plan.not_before = std::max(plan.not_before, verdict.not_before);
  if (plan.not_before != Instant() && plan.strategy != Strategy::kSchedule)
    plan.expires_at = std::max(plan.expires_at, plan.not_before + kDay);
  if (verdict.not_after != Instant())
    plan.expires_at = plan.strategy == Strategy::kSchedule || plan.expires_at > verdict.not_after
                          ? verdict.not_after
                          : plan.expires_at;
  plan.hash = PlanHash(plan);
}

void Release(ShardState& shard, RemediationPlan& plan) {
  if (plan.state != PlanState::kApproved || plan.not_before > shard.numbers.now) return;
  if (plan.step_now == kAnnounced) {  // announced, and the host has not begun: is it still right?
    if (PauseOver(shard, plan) == nullptr &&
        JudgePlan(shard, plan).action == PolicyVerdict::Action::kRun)
      return;
    plan.step_now = -1;
    shard.pending.plans.insert(plan.id.value);
  }
  if (const PauseSet* pause = PauseOver(shard, plan)) {
    if (plan.policy_reasons == std::vector{PauseText(*pause)}) return;
    plan.policy_reasons = {PauseText(*pause)};
    shard.pending.plans.insert(plan.id.value);
    return;
  }
  const PolicyVerdict verdict = JudgePlan(shard, plan);
  bool stopped = false;
  const std::string hold = RolloutHold(RulesInForce(shard), plan, FactsFor(shard, plan), stopped);
  if (verdict.action == PolicyVerdict::Action::kRun && !hold.empty()) {
    if (plan.policy_reasons == std::vector{hold}) return;
    plan.policy_reasons = {hold};
    shard.pending.plans.insert(plan.id.value);
    if (stopped)
      Alert(shard, "rollout.stopped", plan.id.value, plan.stack, plan.id.value,
            plan.title + ": " + hold, 6);
    return;
  }
  shard.pending.plans.insert(plan.id.value);
  plan.policy_reasons = verdict.reasons;
  switch (verdict.action) {
    case PolicyVerdict::Action::kRun:
      plan.step_now = kAnnounced;  // announced; the agent's progress replaces it
      Emit(shard, LiveEvent::Kind::kOrder, plan.stack, plan.id.value, plan.title);
      return;
    case PolicyVerdict::Action::kWait:
      GiveTime(verdict, plan);
      break;
    case PolicyVerdict::Action::kNeedsApproval:
      plan.state = PlanState::kProposed;
      break;
    case PolicyVerdict::Action::kForbid:
      plan.state = PlanState::kExpired;
      plan.ended_at = shard.numbers.now;
      plan.outcome = "the policy forbids it now: " + Joined(verdict.reasons);
      Audit(shard, Principal("engine"), "plan.forbidden", plan.id.value, plan.outcome);
      break;
  }
  Emit(shard, LiveEvent::Kind::kPlan, plan.stack, plan.id.value,
       plan.title + ": " + PolicyActionName(verdict.action));
}

std::vector<TimeSpan> WindowsFor(const ShardState& shard, const RoleName& role) {
  if (RulesInForce(shard).windows.empty()) return {};
  // On a grid of an hour, so that the answer can be kept for as long.
  const Instant from = std::chrono::floor<std::chrono::hours>(shard.numbers.now);
  auto& kept = shard.policy->windows_at;
  if (kept.first != from) kept = {from, {}};
  const auto [entry, made] = kept.second.try_emplace(role.value);
  if (made) entry->second = WindowsOf(RulesInForce(shard), role, from, from + kWindowsAhead);
  return entry->second;
}

Knowledge::Outcomes LatelyOf(const ShardState& shard, const std::string& kind, Strategy strategy) {
  std::vector<std::pair<Instant, bool>> ended;
  for (const auto& [id, plan] : shard.plans) {
    if (plan.strategy != strategy || plan.resources.empty() || plan.resources[0].kind != kind)
      continue;
    const bool worked = plan.state == PlanState::kSucceeded;
    if (worked || plan.state == PlanState::kRolledBack || plan.state == PlanState::kFailed ||
        plan.state == PlanState::kUnclear)
      ended.emplace_back(plan.ended_at, worked);
  }
  std::ranges::sort(ended, std::greater<>());
  if (ended.size() > kLately) ended.resize(kLately);
  Knowledge::Outcomes outcomes;
  for (const auto& [at, worked] : ended) ++(worked ? outcomes.succeeded : outcomes.failed);
  return outcomes;
}

void TellAutonomy(ShardState& shard, const RemediationPlan& plan,
                  const Knowledge::Outcomes& before) {
  if (plan.resources.empty()) return;
  const std::string& kind = plan.resources[0].kind;
  const Knowledge::Outcomes now = LatelyOf(shard, kind, plan.strategy);
  for (const UnattendedRule& rule : RulesInForce(shard).unattended) {
    const auto names = [](const std::vector<std::string>& list, const std::string& name) {
      return list.empty() || std::ranges::count(list, name) > 0;
    };
    if (!names(rule.scope.kinds, kind) ||
        !names(rule.scope.strategies, StrategyName(plan.strategy)))
      continue;
    const bool had = HasEarned(rule, before), has = HasEarned(rule, now);
    if (had == has) continue;
    const std::string text =
        fmt::format("'{}' for {} of {} may {} run unattended: {} of the last {} worked", rule.name,
                    StrategyName(plan.strategy), kind, has ? "now" : "no longer", now.succeeded,
                    now.succeeded + now.failed);
    Audit(shard, Principal("engine"), has ? "autonomy.earned" : "autonomy.withdrawn", rule.name,
          text);
    Alert(shard, has ? "autonomy.earned" : "autonomy.withdrawn", rule.name + ":" + plan.id.value,
          plan.stack, plan.id.value, text, has ? 0 : 5);
  }
}

void AdvancePolicy(ShardState& shard) {
  EndPauses(shard);
  RunUnattended(shard);
}

void AnswerForecasts(ShardState& shard) {
  std::vector<ResourceId> alerted;
  std::swap(alerted, shard.alerted_now);
  if (shard.model_watch.drifted_at != Instant()) return;  // nobody acts on what it says by itself
  size_t looked_at = 0;
  for (const ResourceId& id : alerted) {
    const Slot* slot = FindSlot(shard, id);
    if (slot == nullptr || !MayQualify(shard, id.kind, slot->severity)) continue;
    const std::string trigger = PredictionTrigger(id);
    const bool answered = std::ranges::any_of(shard.plans, [&](const auto& entry) {
      return entry.second.trigger == trigger && !IsFinal(entry.second.state);
    });
    if (!answered) AnswerUnattended(shard, id);
    if (++looked_at == kUnattendedPerTick) return;
  }
}

Status CheckPolicy(const PolicyPublished& body) {
  if (body.by.empty()) return InvalidArgument("a policy needs somebody who sets it");
  if (Hex(Sha256(body.text)) != body.digest)
    return InvalidArgument("the policy's digest is not that of its text");
  return ParsePolicy(body.text, ZonesOf(body)).status();
}

void ApplyPolicy(ShardState& shard, const Fact& fact, const PolicyPublished& body) {
  auto policy = std::make_unique<SitePolicy>();
  policy->source = body;
  policy->at = fact.at;
  auto rules = ParsePolicy(body.text, ZonesOf(body));
  DRIFTCAST_CHECK(rules.ok());  // CheckPolicy has read it
  policy->rules = *std::move(rules);
  const std::string before = shard.policy ? shard.policy->source.digest : "none";
  shard.policy = std::move(policy);
  shard.pending.policy = true;
  Audit(shard, body.by, "policy.published", body.digest,
        fmt::format("replaces {}{}{}", before, body.reason.empty() ? "" : ": ", body.reason));
}

Status LoadPolicy(ShardState& shard, std::string_view bytes) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Fact fact, DecodeFact(bytes));
  auto policy = std::make_unique<SitePolicy>();
  policy->source = std::get<PolicyPublished>(fact.body);
  policy->at = fact.at;
  DRIFTCAST_ASSIGN_OR_RETURN(policy->rules,
                             ParsePolicy(policy->source.text, ZonesOf(policy->source)));
  shard.policy = std::move(policy);
  return Ok();
}

Status CheckPause(const ShardState& shard, const PauseSet& body) {
  if (body.by.empty()) return InvalidArgument("a pause needs somebody who sets it");
  if (body.id.empty() || body.id.size() > 64) return InvalidArgument("a pause needs a short id");
  if (body.lifted) {
    if (!shard.pauses.contains(body.id)) return NotFound("there is no pause {}", body.id);
    return Ok();
  }
  if (body.resource_glob.empty()) return InvalidArgument("a pause of nothing");
  if (body.reason.empty()) return InvalidArgument("say why: a pause needs a reason");
  if (body.until <= shard.numbers.now) return InvalidArgument("the pause's end has passed");
  return Ok();
}

void ApplyPause(ShardState& shard, const Fact&, const PauseSet& body) {
  shard.pending.pauses.insert(body.id);
  if (body.lifted) {
    shard.pauses.erase(body.id);
    Audit(shard, body.by, "pause.lifted", body.id, body.reason);
    return;
  }
  shard.pauses[body.id] = body;
  Audit(shard, body.by, "pause.set", body.id,
        fmt::format("{} until {}: {}", body.resource_glob, FormatInstant(body.until), body.reason));
}

}  // namespace driftcast
