#include "predict/drift_model.h"

#include <algorithm>
#include <cmath>

#include "predict/candidates.h"

namespace driftcast::predict {
namespace {

constexpr uint64_t kMagic = 0x334c444d'46524400;
constexpr float kClip = 4;

double Probability(double logit) { return 1 / (1 + std::exp(-logit)); }

// Changes whenever the inputs or their order change.
uint64_t LayoutOfInputs() {
  uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a
  for (int i = 0; i < kFeatures; ++i)
    for (char c : FeatureName(i)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

void PutLinear(const LinearPart& linear, StateWriter* out) {
  out->Put(linear.bias);
  out->PutVector(linear.mean);
  out->PutVector(linear.scale);
  out->PutVector(linear.weight);
}

bool GetLinear(StateReader* in, LinearPart* linear) {
  linear->bias = in->Get<float>();
  in->GetVector(&linear->mean);
  in->GetVector(&linear->scale);
  in->GetVector(&linear->weight);
  const size_t n = linear->weight.size();
  return in->ok() && (n == 0 || n == kFeatures) && linear->mean.size() == n &&
         linear->scale.size() == n;
}

}  // namespace

float LinearPart::Logit(const float* row) const {
  float logit = bias;
  for (size_t i = 0; i < weight.size(); ++i)
    logit += weight[i] * std::clamp((row[i] - mean[i]) * scale[i], -kClip, kClip);
  return logit;
}

float LinearPart::Explain(const float* row, double* out) const {
  for (size_t i = 0; i < weight.size(); ++i)
    out[i] +=
        static_cast<double>(weight[i]) * std::clamp((row[i] - mean[i]) * scale[i], -kClip, kClip);
  return bias;
}

double Head::Explain(const float* row, double* out) const {
  std::array<double, kFeatures> parts{};
  double rest = linear.Explain(row, parts.data());
  rest += trees.Explain(row, parts.data());
  for (int i = 0; i < kFeatures; ++i) out[i] += parts[i] * calibration.scale;
  return rest * calibration.scale + calibration.shift;
}

HeadLogits DriftModel::Logits(const float* row) const {
  HeadLogits logits;
  for (int h = 0; h < kHeads; ++h) logits[h] = heads[h].Logit(row);
  return logits;
}

void DriftModel::Logits(const float* rows, size_t stride, size_t count, HeadLogits* out,
                        int heads_used) const {
  constexpr size_t kBlock = 64;
  std::array<float, kBlock> margins;
  for (size_t first = 0; first < count; first += kBlock) {
    const size_t n = std::min(kBlock, count - first);
    const float* block = rows + first * stride;
    for (int h = 0; h < heads_used; ++h) {
      const Head& head = heads[h];
      for (size_t i = 0; i < n; ++i) margins[i] = head.linear.Logit(block + i * stride);
      head.trees.AddTo(block, stride, n, margins.data());
      for (size_t i = 0; i < n; ++i) out[first + i][h] = head.calibration.Apply(margins[i]);
    }
  }
}

std::string DriftModel::Serialize() const {
  StateWriter out;
  out.Put(kMagic);
  out.Put(LayoutOfInputs());
  for (const Head& head : heads) {
    PutLinear(head.linear, &out);
    head.trees.Serialize(&out);
    out.Put(head.calibration);
  }
  key_ranker.Serialize(&out);
  out.Put(value_rates);
  out.PutText(card);
  return out.Take();
}

StatusOr<DriftModel> DriftModel::Parse(std::string_view bytes) {
  StateReader in(bytes);
  if (in.Get<uint64_t>() != kMagic) return DataLoss("this is no model of the forecast");
  if (in.Get<uint64_t>() != LayoutOfInputs())
    return FailedPrecondition("the model was trained for other inputs; train it anew");
  DriftModel model;
  for (Head& head : model.heads) {
    if (!GetLinear(&in, &head.linear) || !head.trees.Restore(&in, kFeatures))
      return DataLoss("the model is damaged");
    head.calibration = in.Get<Calibration>();
  }
  if (!model.key_ranker.Restore(&in, kKeyFeatures)) return DataLoss("the model is damaged");
  model.value_rates = in.Get<std::array<float, kValueRatesMax>>();
  model.card = in.GetText();
  if (!in.ok() || !in.at_end()) return DataLoss("the model is damaged");
  return model;
}

std::array<double, kHeads> HeadProbabilities(const HeadLogits& logits) {
  std::array<double, kHeads> p;
  double least = 0;
  for (int h = 0; h < kHeads; ++h) {
    p[h] = std::clamp(Probability(logits[h]), least, 1.0);
    least = p[h];
  }
  return p;
}

HorizonProbabilities AtProductHorizons(const HeadLogits& logits, double hour_share_6h) {
  const auto p = HeadProbabilities(logits);
  constexpr double kMost = 1 - 1e-12;
  const double day = -std::log1p(-std::min(p[0], kMost));
  const double week = std::max(-std::log1p(-std::min(p[1], kMost)), day);
  const double growth = day > 0 ? std::log(week / day) / std::log(7.0) : 1;
  const double three = std::min(day * std::pow(3.0, growth), week);
  const double share = std::clamp(hour_share_6h, 0.0, 1.0);
  const auto probability = [](double hazard) { return -std::expm1(-hazard); };
  return {probability(day * share / 6),       probability(day * share), p[0],
          std::max(probability(three), p[0]), std::max(p[1], p[0]),     std::max(p[2], p[1])};
}

}  // namespace driftcast::predict
