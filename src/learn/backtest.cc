#include "learn/backtest.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <thread>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "learn/key_score.h"
#include "learn/live_set.h"
#include "learn/local_learner.h"
#include "learn/replay.h"
#include "predict/candidates.h"
#include "predict/drift_predictor.h"

namespace driftcast::learn {
namespace {

using predict::FeatureVector;
using predict::FleetState;
using predict::kNone;

constexpr int64_t kRefitSeconds = 182 * kDaySeconds;
constexpr int64_t kWarmUpSeconds = 60 * kDaySeconds;
constexpr int kHeadsJudged = 2;  // 1 and 7 days

// Calls work(part, parts) for each part, all but the first on threads of their own. The parts must
// not touch what others do, so that the result does not depend on their number.
template <typename Work>
void InParts(int parts, const Work& work) {
  std::vector<std::jthread> others;
  for (int part = 1; part < parts; ++part)
    others.emplace_back([&work, part, parts] { work(part, parts); });
  work(0, parts);
}

// Predictions as a gzip'd table.
class PredictionWriter {
 public:
  ~PredictionWriter() {
    if (file_ != nullptr) gzclose(file_);
  }
  Status Open(const std::filesystem::path& path) {
    file_ = gzopen(path.c_str(), "wb1");
    if (file_ == nullptr) return NotFound("{}: cannot be written", path.string());
    open_ = true;
    gzbuffer(file_, 1 << 18);
    buffer_ = "stack\tkind\tresource\tcutoff\tp_1d\tp_7d\tkeys\n";
    return Ok();
  }
  Status Add(const std::string& stack, const ResourceOutline& resource, int64_t cutoff, double p_1d,
             double p_7d, const std::string& keys) {
    if (!open_) return Ok();
    fmt::format_to(std::back_inserter(buffer_), "{}\t{}\t{}\t{}\t{:.6g}\t{:.6g}\t{}\n", stack,
                   resource.kind, resource.name, cutoff, p_1d, p_7d, keys);
    return buffer_.size() > 1 << 20 ? Flush() : Ok();
  }
  Status Finish() {
    if (!open_) return Ok();
    DRIFTCAST_RETURN_IF_ERROR(Flush());
    if (gzclose(std::exchange(file_, nullptr)) != Z_OK)
      return ResourceExhausted("the predictions could not be written to the end");
    return Ok();
  }

 private:
  Status Flush() {
    if (!buffer_.empty() &&
        gzwrite(file_, buffer_.data(), static_cast<unsigned>(buffer_.size())) <= 0)
      return ResourceExhausted("the predictions cannot be written");
    buffer_.clear();
    return Ok();
  }
  bool open_ = false;  // a writer that was never opened writes nothing
  gzFile file_ = nullptr;
  std::string buffer_;
};

// The keys last said for a resource. Ranking costs far more than a probability, and its result
// changes slowly, so it is done again only when there is news of the resource, or in time.
struct KeyCache {
  std::string text = "[]";
  std::vector<NamedKey> named;
  uint32_t at = 0;

  bool Stale(uint32_t now, double p_1d, const FeatureVector& f) const {
    const uint32_t age = now - at;
    if (at == 0 || age >= 7 * kDaySeconds || (p_1d >= 0.02 && age >= 2 * kDaySeconds)) return true;
    const float hours = std::log1p(static_cast<float>(age) / 3600);
    return f[predict::kSinceLast] <= hours || f[predict::kSinceBehind] <= hours ||
           f[predict::kSinceInnerBehind] <= hours;
  }
};

struct Contestant {
  const Outline* outline;
  std::unique_ptr<LiveSet> live;
  Drawing drawing;
  Period period;
  size_t fold = SIZE_MAX;      // SIZE_MAX: not judged
  std::vector<KeyCache> keys;  // by resource
  StackReport report;
  std::map<std::string, uint32_t> kinds;  // numbers in the report

