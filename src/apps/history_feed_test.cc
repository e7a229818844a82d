// Recorded histories as the past of an engine's stacks.
#include "apps/history_feed.h"

#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "learn/history_file.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

const Instant kStart = *ParseInstant("2025-01-01T00:00:00Z");

class HistoryFeedTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "feed-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    engine_ = *Engine::OpenWithStore({}, &clock_, std::make_unique<MemoryStore>());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A history of one resource whose version goes up every third day.
  void Write(const std::string& stack, int changes) {
    auto writer = *learn::HistoryWriter::Create(folder_, stack);
    ChangeEvent event;
    event.stack = stack;
    event.kind = "HelmRelease";
    event.resource = "HelmRelease/apps/web";
    event.actor = "a1";
    event.at = kStart;
    event.change_id = 1;
    event.op = ChangeOp::kCreate;
    ASSERT_TRUE(writer->Add(event).ok());
    event.op = ChangeOp::kInitial;
    event.path = "version";
    event.new_value = "1.0.0";
    ASSERT_TRUE(writer->Add(event).ok());
    for (int i = 0; i < changes; ++i) {
      event.at = kStart + (3 * i + 1) * kDay + 3 * kHour;
      event.change_id = static_cast<uint64_t>(i) + 2;
      event.op = ChangeOp::kChange;
      event.old_value = fmt::format("1.0.{}", i);
      event.new_value = fmt::format("1.0.{}", i + 1);
      ASSERT_TRUE(writer->Add(event).ok());
    }
    ASSERT_TRUE(writer->Finish().ok());
  }
  StatusOr<FedHistory> Feed() { return FeedHistories(*engine_, *learn::ListHistories(folder_)); }
  size_t PastOf(const char* stack) const { return engine_->PastOf(StackId(stack))->size(); }

  std::filesystem::path folder_;
  ManualClock clock_{kStart + 200 * kDay};
  std::unique_ptr<Engine> engine_;
};

TEST_F(HistoryFeedTest, BecomesThePastOfItsStacksAndIsForecastFrom) {
  Write("a", 60);
  Write("b", 10);
  const auto fed = Feed();
  ASSERT_TRUE(fed.ok()) << Describe(fed.status());
  EXPECT_EQ(fed->stacks, 2u);
  EXPECT_EQ(fed->events, 74u);
  EXPECT_EQ(PastOf("a"), 62u);
  EXPECT_EQ(PastOf("b"), 12u);
  const auto past = *engine_->PastOf(StackId("a"));
  EXPECT_TRUE(std::is_sorted(past.begin(), past.end(),
                             [](const auto& x, const auto& y) { return x.at < y.at; }));
  EXPECT_EQ(past.back().new_value, "1.0.60");
}

TEST_F(HistoryFeedTest, FedAgainItGoesOnWhereItStopped) {
  Write("a", 10);
  ASSERT_TRUE(Feed().ok());
  const auto again = Feed();
  ASSERT_TRUE(again.ok()) << Describe(again.status());
  EXPECT_EQ(again->events, 0u);
  EXPECT_EQ(again->skipped, 12u);
  Write("a", 15);
  EXPECT_EQ(Feed()->events, 5u);
  EXPECT_EQ(PastOf("a"), 17u);
}

TEST_F(HistoryFeedTest, AStackWithAnotherPastIsRefusedAndNothingIsTold) {
  Write("a", 10);
  ASSERT_TRUE(Feed().ok());
  Write("a", 3);  // shorter than what is known: not this history
  Write("b", 3);
  EXPECT_EQ(Feed().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(PastOf("b"), 0u);
}

}  // namespace
}  // namespace driftcast
