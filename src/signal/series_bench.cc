// What one point costs, and how large one series is. The workload is a series with a daily rhythm
// and heavy-tailed noise, sampled every 10 s (the agents' rate) or every 5 min; 512 series take
// turns, so that state comes from the cache as it would in an engine with many series, not from
// registers.
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "signal/series_state.h"

namespace driftcast {
namespace {

constexpr int kSeries = 512;
constexpr int64_t kStartUs = 1'700'000'000'000'000;

// A day of values, drawn once: the cost of drawing must not be measured.
const std::vector<double>& Values() {
  static const std::vector<double> values = [] {
    std::mt19937_64 random(1);
    std::normal_distribution<double> normal;
    std::vector<double> out(8192);
    for (size_t i = 0; i < out.size(); ++i)
      out[i] =
          100 + 20 * std::sin(2 * M_PI * static_cast<double>(i) / 8640) + std::exp(normal(random));
    return out;
  }();
  return values;
}

void Report(benchmark::State& state, size_t bytes) {
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_series"] = static_cast<double>(bytes);
}

// Detection alone.
void BM_Detect(benchmark::State& state) {
  const DetectorTuning tuning;
  const int64_t step_us = state.range(0) * 1'000'000;
  std::vector<DetectorState> series(kSeries);
  const auto& values = Values();
  int64_t turn = 0;
  for (auto _ : state) {
    const int64_t row = turn / kSeries;
    benchmark::DoNotOptimize(Detect(series[turn % kSeries], kStartUs + row * step_us,
                                    values[(row + turn * 17) % values.size()], 0, tuning));
    ++turn;
  }
  Report(state, sizeof(DetectorState));
}
BENCHMARK(BM_Detect)->ArgName("interval_s")->Arg(10)->Arg(300);

// Detection and forecast state together: what the engine pays per point.
void BM_Observe(benchmark::State& state) {
  const int64_t step_us = state.range(0) * 1'000'000;
  std::vector<SeriesState> series(kSeries);
  const auto& values = Values();
  int64_t turn = 0;
  for (auto _ : state) {
    const int64_t row = turn / kSeries;
    benchmark::DoNotOptimize(series[turn % kSeries].Observe(
        FromUnixMicros(kStartUs + row * step_us), values[(row + turn * 17) % values.size()]));
    ++turn;
  }
  Report(state, sizeof(SeriesState));
}
BENCHMARK(BM_Observe)->ArgName("interval_s")->Arg(10)->Arg(60)->Arg(300)->Arg(3600);

SeriesState Trained() {
  SeriesState series;
  const auto& values = Values();
  for (int i = 0; i < 288 * 21; ++i)
    series.Observe(FromUnixMicros(kStartUs + int64_t{i} * 300'000'000), values[i % values.size()]);
  return series;
}

void BM_Forecast(benchmark::State& state) {
  const SeriesState series = Trained();
  for (auto _ : state) benchmark::DoNotOptimize(series.Forecast(state.range(0) * kDay));
}
BENCHMARK(BM_Forecast)->ArgName("days")->Arg(1)->Arg(7)->Unit(benchmark::kMicrosecond);

void BM_SerializeAndParse(benchmark::State& state) {
  const SeriesState series = Trained();
  for (auto _ : state) benchmark::DoNotOptimize(SeriesState::Parse(series.Serialize()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(sizeof(SeriesState)));
}
BENCHMARK(BM_SerializeAndParse);

}  // namespace
}  // namespace driftcast
