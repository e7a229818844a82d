#include "predict/reference_predictor.h"

#include <array>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "predict/drift_predictor.h"
#include "predict/made_history.h"
#include "predict/reference_fixture.h"

namespace driftcast::predict {
namespace {

ChangeEvent EventOf(const FixtureEvent& row) {
  ChangeEvent event;
  event.at = FromUnixSeconds(row.seconds);
  event.stack = "s";
  event.kind = "app";
  event.resource = row.resource;
  event.path = "x";
  event.op = row.op;
  event.mass = row.mass;
  return event;
}

TEST(ReferencePredictor, EqualsTheFormulaOverTheWholeHistory) {
  ReferencePredictor predictor;
  size_t next = 0;
  for (const FixtureAnswer& answer : kFixtureAnswers) {
    for (; next < std::size(kFixtureEvents) && kFixtureEvents[next].seconds <= answer.cutoff;
         ++next)
      ASSERT_TRUE(predictor.Apply(EventOf(kFixtureEvents[next])).ok());
    const Instant now = FromUnixSeconds(answer.cutoff);
    ASSERT_TRUE(predictor.Alive("s", "app", answer.resource));
    EXPECT_NEAR(predictor.Probability("s", "app", answer.resource, now, kDay), answer.p_1d, 1e-9);
    EXPECT_NEAR(predictor.Probability("s", "app", answer.resource, now, 7 * kDay), answer.p_7d,
                1e-9);
  }
}

// The fallback that a site can choose is the same forecast, asked through the other interface.
TEST(ReferencePredictor, TheReferenceModelForecastsTheSame) {
  DriftPredictor fallback(std::shared_ptr<const DriftModel>(ReferenceModel(), [](auto*) {}));
  ReferencePredictor predictor;
  std::set<std::array<std::string, 3>> known;  // stack, kind, resource
  int asked = 0;
  int64_t next_question = kMadeStart + kDaySeconds / 2;
  for (const ChangeEvent& event : MakeHistory({.stacks = 2, .resources = 10, .days = 120})) {
    for (; FromUnixSeconds(next_question) < event.at; next_question += 5 * kDaySeconds) {
      const Instant now = FromUnixSeconds(next_question);
      fallback.Advance(now);
      for (const auto& [stack, kind, resource] : known) {
        const ResourceId id = fallback.Find(stack, kind, resource);
        if (!fallback.Alive(id)) continue;
        HorizonProbabilities p;
        fallback.Probabilities({&id, 1}, now, &p);
        const Standing standing = fallback.StandingOf(id, now);
        for (int h = 0; h < kHorizons; ++h) {
          EXPECT_NEAR(p[h], predictor.Probability(stack, kind, resource, now, kProductHorizons[h]),
                      1e-9);
          EXPECT_EQ(standing.p[h], p[h]);
        }
        const auto reasons = fallback.Reasons(id, standing);
        ASSERT_EQ(reasons.size(), 1u);
        EXPECT_NEAR(1 / (1 + std::exp(-reasons[0].weight)), p[2], 1e-9);
        ++asked;
      }
    }
    fallback.Learn(event);
    known.insert({event.stack, event.kind, event.resource});
    ASSERT_TRUE(predictor.Apply(event).ok());
  }
  EXPECT_GT(asked, 300);
}

TEST(ReferencePredictor, LaterHorizonsAreLikelier) {
  ReferencePredictor predictor;
  for (const FixtureEvent& row : kFixtureEvents) ASSERT_TRUE(predictor.Apply(EventOf(row)).ok());
  const Instant now = FromUnixSeconds(std::rbegin(kFixtureEvents)->seconds + 1000);
  double before = 0;
  for (Duration h : {kHour, 6 * kHour, kDay, 3 * kDay, 7 * kDay, 30 * kDay}) {
    const double p = predictor.Probability("s", "app", "web", now, h);
    EXPECT_GT(p, before);
    EXPECT_LT(p, 1);
    before = p;
  }
}

// A host of 200 packages, installed and half of it upgraded within its first hour.
TEST(ReferencePool, AFirstDayIsNotTakenForEveryDay) {
  ReferencePool pool;
  std::vector<ReferenceResource> resources(200);
  for (ReferenceResource& resource : resources) pool.Enter(&resource, 0);
  for (size_t i = 0; i < 100; ++i) pool.Change(&resources[i], 3600);
  const auto within_week = [](double rate) { return -std::expm1(-rate * 7 * kDaySeconds); };
  EXPECT_GT(within_week(pool.Rate(resources[150], 7200)), 0.9);
  EXPECT_LT(within_week(pool.YoungRate(resources[150], 7200)), 0.15);
  EXPECT_GT(pool.YoungRate(resources[0], 7200), pool.YoungRate(resources[150], 7200));
  const int64_t later = 31 * kDaySeconds;
  EXPECT_DOUBLE_EQ(pool.YoungRate(resources[0], later), pool.Rate(resources[0], later));
}

TEST(ReferencePredictor, UnknownStackAndResourceHaveThePrior) {
  ReferencePredictor predictor;
  const double p = predictor.Probability("nowhere", "k", "r", FromUnixSeconds(0), 30 * kDay);
  EXPECT_NEAR(p, 1 - std::exp(-0.5), 1e-12);  // half a change in thirty days
  EXPECT_FALSE(predictor.Alive("nowhere", "k", "r"));
}

TEST(ReferencePredictor, LateEventIsRefusedAndChangesNothing) {
  ReferencePredictor predictor;
  for (const FixtureEvent& row : kFixtureEvents) ASSERT_TRUE(predictor.Apply(EventOf(row)).ok());
  const std::string before = predictor.Serialize();
  EXPECT_EQ(predictor.Apply(EventOf(kFixtureEvents[0])).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(predictor.Serialize(), before);
}

TEST(ReferencePredictor, RestoredStateIsTheSameToTheBit) {
  ReferencePredictor half, whole;
  const size_t middle = std::size(kFixtureEvents) / 2;
  for (size_t i = 0; i < std::size(kFixtureEvents); ++i) {
    if (i == middle) {
      auto restored = ReferencePredictor::Restore(half.Serialize());
      ASSERT_TRUE(restored.ok());
      half = *std::move(restored);
    }
    ASSERT_TRUE(half.Apply(EventOf(kFixtureEvents[i])).ok());
    ASSERT_TRUE(whole.Apply(EventOf(kFixtureEvents[i])).ok());
  }
  EXPECT_EQ(half.Serialize(), whole.Serialize());
}

TEST(ReferencePredictor, DamagedStateIsRefused) {
  ReferencePredictor predictor;
  for (const FixtureEvent& row : kFixtureEvents) ASSERT_TRUE(predictor.Apply(EventOf(row)).ok());
  const std::string bytes = predictor.Serialize();
  for (size_t size = 0; size < bytes.size(); size += 13)
    EXPECT_EQ(ReferencePredictor::Restore(bytes.substr(0, size)).status().code(),
              StatusCode::kDataLoss);
}

}  // namespace
}  // namespace driftcast::predict
