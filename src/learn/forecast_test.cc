// The forecast from end to end on small made histories: it learns what is there to be learned,
// nothing where there is nothing, and nothing from the future.
#include <unistd.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/file.h"
#include "learn/backtest.h"
#include "learn/history_file.h"
#include "learn/outline.h"
#include "learn/replay.h"
#include "learn/report.h"
#include "learn/trainer.h"
#include "predict/drift_predictor.h"
#include "predict/made_history.h"
#include "predict/reference_predictor.h"

namespace driftcast::learn {
namespace {

using predict::kMadeStart;

class ForecastTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "forecast-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Writes the events up to `until` as histories into a folder of that name.
  std::vector<std::filesystem::path> Write(const std::vector<ChangeEvent>& events, const char* name,
                                           int64_t until = INT64_MAX) {
    const auto folder = folder_ / name;
    std::filesystem::create_directories(folder);
    std::map<std::string, std::unique_ptr<HistoryWriter>> writers;
    for (const ChangeEvent& event : events) {
      if (ToUnixMicros(event.at) / 1'000'000 > until) continue;
      auto& writer = writers[event.stack];
      if (writer == nullptr) writer = *HistoryWriter::Create(folder, event.stack);
      EXPECT_TRUE(writer->Add(event).ok());
    }
    for (auto& [stack, writer] : writers) EXPECT_TRUE(writer->Finish().ok());
    return *ListHistories(folder);
  }

  static BoosterOptions SmallTrees() {
    BoosterOptions trees;
    trees.rounds = 60;
    trees.leaves_max = 6;
    trees.min_child_weight = 5;
    return trees;
  }

  static StatusOr<predict::DriftModel> Train(const std::vector<std::filesystem::path>& files,
                                             int64_t before, bool shuffle = false) {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto outlines, ReadOutlines(files, nullptr));
    CollectOptions collect;
    collect.before = before;
    collect.shuffle_labels = shuffle;
    DRIFTCAST_ASSIGN_OR_RETURN(const auto rows, CollectRows(files, outlines, collect, nullptr));
    TrainOptions options;
    options.trees = SmallTrees();
    return TrainModel(rows, std::vector<bool>(outlines.size(), true), options, nullptr);
  }

  struct Row {
    double p_1d, p_7d;
    std::string keys;
  };
  using Rows = std::map<std::string, Row>;  // by "stack kind resource cutoff"

  Rows Backtest(const std::vector<std::filesystem::path>& files, const predict::DriftModel& model,
                std::set<std::string> judged, int64_t from, bool in_service) {
    BacktestOptions options;
    options.files = files;
    options.folds = {{std::move(judged), model}};
    options.from = from;
    options.in_service = in_service;
    options.out = folder_ / "out.tsv.gz";
    const auto result = RunBacktest(options, nullptr);
    EXPECT_TRUE(result.ok()) << Describe(result.status());
    auto lines = *GzipLines::Open(options.out);
    Rows rows;
    std::string_view line;
    EXPECT_TRUE(*lines->Next(&line));
    while (*lines->Next(&line)) {
      std::vector<std::string> f;
      for (size_t begin = 0; begin <= line.size();) {
        const size_t tab = std::min(line.find('\t', begin), line.size());
        f.emplace_back(line.substr(begin, tab - begin));
        begin = tab + 1;
      }
      rows[f[0] + " " + f[1] + " " + f[2] + " " + f[3]] = {std::stod(f[4]), std::stod(f[5]), f[6]};
    }
    return rows;
  }

  struct Skill {
    double model = 0, reference = 0, constant = 0;  // mean log losses of P(1 d)
    double OverReference() const { return 1 - model / reference; }
    double OverConstant() const { return 1 - model / constant; }
  };

