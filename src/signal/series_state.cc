#include "signal/series_state.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

namespace driftcast {
namespace {

constexpr DetectorTuning kDetector;
constexpr ForecasterTuning kForecaster;
constexpr int64_t kTimeMaxUs = 7'258'118'400'000'000;  // 2200-01-01
constexpr int kLateRunMax = 20;
constexpr uint32_t kIntervalKnown = 12;  // points after which slots are fitted to the interval
constexpr double kMidSlotDecay = 0.6;    // per slot, of what the open slot already deviates by
// Scales are kept as float: values beyond this would overflow them and count as not finite.
constexpr double kValueMax = 1e30;

double ScoreOf(const Evidence& e) {
  if (e.quiet) return 0;
  const double ratio = e.evidence / kDetector.alarm_evidence;
  return e.alarm ? 1 - 0.5 / std::max(ratio, 1.0) : std::min(0.5 * ratio, 0.499);
}

// Slot widths that divide a day, for series sampled less than hourly, and their two periods.
struct SlotPlan {
  uint32_t slot_s;
  int day, week;
};
SlotPlan PlanFor(double interval_s) {
  for (const uint32_t hours : {1u, 2u, 3u, 4u, 6u, 8u, 12u})
    if (interval_s < 1.25 * 3600 * hours)
      return {3600 * hours, static_cast<int>(24 / hours), static_cast<int>(168 / hours)};
  if (interval_s < 4 * 86400) return {86400, 7, 28};
  return {7 * 86400, 4, 52};
}

}  // namespace

SeriesState::SeriesState() {
  static_assert(std::is_trivially_copyable_v<SeriesState>);
  StartForecaster(forecaster_, 3600, 24, 168);
}

Skipped SeriesState::Admit(int64_t at_us, double value) {
  if (!std::isfinite(value) || std::fabs(value) > kValueMax) return Skipped::kNotFinite;
  if (at_us < 0 || at_us > kTimeMaxUs) return Skipped::kLate;
  if (detector_.points == 0 || at_us > detector_.last_at) {
    forecaster_.late_run = 0;
    return Skipped::kNo;
  }
  if (++forecaster_.late_run >= kLateRunMax) {  // the sender's clock was set back
    forecaster_.late_run = 0;
    detector_.last_at = at_us - std::max<int64_t>(1, std::llround(detector_.interval_s * 1e6));
    forecaster_.slot = static_cast<int32_t>(at_us / 1'000'000 / forecaster_.slot_s);
    return Skipped::kNo;
  }
  return at_us == detector_.last_at ? Skipped::kDuplicate : Skipped::kLate;
}

void SeriesState::FitSlotWidth() {
  const SlotPlan plan = PlanFor(detector_.interval_s);
  if (plan.slot_s == forecaster_.slot_s) return;
  const uint8_t negative = forecaster_.negative;
  StartForecaster(forecaster_, plan.slot_s, plan.day, plan.week);
  forecaster_.negative = negative;
}

Judgement SeriesState::Observe(Instant at, double value) {
  Judgement judgement;
  judgement.band = Expected();
  const int64_t at_us = ToUnixMicros(at);
  judgement.skipped = Admit(at_us, value);
  judgement.learning = detector_.points + 1 < kDetector.learning_points;
  if (judgement.skipped != Skipped::kNo) return judgement;
  if (value < 0) forecaster_.negative = 1;
  const auto slot = static_cast<int32_t>(at_us / 1'000'000 / forecaster_.slot_s);
  const Evidence evidence =
      Detect(detector_, at_us, value, WeeklyShift(forecaster_, slot), kDetector);
  judgement.score = ScoreOf(evidence);
  judgement.evidence = evidence.evidence;
  judgement.alarm = evidence.alarm;
  judgement.change_point = evidence.change;
  if (detector_.points == kIntervalKnown) FitSlotWidth();
  TakeIntoSlot(forecaster_, static_cast<int32_t>(at_us / 1'000'000 / forecaster_.slot_s), value,
               kForecaster);
  return judgement;
}

Band SeriesState::Expected() const {
  const DetectorState& d = detector_;
  // Beyond the 97 % quantile the tail falls like exp(-excess / mean excess): three mean excesses
  // further out leave 0.03 e^-3, about 1 in 670 a side.
  const double up = d.upper.quantile[0] + 3 * d.upper.mean_excess[0];
  const double down = d.lower.quantile[0] + 3 * d.lower.mean_excess[0];
  const double few = d.points < kDetector.learning_points ? 6 : 1;  // tails are not learned yet
  const double low = d.fast - std::max(down, few) * d.step_scale;
  return {forecaster_.negative ? low : std::max(low, 0.0), d.fast,
          d.fast + std::max(up, few) * d.step_scale};
}

ForecasterState SeriesState::ReadyForecaster() const {
  ForecasterState ready = forecaster_;
  const double slot_s = ready.slot_s;
  const double into = static_cast<double>(detector_.last_at) * 1e-6 - ready.slot * slot_s;
  const bool nearly = into + detector_.interval_s >= slot_s || into >= 0.75 * slot_s;
  if (ready.open_count > 0 && (nearly || ready.closed == 0)) CloseSlot(ready, kForecaster);
  return ready;
}

std::vector<ForecastPoint> SeriesState::Forecast(Duration horizon) const {
  std::vector<ForecastPoint> points;
  if (detector_.points == 0) return points;
  const ForecasterState ready = ReadyForecaster();
  const double slot_s = ready.slot_s;
  const double end = static_cast<double>(detector_.last_at) * 1e-6 +
                     Seconds(std::min(horizon, std::max<Duration>(kForecastMax, slot_width())));
  const int count =
      static_cast<int>(std::clamp(std::floor(end / slot_s) - ready.slot + 1, 1.0, 168.0));
  std::array<double, kHorizonMax> mean, scale;
  ForecastSlots(ready, std::span(mean).first(count), std::span(scale).first(count), kForecaster);
  // Many points per slot: what has happened within the open slot moves the near forecast.
  const bool fine = detector_.interval_s * 6 <= slot_s;
  double shift = fine ? (detector_.fast - mean[0]) * kMidSlotDecay : 0;
  // Before two slots were closed nothing was forecast that could have been wrong: how far points
  // stray from their level says how far.
  if (ready.closed < 2)
    for (int i = 0; i < count; ++i) scale[i] = std::max<double>(scale[i], detector_.flat_scale);
  const double low = ErrorQuantile(forecaster_, 0.025), high = ErrorQuantile(forecaster_, 0.975);
  // What has never been negative (bytes, requests, percent) is not forecast to become so.
  const double least = forecaster_.negative ? -std::numeric_limits<double>::infinity() : 0;
  points.reserve(count);
  for (int i = 0; i < count; ++i, shift *= kMidSlotDecay) {
    const double middle = (static_cast<double>(ready.slot) + i + 0.5) * slot_s;
    const double m = std::max(mean[i] + shift, least);
    points.push_back({FromUnixMicros(std::llround(middle * 1e6)), m,
                      std::max(m + low * scale[i], least), m + high * scale[i], scale[i]});
  }
  return points;
}

double SeriesState::Quantile(const ForecastPoint& point, double level) const {
  return point.mean + point.scale * ErrorQuantile(forecaster_, level);
}

Crossing SeriesState::TimeToCross(double limit, Duration horizon) const {
  Crossing crossing;
  crossing.upward = limit >= detector_.fast;
  for (const ForecastPoint& point : Forecast(horizon)) {
    const double error = (limit - point.mean) / std::max(point.scale, 1e-300);
    const double below = ErrorLevel(forecaster_, error);
    const double reached = crossing.upward ? 1 - below : below;
    crossing.probability = std::max(crossing.probability, reached);
    if (reached >= 0.5 && !crossing.likely_at) crossing.likely_at = point.at;
    if (reached >= 0.1 && !crossing.possible_at) crossing.possible_at = point.at;
  }
  return crossing;
}

Duration SeriesState::interval() const {
  return Duration(std::llround(detector_.interval_s * 1e6));
}

Duration SeriesState::slot_width() const { return std::chrono::seconds(forecaster_.slot_s); }

}  // namespace driftcast
