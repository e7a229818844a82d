#include "learn/season.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace driftcast::learn {
namespace {

constexpr double kLeast = 0.3;  // a weaker autocorrelation is no season
constexpr double kLost = 0.3;   // below this, the series no longer resembles its recent self
constexpr double kShare = 0.9;  // how near the best a shorter lag must come

// Least-squares line removed; what is missing becomes 0, the mean.
std::vector<double> Detrended(std::span<const double> values) {
  double n = 0, st = 0, sv = 0, stt = 0, stv = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const auto t = static_cast<double>(i);
    n += 1, st += t, sv += values[i], stt += t * t, stv += t * values[i];
  }
  const double spread = n * stt - st * st;
  const double slope = spread > 0 ? (n * stv - st * sv) / spread : 0;
  const double start = n > 0 ? (sv - slope * st) / n : 0;
  std::vector<double> out(values.size(), 0);
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isnan(values[i])) out[i] = values[i] - start - slope * static_cast<double>(i);
  return out;
}

}  // namespace

int FindSeason(std::span<const double> values) {
  const int lags = std::min<int>(kSeasonMax, static_cast<int>(values.size() / 3));
  if (lags < 2) return 1;
  const std::vector<double> x = Detrended(values);
  std::vector<double> r(lags + 2, 0);
  for (int lag = 0; lag <= lags + 1; ++lag)
    for (size_t i = lag; i < x.size(); ++i) r[lag] += x[i] * x[i - lag];
  if (!(r[0] > 0)) return 1;
  // Near lag 0 every smooth series resembles itself; a season shows after the resemblance is lost.
  int start = 1;
  while (start <= lags && r[start] >= kLost * r[0]) ++start;
  const auto peak = [&](int lag) { return r[lag] >= r[lag - 1] && r[lag] > r[lag + 1]; };
  double best = 0;
  for (int lag = start + 1; lag <= lags; ++lag)
    if (peak(lag)) best = std::max(best, r[lag] / r[0]);
  if (best < kLeast) return 1;
  for (int lag = start + 1; lag <= lags; ++lag)
    if (peak(lag) && r[lag] / r[0] >= kShare * best) {
      // Noise makes small peaks on the flank of the true one.
      const int until = std::min(lags, lag + lag / 4);
      return static_cast<int>(std::max_element(r.begin() + lag, r.begin() + until + 1) - r.begin());
    }
  return 1;
}

}  // namespace driftcast::learn
