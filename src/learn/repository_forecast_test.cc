#include "learn/repository_forecast.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "learn/history_file.h"

namespace driftcast::learn {
namespace {

class RepositoryForecastTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "forecast-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Ten files; "busy" has its version counted up every other day, "weekly" once a week.
  std::filesystem::path MadeHistory(int days) {
    auto writer = HistoryWriter::Create(folder_, "made");
    EXPECT_TRUE(writer.ok());
    ChangeEvent e;
    e.stack = "made";
    e.kind = "file:yaml";
    e.actor = "cafe0123";
    e.change_id = 1;
    e.at = start_;
    const auto add = [&] { EXPECT_TRUE((*writer)->Add(e).ok()); };
    for (int i = 0; i < 10; ++i) {
      e.resource = i == 0 ? "busy" : i == 1 ? "weekly" : "still" + std::to_string(i);
      e.op = ChangeOp::kCreate;
      e.path = "";
      e.new_value = "1";
      add();
      e.op = ChangeOp::kInitial;
      e.path = "version";
      e.new_value = "0";
      add();
    }
    e.op = ChangeOp::kChange;
    for (int day = 1; day < days; ++day) {
      e.at = start_ + day * kDay + 9 * kHour;
      for (const auto& [name, step] : {std::pair{"busy", 2}, std::pair{"weekly", 7}}) {
        if (day % step != 0) continue;
        ++e.change_id;
        e.resource = name;
        e.old_value = std::to_string(day / step - 1);
        e.new_value = std::to_string(day / step);
        add();
      }
    }
    EXPECT_TRUE((*writer)->Finish().ok());
    return folder_ / "made.tsv.gz";
  }

  RepositoryForecastOptions Options(const std::filesystem::path& history, int day) {
    RepositoryForecastOptions options;
    options.history = history;
    options.at = start_ + day * kDay;
    options.model = *predict::PretrainedModel();
    return options;
  }

  const Instant start_ = FromUnixSeconds(1'600'000'000 / 86400 * 86400);
  std::filesystem::path folder_;
};

TEST_F(RepositoryForecastTest, NamesWhatChangesAndKeepsARecord) {
  const auto history = MadeHistory(500);
  const auto forecast = ForecastRepository(Options(history, 500), nullptr);
  ASSERT_TRUE(forecast.ok()) << Message(forecast.status());
  EXPECT_EQ(forecast->stack, "made");
  EXPECT_EQ(forecast->live, 10u);
  ASSERT_EQ(forecast->changes.size(), 10u);
  EXPECT_EQ(forecast->changes[0].prediction.resource.name, "busy");
  EXPECT_EQ(forecast->changes[1].prediction.resource.name, "weekly");
  EXPECT_GT(forecast->changes[0].p, 0.8);
  EXPECT_LT(forecast->changes[2].p, 0.3);
  ASSERT_FALSE(forecast->changes[0].prediction.keys.empty());
  EXPECT_EQ(forecast->changes[0].prediction.keys[0].path, "version");
  ASSERT_TRUE(forecast->record.has_value());
  const TrackRecord& r = *forecast->record;
  EXPECT_GT(r.weeks, 20u);
  EXPECT_EQ(r.predictions, r.weeks * 10);
  EXPECT_GE(r.changed, r.weeks * 2 - 2);
  EXPECT_GT(r.skill(), 0.5);
  EXPECT_EQ(r.first_key_right, r.keys_rows);
}

TEST_F(RepositoryForecastTest, WhatComesLaterDoesNotMatter) {
  const auto history = MadeHistory(500);
  const auto whole = ForecastRepository(Options(history, 300), nullptr);
  const auto cut = ForecastRepository(Options(MadeHistory(300), 300), nullptr);
  ASSERT_TRUE(whole.ok() && cut.ok());
  ASSERT_EQ(whole->changes.size(), cut->changes.size());
  for (size_t i = 0; i < cut->changes.size(); ++i)
    EXPECT_EQ(whole->changes[i].p, cut->changes[i].p) << i;
}

TEST_F(RepositoryForecastTest, AShortHistoryHasAForecastAndNoRecord) {
  const auto forecast = ForecastRepository(Options(MadeHistory(5), 5), nullptr);
  ASSERT_TRUE(forecast.ok()) << Message(forecast.status());
  EXPECT_FALSE(forecast->record.has_value());
  EXPECT_THAT(forecast->record_missing, testing::HasSubstr("too short"));
  EXPECT_EQ(forecast->live, 10u);
}

TEST_F(RepositoryForecastTest, RefusesWhatItCannotForecast) {
  const auto history = MadeHistory(20);
  auto options = Options(history, 20);
  options.days = 31;
  EXPECT_EQ(ForecastRepository(options, nullptr).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ForecastRepository(Options(history, -1), nullptr).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(ProbabilityWithinTest, RunsThroughTheHorizonsAndNeverFalls) {
  DriftPrediction prediction;
  const double p[] = {0.01, 0.05, 0.2, 0.4, 0.6, 0.9};
  for (size_t i = 0; i < kHorizonCount; ++i) prediction.horizons[i].p_change = p[i];
  EXPECT_DOUBLE_EQ(ProbabilityWithin(prediction, 1), 0.2);
  EXPECT_DOUBLE_EQ(ProbabilityWithin(prediction, 7), 0.6);
  EXPECT_DOUBLE_EQ(ProbabilityWithin(prediction, 30), 0.9);
  for (int days = 2; days <= 30; ++days)
    EXPECT_GE(ProbabilityWithin(prediction, days), ProbabilityWithin(prediction, days - 1));
}

TEST_F(RepositoryForecastTest, ATrackRecordByHand) {
  const auto outline = Outline::Read(MadeHistory(60));
  ASSERT_TRUE(outline.ok());
  const int64_t first = ToUnixMicros(start_ + 7 * kDay) / 1'000'000;
  const auto path = folder_ / "predictions.tsv.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzprintf(file, "stack\tkind\tresource\tcutoff\tp_1d\tp_7d\tkeys\n");
  const char* right = "[{\"path\":\"version\",\"p\":1}]";
  for (int64_t day = 0; day <= 14; ++day) {  // days between the weeks do not count
    const long long cutoff = first + day * 86400;
    gzprintf(file, "made\tfile:yaml\tbusy\t%lld\t0.5\t0.8\t%s\n", cutoff, right);
    gzprintf(file, "made\tfile:yaml\tstill5\t%lld\t0.1\t0.3\t[]\n", cutoff);
    gzprintf(file, "other\tfile:yaml\tbusy\t%lld\t0.5\t0.8\t[]\n", cutoff);
  }
  gzclose(file);
  const auto record = ReadTrackRecord(path, *outline);
  ASSERT_TRUE(record.ok()) << Message(record.status());
  EXPECT_EQ(record->weeks, 3u);
  EXPECT_EQ(record->predictions, 6u);
  EXPECT_EQ(record->changed, 3u);
  EXPECT_NEAR(record->expected, 3 * 1.1, 1e-9);
  EXPECT_NEAR(record->brier, (0.04 + 0.09) / 2, 1e-9);
  EXPECT_NEAR(record->brier_constant, 0.25, 1e-9);
  EXPECT_EQ(record->first_key_right, 3u);
  EXPECT_EQ(record->top_came, 3u);
}

TEST_F(RepositoryForecastTest, AnotherTableIsRefused) {
  const auto history = MadeHistory(20);
  const auto outline = Outline::Read(history);
  ASSERT_TRUE(outline.ok());
  EXPECT_EQ(ReadTrackRecord(history, *outline).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast::learn
