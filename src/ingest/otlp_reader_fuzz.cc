// Bytes as any sender may bring them: the reader must not crash, and must find in a sound message
// what protobuf's own parser finds.
#include <google/protobuf/stubs/logging.h>

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "ingest/metric_rules.h"
#include "ingest/otlp_reader.h"
#include "ingest/sample_list.h"

using namespace driftcast::ingest;  // NOLINT: a program of one function

namespace {

uint64_t PointsIn(
    const opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest& request) {
  uint64_t points = 0;
  for (const auto& resource : request.resource_metrics())
    for (const auto& scope : resource.scope_metrics())
      for (const auto& metric : scope.metrics())
        points += static_cast<uint64_t>(metric.gauge().data_points_size() +
                                        metric.sum().data_points_size() +
                                        metric.histogram().data_points_size() +
                                        metric.exponential_histogram().data_points_size() +
                                        metric.summary().data_points_size());
  return points;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer quiet;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SampleList as_it_is;
  (void)ReadOtlp(bytes, as_it_is);
  for (const auto& [labels, sample] : as_it_is.samples())
    (void)MetricRules::Default().Place(labels);
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  // Written again without repeated single fields and unknown ones.
  request.DiscardUnknownFields();
  SampleList again;
  const auto counts = ReadOtlp(request.SerializeAsString(), again);
  DRIFTCAST_CHECK(counts.ok(), "{}", driftcast::Describe(counts.status()));
  DRIFTCAST_CHECK(counts->points == PointsIn(request), "{} points of {}", counts->points,
                  PointsIn(request));
  return 0;
}