  bool judged() const { return fold != SIZE_MAX; }
  bool JudgedAt(int64_t cutoff) const { return WatchedAt(cutoff) && cutoff >= period.first; }
  // Forecasts of the two months before are made, too: to be compared with what happened.
  bool WatchedAt(int64_t cutoff) const {
    return judged() && cutoff >= period.first - kWarmUpSeconds && cutoff <= period.last &&
           cutoff % outline->StepSeconds() == 0;
  }
};

class Backtest {
 public:
  explicit Backtest(const BacktestOptions& options) : options_(options) {
    // One thread each: threads that wait for each other spin, and folds are enough for all.
    for (const Fold& fold : options.folds) learners_.emplace_back(fold.model, 1);
    corrections_.resize(options.folds.size());
    corrections_unseen_.resize(options.folds.size());
  }

  Status Prepare(const std::vector<Outline>& outlines);
  Status Run(const std::vector<Outline>& outlines, const Progress& progress);
  const BacktestResult& result() const { return result_; }

 private:
  Status Midnight(int64_t cutoff);
  Status Refit(int64_t cutoff);
  Status Stack(uint32_t number, int64_t cutoff);
  void Draw(uint32_t number, uint32_t resource, int64_t cutoff, const FeatureVector& f);
  std::array<double, predict::kHeads> Shrunk(std::array<double, predict::kHeads> p, size_t row,
                                             uint32_t now, double trust) const;
  void Correct(predict::Recalibration* correction, uint32_t now,
               std::vector<predict::HeadLogits>* logits) const;
  void Keep(Contestant* c, size_t row, uint32_t resource, uint32_t now, double p_1d, double p_7d,
            std::vector<Judged>* day, std::vector<Judged>* week) const;
  bool unseen_too() const { return !options_.out_unseen.empty() || options_.judge_unseen; }
  Status Write(uint32_t number, std::span<const uint32_t> resources, int64_t cutoff);
  static Status WriteTo(PredictionWriter* writer, const Contestant& c,
                        std::span<const uint32_t> resources, int64_t cutoff,
                        std::span<const std::array<double, predict::kHeads>> p);
  // How many threads are worth their start for so many rows.
  int Parts(size_t rows) const {
    return std::clamp(static_cast<int>(rows / 256), 1, std::max(options_.threads, 1));
  }

