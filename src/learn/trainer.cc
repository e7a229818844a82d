#include "learn/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "learn/live_set.h"
#include "learn/logistic.h"
#include "learn/replay.h"
#include "predict/candidates.h"
#include "predict/values.h"

namespace driftcast::learn {
namespace {

using predict::FleetState;
using predict::kHeads;

void Report(const Progress& progress, double done, const char* what) {
  if (progress) progress(done, what);
}

// One stack's part in collecting rows.
struct Source {
  LiveSet live;
  Drawing drawing;
  int64_t labels_end;  // nothing after it may be looked at
  const Outline* outline;
  double key_share;  // of changed rows whose keys are learned from
};

class Collector {
 public:
  Collector(const std::vector<Outline>& outlines, const CollectOptions& options)
      : options_(options), random_(options.seed) {
    for (const Outline& outline : outlines) {
      const int64_t last = LastTrainingCutoff(outline, options.before);
      const auto first = last - static_cast<int64_t>(options.days * kDaySeconds);
      sources_.push_back({LiveSet(outline),
                          PlanDrawing(outline, first, last, options.rows_per_stack),
                          last + 7 * kDaySeconds, &outline,
                          KeyShare(outline, first, last, options.key_rows_per_stack)});
      last_ = std::max(last_, last);
    }
    keys_.values.resize(outlines.size());
  }

  int64_t last() const { return last_; }
  FleetState* state() { return &state_; }

  void Midnight(int64_t cutoff) {
    state_.Advance(cutoff);
    for (uint32_t s = 0; s < sources_.size(); ++s) {
      Source& source = sources_[s];
      source.live.Advance(cutoff);
      if (cutoff < source.drawing.first || cutoff > source.drawing.last) continue;
      view_stack_ = predict::kNone;
      for (uint32_t r : source.live.alive()) Consider(s, r, cutoff);
    }
  }

  Dataset TakeRows() { return std::move(data_); }
  KeyRows TakeKeys() { return std::move(keys_); }

 private:
  // Which part of the changed rows is enough.
  static double KeyShare(const Outline& outline, int64_t first, int64_t last, double rows) {
    double changes = 0;
    for (const ResourceOutline& r : outline.resources())
      for (const int64_t t : r.changes) changes += t > first && t <= last;
    return std::min(1.0, rows / std::max(changes, 1.0));
  }

  void ConsiderKeys(uint32_t s, uint32_t r, int64_t cutoff) {
    Source& source = sources_[s];
    Drawing drawing = source.drawing;
    drawing.busy = source.key_share;
    if (drawing.Draw(options_.seed + 1, s, r, cutoff, true) == 0) return;
    const predict::ResourceId id = source.live.IdIn(state_, r);
    if (id == predict::kNone) return;
    predict::ListCandidates(state_, id, static_cast<uint32_t>(cutoff), &candidates_);
    const std::vector<KeyChange>& changes = source.outline->resources()[r].keys;
    const auto begin =
        std::upper_bound(changes.begin(), changes.end(), cutoff,
                         [](int64_t t, const KeyChange& k) { return t < k.seconds; });
    for (predict::Candidate& candidate : candidates_) {
      const uint64_t path = HashText(candidate.Path(state_));
      const auto hit = std::find_if(begin, changes.end(), [&](const KeyChange& k) {
        return k.seconds > cutoff + kDaySeconds || k.path == path;
      });
      const bool is_hit = hit != changes.end() && hit->seconds <= cutoff + kDaySeconds;
      if (is_hit) {
        predict::ProposeValue(state_, id, static_cast<uint32_t>(cutoff), &candidate);
        auto& tally = keys_.values[s][static_cast<size_t>(candidate.source)];
        ++tally[0];
        tally[1] += HashText(candidate.value) == hit->value;
      }
      keys_.features.insert(keys_.features.end(), candidate.inputs.begin(), candidate.inputs.end());
      keys_.labels.push_back(is_hit ? 1 : 0);
      keys_.stacks.push_back(s);
    }
  }

