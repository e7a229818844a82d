// Plans proposed, estimated and ranked per second, for one drift or forecast after another.
#include <benchmark/benchmark.h>

#include "remedy/scene.h"

namespace driftcast {
namespace {

// 40 dependents, a week of windows, a history of outcomes.
Scene Furnished(Scene scene) {
  const StackId stack = scene.shadow.id.stack;
  const std::string& kind = scene.shadow.id.kind;
  for (int i = 0; i < 40; ++i)
    scene.dependents.push_back({{stack, "unit", fmt::format("app-{}.service", i)}, 1 + i / 10});
  for (int day = 1; day <= 7; ++day)
    scene.windows.push_back({kNow + kDay * day, kNow + kDay * day + kHour * 2});
  scene.knowledge.outcomes[{kind, Strategy::kRevert}] = {40, 2};
  scene.knowledge.verdicts[kind] = {30, 10};
  scene.can_guard = true;
  return scene;
}

// 60 keys, one of which drifted or is about to.
Scene FileScene() {
  Scene scene = Furnished(Sshd());
  for (int i = 0; i < 58; ++i)
    scene.shadow.keys.push_back(
        Key(fmt::format("Key{:02}", i), Value::Integer(i), Value::Integer(i)));
  scene.prediction.keys = {{"PermitRootLogin", 0.7, "yes", 0.6, "own history"}};
  return scene;
}

Scene PackageScene() {
  Scene scene = Furnished(Openssl("3.0.14-1", "3.0.13-1"));
  for (int i = 0; i < 12; ++i)
    scene.exposures.push_back({.id = fmt::format("CVE-2026-{}", 1000 + i),
                               .epss = 0.02 * i,
                               .exploited = false,
                               .fixed_version = "3.0.15-1"});
  return scene;
}

void Propose(benchmark::State& state, Scene scene, bool with_drift) {
  size_t plans = 0;
  for (auto _ : state) {
    const auto proposed = with_drift ? scene.ForDrift() : scene.ForForecast();
    benchmark::DoNotOptimize(proposed.data());
    plans += proposed.size();
  }
  state.counters["plans_per_second"] =
      benchmark::Counter(static_cast<double>(plans), benchmark::Counter::kIsRate);
  state.counters["plans_each"] =
      static_cast<double>(plans) / static_cast<double>(state.iterations());
}

BENCHMARK_CAPTURE(Propose, drift_of_a_file, FileScene(), true);
BENCHMARK_CAPTURE(Propose, forecast_of_a_file, FileScene(), false);
BENCHMARK_CAPTURE(Propose, drift_of_a_package, PackageScene(), true);
BENCHMARK_CAPTURE(Propose, forecast_of_a_package, PackageScene(), false);

}  // namespace
}  // namespace driftcast
