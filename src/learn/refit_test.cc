#include "learn/refit.h"

#include <unistd.h>

#include <map>

#include <gtest/gtest.h>

#include "learn/history_file.h"
#include "predict/made_history.h"

namespace driftcast::learn {
namespace {

using predict::kMadeStart;

class RefitTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "refit-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<std::filesystem::path> Write(const std::vector<ChangeEvent>& events) {
    std::map<std::string, std::unique_ptr<HistoryWriter>> writers;
    for (const ChangeEvent& event : events) {
      auto& writer = writers[event.stack];
      if (writer == nullptr) writer = *HistoryWriter::Create(folder_, event.stack);
      EXPECT_TRUE(writer->Add(event).ok());
    }
    for (auto& [stack, writer] : writers) EXPECT_TRUE(writer->Finish().ok());
    return *ListHistories(folder_);
  }

  std::filesystem::path folder_;
};

// Every resource changes each 4th day, on the dot: nothing that the shipped model has seen.
std::vector<ChangeEvent> Clockwork(int days) {
  std::vector<ChangeEvent> events = predict::MakeHistory({.days = 1});
  uint64_t change = 0;
  for (int day = 1; day < days; ++day)
    for (int s = 0; s < 3; ++s)
      for (int r = 0; r < 20; ++r) {
        if ((day + r) % 4 != 0) continue;
        events.push_back(
            predict::MadeEvent(kMadeStart + day * kDaySeconds + 43200, "s" + std::to_string(s),
                               "r" + std::to_string(r), ChangeOp::kChange, "spec.version",
                               "1." + std::to_string(day - 4), "1." + std::to_string(day)));
        events.back().change_id = ++change;
      }
  return events;
}

TEST_F(RefitTest, ARhythmThatTheGivenModelDoesNotKnowIsLearntAndServes) {
  RefitOptions options;
  options.files = Write(Clockwork(400));
  options.given = options.champion = *predict::PretrainedModel();
  const auto refit = RefitModel(options, nullptr);
  ASSERT_TRUE(refit.ok()) << Describe(refit.status());
  EXPECT_TRUE(refit->better) << refit->why;
  EXPECT_LT(refit->refined.day, 0.7 * refit->champion.day) << refit->why;
  EXPECT_EQ(refit->stacks, 3u);

  // Against itself in service, nothing is gained: the champion stays.
  options.champion = refit->challenger;
  const auto again = RefitModel(options, nullptr);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->better) << again->why;
}

TEST_F(RefitTest, WhereTooLittleComesTrueTheChampionStays) {
  RefitOptions options;
  options.files = Write(predict::MakeHistory({.days = 300, .slowest = 0.0005, .fastest = 0.0005}));
  options.given = options.champion = *predict::PretrainedModel();
  const auto refit = RefitModel(options, nullptr);
  ASSERT_TRUE(refit.ok()) << Describe(refit.status());
  EXPECT_FALSE(refit->better);
  EXPECT_NE(refit->why.find("too few"), std::string::npos) << refit->why;
}

TEST_F(RefitTest, DaysThatTheChampionHasLearntFromAreNotJudged) {
  RefitOptions options;
  options.files = Write(Clockwork(300));
  options.given = options.champion = *predict::PretrainedModel();
  const auto all = RefitModel(options, nullptr);
  options.champion_since = kMadeStart + 270 * kDaySeconds;
  const auto late = RefitModel(options, nullptr);
  ASSERT_TRUE(all.ok() && late.ok());
  EXPECT_EQ(late->rows, 60u * 23);  // days 270 to 292: the last week has not come true
  EXPECT_GT(all->rows, late->rows);
  options.champion_since = kMadeStart + 299 * kDaySeconds;
  EXPECT_EQ(RefitModel(options, nullptr).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(RefitTest, AHistoryOfDaysIsRefused) {
  RefitOptions options;
  options.files = Write(predict::MakeHistory({.days = 5}));
  options.given = options.champion = *predict::PretrainedModel();
  EXPECT_EQ(RefitModel(options, nullptr).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast::learn
