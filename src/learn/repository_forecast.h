// What one history says about the coming days: the forecast of a repository.
#ifndef DRIFTCAST_LEARN_REPOSITORY_FORECAST_H_
#define DRIFTCAST_LEARN_REPOSITORY_FORECAST_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "learn/track_record.h"
#include "learn/trainer.h"
#include "model/prediction.h"
#include "predict/drift_model.h"

namespace driftcast::learn {

struct RepositoryForecastOptions {
  std::filesystem::path history;  // STACK.tsv.gz
  Instant at;                     // forecast from here; later events are not looked at
  int days = 7;                   // 1 to 30
  size_t shown_max = 50;          // resources with keys, values and reasons; the rest is counted
  predict::DriftModel model;      // the given one; the stack's own past refines it
  int threads = 1;
};

struct ExpectedChange {
  double p = 0;  // that it changes within the days asked
  DriftPrediction prediction;
};

struct RepositoryForecast {
  std::string stack;
  Instant at;
  int days = 7;
  size_t live = 0;                      // resources
  double expected = 0;                  // of them, that change: the sum of all probabilities
  std::vector<ExpectedChange> changes;  // likeliest first, at most shown_max
  std::optional<TrackRecord> record;    // over the last year; none when the history is too short
  std::string record_missing;           // why there is none
};

// Replays the history, with a back-test of its last year on the way: the model that made the last
// prediction of that, refined by all that came before, makes this one.
// InvalidArgument when the history holds nothing before `at`, or `days` is out of range.
StatusOr<RepositoryForecast> ForecastRepository(const RepositoryForecastOptions& options,
                                                const Progress& progress);

// P(change within `days`), between the horizons of a prediction: the hazard grows as a power of
// time between two of them.
double ProbabilityWithin(const DriftPrediction& prediction, int days);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_REPOSITORY_FORECAST_H_
