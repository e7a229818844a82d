#include "learn/logistic.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace driftcast::learn {
namespace {

constexpr float kClip = 4;

double LogLoss(double logit, double label) {  // log(1 + e^logit) - label * logit, without overflow
  const double soft =
      logit > 0 ? logit + std::log1p(std::exp(-logit)) : std::log1p(std::exp(logit));
  return soft - label * logit;
}

double Probability(double logit) { return 1 / (1 + std::exp(-logit)); }

// Solves a x = b for symmetric positive definite `a` (n x n, destroyed) by Cholesky; b becomes x.
bool SolveCholesky(std::vector<double>* a, std::vector<double>* b) {
  const size_t n = b->size();
  auto& m = *a;
  for (size_t j = 0; j < n; ++j) {
    for (size_t k = 0; k < j; ++k)
      for (size_t i = j; i < n; ++i) m[i * n + j] -= m[i * n + k] * m[j * n + k];
    if (!(m[j * n + j] > 0)) return false;
    const double root = std::sqrt(m[j * n + j]);
    for (size_t i = j; i < n; ++i) m[i * n + j] /= root;
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) (*b)[i] -= m[i * n + k] * (*b)[k];
    (*b)[i] /= m[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) (*b)[i] -= m[k * n + i] * (*b)[k];
    (*b)[i] /= m[i * n + i];
  }
  return true;
}

class Fit {
 public:
  Fit(const TrainingRows& rows, const LogisticOptions& options) : rows_(rows), l2_(options.l2) {
    Standardise();
    theta_.assign(size(), 0);
    theta_.back() = ConstantLogit(rows.labels, rows.weights);
  }

  StatusOr<predict::LinearPart> Run(int steps_max) {
    double objective = Objective(theta_);
    for (int step = 0; step < steps_max; ++step) {
      std::vector<double> direction;
      if (!NewtonDirection(&direction)) return Internal("the logistic fit is singular");
      double scale = 1, next = objective;
      std::vector<double> trial = theta_;
      for (; scale > 1e-4; scale /= 2) {
        for (size_t i = 0; i < size(); ++i) trial[i] = theta_[i] - scale * direction[i];
        next = Objective(trial);
        if (next < objective) break;
      }
      if (scale <= 1e-4) break;
      theta_ = trial;
      const bool settled = objective - next < 1e-7 * objective;
      objective = next;
      if (settled) break;
    }
    return Result();
  }

 private:
  size_t size() const { return mean_.size() + 1; }

  void Standardise() {
    const auto n = static_cast<size_t>(rows_.columns);
    std::vector<double> sum(n, 0), square(n, 0);
    double total = 0;
    for (size_t r = 0; r < rows_.rows; ++r) {
      const double w = rows_.weights[r];
      total += w;
      for (size_t c = 0; c < n; ++c) {
        const double x = rows_.features[r * n + c];
        sum[c] += w * x;
        square[c] += w * x * x;
      }
    }
    mean_.resize(n);
    scale_.resize(n);
    for (size_t c = 0; c < n; ++c) {
      const double mean = sum[c] / total;
      const double deviation = std::sqrt(std::max(square[c] / total - mean * mean, 0.0));
      mean_[c] = static_cast<float>(mean);
      scale_[c] = deviation > 1e-4 ? static_cast<float>(1 / deviation) : 0;
    }
  }

  void Standardised(size_t r, float* z) const {
    const float* x = rows_.features + r * mean_.size();
    for (size_t c = 0; c < mean_.size(); ++c)
      z[c] = std::clamp((x[c] - mean_[c]) * scale_[c], -kClip, kClip);
    z[mean_.size()] = 1;
  }

  static double Dot(const std::vector<double>& theta, const std::vector<float>& z) {
    double sum = 0;
    for (size_t i = 0; i < z.size(); ++i) sum += theta[i] * z[i];
    return sum;
  }

  double Objective(const std::vector<double>& theta) const {
    std::vector<float> z(size());
    double sum = 0;
    for (size_t r = 0; r < rows_.rows; ++r) {
      Standardised(r, z.data());
      sum += rows_.weights[r] * LogLoss(Dot(theta, z), rows_.labels[r]);
    }
    for (size_t i = 0; i + 1 < size(); ++i) sum += 0.5 * l2_ * theta[i] * theta[i];
    return sum;
  }