  void Consider(uint32_t s, uint32_t r, int64_t cutoff) {
    Source& source = sources_[s];
    if (source.live.ChangesWithin(r, kDaySeconds)) ConsiderKeys(s, r, cutoff);
    const bool busy = source.live.ChangesWithin(r, 7 * kDaySeconds);
    const float weight = source.drawing.Draw(options_.seed, s, r, cutoff, busy);
    if (weight == 0) return;
    const predict::ResourceId id = source.live.IdIn(state_, r);
    if (id == predict::kNone) return;
    if (view_stack_ == predict::kNone) {
      view_stack_ = state_.resource(id).stack;
      view_ = predict::ViewStack(state_, view_stack_, static_cast<uint32_t>(cutoff));
    }
    predict::FeatureVector f;
    predict::FillFeatures(state_, view_, id, &f);
    RowInfo row;
    row.stack = s;
    row.day = static_cast<uint32_t>(cutoff / kDaySeconds);
    row.weight = weight;
    const double day = 1 / (1 + std::exp(-static_cast<double>(f[predict::kReferenceLogit])));
    row.reference_7d = static_cast<float>(1 - std::pow(1 - day, 7));
    for (int h = 0; h < kHeads; ++h) {
      const int64_t horizon = predict::kHeadDays[h] * kDaySeconds;
      const bool known = cutoff + horizon <= source.labels_end;
      row.label[h] = known ? source.live.ChangesWithin(r, horizon) : -1;
      if (options_.shuffle_labels && known) row.label[h] = random_() % 8 == 0;
    }
    data_.Add(f, row);
  }

  const CollectOptions options_;
  std::mt19937_64 random_;
  std::vector<Source> sources_;
  int64_t last_ = 0;
  FleetState state_;
  predict::StackView view_;
  uint32_t view_stack_ = predict::kNone;
  Dataset data_;
  KeyRows keys_;
  std::vector<predict::Candidate> candidates_;
};

// The rows whose label for a head is known, as XGBoost wants them.
struct HeadRows {
  std::vector<uint32_t> use;
  std::vector<float> features, labels, weights, start;
  double changed = 0;  // rows

