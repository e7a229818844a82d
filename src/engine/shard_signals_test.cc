#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "engine/shard.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

constexpr Instant kStart = FromUnixSeconds(1'760'000'400);

// 12 series of 3 resources, a point of each every five minutes for two days.
std::vector<MetricPoint> Points() {
  std::mt19937_64 random(5);
  std::vector<MetricPoint> points;
  for (int turn = 0; turn < 12 * 48; ++turn)
    for (int series = 0; series < 12; ++series)
      points.push_back({series < 4 ? "host" : "mount",
                        series < 4   ? ""
                        : series < 8 ? "/"
                                     : "/var",
                        "metric." + std::to_string(series % 4), kStart + turn * 5 * kMinute,
                        static_cast<double>(random() % 1000) + (turn == 500 ? 9000 : 0)});
  return points;
}

// The states of all series after facts of `size` points each.
std::map<std::string, std::string> StatesOf(const std::vector<MetricPoint>& points, size_t size) {
  MemoryStore store;
  auto shard = *Shard::Restore(store, {});
  for (size_t first = 0; first < points.size(); first += size) {
    const auto end =
        points.begin() + static_cast<std::ptrdiff_t>(std::min(first + size, points.size()));
    Fact fact;
    fact.at = (end - 1)->at;
    fact.stack = StackId("web-7");
    fact.body = MetricsObserved{{points.begin() + static_cast<std::ptrdiff_t>(first), end}};
    EXPECT_TRUE(shard->Check({&fact, 1}).ok());
    shard->Apply(fact);
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard->Collect(writes, events);
    EXPECT_TRUE(store.Commit(writes).ok());
  }
  std::map<std::string, std::string> states;
  for (const auto& [name, slot] : shard->state().stacks.at("web-7").series)
    states[name] = slot.state.Serialize();
  return states;
}

TEST(ShardSignals, ResultsDoNotDependOnHowPointsAreBatched) {
  const auto points = Points();
  const auto one_by_one = StatesOf(points, 1);
  EXPECT_EQ(one_by_one.size(), 12u);
  for (const size_t size : {7, 12, 100, 5000}) EXPECT_EQ(StatesOf(points, size), one_by_one);
}

TEST(ShardSignals, NorOnTheOrderOfSeriesWithinATurn) {
  auto points = Points();
  const auto in_order = StatesOf(points, 12);
  std::mt19937_64 random(6);
  for (auto turn = points.begin(); turn != points.end(); turn += 12)
    std::shuffle(turn, turn + 12, random);
  EXPECT_EQ(StatesOf(points, 12), in_order);
}

// A series that is unusual again and again does not hide what another one did once.
TEST(ShardSignals, TheTimelineKeepsWhatACalmSeriesDid) {
  MemoryStore store;
  auto shard = *Shard::Restore(store, {});
  std::mt19937_64 random(7);
  int told = 0;
  for (int turn = 0; turn < 12 * 24 * 14; ++turn) {
    const auto noise = [&] { return static_cast<double>(random() % 100); };
    const bool calm_moves = turn == 12 * 24 * 2;
    const bool restless_moves = turn > 12 * 24 * 2 && turn % (12 * 6) == 5;  // every six hours
    MetricsObserved body;
    body.points = {
        {"host", "", "calm", kStart + turn * 5 * kMinute, noise() + (calm_moves ? 5000 : 0)},
        {"host", "", "restless", kStart + turn * 5 * kMinute,
         noise() + (restless_moves ? 3000.0 * turn : 0)}};
    Fact fact;
    fact.at = body.points[0].at;
    fact.stack = StackId("web-7");
    fact.body = std::move(body);
    shard->Apply(fact);
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard->Collect(writes, events);
    for (const LiveEvent& event : events) told += event.text.find("restless") != event.text.npos;
  }
  EXPECT_GT(told, 8);
  std::map<std::string, int> kept;
  for (const auto& activity : shard->state().stacks.at("web-7").record.activities)
    ++kept[activity.details.at("metric")];
  EXPECT_EQ(kept["calm"], 1);
  EXPECT_EQ(kept["restless"], 8);
}

}  // namespace
}  // namespace driftcast