  const BacktestOptions& options_;
  std::vector<LocalLearner> learners_;  // one a fold
  // What corrects each fold's model as refined, and as given.
  std::vector<predict::Recalibration> corrections_, corrections_unseen_;
  std::vector<Contestant> contestants_;
  int64_t first_ = INT64_MAX, last_ = 0;  // cutoffs that are judged
  FleetState state_;
  PredictionWriter writer_, unseen_writer_;
  std::vector<FeatureVector> features_;
  std::vector<predict::ResourceId> ids_;  // of the rows in features_
  BacktestResult result_;
};

Status Backtest::Prepare(const std::vector<Outline>& outlines) {
  for (const Outline& outline : outlines) {
    Contestant c;
    c.outline = &outline;
    c.live = std::make_unique<LiveSet>(outline);
    for (size_t fold = 0; fold < options_.folds.size(); ++fold)
      if (options_.folds[fold].stacks.contains(outline.stack())) c.fold = fold;
    c.period = outline.Evaluation(options_.from);
    if (c.judged() && c.period.first <= c.period.last) {
      first_ = std::min(first_, c.period.first);
      last_ = std::max(last_, c.period.last);
    }
    if (c.judged()) c.keys.resize(outline.resources().size());
    contestants_.push_back(std::move(c));
  }
  if (last_ == 0) return InvalidArgument("no stack has a day to be judged on");
  for (Contestant& c : contestants_) {
    // Drawn at the rate that gives rows_per_stack in the two years before the evaluation.
    const int64_t begin = std::min(c.period.first, last_);
    c.drawing = PlanDrawing(*c.outline, begin - 2 * 365 * kDaySeconds, begin - 7 * kDaySeconds,
                            options_.rows_per_stack);
    c.drawing.last = last_;
  }
  for (LocalLearner& learner : learners_) learner.SetStacks(contestants_.size());
  if (!options_.out_unseen.empty())
    DRIFTCAST_RETURN_IF_ERROR(unseen_writer_.Open(options_.out_unseen));
  return options_.out.empty() ? Ok() : writer_.Open(options_.out);
}

Status Backtest::Run(const std::vector<Outline>& outlines, const Progress& progress) {
  uint64_t events_all = 1;
  for (const Outline& outline : outlines) events_all += outline.event_count();
  const auto apply = [&](const ChangeEvent& event) {
    state_.Apply(event);
    if (event.op != ChangeOp::kInitial && ++result_.events % 10000 == 0 && progress)
      progress(static_cast<double>(result_.events) / static_cast<double>(events_all),
               "back-testing");
  };
  DRIFTCAST_RETURN_IF_ERROR(
      Replay(options_.files, last_, apply, [&](int64_t cutoff) { return Midnight(cutoff); }));
  if (options_.refit_at_end)
    for (LocalLearner& learner : learners_)
      DRIFTCAST_RETURN_IF_ERROR(learner.Refit(last_ / kDaySeconds));
  result_.state_bytes = static_cast<double>(state_.bytes());
  result_.resources = state_.resource_count();
  for (const LocalLearner& learner : learners_) result_.models.push_back(learner.model());
  for (Contestant& c : contestants_) {
    if (!options_.report || c.report.day.empty()) continue;
    c.report.stack = c.outline->stack();
    result_.reports.push_back(std::move(c.report));
  }
  if (!options_.out_unseen.empty()) DRIFTCAST_RETURN_IF_ERROR(unseen_writer_.Finish());
  return writer_.Finish();
}

Status Backtest::Midnight(int64_t cutoff) {
  state_.Advance(cutoff);
  for (Contestant& c : contestants_) c.live->Advance(cutoff);
  if (options_.in_service && cutoff % kRefitSeconds == 0) DRIFTCAST_RETURN_IF_ERROR(Refit(cutoff));
  const auto start = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < contestants_.size(); ++i) DRIFTCAST_RETURN_IF_ERROR(Stack(i, cutoff));
  result_.scoring_seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return Ok();
}

// Each fold that is judged in the coming half year learns anew; several at once, each on one
// thread.
Status Backtest::Refit(int64_t cutoff) {
  std::vector<size_t> needed;
  for (size_t fold = 0; fold < learners_.size(); ++fold)
    if (std::any_of(contestants_.begin(), contestants_.end(), [&](const Contestant& c) {
          return c.fold == fold && c.period.first < cutoff + kRefitSeconds &&
                 c.period.last >= cutoff;
        }))
      needed.push_back(fold);
  result_.refits += needed.size();
  std::vector<Status> done(needed.size(), Ok());
  const int parts_worth = std::clamp(options_.threads, 1, static_cast<int>(needed.size()) + 1);
  InParts(parts_worth, [&](size_t part, size_t parts) {
    for (size_t i = part; i < needed.size(); i += parts)
      done[i] = learners_[needed[i]].Refit(cutoff / kDaySeconds);
  });
  for (Status& status : done) DRIFTCAST_RETURN_IF_ERROR(std::move(status));
  return Ok();
}

Status Backtest::Stack(uint32_t number, int64_t cutoff) {
  Contestant& c = contestants_[number];
  const bool judged = c.WatchedAt(cutoff);
  const bool drawn =
      options_.in_service && c.judged() && cutoff >= c.drawing.first && cutoff <= c.drawing.last;
  if (!judged && !drawn) return Ok();
  predict::StackView view;
  bool have_view = false;
  std::vector<uint32_t> rows, to_learn;  // to_learn: places in `rows`
  ids_.clear();
  for (uint32_t r : c.live->alive()) {
    const bool busy = drawn && c.live->ChangesWithin(r, 7 * kDaySeconds);
    const bool learn = drawn && c.drawing.Draw(1, number, r, cutoff, busy) > 0;
    if (!judged && !learn) continue;
    const predict::ResourceId id = c.live->IdIn(state_, r);
    if (id != kNone && !have_view)
      view = predict::ViewStack(state_, state_.resource(id).stack, static_cast<uint32_t>(cutoff));
    have_view |= id != kNone;
    if (learn && id != kNone) to_learn.push_back(static_cast<uint32_t>(rows.size()));
    rows.push_back(r);
    ids_.push_back(id);
  }
  features_.assign(rows.size(), FeatureVector{});
  InParts(Parts(rows.size()), [&](size_t part, size_t parts) {
    for (size_t i = rows.size() * part / parts; i < rows.size() * (part + 1) / parts; ++i)
      if (ids_[i] != kNone) predict::FillFeatures(state_, view, ids_[i], &features_[i]);
  });
  for (const uint32_t i : to_learn) Draw(number, rows[i], cutoff, features_[i]);
  return judged ? Write(number, rows, cutoff) : Ok();
}

void Backtest::Draw(uint32_t number, uint32_t resource, int64_t cutoff, const FeatureVector& f) {
  Contestant& c = contestants_[number];
  RowInfo row;
  row.stack = number;
  row.day = static_cast<uint32_t>(cutoff / kDaySeconds);
  for (int h = 0; h < predict::kHeads; ++h)
    row.label[h] = c.live->ChangesWithin(resource, predict::kHeadDays[h] * kDaySeconds) ? 1 : 0;
  row.weight = static_cast<float>(1 / (row.label[1] != 0 ? c.drawing.busy : c.drawing.quiet));
  const double day = 1 / (1 + std::exp(-static_cast<double>(f[predict::kReferenceLogit])));
  row.reference_7d = static_cast<float>(1 - std::pow(1 - day, 7));
  learners_[c.fold].Add(f, row);
}

// The keys that are likeliest to change, and their JSON as it is written.
void NameKeys(const FleetState& state, const predict::DriftModel& model, predict::ResourceId id,
              uint32_t now, KeyCache* cache) {
  cache->at = now;
  cache->named.clear();
  nlohmann::json keys = nlohmann::json::array();
  for (const predict::Candidate& c : predict::RankKeys(state, model.key_ranker, id, now, 5)) {
    nlohmann::json key = {{"path", c.Path(state)}, {"p", std::round(c.share * 1000) / 1000}};
    const bool has_value = c.source != predict::ValueSource::kNoValue;
    if (has_value) key["value"] = c.value;
    keys.push_back(std::move(key));
    cache->named.push_back({HashText(c.Path(state)), has_value ? HashText(c.value) : 0});
  }
  cache->text = keys.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// In a young stack, part of the say is the plain rate's, as in live use.
std::array<double, predict::kHeads> Backtest::Shrunk(std::array<double, predict::kHeads> p,
                                                     size_t row, uint32_t now, double trust) const {
  if (trust >= 1 || ids_[row] == kNone) return p;
  const double rate = predict::PlainRate(state_, ids_[row], now);
  for (int h = 0; h < predict::kHeads; ++h)
    p[h] = trust * p[h] - (1 - trust) * std::expm1(-rate * predict::kHeadDays[h] * kDaySeconds);
  return p;
}

// Keeps what the report needs of one prediction.
void Backtest::Keep(Contestant* c, size_t row, uint32_t resource, uint32_t now, double p_1d,
                    double p_7d, std::vector<Judged>* to_day, std::vector<Judged>* to_week) const {
  const auto [kind, is_new] = c->kinds.try_emplace(c->outline->resources()[resource].kind,
                                                   static_cast<uint32_t>(c->kinds.size()));
  if (is_new) c->report.kinds.push_back(kind->first);
  const uint32_t kind_number = kind->second;
  const double day =
      1 / (1 + std::exp(-static_cast<double>(features_[row][predict::kReferenceLogit])));
  const auto judged = [&](double p, double reference, int64_t horizon) {
    return Judged{static_cast<float>(p), static_cast<float>(reference),
                  static_cast<uint32_t>(now / kDaySeconds), kind_number,
                  c->live->ChangesWithin(resource, horizon), resource};
  };
  to_day->push_back(judged(p_1d, day, kDaySeconds));
  to_week->push_back(judged(p_7d, 1 - std::pow(1 - day, 7), 7 * kDaySeconds));
}

// Compares what was said before with what has happened since, and corrects what is said now.
void Backtest::Correct(predict::Recalibration* correction, uint32_t now,
                       std::vector<predict::HeadLogits>* logits) const {
  std::vector<predict::ResourceId> known;
  std::vector<predict::HeadLogits> said;
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (ids_[i] == kNone) continue;
    known.push_back(ids_[i]);
    said.push_back((*logits)[i]);
  }
  if (known.empty()) return;
  const uint32_t stack = state_.resource(known.front()).stack;
  correction->Observe(state_, stack, now, known, said);
  for (predict::HeadLogits& l : *logits) l = correction->Corrected(stack, l);
}

Status Backtest::WriteTo(PredictionWriter* writer, const Contestant& c,
                         std::span<const uint32_t> resources, int64_t cutoff,
                         std::span<const std::array<double, predict::kHeads>> p) {
  for (size_t i = 0; i < resources.size(); ++i)
    DRIFTCAST_RETURN_IF_ERROR(writer->Add(c.outline->stack(), c.outline->resources()[resources[i]],
                                          cutoff, p[i][0], p[i][1], c.keys[resources[i]].text));
  return Ok();
}

Status Backtest::Write(uint32_t number, std::span<const uint32_t> resources, int64_t cutoff) {
  Contestant& c = contestants_[number];
  const auto now = static_cast<uint32_t>(cutoff);
  const predict::DriftModel& model = learners_[c.fold].model();
  const predict::DriftModel& given = options_.folds[c.fold].model;
  std::vector<predict::HeadLogits> logits(features_.size()), unseen(features_.size());
  const auto& rival = options_.folds[c.fold].rival;
  const predict::DriftModel& other = rival ? *rival : given;
  const size_t count = features_.size();
  const int parts_worth = Parts(count);
  InParts(parts_worth, [&](size_t part, size_t parts) {
    const size_t begin = count * part / parts, end = count * (part + 1) / parts;
    if (begin == end) return;
    const float* rows = features_[begin].data();
    model.Logits(rows, predict::kFeatures, end - begin, &logits[begin], kHeadsJudged);
    if (unseen_too())
      other.Logits(rows, predict::kFeatures, end - begin, &unseen[begin], kHeadsJudged);
  });
  Correct(&corrections_[c.fold], now, &logits);
  if (unseen_too()) Correct(&corrections_unseen_[c.fold], now, &unseen);
  if (cutoff < c.period.first) return Ok();
  const double trust = predict::TrustIn(now - static_cast<uint32_t>(c.outline->first()));
  std::vector<std::array<double, predict::kHeads>> p(count), q(count);
  std::vector<size_t> rankings(static_cast<size_t>(parts_worth));
  InParts(parts_worth, [&](size_t part, size_t parts) {
    for (size_t i = part; i < count; i += parts) {
      p[i] = Shrunk(predict::HeadProbabilities(logits[i]), i, now, trust);
      if (unseen_too()) q[i] = Shrunk(predict::HeadProbabilities(unseen[i]), i, now, trust);
      KeyCache& keys = c.keys[resources[i]];
      if (!options_.keys || ids_[i] == kNone || !keys.Stale(now, p[i][0], features_[i])) continue;
      NameKeys(state_, given, ids_[i], now, &keys);
      ++rankings[part];
    }
  });
  result_.rankings += std::accumulate(rankings.begin(), rankings.end(), size_t{0});
  // Two files, so two at most can be written at once.
  std::array<Status, 2> written = {Ok(), Ok()};
  InParts(std::min(parts_worth, 2), [&](size_t part, size_t parts) {
    if (part == 0) written[0] = WriteTo(&writer_, c, resources, cutoff, p);
    if (part == parts - 1) written[1] = WriteTo(&unseen_writer_, c, resources, cutoff, q);
  });
  for (Status& status : written) DRIFTCAST_RETURN_IF_ERROR(std::move(status));
  for (size_t i = 0; options_.report && i < count; ++i) {
    const uint32_t r = resources[i];
    Keep(&c, i, r, now, p[i][0], p[i][1], &c.report.day, &c.report.week);
    if (options_.keys && c.live->ChangesWithin(r, kDaySeconds))
      c.report.keys.Add(c.outline->resources()[r], cutoff, c.keys[r].named);
    if (unseen_too())
      Keep(&c, i, r, now, q[i][0], q[i][1], &c.report.unseen_day, &c.report.unseen_week);
  }
  result_.rows += resources.size();
  return Ok();
}

}  // namespace

StatusOr<BacktestResult> RunBacktest(const BacktestOptions& options, const Progress& progress) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto outlines, ReadOutlines(options.files, progress));
  Backtest backtest(options);
  DRIFTCAST_RETURN_IF_ERROR(backtest.Prepare(outlines));
  DRIFTCAST_RETURN_IF_ERROR(backtest.Run(outlines, progress));
  return backtest.result();
}

}  // namespace driftcast::learn
