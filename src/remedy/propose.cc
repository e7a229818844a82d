#include "remedy/propose.h"

#include <algorithm>

#include "base/crypto.h"
#include "remedy/estimate.h"
#include "remedy/rank.h"
#include "remedy/strategies.h"

namespace driftcast {
namespace {

// Where no maintenance window is configured, the night (UTC) is assumed to be one.
constexpr Duration kNightFrom = kHour * 2;
constexpr Duration kNightTo = kHour * 4;

struct Window {
  TimeSpan span;
  bool assumed = false;
};

// The next window that has not begun; one that is open now is no reason to wait.
Window NextWindow(const Situation& s) {
  for (const auto& span : s.context.windows)
    if (span.from > s.context.now) return {span, false};
  Instant midnight = std::chrono::floor<std::chrono::days>(s.context.now);
  if (midnight + kNightFrom <= s.context.now) midnight += kDay;
  return {{midnight + kNightFrom, midnight + kNightTo}, true};
}

// What prevents a change interrupts nobody, and would be late if it waited.
bool CanWait(const RemediationPlan& plan) {
  return ChangesHost(plan) && plan.strategy != Strategy::kPrevent &&
         plan.strategy != Strategy::kGuard && plan.strategy != Strategy::kIsolate;
}

const Draft* BestThatCanWait(const Situation& s, const Drafts& drafts) {
  Drafts copy = drafts;
  Rank(s, copy);
  for (const auto& draft : copy.drafts) {
    if (!CanWait(draft.plan)) continue;
    for (const auto& original : drafts.drafts)
      if (original.plan.strategy == draft.plan.strategy) return &original;
  }
  return nullptr;
}

// The plan's name: the same trigger, strategy, steps, base and attempt have the same one.
PlanId IdOf(const Situation& s, const RemediationPlan& plan) {
  RemediationPlan timeless = plan;
  timeless.id = {};
  timeless.not_before = {};
  timeless.expires_at = {};
  const std::string bytes =
      CanonicalPlanBytes(timeless) + plan.trigger + "#" + std::to_string(s.context.attempt);
  return PlanId("plan-" + Hex(Sha256(bytes)).substr(0, 20));
}

}  // namespace

void Schedule(const Situation& s, Drafts& out) {
  const Draft* best = BestThatCanWait(s, out);
  if (!best)
    return out.LeaveOut(Strategy::kSchedule,
                        "no other plan changes the host in a way that could wait");
  const Window window = NextWindow(s);
  Draft draft = *best;
  draft.plan.strategy = Strategy::kSchedule;
  draft.plan.title = fmt::format("{}, at {} UTC", best->plan.title,
                                 FormatInstant(window.span.from).substr(0, 16).replace(10, 1, " "));
  if (const size_t now = draft.plan.title.find(" now, at "); now != std::string::npos)
    draft.plan.title.erase(now, 4);
  draft.plan.why += window.assumed ? " No maintenance window is configured: the next night, "
                                     "02:00 to 04:00 UTC, is assumed."
                                   : " It waits for the next maintenance window.";
  draft.plan.not_before = window.span.from;
  draft.plan.expires_at = window.span.to;
  const double wait_s = Seconds(window.span.from - s.context.now);
  // While it waits the risk stays as it is, over the 7 days that risks are compared on.
  const double untouched = s.severity * (s.is_drift ? s.p_unwanted : s.p_drift);
  const double share = std::min(1.0, wait_s / Seconds(kHorizons[kRiskHorizon]));
  draft.downtime_share = s.site.window_downtime_share;
  EstimateDraft(s, draft);
  draft.residual_risk = share * untouched + (1 - share) * best->residual_risk;
  draft.risk_text = fmt::format("{:.1f} hours of waiting", wait_s / 3600);
  out.drafts.push_back(std::move(draft));
}

std::vector<RemediationPlan> ProposePlans(const PlanContext& context,
                                          std::vector<LeftOut>* left_out) {
  const Situation s = Assess(context);
  Drafts drafts;
  for (const auto strategy :
       {DoNothing, Revert, Accept, AcceptUntil, Prevent, AdoptEarly, Guard, RelieveCause, Isolate})
    strategy(s, drafts);
  for (auto& draft : drafts.drafts) EstimateDraft(s, draft);
  Schedule(s, drafts);
  Rank(s, drafts);
  std::vector<RemediationPlan> plans;
  for (auto& draft : drafts.drafts) {
    draft.plan.id = IdOf(s, draft.plan);
    draft.plan.hash = Hex(Sha256(CanonicalPlanBytes(draft.plan)));
    plans.push_back(std::move(draft.plan));
  }
  if (left_out) {
    *left_out = std::move(drafts.left_out);
  }
  return plans;
}

}  // namespace driftcast