  TrainingRows View() const {
    return {features.data(), use.size(), predict::kFeatures, labels, weights, start};
  }
};

// Of the rows `from`, those whose label was known by the day `known_by`.
HeadRows SelectRows(const Dataset& data, std::span<const uint32_t> from, int head, size_t stacks,
                    int64_t known_by = INT64_MAX) {
  HeadRows rows;
  for (uint32_t i : from) {
    const RowInfo& row = data.rows[i];
    if (row.label[head] >= 0 && row.day + predict::kHeadDays[head] <= known_by)
      rows.use.push_back(i);
  }
  rows.weights = RowWeights(data, rows.use, stacks);
  rows.features.reserve(rows.use.size() * predict::kFeatures);
  for (uint32_t i : rows.use) {
    rows.features.insert(rows.features.end(), data.row(i), data.row(i) + predict::kFeatures);
    rows.labels.push_back(data.rows[i].label[head]);
    rows.changed += data.rows[i].label[head];
  }
  return rows;
}

// Inputs that may not be used become constants, which neither trees nor weights can use.
void Blind(const std::vector<bool>& inputs, HeadRows* rows) {
  if (inputs.empty()) return;
  for (size_t i = 0; i < rows->use.size(); ++i)
    for (int c = 0; c < predict::kFeatures; ++c)
      if (!inputs[c]) rows->features[i * predict::kFeatures + c] = 0;
}

StatusOr<predict::LinearPart> FitLinear(const HeadRows& rows, size_t rows_max) {
  HeadRows few;
  const size_t step = std::max<size_t>(1, rows.use.size() / rows_max);
  for (size_t i = 0; i < rows.use.size(); i += step) {
    few.use.push_back(rows.use[i]);
    few.labels.push_back(rows.labels[i]);
    few.weights.push_back(rows.weights[i]);
    const float* row = &rows.features[i * predict::kFeatures];
    few.features.insert(few.features.end(), row, row + predict::kFeatures);
  }
  return FitLogistic(few.View(), {});
}

}  // namespace

StatusOr<std::vector<Outline>> ReadOutlines(const std::vector<std::filesystem::path>& files,
                                            const Progress& progress) {
  std::vector<Outline> outlines;
  std::set<std::string> names;
  for (const auto& file : files) {
    Report(progress, static_cast<double>(outlines.size()) / static_cast<double>(files.size()),
           "reading histories");
    if (!names.insert(StackOfHistory(file)).second)
      return InvalidArgument("{}: a stack of that name is given twice", file.string());
    DRIFTCAST_ASSIGN_OR_RETURN(Outline outline, Outline::Read(file));
    outlines.push_back(std::move(outline));
  }
  return outlines;
}

StatusOr<Collected> CollectRows(const std::vector<std::filesystem::path>& files,
                                const std::vector<Outline>& outlines, const CollectOptions& options,
                                const Progress& progress) {
  Collector collector(outlines, options);
  Collected collected;
  uint64_t events_all = 1;
  for (const Outline& outline : outlines) events_all += outline.event_count();
  const auto apply = [&](const ChangeEvent& event) {
    collector.state()->Apply(event);
    if (event.op != ChangeOp::kInitial && ++collected.events % 20000 == 0)
      Report(progress, static_cast<double>(collected.events) / static_cast<double>(events_all),
             "collecting rows");
  };
  DRIFTCAST_RETURN_IF_ERROR(Replay(files, collector.last(), apply, [&](int64_t cutoff) {
    collector.Midnight(cutoff);
    return Ok();
  }));
  collected.when = collector.TakeRows();
  collected.what = collector.TakeKeys();
  return collected;
}

StatusOr<predict::DriftModel> TrainModel(const Collected& collected, const std::vector<bool>& use,
                                         const TrainOptions& options, const Progress& progress) {
  predict::DriftModel model;
  const Dataset& data = collected.when;
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < data.rows.size(); ++i)
    if (use[data.rows[i].stack]) all.push_back(i);
  for (int h = 0; h < options.heads; ++h) {
    Report(progress, static_cast<double>(h) / kHeads, "training");
    HeadRows rows = SelectRows(data, all, h, use.size());
    Blind(options.inputs, &rows);
    if (rows.changed < 1 || rows.changed >= static_cast<double>(rows.use.size()))
      return InvalidArgument("nothing to learn: {} rows, {} of them changed", rows.use.size(),
                             rows.changed);
    predict::Head& head = model.heads[h];
    head.linear.bias = ConstantLogit(rows.labels, rows.weights);
    if (options.linear_first) {
      DRIFTCAST_ASSIGN_OR_RETURN(head.linear, FitLinear(rows, options.linear_rows_max));
    }
    for (size_t i = 0; i < rows.use.size(); ++i)
      rows.start.push_back(head.linear.Logit(&rows.features[i * predict::kFeatures]));
    if (options.trees.rounds == 0) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(head.trees, TrainForest(rows.View(), options.trees));
  }
  for (int h = options.heads; h < kHeads; ++h) model.heads[h] = model.heads[options.heads - 1];
  DRIFTCAST_RETURN_IF_ERROR(TrainKeyRanker(collected.what, use, options.trees.threads, &model));
  return model;
}

