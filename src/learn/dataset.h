// Rows to learn from, drawn from a replay of histories.
//
// A row is a live resource at a UTC midnight, its inputs as known then, and its labels. Most rows
// are quiet, so quiet ones are drawn rarely and weigh more; the weights undo the drawing. Stacks
// differ by orders of magnitude in what they would weigh: their weight is then moved half-way (in
// the logarithm) to equality, so that one stack with daily image bumps does not speak for all.
#ifndef DRIFTCAST_LEARN_DATASET_H_
#define DRIFTCAST_LEARN_DATASET_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "learn/outline.h"
#include "predict/drift_model.h"
#include "predict/features.h"

namespace driftcast::learn {

struct RowInfo {
  uint32_t stack = 0;                           // number within the run
  uint32_t day = 0;                             // cutoff, days since 1970
  float weight = 1;                             // 1 / probability of having been drawn
  float reference_7d = 0;                       // P within 7 days by the reference rate
  std::array<int8_t, predict::kHeads> label{};  // per head: 1 changed, 0 not
};

struct Dataset {
  std::vector<float> features;  // predict::kFeatures a row
  std::vector<RowInfo> rows;

  const float* row(size_t i) const { return &features[i * predict::kFeatures]; }
  void Add(const predict::FeatureVector& f, const RowInfo& info) {
    features.insert(features.end(), f.begin(), f.end());
    rows.push_back(info);
  }
};

// Which rows of one stack are drawn. Deterministic in (seed, stack, resource, day).
struct Drawing {
  int64_t first = 0, last = -1;  // cutoffs within [first, last] are drawn from
  double quiet = 1, busy = 1;    // probability of drawing a row without / with a change in 7 days

  // Weight of the row if it is drawn, else 0.
  float Draw(uint64_t seed, size_t stack, size_t resource, int64_t cutoff, bool is_busy) const;
};

// Plans to draw about `rows` rows of cutoffs in [first, last], at most two in five of them busy.
// Looks at labels of that time alone.
Drawing PlanDrawing(const Outline& outline, int64_t first, int64_t last, double rows);

// The end of what may be learned from a stack: its labels of 7 days end before its evaluation (as
// the protocol defines it for `from`) and before `from` itself.
int64_t LastTrainingCutoff(const Outline& outline, int64_t from);

// Final weights of the rows chosen by `use` (indices): drawing weights times the stack's factor,
// mean 1. `power`: 0 leaves stacks as they are, 1 makes them equal.
std::vector<float> RowWeights(const Dataset& data, std::span<const uint32_t> use, size_t stacks,
                              double power = 0.5);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_DATASET_H_