  // Of predictions against what happened.
  static Skill Judge(const std::vector<std::filesystem::path>& files, const Rows& rows) {
    Skill skill;
    double happened = 0, n = 0;
    std::vector<std::tuple<double, double, bool>> all;  // p, reference, label
    std::vector<Outline> outlines = *ReadOutlines(files, nullptr);
    predict::ReferencePredictor reference;
    EXPECT_TRUE(Replay(
                    files, INT64_MAX / 2,
                    [&](const ChangeEvent& e) { EXPECT_TRUE(reference.Apply(e).ok()); },
                    [&](int64_t cutoff) -> Status {
                      if (cutoff > outlines[0].last() + kDaySeconds) return Aborted("the end");
                      for (const Outline& o : outlines)
                        for (const ResourceOutline& r : o.resources()) {
                          const auto row = rows.find(
                              fmt::format("{} {} {} {}", o.stack(), r.kind, r.name, cutoff));
                          if (row == rows.end()) continue;
                          all.emplace_back(row->second.p_1d,
                                           reference.Probability(o.stack(), r.kind, r.name,
                                                                 FromUnixSeconds(cutoff), kDay),
                                           r.ChangesWithin(cutoff, kDaySeconds));
                        }
                      return Ok();
                    })
                    .code() == StatusCode::kAborted);
    for (const auto& [p, ref, label] : all) {
      happened += label;
      n += 1;
    }
    const auto loss = [](double p, bool label) { return -std::log(label ? p : 1 - p); };
    for (const auto& [p, ref, label] : all) {
      skill.model += loss(p, label);
      skill.reference += loss(ref, label);
      skill.constant += loss(happened / n, label);
    }
    EXPECT_GT(happened, 20);
    return skill;
  }

  std::filesystem::path folder_;
};

TEST_F(ForecastTest, LearnsTheRhythmThatTheReferenceCannotSee) {
  const auto files = Write(predict::MakeHistory({}), "h");
  const int64_t from = kMadeStart + 150 * kDaySeconds;
  const auto model = Train(files, from);
  ASSERT_TRUE(model.ok()) << Describe(model.status());
  const Rows rows = Backtest(files, *model, {"s0", "s1", "s2"}, from, false);
  EXPECT_GT(rows.size(), 3000u);
  EXPECT_GT(Judge(files, rows).OverReference(), 0.03);  // nothing changes on weekends
}

TEST_F(ForecastTest, ShuffledLabelsGiveNoSkill) {
  const auto files = Write(predict::MakeHistory({}), "h");
  const int64_t from = kMadeStart + 150 * kDaySeconds;
  const auto model = Train(files, from, true);
  ASSERT_TRUE(model.ok());
  const Rows rows = Backtest(files, *model, {"s0", "s1", "s2"}, from, false);
  EXPECT_LT(Judge(files, rows).OverConstant(), 0.01);
}

TEST_F(ForecastTest, WhatHappensLaterLeavesPredictionsAsTheyWereToTheBit) {
  const auto history = predict::MakeHistory({});
  const auto whole = Write(history, "whole");
  // The part ends more than 60 days after `from`, so that both are judged, and their forecasts
  // compared with what happened, from the same day on.
  const int64_t from = kMadeStart + 150 * kDaySeconds, cut = kMadeStart + 214 * kDaySeconds;
  const auto part = Write(history, "part", cut);
  const auto model = Train(whole, from);
  ASSERT_TRUE(model.ok());
  for (const bool in_service : {false, true}) {
    const Rows all = Backtest(whole, *model, {"s0", "s1", "s2"}, from, in_service);
    const Rows early = Backtest(part, *model, {"s0", "s1", "s2"}, from, in_service);
    ASSERT_GT(early.size(), 1000u);
    size_t compared = 0;
    for (const auto& [key, row] : early) {
      const auto same = all.find(key);
      if (same == all.end()) continue;
      ++compared;
      EXPECT_EQ(row.p_1d, same->second.p_1d) << key;
      EXPECT_EQ(row.p_7d, same->second.p_7d) << key;
      EXPECT_EQ(row.keys, same->second.keys) << key;
    }
    EXPECT_GT(compared, 1000u);
  }
}

TEST_F(ForecastTest, TrainingStopsBeforeTheEvaluation) {
  const auto history = predict::MakeHistory({});
  const int64_t before = kMadeStart + 150 * kDaySeconds;
  const auto whole = Write(history, "whole"),
             part = Write(history, "part", before + 75 * kDaySeconds);
  const auto a = Train(whole, before), b = Train(part, before);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(a->Serialize() == b->Serialize());
}

TEST_F(ForecastTest, SeeingTheLeaderTellsWhatTheFollowerWillDo) {
  const auto history = predict::MakeFollowers(40, 260, 2, 3);
  const auto files = Write(history, "both");
  const int64_t from = kMadeStart + 170 * kDaySeconds;
  const auto model = Train(files, from);
  ASSERT_TRUE(model.ok());
  std::vector<std::filesystem::path> alone;
  for (const auto& f : files)
    if (StackOfHistory(f) == "follower") alone.push_back(f);
  const double with =
      Judge(files, Backtest(files, *model, {"follower"}, from, false)).OverReference();
  const double without =
      Judge(alone, Backtest(alone, *model, {"follower"}, from, false)).OverReference();
  EXPECT_GT(with, 0.3);
  EXPECT_LT(without, 0.15);
}

