#include "ingest/metric_door.h"

#include <algorithm>

#include <google/protobuf/util/json_util.h>

#include "google/rpc/retry.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

#include "ingest/inflate.h"
#include "ingest/otlp_reader.h"
#include "ingest/remote_write_reader.h"

namespace driftcast::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse;

constexpr char kProtobuf[] = "application/x-protobuf";
constexpr char kJson[] = "application/json";

// "Application/JSON; charset=utf-8" -> "application/json".
std::string MediaType(std::string_view header) {
  header = header.substr(0, header.find(';'));
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  std::string type(header);
  for (char& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return type;
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  const auto written = google::protobuf::util::MessageToJsonString(message, &json, options);
  return written.ok() ? json : "{}";
}

ExportMetricsServiceResponse AnswerMessage(const IntakeOutcome& outcome) {
  ExportMetricsServiceResponse response;
  if (outcome.rejected > 0) {
    auto* partial = response.mutable_partial_success();
    partial->set_rejected_data_points(static_cast<int64_t>(outcome.rejected));
    partial->set_error_message(outcome.reason);
  }
  return response;
}

google::rpc::Status ErrorMessage(const Status& status) {
  google::rpc::Status message;
  message.set_code(static_cast<int>(status.code()));
  message.set_message(Message(status));
  if (MayRetry(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
    message.add_details()->PackFrom(retry);
  }
  return message;
}

int HttpStatusOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
      return 400;
    case StatusCode::kOutOfRange:
      return 413;
    case StatusCode::kUnimplemented:
      return 415;
    case StatusCode::kResourceExhausted:
      return 429;
    case StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

HttpResponse Answer(int status, const char* type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.Set("Content-Type", type);
  if (status == 429 || status == 503) response.Set("Retry-After", std::to_string(kRetrySeconds));
  if (status == 415) response.Set("Accept-Encoding", "gzip, deflate");
  response.body = std::move(body);
  return response;
}

// A body that is too large whatever the engine does: not to be sent again, unlike a busy engine.
Status TooLarge(const Status& status) {
  if (status.code() != StatusCode::kResourceExhausted) return status;
  return OutOfRange("{}; send fewer points at once", Message(status));
}

StatusOr<std::string> Decoded(const HttpRequest& request) {
  const std::string encoding = MediaType(request.Header("content-encoding"));
  if (encoding.empty() || encoding == "identity") return request.body;
  if (encoding != "gzip" && encoding != "deflate")
    return Unimplemented("Content-Encoding {} is not understood here; send gzip or nothing",
                         encoding);
  auto plain = Inflate(request.body, kUncompressedBytesMax);
  if (!plain.ok()) return TooLarge(plain.status());
  return plain;
}

StatusOr<std::string> OtlpBytes(const HttpRequest& request, const std::string& type) {
  if (type != kJson && type != kProtobuf)
    return Unimplemented("Content-Type {} is not understood here; send {} or {}",
                         type.empty() ? "(none)" : type, kProtobuf, kJson);
  DRIFTCAST_ASSIGN_OR_RETURN(std::string bytes, Decoded(request));
  if (type == kJson) return OtlpFromJson(bytes);
  return bytes;
}

HttpResponse PlainText(const Status& status) {
  return Answer(HttpStatusOf(status), "text/plain; charset=utf-8", Message(status) + "\n");
}

}  // namespace

bool MayRetry(const Status& status) {
  return status.code() == StatusCode::kResourceExhausted ||
         status.code() == StatusCode::kUnavailable;
}

std::string OtlpAnswer(const IntakeOutcome& outcome) {
  return AnswerMessage(outcome).SerializeAsString();
}

std::string OtlpError(const Status& status) { return ErrorMessage(status).SerializeAsString(); }

HttpResponse MetricDoor::Otlp(const HttpRequest& request) const {
  const std::string type = MediaType(request.Header("content-type"));
  const bool json = type == kJson;
  const auto error = [json](const Status& status) {
    const auto message = ErrorMessage(status);
    return Answer(HttpStatusOf(status), json ? kJson : kProtobuf,
                  json ? ToJson(message) : message.SerializeAsString());
  };
  const auto bytes = OtlpBytes(request, type);
  if (!bytes.ok()) return error(bytes.status());
  const IntakeOutcome outcome = intake_.TakeAndWait(
      clock_.Now(), [&](SampleSink& sink) { return ReadOtlp(*bytes, sink).status(); });
  if (!outcome.status.ok()) return error(outcome.status);
  const auto message = AnswerMessage(outcome);
  return Answer(200, json ? kJson : kProtobuf,
                json ? ToJson(message) : message.SerializeAsString());
}

HttpResponse MetricDoor::RemoteWrite(const HttpRequest& request) const {
  const std::string version(request.Header("x-prometheus-remote-write-version"));
  const std::string type(request.Header("content-type"));
  if (version.starts_with("2.") || type.find("io.prometheus.write.v2") != type.npos)
    return PlainText(Unimplemented("remote write 2.0 is not understood here; send 1.0"));
  if (MediaType(request.Header("content-encoding")) != "snappy" || MediaType(type) != kProtobuf)
    return PlainText(Unimplemented(
        "send Content-Type: {} and Content-Encoding: snappy, as remote write 1.0 does", kProtobuf));
  const auto bytes = Unsnappy(request.body, kUncompressedBytesMax);
  if (!bytes.ok()) return PlainText(TooLarge(bytes.status()));
  const IntakeOutcome outcome = intake_.TakeAndWait(
      clock_.Now(), [&](SampleSink& sink) { return ReadRemoteWrite(*bytes, sink).status(); });
  if (!outcome.status.ok()) return PlainText(outcome.status);
  if (outcome.rejected > 0)
    return PlainText(InvalidArgument("{} of {} samples were not taken: {}", outcome.rejected,
                                     outcome.rejected + outcome.taken, outcome.reason));
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace driftcast::ingest
