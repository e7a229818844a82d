#include "ingest/metric_rules.h"

#include <gmock/gmock.h>

namespace driftcast::ingest {
namespace {

using testing::HasSubstr;

std::string PlaceText(const MetricRules& rules, const std::string& metric,
                      std::vector<Label> labels, std::vector<Label> resource = {}) {
  const auto place = rules.Place({metric, SampleType::kGauge, std::move(resource), labels});
  if (!place.ok()) return Describe(place.status());
  if (place->dropped) return "dropped";
  return place->stack + " | " + place->resource_kind + " | " + place->resource_name + " | " +
         place->metric;
}

struct DefaultCase {
  const char* name;
  const char* metric;
  std::vector<Label> labels, resource;
  const char* place;
};

class DefaultRulesTest : public testing::TestWithParam<DefaultCase> {};

TEST_P(DefaultRulesTest, Place) {
  const auto& c = GetParam();
  EXPECT_EQ(PlaceText(MetricRules::Default(), c.metric, c.labels, c.resource), c.place);
}

INSTANTIATE_TEST_SUITE_P(
    All, DefaultRulesTest,
    testing::Values(
        DefaultCase{"OtelHost",
                    "system.cpu.utilization",
                    {{"cpu", "0"}},
                    {{"host.name", "web-7"}},
                    "web-7 | host |  | system.cpu.utilization{cpu=\"0\"}"},
        DefaultCase{
            "OtelMount",
            "system.filesystem.usage",
            {{"device", "/dev/vda1"}, {"mountpoint", "/"}, {"state", "free"}, {"type", "ext4"}},
            {{"host.name", "web-7"}, {"service.name", "collector"}},
            "web-7 | mount | / | system.filesystem.usage{state=\"free\"}"},
        DefaultCase{
            "OtelService",
            "http.server.request.duration.rate",
            {{"method", "GET"}},
            {{"host.name", "web-7"}, {"service.instance.id", "6f1"}, {"service.name", "shop"}},
            "web-7 | service | shop | http.server.request.duration.rate{method=\"GET\"}"},
        DefaultCase{"OtelServiceWithoutHost",
                    "queue.size",
                    {},
                    {{"service.name", "shop"}},
                    "services | service | shop | queue.size"},
        DefaultCase{"OtelPod",
                    "k8s.pod.cpu.usage",
                    {},
                    {{"k8s.deployment.name", "shop"},
                     {"k8s.namespace.name", "prod"},
                     {"k8s.pod.name", "shop-6f-x"},
                     {"service.name", "shop"}},
                    "cluster:prod | k8s:deployment | shop | k8s.pod.cpu.usage"},
        DefaultCase{"NodeExporterMount",
                    "node_filesystem_avail_bytes",
                    {{"device", "/dev/vda1"},
                     {"fstype", "ext4"},
                     {"instance", "web-7:9100"},
                     {"job", "node"},
                     {"mountpoint", "/var"}},
                    {},
                    "web-7 | mount | /var | node_filesystem_avail_bytes"},
        DefaultCase{"NodeExporterUnit",
                    "node_systemd_unit_state",
                    {{"instance", "web-7:9100"}, {"name", "ssh.service"}, {"state", "active"}},
                    {},
                    "web-7 | unit | ssh.service | node_systemd_unit_state{state=\"active\"}"},
        DefaultCase{"NodeExporterHost",
                    "node_load1",
                    {{"instance", "[::1]:9100"}, {"job", "n"}},
                    {},
                    "::1 | host |  | node_load1"},
        DefaultCase{"AnyJob",
                    "process_open_fds",
                    {{"instance", "db:9187"}, {"job", "postgres"}},
                    {},
                    "db | service | postgres | process_open_fds"},
        DefaultCase{
            "Dropped", "go_goroutines", {{"instance", "db:1"}, {"job", "x"}}, {}, "dropped"},
        DefaultCase{"NoRule",
                    "a",
                    {{"b", "c"}},
                    {{"d", "e"}},
                    "NOT_FOUND: no rule says to which resource a belongs; its labels are: d, b"}),
    [](const auto& c) { return c.param.name; });

TEST(MetricRules, AliasesSlashesAndLiterals) {
  const auto rules = MetricRules::Parse(
      "alias localhost web-7\n"
      "ignore a\n"
      "x*  {host(instance)}  k  {n|\"no name\"}/end\n"
      "y   {instance}        k  -\n");
  ASSERT_TRUE(rules.ok()) << Describe(rules.status());
  EXPECT_EQ(PlaceText(*rules, "x1", {{"a", "1"}, {"b", "q\"\n"}, {"instance", "localhost:1"}}),
            "web-7 | k | no name/end | x1{b=\"q\\\" \"}");
  EXPECT_EQ(PlaceText(*rules, "y", {{"instance", "a/b"}}), "a_b | k |  | y");
}

TEST(MetricRules, ALabelWithoutValueIsNotThere) {
  const auto rules = MetricRules::Parse("* {a|b} k -\n");
  EXPECT_EQ(PlaceText(*rules, "m", {{"a", ""}, {"b", "x"}}), "x | k |  | m");
}

TEST(MetricRules, NamesMustBeThoseOfAResource) {
  const auto rules = MetricRules::Parse("* {a} k -\n");
  EXPECT_THAT(PlaceText(*rules, "m", {{"a", "x\x01y"}}), HasSubstr("control character"));
  EXPECT_THAT(PlaceText(*rules, "m", {{"a", "\xff"}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(PlaceText(*rules, "m", {{"a", "x"}, {"b", std::string(2000, 'y')}}),
              HasSubstr("at most 1024"));
}

TEST(MetricRules, FaultsNameTheLine) {
  const auto fault = [](const char* text) { return Message(MetricRules::Parse(text).status()); };
  EXPECT_THAT(fault("# fine\n* a b\n"), HasSubstr("line 2: write: METRIC STACK"));
  EXPECT_THAT(fault("* {a k -\n"), HasSubstr("line 1: '{' without '}'"));
  EXPECT_THAT(fault("* {} k -\n"), HasSubstr("empty label"));
  EXPECT_THAT(fault("* a k - with x\n"), HasSubstr("line 1"));
  EXPECT_THAT(fault("alias a\n"), HasSubstr("alias STACK NAME"));
}

}  // namespace
}  // namespace driftcast::ingest
