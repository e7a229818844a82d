#include <random>

#include <gtest/gtest.h>

#include "engine/shard_models.h"
#include "engine/shard_run.h"

namespace driftcast {
namespace {

// Days of stacks: forecasts, and outcomes that come `odds` times as often as said.
class Days {
 public:
  explicit Days(ShardState& shard) : shard_(shard) {
    ChangeEvent old;
    old.at = kStart - 60 * kDay;
    old.stack = kStack.value;
    old.kind = "file";
    old.resource = "a";
    old.op = ChangeOp::kCreate;
    shard_.forecaster.Learn(old, true);
    shard_.numbers.now = kStart;
    shard_.forecaster.Advance(kStart);
  }
  void Pass(int days, double odds) {
    for (int day = 0; day < days; ++day) {
      shard_.numbers.now += kHour;
      std::vector<InputOutcome> outcomes;
      for (int i = 0; i < 300; ++i) {
        const double p = 0.002 + 0.1 * (i % 10) / 10;
        const double truth = p * odds / (1 - p + p * odds);
        outcomes.push_back({0, p, std::uniform_real_distribution<>(0, 1)(random_) < truth});
      }
      WatchModel(shard_, kStack, outcomes);
    }
  }

 private:
  ShardState& shard_;
  std::mt19937_64 random_{7};
};

TEST(ModelWatch, RightForecastsRaiseNothingAndOnesThatTurnWrongAreToldOnce) {
  ShardState shard;
  Days days(shard);
  days.Pass(500, 1);
  EXPECT_EQ(shard.model_watch.drifted_at, Instant());
  EXPECT_NEAR(shard.model_watch.surprise.mean(), 0.5, 0.03);
  EXPECT_TRUE(shard.pending.log.writes.empty());
  days.Pass(100, 3);
  ASSERT_NE(shard.model_watch.drifted_at, Instant());
  const size_t told = shard.pending.log.writes.size();
  EXPECT_EQ(told, 2u);  // in the audit log, and to people
  days.Pass(100, 6);
  EXPECT_EQ(shard.pending.log.writes.size(), told);

  ShardState restored;
  ASSERT_TRUE(LoadModelWatch(restored, EncodeModelWatch(shard.model_watch)).ok());
  EXPECT_EQ(restored.model_watch.drifted_at, shard.model_watch.drifted_at);
  EXPECT_EQ(EncodeModelWatch(restored.model_watch), EncodeModelWatch(shard.model_watch));
  EXPECT_FALSE(LoadModelWatch(restored, "no watch").ok());
}

TEST(ModelWatch, CalmerDaysThanForecastAreNoDrift) {
  ShardState shard;
  Days days(shard);
  days.Pass(200, 3);  // it has always been so: nothing that moved
  days.Pass(200, 1);
  EXPECT_EQ(shard.model_watch.drifted_at, Instant());
}

TEST(ModelWatch, QuietDaysAndYoungStacksDoNotCount) {
  ShardState shard;
  WatchModel(shard, StackId("unknown"), std::vector<InputOutcome>(300, {0, 0.5, true}));
  EXPECT_EQ(shard.model_watch.surprise.count(), 0u);
  Days days(shard);
  WatchModel(shard, kStack, std::vector<InputOutcome>(10, {0, 0.0001, false}));
  EXPECT_EQ(shard.model_watch.surprise.count(), 0u);
}

}  // namespace
}  // namespace driftcast
