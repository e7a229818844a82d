#include "learn/local_learner.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace driftcast::learn {
namespace {

constexpr int kHeadsUsed = 2;  // 1 and 7 days; nothing judges the others in a back-test
constexpr double kChangedRowsToTell = 50;
constexpr std::array<float, 5> kTrusts = {0, 0.25f, 0.5f, 0.75f, 1};

double LogLoss(double logit, bool label) {
  const double margin = label ? logit : -logit;
  return margin > 0 ? std::log1p(std::exp(-margin)) : -margin + std::log1p(std::exp(margin));
}

}  // namespace

LocalLearner::LocalLearner(const predict::DriftModel& base, int threads) : base_(base) {
  options_.heads = kHeadsUsed;
  options_.trees.threads = threads;
}

float LocalLearner::Trust(int head, int64_t day) const {
  std::vector<uint32_t> since;
  double changed = 0;
  for (uint32_t i = 0; i < data_.rows.size(); ++i) {
    const RowInfo& row = data_.rows[i];
    if (row.day < last_refit_ || row.day + predict::kHeadDays[head] > day) continue;
    since.push_back(i);
    changed += row.label[head];
  }
  if (!full_ || changed < kChangedRowsToTell) return 1;
  const std::vector<float> weights = RowWeights(data_, since, stacks_, 1.0);
  std::array<double, kTrusts.size()> loss{};
  for (size_t k = 0; k < since.size(); ++k) {
    const float* row = data_.row(since[k]);
    const float base = base_.heads[head].Logit(row), full = full_->heads[head].Logit(row);
    for (size_t t = 0; t < kTrusts.size(); ++t)
      loss[t] += weights[k] *
                 LogLoss(base + kTrusts[t] * (full - base), data_.rows[since[k]].label[head] != 0);
  }
  return kTrusts[std::min_element(loss.begin(), loss.end()) - loss.begin()];
}

Status LocalLearner::Refit(int64_t day) {
  std::array<float, kHeadsUsed> trust;
  for (int h = 0; h < kHeadsUsed; ++h) trust[h] = Trust(h, day);
  std::vector<uint32_t> all(data_.rows.size());
  std::iota(all.begin(), all.end(), 0u);
  options_.known_by_day = day;
  last_refit_ = day;
  DRIFTCAST_ASSIGN_OR_RETURN(full_, AdaptModel(base_, data_, all, stacks_, options_));
  current_ = base_;
  for (int h = 0; h < kHeadsUsed; ++h)
    current_->heads[h].trees.Append(full_->heads[h].trees, trust[h],
                                    base_.heads[h].trees.tree_count());
  return Ok();
}

}  // namespace driftcast::learn
