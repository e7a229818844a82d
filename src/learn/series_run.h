// Runs the online detector and forecaster over whole series, as `driftcast series` does.
#ifndef DRIFTCAST_LEARN_SERIES_RUN_H_
#define DRIFTCAST_LEARN_SERIES_RUN_H_

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/status.h"
#include "learn/series_file.h"
#include "learn/series_plot.h"

namespace driftcast::learn {

struct Detection {
  std::vector<double> scores;                 // per row, in [0, 1]; 0 for rows that were skipped
  std::vector<size_t> alarms, change_points;  // row numbers
  size_t late = 0, missing = 0;               // rows skipped
};

Detection DetectSeries(const TimedSeries& series);

// "timestamp,anomaly_score,alarm" and a line per row, in the series' order.
std::string DetectionCsv(const TimedSeries& series, const Detection& detection);

inline constexpr std::array<double, 11> kForecastLevels = {0.025, 0.1, 0.2, 0.3, 0.4,  0.5,
                                                           0.6,   0.7, 0.8, 0.9, 0.975};

struct StepForecast {
  double mean = 0;
  std::array<double, kForecastLevels.size()> quantiles{};
};

// One step per value. `season` in steps, 1..168; 1 is none. `horizon` 1..168.
std::vector<StepForecast> ForecastSeries(const PlainSeries& series, int season, int horizon);

// "id,step,mean,q0.025,...,q0.975", and the lines of one series.
std::string ForecastCsvHeader();
void AppendForecastCsv(const PlainSeries& series, const std::vector<StepForecast>& forecast,
                       std::string& csv);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_SERIES_RUN_H_
