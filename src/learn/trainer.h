// Training of the forecast: rows out of histories, and a model out of rows.
#ifndef DRIFTCAST_LEARN_TRAINER_H_
#define DRIFTCAST_LEARN_TRAINER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "learn/booster.h"
#include "learn/dataset.h"
#include "learn/outline.h"
#include "predict/candidates.h"
#include "predict/drift_model.h"

namespace driftcast::learn {

// Called now and then with what is done, in [0, 1], and a word for it.
using Progress = std::function<void(double done, const char* what)>;

// Outlines of all files; stacks of the same name in two folders are InvalidArgument.
StatusOr<std::vector<Outline>> ReadOutlines(const std::vector<std::filesystem::path>& files,
                                            const Progress& progress);

struct CollectOptions {
  int64_t before = 0;  // Unix seconds; see LastTrainingCutoff
  double rows_per_stack = 9000;
  double days = 3 * 365;  // how far back
  uint64_t seed = 1;
  double key_rows_per_stack = 700;  // changed resources whose candidate keys are learned from
  bool shuffle_labels = false;      // for a leakage test: labels are drawn at random
};

// Candidate keys of resources that changed within a day, and whether each was among the changed.
struct KeyRows {
  std::vector<float> features;  // predict::kKeyFeatures a row
  std::vector<float> labels;
  std::vector<uint32_t> stacks;  // number of the stack, one a row
  // Of the keys that changed: by stack and source of a value, proposals and those that came true.
  std::vector<std::array<std::array<float, 2>, predict::kValueSources>> values;
};

struct Collected {
  Dataset when;
  KeyRows what;
  uint64_t events = 0;
};

// Replays the histories up to `before` and draws rows from each stack outside its evaluation.
StatusOr<Collected> CollectRows(const std::vector<std::filesystem::path>& files,
                                const std::vector<Outline>& outlines, const CollectOptions& options,
                                const Progress& progress);

struct TrainOptions {
  BoosterOptions trees{
      .rounds = 300, .learning_rate = 0.04, .min_child_weight = 60, .column_share = 0.3};
  int heads = predict::kHeads;  // train the first ones only; the others repeat the last of them
  bool linear_first = false;    // a logistic hazard below the trees
  size_t linear_rows_max = 150000;
  std::vector<bool> inputs;  // which inputs may be used, by number; empty = all
};

// Options for what a forecast is compared with (`name`): "logistic", a logistic hazard on all
// inputs without trees; "generic", plain deep trees on recency, frequency, rhythm, sizes and counts
// of peers. InvalidArgument for other names.
StatusOr<TrainOptions> BaselineOptions(const std::string& name);

// All inputs but those of the families (their names, e.g. "rhythm"): an ablation. InvalidArgument
// for a name that is none.
StatusOr<std::vector<bool>> InputsWithout(const std::vector<std::string>& families);

// A model from the rows of the stacks with `use` (by number). InvalidArgument when there is nothing
// to learn.
StatusOr<predict::DriftModel> TrainModel(const Collected& data, const std::vector<bool>& use,
                                         const TrainOptions& options, const Progress& progress);

// Fits the ranker of candidate keys; stacks weigh the same.
Status TrainKeyRanker(const KeyRows& rows, const std::vector<bool>& use, int threads,
                      predict::DriftModel* model);

// What a site's own past adds to a model: a few small trees per head that start from the model's
// logits. `use`: the rows to learn from (indices); heads without enough changed rows stay as they
// are. The result serves like any model.
struct AdaptOptions {
  BoosterOptions trees{.rounds = 120,
                       .leaves_max = 15,
                       .learning_rate = 0.06,
                       .min_child_weight = 30,
                       .row_share = 0.7,
                       .column_share = 0.4,
                       .l2 = 8,
                       .bins_max = 64,
                       .threads = 1,
                       .seed = 0};
  double changed_rows_min = 200;
  int heads = predict::kHeads;       // the first ones
  int64_t known_by_day = INT64_MAX;  // labels that were not known by then are not used
};
StatusOr<predict::DriftModel> AdaptModel(const predict::DriftModel& model, const Dataset& data,
                                         std::span<const uint32_t> use, size_t stacks,
                                         const AdaptOptions& options);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_TRAINER_H_
