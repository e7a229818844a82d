// OTLP/JSON: protobuf's own JSON mapping, with two differences that matter little to metrics (ids
// of traces in hex, which only exemplars hold; enums as numbers).
#include <google/protobuf/util/json_util.h>

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

#include "ingest/otlp_reader.h"

namespace driftcast::ingest {

StatusOr<std::string> OtlpFromJson(std::string_view json) {
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), static_cast<int>(json.size())), &request, options);
  if (!status.ok())
    return InvalidArgument("the body is not OTLP/JSON: {}", std::string(status.message()));
  return request.SerializeAsString();
}

}  // namespace driftcast::ingest
