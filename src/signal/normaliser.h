// The unit in which one series keeps its long arrays: value = anchor + unit * stored.
#ifndef DRIFTCAST_SIGNAL_NORMALISER_H_
#define DRIFTCAST_SIGNAL_NORMALISER_H_

#include "signal/half.h"

namespace driftcast {

struct Normaliser {
  double anchor = 0;
  double unit = 1;  // > 0

  float ToUnits(double value) const { return static_cast<float>((value - anchor) / unit); }
  double FromUnits(double units) const { return anchor + unit * units; }
  uint16_t Pack(double value) const { return HalfFromFloat(ToUnits(value)); }
  double Unpack(uint16_t bits) const { return FromUnits(static_cast<double>(FloatFromHalf(bits))); }
};

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_NORMALISER_H_
