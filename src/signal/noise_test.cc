// How often the detector speaks when there is nothing to say, by sampling interval and kind of
// noise.
#include <cmath>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "signal/series_state.h"

namespace driftcast {
namespace {

using Random = std::mt19937_64;

struct QuietCase {
  const char* name;
  int interval_s;
  int days;
  int alarms_max;
  std::function<double(Random&, double day)> value;  // at this many days since 1970
};

double Gauss(Random& random, double sigma) {
  return std::normal_distribution<double>(0, sigma)(random);
}

double Counts(Random& random, double mean) {
  return static_cast<double>(std::poisson_distribution<int>(mean)(random));
}

class Quiet : public testing::TestWithParam<QuietCase> {};

TEST_P(Quiet, OnSeriesWithoutAnomalies) {
  const QuietCase& c = GetParam();
  int alarms = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    Random random(seed);
    SeriesState state;
    const int points = c.days * 86400 / c.interval_s;
    for (int i = 0; i < points; ++i) {
      const Instant at = FromUnixSeconds(1'700'000'000 + int64_t{i} * c.interval_s);
      alarms += state.Observe(at, c.value(random, ToUnixSeconds(at) / 86400)).alarm;
    }
  }
  EXPECT_LE(alarms, 3 * c.alarms_max);
  RecordProperty("alarms_per_series", std::to_string(alarms / 3.0));
  std::printf("%s: %.1f alarms a series in %d days\n", c.name, alarms / 3.0, c.days);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Quiet,
    testing::Values(
        QuietCase{"Noise10s", 10, 7, 12, [](Random& r, double) { return 50 + Gauss(r, 3); }},
        QuietCase{"Noise5min", 300, 28, 12, [](Random& r, double) { return 50 + Gauss(r, 3); }},
        QuietCase{"NoiseHourly", 3600, 120, 8, [](Random& r, double) { return 50 + Gauss(r, 3); }},
        QuietCase{
            "Daily1min", 60, 21, 12,
            [](Random& r, double day) { return 50 + 20 * std::sin(2 * M_PI * day) + Gauss(r, 3); }},
        QuietCase{
            "Daily5min", 300, 28, 10,
            [](Random& r, double day) { return 50 + 20 * std::sin(2 * M_PI * day) + Gauss(r, 3); }},
        QuietCase{"WeekdaysHourly", 3600, 120, 14,
                  [](Random& r, double day) {
                    const bool weekend = std::fmod(std::floor(day), 7) < 2;
                    return Counts(r, (weekend ? 30 : 100) * (1.2 + std::sin(2 * M_PI * day)));
                  }},
        QuietCase{"WeekdaysCounts5min", 300, 42, 20,
                  [](Random& r, double day) {
                    const bool weekend = std::fmod(std::floor(day), 7) < 2;
                    return Counts(r, (weekend ? 30 : 100) * (1.2 + std::sin(2 * M_PI * day)));
                  }},
        QuietCase{"HeavyTailed5min", 300, 28, 16,
                  [](Random& r, double) { return 40 * std::exp(Gauss(r, 0.6)); }},
        QuietCase{"RareCounts1min", 60, 14, 14, [](Random& r, double) { return Counts(r, 0.05); }}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace driftcast
