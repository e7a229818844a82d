// One-pass forecaster of one metric series on regular slots (usually hours).
//
// A ring keeps the means of the last 169 slots. Seven simple experts forecast from it: the last
// value, the recent drift, the same slot a day and a week ago, the mean of that slot over the last
// days, and two autoregressions on the lags {1, day, day + 1, week} and {day, 2 days, week}, fitted
// by recursive least squares. Each expert's error half a day ahead is followed; weights fall with a
// power of it. The combination's own errors give the quantiles. docs/signals.md has measurements.
//
// Constant time per slot, constant memory, pure. Plain state: a copy is a snapshot.
#ifndef DRIFTCAST_SIGNAL_FORECASTER_H_
#define DRIFTCAST_SIGNAL_FORECASTER_H_

#include <array>
#include <cstdint>
#include <span>

#include "signal/autoregression.h"
#include "signal/normaliser.h"

namespace driftcast {

inline constexpr int kRingSlots = 169;   // the longest lag is 168
inline constexpr int kHorizonMax = 168;  // slots: 7 days of hours
inline constexpr int kExperts = 7;
inline constexpr int kCheckMax = 12;  // slots ahead at which experts are compared, at most
inline constexpr std::array<double, 5> kQuantileLevels = {0.025, 0.1, 0.5, 0.9, 0.975};

struct ForecasterTuning {
  float forgetting = 0.995f;    // of the autoregressions, per slot
  float doubt = 10;             // prior variance of their coefficients
  double error_memory = 0.998;  // discount of past errors, per slot
  int trust_power = 5;          // weight = error ^ -power
  double quantile_gain = 0.02;  // stochastic steps of the error quantiles
  double growth = 0.6;          // beyond the check horizon errors grow with this share of the
  double growth_least = 0.35;   // exponent up to it, plus this much (at most as a random walk)
  double clamp_ranges = 1;      // autoregressions stay within the ring's range and this share more
};

// Units: `packing` units unless said otherwise.
struct ForecasterState {
  Normaliser packing;
  double open_sum = 0;  // of the open slot's values minus packing.anchor, metric's unit
  uint32_t open_count = 0;
  int32_t slot = 0;                      // number of the open slot: its start / its width
  uint32_t slot_s = 3600;                // width of a slot, seconds (the caller's)
  uint32_t closed = 0;                   // slots closed since the start (saturates)
  float near_error = 0;                  // mean |error| of the combination one slot ahead
  float far_error = 0;                   // ... and at the check horizon
  float next = 0;                        // the combination's forecast of the open slot
  std::array<float, kExperts> errors{};  // mean |error| at the check horizon; < 0: not known yet
  std::array<float, kQuantileLevels.size()> quantiles{};  // of error / far_error
  Autoregression<4> ar_day;
  Autoregression<3> ar_week;
  std::array<std::array<uint16_t, kCheckMax>, 2> pending{};  // autoregressions' forecasts, halves
  std::array<uint16_t, kRingSlots> ring{};                   // closed slots' means, halves
  uint8_t head = 0;                                          // where the next slot's mean goes
  uint8_t day = 24, week = 168;  // the two periods, in slots; 1 <= day <= week <= 168
  uint8_t checks = 0;            // times the combination was compared (saturates)
  uint8_t late_run = 0;          // points in a row that came too late (the caller's)
  uint8_t negative = 0;          // 1 once a value was below 0 (the caller's)
  std::array<uint8_t, 4> reserved{};
};

// Begins anew. Periods in slots, 1 <= day <= week <= 168.
void StartForecaster(ForecasterState& state, uint32_t slot_s, int day, int week);

// Takes a finite value into slot number `slot`. A later slot closes the open one (and fills slots
// that were missed with their forecasts); an earlier slot's value is ignored.
void TakeIntoSlot(ForecasterState& state, int32_t slot, double value,
                  const ForecasterTuning& tuning);

// Closes the open slot, so that forecasts start behind it.
void CloseSlot(ForecasterState& state, const ForecasterTuning& tuning);

// Forecasts the slots from the open one on: mean and a scale by which the error quantiles are
// multiplied, both in the metric's unit. The spans have equal size, at most kHorizonMax.
void ForecastSlots(const ForecasterState& state, std::span<double> mean, std::span<double> scale,
                   const ForecasterTuning& tuning);

// What this hour of the week differs by from the same hour of the last seven days, in the metric's
// unit: the week-ago value minus their mean. 0 unless two weeks were seen and the week-ago value
// has been clearly the better forecast of the two (mean error below kWeekWorth of the other's).
inline constexpr float kWeekWorth = 0.75f;
double WeeklyShift(const ForecasterState& state, int32_t slot);

// Quantile `level` in (0, 1) of error / scale, and its inverse; monotone.
double ErrorQuantile(const ForecasterState& state, double level);
double ErrorLevel(const ForecasterState& state, double error_over_scale);

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_FORECASTER_H_
