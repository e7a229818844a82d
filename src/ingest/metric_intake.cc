#include "ingest/metric_intake.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/log.h"

namespace driftcast::ingest {
namespace {

constexpr Duration kAheadMax = 10 * kMinute;  // of a sender's clock
constexpr Duration kAgeMax = 14 * kDay;       // as long as the engine keeps points
constexpr Duration kSilentMax = kHour;  // before a series is forgotten here, when space is short
constexpr Duration kForgetEvery = kMinute;
constexpr size_t kPointsUsual = 64;  // of one stack in a request; room is made for them at once

}  // namespace

// The sink of one request: samples of known series become points, grouped by stack.
class MetricIntake::Batch : public SampleSink {
 public:
  Batch(MetricIntake& intake, Instant now, IntakeOutcome& outcome)
      : intake_(intake), now_(now), outcome_(outcome) {}

  bool Take(uint64_t fingerprint, const Sample& sample) override
      DRIFTCAST_REQUIRES(intake_.mutex_) {
    const auto found = intake_.series_.find(fingerprint);
    if (found == intake_.series_.end()) return false;
    Known& series = found->second;
    series.seen_at = now_;
    if (!series.refused.ok()) {
      Reject(Message(series.refused));
    } else if (series.place.dropped) {
      ++intake_.dropped_;
      ++outcome_.taken;
    } else if (const auto at = TimeOf(sample)) {
      ++outcome_.taken;
      Add(series, *at, sample);
    }
    return true;
  }

  void Describe(uint64_t fingerprint, const SeriesLabels& labels) override
      DRIFTCAST_REQUIRES(intake_.mutex_) {
    if (!intake_.Learn(fingerprint, labels, now_))
      Reject(fmt::format(
          "more than {} series: raise --metric-series-max, or drop metrics by --metric-rules",
          intake_.options_.series_max));
  }

  std::vector<Fact> TakeFacts() { return std::move(facts_); }

 private:
  void Reject(const std::string& reason) {
    if (outcome_.rejected++ == 0) outcome_.reason = reason;
  }

  std::optional<Instant> TimeOf(const Sample& sample) {
    const Instant at = sample.at_ns == 0 ? now_ : FromUnixMicros(sample.at_ns / 1000);
    if (at <= now_ + kAheadMax && at >= now_ - kAgeMax) return at;
    Reject(at > now_
               ? fmt::format("a sample's time, {}, is in the future; is the sender's clock right?",
                             FormatInstant(at))
               : fmt::format("a sample's time, {}, is more than 14 days ago", FormatInstant(at)));
    return std::nullopt;
  }

  // The part of a delta's interval that is known.
  static double SecondsOf(const Sample& sample) {
    const double seconds = static_cast<double>(sample.at_ns - sample.start_ns) * 1e-9;
    return sample.start_ns > 0 && seconds > 0 ? seconds : std::nan("");
  }

  void Add(Known& series, Instant at, const Sample& sample) {
    const std::string& metric = series.place.metric;
    switch (series.type) {
      case SampleType::kGauge:
        return Point(series, metric, at, sample.value);
      case SampleType::kCounter:
        if (const auto rate = series.count.Observe(at, sample.value))
          Point(series, metric, at, *rate);
        return;
      case SampleType::kDelta:
        return Point(series, metric, at, sample.value / SecondsOf(sample));
      case SampleType::kDistribution: {
        const auto rate = series.count.Observe(at, sample.count);
        const auto growth = series.sum.Observe(at, sample.value);
        if (rate) Point(series, metric + ".rate", at, *rate);
        if (rate && growth && *rate > 0) Point(series, metric + ".mean", at, *growth / *rate);
        return;
      }
      case SampleType::kDistributionDelta:
        Point(series, metric + ".rate", at, sample.count / SecondsOf(sample));
        if (sample.count > 0) Point(series, metric + ".mean", at, sample.value / sample.count);
        return;
    }
  }

  // NaN and infinities say nothing that could be judged.
  void Point(const Known& series, const std::string& metric, Instant at, double value) {
    if (!std::isfinite(value)) return;
    PointsOf(series.stack)
        .push_back({series.place.resource_kind, series.place.resource_name, metric, at, value});
  }

  // The points of the stack's fact that has room.
  std::vector<MetricPoint>& PointsOf(uint32_t stack) DRIFTCAST_REQUIRES(intake_.mutex_) {
    if (open_.size() <= stack) open_.resize(intake_.stacks_.size(), kNone);
    size_t& place = open_[stack];
    if (place == kNone || Points(place).size() >= intake_.options_.fact_points_max) {
      place = facts_.size();
      Fact fact;
      fact.at = now_;
      fact.stack = StackId(intake_.stacks_[stack]);
      fact.body = MetricsObserved{};
      facts_.push_back(std::move(fact));
      Points(place).reserve(std::min(kPointsUsual, intake_.options_.fact_points_max));
    }
    return Points(place);
  }
  std::vector<MetricPoint>& Points(size_t place) {
    return std::get<MetricsObserved>(facts_[place].body).points;
  }

