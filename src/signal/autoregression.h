// A linear autoregression with a constant, fitted point by point by recursive least squares with
// exponential forgetting (Plackett 1950; Ljung, System Identification, 2nd ed., section 11.2).
// Plain state of K + K (K + 1) / 2 floats for K = number of lags + 1.
#ifndef DRIFTCAST_SIGNAL_AUTOREGRESSION_H_
#define DRIFTCAST_SIGNAL_AUTOREGRESSION_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace driftcast {

template <size_t kLagCount>
class Autoregression {
 public:
  static constexpr size_t kSize = kLagCount + 1;
  using Inputs = std::array<float, kLagCount>;

  // `start` are the first guesses of the lags' coefficients; `doubt` is their prior variance.
  void Start(const Inputs& start, float doubt) {
    std::copy(start.begin(), start.end(), weights_.begin());
    weights_[kLagCount] = 0;
    covariance_.fill(0);
    for (size_t i = 0; i < kSize; ++i) covariance_[Index(i, i)] = doubt;
    error_ = 0;
  }

  float Predict(const Inputs& lags) const {
    float sum = weights_[kLagCount];
    for (size_t i = 0; i < kLagCount; ++i) sum += weights_[i] * lags[i];
    return sum;
  }

  // Learns that `value` followed `lags`. An error of more than six mean errors counts as six.
  void Learn(const Inputs& lags, float value, float forgetting) {
    const float raw = value - Predict(lags);
    const float error = error_ > 0 ? std::clamp(raw, -6 * error_, 6 * error_) : raw;
    error_ += (error_ > 0 ? 0.02f : 1.0f) * (std::fabs(error) - error_);
    std::array<float, kSize> gain{};
    float denominator = forgetting;
    for (size_t i = 0; i < kSize; ++i) {
      for (size_t j = 0; j < kSize; ++j) gain[i] += covariance_[Index(i, j)] * Input(lags, j);
      denominator += gain[i] * Input(lags, i);
    }
    for (size_t i = 0; i < kSize; ++i) weights_[i] += gain[i] / denominator * error;
    Shrink(gain, denominator, forgetting);
  }

  // Every number is finite and the diagonal is positive, as after any sequence of Learn.
  bool Valid() const {
    const auto finite = [](float f) { return std::isfinite(f); };
    bool ok = std::all_of(weights_.begin(), weights_.end(), finite) &&
              std::all_of(covariance_.begin(), covariance_.end(), finite) && error_ >= 0 &&
              std::isfinite(error_);
    for (size_t i = 0; i < kSize; ++i) ok = ok && covariance_[Index(i, i)] >= 0;
    return ok;
  }

 private:
  // Directions that nothing excites would grow without bound under forgetting.
  static constexpr float kVarianceMax = 1e4f;

  static float Input(const Inputs& lags, size_t i) { return i < kLagCount ? lags[i] : 1.0f; }
  static constexpr size_t Index(size_t i, size_t j) {
    return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
  }

  void Shrink(const std::array<float, kSize>& gain, float denominator, float forgetting) {
    float largest = 0;
    for (size_t i = 0; i < kSize; ++i) {
      for (size_t j = 0; j <= i; ++j) {
        float& c = covariance_[Index(i, j)];
        c = (c - gain[i] * gain[j] / denominator) / forgetting;
      }
      float& diagonal = covariance_[Index(i, i)];
      diagonal = std::max(diagonal, 1e-7f);  // rounding must not make it negative
      largest = std::max(largest, diagonal);
    }
    if (largest <= kVarianceMax) return;
    for (float& c : covariance_) c *= kVarianceMax / largest;
  }

  std::array<float, kSize> weights_{};
  std::array<float, kSize*(kSize + 1) / 2> covariance_{};  // lower triangle, row by row
  float error_ = 0;                                        // mean absolute one-step error
};

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_AUTOREGRESSION_H_
