#include "learn/series_run.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "signal/forecaster.h"
#include "signal/series_state.h"

namespace driftcast::learn {
namespace {

// The longer period that goes with a season: a week of days if it fits the ring, else two seasons.
int LongPeriod(int season) {
  if (season == 1) return 1;
  for (const int seasons : {7, 4, 2})
    if (season * seasons < kRingSlots) return season * seasons;
  return season;
}

}  // namespace

Detection DetectSeries(const TimedSeries& series) {
  Detection out;
  out.scores.reserve(series.values.size());
  SeriesState state;
  for (size_t i = 0; i < series.values.size(); ++i) {
    const Judgement j = state.Observe(series.times[i], series.values[i]);
    out.scores.push_back(j.score);
    if (j.alarm) out.alarms.push_back(i);
    if (j.change_point) out.change_points.push_back(i);
    out.missing += j.skipped == Skipped::kNotFinite;
    out.late += j.skipped == Skipped::kLate || j.skipped == Skipped::kDuplicate;
  }
  return out;
}

std::string DetectionCsv(const TimedSeries& series, const Detection& detection) {
  std::string csv = "timestamp,anomaly_score,alarm\n";
  for (size_t i = 0; i < series.stamps.size(); ++i)
    fmt::format_to(std::back_inserter(csv), "{},{:.6g},{}\n", series.stamps[i], detection.scores[i],
                   detection.scores[i] >= SeriesState::kAlarmScore ? 1 : 0);
  return csv;
}

std::vector<StepForecast> ForecastSeries(const PlainSeries& series, int season, int horizon) {
  const ForecasterTuning tuning;
  ForecasterState state;
  StartForecaster(state, 3600, season, LongPeriod(season));
  bool negative = false;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (std::isnan(series.values[i])) continue;
    negative = negative || series.values[i] < 0;
    TakeIntoSlot(state, static_cast<int32_t>(i), series.values[i], tuning);
  }
  CloseSlot(state, tuning);
  std::vector<double> mean(horizon), scale(horizon);
  ForecastSlots(state, mean, scale, tuning);
  std::vector<StepForecast> out(horizon);
  const double least = negative ? -INFINITY : 0;  // what was never negative stays so
  for (int h = 0; h < horizon; ++h) {
    out[h].mean = std::max(mean[h], least);
    for (size_t k = 0; k < kForecastLevels.size(); ++k)
      out[h].quantiles[k] =
          std::max(mean[h] + scale[h] * ErrorQuantile(state, kForecastLevels[k]), least);
  }
  return out;
}

std::string ForecastCsvHeader() {
  std::string header = "id,step,mean";
  for (const double level : kForecastLevels)
    fmt::format_to(std::back_inserter(header), ",q{:g}", level);
  return header + "\n";
}

void AppendForecastCsv(const PlainSeries& series, const std::vector<StepForecast>& forecast,
                       std::string& csv) {
  auto out = std::back_inserter(csv);
  for (size_t h = 0; h < forecast.size(); ++h) {
    fmt::format_to(out, "{},{},{:.9g}", series.id, h + 1, forecast[h].mean);
    for (const double q : forecast[h].quantiles) fmt::format_to(out, ",{:.9g}", q);
    csv += '\n';
  }
}

}  // namespace driftcast::learn
