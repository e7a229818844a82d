// What a reader of metrics (OTLP, Prometheus) finds, one sample at a time, and whom it tells.
//
// Senders repeat the same names and labels with every sample, so a reader does not decode them each
// time: it tells a fingerprint of their bytes, and describes a series only when the sink asks.
#ifndef DRIFTCAST_INGEST_METRIC_SAMPLE_H_
#define DRIFTCAST_INGEST_METRIC_SAMPLE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace driftcast::ingest {

struct Label {
  std::string name;
  std::string value;
  friend auto operator<=>(const Label&, const Label&) = default;
};

// Of what kind the values of a series are.
enum class SampleType : uint8_t {
  kGauge = 0,              // the value itself
  kCounter = 1,            // grows, and starts again from 0: judged as its rate per second
  kDelta = 2,              // growth since `start_ns`: the same rate
  kDistribution = 3,       // count and sum, both counters: judged as rate and mean
  kDistributionDelta = 4,  // count and sum since `start_ns`
};

// Everything that names a series.
struct SeriesLabels {
  std::string metric;
  SampleType type = SampleType::kGauge;
  std::vector<Label> resource;  // what the sender says of the whole resource (OTLP); else empty
  std::vector<Label> labels;    // of this series
};

struct Sample {
  int64_t at_ns = 0;     // since 1970; 0 = not given
  int64_t start_ns = 0;  // of kDelta and kDistributionDelta; 0 = not given
  double value = 0;      // of kDistribution*: the sum
  double count = 0;      // of kDistribution*
};

// Takes samples as a reader comes across them.
class SampleSink {
 public:
  virtual ~SampleSink() = default;

  // A sample of the series with this fingerprint. False when the sink does not know the series:
  // the reader then calls Describe, and Take again.
  virtual bool Take(uint64_t fingerprint, const Sample& sample) = 0;
  virtual void Describe(uint64_t fingerprint, const SeriesLabels& labels) = 0;
};

// A fingerprint of bytes, continuing from `seed`. Not for adversaries: whoever may send metrics
// can make two of its own series collide and harm nobody else.
inline uint64_t Fingerprint(std::string_view bytes, uint64_t seed) {
  const uint64_t hash = std::hash<std::string_view>()(bytes);
  return (seed ^ hash) * 0x9e3779b97f4a7c15ull + (seed >> 29) + bytes.size();
}

// Hands the sample over, describing its series first when that is wanted.
template <typename DescribeSeries>
void Deliver(SampleSink& sink, uint64_t fingerprint, const Sample& sample,
             const DescribeSeries& describe) {
  if (sink.Take(fingerprint, sample)) return;
  sink.Describe(fingerprint, describe());
  sink.Take(fingerprint, sample);
}

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_METRIC_SAMPLE_H_
