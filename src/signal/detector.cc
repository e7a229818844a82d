#include "signal/detector.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace driftcast {
namespace {

constexpr int64_t kDayUs = 86'400'000'000;
constexpr double kGapMax = 10;        // a longer pause counts as this many points
constexpr uint32_t kTailsStart = 10;  // points before the tails start to learn
constexpr uint32_t kFreeStart = 10;   // points during which nothing is clipped
constexpr int kRhythmFree = 12;       // visits of a bucket during which it is not clipped

enum Stream { kStep, kRhythm, kShortLevel, kSpread, kDrift, kMidLevel, kTurn, kStreams };

double Clip(double value, double limit) { return std::clamp(value, -limit, limit); }

// Gain of an exponential mean that is a plain mean at first.
double Warm(double gain, uint32_t points) { return std::max(gain, 1.0 / points); }

// The gain after a pause: what `pause` points would have done together.
double Paused(double gain, double pause) {
  return pause > 1.5 ? 1 - std::pow(1 - gain, pause) : gain;
}

int DayBucket(int64_t at_us) {
  const int64_t in_day = ((at_us % kDayUs) + kDayUs) % kDayUs;
  return static_cast<int>(in_day / (kDayUs / kDayBuckets));
}

// One point's view of the state before it changes.
struct View {
  int bucket;
  double pause;          // distance to the previous point in typical intervals, 1..kGapMax
  double step;           // against the fast level
  double difference;     // against the previous point
  double from_slow;      // against the slow level
  double rhythm_before;  // the profile's value
  double residual;       // against the rhythm
  double weekday_shift;  // known deviation of this day from the profile
  double fine;           // typical intervals per DetectorTuning::fine_s, at least 1
  bool rhythmic;         // the rhythm explains much of the series
  double step_scale, rhythm_scale;  // floored, > 0
  bool free;                        // scales mean nothing yet: clip nothing
};

View Look(const DetectorState& s, int64_t at_us, double x, double weekday_shift,
          const DetectorTuning& t) {
  View v;
  v.bucket = DayBucket(at_us);
  const double passed = static_cast<double>(at_us - s.last_at) * 1e-6;
  v.fine = s.interval_s > 0 ? std::clamp(t.fine_s / s.interval_s, 1.0, 600.0) : 1;
  v.pause = s.interval_s > 0 ? std::clamp(passed / s.interval_s, 1.0, kGapMax) : 1;
  v.step = x - s.fast;
  v.difference = x - s.last;
  v.from_slow = x - s.slow;
  v.rhythm_before = s.packing.Unpack(s.rhythm[v.bucket]);
  const bool known = s.Visits(v.bucket) >= t.rhythm_visits;
  v.weekday_shift = weekday_shift;
  v.residual = x - (known ? v.rhythm_before + weekday_shift : s.slow);
  v.rhythmic = known && s.rhythm_scale < t.rhythm_worth * s.flat_scale;
  const double floor = 1e-6 * std::fabs(s.slow) + 1e-30;
  v.step_scale = std::max<double>(s.step_scale, floor);
  v.free = s.points < kFreeStart || s.step_scale < floor;
  v.rhythm_scale = std::max<double>(s.rhythm_scale, v.step_scale);
  return v;
}

std::array<double, kStreams> Streams(const DetectorState& s, const View& v,
                                     const DetectorTuning& t) {
  const double floor = 1e-3 * v.step_scale;
  std::array<double, kStreams> z;
  z[kStep] = v.step / v.step_scale;
  z[kRhythm] = v.residual / v.rhythm_scale;
  z[kShortLevel] = (s.short_level - s.slow) / v.rhythm_scale;
  z[kSpread] = std::log((s.spread_short + floor) / (s.spread_long + floor)) -
               t.same_weight * std::min<int>(s.same_run, 100);
  z[kDrift] = s.drift;
  z[kMidLevel] = (s.mid - s.slow) / v.rhythm_scale;
  z[kTurn] = (s.short_level - s.mid) / v.rhythm_scale;
  return z;
}

// One tail's part: its surprise, and whether it was beyond, for the next time.
double Take(TailBank<kStreams>& bank, uint8_t& beyond, int stream, double value, double gain,
            double again, const TailTuning& t) {
  const auto bit = static_cast<uint8_t>(1 << stream);
  const double surprise =
      TakeIntoTail(bank.quantile[stream], bank.mean_excess[stream], bank.exceedances[stream], value,
                   gain, (beyond & bit) != 0 ? again : 1, t);
  beyond = static_cast<uint8_t>(surprise >= 0 ? beyond | bit : beyond & ~bit);
  return surprise;
}

// Sum over the streams of the surprise on the larger side, each with the bonus for being in a tail.
double SumOfSurprises(DetectorState& s, const std::array<double, kStreams>& z,
                      const DetectorTuning& t) {
  double sum = 0;
  const double gain = QuantileGain(s.points - kTailsStart, t.stream_tail);
  for (int i = 0; i < kStreams; ++i) {
    const bool stuck = i == kSpread && s.same_run > t.same_points;
    const double up = Take(s.upper, s.beyond_upper, i, z[i], gain, t.again_share, t.stream_tail);
    const double down = Take(s.lower, s.beyond_lower, i, -z[i], gain,
                             stuck ? t.same_share : t.again_share, t.stream_tail);
    const double surprise = std::max(up, down);
    if (surprise >= 0) sum += surprise + t.beyond_bonus;
  }
  return sum;
}

void LearnLevels(DetectorState& s, double x, const View& v, const DetectorTuning& t) {
  const double clip = v.free ? std::numeric_limits<double>::infinity() : t.clip * v.step_scale;
  const double wide = v.free ? clip : t.clip * v.rhythm_scale;
  const double slow_points = std::max(t.slow_points, t.slow_days * 86400 / s.interval_s);
  const auto gain = [&](double g) { return Paused(Warm(g, s.points), v.pause); };
  s.fast += gain(t.fast_gain) * Clip(v.step, 3 * clip);
  // In a rhythmic series the short and mid levels are those of the series without its rhythm.
  const double level = v.rhythmic ? s.slow + v.residual : x;
  s.short_level += gain(t.short_gain) * Clip(level - s.short_level, clip);
  s.mid += gain(t.mid_gain) * Clip(level - s.mid, wide);
  s.slow += gain(1 / slow_points) * Clip(x - s.slow, wide);
}

void LearnScales(DetectorState& s, const View& v, const DetectorTuning& t) {
  const double infinite = std::numeric_limits<double>::infinity();
  const double clip = v.free ? infinite : t.clip * v.step_scale;
  const double wide = v.free ? infinite : t.clip * v.rhythm_scale;
  const auto learn = [&](float& mean, double value, double gain, double limit) {
    mean = static_cast<float>(mean + Warm(gain, s.points) * (std::min(value, limit) - mean));
  };
  const double slowly = t.scale_gain / v.fine;
  learn(s.step_scale, std::fabs(v.step), slowly, clip);
  learn(s.flat_scale, std::fabs(v.from_slow), slowly, wide);
  learn(s.rhythm_scale, std::fabs(v.residual), slowly, wide);
  learn(s.spread_short, std::fabs(v.difference), t.spread_short_gain, clip);
  learn(s.spread_long, std::fabs(v.difference), t.spread_long_gain, clip);
}

// Stores the profile in new units; rare.
void Repack(DetectorState& s, const Normaliser& packing, double shift) {
  for (uint16_t& bits : s.rhythm) bits = packing.Pack(s.packing.Unpack(bits) + shift);
  s.packing = packing;
}

void LearnRhythm(DetectorState& s, double x, const View& v, const DetectorTuning& t) {
  const int visits = s.Visits(v.bucket);
  const double plain = x - v.weekday_shift;
  double value = plain;
  if (visits > 0) {
    const double least = t.rhythm_gain / v.fine;
    const double gain = visits < 15 ? std::max(1.0 / (visits + 1), least) : least;
    const double move = plain - v.rhythm_before;
    value = v.rhythm_before +
            gain * (visits < kRhythmFree ? move : Clip(move, t.clip * v.rhythm_scale));
  }
  if (visits < 15) s.SetVisits(v.bucket, visits + 1);
  // Halves are in units of the first points' spread; far from the anchor they would be coarse, so
  // the anchor moves after the level.
  if (s.points == kFreeStart) Repack(s, {s.slow, v.rhythm_scale}, 0);
  if (std::fabs(value - s.packing.anchor) > 1000 * s.packing.unit)
    Repack(s, {s.slow, std::max(v.rhythm_scale, std::fabs(value - s.slow) / 100)}, 0);
  s.rhythm[v.bucket] = s.packing.Pack(value);
}

// Change point: the residual has stayed on one side for long. The levels jump to where the series
// is, the profile moves along, and its buckets learn quickly again.
bool FindChange(DetectorState& s, const DetectorTuning& t) {
  const int side = s.drift > t.change_scales ? 1 : s.drift < -t.change_scales ? -1 : 0;
  s.drift_run =
      static_cast<int8_t>(side == 0 || side * s.drift_run < 0 ? side : s.drift_run + side);
  if (std::abs(s.drift_run) < t.change_points) return false;
  const double moved = s.short_level - s.slow;
  s.slow = s.mid = s.short_level;
  Repack(s, {s.packing.anchor + moved, s.packing.unit}, moved);
  for (int b = 0; b < kDayBuckets; ++b) s.SetVisits(b, std::min<int>(s.Visits(b), t.rhythm_visits));
  s.drift = 0;
  s.drift_run = 0;
  return true;
}

void Decide(DetectorState& s, double sum, double fine, const DetectorTuning& t, Evidence& out) {
  const double again =
      TakeIntoTail(s.sum_quantile, s.sum_mean_excess, s.sum_exceedances, sum,
                   QuantileGain(s.points - t.learning_points, t.sum_tail), 1, t.sum_tail);
  // The bonus for being beyond the sum's own quantile carries over, as for a single stream.
  const double second = again < 0 ? 0 : again + t.beyond_bonus;
  const double mixed = t.sum_tail_weight * second + (1 - t.sum_tail_weight) * sum;
  out.evidence = mixed / (1 + s.habituation);
  if (s.quiet_left > 0) {
    --s.quiet_left;
    out.quiet = out.evidence <= t.quiet_override * s.last_alarm_evidence;
  }
  if (out.quiet || out.evidence < t.alarm_evidence) return;
  out.alarm = true;
  s.habituation = static_cast<float>(s.habituation + t.habituation);
  s.quiet_left = static_cast<uint16_t>(std::min(t.quiet_points * fine, 65535.0));
  s.last_alarm_evidence = static_cast<float>(out.evidence);
}

void Start(DetectorState& s, int64_t at_us, double x) {
  s.fast = s.short_level = s.mid = s.slow = s.last = x;
  s.last_at = at_us;
  s.packing = {x, 1};
  s.points = 1;
}

}  // namespace

