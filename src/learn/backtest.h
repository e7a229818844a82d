// Back-test: what the forecast would have said, and what then happened.
//
// All stacks run together in calendar time. At every cutoff (outline.h) each live resource of the
// judged stacks gets a prediction from what was known at the cutoff: events up to it, and a model
// that learned only from labels known by then. Two settings:
//   unseen      the model as given; the stacks' own past is state, never training
//   in service  every half year the model also learns from the past of the stacks of the run, as an
//               engine in service does: a few small trees per horizon that start from the given
//               model's logits, kept as far as the last ones proved better on rows after it
#ifndef DRIFTCAST_LEARN_BACKTEST_H_
#define DRIFTCAST_LEARN_BACKTEST_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "learn/report.h"
#include "learn/trainer.h"
#include "predict/drift_model.h"

namespace driftcast::learn {

// Stacks that are judged by one model.
struct Fold {
  std::set<std::string> stacks;
  predict::DriftModel model;
  std::optional<predict::DriftModel> rival =
      {};  // judged as "unseen" instead of the model as given
};

struct BacktestOptions {
  std::vector<std::filesystem::path> files;  // histories of all stacks of the run
  std::vector<Fold> folds;                   // the judged stacks; others only inform
  int64_t from = 0;                          // Unix seconds
  bool in_service = true;
  double rows_per_stack = 9000;  // drawn to learn from, before the evaluation
  int threads = 1;
  bool keys = true;           // say which keys, too
  std::filesystem::path out;  // gzip TSV: stack kind resource cutoff p_1d p_7d keys; may be empty
  bool report = false;        // keep what reports need: 40 bytes a prediction
  std::filesystem::path out_unseen;  // the same by the models as given; empty = not written
  bool judge_unseen = false;         // judge the models as given, too, for the reports
  bool refit_at_end = false;         // the models of the result learn from all that is known then
};

struct BacktestResult {
  uint64_t events = 0, rows = 0, refits = 0, rankings = 0;
  double state_bytes = 0;      // of the forecast's state at the end
  uint64_t resources = 0;      // in that state
  double scoring_seconds = 0;  // inputs, probabilities, keys and writing
  std::vector<StackReport> reports;
  std::vector<predict::DriftModel> models;  // of the folds, as refined by the end
};

// InvalidArgument when a history cannot be read or nothing is judged.
StatusOr<BacktestResult> RunBacktest(const BacktestOptions& options, const Progress& progress);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_BACKTEST_H_
