// Which of several plans is better: by losses on seven axes, each from 0 to 1.
#ifndef DRIFTCAST_REMEDY_RANK_H_
#define DRIFTCAST_REMEDY_RANK_H_

#include <array>
#include <vector>

#include "remedy/situation.h"

namespace driftcast {

// Losses of a plan; 0 = none, 1 = all that can be lost. A smaller estimate never has a larger loss.
struct Losses {
  enum Axis : size_t { kRisk, kDowntime, kCost, kExposure, kFailure, kPermanence, kBlast };
  static constexpr size_t kAxes = 7;
  std::array<double, kAxes> axis{};
};

// Risk is residual severity / 10; downtime, cost, exposure and blast x are 1 - exp(-x / scale) of
// the site's tolerable downtime and cost, of 1 expected exploitation and of 20 resources; failure
// is 1 - P(works); permanence is 1 when the plan cannot be undone.
Losses LossesOf(const Draft& draft, const SiteOptions& site);

// `a` is at least as good on every axis and better on one.
bool Dominates(const Losses& a, const Losses& b);

// One keeps the configuration as it should be (revert, prevent, guard) and the other takes the new
// one over (accept, accept until, adopt early). Which of them is right depends on what is wanted,
// and only a person knows that: neither drops the other.
bool Opposed(Strategy a, Strategy b);

// What people look for whatever we think of it: to leave it, and to put it back.
bool IsAlwaysShown(Strategy strategy);

// Scores every draft (100 = no loss at all; the weighted mean of the losses is taken off), drops
// those that another one dominates, unless they are opposed, to `left_out` (never what is always
// shown) and sorts, best first. Ties go to the strategy with the smaller number.
void Rank(const Situation& s, Drafts& drafts);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_RANK_H_
