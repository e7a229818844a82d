#include "ingest/exposition_reader.h"

#include <gmock/gmock.h>

#include "ingest/sample_list.h"

namespace driftcast::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNow = 5'000'000'000;

std::vector<std::string> Read(std::string_view text, bool open_metrics = false) {
  SampleList list;
  const auto counts = ReadExposition(
      text, {.open_metrics = open_metrics, .labels = {{"job", "node"}}, .at_ns = kNow}, list);
  if (!counts.ok()) return {Describe(counts.status())};
  return list.Lines();
}

TEST(ExpositionReader, TheTextFormat) {
  EXPECT_THAT(
      Read("# HELP http_requests_total The total.\n"
           "# TYPE http_requests_total counter\n"
           "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
           "\n"
           "# TYPE temp gauge\n"
           "temp 1e3\r\n"
           "  temp{path=\"C:\\\\DIR\\n\\\"q\\\"\",} +Inf\n"
           "# TYPE took histogram\n"
           "took_bucket{le=\"0.1\"} 3\n"
           "took_sum 5.5\n"
           "took_count 7\n"
           "# TYPE rpc summary\n"
           "rpc{quantile=\"0.5\"} 4\n"
           "rpc_count 2\n"
           "untyped_total 3\n"
           "job_own{job=\"mine\"} 1"),
      ElementsAre("http_requests_total{code=200;job=node;method=post;} 1 1027/0@1395066363",
                  "temp{job=node;} 0 1000/0@5", "temp{job=node;path=C:\\DIR\n\"q\";} 0 inf/0@5",
                  "took_sum{job=node;} 1 5.5/0@5", "took_count{job=node;} 1 7/0@5",
                  "rpc{job=node;quantile=0.5;} 0 4/0@5", "rpc_count{job=node;} 1 2/0@5",
                  "untyped_total{job=node;} 1 3/0@5", "job_own{job=mine;} 0 1/0@5"));
}

TEST(ExpositionReader, OpenMetrics) {
  EXPECT_THAT(
      Read("# TYPE foo counter\n"
           "# UNIT foo seconds\n"
           "foo_total{a=\"b\"} 17.0 1520879607.789 # {trace_id=\"x\"} 0.67 1520879607\n"
           "foo_created{a=\"b\"} 1520430000\n"
           "# TYPE \"a.b\" gauge\n"
           "{\"a.b\",\"l.x\"=\"y\"} 4\n"
           "# EOF\n",
           true),
      ElementsAre("foo_total{a=b;job=node;} 1 17/0@1520879607", "a.b{job=node;l.x=y;} 0 4/0@5"));
  EXPECT_THAT(Read("a 1\n", true), ElementsAre(HasSubstr("cut off")));
  EXPECT_THAT(Read("# EOF\na 1\n", true), ElementsAre(HasSubstr("behind # EOF")));
}

struct BadCase {
  const char* name;
  const char* text;
  const char* message;
};

class BadExpositionTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadExpositionTest, SaysLineAndColumn) {
  EXPECT_THAT(Read(GetParam().text), ElementsAre(HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadExpositionTest,
    testing::Values(BadCase{"NoValue", "a 1\nb\n", "line 2: column 2: a number"},
                    BadCase{"NoName", "{a=\"b\"} 1\n", "line 1: column 1: a metric's name"},
                    BadCase{"OpenQuote", "a{b=\"c} 1\n", "a label's value in quotes"},
                    BadCase{"EscapeAtTheEnd", "a{b=\"\\", "a label's value in quotes"},
                    BadCase{"OpenBrace", "a{b=\"c\" 1\n", "',' or '}'"},
                    BadCase{"NotANumber", "a 0x1p3\n", "a number in front"},
                    BadCase{"TwoSigns", "a -+1\n", "a number in front"},
                    BadCase{"NotATime", "a 1 soon\n", "'soon' is not a time"},
                    BadCase{"More", "a 1 2 3\n", "the end of the line"},
                    BadCase{"Html", "<html>\n", "a metric's name"}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace driftcast::ingest
