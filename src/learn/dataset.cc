#include "learn/dataset.h"

#include <algorithm>
#include <cmath>

namespace driftcast::learn {
namespace {

constexpr int64_t kWarmUpSeconds = 30 * kDaySeconds;  // a stack's first rows know too little

uint64_t Mix(uint64_t x) {  // the finaliser of SplitMix64
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

float Drawing::Draw(uint64_t seed, size_t stack, size_t resource, int64_t cutoff,
                    bool is_busy) const {
  if (cutoff < first || cutoff > last) return 0;
  const double p = is_busy ? busy : quiet;
  const uint64_t hash = Mix(Mix(Mix(seed + stack) + resource) + static_cast<uint64_t>(cutoff));
  const double uniform = static_cast<double>(hash >> 11) * 0x1p-53;
  return uniform < p ? static_cast<float>(1 / p) : 0.0f;
}

Drawing PlanDrawing(const Outline& outline, int64_t first, int64_t last, double rows) {
  Drawing drawing;
  const int64_t begin = std::max(first, outline.first() + kWarmUpSeconds);
  drawing.first = (begin + kDaySeconds - 1) / kDaySeconds * kDaySeconds;
  drawing.last = last;
  constexpr int64_t kStride = 9 * kDaySeconds;  // every weekday in turn
  double all = 0, busy = 0;
  for (const ResourceOutline& r : outline.resources()) {
    for (int64_t c = drawing.first; c <= last; c += kStride) {
      if (!r.AliveAt(c)) continue;
      ++all;
      if (r.ChangesWithin(c, 7 * kDaySeconds)) ++busy;
    }
  }
  all *= 9;
  busy *= 9;
  drawing.busy = std::min(1.0, 0.4 * rows / std::max(busy, 1.0));
  drawing.quiet = std::min(1.0, 0.6 * rows / std::max(all - busy, 1.0));
  return drawing;
}

int64_t LastTrainingCutoff(const Outline& outline, int64_t from) {
  const int64_t end = std::min(outline.Evaluation(from).first, from);
  return std::min(end, outline.last()) - 7 * kDaySeconds;
}

std::vector<float> RowWeights(const Dataset& data, std::span<const uint32_t> use, size_t stacks,
                              double power) {
  std::vector<double> loss(stacks, 0);
  for (uint32_t i : use) {
    const RowInfo& row = data.rows[i];
    const double p = std::clamp<double>(row.reference_7d, 1e-6, 1 - 1e-6);
    loss[row.stack] -= row.weight * (row.label[1] != 0 ? std::log(p) : std::log1p(-p));
  }
  std::vector<double> present;
  for (double l : loss)
    if (l > 0) present.push_back(l);
  if (present.empty()) return std::vector<float>(use.size(), 1.0f);
  std::nth_element(present.begin(), present.begin() + present.size() / 2, present.end());
  const double median = present[present.size() / 2];
  std::vector<float> weights;
  weights.reserve(use.size());
  double sum = 0;
  for (uint32_t i : use) {
    const RowInfo& row = data.rows[i];
    const double factor = std::min(3.0, std::pow(median / std::max(loss[row.stack], 1e-9), power));
    weights.push_back(static_cast<float>(row.weight * factor));
    sum += weights.back();
  }
  const auto scale = static_cast<float>(static_cast<double>(use.size()) / sum);
  for (float& w : weights) w *= scale;
  return weights;
}

}  // namespace driftcast::learn
