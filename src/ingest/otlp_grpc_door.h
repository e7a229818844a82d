// Metrics over gRPC: the OpenTelemetry MetricsService, usually asked by a collector.
//
// On loopback it listens in plain text; any other address needs a certificate. Every call brings
// an API token, `authorization: Bearer ...`, as over HTTP.
//
// Errors: UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT (the bytes are wrong), OUT_OF_RANGE
// (larger than 16 MiB uncompressed): not to be sent again. RESOURCE_EXHAUSTED and UNAVAILABLE, with
// RetryInfo: the same later. gRPC itself answers RESOURCE_EXHAUSTED, without RetryInfo, for
// messages of more than 4 MiB.
#ifndef DRIFTCAST_INGEST_OTLP_GRPC_DOOR_H_
#define DRIFTCAST_INGEST_OTLP_GRPC_DOOR_H_

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "ingest/metric_intake.h"

namespace driftcast::ingest {

struct OtlpGrpcOptions {
  std::string address = "127.0.0.1";  // without port
  int port = 0;                       // 0 = any free one
  std::string certificate_pem = {}, key_pem = {};
  // May whoever has this bearer token send metrics? Called on gRPC's threads; must be quick.
  std::function<Status(const std::string& token)> authorize = {};
};

class OtlpGrpcDoor {
 public:
  // The intake and the clock must outlive the door. FailedPrecondition: not loopback and no
  // certificate. Unavailable: the address cannot be had.
  static StatusOr<std::unique_ptr<OtlpGrpcDoor>> Start(OtlpGrpcOptions options,
                                                       MetricIntake& intake, const Clock& clock);
  ~OtlpGrpcDoor();  // stops

  int port() const;

  // Refuses new calls and waits for those under way, at most some seconds. Idempotent.
  void Stop();

 private:
  struct Impl;
  explicit OtlpGrpcDoor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_OTLP_GRPC_DOOR_H_