TEST_F(ForecastTest, ForecastNamesTheKeyTheValueAndTheReasons) {
  const auto history = predict::MakeFollowers(40, 260, 2, 3);
  const auto files = Write(history, "both");
  auto model = Train(files, kMadeStart + 170 * kDaySeconds);
  ASSERT_TRUE(model.ok());
  predict::DriftPredictor predictor(std::make_shared<predict::DriftModel>(*std::move(model)));
  // Stop right after a move of the leader late in the history.
  ChangeEvent last;
  for (const ChangeEvent& event : history) {
    predictor.Learn(event);
    last = event;
    if (event.at > FromUnixSeconds(kMadeStart + 200 * kDaySeconds) && event.stack == "leader")
      break;
  }
  const Instant now = last.at + kHour;
  predictor.Advance(now);
  const driftcast::ResourceId id{StackId("follower"), last.kind, last.resource};
  const auto prediction = predictor.Predict(id, now);
  ASSERT_TRUE(prediction.ok());
  EXPECT_FALSE(prediction->abstains);
  for (size_t h = 1; h < kHorizonCount; ++h)
    EXPECT_GE(prediction->horizons[h].p_change, prediction->horizons[h - 1].p_change);
  EXPECT_GT(prediction->horizons[4].p_change, 0.5);  // within a week
  ASSERT_FALSE(prediction->keys.empty());
  EXPECT_EQ(prediction->keys[0].path, "spec.version");
  EXPECT_EQ(prediction->keys[0].value, last.new_value);
  EXPECT_EQ(prediction->keys[0].source, "similar stacks");

  double sum = 0;
  bool says_leader = false;
  for (const Reason& reason : prediction->reasons) {
    sum += reason.weight;
    EXPECT_FALSE(reason.text.empty());
    says_leader = says_leader || reason.text.find("leader") != std::string::npos;
  }
  const double p = prediction->horizons[2].p_change;
  EXPECT_NEAR(sum, std::log(p / (1 - p)), 1e-6);
  EXPECT_TRUE(says_leader);

  std::vector<predict::HorizonProbabilities> batch(3);
  const predict::ResourceId handle = predictor.Find("follower", last.kind, last.resource);
  const std::vector<predict::ResourceId> ids = {0, handle, 1};
  predictor.Probabilities(ids, now, batch.data());
  for (size_t h = 0; h < kHorizonCount; ++h)
    EXPECT_EQ(batch[1][h], prediction->horizons[h].p_change);
}

TEST_F(ForecastTest, YoungStackAbstains) {
  const auto history = predict::MakeHistory({});
  const auto files = Write(history, "h");
  auto model = Train(files, kMadeStart + 150 * kDaySeconds);
  ASSERT_TRUE(model.ok());
  predict::DriftPredictor predictor(std::make_shared<predict::DriftModel>(*std::move(model)));
  for (const ChangeEvent& event : history) {
    if (event.at > FromUnixSeconds(kMadeStart + 5 * kDaySeconds)) break;
    predictor.Learn(event);
  }
  const Instant now = FromUnixSeconds(kMadeStart + 6 * kDaySeconds);
  predictor.Advance(now);
  const driftcast::ResourceId id{StackId("s0"), "HelmRelease", "HelmRelease/apps/r3"};
  const auto prediction = predictor.Predict(id, now);
  ASSERT_TRUE(prediction.ok());
  EXPECT_TRUE(prediction->abstains);
  double sum = 0;
  for (const Reason& reason : prediction->reasons) sum += reason.weight;
  const double p = prediction->horizons[2].p_change;
  EXPECT_NEAR(sum, std::log(p / (1 - p)), 1e-6);
  EXPECT_EQ(predictor.Predict({StackId("s0"), "x", "y"}, now).status().code(),
            StatusCode::kNotFound);
}

