#include "signal/series_state.h"

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "signal/counter_rate.h"

namespace driftcast {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const Instant kStart = FromUnixSeconds(1'700'000'000);

// A series sampled every five minutes: daily rhythm and noise, and what a case adds to it.
class Daily {
 public:
  explicit Daily(uint64_t seed = 1, Duration interval = 5 * kMinute)
      : random_(seed), interval_(interval) {}
  Instant At(int i) const { return kStart + i * interval_; }
  double Value(int i) {
    const double day = ToUnixSeconds(At(i)) / 86400;
    return 100 + 20 * std::sin(2 * M_PI * day) + noise_(random_);
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> noise_{0, 2};
  Duration interval_;
};

constexpr int kDayPoints = 288;

struct Outcome {
  std::vector<int> alarms, changes;
};
Outcome Feed(SeriesState& state, int from, int to, Daily& daily,
             const std::function<double(int, double)>& edit) {
  Outcome run;
  for (int i = from; i < to; ++i) {
    const Judgement j = state.Observe(daily.At(i), edit(i, daily.Value(i)));
    EXPECT_EQ(j.alarm, j.score >= SeriesState::kAlarmScore);
    EXPECT_GE(j.score, 0);
    EXPECT_LE(j.score, 1);
    if (j.alarm) run.alarms.push_back(i);
    if (j.change_point) run.changes.push_back(i);
  }
  return run;
}
double Same(int, double v) { return v; }

// --- what must be noticed, each within `within` points of its start
// --------------------------------

struct AnomalyCase {
  const char* name;
  int within;
  std::function<double(int since, double v)> edit;  // since >= 0 from the anomaly's start
};
class Anomaly : public testing::TestWithParam<AnomalyCase> {};

TEST_P(Anomaly, RaisesAnAlarmSoonAfterItsStart) {
  SeriesState state;
  Daily daily;
  const int start = 10 * kDayPoints + 100;
  Feed(state, 0, start, daily, Same);
  const Outcome run = Feed(state, start, start + 2 * kDayPoints, daily,
                           [&](int i, double v) { return GetParam().edit(i - start, v); });
  ASSERT_FALSE(run.alarms.empty());
  EXPECT_LE(run.alarms[0] - start, GetParam().within);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Anomaly,
    testing::Values(AnomalyCase{"Spike", 0, [](int s, double v) { return s == 0 ? v + 60 : v; }},
                    AnomalyCase{"Dip", 0, [](int s, double v) { return s == 0 ? v - 60 : v; }},
                    AnomalyCase{"LevelShift", 5, [](int, double v) { return v + 30; }},
                    AnomalyCase{"Drop", 5, [](int, double) { return 0.0; }},
                    AnomalyCase{"NoiseGrows", 30,
                                [](int s, double v) { return v + (s % 2 == 0 ? 15.0 : -15.0); }},
                    AnomalyCase{"StuckAtAValue", 40, [](int, double) { return 101.5; }},
                    AnomalyCase{"RhythmLost", 150,
                                [](int, double v) { return 100 + std::fmod(v, 4) - 2; }},
                    AnomalyCase{"SlowDrift", 200, [](int s, double v) { return v + 0.3 * s; }}),
    [](const auto& one) { return one.param.name; });

TEST(SeriesState, IsQuietOnANormalSeries) {
  SeriesState state;
  Daily daily(5);
  const Outcome run = Feed(state, 0, 28 * kDayPoints, daily, Same);
  EXPECT_LE(run.alarms.size(), 20u);  // at most five a week and series, on pure noise
  EXPECT_TRUE(run.changes.empty());
}

TEST(SeriesState, AnEpisodeIsOneRow) {
  SeriesState state;
  Daily daily;
  const int start = 10 * kDayPoints;
  Feed(state, 0, start, daily, Same);
  const Outcome run = Feed(state, start, start + 90, daily, [&](int, double v) { return v + 40; });
  EXPECT_EQ(run.alarms.size(), 1u);
}

TEST(SeriesState, TellsAChangePointFromASpike) {
  SeriesState spiky, moved;
  Daily a, b;
  const int start = 10 * kDayPoints;
  Feed(spiky, 0, start, a, Same);
  Feed(moved, 0, start, b, Same);
  const Outcome spike = Feed(spiky, start, start + kDayPoints, a,
                             [&](int i, double v) { return i < start + 3 ? v + 50 : v; });
  const Outcome shift =
      Feed(moved, start, start + kDayPoints, b, [](int, double v) { return v + 50; });
  EXPECT_TRUE(spike.changes.empty());
  ASSERT_EQ(shift.changes.size(), 1u);
  EXPECT_LE(shift.changes[0] - start, 120);
}

TEST(SeriesState, ConstantSeriesIsNormalUntilItMoves) {
  SeriesState state;
  int alarms = 0;
  for (int i = 0; i < 3000; ++i) alarms += state.Observe(kStart + i * kMinute, 45).alarm;
  EXPECT_EQ(alarms, 0);
  EXPECT_TRUE(state.Observe(kStart + 3000 * kMinute, 46).alarm);
}

TEST(SeriesState, DailyJobIsNoAnomalyOnceItIsKnown) {
  SeriesState state;
  Daily daily;
  const auto job = [](int i, double v) { return i % kDayPoints < 6 ? v + 80 : v; };
  Feed(state, 0, 14 * kDayPoints, daily, job);
  const Outcome later = Feed(state, 14 * kDayPoints, 21 * kDayPoints, daily, job);
  EXPECT_LE(later.alarms.size(), 7u);  // seven runs of the job, noise included
}

// --- bad and odd input --------------------------------------------------------------------------

struct SkipCase {
  const char* name;
  Duration after;
  double value;
  Skipped skipped;
};
class Skip : public testing::TestWithParam<SkipCase> {};
TEST_P(Skip, ChangesNothingAndSaysWhy) {
  SeriesState state;
  for (int i = 0; i < 100; ++i) state.Observe(kStart + i * kMinute, i % 7);
  const SeriesState before = state;
  const Judgement j = state.Observe(state.newest() + GetParam().after, GetParam().value);
  EXPECT_EQ(j.skipped, GetParam().skipped);
  EXPECT_FALSE(j.alarm);
  EXPECT_EQ(j.score, 0);
  EXPECT_EQ(state.points(), before.points());
  EXPECT_EQ(state.newest(), before.newest());
}
INSTANTIATE_TEST_SUITE_P(
    Points, Skip,
    testing::Values(SkipCase{"NaN", kMinute, kNaN, Skipped::kNotFinite},
                    SkipCase{"Infinite", kMinute, -std::numeric_limits<double>::infinity(),
                             Skipped::kNotFinite},
                    SkipCase{"Duplicate", Duration(0), 3, Skipped::kDuplicate},
                    SkipCase{"Late", -kMinute, 3, Skipped::kLate},
                    SkipCase{"FarFuture", 300 * 366 * kDay, 3, Skipped::kLate}),
    [](const auto& one) { return one.param.name; });

TEST(SeriesState, GoesOnAfterTheSendersClockWasSetBack) {
  SeriesState state;
  for (int i = 0; i < 200; ++i) state.Observe(kStart + i * kMinute, i % 7);
  const Instant back = kStart - 5 * kDay;
  int taken = 0;
  for (int i = 0; i < 100; ++i)
    taken += state.Observe(back + i * kMinute, i % 7).skipped == Skipped::kNo;
  EXPECT_EQ(taken, 81);  // all but the nineteen that could have been late ones
}

TEST(SeriesState, SurvivesGapsAndIrregularSampling) {
  SeriesState state;
  std::mt19937_64 random(3);
  Instant at = kStart;
  for (int i = 0; i < 5000; ++i) {
    const auto gap = i % 1000 == 999 ? 40 * kDay : Duration(1 + random() % 600'000'000);
    at += gap;
    const Judgement j = state.Observe(at, 50 + static_cast<double>(random() % 10));
    ASSERT_TRUE(std::isfinite(j.evidence) && std::isfinite(j.band.low)) << i;
  }
  for (const ForecastPoint& p : state.Forecast(7 * kDay)) {
    EXPECT_NEAR(p.mean, 54.5, 6);
    EXPECT_LT(p.low, p.high);
  }
}

TEST(SeriesState, ExtremeMagnitudesStayFinite) {
  for (const double size : {1e-300, 1e-12, 1e12, 1e25}) {
    SeriesState state;
    std::mt19937_64 random(4);
    for (int i = 0; i < 3000; ++i) {
      const double v = size * static_cast<double>(random() % 1000);
      const Judgement j = state.Observe(kStart + i * kMinute, i % 500 == 499 ? -100 * v : v);
      ASSERT_TRUE(std::isfinite(j.evidence) && std::isfinite(j.score)) << size << " " << i;
    }
    EXPECT_TRUE(SeriesState::Parse(state.Serialize()).ok()) << size;
  }
}

TEST(CounterRate, HandlesResetsAndLatePoints) {
  CounterRate counter;
  EXPECT_FALSE(counter.Observe(kStart, 100).has_value());
  EXPECT_EQ(counter.Observe(kStart + 10 * kSecond, 150), 5.0);
  EXPECT_FALSE(counter.Observe(kStart + 5 * kSecond, 120).has_value());
  EXPECT_FALSE(counter.Observe(kStart + 20 * kSecond, kNaN).has_value());
  EXPECT_EQ(counter.Observe(kStart + 20 * kSecond, 30), 3.0);  // restarted, counted 30 since
}

// --- snapshots ----------------------------------------------------------------------------------

// An awkward stream: rhythm, spikes, gaps, late points, NaN, jumps of level and of scale.
double Awkward(int i, std::mt19937_64& random) {
  if (i % 97 == 0) return kNaN;
  double v = 10 + 3 * std::sin(i / 40.0) + static_cast<double>(random() % 100) / 50;
  if (i % 501 == 0) v += 1000;
  if (i > 2000) v *= 50;
  if (i > 3000) v -= 400;
  return v;
}
Instant AwkwardTime(int i) {
  return kStart + i * 5 * kMinute + (i > 1500 ? 3 * kDay : Duration(0)) -
         (i % 61 == 0 ? kHour : Duration(0));
}

TEST(SeriesStateProperty, RestoringAnywhereChangesNoBit) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 a(seed), b(seed);
    SeriesState straight, restored;
    for (int i = 0; i < 4000; ++i) {
      const Judgement x = straight.Observe(AwkwardTime(i), Awkward(i, a));
      if (i % 37 == 0) {
        auto parsed = SeriesState::Parse(restored.Serialize());
        ASSERT_TRUE(parsed.ok()) << Describe(parsed.status()) << " at " << i;
        restored = *parsed;
      }
      const Judgement y = restored.Observe(AwkwardTime(i), Awkward(i, b));
      ASSERT_EQ(x.score, y.score);
      ASSERT_EQ(x.evidence, y.evidence);
    }
    ASSERT_EQ(straight.Serialize(), restored.Serialize());
    const auto f = straight.Forecast(7 * kDay), g = restored.Forecast(7 * kDay);
    ASSERT_EQ(f.size(), g.size());
    for (size_t i = 0; i < f.size(); ++i) ASSERT_EQ(f[i].mean, g[i].mean);
  }
}

TEST(SeriesStateProperty, LookingDoesNotChangeTheState) {
  std::mt19937_64 a(1), b(1);
  SeriesState watched, alone;
  for (int i = 0; i < 2000; ++i) {
    watched.Observe(AwkwardTime(i), Awkward(i, a));
    alone.Observe(AwkwardTime(i), Awkward(i, b));
    if (i % 50 != 0) continue;
    watched.Forecast(2 * kDay);
    watched.TimeToCross(1000, kDay);
    watched.Expected();
  }
  EXPECT_EQ(watched.Serialize(), alone.Serialize());
}

TEST(SeriesState, WhatWasNeverNegativeIsNotExpectedToBe) {
  SeriesState state;
  for (int i = 0; i < 200; ++i)
    state.Observe(FromUnixSeconds(1'700'000'000 + i * 60), i % 40 == 39 ? 90 : 1);
  EXPECT_GE(state.Expected().low, 0);
  state.Observe(FromUnixSeconds(1'700'000'000 + 200 * 60), -5);
  EXPECT_LT(state.Expected().low, 0);
}

TEST(SeriesStateProperty, DamagedSnapshotsAreRefusedOrHarmless) {
  std::mt19937_64 random(9);
  SeriesState state;
  for (int i = 0; i < 3000; ++i) state.Observe(AwkwardTime(i), Awkward(i, random));
  const std::string good = state.Serialize();
  EXPECT_FALSE(SeriesState::Parse("").ok());
  EXPECT_FALSE(SeriesState::Parse(good.substr(1)).ok());
  int refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string bad = good;
    for (int k = 0; k < 4; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    auto parsed = SeriesState::Parse(bad);
    if (!parsed.ok()) {
      ++refused;
      continue;
    }
    for (int i = 0; i < 5; ++i) parsed->Observe(parsed->newest() + kMinute, i);
    parsed->Forecast(kDay);
  }
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace driftcast
