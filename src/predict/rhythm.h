// Two small records of when something happened: decayed counts at a bank of half-lives, and the
// last 64 days as bits. Times are Unix seconds as uint32_t; a time before the last one counts as
// it.
#ifndef DRIFTCAST_PREDICT_RHYTHM_H_
#define DRIFTCAST_PREDICT_RHYTHM_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace driftcast::predict {

inline constexpr uint32_t kDay32 = 86400;
inline constexpr int kLevels = 6;
// Days. Each is four times the one before, so that one exponential gives them all.
inline constexpr std::array<float, kLevels> kHalfLifeDays = {0.25f, 1, 4, 16, 64, 256};

using LevelValues = std::array<float, kLevels>;

// 2^(-dt / half-life) for every level.
inline LevelValues DecayFactors(uint32_t dt_seconds) {
  LevelValues f;
  double x = std::exp2(-static_cast<double>(dt_seconds) / (256.0 * kDay32));
  for (int level = kLevels - 1; level >= 0; --level) {
    f[level] = static_cast<float>(x);
    x *= x;
    x *= x;
  }
  return f;
}

// Counts that decay, one per half-life: sum over the happenings of amount * 2^(-age / half-life).
struct DecayBank {
  LevelValues values{};
  uint32_t at = 0;

  void Add(uint32_t now, float amount = 1) {
    if (now > at) {
      const LevelValues f = DecayFactors(now - at);
      for (int level = 0; level < kLevels; ++level) values[level] *= f[level];
      at = now;
    }
    for (float& value : values) value += amount;
  }
  LevelValues At(uint32_t now) const {
    if (now <= at) return values;
    LevelValues v = DecayFactors(now - at);
    for (int level = 0; level < kLevels; ++level) v[level] *= values[level];
    return v;
  }
};

// How much of an endless exposure, in days, each level sees when watching began `age` ago.
inline LevelValues BankExposureDays(uint32_t age_seconds) {
  LevelValues e = DecayFactors(age_seconds);
  for (int level = 0; level < kLevels; ++level)
    e[level] = (1 - e[level]) * kHalfLifeDays[level] * 1.44269504f;
  return e;
}

// The last 64 UTC days as bits: bit k = something happened on day `day - k`.
struct DayBits {
  uint64_t bits = 0;
  uint32_t day = 0;  // days since 1970
  uint32_t unused = 0;

  static uint64_t Shift(uint64_t b, uint32_t days) { return days >= 64 ? 0 : b << days; }
  void Mark(uint32_t now) {
    const uint32_t today = now / kDay32;
    if (today > day) {
      bits = Shift(bits, today - day);
      day = today;
    }
    bits |= 1;
  }
  // The bits as seen from day `d`: bit k = day d - k.
  uint64_t AsOf(uint32_t d) const { return d > day ? Shift(bits, d - day) : bits; }
  int CountLast(uint32_t d, int days) const {  // days d - days + 1 .. d
    const uint64_t mask = days >= 64 ? ~0ull : (1ull << days) - 1;
    return std::popcount(AsOf(d) & mask);
  }
  // Of the last `weeks` (at most 9) days d - 7, d - 14, ...: on how many something happened.
  int CountWeekday(uint32_t d, int weeks) const {
    const uint64_t b = AsOf(d);
    int count = 0;
    for (int k = 1; k <= weeks; ++k) count += (b >> (7 * k)) & 1;
    return count;
  }
};

// Two sums that decay together: what happened and what was expected.
struct Odds {
  float happened = 0;
  float expected = 0;

  void Decay(float factor) {
    happened *= factor;
    expected *= factor;
  }
  // log of the ratio, shrunk to 0 by `prior` pseudo-events.
  float LogRatio(float prior) const { return std::log((happened + prior) / (expected + prior)); }
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_RHYTHM_H_