TEST_F(ForecastTest, BaselinesAndAblationsUseOnlyTheirInputs) {
  const auto files = Write(predict::MakeHistory({}), "h");
  const auto outlines = *ReadOutlines(files, nullptr);
  CollectOptions collect;
  collect.before = kMadeStart + 150 * kDaySeconds;
  collect.rows_per_stack = 2000;
  const auto rows = *CollectRows(files, outlines, collect, nullptr);
  const std::vector<bool> all(outlines.size(), true);

  auto logistic = *BaselineOptions("logistic");
  logistic.heads = 1;
  const auto linear = *TrainModel(rows, all, logistic, nullptr);
  EXPECT_TRUE(linear.trained());
  EXPECT_EQ(linear.heads[0].trees.tree_count(), 0u);

  TrainOptions without;
  without.trees = SmallTrees();
  without.heads = 1;
  without.inputs = *InputsWithout({"own", "rhythm"});
  const auto ablated = *TrainModel(rows, all, without, nullptr);
  predict::FeatureVector a{}, b{};
  for (int i = 0; i < predict::kFeatures; ++i) {
    const auto family = predict::FamilyOf(i);
    const bool out = family == predict::Family::kOwn || family == predict::Family::kRhythm;
    b[i] = out ? 5.0f : 0.0f;
  }
  EXPECT_EQ(ablated.heads[0].Logit(a.data()), ablated.heads[0].Logit(b.data()));
  EXPECT_FALSE(InputsWithout({"moon"}).ok());
  EXPECT_FALSE(BaselineOptions("moon").ok());
}

TEST_F(ForecastTest, TheTableHoldsTheFiguresOfBothSettings) {
  const auto history = predict::MakeHistory({});
  const auto files = Write(history, "h");
  const int64_t from = kMadeStart + 150 * kDaySeconds;
  BacktestOptions options;
  options.files = files;
  options.folds.push_back({{"s0", "s1"}, *Train(files, from)});
  options.from = from;
  options.report = options.judge_unseen = true;
  const auto result = RunBacktest(options, nullptr);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->reports.size(), 2u);
  const StackReport& report = result->reports[0];
  EXPECT_EQ(report.day.size(), report.unseen_day.size());
  EXPECT_GT(report.keys.rows, 0u);
  EXPECT_GE(report.keys.five, report.keys.first);
  const std::string table = ReportTable(result->reports);
  EXPECT_NE(table.find("MEAN of 2"), std::string::npos) << table;
  EXPECT_NE(table.find("u:skill1"), std::string::npos);
}

TEST_F(ForecastTest, TheNumberOfThreadsChangesNoPrediction) {
  predict::MadeFleet fleet;
  fleet.stacks = 2;
  fleet.resources = 800;  // enough rows a day for three threads
  fleet.days = 100;
  const auto files = Write(predict::MakeHistory(fleet), "many");
  const int64_t from = predict::kMadeStart + 70 * kDaySeconds;
  const auto model = Train(files, from);
  ASSERT_TRUE(model.ok()) << Describe(model.status());
  std::array<std::string, 2> service, unseen, table;
  for (const size_t run : {0u, 1u}) {
    BacktestOptions options;
    options.files = files;
    options.folds = {{{"s0"}, *model}, {{"s1"}, *model}};
    options.from = from;
    options.threads = run == 0 ? 1 : 3;
    options.report = options.judge_unseen = true;
    options.out = folder_ / "service.tsv.gz";
    options.out_unseen = folder_ / "unseen.tsv.gz";
    const auto result = RunBacktest(options, nullptr);
    ASSERT_TRUE(result.ok()) << Describe(result.status());
    EXPECT_GT(result->rows, 10'000u);
    service[run] = *ReadFile(options.out, 1 << 26);
    unseen[run] = *ReadFile(options.out_unseen, 1 << 26);
    table[run] = ReportTable(result->reports);
  }
  EXPECT_TRUE(service[0] == service[1]);
  EXPECT_TRUE(unseen[0] == unseen[1]);
  EXPECT_EQ(table[0], table[1]);
}

TEST_F(ForecastTest, ModelFilesAreReadBackAndDamageIsRefused) {
  const auto files = Write(predict::MakeHistory({}), "h");
  const auto model = Train(files, kMadeStart + 150 * kDaySeconds);
  ASSERT_TRUE(model.ok());
  const std::string bytes = model->Serialize();
  const auto restored = predict::DriftModel::Parse(bytes);
  ASSERT_TRUE(restored.ok());
  EXPECT_TRUE(restored->Serialize() == bytes);
  EXPECT_FALSE(predict::DriftModel::Parse("").ok());
  EXPECT_FALSE(predict::DriftModel::Parse(bytes.substr(0, bytes.size() - 3)).ok());
  std::string other = bytes;
  other[9] ^= 1;  // the layout of the inputs
  EXPECT_EQ(predict::DriftModel::Parse(other).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace driftcast::learn
