// Metrics over HTTP: OTLP/HTTP (POST /v1/metrics, protobuf or JSON) and Prometheus remote write 1.0
// (POST /api/v1/write). Who may call is the server's business.
//
// Errors are those of each protocol. Sent again later: 429 and 503, both with Retry-After. Not sent
// again: 400 (the body is wrong), 413 (too large, also when uncompressed), 415 (encoding or type).
// Samples that cannot be taken: OTLP says so in partial_success; remote write has 400 for it,
// and the other samples of the request are kept all the same.
#ifndef DRIFTCAST_INGEST_METRIC_DOOR_H_
#define DRIFTCAST_INGEST_METRIC_DOOR_H_

#include <string>

#include "base/time.h"
#include "http/message.h"
#include "ingest/metric_intake.h"

namespace driftcast::ingest {

// Bounds of one request, for all doors.
inline constexpr size_t kRequestBytesMax = 4 << 20;        // as it comes
inline constexpr size_t kUncompressedBytesMax = 16 << 20;  // of it
inline constexpr int kRetrySeconds = 5;

// Thread-safe; waits until what was sent is durable.
class MetricDoor {
 public:
  // Both must outlive the door.
  MetricDoor(MetricIntake& intake, const Clock& clock) : intake_(intake), clock_(clock) {}

  HttpResponse Otlp(const HttpRequest& request) const;
  HttpResponse RemoteWrite(const HttpRequest& request) const;

  const MetricIntake& intake() const { return intake_; }

 private:
  MetricIntake& intake_;
  const Clock& clock_;
};

// Answers of OTLP as protobuf bytes: ExportMetricsServiceResponse, and google.rpc.Status (with
// RetryInfo for what may be sent again).
std::string OtlpAnswer(const IntakeOutcome& outcome);
std::string OtlpError(const Status& status);
// Whether the same request may succeed later.
bool MayRetry(const Status& status);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_METRIC_DOOR_H_