StatusOr<TrainOptions> BaselineOptions(const std::string& name) {
  using namespace predict;
  TrainOptions options;
  if (name == "logistic") {
    options.linear_first = true;
    options.trees.rounds = 0;
    return options;
  }
  if (name != "generic") return InvalidArgument("{}: no baseline; logistic and generic are", name);
  options.trees = {.rounds = 120, .leaves_max = 128, .min_child_weight = 10};
  options.inputs.assign(kFeatures, false);
  for (const int input :
       {kOwnRate6h,   kOwnRate1d,   kOwnRate4d,     kOwnRate16d,    kOwnRate64d,   kOwnRate256d,
        kSinceLast,   kSinceSecond, kSinceFourth,   kCount,         kAge,          kOwnWeekday,
        kLeaves,      kStackRate1d, kStackRate4d,   kStackRate16d,  kStackRate64d, kStackLive,
        kKindRate16d, kKindRate64d, kFolderRate16d, kFolderRate64d, kFolderLive,   kWeekend,
        kPeers1d,     kPeers3d,     kPeers7d,       kPeerLive})
    options.inputs[input] = true;
  return options;
}

StatusOr<std::vector<bool>> InputsWithout(const std::vector<std::string>& families) {
  std::vector<bool> inputs(predict::kFeatures, true);
  for (const std::string& name : families) {
    bool any = false;
    for (int i = 0; i < predict::kFeatures; ++i) {
      if (predict::FamilyName(predict::FamilyOf(i)) != name) continue;
      inputs[i] = false;
      any = true;
    }
    if (!any) return InvalidArgument("{}: no family of inputs", name);
  }
  return inputs;
}

Status TrainKeyRanker(const KeyRows& rows, const std::vector<bool>& use, int threads,
                      predict::DriftModel* model) {
  std::vector<float> count(use.size(), 0), features, labels, weights;
  std::vector<uint32_t> of_stack;
  for (size_t i = 0; i < rows.labels.size(); ++i) {
    if (!use[rows.stacks[i]]) continue;
    const float* row = &rows.features[i * predict::kKeyFeatures];
    features.insert(features.end(), row, row + predict::kKeyFeatures);
    labels.push_back(rows.labels[i]);
    of_stack.push_back(rows.stacks[i]);
    ++count[rows.stacks[i]];
  }
  if (labels.empty()) return Ok();
  for (int source = 1; source < predict::kValueSources; ++source) {
    float proposed = 4, true_ones = 1;  // a weak prior
    for (size_t stack = 0; stack < rows.values.size(); ++stack) {
      if (!use[stack]) continue;
      proposed += rows.values[stack][source][0];
      true_ones += rows.values[stack][source][1];
    }
    model->value_rates[source] = true_ones / proposed;
  }
  const float mean = static_cast<float>(labels.size()) / static_cast<float>(use.size());
  for (uint32_t s : of_stack) weights.push_back(std::min(mean / count[s], 3.0f));
  BoosterOptions options;
  options.rounds = 60;
  options.leaves_max = 24;
  options.learning_rate = 0.1;
  options.min_child_weight = 20;
  options.threads = threads;
  const TrainingRows view{features.data(), labels.size(), predict::kKeyFeatures,
                          labels,          weights,       {}};
  DRIFTCAST_ASSIGN_OR_RETURN(model->key_ranker, TrainForest(view, options));
  return Ok();
}

StatusOr<predict::DriftModel> AdaptModel(const predict::DriftModel& model, const Dataset& data,
                                         std::span<const uint32_t> use, size_t stacks,
                                         const AdaptOptions& options) {
  predict::DriftModel adapted = model;
  for (int h = 0; h < options.heads; ++h) {
    HeadRows rows = SelectRows(data, use, h, stacks, options.known_by_day);
    if (rows.changed < options.changed_rows_min) continue;
    predict::Head& head = adapted.heads[h];
    for (size_t i = 0; i < rows.use.size(); ++i)
      rows.start.push_back(head.Logit(&rows.features[i * predict::kFeatures]));
    DRIFTCAST_ASSIGN_OR_RETURN(const predict::Forest more, TrainForest(rows.View(), options.trees));
    head.trees.Append(more, 1 / head.calibration.scale);
  }
  return adapted;
}

}  // namespace driftcast::learn
