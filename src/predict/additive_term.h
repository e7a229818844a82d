// A term that adds to the logit of a forecast what inputs without a history of training data say:
// metrics that behave oddly, logins, exposure to vulnerabilities. It starts from weight 0 and
// learns online from outcomes, one term per family of inputs:
//
//   logit(p) = logit of the model + sum over inputs of w_i * x_i
//
// Learning is Bayesian logistic regression by assumed-density filtering: weights have a Gaussian
// prior N(0, 0.5^2), each outcome is one rank-one update of mean and covariance (the extended
// Kalman filter of West, Harrison, Migon 1985, JASA 80(389)). Three safeguards keep a term that
// knows nothing from doing harm:
//   doubt      a weight speaks as far as it lies beyond three standard deviations from 0; inputs
//              without effect stay at exactly 0
//   evidence   the term speaks only while, on outcomes it had not seen yet, it made the forecast
//              better than it is without
//   bounds     inputs are clipped to [-4, 4], the sum to [-3, 3]; what is not finite counts as 0
//
// Use: ask Shift() when predicting and keep the inputs; when the outcome is known, Learn() with
// those inputs. Deterministic; not thread-safe.
#ifndef DRIFTCAST_PREDICT_ADDITIVE_TERM_H_
#define DRIFTCAST_PREDICT_ADDITIVE_TERM_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftcast::predict {

// -log of the probability that a forecast gave to what came, in nats.
double LogLoss(double logit, bool happened);

class AdditiveTerm {
 public:
  static constexpr size_t kInputsMax = 16;

  explicit AdditiveTerm(size_t inputs);  // 1 to kInputsMax

  // What the term adds to the logit. `inputs`: inputs() values, scaled so that 0 is usual and 1 is
  // a deviation worth a thought.
  double Shift(std::span<const float> inputs) const;

  // The part of one input in that sum, before its bounds: for reasons.
  double Part(size_t input, float value) const;

  // `inputs` and `logit` (of the forecast without this term) as they were when it was made;
  // `weight`: how many such outcomes this one stands for (quiet ones may be drawn rarely, those
  // that share their fate count as fewer).
  struct Outcome {
    std::span<const float> inputs;
    double logit = 0;
    bool happened = false;
    double weight = 1;
  };
  // Outcomes that became known together: none of them is evidence for what another taught.
  void Learn(std::span<const Outcome> outcomes);
  void Learn(std::span<const float> inputs, double logit, bool happened, double weight = 1);

  // Days have passed: what was learned counts half after `kHalfLifeDays`.
  static constexpr double kHalfLifeDays = 180;
  void Forget(double days);

  size_t inputs() const { return mean_.size(); }
  bool speaks() const;                // whether the evidence speaks for it
  double Weight(size_t input) const;  // the weight that is used: 0 in doubt

  // The weights as learned, whatever the doubt, and what such weights say of inputs: for a test of
  // whether they would have helped (predict/gain_wager.h).
  const std::vector<double>& learned() const { return mean_; }
  static double Sum(const std::vector<double>& weights, std::span<const float> inputs);

  // The state as bytes and back, bit-identical. DataLoss on bytes that are not one.
  std::string Serialize() const;
  static StatusOr<AdditiveTerm> Restore(std::string_view bytes);

 private:
  static bool Usable(const Outcome& outcome);
  double Saved(const Outcome& outcome) const;  // log loss, by the weights as learned
  void Update(const Outcome& outcome);
  double Believed(std::span<const float> inputs) const { return Sum(mean_, inputs); }

  std::vector<double> mean_;
  std::vector<double> covariance_;  // row-major
  double saved_ = 0;  // log loss that the term as it was before each outcome saved, decayed
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_ADDITIVE_TERM_H_
