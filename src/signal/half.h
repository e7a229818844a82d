// IEEE 754 binary16 numbers ("half floats") as a storage format: 11 significant bits in two bytes.
// Long arrays of per-series state (profile, recent history) are kept as halves of a *normalised*
// value, (value - anchor) / unit, where three significant digits are plenty.
#ifndef DRIFTCAST_SIGNAL_HALF_H_
#define DRIFTCAST_SIGNAL_HALF_H_

#include <bit>
#include <cmath>
#include <cstdint>

namespace driftcast {

inline constexpr float kHalfMax = 65504.0f;

// The value of `bits`. Total: every bit pattern is accepted (infinities and NaNs never arise from
// HalfFromFloat, and a restored snapshot is checked for them).
inline float FloatFromHalf(uint16_t bits) {
  // The exponent moves from bias 15 to bias 127 by one multiplication, which also handles
  // subnormals: they become normal floats.
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
  const float value = std::bit_cast<float>(magnitude) * 0x1p112f;
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
}

// The nearest half (ties to even); saturates at +-kHalfMax; NaN becomes 0.
inline uint16_t HalfFromFloat(float value) {
  if (!(value == value)) return 0;
  const uint16_t sign = value < 0 ? 0x8000 : 0;
  float magnitude = value < 0 ? -value : value;
  if (magnitude > kHalfMax) magnitude = kHalfMax;
  // Below the least normal half the spacing is a fixed 2^-24 (and 1024 of them are that half).
  if (magnitude < 0x1p-14f) return sign | static_cast<uint16_t>(std::lrint(magnitude * 0x1p24f));
  uint32_t bits = std::bit_cast<uint32_t>(magnitude * 0x1p-112f);
  bits += 0xfff + ((bits >> 13) & 1);
  return sign | static_cast<uint16_t>(bits >> 13);
}

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_HALF_H_
