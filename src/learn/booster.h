// Training of boosted trees, by XGBoost. Serving them is predict::Forest's work.
#ifndef DRIFTCAST_LEARN_BOOSTER_H_
#define DRIFTCAST_LEARN_BOOSTER_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/status.h"
#include "predict/forest.h"

namespace driftcast::learn {

// Rows to learn from. All spans are borrowed during the call.
struct TrainingRows {
  const float* features = nullptr;  // row-major, `columns` a row
  size_t rows = 0;
  int columns = 0;
  std::span<const float> labels;   // 0 or 1, one a row
  std::span<const float> weights;  // one a row
  std::span<const float> start;    // the logit the trees start from, one a row; empty = 0
};

struct BoosterOptions {
  int rounds = 150;
  int leaves_max = 15;  // trees grow at the best leaf first
  double learning_rate = 0.08;
  double min_child_weight = 40;  // sum of the hessian in a leaf
  double row_share = 0.7;        // drawn anew for each tree
  double column_share = 0.5;
  double l2 = 5;
  int bins_max = 64;
  int threads = 1;
  unsigned seed = 0;
};

// Trees that add to `start` the log-odds of the label. With one thread or two, the same rows and
// options give the same trees on one machine. Internal when XGBoost fails, InvalidArgument on rows
// that do not fit together.
StatusOr<predict::Forest> TrainForest(const TrainingRows& rows, const BoosterOptions& options);

// For tests and benchmarks: the same trees, and XGBoost's own margins for `rows` (with `start`).
struct TrainedWithMargins {
  predict::Forest forest;
  std::vector<float> margins;
  double predict_seconds = 0;  // what XGBoost took for them, data hand-over included
};
StatusOr<TrainedWithMargins> TrainAndPredict(const TrainingRows& rows,
                                             const BoosterOptions& options);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_BOOSTER_H_
