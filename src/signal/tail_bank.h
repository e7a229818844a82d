// Calibrated tails: how improbable is a value this far out, judged by this stream's own past?
//
// Per tail two numbers: the running upper quantile q (level 1 - kTailShare), followed by stochastic
// approximation (Robbins and Monro 1951), and the running mean excess over q. Beyond q the excess
// is modelled as a generalised Pareto distribution (Pickands 1975; Balkema and de Haan 1974) with a
// fixed shape, so that its scale follows from the mean excess alone: scale = mean (1 - shape).
#ifndef DRIFTCAST_SIGNAL_TAIL_BANK_H_
#define DRIFTCAST_SIGNAL_TAIL_BANK_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace driftcast {

// What one tail needs to know about its stream; the same for every metric.
struct TailTuning {
  double tail_share = 0.03;      // share of values beyond the running quantile, in steady state
  double quantile_gain = 0.005;  // step of the quantile, in mean excesses
  double excess_gain = 0.003;    // slowest gain of the mean excess (a memory of 333 exceedances)
  double shape = 0.2;            // of the generalised Pareto tail: 0 exponential, 0.2 heavier
  double prior_mean = 0.7;       // mean excess before any was seen, in the stream's unit
  double prior_weight = 10;      // exceedances that the prior is worth
  double learn_cap = 8;          // an excess teaches at most as if its surprise had been this
  double surprise_max = 60;      // returned surprise stops here
};

// One-sided tails of N streams in 10 bytes each. Plain state: trivially copyable, no padding holes.
template <size_t N>
struct TailBank {
  std::array<float, N> quantile{};
  std::array<float, N> mean_excess{};
  std::array<uint16_t, N + N % 2> exceedances{};  // counted up to 1 / excess_gain
};

// Step of the quantile, in mean excesses, of a tail that has taken `seen` values: larger at first.
inline double QuantileGain(uint32_t seen, const TailTuning& tuning) {
  return std::max(tuning.quantile_gain, 0.5 / (1 + 0.05 * (seen + 1)));
}

// Closer than this to the quantile is a tie, not an excess: constant streams sit exactly on it.
inline constexpr double kTie = 1e-3;

// A value that lies `excess` > kTie beyond the quantile; see TakeIntoTail.
double TakeExcess(float& quantile, float& mean_excess, uint16_t& exceedances, double excess,
                  double gain, double share, const TailTuning& tuning);

// Takes one value into a tail and returns its surprise: -ln P(excess >= this | beyond the
// quantile), so 0 at the quantile and growing by one nat per factor e; negative means "not beyond".
// `gain` is QuantileGain of the values that the tail has taken before.
// `share` <= 1 slows the learning of the mean excess: values that follow one another into the tail
// are hardly independent, and a tail that learns from each gets used to an episode while it lasts.
// Here, because most values are not beyond, and fourteen tails take each point.
inline double TakeIntoTail(float& quantile, float& mean_excess, uint16_t& exceedances, double value,
                           double gain, double share, const TailTuning& tuning) {
  const double excess = value - quantile;
  if (excess > kTie)
    return TakeExcess(quantile, mean_excess, exceedances, excess, gain, share, tuning);
  const double unit = mean_excess > 0 ? mean_excess : 0.3;
  quantile = static_cast<float>(std::max(0.0, quantile - gain * unit * tuning.tail_share));
  return -1;
}

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_TAIL_BANK_H_
