#include "ingest/otlp_grpc_door.h"

#include <chrono>

#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"

#include "base/log.h"
#include "ingest/inflate.h"
#include "ingest/metric_door.h"
#include "ingest/otlp_reader.h"

namespace driftcast::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::MetricsService;

constexpr size_t kMemoryMax = 256u << 20;
constexpr size_t kStatusBytesMax = 1024;  // a message travels in a header
constexpr auto kShutdownWait = std::chrono::seconds(3);

bool IsLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         address.starts_with("127.");
}

grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(static_cast<int>(status.code())),
          Message(status).substr(0, kStatusBytesMax), OtlpError(status)};
}

std::string Flat(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// gRPC's own decompression knows no bound, so it is off, and what a message is shows in its first
// byte: a request starts with the tag of its only field, 0x0a.
StatusOr<std::string> Uncompressed(std::string bytes) {
  constexpr char kGzip = 0x1f, kZlib = 0x78;
  if (bytes.empty() || (bytes[0] != kGzip && bytes[0] != kZlib)) return bytes;
  auto plain = Inflate(bytes, kUncompressedBytesMax);
  if (plain.status().code() == StatusCode::kResourceExhausted)
    return OutOfRange("{}; send fewer points at once", Message(plain.status()));
  return plain;
}

class Service : public MetricsService::WithRawCallbackMethod_Export<MetricsService::Service> {
 public:
  Service(const OtlpGrpcOptions& options, MetricIntake& intake, const Clock& clock)
      : options_(options), intake_(intake), clock_(clock) {}

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* call,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
    if (const Status allowed = Authorize(*call); !allowed.ok()) {
      reactor->Finish(ToGrpc(allowed));
      return reactor;
    }
    const auto bytes = Uncompressed(Flat(*request));
    if (!bytes.ok()) {
      reactor->Finish(ToGrpc(bytes.status()));
      return reactor;
    }
    intake_.Take(
        clock_.Now(), [&](SampleSink& sink) { return ReadOtlp(*bytes, sink).status(); },
        [reactor, response](const IntakeOutcome& outcome) {
          if (!outcome.status.ok()) return reactor->Finish(ToGrpc(outcome.status));
          const grpc::Slice slice(OtlpAnswer(outcome));
          *response = grpc::ByteBuffer(&slice, 1);
          reactor->Finish(grpc::Status::OK);
        });
    return reactor;
  }

 private:
  Status Authorize(const grpc::CallbackServerContext& call) const {
    static constexpr std::string_view kBearer = "Bearer ";
    const auto found = call.client_metadata().find("authorization");
    const std::string value = found == call.client_metadata().end()
                                  ? ""
                                  : std::string(found->second.data(), found->second.size());
    if (!value.starts_with(kBearer))
      return Unauthenticated("send an API token: authorization: Bearer ...");
    return options_.authorize(value.substr(kBearer.size()));
  }

  const OtlpGrpcOptions& options_;
  MetricIntake& intake_;
  const Clock& clock_;
};

std::shared_ptr<grpc::ServerCredentials> Credentials(const OtlpGrpcOptions& options) {
  if (options.certificate_pem.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs = {{options.key_pem, options.certificate_pem}};
  return grpc::SslServerCredentials(tls);
}

}  // namespace

struct OtlpGrpcDoor::Impl {
  OtlpGrpcOptions options;
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

StatusOr<std::unique_ptr<OtlpGrpcDoor>> OtlpGrpcDoor::Start(OtlpGrpcOptions options,
                                                            MetricIntake& intake,
                                                            const Clock& clock) {
  if (options.certificate_pem.empty() && !IsLoopback(options.address))
    return FailedPrecondition(
        "OTLP over gRPC on {} needs --tls-certificate: a token must not travel in plain text",
        options.address);
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->service = std::make_unique<Service>(impl->options, intake, clock);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(static_cast<int>(kRequestBytesMax));
  builder.SetResourceQuota(grpc::ResourceQuota("otlp").Resize(kMemoryMax));
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16);
  const std::string& host = impl->options.address;
  const bool bare_v6 = host.find(':') != host.npos && !host.starts_with('[');
  const std::string address =
      fmt::format(fmt::runtime(bare_v6 ? "[{}]:{}" : "{}:{}"), host, impl->options.port);
  builder.AddListeningPort(address, Credentials(impl->options), &impl->port);
  builder.RegisterService(impl->service.get());
  impl->server = builder.BuildAndStart();
  if (!impl->server || impl->port == 0)
    return Unavailable(
        "cannot listen for OTLP on {}: is another program there? Choose another --otlp-port, or -1 "
        "for none",
        address);
  Log("ingest").info("otlp.open address={} port={}", host, impl->port);
  return std::unique_ptr<OtlpGrpcDoor>(new OtlpGrpcDoor(std::move(impl)));
}

OtlpGrpcDoor::OtlpGrpcDoor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OtlpGrpcDoor::~OtlpGrpcDoor() { Stop(); }
int OtlpGrpcDoor::port() const { return impl_->port; }

void OtlpGrpcDoor::Stop() {
  if (!impl_->server) return;
  impl_->server->Shutdown(std::chrono::system_clock::now() + kShutdownWait);
  impl_->server.reset();
}

}  // namespace driftcast::ingest
