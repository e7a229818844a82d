#include "engine/shard_limits.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "engine/points_scan.h"
#include "engine/shard.h"
#include "engine/shard_view.h"
#include "store/memory_store.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kStart = FromUnixSeconds(1'760'000'400);
const StackId kStack("web-7");

// A shard that hears of one mount, four times an hour.
class ShardLimitsTest : public testing::Test {
 protected:
  void SetUp() override { shard_ = *Shard::Restore(store_, {}); }

  void Say(FactBody body) {
    Fact fact;
    fact.at = now_;
    fact.stack = kStack;
    fact.body = std::move(body);
    const std::vector<Fact> facts = {fact};
    ASSERT_TRUE(shard_->Check(facts).ok());
    shard_->Apply(fact);
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard_->Collect(writes, events);
    ASSERT_TRUE(store_.Commit(writes).ok());
  }

  // `hours` of a share that begins at `from` and grows by `slope` an hour.
  void Grow(int hours, double from, double slope) {
    for (int i = 0; i < hours * 4; ++i) {
      now_ += 15 * kMinute;
      const double wave = 0.002 * ((i * 7) % 5 - 2);
      Say(MetricsObserved{
          {{"mount", "/var", "system.filesystem.utilization", now_, from + slope * i / 4 + wave},
           {"host", "", "system.cpu.utilization", now_, i % 2 == 0 ? 0.2 : 1.0}}});
    }
  }

  template <typename F>
  auto Ask(F question) {
    ShownPlans shown;
    const ShardView view(shard_->state(), store_, shown);
    return question(view);
  }
  std::vector<ActivityReported> Told() {
    std::vector<ActivityReported> told;
    for (const auto& activity : Ask([](const EngineView& v) { return v.Activities(kStack, 1000); }))
      if (activity.kind == "limit_crossing") told.push_back(activity);
    return told;
  }
  size_t Alerts() {
    size_t count = 0;
    const Status scanned =
        store_.Scan(Table::kOutbox, "", "", [&](std::string_view, std::string_view bytes) {
          count += DecodeOutboxEffect(bytes)->kind == "limit.crossing" ? 1 : 0;
          return true;
        });
    EXPECT_TRUE(scanned.ok());
    return count;
  }

  MemoryStore store_;
  std::unique_ptr<Shard> shard_;
  Instant now_ = kStart;
};

TEST_F(ShardLimitsTest, ADiskThatFillsIsForetoldOnceAndEndsWhenItIsEmptied) {
  Grow(24 * 14, 0.5, 0.001);  // 0.84 by now, full in about a week
  const auto crossings =
      Ask([](const EngineView& v) { return v.Crossings("web-7", kCrossingHorizon, 0.5); });
  ASSERT_EQ(crossings.size(), 1u);
  EXPECT_EQ(crossings[0].series.resource_name, "/var");
  EXPECT_EQ(crossings[0].what, Bounded::kDisk);
  EXPECT_EQ(crossings[0].limit, 1);
  ASSERT_TRUE(crossings[0].likely_at);
  EXPECT_GT(*crossings[0].likely_at, now_);
  const auto told = Told();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0].text, HasSubstr("is likely to reach its limit 1 about"));
  EXPECT_THAT(told[0].resources, testing::ElementsAre("mount//var"));
  EXPECT_EQ(told[0].started_at, told[0].ended_at) << "open";
  EXPECT_EQ(Alerts(), 1u);

  Grow(48, 0.4, 0);  // somebody made room
  ASSERT_EQ(Told().size(), 1u);
  EXPECT_GT(Told()[0].ended_at, Told()[0].started_at) << "over, and still on the timeline";
  EXPECT_EQ(Alerts(), 1u);
}

TEST_F(ShardLimitsTest, WhatStaysIsNotForetold) {
  Grow(24 * 7, 0.6, 0);
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_THAT(Ask([](const EngineView& v) { return v.Crossings("", kCrossingHorizon, 0.25); }),
              IsEmpty())
      << "nor that a processor is busy at times";
}

TEST_F(ShardLimitsTest, LimitsAreLearnedFromTheConfiguration) {
  const auto limit = [this] {
    return Ask([](const EngineView& v) {
      return v.Outlook({"web-7", "host", "", "system.processes.count", {}, 0}, kDay);
    });
  };
  now_ += kMinute;
  Say(MetricsObserved{{{"host", "", "system.processes.count", now_, 120}}});
  EXPECT_FALSE(limit()->limit);
  ResourceObserved observed;
  observed.resource = {kStack, "sysctl", "kernel.pid_max"};
  observed.keys = {{"value", Value::Integer(32768)}};
  observed.means = Means::kSnapshot;
  Say(observed);
  EXPECT_EQ(limit()->limit, 32768);
  EXPECT_THAT(limit()->limit_source, HasSubstr("kernel.pid_max"));
}

