// The trained model: from the inputs of a resource to the probability that it changes.
//
// For each of three horizons (1, 7 and 30 days) a head gives a logit: a linear part over
// standardised inputs (a logistic hazard), and trees that start from it, so that they can only add;
// then a calibration. The heads are made monotone on the hazard scale, H = -log(1 - p), and the
// product's other horizons lie on the curve through them:
//   3 days     H grows as a power of time between two heads
//   1 h, 6 h   the stack's rhythm of hours says which part of the coming day's hazard is theirs
// so that P(1 h) <= P(6 h) <= P(1 d) <= P(3 d) <= P(7 d) <= P(30 d) by construction.
//
// Immutable once loaded; const functions are thread-safe.
#ifndef DRIFTCAST_PREDICT_DRIFT_MODEL_H_
#define DRIFTCAST_PREDICT_DRIFT_MODEL_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "predict/features.h"
#include "predict/forest.h"

namespace driftcast::predict {

inline constexpr int kHeads = 3;
inline constexpr std::array<int64_t, kHeads> kHeadDays = {1, 7, 30};

inline constexpr size_t kValueRatesMax = 16;  // room for ValueSources

inline constexpr int kHorizons = 6;
inline constexpr std::array<Duration, kHorizons> kProductHorizons = {
    kHour, 6 * kHour, kDay, 3 * kDay, 7 * kDay, 30 * kDay};
using HorizonProbabilities = std::array<double, kHorizons>;

// A logistic hazard over standardised inputs: bias + sum of weight * clip((x - mean) * scale, 4).
struct LinearPart {
  float bias = 0;
  std::vector<float> mean, scale, weight;  // kFeatures each, or all empty: the bias alone

  float Logit(const float* row) const;
  // The same, each input's part added to `out`; returns the bias.
  float Explain(const float* row, double* out) const;
};

// What a logit means: scale * logit + shift.
struct Calibration {
  float scale = 1, shift = 0;
  float Apply(float logit) const { return scale * logit + shift; }
};

struct Head {
  LinearPart linear;
  Forest trees;
  Calibration calibration;

  float Logit(const float* row) const {
    return calibration.Apply(trees.MarginFrom(linear.Logit(row), row));
  }
  // Parts of the calibrated logit by input, added to `out` (kFeatures doubles); returns the rest:
  // rest + sum(out) = Logit(row), but for rounding.
  double Explain(const float* row, double* out) const;
};

using HeadLogits = std::array<float, kHeads>;

class DriftModel {
 public:
  std::array<Head, kHeads> heads;
  Forest key_ranker;  // see candidates.h; no trees = not trained
  // By ValueSource: how often its proposal came true when the key changed, in training.
  std::array<float, kValueRatesMax> value_rates{};
  std::string card;  // JSON: where it was trained, on what, with which figures
  // The heads are kept up to date but not asked: the rate of reference_rate.h forecasts instead.
  // No part of the bytes.
  bool reference_only = false;

  // True when there is something to predict with.
  bool trained() const {
    return heads[0].trees.tree_count() > 0 || !heads[0].linear.weight.empty();
  }

  HeadLogits Logits(const float* row) const;
  // For `count` rows, each `stride` floats after the one before; faster per row.
  // Only of the first `heads`; the others are left alone.
  void Logits(const float* rows, size_t stride, size_t count, HeadLogits* out,
              int heads = kHeads) const;

  std::string Serialize() const;
  // DataLoss on damaged bytes, FailedPrecondition on a model of another version of the inputs.
  static StatusOr<DriftModel> Parse(std::string_view bytes);
};

// Probabilities at kHeadDays, made monotone.
std::array<double, kHeads> HeadProbabilities(const HeadLogits& logits);

// Probabilities at kProductHorizons. `hour_share_6h`: the part of the coming day's changes that the
// stack makes in its next six hours (input kHourShare6h).
HorizonProbabilities AtProductHorizons(const HeadLogits& logits, double hour_share_6h);

// The model that ships with the program. Never null; lives for ever.
const DriftModel* PretrainedModel();

// The fallback: forecasts with the reference rate alone (reference_predictor.h gives the same), and
// ranks keys and values like the model that ships. Never null; lives for ever.
const DriftModel* ReferenceModel();

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_DRIFT_MODEL_H_
