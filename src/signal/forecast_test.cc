#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "signal/normal_quantile.h"
#include "signal/series_state.h"

namespace driftcast {
namespace {

const Instant kStart = FromUnixSeconds(1'700'006'400);  // an hour's start

TEST(NormalQuantile, MatchesTables) {
  EXPECT_NEAR(NormalQuantile(0.975), 1.9599640, 1e-6);
  EXPECT_NEAR(NormalQuantile(0.5), 0, 1e-9);
  EXPECT_NEAR(NormalQuantile(0.1), -1.2815516, 1e-6);
  EXPECT_NEAR(NormalQuantile(1e-6), -4.7534243, 1e-5);
}

double Weekly(Instant at) {
  const double hours = ToUnixSeconds(at) / 3600;
  const bool weekend = static_cast<int64_t>(hours / 24) % 7 < 2;
  return 200 + (weekend ? 20 : 80) * (1 + std::sin(2 * M_PI * hours / 24));
}

// Mean absolute error of a 3-day forecast made after `hours` of hourly points.
double ErrorAfter(int hours, double (*truth)(Instant), double noise, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, noise);
  SeriesState state;
  for (int i = 0; i < hours; ++i) {
    const Instant at = kStart + i * kHour;
    state.Observe(at, truth(at) + normal(random));
  }
  double error = 0;
  const auto points = state.Forecast(3 * kDay);
  EXPECT_EQ(points.size(), 72u);
  for (const ForecastPoint& p : points) error += std::fabs(p.mean - truth(p.at - kHour / 2));
  return error / static_cast<double>(points.size());
}

TEST(Forecast, LearnsTheWeek) {
  // The rhythm's amplitude is 20 to 160; noise of 5 leaves little more than its own size.
  EXPECT_LT(ErrorAfter(24 * 21, Weekly, 5, 1), 10);
}

TEST(Forecast, LearnsTheDayFromThreeDays) {
  const auto daily = [](Instant at) {
    return 50 + 30 * std::sin(2 * M_PI * ToUnixSeconds(at) / 86400);
  };
  EXPECT_LT(ErrorAfter(72, daily, 1, 2), 4);
}

// Nothing was compared yet: how far points stray says how far the first hours may.
TEST(Forecast, IsNotSureOfItselfInTheFirstHour) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(100, 10);
  SeriesState state;
  for (int i = 0; i < 300; ++i)
    state.Observe(kStart + i * std::chrono::seconds(10), normal(random));
  for (const ForecastPoint& point : state.Forecast(6 * kHour)) {
    EXPECT_LT(point.low, point.mean - 10);
    EXPECT_GT(point.high, point.mean + 10);
  }
}

TEST(Forecast, CoversAboutWhatItSays) {
  int inside = 0, all = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(0, 8);
    SeriesState state;
    int i = 0;
    for (; i < 24 * 28; ++i)
      state.Observe(kStart + i * kHour, Weekly(kStart + i * kHour) + normal(random));
    for (const ForecastPoint& p : state.Forecast(2 * kDay)) {
      const double v = Weekly(kStart + i++ * kHour) + normal(random);
      inside += v >= p.low && v <= p.high;
      ++all;
    }
  }
  EXPECT_GE(inside, 0.88 * all);
  EXPECT_LE(inside, 0.995 * all);
}

TEST(Forecast, QuantilesAreMonotoneAndInvertible) {
  SeriesState state;
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i)
    state.Observe(kStart + i * kHour, 1000 + static_cast<double>(random() % 100));
  const ForecastPoint p = state.Forecast(kDay).back();
  double last = -1e300;
  for (double level = 0.01; level < 1; level += 0.01) {
    const double q = state.Quantile(p, level);
    EXPECT_GE(q, last);
    last = q;
  }
  EXPECT_NEAR(state.Quantile(p, 0.025), p.low, 1e-9);
  EXPECT_NEAR(state.Quantile(p, 0.975), p.high, 1e-9);
}

TEST(Forecast, WhatWasNeverNegativeStaysSo) {
  SeriesState state;
  for (int i = 0; i < 300; ++i) state.Observe(kStart + i * kHour, i % 24 == 0 ? 50 : 0);
  for (const ForecastPoint& p : state.Forecast(7 * kDay)) EXPECT_GE(p.low, 0);
}

TEST(Forecast, EmptyBeforeAnyPointAndModestAfterOne) {
  SeriesState state;
  EXPECT_TRUE(state.Forecast(kDay).empty());
  state.Observe(kStart, 7);
  const auto points = state.Forecast(kDay);
  ASSERT_FALSE(points.empty());
  EXPECT_DOUBLE_EQ(points.back().mean, 7);
}

TEST(Forecast, SlotsFollowASlowSeries) {
  SeriesState state;  // one value a day, weekly rhythm
  for (int i = 0; i < 120; ++i) state.Observe(kStart + i * kDay, i % 7 < 5 ? 100 : 10);
  EXPECT_EQ(state.slot_width(), kDay);
  const auto points = state.Forecast(7 * kDay);
  ASSERT_GE(points.size(), 7u);
  int low = 0;
  for (size_t i = 0; i < 7; ++i) low += points[i].mean < 50;
  EXPECT_EQ(low, 2);
}

// --- limits -------------------------------------------------------------------------------------

// A disk that fills by `rate` an hour from 40, with some noise.
SeriesState Disk(double rate, int hours) {
  SeriesState state;
  std::mt19937_64 random(11);
  for (int i = 0; i < hours * 12; ++i)
    state.Observe(kStart + i * 5 * kMinute,
                  40 + rate * i / 12 + static_cast<double>(random() % 100) / 200);
  return state;
}

TEST(Crossing, TellsWhenADiskWillBeFull) {
  const SeriesState disk = Disk(0.25, 192);  // at 88; 12 left: 48 hours
  const Crossing full = disk.TimeToCross(100, 7 * kDay);
  EXPECT_TRUE(full.upward);
  EXPECT_GT(full.probability, 0.9);
  ASSERT_TRUE(full.likely_at.has_value());
  const double hours = Seconds(*full.likely_at - disk.newest()) / 3600;
  EXPECT_GT(hours, 36);
  EXPECT_LT(hours, 64);
}

TEST(Crossing, ASteadyDiskIsLeftAlone) {
  const Crossing full = Disk(0, 192).TimeToCross(100, 7 * kDay);
  EXPECT_LT(full.probability, 0.05);
  EXPECT_FALSE(full.likely_at.has_value());
}

TEST(Crossing, DownwardLimitsWork) {
  const SeriesState disk = Disk(-0.15, 192);  // certificate days and the like: at 11, to 5 in 40 h
  const Crossing low = disk.TimeToCross(5, 7 * kDay);
  EXPECT_FALSE(low.upward);
  EXPECT_GT(low.probability, 0.9);
}

}  // namespace
}  // namespace driftcast
