#include "ingest/metric_intake.h"

#include <cmath>

#include <gmock/gmock.h>

namespace driftcast::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = FromUnixSeconds(1'800'000'000);

// An intake before an engine that keeps what it is given.
class MetricIntakeTest : public testing::Test {
 protected:
  MetricIntake MakeIntake(MetricIntakeOptions options = {}) {
    return MetricIntake(
        *MetricRules::Parse("drop go_*\nfoo* {host} mount {path}\n* {host} host -\n"),
        [this](std::vector<Fact> facts, std::function<void(const Status&)> done) {
          if (!busy_.ok()) return busy_;
          for (Fact& fact : facts) facts_.push_back(std::move(fact));
          if (hold_)
            held_.push_back(std::move(done));
          else
            done(Ok());
          return Ok();
        },
        options);
  }

  struct Row {
    std::string metric, host;
    SampleType type;
    Sample sample;
  };
  static IntakeOutcome Send(MetricIntake& intake, const std::vector<Row>& rows,
                            Instant now = kNow) {
    return intake.TakeAndWait(now, [&](SampleSink& sink) {
      for (const Row& row : rows) {
        const uint64_t id = Fingerprint(row.metric + row.host, static_cast<uint64_t>(row.type));
        Deliver(sink, id, row.sample, [&] {
          return SeriesLabels{row.metric, row.type, {}, {{"host", row.host}, {"path", "/"}}};
        });
      }
      return Ok();
    });
  }
  static Sample At(int seconds, double value, double count = 0, int start = 0) {
    const auto ns = [](int s) { return (1'800'000'000 + int64_t{s}) * 1'000'000'000; };
    return {ns(seconds), start == 0 ? 0 : ns(start), value, count};
  }
  // "stack kind/name metric@seconds=value"
  std::vector<std::string> Points() const {
    std::vector<std::string> lines;
    for (const Fact& fact : facts_)
      for (const MetricPoint& p : std::get<MetricsObserved>(fact.body).points)
        lines.push_back(fmt::format("{} {}/{} {}@{}={}", fact.stack.value, p.resource_kind,
                                    p.resource_name, p.metric, Seconds(p.at - kNow), p.value));
    return lines;
  }

  Status busy_;
  bool hold_ = false;
  std::vector<std::function<void(const Status&)>> held_;
  std::vector<Fact> facts_;
};

TEST_F(MetricIntakeTest, SamplesBecomePointsOfResources) {
  auto intake = MakeIntake();
  const auto outcome = Send(intake, {{"foo", "a", SampleType::kGauge, At(-1, 1.5)},
                                     {"bar", "b", SampleType::kGauge, At(-2, 2)},
                                     {"go_x", "b", SampleType::kGauge, At(-2, 2)},
                                     {"bar", "a", SampleType::kGauge, {0, 0, 3, 0}}});
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.taken, 4u);
  EXPECT_EQ(outcome.rejected, 0u);
  EXPECT_THAT(Points(), ElementsAre("a mount// foo@-1=1.5", "a host/ bar{path=\"/\"}@0=3",
                                    "b host/ bar{path=\"/\"}@-2=2"));
  EXPECT_EQ(facts_[0].at, kNow);
}

TEST_F(MetricIntakeTest, CountersBecomeRatesAlsoOverRequestsAndResets) {
  auto intake = MakeIntake();
  Send(intake, {{"foo", "a", SampleType::kCounter, At(-30, 100)}});
  EXPECT_THAT(Points(), IsEmpty()) << "one sample has no rate";
  Send(intake, {{"foo", "a", SampleType::kCounter, At(-20, 150)},
                {"foo", "a", SampleType::kCounter, At(-20, 150)},
                {"foo", "a", SampleType::kCounter, At(-10, 20)}});
  EXPECT_THAT(Points(), ElementsAre("a mount// foo@-20=5", "a mount// foo@-10=2"));
}

TEST_F(MetricIntakeTest, DistributionsBecomeRateAndMean) {
  auto intake = MakeIntake();
  Send(intake, {{"foo", "a", SampleType::kDistribution, At(-30, 100, 10)},
                {"foo", "a", SampleType::kDistribution, At(-20, 130, 20)},
                {"foo", "b", SampleType::kDistributionDelta, At(-10, 8, 4, -20)},
                {"foo", "c", SampleType::kDelta, At(-10, 8, 0, -20)}});
  EXPECT_THAT(Points(), ElementsAre("a mount// foo.rate@-20=1", "a mount// foo.mean@-20=3",
                                    "b mount// foo.rate@-10=0.4", "b mount// foo.mean@-10=2",
                                    "c mount// foo@-10=0.8"));
}

TEST_F(MetricIntakeTest, WhatSaysNothingMakesNoPoint) {
  auto intake = MakeIntake();
  Send(intake, {{"foo", "a", SampleType::kGauge, At(-1, std::nan(""))},
                {"foo", "a", SampleType::kGauge, At(-1, HUGE_VAL)},
                {"foo", "a", SampleType::kDelta, At(-1, 5)},
                {"foo", "b", SampleType::kDelta, At(-1, 5, 0, 4)},
                {"foo", "c", SampleType::kDistributionDelta, At(-1, 5, 0, -2)}});
  EXPECT_THAT(Points(), ElementsAre("c mount// foo.rate@-1=0"));
}

TEST_F(MetricIntakeTest, RejectionsSayWhy) {
  auto intake = MakeIntake();
  const auto outcome = Send(intake, {{"foo", "", SampleType::kGauge, At(-1, 1)},
                                     {"foo", "a", SampleType::kGauge, At(-1, 1)},
                                     {"foo", "a", SampleType::kGauge, At(3600, 1)},
                                     {"foo", "a", SampleType::kGauge, At(-15 * 86400, 1)}});
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.taken, 1u);
  EXPECT_EQ(outcome.rejected, 3u);
  EXPECT_THAT(outcome.reason, HasSubstr("no rule says to which resource foo belongs"));
  EXPECT_THAT(Send(intake, {{"foo", "a", SampleType::kGauge, At(3600, 1)}}).reason,
              HasSubstr("in the future"));
}