  bool NewtonDirection(std::vector<double>* direction) const {
    const size_t n = size();
    std::vector<double> gradient(n, 0), hessian(n * n, 0);
    std::vector<float> z(n), block(n * n, 0), hz(n);
    const auto flush = [&] {  // sums in single precision over short blocks, in double over all
      for (size_t i = 0; i < n * n; ++i) hessian[i] += block[i];
      std::fill(block.begin(), block.end(), 0.0f);
    };
    for (size_t r = 0; r < rows_.rows; ++r) {
      Standardised(r, z.data());
      const double p = Probability(Dot(theta_, z));
      const double w = rows_.weights[r];
      const auto h = static_cast<float>(w * p * (1 - p));
      const double g = w * (p - rows_.labels[r]);
      for (size_t i = 0; i < n; ++i) {
        gradient[i] += g * z[i];
        hz[i] = h * z[i];
      }
      for (size_t i = 0; i < n; ++i) {
        float* out = &block[i * n];
        const float a = hz[i];
        for (size_t j = 0; j <= i; ++j) out[j] += a * z[j];
      }
      if (r % 512 == 511) flush();
    }
    flush();
    for (size_t i = 0; i + 1 < n; ++i) {
      gradient[i] += l2_ * theta_[i];
      hessian[i * n + i] += l2_;
    }
    hessian[n * n - 1] += 1e-9;
    *direction = std::move(gradient);
    return SolveCholesky(&hessian, direction);
  }

  predict::LinearPart Result() const {
    predict::LinearPart part;
    part.bias = static_cast<float>(theta_.back());
    part.mean = mean_;
    part.scale = scale_;
    part.weight.assign(theta_.begin(), theta_.end() - 1);
    return part;
  }

  const TrainingRows& rows_;
  const double l2_;
  std::vector<float> mean_, scale_;
  std::vector<double> theta_;
};

}  // namespace

float ConstantLogit(std::span<const float> labels, std::span<const float> weights) {
  double yes = 0.5, all = 1;
  for (size_t i = 0; i < labels.size(); ++i) {
    yes += static_cast<double>(weights[i]) * labels[i];
    all += weights[i];
  }
  const double p = std::clamp(yes / all, 1e-6, 1 - 1e-6);
  return static_cast<float>(std::log(p / (1 - p)));
}

StatusOr<predict::LinearPart> FitLogistic(const TrainingRows& rows,
                                          const LogisticOptions& options) {
  if (rows.rows == 0 || rows.columns != predict::kFeatures || rows.labels.size() != rows.rows ||
      rows.weights.size() != rows.rows)
    return InvalidArgument("rows for the logistic fit do not fit together");
  const auto [least, most] = std::minmax_element(rows.labels.begin(), rows.labels.end());
  if (*least == *most) return InvalidArgument("nothing to learn: all labels are equal");
  return Fit(rows, options).Run(options.steps_max);
}

predict::Calibration FitCalibration(std::span<const float> logits, std::span<const float> labels,
                                    std::span<const float> weights, double prior) {
  const auto objective = [&](double scale, double shift) {
    double sum = 0.5 * prior * ((scale - 1) * (scale - 1) + shift * shift);
    for (size_t i = 0; i < logits.size(); ++i)
      sum += weights[i] * LogLoss(scale * logits[i] + shift, labels[i]);
    return sum;
  };
  double scale = 1, shift = 0, best = objective(scale, shift);
  for (int step = 0; step < 20; ++step) {
    double g0 = prior * (scale - 1), g1 = prior * shift, h00 = prior, h01 = 0, h11 = prior;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double p = Probability(scale * logits[i] + shift);
      const double g = weights[i] * (p - labels[i]), h = weights[i] * p * (1 - p);
      g0 += g * logits[i];
      g1 += g;
      h00 += h * logits[i] * logits[i];
      h01 += h * logits[i];
      h11 += h;
    }
    const double det = h00 * h11 - h01 * h01;
    if (!(det > 1e-12)) break;
    const double d0 = (h11 * g0 - h01 * g1) / det, d1 = (h00 * g1 - h01 * g0) / det;
    double damp = 1, next = best;
    for (; damp > 1e-3; damp /= 2) {
      next = objective(scale - damp * d0, shift - damp * d1);
      if (next < best) break;
    }
    if (damp <= 1e-3) break;
    scale -= damp * d0;
    shift -= damp * d1;
    const bool settled = best - next < 1e-9 * std::abs(best);
    best = next;
    if (settled) break;
  }
  return {static_cast<float>(std::clamp(scale, 0.2, 3.0)),
          static_cast<float>(std::clamp(shift, -3.0, 3.0))};
}

}  // namespace driftcast::learn
