// Rate of the forecast: from state to calibrated probabilities at all horizons, its two halves, and
// our trees beside XGBoost's own prediction on the same rows and trees.
#include <random>

#include <benchmark/benchmark.h>

#include "learn/booster.h"
#include "predict/drift_predictor.h"
#include "predict/made_history.h"

namespace driftcast::learn {
namespace {

constexpr int kDays = 200;

// A fleet that has lived for 200 days, predicted by the shipped model.
const predict::DriftPredictor& Fleet() {
  static const auto* fleet = [] {
    auto* made = new predict::DriftPredictor();
    for (const ChangeEvent& event :
         predict::MakeHistory({.stacks = 20, .resources = 200, .days = kDays}))
      made->Learn(event);
    made->Advance(FromUnixSeconds(predict::kMadeStart + kDays * 86400ll));
    return made;
  }();
  return *fleet;
}

std::vector<predict::ResourceId> AllIds() {
  std::vector<predict::ResourceId> ids(Fleet().state().resource_count());
  for (uint32_t i = 0; i < ids.size(); ++i) ids[i] = i;
  return ids;
}

void BM_StateToProbabilities(benchmark::State& state) {
  const auto ids = AllIds();
  std::vector<predict::HorizonProbabilities> out(ids.size());
  const Instant now = FromUnixSeconds(predict::kMadeStart + kDays * 86400ll);
  for (auto _ : state) {
    Fleet().Probabilities(ids, now, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * ids.size()));
  state.counters["state_bytes_per_resource"] =
      static_cast<double>(Fleet().state().bytes()) / static_cast<double>(ids.size());
}
BENCHMARK(BM_StateToProbabilities)->Unit(benchmark::kMillisecond);

void BM_Inputs(benchmark::State& state) {
  const auto& fleet = Fleet().state();
  const auto now = static_cast<uint32_t>(predict::kMadeStart + kDays * 86400ll);
  predict::FeatureVector f;
  for (auto _ : state) {
    for (uint32_t s = 0; s < fleet.stack_count(); ++s) {
      const predict::StackView view = predict::ViewStack(fleet, s, now);
      for (const predict::ResourceId id : fleet.living(s)) {
        predict::FillFeatures(fleet, view, id, &f);
        benchmark::DoNotOptimize(f.data());
      }
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * fleet.resource_count()));
}
BENCHMARK(BM_Inputs)->Unit(benchmark::kMillisecond);

void BM_KeysAndValues(benchmark::State& state) {
  const Instant now = FromUnixSeconds(predict::kMadeStart + kDays * 86400ll);
  uint32_t id = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(Fleet().Keys(id++ % Fleet().state().resource_count(), now, 5));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_KeysAndValues);

// 200 trees of 15 leaves over 118 inputs, 20,000 rows.
struct Made {
  std::vector<float> features, labels, weights;
  TrainingRows rows;
  TrainedWithMargins trained;
};

const Made& MadeRows() {
  static const auto* made = [] {
    auto* m = new Made();
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal;
    constexpr size_t kRows = 20000;
    for (size_t i = 0; i < kRows; ++i) {
      float sum = 0;
      for (int c = 0; c < predict::kFeatures; ++c) {
        m->features.push_back(normal(random));
        if (c % 10 == 0) sum += m->features.back();
      }
      m->labels.push_back(sum + normal(random) > 2 ? 1 : 0);
      m->weights.push_back(1);
    }
    m->rows = {m->features.data(), kRows, predict::kFeatures, m->labels, m->weights, {}};
    m->trained = *TrainAndPredict(m->rows, {.min_child_weight = 5});
    return m;
  }();
  return *made;
}

void BM_OurTrees(benchmark::State& state) {
  const Made& made = MadeRows();
  std::vector<float> out(made.rows.rows);
  for (auto _ : state) {
    made.trained.forest.Margins(made.features.data(), predict::kFeatures, made.rows.rows,
                                out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * made.rows.rows));
  state.counters["xgboost_rows_per_s"] =
      static_cast<double>(made.rows.rows) / made.trained.predict_seconds;
}
BENCHMARK(BM_OurTrees)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace driftcast::learn