TEST_F(ShardLimitsTest, AForetoldLimitIsScoredLikeAnyForecast) {
  Grow(24 * 20, 0.5, 0.001);  // reaches 0.98
  Grow(24 * 4, 0.99, 0.001);  // and is full
  const TrackRecord track = Ask([](const EngineView& v) { return v.LimitTrack(); });
  const auto& day = track.horizons[2];
  EXPECT_EQ(day.hits, 1u) << "on the day on which it filled";
  EXPECT_GT(day.misses, 15u);
  EXPECT_EQ(track.horizons[5].hits + track.horizons[5].misses, 0u) << "a month is not foretold";
  const uint64_t scored = day.hits + day.misses;
  shard_ = *Shard::Restore(store_, {});
  const TrackRecord restored = Ask([](const EngineView& v) { return v.LimitTrack(); });
  EXPECT_EQ(restored.horizons[2].hits + restored.horizons[2].misses, scored);
  EXPECT_EQ(restored.open, track.open);
}

TEST_F(ShardLimitsTest, ACrossingHasAProbabilityForEachHorizon) {
  Grow(24 * 14, 0.5, 0.001);
  const auto crossings =
      Ask([](const EngineView& v) { return v.Crossings("web-7", kCrossingHorizon, 0.1); });
  ASSERT_FALSE(crossings.empty());
  const auto& p = crossings[0].p;
  for (size_t h = 1; h < kHorizonCount; ++h) EXPECT_GE(p[h], p[h - 1]);
  EXPECT_LT(p[0], 0.1);
  EXPECT_GT(p[4], 0.5);
  EXPECT_EQ(crossings[0].answered_at, ResourceId(kStack, "mount", "/var"));
}

TEST_F(ShardLimitsTest, ALimitOfTheConfigurationCanBeRaised) {
  ResourceObserved observed;
  observed.resource = {kStack, "sysctl", "kernel.pid_max"};
  observed.keys = {{"value", Value::Integer(1000)}};
  observed.means = Means::kSnapshot;
  Say(StackEnrolled{RoleName("web"), {}, {"sysctl"}});
  Say(observed);
  Say(SnapshotCompleted{{"sysctl"}, now_});
  for (int i = 0; i < 24 * 14 * 4; ++i) {
    now_ += 15 * kMinute;
    Say(MetricsObserved{{{"host", "", "system.processes.count", now_, 400 + 0.4 * i + i % 3}}});
  }
  ASSERT_EQ(Told().size(), 1u);
  EXPECT_THAT(Told()[0].resources, testing::ElementsAre("host/", "sysctl/kernel.pid_max"));
  const auto plans = Ask([&](const EngineView& v) {
    PlanFilter filter;
    filter.resource = observed.resource;
    return v.Plans(filter).rows;
  });
  const auto raise = std::find_if(plans.begin(), plans.end(), [](const RemediationPlan& plan) {
    return plan.strategy == Strategy::kRelieveCause;
  });
  ASSERT_NE(raise, plans.end());
  EXPECT_EQ(raise->title, "Raise kernel.pid_max to 2000");
  EXPECT_EQ(raise->steps[0].kind, StepKind::kSetSysctl);
  EXPECT_EQ(raise->steps[0].parameters.at("value"), "2000");
  EXPECT_THAT(raise->why, HasSubstr("is likely to reach its limit 1000"));
  const auto nothing = std::find_if(plans.begin(), plans.end(), [](const RemediationPlan& plan) {
    return plan.strategy == Strategy::kDoNothing;
  });
  ASSERT_NE(nothing, plans.end());
  EXPECT_LT(nothing->score, raise->score);
}

TEST_F(ShardLimitsTest, ASilentSeriesIsForgottenAndCounted) {
  Grow(24, 0.5, 0);
  const auto stack = [this] { return Ask([](const EngineView& v) { return v.Stacks()[0]; }); };
  EXPECT_EQ(stack().series, 2u);
  for (int day = 0; day < 15; ++day) {
    now_ += kDay;
    Say(MetricsObserved{{{"host", "", "system.cpu.utilization", now_, 0.3}}});
  }
  EXPECT_EQ(stack().series, 1u);
  EXPECT_EQ(stack().series_forgotten, 1u);
  shard_ = *Shard::Restore(store_, {});
  EXPECT_EQ(stack().series, 1u) << "gone from the store, too";
  EXPECT_EQ(stack().series_forgotten, 1u);
  now_ += 15 * kDay;
  Say(TimeAdvanced{});
  EXPECT_EQ(stack().series, 0u) << "also when the host says nothing at all";
  EXPECT_EQ(stack().series_forgotten, 2u);
}

TEST_F(ShardLimitsTest, PointsOfOneSeriesAreFoundAmongOthers) {
  Grow(2, 0.5, 0.001);
  const auto points = Ask([this](const EngineView& v) {
    return v.Points({"web-7", "mount", "/var", "system.filesystem.utilization", {}, 0}, kStart,
                    now_, 100);
  });
  ASSERT_TRUE(points.ok());
  EXPECT_EQ(points->size(), 8u);
  EXPECT_EQ((*points)[0].at, now_) << "newest first";
  std::vector<SeriesPoint> none;
  EXPECT_EQ(AppendPoints("\x0a\xff", {}, none).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace driftcast
