// What a site learns from its own past, on top of a given model.
//
// Rows are collected as time goes on; Refit() trains on those whose labels are known by then. How
// far the new trees are trusted is decided on evidence: the trees of the refit before, scored on
// the rows since (which they never saw), against the given model on the same rows.
#ifndef DRIFTCAST_LEARN_LOCAL_LEARNER_H_
#define DRIFTCAST_LEARN_LOCAL_LEARNER_H_

#include <array>
#include <cstdint>
#include <optional>

#include "base/status.h"
#include "learn/trainer.h"
#include "predict/drift_model.h"

namespace driftcast::learn {

class LocalLearner {
 public:
  // `base` is borrowed for the learner's life.
  LocalLearner(const predict::DriftModel& base, int threads);

  void SetStacks(size_t stacks) { stacks_ = stacks; }

  // A row; its labels may lie in the future: they are used only once they are known.
  void Add(const predict::FeatureVector& features, const RowInfo& row) { data_.Add(features, row); }

  // Learns from the labels known at the start of `day` (days since 1970). Deterministic.
  Status Refit(int64_t day);

  const predict::DriftModel& model() const { return current_ ? *current_ : base_; }
  size_t row_count() const { return data_.rows.size(); }

 private:
  // Part in [0, 1] of the local trees' say for a head that was best on the rows since the refit
  // before; 1 when there is too little to tell.
  float Trust(int head, int64_t day) const;

  const predict::DriftModel& base_;
  AdaptOptions options_;
  size_t stacks_ = 0;
  Dataset data_;
  int64_t last_refit_ = 0;
  std::optional<predict::DriftModel> full_;     // the base and all of the local trees
  std::optional<predict::DriftModel> current_;  // the base and as much of them as is trusted
};

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_LOCAL_LEARNER_H_
