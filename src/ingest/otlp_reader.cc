#include "ingest/otlp_reader.h"

#include <fmt/core.h>

#include "ingest/otlp_labels.h"
#include "wire/proto_cursor.h"

namespace driftcast::ingest {
namespace {

constexpr uint64_t kDelta = 1;  // AggregationTemporality
constexpr uint64_t kNoRecordedValue = 1;

// Field numbers of the metric's `data`.
enum DataField : uint32_t {
  kGaugeField = 5,
  kSumField = 7,
  kHistogramField = 9,
  kExponentialField = 10,
  kSummaryField = 11,
};

// What is common to the points of one metric.
struct MetricHead {
  const ResourceHead* resource = nullptr;
  std::string_view name;
  uint64_t seed = 0;  // fingerprint of resource and name
  SampleType type = SampleType::kGauge;
  bool usable = true;
};

class Walk {
 public:
  explicit Walk(SampleSink& sink) : sink_(sink) {}

  bool Request(std::string_view bytes) {
    ProtoCursor field(bytes);
    while (field.Next())
      if (field.IsBytes(1) && !ResourceMetrics(field.bytes())) return false;
    return !field.failed();
  }

  const OtlpCounts& counts() const { return counts_; }

 private:
  // A message's fields may come in any order, so what names the points is looked for first.
  bool ResourceMetrics(std::string_view bytes) {
    ResourceHead resource;
    ProtoCursor first(bytes);
    while (first.Next())
      if (first.IsBytes(1)) resource.Add(first.bytes());
    if (first.failed()) return false;
    ProtoCursor field(bytes);
    while (field.Next())
      if (field.IsBytes(2) && !ScopeMetrics(field.bytes(), resource)) return false;
    return true;
  }

  bool ScopeMetrics(std::string_view bytes, const ResourceHead& resource) {
    ProtoCursor field(bytes);
    while (field.Next())
      if (field.IsBytes(2) && !Metric(field.bytes(), resource)) return false;
    return !field.failed();
  }

  bool Metric(std::string_view bytes, const ResourceHead& resource) {
    MetricHead head;
    head.resource = &resource;
    ProtoCursor first(bytes);
    while (first.Next())
      if (first.IsBytes(1)) head.name = first.bytes();
    if (first.failed()) return false;
    head.seed = Fingerprint(head.name, resource.fingerprint());
    ProtoCursor field(bytes);
    while (field.Next())
      if (!Data(field, head)) return false;
    return true;
  }

  bool Data(const ProtoCursor& field, MetricHead& head) {
    if (field.bytes().empty()) return true;
    switch (field.number()) {
      case kGaugeField:
      case kSumField:
      case kHistogramField:
      case kExponentialField:
      case kSummaryField:
        return Points(field.bytes(), field.number(), head);
      default:
        return true;
    }
  }

  bool Points(std::string_view bytes, uint32_t data, MetricHead& head) {
    uint64_t temporality = 0, monotonic = 0;
    ProtoCursor first(bytes);
    while (first.Next()) {
      if (first.IsVarint(2)) temporality = first.value();
      if (first.IsVarint(3)) monotonic = first.value();
    }
    if (first.failed()) return false;
    Classify(data, temporality == kDelta, monotonic != 0, head);
    ProtoCursor field(bytes);
    while (field.Next()) {
      if (!field.IsBytes(1)) continue;
      ++counts_.points;
      const bool read = data == kGaugeField || data == kSumField
                            ? Number(field.bytes(), head)
                            : Spread(field.bytes(), data, head);
      if (!read) return false;
    }
    return true;
  }

  static void Classify(uint32_t data, bool delta, bool monotonic, MetricHead& head) {
    head.usable = !head.name.empty();
    if (data == kGaugeField) {
      head.type = SampleType::kGauge;
    } else if (data == kSumField && !monotonic) {
      head.type = SampleType::kGauge;
      head.usable = head.usable && !delta;
    } else if (data == kSumField) {
      head.type = delta ? SampleType::kDelta : SampleType::kCounter;
    } else {
      head.type = delta ? SampleType::kDistributionDelta : SampleType::kDistribution;
    }
  }