Evidence Detect(DetectorState& s, int64_t at_us, double x, double weekday_shift,
                const DetectorTuning& t) {
  Evidence out;
  if (s.points == 0) {
    Start(s, at_us, x);
    return out;
  }
  if (s.points < std::numeric_limits<uint32_t>::max()) ++s.points;
  const double passed = static_cast<double>(at_us - s.last_at) * 1e-6;
  const double typical = s.interval_s > 0 ? std::min(passed, 3.0 * s.interval_s) : passed;
  s.interval_s =
      static_cast<float>(s.interval_s + Warm(0.02, s.points - 1) * (typical - s.interval_s));
  const View view = Look(s, at_us, x, weekday_shift, t);
  s.drift = static_cast<float>(
      s.drift + t.drift_gain * (Clip(view.residual / view.rhythm_scale, t.clip) - s.drift));
  double sum = 0;
  if (s.points > kTailsStart) sum = SumOfSurprises(s, Streams(s, view, t), t);
  LearnLevels(s, x, view, t);
  LearnScales(s, view, t);
  LearnRhythm(s, x, view, t);
  s.same_run = static_cast<uint8_t>(x == s.last ? std::min(s.same_run + 1, 255) : 0);
  s.last = x;
  s.last_at = at_us;
  if (s.points < t.learning_points) return out;
  s.habituation = static_cast<float>(s.habituation * (1 - 1 / (t.habituation_points * view.fine)));
  Decide(s, sum, view.fine, t, out);
  out.change = FindChange(s, t);
  return out;
}

}  // namespace driftcast
