#include "predict/additive_term.h"

#include <algorithm>
#include <cmath>

#include "predict/state_bytes.h"

namespace driftcast::predict {
namespace {

constexpr uint64_t kMagic = 0x3154'4144'4652'4401;
constexpr double kPriorVariance = 0.25;
constexpr double kDoubt = 3;     // standard deviations
constexpr double kEvidence = 2;  // nats of log loss that must have been saved
constexpr double kInputMost = 4;
constexpr double kShiftMost = 3;
constexpr double kStepMost = 2;  // of the weights' move in one outcome, each

double Bounded(float value) {
  return std::isfinite(value) ? std::clamp<double>(value, -kInputMost, kInputMost) : 0;
}

double Probability(double logit) { return 1 / (1 + std::exp(-logit)); }

}  // namespace

double LogLoss(double logit, bool happened) {
  const double margin = happened ? logit : -logit;
  return margin > 0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
}

AdditiveTerm::AdditiveTerm(size_t inputs) : mean_(inputs, 0), covariance_(inputs * inputs, 0) {
  DRIFTCAST_CHECK(inputs > 0 && inputs <= kInputsMax, "an additive term has 1 to 16 inputs");
  for (size_t i = 0; i < inputs; ++i) covariance_[i * inputs + i] = kPriorVariance;
}

bool AdditiveTerm::speaks() const { return saved_ > kEvidence; }

double AdditiveTerm::Weight(size_t input) const {
  if (!speaks()) return 0;
  const double doubt = kDoubt * std::sqrt(covariance_[input * inputs() + input]);
  const double w = mean_[input];
  return w > 0 ? std::max(w - doubt, 0.0) : std::min(w + doubt, 0.0);
}

double AdditiveTerm::Part(size_t input, float value) const {
  return Weight(input) * Bounded(value);
}

double AdditiveTerm::Shift(std::span<const float> values) const {
  DRIFTCAST_CHECK(values.size() == inputs(), "an additive term was given other inputs");
  double sum = 0;
  for (size_t i = 0; i < inputs(); ++i) sum += Part(i, values[i]);
  return std::clamp(sum, -kShiftMost, kShiftMost);
}

double AdditiveTerm::Sum(const std::vector<double>& weights, std::span<const float> values) {
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) sum += weights[i] * Bounded(values[i]);
  return std::clamp(sum, -kShiftMost, kShiftMost);
}

bool AdditiveTerm::Usable(const Outcome& outcome) {
  return std::isfinite(outcome.logit) && outcome.weight > 0 && std::isfinite(outcome.weight);
}

double AdditiveTerm::Saved(const Outcome& outcome) const {
  const double believed = outcome.logit + Believed(outcome.inputs);
  return outcome.weight *
         (LogLoss(outcome.logit, outcome.happened) - LogLoss(believed, outcome.happened));
}

void AdditiveTerm::Learn(std::span<const float> values, double logit, bool happened,
                         double weight) {
  const Outcome outcome{values, logit, happened, weight};
  Learn({&outcome, 1});
}

void AdditiveTerm::Learn(std::span<const Outcome> outcomes) {
  double saved = 0;
  for (const Outcome& outcome : outcomes) {
    DRIFTCAST_CHECK(outcome.inputs.size() == inputs(), "an additive term was given other inputs");
    if (Usable(outcome)) saved += Saved(outcome);
  }
  saved_ += saved;
  for (const Outcome& outcome : outcomes)
    if (Usable(outcome)) Update(outcome);
}

void AdditiveTerm::Update(const Outcome& outcome) {
  const auto& [values, logit, happened, weight] = outcome;
  const double believed = logit + Believed(values);
  const size_t n = inputs();
  std::vector<double> x(n), cx(n, 0);
  for (size_t i = 0; i < n; ++i) x[i] = Bounded(values[i]);
  double spread = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) cx[i] += covariance_[i * n + j] * x[j];
    spread += cx[i] * x[i];
  }
  const double p = Probability(believed);
  const double curvature = weight * p * (1 - p);
  const double scale = 1 / (1 + curvature * spread);
  const double error = weight * ((happened ? 1 : 0) - p);
  for (size_t i = 0; i < n; ++i) {
    mean_[i] += std::clamp(cx[i] * error * scale, -kStepMost, kStepMost);
    for (size_t j = 0; j < n; ++j) covariance_[i * n + j] -= cx[i] * cx[j] * curvature * scale;
  }
}

// The covariance grows towards the prior's, the mean shrinks towards 0 as the prior gains weight.
void AdditiveTerm::Forget(double days) {
  if (!(days > 0)) return;
  const double kept = std::exp2(-days / kHalfLifeDays);
  const size_t n = inputs();
  saved_ *= kept;
  for (size_t i = 0; i < n; ++i) {
    const double variance = covariance_[i * n + i];
    const double grown = std::min(variance / kept, kPriorVariance);
    const double factor = std::sqrt(grown / variance);
    for (size_t j = 0; j < n; ++j) {
      covariance_[i * n + j] *= factor;
      covariance_[j * n + i] *= factor;
    }
    if (grown >= kPriorVariance) mean_[i] *= kept;
  }
}

std::string AdditiveTerm::Serialize() const {
  StateWriter out;
  out.Put(kMagic);
  out.PutVector(mean_);
  out.PutVector(covariance_);
  out.Put(saved_);
  return out.Take();
}

StatusOr<AdditiveTerm> AdditiveTerm::Restore(std::string_view bytes) {
  StateReader in(bytes);
  if (in.Get<uint64_t>() != kMagic) return DataLoss("not an additive term");
  AdditiveTerm term(1);
  in.GetVector(&term.mean_);
  in.GetVector(&term.covariance_);
  term.saved_ = in.Get<double>();
  const size_t n = term.mean_.size();
  bool fits =
      in.ok() && in.at_end() && n > 0 && n <= kInputsMax && term.covariance_.size() == n * n;
  for (size_t i = 0; fits && i < n; ++i)
    fits = std::isfinite(term.mean_[i]) && term.covariance_[i * n + i] > 0;
  for (size_t i = 0; fits && i < n * n; ++i) fits = std::isfinite(term.covariance_[i]);
  if (!fits || !std::isfinite(term.saved_)) return DataLoss("an additive term is damaged");
  return term;
}

}  // namespace driftcast::predict
