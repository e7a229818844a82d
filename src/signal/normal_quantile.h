// Inverse of the standard normal distribution function.
#ifndef DRIFTCAST_SIGNAL_NORMAL_QUANTILE_H_
#define DRIFTCAST_SIGNAL_NORMAL_QUANTILE_H_

namespace driftcast {

// For 0 < level < 1 (clamped to 1e-9 from the ends); absolute error below 1e-6. Computed from the
// rational approximation 26.2.23 of Abramowitz and Stegun, improved by two Newton steps on erfc.
double NormalQuantile(double level);

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_NORMAL_QUANTILE_H_