  static constexpr size_t kNone = SIZE_MAX;
  MetricIntake& intake_;
  const Instant now_;
  IntakeOutcome& outcome_;
  std::vector<Fact> facts_;
  std::vector<size_t> open_;  // by stack: its fact in `facts_`
};

MetricIntake::MetricIntake(MetricRules rules, Submit submit, MetricIntakeOptions options)
    : rules_(std::move(rules)), submit_(std::move(submit)), options_(options) {}

MetricIntake::~MetricIntake() {
  while (calls_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

bool MetricIntake::Learn(uint64_t fingerprint, const SeriesLabels& labels, Instant now) {
  if (series_.size() >= options_.series_max) ForgetSilent(now);
  if (series_.size() >= options_.series_max) return false;
  Known& series = series_[fingerprint];
  series.type = labels.type;
  series.seen_at = now;
  auto place = rules_.Place(labels);
  series.refused = place.status();
  if (!place.ok() || place->dropped) {
    series.place.dropped = place.ok();
    return true;
  }
  series.place = *std::move(place);
  const auto [number, fresh] =
      stack_numbers_.try_emplace(series.place.stack, static_cast<uint32_t>(stacks_.size()));
  if (fresh) stacks_.push_back(series.place.stack);
  series.stack = number->second;
  return true;
}

void MetricIntake::ForgetSilent(Instant now) {
  if (now < forgot_at_ + kForgetEvery) return;
  forgot_at_ = now;
  std::erase_if(series_, [&](const auto& one) { return one.second.seen_at < now - kSilentMax; });
}

std::vector<Fact> MetricIntake::ReadAll(Instant now, const Read& read, IntakeOutcome& outcome) {
  const MutexLock lock(mutex_);
  Batch batch(*this, now, outcome);
  outcome.status = read(batch);
  return batch.TakeFacts();
}

void MetricIntake::Take(Instant now, const Read& read, Done done) {
  ++calls_;
  IntakeOutcome outcome;
  if (in_flight_ >= options_.points_in_flight_max) {
    ++requests_shed_;
    outcome.status = ResourceExhausted("the engine is busy with {} points; send this again shortly",
                                       in_flight_.load());
    return Finish(0, outcome, done);
  }
  std::vector<Fact> facts = ReadAll(now, read, outcome);
  size_t points = 0;
  for (const Fact& fact : facts) points += std::get<MetricsObserved>(fact.body).points.size();
  if (!outcome.status.ok() || facts.empty()) return Finish(0, outcome, done);
  in_flight_ += points;
  const Status queued = submit_(std::move(facts), [this, points, outcome, done](const Status& s) {
    IntakeOutcome ended = outcome;
    ended.status = s;
    Finish(points, ended, done);
  });
  if (queued.ok()) return;
  shed_ += points;
  ++requests_shed_;
  outcome.status = queued;
  Finish(points, outcome, done);
}

void MetricIntake::Finish(size_t points, const IntakeOutcome& outcome, const Done& done) {
  if (outcome.status.ok()) {
    taken_ += outcome.taken;
    rejected_ += outcome.rejected;
  }
  in_flight_ -= points;
  done(outcome);
  --calls_;
}

IntakeOutcome MetricIntake::TakeAndWait(Instant now, const Read& read) {
  Mutex mutex;
  CondVar answered;
  std::optional<IntakeOutcome> answer;
  Take(now, read, [&](const IntakeOutcome& outcome) {
    const MutexLock lock(mutex);
    answer = outcome;
    answered.Signal();
  });
  const MutexLock lock(mutex);
  while (!answer) answered.Wait(mutex);
  return *std::move(answer);
}

std::vector<std::pair<std::string, double>> MetricIntake::Counters() const {
  std::vector<std::pair<std::string, double>> counters = {
      {"metric_samples_taken_total", static_cast<double>(taken_)},
      {"metric_samples_rejected_total", static_cast<double>(rejected_)},
      {"metric_samples_dropped_total", static_cast<double>(dropped_)},
      {"metric_points_shed_total", static_cast<double>(shed_)},
      {"metric_requests_shed_total", static_cast<double>(requests_shed_)},
      {"metric_points_in_flight", static_cast<double>(in_flight_)},
  };
  const MutexLock lock(mutex_);
  counters.emplace_back("metric_series", static_cast<double>(series_.size()));
  return counters;
}

}  // namespace driftcast::ingest
