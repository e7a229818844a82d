#include "ingest/otlp_reader.h"

#include <gmock/gmock.h>

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

#include "ingest/sample_list.h"

namespace driftcast::ingest {
namespace {

using opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kJson[] = R"({"resourceMetrics":[{
  "resource":{"attributes":[{"key":"host.name","value":{"stringValue":"web-7"}},
                            {"key":"cores","value":{"intValue":"4"}}]},
  "scopeMetrics":[{"scope":{"name":"x"},"metrics":[
    {"name":"temp","gauge":{"dataPoints":[
      {"timeUnixNano":"7000000000","asDouble":1.5,
       "attributes":[{"key":"rack","value":{"arrayValue":{"values":[{"intValue":1},{"boolValue":true}]}}}]},
      {"timeUnixNano":"8000000000","flags":1}]}},
    {"name":"requests","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
      {"timeUnixNano":"7000000000","asInt":"-3"}]}},
    {"name":"level","sum":{"aggregationTemporality":2,"dataPoints":[
      {"timeUnixNano":"7000000000","asInt":"9"}]}},
    {"name":"moves","sum":{"aggregationTemporality":1,"dataPoints":[
      {"timeUnixNano":"7000000000","asInt":"9"}]}},
    {"name":"sent","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[
      {"startTimeUnixNano":"6000000000","timeUnixNano":"7000000000","asInt":"9"}]}},
    {"name":"took","histogram":{"aggregationTemporality":2,"dataPoints":[
      {"timeUnixNano":"7000000000","count":"4","sum":2.5,"bucketCounts":["1","3"],
       "explicitBounds":[1]}]}},
    {"name":"wide","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[
      {"timeUnixNano":"7000000000","count":"2","sum":6,"scale":3}]}},
    {"name":"sizes","summary":{"dataPoints":[
      {"timeUnixNano":"7000000000","count":"5","sum":10,
       "quantileValues":[{"quantile":0.5,"value":2},{"quantile":0.99,"value":8}]}]}}
  ]}]}]})";

TEST(OtlpReader, EveryKindOfMetricIsRead) {
  const auto bytes = OtlpFromJson(kJson);
  ASSERT_TRUE(bytes.ok()) << Describe(bytes.status());
  SampleList list;
  const auto counts = ReadOtlp(*bytes, list);
  ASSERT_TRUE(counts.ok()) << Describe(counts.status());
  EXPECT_EQ(counts->points, 9u);
  EXPECT_EQ(counts->no_value, 1u);
  EXPECT_EQ(counts->unusable, 1u) << "a delta that may fall has no level";
  EXPECT_THAT(list.Lines(), ElementsAre("temp{cores=4;host.name=web-7;rack=[1,true];} 0 1.5/0@7",
                                        "requests{cores=4;host.name=web-7;} 1 -3/0@7",
                                        "level{cores=4;host.name=web-7;} 0 9/0@7",
                                        "sent{cores=4;host.name=web-7;} 2 9/0@7",
                                        "took{cores=4;host.name=web-7;} 3 2.5/4@7",
                                        "wide{cores=4;host.name=web-7;} 4 6/2@7",
                                        "sizes{cores=4;host.name=web-7;} 3 10/5@7",
                                        "sizes{cores=4;host.name=web-7;quantile=0.5;} 0 2/0@7",
                                        "sizes{cores=4;host.name=web-7;quantile=0.99;} 0 8/0@7"));
}

TEST(OtlpReader, TheOrderOfFieldsDoesNotMatter) {
  // scope_metrics before resource, data before name: allowed by protobuf, if unusual.
  const auto bytes = OtlpFromJson(kJson);
  ExportMetricsServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(*bytes));
  const auto& in = request.resource_metrics(0);
  std::string scope = in.scope_metrics(0).SerializeAsString();
  std::string resource = in.resource().SerializeAsString();
  const auto field = [](char number, const std::string& body) {
    std::string out(1, static_cast<char>(number << 3 | 2));
    for (size_t n = body.size();; n >>= 7) {
      out += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
      if (n <= 0x7f) break;
    }
    return out + body;
  };
  const std::string swapped = field(1, field(2, scope) + field(1, resource));
  SampleList straight, reversed;
  ASSERT_TRUE(ReadOtlp(*bytes, straight).ok());
  ASSERT_TRUE(ReadOtlp(swapped, reversed).ok());
  EXPECT_EQ(straight.Lines(), reversed.Lines());
}

TEST(OtlpReader, SeriesDifferByAnyLabelNameOrType) {
  SampleList list;
  for (const char* json :
       {R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"h","value":{"stringValue":"a"}}]},
            "scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]})",
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"h","value":{"stringValue":"b"}}]},
            "scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]})",
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"h","value":{"stringValue":"a"}}]},
            "scopeMetrics":[{"metrics":[{"name":"n","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]})",
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"h","value":{"stringValue":"a"}}]},
            "scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":"1",
            "attributes":[{"key":"h","value":{"stringValue":"a"}}]}]}}]}]}]})",
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"h","value":{"stringValue":"a"}}]},
            "scopeMetrics":[{"metrics":[{"name":"m","sum":{"isMonotonic":true,
            "aggregationTemporality":2,"dataPoints":[{"asInt":"1"}]}}]}]}]})"}) {
    const auto bytes = OtlpFromJson(json);
    ASSERT_TRUE(bytes.ok());
    ASSERT_TRUE(ReadOtlp(*bytes, list).ok());
  }
  EXPECT_EQ(list.series(), 5u);
}

TEST(OtlpReader, DamageIsSaidWithItsPlace) {
  const auto bytes = OtlpFromJson(kJson);
  SampleList list;
  const auto cut = ReadOtlp(bytes->substr(0, bytes->size() - 3), list);
  ASSERT_EQ(cut.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(cut.status()), HasSubstr("damaged after"));
  EXPECT_FALSE(OtlpFromJson("{\"resourceMetrics\":7}").ok());
  EXPECT_FALSE(OtlpFromJson("not json").ok());
}

TEST(OtlpReader, UnknownJsonFieldsArePassedOver) {
  EXPECT_TRUE(OtlpFromJson(R"({"resourceMetrics":[],"entityRefs":[{"x":1}]})").ok());
}

}  // namespace
}  // namespace driftcast::ingest
