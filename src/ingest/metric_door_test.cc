#include "ingest/metric_door.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <snappy.h>
#include <zlib.h>

#include "google/rpc/retry.pb.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"
#include "prometheus/remote_write.pb.h"

#include "ingest/inflate.h"
#include "ingest/otlp_grpc_door.h"
#include "ingest/otlp_reader.h"

namespace driftcast::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse;
using opentelemetry::proto::collector::metrics::v1::MetricsService;
using testing::HasSubstr;

constexpr char kToken[] = "dct_sesame";
constexpr char kJson[] =
    R"({"resourceMetrics":[{"resource":{"attributes":[
      {"key":"host.name","value":{"stringValue":"web-7"}}]},"scopeMetrics":[{"metrics":[
      {"name":"system.load","gauge":{"dataPoints":[{"asDouble":1.5}]}}]}]},
      {"scopeMetrics":[{"metrics":[{"name":"homeless","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]})";

std::string Gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(compressBound(text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class MetricDoorTest : public testing::Test {
 protected:
  static HttpRequest Post(std::string body, std::string type, std::string encoding) {
    HttpRequest request;
    request.method = "POST";
    request.headers = {{"content-type", std::move(type)},
                       {"content-encoding", std::move(encoding)}};
    request.body = std::move(body);
    return request;
  }
  HttpResponse Otlp(std::string body, std::string type, std::string encoding = "") {
    return door_.Otlp(Post(std::move(body), std::move(type), std::move(encoding)));
  }
  HttpResponse RemoteWrite(const std::string& plain, std::string encoding = "snappy") {
    std::string body;
    snappy::Compress(plain.data(), plain.size(), &body);
    return door_.RemoteWrite(Post(std::move(body), "application/x-protobuf", std::move(encoding)));
  }
  static prometheus::WriteRequest OneSample(const std::string& instance) {
    prometheus::WriteRequest request;
    auto* series = request.add_timeseries();
    const auto add = [series](const char* name, const std::string& value) {
      series->add_labels()->set_name(name);
      series->mutable_labels(series->labels_size() - 1)->set_value(value);
    };
    add("__name__", "node_load1");
    if (!instance.empty()) add("instance", instance);
    series->add_samples()->set_timestamp(ToUnixMicros(SystemClock()->Now()) / 1000);
    return request;
  }

  Status busy_;
  size_t points_ = 0;
  MetricIntake intake_{MetricRules::Default(),
                       [this](std::vector<Fact> facts, std::function<void(const Status&)> done) {
                         if (!busy_.ok()) return busy_;
                         for (const Fact& fact : facts)
                           points_ += std::get<MetricsObserved>(fact.body).points.size();
                         done(Ok());
                         return Ok();
                       }};
  MetricDoor door_{intake_, *SystemClock()};
};

TEST_F(MetricDoorTest, OtlpAnswersInTheEncodingOfTheRequestAndTellsRejectedPoints) {
  const auto json = Otlp(kJson, "application/json; charset=utf-8");
  EXPECT_EQ(json.status, 200);
  EXPECT_THAT(json.body, HasSubstr(R"("partialSuccess":{"rejectedDataPoints":"1")"));
  EXPECT_THAT(json.body, HasSubstr("no rule says to which resource homeless belongs"));
  const auto protobuf = Otlp(*OtlpFromJson(kJson), "application/x-protobuf");
  EXPECT_EQ(protobuf.status, 200);
  ExportMetricsServiceResponse response;
  ASSERT_TRUE(response.ParseFromString(protobuf.body));
  EXPECT_EQ(response.partial_success().rejected_data_points(), 1);
  EXPECT_EQ(points_, 2u);
}

TEST_F(MetricDoorTest, OtlpMayBeCompressedWithinABound) {
  EXPECT_EQ(Otlp(Gzip(*OtlpFromJson(kJson)), "application/x-protobuf", "gzip").status, 200);
  const std::string bomb = Gzip(std::string(kUncompressedBytesMax + 1, '\0'));
  EXPECT_LT(bomb.size(), 20'000u);
  EXPECT_EQ(Otlp(bomb, "application/x-protobuf", "gzip").status, 413);
  EXPECT_EQ(Otlp("x", "application/x-protobuf", "gzip").status, 400);
  EXPECT_EQ(Otlp("x", "application/x-protobuf", "zstd").status, 415);
}

TEST_F(MetricDoorTest, OtlpErrorsAreStatusMessages) {
  const auto bad = Otlp("\x0a\x7f", "application/x-protobuf");
  EXPECT_EQ(bad.status, 400);
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(bad.body));
  EXPECT_EQ(status.code(), 3);
  EXPECT_THAT(status.message(), HasSubstr("not an OTLP ExportMetricsServiceRequest"));
  EXPECT_EQ(status.details_size(), 0) << "not to be sent again";
  EXPECT_THAT(Otlp("{", "application/json").body, HasSubstr("not OTLP/JSON"));
  EXPECT_EQ(Otlp("", "text/plain").status, 415);
}

TEST_F(MetricDoorTest, ABusyEngineAsksForPatience) {
  busy_ = ResourceExhausted("full");
  const auto otlp = Otlp(*OtlpFromJson(kJson), "application/x-protobuf");
  EXPECT_EQ(otlp.status, 429);
  EXPECT_THAT(otlp.headers, testing::Contains(testing::Pair("Retry-After", "5")));
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(otlp.body));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(status.details_size(), 1);
  ASSERT_TRUE(status.details(0).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 5);
  EXPECT_EQ(RemoteWrite(OneSample("web-7:9100").SerializeAsString()).status, 429);
  busy_ = Unavailable("stopping");
  EXPECT_EQ(RemoteWrite(OneSample("web-7:9100").SerializeAsString()).status, 503);
}

TEST_F(MetricDoorTest, RemoteWriteKeepsWhatItCanAndSaysWhatItCannot) {
  EXPECT_EQ(RemoteWrite(OneSample("web-7:9100").SerializeAsString()).status, 204);
  auto mixed = OneSample("");
  mixed.MergeFrom(OneSample("web-8:9100"));
  const auto answer = RemoteWrite(mixed.SerializeAsString());
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("1 of 2 samples were not taken: no rule says"));
  EXPECT_EQ(points_, 2u);
  EXPECT_EQ(RemoteWrite("\x0a\x7f").status, 400);
  EXPECT_EQ(RemoteWrite("", "gzip").status, 415);
  EXPECT_EQ(RemoteWrite(std::string(kUncompressedBytesMax + 1, '\0')).status, 413);
}

class OtlpGrpcDoorTest : public MetricDoorTest {
 protected:
  void SetUp() override {
    auto door = OtlpGrpcDoor::Start({.address = "127.0.0.1",
                                     .authorize =
                                         [](const std::string& token) {
                                           return token == kToken ? Ok() : Unauthenticated("who?");
                                         }},
                                    intake_, *SystemClock());
    ASSERT_TRUE(door.ok()) << Describe(door.status());
    grpc_ = *std::move(door);
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(grpc_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    ASSERT_TRUE(request_.ParseFromString(*OtlpFromJson(kJson)));
  }

  grpc::Status Export(const std::string& token, bool compressed = false) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (compressed) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    return MetricsService::NewStub(channel_)->Export(&context, request_, &response_);
  }

  std::unique_ptr<OtlpGrpcDoor> grpc_;
  std::shared_ptr<grpc::Channel> channel_;
  ExportMetricsServiceRequest request_;
  ExportMetricsServiceResponse response_;
};

TEST_F(OtlpGrpcDoorTest, TakesPointsOfWhoHasAToken) {
  EXPECT_EQ(Export("").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Export("guessed").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const auto status = Export(kToken);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response_.partial_success().rejected_data_points(), 1);
  EXPECT_EQ(points_, 1u);
}

TEST_F(OtlpGrpcDoorTest, GzipIsTakenAndABombRefused) {
  const auto status = Export(kToken, true);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(points_, 1u);
  request_.mutable_resource_metrics(0)->set_schema_url(std::string(kUncompressedBytesMax, 'x'));
  const auto bomb = Export(kToken, true);
  EXPECT_EQ(bomb.error_code(), grpc::StatusCode::OUT_OF_RANGE) << bomb.error_message();
}

TEST_F(OtlpGrpcDoorTest, ABusyEngineSendsRetryInfo) {
  busy_ = ResourceExhausted("full");
  const auto busy = Export(kToken);
  EXPECT_EQ(busy.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(busy.error_details()));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 5);
}

TEST_F(OtlpGrpcDoorTest, PlainTextStaysOnLoopback) {
  const auto door = OtlpGrpcDoor::Start({.address = "192.0.2.1"}, intake_, *SystemClock());
  EXPECT_EQ(door.status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace driftcast::ingest
