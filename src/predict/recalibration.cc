#include "predict/recalibration.h"

#include <algorithm>
#include <cmath>

namespace driftcast::predict {
namespace {

constexpr std::array<float, 7> kEdges = {-6, -4.5f, -3.5f, -2.5f, -1.5f, -0.5f, 0.5f};
constexpr std::array<float, 2> kPrior = {70,
                                         12};  // pseudo-events; a week is seen a seventh as often
constexpr float kSumsHalfLifeDays = 120;
constexpr double kShiftMost = 1.5;

// The middle of a range; the outer ones reach one beyond their edge.
double MiddleOf(int range) {
  if (range == 0) return kEdges.front() - 1;
  if (range == static_cast<int>(kEdges.size())) return kEdges.back() + 1;
  return (static_cast<double>(kEdges[range - 1]) + kEdges[range]) / 2;
}

bool ChangedWithin(const ResourceRecord& r, uint32_t from, uint32_t seconds) {
  return std::any_of(r.recent.begin(), r.recent.end(),
                     [&](uint32_t t) { return t > from && t <= from + seconds; });
}

}  // namespace

int Recalibration::RangeOf(float logit) {
  return static_cast<int>(std::upper_bound(kEdges.begin(), kEdges.end(), logit) - kEdges.begin());
}

void Recalibration::Observe(const FleetState& state, uint32_t stack, uint32_t now,
                            std::span<const ResourceId> ids, std::span<const HeadLogits> logits) {
  if (stacks_.size() <= stack) stacks_.resize(stack + 1);
  if (said_.size() < state.resource_count()) said_.resize(state.resource_count());
  StackSums& sums = stacks_[stack];
  const float kept =
      std::exp2(-static_cast<float>(now - std::min(now, sums.at)) / (kSumsHalfLifeDays * kDay32));
  sums.at = now;
  for (auto& ranges : sums.heads)
    for (Sums& s : ranges) {
      s.happened *= kept;
      s.expected *= kept;
      s.count *= kept;
    }
  for (size_t i = 0; i < ids.size(); ++i) {
    Said& said = said_[ids[i]];
    for (int h = 0; h < kHeadsCorrected; ++h) {
      const auto horizon = static_cast<uint32_t>(kHeadDays[h]) * kDay32;
      if (said.at[h] != 0 && now < said.at[h] + horizon) continue;
      if (said.at[h] != 0) {
        Sums& s = sums.heads[h][RangeOf(said.logit[h])];
        s.happened += ChangedWithin(state.resource(ids[i]), said.at[h], horizon) ? 1 : 0;
        s.expected += 1 / (1 + std::exp(-said.logit[h]));
        s.count += 1;
      } else if (h > 0 && (now / kDay32 + ids[i]) % 7 != 0) {
        continue;  // weeks begin on all days alike
      }
      said.logit[h] = logits[i][h];
      said.at[h] = now;
    }
  }
}

double Recalibration::Shift(uint32_t stack, int head, float logit) const {
  if (stack >= stacks_.size() || head >= kHeadsCorrected) return 0;
  const auto at = [&](int range) {
    const Sums& s = stacks_[stack].heads[head][range];
    const double k = kPrior[head];
    const double shift =
        std::log((s.happened + k) / (s.expected + k)) -
        std::log((std::max(s.count - s.happened, 0.0f) + k) / (s.count - s.expected + k));
    return std::clamp(shift, -kShiftMost, kShiftMost);
  };
  int range = RangeOf(logit);
  if (range > 0 && logit < MiddleOf(range)) --range;  // between the middles of range and range + 1
  if (range == kRanges - 1 || logit <= MiddleOf(range)) return at(range);
  const double from = MiddleOf(range), to = MiddleOf(range + 1);
  const double part = std::clamp((logit - from) / (to - from), 0.0, 1.0);
  return at(range) * (1 - part) + at(range + 1) * part;
}

HeadLogits Recalibration::Corrected(uint32_t stack, HeadLogits logits) const {
  for (int h = 0; h < kHeadsCorrected; ++h)
    logits[h] += static_cast<float>(Shift(stack, h, logits[h]));
  return logits;
}

void Recalibration::Serialize(StateWriter* out) const {
  out->PutVector(stacks_);
  out->PutVector(said_);
}

bool Recalibration::Restore(StateReader* in) {
  in->GetVector(&stacks_);
  in->GetVector(&said_);
  return in->ok();
}

size_t Recalibration::bytes() const {
  return stacks_.capacity() * sizeof(StackSums) + said_.capacity() * sizeof(Said);
}

}  // namespace driftcast::predict