TEST_F(MetricIntakeTest, TooManySeriesAreRejectedUntilOthersFallSilent) {
  auto intake = MakeIntake({.series_max = 1});
  EXPECT_EQ(Send(intake, {{"foo", "a", SampleType::kGauge, At(-1, 1)}}).rejected, 0u);
  const auto full = Send(intake, {{"foo", "b", SampleType::kGauge, At(-1, 1)}});
  EXPECT_EQ(full.rejected, 1u);
  EXPECT_THAT(full.reason, HasSubstr("more than 1 series: raise --metric-series-max"));
  EXPECT_EQ(
      Send(intake, {{"foo", "b", SampleType::kGauge, {0, 0, 1, 0}}}, kNow + 2 * kHour).rejected,
      0u);
}

TEST_F(MetricIntakeTest, ABusyEngineShedsMetricsAndCountsThem) {
  auto intake = MakeIntake();
  busy_ = ResourceExhausted("full");
  const auto outcome = Send(intake, {{"foo", "a", SampleType::kGauge, At(-1, 1)}});
  EXPECT_EQ(outcome.status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(intake.Counters(), testing::Contains(testing::Pair("metric_points_shed_total", 1)));
  EXPECT_THAT(intake.Counters(), testing::Contains(testing::Pair("metric_points_in_flight", 0)));
}

TEST_F(MetricIntakeTest, PointsOnTheirWayAreBounded) {
  auto intake = MakeIntake({.points_in_flight_max = 1});
  hold_ = true;
  bool answered = false;
  const auto read = [](SampleSink& sink) {
    Deliver(sink, 7, {0, 0, 1, 0}, [] {
      return SeriesLabels{"foo", SampleType::kGauge, {}, {{"host", "a"}, {"path", "/"}}};
    });
    return Ok();
  };
  intake.Take(kNow, read, [&](const IntakeOutcome&) { answered = true; });
  EXPECT_FALSE(answered) << "only what is durable is acknowledged";
  EXPECT_EQ(intake.TakeAndWait(kNow, read).status.code(), StatusCode::kResourceExhausted);
  held_[0](Ok());
  EXPECT_TRUE(answered);
}

TEST_F(MetricIntakeTest, NothingOfADamagedRequestIsTaken) {
  auto intake = MakeIntake();
  const auto outcome = intake.TakeAndWait(kNow, [](SampleSink& sink) {
    Deliver(sink, 7, {0, 0, 1, 0}, [] {
      return SeriesLabels{"foo", SampleType::kGauge, {}, {{"host", "a"}, {"path", "/"}}};
    });
    return InvalidArgument("cut off");
  });
  EXPECT_EQ(outcome.status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Points(), IsEmpty());
}

TEST_F(MetricIntakeTest, FactsAreBoundedAndBatchingChangesNothing) {
  std::vector<Row> rows;
  for (int i = 0; i < 100; ++i)
    rows.push_back({"foo", i % 3 == 0 ? "a" : "b", SampleType::kCounter, At(i - 200, i * i)});
  std::vector<std::vector<std::string>> results;
  for (const size_t size : {1u, 7u, 100u}) {
    facts_.clear();
    auto intake = MakeIntake({.fact_points_max = 10});
    for (size_t i = 0; i < rows.size(); i += size)
      Send(intake, {rows.begin() + static_cast<long>(i),
                    rows.begin() + static_cast<long>(std::min(i + size, rows.size()))});
    for (const Fact& fact : facts_)
      EXPECT_LE(std::get<MetricsObserved>(fact.body).points.size(), 10u);
    auto points = Points();
    std::stable_sort(points.begin(), points.end(),
                     [](const auto& a, const auto& b) { return a[0] < b[0]; });
    results.push_back(points);
  }
  EXPECT_EQ(results[0].size(), 98u);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace driftcast::ingest
