// Ridge logistic regression over standardised inputs, by damped Newton steps (iteratively
// reweighted least squares). Damping matters: undamped, the same fit was seen to diverge.
#ifndef DRIFTCAST_LEARN_LOGISTIC_H_
#define DRIFTCAST_LEARN_LOGISTIC_H_

#include <span>

#include "base/status.h"
#include "learn/booster.h"
#include "predict/drift_model.h"

namespace driftcast::learn {

struct LogisticOptions {
  double l2 = 200;  // on standardised weights; the bias is free
  int steps_max = 15;
};

// Fits weights for all predict::kFeatures columns. InvalidArgument when rows do not fit together or
// all labels are equal.
StatusOr<predict::LinearPart> FitLogistic(const TrainingRows& rows, const LogisticOptions& options);

// The constant log-odds of the labels, kept off certainty.
float ConstantLogit(std::span<const float> labels, std::span<const float> weights);

// Fits scale and shift of a calibration to logits, drawn towards (1, 0) as if `prior` rows had
// spoken for it. Damped Newton; always finite.
predict::Calibration FitCalibration(std::span<const float> logits, std::span<const float> labels,
                                    std::span<const float> weights, double prior);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_LOGISTIC_H_
