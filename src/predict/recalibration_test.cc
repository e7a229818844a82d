#include "predict/recalibration.h"

#include <cmath>

#include <gtest/gtest.h>

#include "predict/drift_predictor.h"
#include "predict/made_history.h"

namespace driftcast::predict {
namespace {

// A made stack whose resources all change at random, and a forecaster that says the same logit of
// every one of them, day after day.
struct Watch {
  FleetState state;
  Recalibration recalibration;
  double changed = 0, said = 0;

  void Run(float logit) {
    MadeFleet fleet;
    fleet.stacks = 1;
    fleet.slowest = fleet.fastest = 0.1;
    fleet.days = 200;
    const auto history = MakeHistory(fleet);
    size_t next = 0;
    for (int day = 1; day < fleet.days; ++day) {
      const int64_t now = kMadeStart + day * kDay32;
      for (; next < history.size() && history[next].at <= FromUnixSeconds(now); ++next)
        state.Apply(history[next]);
      state.Advance(now);
      const std::vector<ResourceId> ids(state.living(0).begin(), state.living(0).end());
      const std::vector<HeadLogits> logits(ids.size(), {logit, logit, logit});
      recalibration.Observe(state, 0, static_cast<uint32_t>(now), ids, logits);
      for (const ResourceId id : ids) {
        changed += state.resource(id).recent[0] > now - kDay32;
        ++said;
      }
    }
  }
};

double Logit(double p) { return std::log(p / (1 - p)); }

TEST(Recalibration, CorrectsForecastsThatAreTooHighOrTooLow) {
  for (const float logit : {-4.0f, 0.0f}) {
    Watch watch;
    watch.Run(logit);
    const double truth = Logit(watch.changed / watch.said);
    const double corrected = watch.recalibration.Corrected(0, {logit, logit, logit})[0];
    EXPECT_LT(std::abs(corrected - truth), 0.6 * std::abs(logit - truth)) << logit;
    EXPECT_EQ(watch.recalibration.Corrected(0, {logit, logit, logit})[2], logit);
  }
}

TEST(Recalibration, LeavesGoodForecastsAlone) {
  Watch first;
  first.Run(0);
  const auto truth = static_cast<float>(Logit(first.changed / first.said));
  Watch watch;
  watch.Run(truth);
  EXPECT_NEAR(watch.recalibration.Shift(0, 0, truth), 0, 0.1);
}

TEST(Recalibration, SaysNothingOfStacksItDoesNotKnow) {
  const Recalibration none;
  EXPECT_EQ(none.Shift(7, 0, -3), 0);
  EXPECT_EQ(none.Corrected(7, {-3, -2, -1}), (HeadLogits{-3, -2, -1}));
}

TEST(Recalibration, ShiftsAreContinuousAndBounded) {
  Watch watch;
  watch.Run(2);
  float before = -8;
  for (float logit = -8; logit < 4; logit += 0.01f) {
    const double shift = watch.recalibration.Shift(0, 0, logit);
    EXPECT_LE(std::abs(shift), 1.5);
    EXPECT_LT(std::abs(shift - watch.recalibration.Shift(0, 0, before)), 0.05) << logit;
    before = logit;
  }
}

// Whether time is told between events or not, and however often the state is saved and read back,
// the same answers come to the bit.
TEST(Recalibration, DoesNotDependOnWhenTimeIsTold) {
  const auto history = MakeHistory({});
  DriftPredictor often, seldom;
  size_t i = 0;
  Instant last;
  for (const ChangeEvent& event : history) {
    if (event.at > last + kMinute) often.Advance(event.at - kMinute);
    if (event.at > last) {  // as an engine does before it learns of something new
      often.Advance(event.at);
      seldom.Advance(event.at);
    }
    last = event.at;
    if (++i == history.size() / 2) {
      DriftPredictor copy;
      ASSERT_TRUE(copy.Restore(often.Serialize()).ok());
      often = std::move(copy);
    }
    often.Learn(event);
    seldom.Learn(event);
  }
  const Instant end = FromUnixSeconds(kMadeStart + 245 * int64_t{kDay32});
  often.Advance(end);
  seldom.Advance(end);
  EXPECT_TRUE(often.Serialize() == seldom.Serialize());
  EXPECT_NE(often.recalibration().Shift(0, 0, -2), 0);
}

TEST(Recalibration, StateOfAnotherVersionIsToldFromDamage) {
  DriftPredictor predictor;
  std::string bytes = predictor.Serialize();
  EXPECT_EQ(predictor.Restore(bytes.substr(0, bytes.size() - 1)).code(), StatusCode::kDataLoss);
  bytes[0] ^= 1;
  EXPECT_EQ(predictor.Restore(bytes).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(predictor.Restore("").code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace driftcast::predict