  bool Number(std::string_view bytes, const MetricHead& head) {
    Sample sample;
    Attributes attributes;
    uint64_t flags = 0;
    bool has_value = false;
    ProtoCursor field(bytes);
    while (field.Next()) {
      if (field.IsBytes(7)) attributes.Add(field.bytes());
      if (field.IsFixed64(2)) sample.start_ns = field.signed_value();
      if (field.IsFixed64(3)) sample.at_ns = field.signed_value();
      if (field.IsFixed64(4)) sample.value = field.real(), has_value = true;
      if (field.IsFixed64(6))
        sample.value = static_cast<double>(field.signed_value()), has_value = true;
      if (field.IsVarint(8)) flags = field.value();
    }
    if (field.failed()) return false;
    if (!has_value) flags |= kNoRecordedValue;
    Tell(head, attributes, flags, sample);
    return true;
  }

  // Histograms, exponential ones and summaries.
  bool Spread(std::string_view bytes, uint32_t data, const MetricHead& head) {
    const uint32_t attributes_field =
        data == kHistogramField ? 9 : (data == kExponentialField ? 1 : 7);
    const uint32_t flags_field = data == kSummaryField ? 8 : 10;
    Sample sample;
    Attributes attributes;
    uint64_t flags = 0;
    ProtoCursor field(bytes);
    while (field.Next()) {
      if (field.IsBytes(attributes_field)) attributes.Add(field.bytes());
      if (field.IsFixed64(2)) sample.start_ns = field.signed_value();
      if (field.IsFixed64(3)) sample.at_ns = field.signed_value();
      if (field.IsFixed64(4)) sample.count = static_cast<double>(field.value());
      if (field.IsFixed64(5)) sample.value = field.real();
      if (field.IsVarint(flags_field)) flags = field.value();
    }
    if (field.failed()) return false;
    Tell(head, attributes, flags, sample);
    return data != kSummaryField || Quantiles(bytes, head, attributes, flags, sample.at_ns);
  }

  bool Quantiles(std::string_view bytes, const MetricHead& head, const Attributes& attributes,
                 uint64_t flags, int64_t at_ns) {
    ProtoCursor field(bytes);
    while (field.Next()) {
      if (!field.IsBytes(6)) continue;
      double quantile = 0;
      Sample sample;
      sample.at_ns = at_ns;
      ProtoCursor part(field.bytes());
      while (part.Next()) {
        if (part.IsFixed64(1)) quantile = part.real();
        if (part.IsFixed64(2)) sample.value = part.real();
      }
      if (part.failed()) return false;
      MetricHead gauge = head;
      gauge.type = SampleType::kGauge;
      Tell(gauge, attributes, flags, sample, fmt::format("{}", quantile));
    }
    return true;
  }

  void Tell(const MetricHead& head, const Attributes& attributes, uint64_t flags,
            const Sample& sample, std::string_view quantile = {}) {
    const bool of_point = quantile.empty();
    if (!head.usable || (flags & kNoRecordedValue) != 0) {
      if (of_point) ++(head.usable ? counts_.no_value : counts_.unusable);
      return;
    }
    uint64_t fingerprint = attributes.Continue(head.seed) + static_cast<uint64_t>(head.type);
    if (!of_point) fingerprint = Fingerprint(quantile, fingerprint);
    Deliver(sink_, fingerprint, sample, [&] {
      SeriesLabels labels{std::string(head.name), head.type, head.resource->Labels(),
                          attributes.Labels()};
      if (!of_point) labels.labels.push_back({"quantile", std::string(quantile)});
      return labels;
    });
  }

  SampleSink& sink_;
  OtlpCounts counts_;
};

}  // namespace

StatusOr<OtlpCounts> ReadOtlp(std::string_view bytes, SampleSink& sink) {
  Walk walk(sink);
  if (!walk.Request(bytes))
    return InvalidArgument(
        "the body is not an OTLP ExportMetricsServiceRequest: damaged after {} data points",
        walk.counts().points);
  return walk.counts();
}

}  // namespace driftcast::ingest
