#include "signal/forecaster.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "signal/normal_quantile.h"

namespace driftcast {
namespace {

enum Expert { kLast, kDrift, kDay, kWeek, kDayMean, kArDay, kArWeek };

constexpr int kDriftSlots = 24;

// The ring unpacked, oldest slot first, and behind it room for the slot that is being closed and
// for a path of forecasts.
class History {
 public:
  explicit History(const ForecasterState& s)
      : count_(static_cast<int>(std::min<uint32_t>(s.closed, kRingSlots))) {
    const int newest = s.head;  // slots from the ring's start up to the newest
    const int older = std::max(count_ - newest, 0);
    float* out = value_.data() + origin_ - count_;
    for (int i = kRingSlots - older; i < kRingSlots; ++i) *out++ = FloatFromHalf(s.ring[i]);
    for (int i = newest - (count_ - older); i < newest; ++i) *out++ = FloatFromHalf(s.ring[i]);
    std::fill(out, value_.data() + value_.size(), 0.0f);
  }
  int count() const { return count_; }
  // Value `lag` slots before slot `ahead` (0 = the open one). Lags before the start of history fall
  // back on the oldest multiple of `period` that is there, or the oldest value.
  float At(int ahead, int lag, int period = 0) const {
    int at = origin_ + ahead - lag;
    const int oldest = origin_ - count_;
    if (at < oldest && period > 0) at += (oldest - at + period - 1) / period * period;
    return value_[std::clamp(at, oldest, static_cast<int>(value_.size()) - 1)];
  }
  // Forecasts, in order; each is a lag of the next. A new path takes the place of the last one.
  void Set(int ahead, float value) { value_[origin_ + ahead] = value; }
  // The open slot is closed with this value.
  void Append(float value) {
    Set(0, value);
    ++origin_;
    count_ = std::min(count_ + 1, kRingSlots);
  }

  float Mean(int ahead, int lag_first, int lag_last) const {
    float sum = 0;
    for (int lag = lag_first; lag <= lag_last; ++lag) sum += At(ahead, lag);
    return sum / static_cast<float>(lag_last - lag_first + 1);
  }
  // Of the newest `slots` values, at least one.
  std::pair<float, float> LeastAndMost(int slots) const {
    constexpr int kLanes = 4;  // independent of each other: one waits for the one before
    std::array<float, kLanes> least, most;
    least.fill(At(0, 1));
    most = least;
    const float* const end = value_.data() + origin_;
    const float* at = end - std::min(slots, count_);
    for (; end - at >= kLanes; at += kLanes)
      for (int lane = 0; lane < kLanes; ++lane) {
        least[lane] = std::min(least[lane], at[lane]);
        most[lane] = std::max(most[lane], at[lane]);
      }
    for (; at < end; ++at) {
      least[0] = std::min(least[0], *at);
      most[0] = std::max(most[0], *at);
    }
    return {*std::min_element(least.begin(), least.end()),
            *std::max_element(most.begin(), most.end())};
  }

