// Reads OTLP metrics: the bytes of an opentelemetry ExportMetricsServiceRequest, or the same as
// OTLP/JSON.
//
// What is read: gauges; sums (monotonic ones as counters, others as gauges, deltas of those that
// are not monotonic not at all: their level is not known); count and sum of histograms, exponential
// histograms and summaries; the quantiles of summaries. Exemplars, buckets, descriptions and units
// are passed over.
#ifndef DRIFTCAST_INGEST_OTLP_READER_H_
#define DRIFTCAST_INGEST_OTLP_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "ingest/metric_sample.h"

namespace driftcast::ingest {

struct OtlpCounts {
  uint64_t points = 0;    // data points seen, taken or not
  uint64_t no_value = 0;  // of them: without a value, by their flags (the series has ended)
  uint64_t unusable = 0;  // of them: non-monotonic deltas, and metrics without a name
};

// Tells `sink` every sample, in order. InvalidArgument when the bytes are no such message; samples
// before the damage have been told by then. Pure but for the sink.
StatusOr<OtlpCounts> ReadOtlp(std::string_view bytes, SampleSink& sink);

// OTLP/JSON as protobuf bytes, for ReadOtlp. Fields that are not known are passed over.
// InvalidArgument when it is no JSON or not of this shape.
StatusOr<std::string> OtlpFromJson(std::string_view json);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_OTLP_READER_H_
