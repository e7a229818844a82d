// Where all doors for metrics meet: samples of any protocol become points of resources, in facts
// for the engine.
//
//   request bytes -> reader -> [ rules, rates, bounds ] -> facts -> engine
//
// Counters become rates per second and distributions become two series, NAME.rate and NAME.mean,
// here: the engine judges values. The state for that (the last sample of each counter) is lost with
// the process, so after a start the first sample of a counter gives no point.
#ifndef DRIFTCAST_INGEST_METRIC_INTAKE_H_
#define DRIFTCAST_INGEST_METRIC_INTAKE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "ingest/metric_rules.h"
#include "ingest/metric_sample.h"
#include "model/fact.h"
#include "signal/counter_rate.h"

namespace driftcast::ingest {

struct MetricIntakeOptions {
  size_t series_max = 100'000;            // of all senders; about 1.5 KiB each, engine included
  size_t points_in_flight_max = 200'000;  // given to the engine and not yet durable
  size_t fact_points_max = 2'000;         // of one stack in one fact
};

// What became of the samples of one request.
struct IntakeOutcome {
  Status status;          // OK: all that could be taken is durable
  uint64_t taken = 0;     // samples, also those that were dropped by a rule or gave no rate yet
  uint64_t rejected = 0;  // samples that will not be taken when they are sent again either
  std::string reason;     // of the first of them
};

// Thread-safe. The doors' functions all look alike:
//   intake.Take(now, [&](SampleSink& sink) { return Read...(bytes, sink).status(); }, answer);
class MetricIntake {
 public:
  using Submit = std::function<Status(std::vector<Fact>, std::function<void(const Status&)>)>;
  using Read = std::function<Status(SampleSink&)>;
  using Done = std::function<void(const IntakeOutcome&)>;

  MetricIntake(MetricRules rules, Submit submit, MetricIntakeOptions options = {});
  ~MetricIntake();  // waits until nothing is in flight

  // Runs `read` at once and calls `done` once, here or on the engine's thread. Its status:
  // ResourceExhausted when the engine is busy: nothing was read, the same may be sent again;
  // what `read` returned when it failed: nothing was taken; else what the engine says.
  void Take(Instant now, const Read& read, Done done);
  IntakeOutcome TakeAndWait(Instant now, const Read& read);

  // For /metrics, names without the "driftcast_" prefix.
  std::vector<std::pair<std::string, double>> Counters() const;

 private:
  struct Known {
    SeriesPlace place;
    SampleType type = SampleType::kGauge;
    Status refused;  // why the series is not taken
    uint32_t stack = 0;
    CounterRate count, sum;
    Instant seen_at;
  };
  class Batch;

  std::vector<Fact> ReadAll(Instant now, const Read& read, IntakeOutcome& outcome);
  // False when there are too many series already.
  bool Learn(uint64_t fingerprint, const SeriesLabels& labels, Instant now)
      DRIFTCAST_REQUIRES(mutex_);
  void ForgetSilent(Instant now) DRIFTCAST_REQUIRES(mutex_);
  void Finish(size_t points, const IntakeOutcome& outcome, const Done& done);

  const MetricRules rules_;
  const Submit submit_;
  const MetricIntakeOptions options_;
  mutable Mutex mutex_;
  std::unordered_map<uint64_t, Known> series_ DRIFTCAST_GUARDED_BY(mutex_);
  std::vector<std::string> stacks_ DRIFTCAST_GUARDED_BY(mutex_);  // by Known::stack
  std::unordered_map<std::string, uint32_t> stack_numbers_ DRIFTCAST_GUARDED_BY(mutex_);
  Instant forgot_at_ DRIFTCAST_GUARDED_BY(mutex_);

  std::atomic<uint64_t> in_flight_{0}, calls_{0};
  std::atomic<uint64_t> taken_{0}, rejected_{0}, dropped_{0}, shed_{0}, requests_shed_{0};
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_METRIC_INTAKE_H_