 private:
  int count_;
  int origin_ = kRingSlots;  // where the open slot is
  std::array<float, kRingSlots + 1 + kHorizonMax> value_;
};

int CheckHorizon(const ForecasterState& s) {
  return s.day == 1 ? 6 : std::clamp((s.day + 1) / 2, 1, kCheckMax);
}

Autoregression<4>::Inputs DayLags(const ForecasterState& s, const History& h, int ahead) {
  return {h.At(ahead, 1), h.At(ahead, s.day), h.At(ahead, s.day + 1, s.day),
          h.At(ahead, s.week, s.day)};
}

Autoregression<3>::Inputs WeekLags(const ForecasterState& s, const History& h, int ahead) {
  return {h.At(ahead, s.day), h.At(ahead, std::min<int>(2 * s.day, s.week), s.day),
          h.At(ahead, s.week, s.day)};
}

// Experts without fitted state, forecasting slot `ahead` from `origin` (the first unknown slot).
float Simple(const ForecasterState& s, const History& h, Expert expert, int ahead, int origin) {
  const int distance = ahead - origin + 1;
  // Steps back to the newest known slot of the same phase.
  const auto phase = [&](int period) { return (distance + period - 1) / period * period; };
  switch (expert) {
    case kDrift: {
      const int span = std::min(kDriftSlots, h.count() / 2);
      if (span < 1) return h.At(origin, 1);
      const float rise = h.Mean(origin, 1, span) - h.Mean(origin, span + 1, 2 * span);
      return h.At(origin, 1) + rise / static_cast<float>(span) * static_cast<float>(distance);
    }
    case kDay:
      return h.At(ahead, phase(s.day), s.day);
    case kWeek:
      return h.At(ahead, phase(s.week), s.day);
    case kDayMean: {
      float sum = 0;
      const int days = std::clamp(std::min(h.count(), kRingSlots - kCheckMax) / s.day, 1, 7);
      for (int d = 0; d < days; ++d) sum += h.At(ahead, phase(s.day) + d * s.day, s.day);
      return sum / static_cast<float>(days);
    }
    default:
      return h.At(origin, 1);
  }
}

// Slots of history an expert needs before it is asked.
int Needs(const ForecasterState& s, int expert) {
  switch (expert) {
    case kLast:
      return 1;
    case kDrift:
      return 4;
    case kWeek:
      return s.week;
    case kDay:
    case kDayMean:
      return s.day;
    default:
      return s.day + 1;
  }
}

std::array<float, kExperts> Weights(const ForecasterState& s, const ForecasterTuning& t) {
  std::array<float, kExperts> weights{};
  float least = std::numeric_limits<float>::infinity();
  for (const float error : s.errors)
    if (error >= 0) least = std::min(least, error);
  if (!std::isfinite(least)) {  // nothing compared yet: the most modest expert that can speak
    weights[kLast] = 1;
    return weights;
  }
  const float floor = 1e-6f;
  float sum = 0;
  for (int i = 0; i < kExperts; ++i) {
    if (s.errors[i] < 0) continue;
    const float ratio = (least + floor) / (s.errors[i] + floor);
    weights[i] = 1;
    for (int power = 0; power < t.trust_power; ++power) weights[i] *= ratio;
    sum += weights[i];
  }
  for (float& w : weights) w /= sum;
  return weights;
}

// How far the paths of autoregressions may go: a little beyond the range of the ring.
struct Bounds {
  Bounds(const ForecasterState& s, const History& h, const ForecasterTuning& t) {
    std::tie(low, high) = h.LeastAndMost(s.week);
    const float margin = static_cast<float>(t.clamp_ranges) * (high - low);
    low -= margin;
    high += margin;
  }
  float low, high;
};

// The next slot of an autoregression's path, which is written into the history.
float NextOnPath(const ForecasterState& s, History& h, const Bounds& bounds, Expert which,
                 int ahead) {
  const float raw = which == kArDay ? s.ar_day.Predict(DayLags(s, h, ahead))
                                    : s.ar_week.Predict(WeekLags(s, h, ahead));
  const float value = std::clamp(raw, bounds.low, bounds.high);
  h.Set(ahead, value);
  return value;
}

constexpr float kWeightLeast = 1e-4f;  // experts with less are not asked

void Combine(const ForecasterState& s, const ForecasterTuning& t, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  History history(s);
  if (history.count() == 0) return;
  const auto weights = Weights(s, t);
  const Bounds bounds(s, history, t);
  for (int i = 0; i < kExperts; ++i) {
    if (weights[i] < kWeightLeast) continue;
    const auto expert = static_cast<Expert>(i);
    for (size_t k = 0; k < out.size(); ++k) {
      const int ahead = static_cast<int>(k);
      out[k] += weights[i] * (i >= kArDay ? NextOnPath(s, history, bounds, expert, ahead)
                                          : Simple(s, history, expert, ahead, 0));
    }
  }
}

void LearnQuantiles(ForecasterState& s, float error, const ForecasterTuning& t) {
  if (!(s.far_error > 0)) return;
  const double ratio = error / s.far_error;
  const double gain = std::max(t.quantile_gain, 1.0 / (10 + s.checks));
  if (s.checks < 255) ++s.checks;
  for (size_t i = 0; i < kQuantileLevels.size(); ++i) {
    const double level = kQuantileLevels[i];
    const double step = gain * 3 * (level - (ratio < s.quantiles[i] ? 1 : 0));
    s.quantiles[i] = static_cast<float>(s.quantiles[i] + step);
  }
  std::sort(s.quantiles.begin(), s.quantiles.end());
}

// Compares what every expert said a check horizon ago about the slot that has just ended.
void Compare(ForecasterState& s, const History& h, float value, const ForecasterTuning& t) {
  const int ahead = CheckHorizon(s);
  const auto weights = Weights(s, t);
  const int known = static_cast<int>(std::min<uint32_t>(s.closed, 1u << 20)) - ahead + 1;
  const int at = static_cast<int>(s.closed % ahead);
  float combined = 0, total = 0;
  for (int i = 0; i < kExperts; ++i) {
    // The week's value is compared only when it lies within the ring, as seen from the origin.
    if (known < Needs(s, i) + (i >= kArDay ? 1 : 0)) continue;
    const float said = i >= kArDay ? FloatFromHalf(s.pending[i - kArDay][at])
                                   : Simple(s, h, static_cast<Expert>(i), 0, 1 - ahead);
    const float error = std::fabs(said - value);
    combined += weights[i] * said;
    total += weights[i];
    const auto gain = static_cast<float>(
        s.errors[i] < 0 ? 1 : std::max(1 - t.error_memory, 1.0 / std::max(known - Needs(s, i), 1)));
    s.errors[i] = s.errors[i] < 0 ? error : s.errors[i] + gain * (error - s.errors[i]);
  }
  if (!(total > 0.5f)) return;
  const float error = value - combined / total;
  LearnQuantiles(s, error, t);
  const float gain = static_cast<float>(std::max(1 - t.error_memory, 1.0 / (1 + s.checks)));
  s.far_error += gain * (std::fabs(error) - s.far_error);
}

void Repack(ForecasterState& s, const Normaliser& packing) {
  const auto rescaled = static_cast<float>(s.packing.unit / packing.unit);
  for (uint16_t& bits : s.ring) bits = packing.Pack(s.packing.Unpack(bits));
  for (auto& row : s.pending)
    for (uint16_t& bits : row) bits = packing.Pack(s.packing.Unpack(bits));
  s.open_sum += (s.packing.anchor - packing.anchor) * s.open_count;
  for (float& error : s.errors) error *= error > 0 ? rescaled : 1;
  s.near_error *= rescaled;
  s.far_error *= rescaled;
  s.next = packing.ToUnits(s.packing.FromUnits(s.next));
  s.packing = packing;
}

// Once a day of slots is there, units become the ring's own mean and spread.
void Normalise(ForecasterState& s) {
  const History h(s);
  const int n = h.count();
  double mean = 0, spread = 0;
  for (int lag = 1; lag <= n; ++lag) mean += h.At(0, lag) / n;
  for (int lag = 1; lag <= n; ++lag) spread += std::fabs(h.At(0, lag) - mean) / n;
  if (spread > 0) Repack(s, {s.packing.FromUnits(mean), s.packing.unit * spread});
}

// Keeps a value within what halves hold precisely; true if units have changed. The first value that
// differs from the very first one sets the unit.
bool MakeRoom(ForecasterState& s, double value) {
  const double away = std::fabs(value - s.packing.anchor);
  const bool learning = s.closed <= s.day;
  const bool flat = learning && std::all_of(s.ring.begin(), s.ring.end(),
                                            [](uint16_t bits) { return (bits & 0x7fff) == 0; });
  if (away < 1e-30) return false;
  if (flat) {
    Repack(s, {s.packing.anchor, away});
    return true;
  }
  if (away <= (learning ? 100 : 5000) * s.packing.unit) return false;
  Repack(s, {s.packing.anchor, away / 10});
  return true;
}

void StartRegressions(ForecasterState& s, const ForecasterTuning& t) {
  s.ar_day.Start({0.3f, 0.4f, 0, 0.3f}, t.doubt);
  s.ar_week.Start({0.4f, 0.2f, 0.4f}, t.doubt);
}

// What the autoregressions say about the slot a check horizon ahead, and the combination of the
// next.
void Pend(ForecasterState& s, History& history, const ForecasterTuning& t) {
  const int ahead = CheckHorizon(s);
  std::array<float, 2> first{};  // what the autoregressions say of the next slot
  if (history.count() > s.day) {
    const Bounds bounds(s, history, t);
    for (int i = 0; i < 2; ++i) {
      const auto expert = static_cast<Expert>(kArDay + i);
      float value = first[i] = NextOnPath(s, history, bounds, expert, 0);
      for (int k = 1; k < ahead; ++k) value = NextOnPath(s, history, bounds, expert, k);
      s.pending[i][(s.closed + ahead - 1) % ahead] = HalfFromFloat(value);
    }
  }
  const auto weights = Weights(s, t);
  s.next = 0;
  for (int i = 0; i < kExperts; ++i)
    if (weights[i] >= kWeightLeast)
      s.next += weights[i] * (i >= kArDay ? first[i - kArDay]
                                          : Simple(s, history, static_cast<Expert>(i), 0, 0));
}

// The open slot's mean is known: every expert is compared with it and learns it.
void Close(ForecasterState& s, double real, const ForecasterTuning& t) {
  const bool rescaled = MakeRoom(s, real);
  const float value = s.packing.ToUnits(real);
  History history(s);
  if (s.closed > 0) {
    const float gain = static_cast<float>(std::max(1 - t.error_memory, 1.0 / s.closed));
    s.near_error += gain * (std::fabs(value - s.next) - s.near_error);
    Compare(s, history, value, t);
  }
  if (history.count() > s.day) {
    if (rescaled) StartRegressions(s, t);
    s.ar_day.Learn(DayLags(s, history, 0), value, t.forgetting);
    s.ar_week.Learn(WeekLags(s, history, 0), value, t.forgetting);
  }
  s.ring[s.head] = HalfFromFloat(value);
  history.Append(FloatFromHalf(s.ring[s.head]));
  s.head = static_cast<uint8_t>((s.head + 1) % kRingSlots);
  if (s.closed < std::numeric_limits<uint32_t>::max()) ++s.closed;
  if (s.closed == s.day + 1u) {
    Normalise(s);
    StartRegressions(s, t);
    history = History(s);
  }
  Pend(s, history, t);
}

}  // namespace

void StartForecaster(ForecasterState& s, uint32_t slot_s, int day, int week) {
  s = ForecasterState();
  s.slot_s = slot_s;
  s.day = static_cast<uint8_t>(day);
  s.week = static_cast<uint8_t>(week);
  s.errors.fill(-1);
  // A normal error's quantiles in units of its mean absolute value (sqrt(pi / 2) = 1.2533).
  for (size_t i = 0; i < kQuantileLevels.size(); ++i)
    s.quantiles[i] = static_cast<float>(1.2533 * NormalQuantile(kQuantileLevels[i]));
}

void CloseSlot(ForecasterState& s, const ForecasterTuning& t) {
  if (s.open_count > 0) {
    const double mean = s.packing.anchor + s.open_sum / s.open_count;
    s.open_sum = 0;
    s.open_count = 0;
    Close(s, mean, t);
  } else if (s.closed > 0) {
    Close(s, s.packing.FromUnits(s.next), t);  // nothing was seen: the forecast stands in
  }
  ++s.slot;
}

void TakeIntoSlot(ForecasterState& s, int32_t slot, double value, const ForecasterTuning& t) {
  if (s.closed == 0 && s.open_count == 0) {
    s.slot = slot;
    s.packing.anchor = value;
  }
  if (slot < s.slot) return;
  if (static_cast<int64_t>(slot) - s.slot > kRingSlots) {  // away for more than a ring: begin again
    const uint8_t negative = s.negative;
    StartForecaster(s, s.slot_s, s.day, s.week);
    s.negative = negative;
    s.slot = slot;
    s.packing.anchor = value;
  }
  while (s.slot < slot) CloseSlot(s, t);
  s.open_sum += value - s.packing.anchor;
  ++s.open_count;
}

void ForecastSlots(const ForecasterState& s, std::span<double> mean, std::span<double> scale,
                   const ForecasterTuning& t) {
  std::array<float, kHorizonMax> path;
  Combine(s, t, std::span(path).first(mean.size()));
  const double near = std::max<double>(s.near_error, 1e-9);
  const double far = std::max<double>(s.checks > 0 ? s.far_error : 2 * s.near_error, near);
  const double check = CheckHorizon(s);
  const double slope = check > 1 ? std::log(far / near) / std::log(check) : 0.25;
  for (size_t i = 0; i < mean.size(); ++i) {
    const double ahead = static_cast<double>(i) + 1;
    const double beyond = std::clamp(t.growth_least + t.growth * slope, 0.0, 0.5);
    const double size =
        ahead <= check ? near * std::pow(ahead, slope) : far * std::pow(ahead / check, beyond);
    mean[i] = s.packing.FromUnits(path[i]);
    scale[i] = size * s.packing.unit;
  }
}

double WeeklyShift(const ForecasterState& s, int32_t slot) {
  const int64_t ahead = static_cast<int64_t>(slot) - s.slot;
  if (s.week != 7 * s.day || s.closed < 2u * s.week || ahead < 0 || ahead >= s.day) return 0;
  if (!(s.errors[kWeek] < kWeekWorth * s.errors[kDayMean])) return 0;
  const auto days_ago = [&](int days) {
    const int lag = days * s.day - static_cast<int>(ahead);
    return FloatFromHalf(s.ring[(s.head + kRingSlots - lag) % kRingSlots]);
  };
  float mean = 0;
  for (int day = 1; day <= 7; ++day) mean += days_ago(day) / 7;
  return (days_ago(7) - mean) * s.packing.unit;
}

// Between the followed levels, quantiles are interpolated linearly over normal deviates; beyond
// the outermost they continue as a normal tail of the last segment's slope.
double ErrorQuantile(const ForecasterState& s, double level) {
  const double z = NormalQuantile(level);
  size_t i = 0;
  while (i + 2 < kQuantileLevels.size() && level > kQuantileLevels[i + 1]) ++i;
  const double z0 = NormalQuantile(kQuantileLevels[i]), z1 = NormalQuantile(kQuantileLevels[i + 1]);
  return s.quantiles[i] + (s.quantiles[i + 1] - s.quantiles[i]) * (z - z0) / (z1 - z0);
}

double ErrorLevel(const ForecasterState& s, double e) {
  size_t i = 0;
  while (i + 2 < kQuantileLevels.size() && e > s.quantiles[i + 1]) ++i;
  const double z0 = NormalQuantile(kQuantileLevels[i]), z1 = NormalQuantile(kQuantileLevels[i + 1]);
  const double width = std::max<double>(s.quantiles[i + 1] - s.quantiles[i], 1e-6);
  return 0.5 * std::erfc(-(z0 + (z1 - z0) * (e - s.quantiles[i]) / width) / std::sqrt(2.0));
}

}  // namespace driftcast
