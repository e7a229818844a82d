#include "remedy/rank.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "remedy/estimate.h"

namespace driftcast {
namespace {

constexpr const char* kAxisNames[Losses::kAxes] = {
    "risk that is left", "downtime",          "cost", "open weaknesses", "may not work",
    "cannot be undone",  "what depends on it"};

std::array<double, Losses::kAxes> WeightsOf(const SiteOptions& site) {
  const Weights& w = site.weights;
  std::array<double, Losses::kAxes> weights = {w.risk,    w.downtime,   w.cost, w.exposure,
                                               w.failure, w.permanence, w.blast};
  double sum = 0;
  for (double& weight : weights) sum += weight = std::max(0.0, weight);
  for (double& weight : weights) weight = sum > 0 ? weight / sum : 1.0 / Losses::kAxes;
  return weights;
}

double Saturate(double amount, double scale) {
  return scale > 0 ? 1 - std::exp(-std::max(0.0, amount) / scale) : 0;
}

// "72 of 100: risk that is left -18 (it may have been wanted), cost -7, ..."
std::string ReasonText(const Draft& draft, const Losses& losses,
                       const std::array<double, Losses::kAxes>& weights) {
  std::vector<std::pair<double, size_t>> taken;
  for (size_t i = 0; i < Losses::kAxes; ++i)
    if (const double points = 100 * weights[i] * losses.axis[i]; points >= 0.05)
      taken.push_back({-points, i});
  std::ranges::sort(taken);
  std::string text = fmt::format("{:.1f} of 100", draft.plan.score);
  const char* separator = ": ";
  for (const auto& [points, i] : taken) {
    text += fmt::format("{}{} {:.1f}", separator, kAxisNames[i], points);
    if (i == Losses::kRisk && !draft.risk_text.empty()) text += " (" + draft.risk_text + ")";
    separator = ", ";
  }
  return text;
}

// The index of a draft for whose sake draft `i` is dropped, or none.
std::optional<size_t> DominatorOf(size_t i, const std::vector<Draft>& drafts,
                                  const std::vector<Losses>& losses) {
  for (size_t k = 0; k < losses.size(); ++k)
    if (k != i && !Opposed(drafts[k].plan.strategy, drafts[i].plan.strategy) &&
        Dominates(losses[k], losses[i]))
      return k;
  return std::nullopt;
}

bool Keeps(Strategy strategy) {
  return strategy == Strategy::kRevert || strategy == Strategy::kPrevent ||
         strategy == Strategy::kGuard;
}

bool TakesOver(Strategy strategy) {
  return strategy == Strategy::kAccept || strategy == Strategy::kAcceptUntil ||
         strategy == Strategy::kAdoptEarly;
}

}  // namespace

bool Opposed(Strategy a, Strategy b) {
  return (Keeps(a) && TakesOver(b)) || (TakesOver(a) && Keeps(b));
}

bool IsAlwaysShown(Strategy strategy) {
  return strategy == Strategy::kDoNothing || strategy == Strategy::kRevert;
}

Losses LossesOf(const Draft& draft, const SiteOptions& site) {
  const RemediationPlan& plan = draft.plan;
  Losses losses;
  losses.axis[Losses::kRisk] = std::clamp(draft.residual_risk / 10, 0.0, 1.0);
  losses.axis[Losses::kDowntime] = Saturate(
      draft.downtime_share * MeanSeconds(plan.estimate.downtime_s), site.downtime_tolerable_s);
  losses.axis[Losses::kCost] = Saturate(plan.estimate.cost, site.cost_tolerable);
  losses.axis[Losses::kExposure] = Saturate(plan.security.exposure_after, 1);
  losses.axis[Losses::kFailure] = std::clamp(1 - plan.estimate.p_success, 0.0, 1.0);
  losses.axis[Losses::kPermanence] = plan.reversible ? 0 : 1;
  losses.axis[Losses::kBlast] = Saturate(plan.blast.transitive, 20);
  return losses;
}

bool Dominates(const Losses& a, const Losses& b) {
  bool better = false;
  for (size_t i = 0; i < Losses::kAxes; ++i) {
    if (a.axis[i] > b.axis[i]) return false;
    better = better || a.axis[i] < b.axis[i];
  }
  return better;
}

void Rank(const Situation& s, Drafts& drafts) {
  const auto weights = WeightsOf(s.site);
  std::vector<Losses> losses;
  for (auto& draft : drafts.drafts) {
    losses.push_back(LossesOf(draft, s.site));
    double lost = 0;
    for (size_t i = 0; i < Losses::kAxes; ++i) lost += weights[i] * losses.back().axis[i];
    draft.plan.score = 100 * (1 - lost);
    draft.plan.rank_reason = ReasonText(draft, losses.back(), weights);
  }
  std::vector<Draft> kept;
  for (size_t i = 0; i < drafts.drafts.size(); ++i) {
    Draft& draft = drafts.drafts[i];
    const auto dominator = DominatorOf(i, drafts.drafts, losses);
    if (dominator && !IsAlwaysShown(draft.plan.strategy)) {
      drafts.left_out.push_back({draft.plan.strategy,
                                 fmt::format("'{}' is at least as good in every respect",
                                             drafts.drafts[*dominator].plan.title),
                                 true});
    } else {
      kept.push_back(draft);
    }
  }
  std::ranges::stable_sort(kept, [](const Draft& a, const Draft& b) {
    if (a.plan.score != b.plan.score) return a.plan.score > b.plan.score;
    return a.plan.strategy < b.plan.strategy;
  });
  drafts.drafts = std::move(kept);
}

}  // namespace driftcast
