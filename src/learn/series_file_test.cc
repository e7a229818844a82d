#include "learn/series_file.h"

#include <cmath>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "learn/season.h"
#include "learn/series_run.h"

namespace driftcast::learn {
namespace {

using testing::TempDir;

struct StampCase {
  const char* text;
  const char* utc;
};
class Stamp : public testing::TestWithParam<StampCase> {};
TEST_P(Stamp, IsReadAsUtcUnlessItSaysOtherwise) {
  const auto at = ParseStamp(GetParam().text);
  EXPECT_EQ(at.ok() ? FormatInstant(*at) : "refused", GetParam().utc) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Stamp,
    testing::Values(StampCase{"2014-04-01 00:05:00", "2014-04-01T00:05:00Z"},
                    StampCase{"2014-04-01 00:05:00.25", "2014-04-01T00:05:00.25Z"},
                    StampCase{"2014-04-01T02:05:00+02:00", "2014-04-01T00:05:00Z"},
                    StampCase{"2014-04-01", "2014-04-01T00:00:00Z"},
                    StampCase{"1396310700", "2014-04-01T00:05:00Z"},
                    StampCase{"1396310700.5", "2014-04-01T00:05:00.5Z"},
                    StampCase{"1396310700000", "2014-04-01T00:05:00Z"},
                    StampCase{"1396310700000000", "2014-04-01T00:05:00Z"},
                    StampCase{"99999999999999999999", "refused"}, StampCase{"", "refused"},
                    StampCase{"yesterday", "refused"},
                    StampCase{"2014-13-01 00:00:00", "refused"}));

TEST(TimedSeriesFile, FindsItsColumnsByName) {
  const auto series = ParseTimedSeries("host,Value,TIMESTAMP\r\na,1.5,2014-04-01 00:00:00\r\n");
  ASSERT_TRUE(series.ok()) << Describe(series.status());
  EXPECT_EQ(series->values, std::vector<double>{1.5});
  EXPECT_EQ(series->stamps[0], "2014-04-01 00:00:00");
}

TEST(TimedSeriesFile, NeedsNoHeaderAndKeepsMissingValues) {
  const auto series = ParseTimedSeries("1700000000,1\n\n1700000060,\n1700000120,NaN\n");
  ASSERT_TRUE(series.ok()) << Describe(series.status());
  ASSERT_EQ(series->values.size(), 3u);
  EXPECT_EQ(series->values[0], 1);
  EXPECT_TRUE(std::isnan(series->values[1]) && std::isnan(series->values[2]));
}

struct BadCase {
  const char* text;
  const char* reason;
};
class BadTimed : public testing::TestWithParam<BadCase> {};
TEST_P(BadTimed, NamesTheLineAndTheReason) {
  const auto series = ParseTimedSeries(GetParam().text);
  ASSERT_FALSE(series.ok());
  EXPECT_EQ(series.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(series.status()).find(GetParam().reason), std::string::npos)
      << Message(series.status());
}
INSTANTIATE_TEST_SUITE_P(
    Texts, BadTimed,
    testing::Values(BadCase{"", "no rows"}, BadCase{"timestamp,value\n", "no rows"},
                    BadCase{"a,b\n1,2\n", "line 1: the header needs"},
                    BadCase{"timestamp,value\nsoon,1\n", "line 2: 'soon' is not a time"},
                    BadCase{"timestamp,value\n1700000000,high\n", "line 2: 'high' is not a number"},
                    BadCase{"timestamp,value\n1700000000\n", "line 2: 1 fields, at least 2"}));

class BadPlain : public testing::TestWithParam<BadCase> {};
TEST_P(BadPlain, NamesTheLineAndTheReason) {
  const auto series = ParsePlainSeries(GetParam().text);
  ASSERT_FALSE(series.ok());
  EXPECT_NE(Message(series.status()).find(GetParam().reason), std::string::npos)
      << Message(series.status());
}
INSTANTIATE_TEST_SUITE_P(Texts, BadPlain,
                         testing::Values(BadCase{"", "no series"},
                                         BadCase{"timestamp,value\n1,2\n", "a file of points"},
                                         BadCase{"a,1\nb,,\n", "line 2: series 'b' has no values"},
                                         BadCase{"a,1\na,2\n", "line 2: series 'a' occurs twice"},
                                         BadCase{"a,1,x\n", "line 1: field 3: 'x'"}));

TEST(SeriesFile, GzipRoundTripAndDamage) {
  const std::filesystem::path folder =
      std::filesystem::path(TempDir()) / "driftcast_series_file_test";
  const auto path = folder / "deeper" / "a.csv.gz";
  const std::string text(100000, 'x');
  ASSERT_TRUE(WriteTextFile(path, text).ok());
  const auto back = ReadTextFile(path);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, text);
  EXPECT_EQ(ReadTextFile(path, 5000).status().code(), StatusCode::kResourceExhausted);
  std::filesystem::resize_file(path, 60);
  EXPECT_EQ(ReadTextFile(path).status().code(), StatusCode::kDataLoss);
  std::filesystem::remove_all(folder);
}

// --- runs ---------------------------------------------------------------------------------------

TEST(SeriesRun, WritesOneRowPerRowAndOneAlarmPerEpisode) {
  TimedSeries series;
  for (int i = 0; i < 1000; ++i) {
    series.stamps.push_back(std::to_string(1'700'000'000 + i * 300));
    series.times.push_back(FromUnixSeconds(1'700'000'000 + i * 300));
    series.values.push_back(i == 500 ? std::nan("")
                                     : 10 + (i * 7919 % 13) * 0.1 + (i >= 800 ? 20 : 0));
  }
  const Detection found = DetectSeries(series);
  EXPECT_EQ(found.missing, 1u);
  EXPECT_EQ(found.scores[500], 0);
  EXPECT_GE(found.scores[800], 0.5);
  const std::string csv = DetectionCsv(series, found);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1001);
  EXPECT_NE(csv.find("\n1700000000,0,0\n"), std::string::npos);
}

struct SeasonCase {
  int season, length;
};
class Season : public testing::TestWithParam<SeasonCase> {};
TEST_P(Season, IsFoundUnderTrendAndNoise) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise;
  std::vector<double> values;
  for (int i = 0; i < GetParam().length; ++i)
    values.push_back(10 * std::sin(2 * M_PI * i / GetParam().season) + 0.05 * i + noise(random));
  // A long smooth season has a flat top: a step or two aside is as good.
  EXPECT_NEAR(FindSeason(values), GetParam().season, GetParam().season / 48);
}
INSTANTIATE_TEST_SUITE_P(Lengths, Season,
                         testing::Values(SeasonCase{7, 60}, SeasonCase{12, 120},
                                         SeasonCase{24, 200}, SeasonCase{96, 700},
                                         SeasonCase{168, 900}));

TEST(FindSeason, OneWhereThereIsNone) {
  EXPECT_EQ(FindSeason({}), 1);
  EXPECT_EQ(FindSeason(std::vector<double>(500, 3.0)), 1);
  std::vector<double> walk = {0};
  for (unsigned i = 1, x = 1; i < 500; ++i) {
    x = x * 1664525u + 1013904223u;
    walk.push_back(static_cast<double>(x >> 16) / 65536);
  }
  EXPECT_EQ(FindSeason(walk), 1);
}

TEST(ForecastSeries, RepeatsASeasonAndOrdersItsQuantiles) {
  PlainSeries series{"s", {}};
  for (int i = 0; i < 24 * 20; ++i) series.values.push_back(i % 24 < 8 ? 10 : 50);
  const auto forecast = ForecastSeries(series, 24, 48);
  ASSERT_EQ(forecast.size(), 48u);
  for (size_t h = 0; h < 48; ++h) {
    EXPECT_NEAR(forecast[h].mean, h % 24 < 8 ? 10 : 50, 1);
    for (size_t k = 1; k < kForecastLevels.size(); ++k)
      EXPECT_GE(forecast[h].quantiles[k], forecast[h].quantiles[k - 1]);
  }
  std::string csv = ForecastCsvHeader();
  EXPECT_EQ(csv.rfind("id,step,mean,q0.025,q0.1,", 0), 0u);
  AppendForecastCsv(series, forecast, csv);
  EXPECT_NE(csv.find("\ns,48,"), std::string::npos);
}

TEST(ForecastSeries, AnyLengthAndSeasonGivesFiniteNumbers) {
  for (const int length : {1, 2, 3, 25, 400})
    for (const int season : {1, 2, 7, 24, 96, 168}) {
      PlainSeries series{"s", {}};
      for (int i = 0; i < length; ++i) series.values.push_back(i * 37 % 11 - 3.0);
      for (const StepForecast& step : ForecastSeries(series, season, 168))
        ASSERT_TRUE(std::isfinite(step.mean) && std::isfinite(step.quantiles[0])) << length;
    }
}

TEST(SeriesPlot, DrawsWellFormedText) {
  const std::vector<Panel> panels = {
      {"a <b> & c", {1, 2, std::nan(""), 3}, {3}, {1}, {3, 4}, {2, 2}, {5, 6}}, {}};
  const std::string svg = DrawSvg(panels);
  EXPECT_NE(svg.find("a &lt;b&gt; &amp; c"), std::string::npos);
  EXPECT_NE(svg.find("<circle"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_NE(DrawHtml(panels, "t").find("<!doctype html>"), std::string::npos);
}

}  // namespace
}  // namespace driftcast::learn
