#include "signal/normal_quantile.h"

#include <algorithm>
#include <cmath>

namespace driftcast {

double NormalQuantile(double level) {
  level = std::clamp(level, 1e-9, 1 - 1e-9);
  const double tail = std::min(level, 1 - level);
  const double t = std::sqrt(-2 * std::log(tail));
  double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                     (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int i = 0; i < 2; ++i) {  // z solves 0.5 erfc(z / sqrt 2) = tail
    const double density = std::exp(-0.5 * z * z) * 0.3989422804014327;
    z += (0.5 * std::erfc(z / std::sqrt(2.0)) - tail) / density;
  }
  return level < 0.5 ? -z : z;
}

}  // namespace driftcast
