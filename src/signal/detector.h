// One-pass anomaly detector of one metric series.
//
// Every point is looked at in seven ways ("streams"): against the last few points, against the
// daily rhythm, short against slow level, and so on. Each stream's value is turned into a surprise
// by its own calibrated tails (tail_bank.h), and the surprises are summed: what several views find
// unusual at once counts. The sum is calibrated once more against its own history, so that one
// alarm threshold suits every metric. An alarm is one row; then the detector keeps quiet for a
// while, and becomes a little harder to impress for as long as it has alarmed often.
// docs/signals.md tells how the pieces were chosen and what they are worth.
//
// Constant time and memory per point; pure (time comes with the points). Results depend only on the
// points, in order. Plain state: a copy is a snapshot.
#ifndef DRIFTCAST_SIGNAL_DETECTOR_H_
#define DRIFTCAST_SIGNAL_DETECTOR_H_

#include <array>
#include <cstdint>

#include "base/time.h"
#include "signal/normaliser.h"
#include "signal/tail_bank.h"

namespace driftcast {

// The constants of the detector, the same for every metric. They are here to be read (and varied in
// experiments), not to be configured.
struct DetectorTuning {
  // Levels: exponential means; gains per point.
  double fast_gain = 0.22;
  double short_gain = 0.08;
  double mid_gain = 0.02;
  double slow_points = 333;  // memory of the slow level: this many points, or slow_time if longer
  double slow_days = 1;
  double rhythm_gain = 0.05;        // least gain per visit of a bucket of the daily profile
  uint8_t rhythm_visits = 3;        // visits before a bucket's profile is believed
  double scale_gain = 0.0007;       // of the mean absolute deviations that serve as scales
  double clip = 5.5;                // a point moves levels and scales by at most this many scales
  double spread_short_gain = 0.1;   // of the mean absolute differences whose ratio shows a
  double spread_long_gain = 0.003;  // change of spread
  double drift_gain = 0.1;          // smoothing of the residual against the rhythm

  double rhythm_worth = 0.6;  // levels leave the daily rhythm out once it explains so much that the
                              // residual is below this share of the deviation from the slow level
  double same_weight = 0.1;  // what each repetition of one value adds to the evidence of low spread

  TailTuning stream_tail;    // of the seven streams
  double again_share = 0.5;  // a tail learns so much from a value right behind another one in it
  double same_share = 0.03;  // ... and so much from a series that is stuck at one value
  uint8_t same_points = 3;   // repetitions after which a series counts as stuck
  double beyond_bonus = 2;   // added to a stream's surprise for being in the tail at all
  TailTuning sum_tail{.tail_share = 0.03, .prior_mean = 2, .prior_weight = 5};
  double sum_tail_weight = 0.5;  // share of the second calibration in the final evidence

  double alarm_evidence = 5.8;  // threshold
  double fine_s = 300;  // of series sampled more finely than this, quiet, habituation and the
                        // memory of scales and rhythm last as long as they would at this interval
  uint32_t quiet_points = 100;       // one alarm per episode: points without another
  double quiet_override = 2;         // ... unless this many times the evidence of the last alarm
  double habituation = 0.2;          // each alarm raises the threshold by this share ...
  double habituation_points = 4000;  // ... which fades over so many points
  uint32_t learning_points = 60;     // no judgement before

  double change_scales = 4;    // a change point: the smoothed residual stays beyond this
  uint8_t change_points = 60;  // for so many points, on one side
};

inline constexpr int kDayBuckets = 48;

// Everything the detector remembers. Times in microseconds since 1970; values in the metric's unit.
struct DetectorState {
  double fast = 0, short_level = 0, mid = 0, slow = 0, last = 0;
  Normaliser packing;                       // of `rhythm`
  int64_t last_at = 0;                      // newest point taken
  float interval_s = 0;                     // typical distance of points, seconds
  float step_scale = 0;                     // mean |x - fast|
  float rhythm_scale = 0;                   // mean |x - rhythm|
  float flat_scale = 0;                     // mean |x - slow|
  float spread_short = 0, spread_long = 0;  // mean |x - previous|
  float drift = 0;                          // smoothed residual against the rhythm, in rhythm_scale
  float habituation = 0;
  float last_alarm_evidence = 0;
  uint32_t points = 0;      // taken so far (saturates)
  uint16_t quiet_left = 0;  // points
  uint16_t sum_exceedances = 0;
  float sum_quantile = 0, sum_mean_excess = 0;
  TailBank<7> upper, lower;
  std::array<uint16_t, kDayBuckets> rhythm{};     // daily profile, halves in `packing`
  std::array<uint8_t, kDayBuckets / 2> visits{};  // points per bucket, 4 bits each, up to 15
  int8_t drift_run = 0;  // points in a row beyond change_scales, signed by side
  uint8_t same_run = 0;  // points in a row equal to the one before them (saturates)
  uint8_t beyond_upper = 0, beyond_lower = 0;  // bit per stream: its last value was in this tail

  int Visits(int bucket) const { return (visits[bucket / 2] >> (bucket % 2 * 4)) & 15; }
  void SetVisits(int bucket, int count) {
    const int shift = bucket % 2 * 4;
    visits[bucket / 2] =
        static_cast<uint8_t>((visits[bucket / 2] & (0xf0 >> shift)) | (count << shift));
  }
};

// What the detector thinks of one point.
struct Evidence {
  double evidence = 0;  // in nats-like units; alarm_evidence is the threshold. 0 while learning
  bool alarm = false;   // the row that opens an episode
  bool quiet = false;   // inside an episode that was already reported
  bool change = false;  // the level has moved for good (told some time after it did)
};

// Takes one point, which must be finite and newer than `state.last_at` (the caller sorts that out).
// `weekday_shift` is what is known to set this day of the week apart from the daily profile.
Evidence Detect(DetectorState& state, int64_t at_us, double value, double weekday_shift,
                const DetectorTuning& tuning);

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_DETECTOR_H_
