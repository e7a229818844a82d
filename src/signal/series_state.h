// Everything Driftcast remembers of one metric series: an online anomaly detector and an online
// forecaster in one kilobyte of plain state.
//
//   SeriesState series;
//   for (each point) {
//     const Judgement j = series.Observe(at, value);
//     if (j.alarm) ...          // opens an episode: one row per episode
//   }
//   for (const ForecastPoint& p : series.Forecast(3 * kDay)) ... p.mean, p.low, p.high
//   const Crossing full = series.TimeToCross(capacity_bytes, 7 * kDay);
//
// Constant time per point (bounded, whatever the gap) and constant memory. Nothing depends on how
// points are batched, and nothing but the points comes in: no clock, no randomness. A copy is a
// snapshot; Parse(Serialize()) gives the same state to the bit. Not thread-safe: one writer owns
// it.
//
// Counters (values that only grow, until the process restarts) become rates first: counter_rate.h.
#ifndef DRIFTCAST_SIGNAL_SERIES_STATE_H_
#define DRIFTCAST_SIGNAL_SERIES_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "signal/detector.h"
#include "signal/forecaster.h"

namespace driftcast {

// Why a point changed nothing.
enum class Skipped : uint8_t {
  kNo = 0,         // it was taken
  kNotFinite = 1,  // NaN, infinite or beyond 1e30
  kDuplicate = 2,  // same time as the newest point; the first one counts
  kLate = 3,       // older than the newest point
};

// Where the next point is expected: outside [low, high] about once in 300 points. Not below 0 while
// no value was.
struct Band {
  double low = 0, expected = 0, high = 0;  // metric's unit; all 0 before the first point
};

// What is thought of one point.
struct Judgement {
  double score = 0;  // news value of this row, in [0, 1]; >= 0.5 exactly for alarms; 0 inside an
                     // episode that was reported already, and while learning
  double evidence =
      0;               // how unusual the point is, also inside an episode; nat-like, 0 = not at all
  bool alarm = false;  // this row opens an episode
  bool change_point =
      false;              // the level has moved for good, some points ago; levels were re-learned
  bool learning = false;  // too few points for a judgement
  Skipped skipped = Skipped::kNo;
  Band band;  // what was expected of this point before it came
};

// One slot of a forecast (an hour for series sampled at least hourly).
struct ForecastPoint {
  Instant at;  // middle of the slot
  double mean = 0;
  double low = 0, high = 0;  // 95 % interval of the slot's mean
  double scale = 0;  // unit of error quantiles: quantile(p) = mean + scale * ErrorQuantile(p)
};

// When, and how probably, a limit is reached.
struct Crossing {
  bool upward = true;      // the limit lies above the present level
  double probability = 0;  // that the slot means reach it within the horizon: the largest
                           // probability of any one slot, a lower bound for "at least once"
  std::optional<Instant> likely_at;    // first slot with probability >= 0.5
  std::optional<Instant> possible_at;  // first slot with probability >= 0.1
};

class SeriesState {
 public:
  static constexpr double kAlarmScore = 0.5;
  static constexpr Duration kForecastMax = 7 * kDay;

  SeriesState();

  // Takes one point. Times before 1970 or after 2200 are treated as late. When twenty points in a
  // row are late, the sender's clock is taken to have been set back, and they count again.
  Judgement Observe(Instant at, double value);

  // Where the next point is expected.
  Band Expected() const;

  // Forecast from now (the newest point) up to the slot that holds `horizon` later, at most
  // kForecastMax or 168 slots; empty before the first slot has any value. Costs some tens of
  // microseconds a day of horizon.
  std::vector<ForecastPoint> Forecast(Duration horizon) const;
  // Quantile of a forecast point, 0 < level < 1.
  double Quantile(const ForecastPoint& point, double level) const;

  Crossing TimeToCross(double limit, Duration horizon) const;

  uint32_t points() const { return detector_.points; }
  Instant newest() const { return FromUnixMicros(detector_.last_at); }  // 1970 before any point
  Duration interval() const;    // typical distance of points
  Duration slot_width() const;  // of forecasts

  // Bytes for the store, and back. DataLoss when they are not a state of this version or violate
  // its invariants. Little-endian; the layout is versioned, so a new version can read an old one.
  std::string Serialize() const;
  static StatusOr<SeriesState> Parse(std::string_view bytes);

 private:
  Skipped Admit(int64_t at_us, double value);
  void FitSlotWidth();
  bool Valid() const;
  // The forecaster with the open slot closed if it is (nearly) complete.
  ForecasterState ReadyForecaster() const;

  DetectorState detector_;
  ForecasterState forecaster_;
};

static_assert(sizeof(SeriesState) <= 1024, "a series must fit in a kilobyte");

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_SERIES_STATE_H_
