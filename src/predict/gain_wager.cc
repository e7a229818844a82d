#include "predict/gain_wager.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace driftcast::predict {
namespace {

constexpr double kWealthMost = 1e4;
constexpr double kLostMost = 0.95;  // of the wealth, in one period
constexpr double kStakeLeast = 0.25;

}  // namespace

// The stake is that of Kelly, mean over mean square, of the periods before; it begins at 1/2, which
// is right when what is saved is the logarithm of a true likelihood ratio. Something is always at
// stake, or what was useful once could never be found out not to be.
void GainWager::Bettor::Add(double gain, double worst) {
  constexpr double kPrior = 0.02;  // nats squared
  constexpr double kKept = 0.98;   // of what earlier periods say about the stake
  double stake = std::max(kStakeLeast, (saved + kPrior / 2) / (squared + kPrior));
  if (worst < 0) stake = std::min(stake, kLostMost / -worst);
  periods += 1;
  wealth += 6 / std::pow(std::numbers::pi * periods, 2);
  wealth = std::min(wealth * (1 + stake * gain), kWealthMost);
  saved = kKept * saved + gain;
  squared = kKept * squared + gain * gain;
}

void GainWager::Add(uint64_t number, double saved, double worst) {
  if (!std::isfinite(saved) || !std::isfinite(worst) || saved < worst) return;
  bettors_[number % 2].Add(saved, worst);
}

double GainWager::wealth() const { return (bettors_[0].wealth + bettors_[1].wealth) / 2; }

bool GainWager::passed() const { return wealth() >= 1 / kLevel; }

void GainWager::Forget(double kept) {
  for (Bettor& bettor : bettors_) {
    bettor.wealth *= kept;
    bettor.saved *= kept;
    bettor.squared *= kept;
  }
}

void GainWager::Write(StateWriter& out) const {
  for (const Bettor& bettor : bettors_)
    for (const double value : {bettor.wealth, bettor.saved, bettor.squared, bettor.periods})
      out.Put(value);
}

bool GainWager::Read(StateReader& in) {
  for (Bettor& bettor : bettors_) {
    for (double* value : {&bettor.wealth, &bettor.saved, &bettor.squared, &bettor.periods}) {
      *value = in.Get<double>();
      if (!std::isfinite(*value)) return false;
    }
    if (bettor.wealth < 0 || bettor.squared < 0 || bettor.periods < 0) return false;
  }
  return in.ok();
}

}  // namespace driftcast::predict
