#include "remedy/policy.h"

#include <algorithm>
#include <set>

#include "base/status.h"
#include "remedy/propose.h"

namespace driftcast {
namespace {

constexpr Duration kLookAhead = kDay * 90;

bool Covers(const std::vector<std::string>& list, const std::string& name) {
  return list.empty() || std::ranges::find(list, name) != list.end();
}

bool Covers(const PolicyScope& scope, const RemediationPlan& plan, const PolicyFacts& facts) {
  const bool kinds = std::ranges::all_of(
      plan.resources, [&](const ResourceId& id) { return Covers(scope.kinds, id.kind); });
  return kinds && Covers(scope.roles, facts.role.value) &&
         Covers(scope.strategies, StrategyName(plan.strategy)) &&
         facts.severity >= scope.severity_min && facts.severity <= scope.severity_max;
}

std::vector<Calendar> For(const std::vector<PolicyTimes>& times, const RoleName& role) {
  std::vector<Calendar> out;
  for (const auto& entry : times)
    if (Covers(entry.roles, role.value)) out.push_back(entry.calendar);
  return out;
}

// Has the class of plans earned to run unattended? The reason either way.
bool Earned(const UnattendedRule& rule, const PolicyFacts& facts, std::string& reason) {
  const uint32_t total = facts.outcomes.succeeded + facts.outcomes.failed;
  const double share = total ? static_cast<double>(facts.outcomes.succeeded) / total : 0;
  const bool earned = total >= rule.outcomes_min && share >= rule.success_min;
  reason = fmt::format(
      "unattended '{}': {} of {} such plans worked; {} of them and a share of {:.2f} are wanted{}",
      rule.name, facts.outcomes.succeeded, total, rule.outcomes_min, rule.success_min,
      earned ? "" : ": not earned");
  if (!earned || !facts.alerts) return earned;
  const auto& [scored, hits] = *facts.alerts;
  const bool foretold =
      scored >= rule.outcomes_min &&
      static_cast<double>(hits) >= rule.precision_min * static_cast<double>(scored);
  reason += fmt::format("; {} of {} alerts came true, and a share of {:.2f} is wanted{}", hits,
                        scored, rule.precision_min, foretold ? "" : ": not earned");
  return foretold;
}

// Nobody has to approve.
bool MayRunUnattended(const Policy& policy, const RemediationPlan& plan, const PolicyFacts& facts,
                      PolicyVerdict& verdict) {
  for (const auto& rule : policy.unattended) {
    if (!Covers(rule.scope, plan, facts)) continue;
    if (facts.people_only) {
      verdict.reasons.push_back(fmt::format(
          "unattended '{}' would apply, but the host wants an approver's key", rule.name));
      continue;
    }
    if (!plan.reversible) {
      verdict.reasons.push_back(fmt::format(
          "unattended '{}' would apply, but the plan cannot be undone: a person decides "
          "each time",
          rule.name));
      continue;
    }
    std::string reason;
    const bool earned = Earned(rule, facts, reason);
    verdict.reasons.push_back(std::move(reason));
    if (earned) return true;
  }
  return false;
}

void ForbidBeyondLimits(const Policy& policy, const RemediationPlan& plan, PolicyVerdict& verdict,
                        bool& forbidden) {
  const auto forbid = [&](std::string reason) {
    verdict.reasons.push_back(std::move(reason));
    forbidden = true;
  };
  if (policy.downtime_s_max && plan.estimate.downtime_s.p90 > *policy.downtime_s_max)
    forbid(fmt::format("limit downtime: P90 {:.0f} s is more than {:.0f} s",
                       plan.estimate.downtime_s.p90, *policy.downtime_s_max));
  if (policy.cost_max && plan.estimate.cost > *policy.cost_max)
    forbid(fmt::format("limit cost: {:.2f} {} is more than {:.2f}", plan.estimate.cost,
                       plan.estimate.currency, *policy.cost_max));
}

// Counts the approvals of those who may, by the rule that asks for most. False: nobody may.
bool CountApprovals(const Policy& policy, const RemediationPlan& plan, const PolicyFacts& facts,
                    PolicyVerdict& verdict) {
  ApprovalRule applied{.name = "default", .scope = {}, .people = {"*"}, .needed = 1};
  bool found = policy.approvals.empty();
  for (const auto& rule : policy.approvals) {
    if (!Covers(rule.scope, plan, facts)) continue;
    if (!found || rule.needed > applied.needed) applied = rule;
    found = true;
  }
  if (!found) {
    verdict.reasons.emplace_back("approvals: no rule says who may approve such a plan");
    return false;
  }
  const bool anybody = std::ranges::find(applied.people, "*") != applied.people.end();
  std::set<std::string> counted;
  for (const auto& person : facts.approved_by)
    if (!person.empty() && person.value != "engine" &&
        (anybody || std::ranges::find(applied.people, person.value) != applied.people.end()))
      counted.insert(person.value);
  verdict.who = applied.people;
  verdict.approvals_missing =
      applied.needed > counted.size() ? applied.needed - static_cast<uint32_t>(counted.size()) : 0;
  verdict.reasons.push_back(
      fmt::format("approval '{}': {} of {} given", applied.name, counted.size(), applied.needed));
  return true;
}

// The first moment from now on at which the plan fits; none within the look-ahead.
std::optional<Instant> FirstFit(const Policy& policy, const RemediationPlan& plan,
                                const PolicyFacts& facts, PolicyVerdict& verdict) {
  const Instant now = std::max(facts.now, plan.not_before);
  const auto freezes = For(policy.freezes, facts.role);
  auto windows = For(policy.windows, facts.role);
  const bool short_enough = policy.downtime_s_outside_windows &&
                            plan.estimate.downtime_s.p90 <= *policy.downtime_s_outside_windows;
  if (windows.empty() || short_enough) {
    Calendar always;
    always.start = now;
    always.length = kLookAhead;
    windows = {always};
  }
  const auto length = Duration(static_cast<int64_t>(plan.estimate.duration_s.p90 * 1e6));
  for (const auto& span : OpenTimes(windows, freezes, now, now + kLookAhead)) {
    if (span.to - span.from < length) continue;
    if (span.to < now + kLookAhead) verdict.not_after = span.to;
    if (span.from > now)
      verdict.reasons.push_back(
          fmt::format("times: the next that is long enough and not frozen "
                      "begins {}",
                      FormatInstant(span.from)));
    return span.from;
  }
  verdict.reasons.push_back(
      fmt::format("times: no window of {:.0f} s within 90 days", plan.estimate.duration_s.p90));
  return std::nullopt;
}

// Too many plans today: the wait in days.
bool OverRate(const Policy& policy, const PolicyFacts& facts, PolicyVerdict& verdict) {
  const auto over = [&](uint32_t count, uint32_t limit, const char* what) {
    if (limit == 0 || count < limit) return false;
    verdict.reasons.push_back(
        fmt::format("rate: {} plans were begun on this {} within a day, and {} are permitted",
                    count, what, limit));
    return true;
  };
  const bool stack = over(facts.plans_today_stack, policy.plans_per_stack_and_day, "stack");
  return over(facts.plans_today_role, policy.plans_per_role_and_day, "role") || stack;
}

}  // namespace

const char* PolicyActionName(PolicyVerdict::Action action) {
  switch (action) {
    case PolicyVerdict::Action::kForbid:
      return "forbid";
    case PolicyVerdict::Action::kNeedsApproval:
      return "needs_approval";
    case PolicyVerdict::Action::kWait:
      return "wait";
    case PolicyVerdict::Action::kRun:
      return "run";
  }
  return "unknown";
}

std::vector<TimeSpan> WindowsOf(const Policy& policy, const RoleName& role, Instant from,
                                Instant to) {
  return OpenTimes(For(policy.windows, role), For(policy.freezes, role), from, to);
}

PolicyVerdict Judge(const Policy& policy, const RemediationPlan& plan, const PolicyFacts& facts) {
  PolicyVerdict verdict;
  if (plan.steps.empty()) {
    verdict.action = PolicyVerdict::Action::kRun;
    verdict.reasons.emplace_back("nothing is to be done, so nothing stands in the way");
    return verdict;
  }
  bool forbidden = false;
  ForbidBeyondLimits(policy, plan, verdict, forbidden);
  verdict.unattended = MayRunUnattended(policy, plan, facts, verdict);
  if (!verdict.unattended && !CountApprovals(policy, plan, facts, verdict)) forbidden = true;
  std::optional<Instant> fit = facts.now;
  if (ChangesHost(plan)) fit = FirstFit(policy, plan, facts, verdict);
  if (!fit || forbidden) return verdict;
  if (ChangesHost(plan) && OverRate(policy, facts, verdict)) {
    PolicyFacts tomorrow = facts;
    tomorrow.now = facts.now + kDay;
    fit = FirstFit(policy, plan, tomorrow, verdict);
    if (!fit) return verdict;
  }
  fit = std::max(*fit, plan.not_before);
  if (*fit > facts.now) verdict.not_before = *fit;
  verdict.action = verdict.approvals_missing > 0 ? PolicyVerdict::Action::kNeedsApproval
                   : *fit > facts.now            ? PolicyVerdict::Action::kWait
                                                 : PolicyVerdict::Action::kRun;
  return verdict;
}

std::string RolloutHold(const Policy& policy, const RemediationPlan& plan, const PolicyFacts& facts,
                        bool& stopped) {
  stopped = false;
  const auto rule = std::ranges::find_if(policy.rollouts, [&](const RolloutRule& candidate) {
    return Covers(candidate.scope, plan, facts);
  });
  if (rule == policy.rollouts.end() || !ChangesHost(plan)) return "";
  const RolloutFacts& seen = facts.rollout;
  if (seen.failed > 0) {
    stopped = true;
    return fmt::format("roll-out '{}': stopped, the same change failed on {} of {} stacks",
                       rule->name, seen.failed, seen.failed + seen.succeeded);
  }
  if (seen.succeeded < rule->canary) {
    if (seen.running + seen.succeeded < rule->canary) return "";
    return fmt::format("roll-out '{}': {} of {} canaries have succeeded", rule->name,
                       seen.succeeded, rule->canary);
  }
  if (seen.succeeded == rule->canary && seen.running == 0 &&
      facts.now < seen.last_ended_at + rule->soak)
    return fmt::format("roll-out '{}': the canaries are watched until {}", rule->name,
                       FormatInstant(seen.last_ended_at + rule->soak));
  if (seen.running >= rule->batch)
    return fmt::format("roll-out '{}': {} are under way", rule->name, seen.running);
  return "";
}

}  // namespace driftcast
