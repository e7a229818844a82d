#include "signal/tail_bank.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

struct Excess {
  double surprise;
  double taught;  // the excess itself, limited to what may be learned from it
};

Excess Judge(double excess, double mean, const TailTuning& tuning) {
  const double scale = std::max(mean * (1 - tuning.shape), 1e-9);
  const double surprise = std::log1p(tuning.shape * excess / scale) / tuning.shape;
  if (surprise <= tuning.learn_cap) return {surprise, excess};
  const double capped = scale * std::expm1(tuning.shape * tuning.learn_cap) / tuning.shape;
  return {std::min(surprise, tuning.surprise_max), capped};
}

}  // namespace

double TakeExcess(float& quantile, float& mean_excess, uint16_t& exceedances, double excess,
                  double gain, double share, const TailTuning& tuning) {
  const double unit = mean_excess > 0 ? mean_excess : 0.3;
  const double weight = exceedances + tuning.prior_weight;
  const double mean =
      (exceedances * static_cast<double>(mean_excess) + tuning.prior_weight * tuning.prior_mean) /
      weight;
  const Excess judged = Judge(excess, mean, tuning);
  if (exceedances == 0 || (share == 1 && exceedances * tuning.excess_gain < 1)) ++exceedances;
  const double excess_gain = share * std::max(1.0 / exceedances, tuning.excess_gain);
  mean_excess = static_cast<float>(mean_excess + excess_gain * (judged.taught - mean_excess));
  quantile = static_cast<float>(quantile + gain * unit * (1 - tuning.tail_share));
  return judged.surprise;
}

}  // namespace driftcast
