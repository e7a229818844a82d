#include "ingest/scraper.h"

#include <fstream>

#include <gmock/gmock.h>

#include "base/file.h"
#include "http/server.h"

namespace driftcast::ingest {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string TargetText(const StatusOr<ScrapeTarget>& target) {
  if (!target.ok()) return Message(target.status());
  std::string text =
      fmt::format("{} {}s {}s", target->url, Seconds(target->every), Seconds(target->timeout));
  for (const Label& label : target->labels) text += " " + label.name + "=" + label.value;
  return text;
}

TEST(ScrapeTarget, LabelsComeFromTheAddressUnlessGiven) {
  EXPECT_EQ(TargetText(ParseScrapeTarget("http://127.0.0.1:9100/metrics", "web-7")),
            "http://127.0.0.1:9100/metrics 15s 10s instance=127.0.0.1:9100 job=127.0.0.1 "
            "nodename=web-7");
  EXPECT_EQ(TargetText(ParseScrapeTarget(
                "https://db-1:9187/metrics\tjob=postgres every=5s timeout=1m team=x", "web-7")),
            "https://db-1:9187/metrics 5s 5s instance=db-1:9187 job=postgres team=x");
  EXPECT_EQ(TargetText(ParseScrapeTarget("http://[::1]:9100/m", "web-7")),
            "http://[::1]:9100/m 15s 10s instance=[::1]:9100 job=::1 nodename=web-7");
}

TEST(ScrapeTarget, FaultsAreNamed) {
  const auto fault = [](const char* line) {
    return Message(ParseScrapeTarget(line, "web-7").status());
  };
  EXPECT_THAT(fault("localhost:9100"), HasSubstr("http:// or https://"));
  EXPECT_THAT(fault("http://a:1/ every=0s"), HasSubstr("between 1s and 60m"));
  EXPECT_THAT(fault("http://a:1/ every=99999999999999999999s"), HasSubstr("between"));
  EXPECT_THAT(fault("http://a:1/ node"), HasSubstr("name=value"));
  EXPECT_THAT(fault("http://u:p@a:1/"), HasSubstr("token_file"));
  EXPECT_THAT(Message(ParseScrapeFile("# mine\n\nhttp://a:1/\nftp://x\n", "w").status()),
              HasSubstr("line 4"));
  EXPECT_EQ(ParseScrapeFile("# mine\n  http://a:1/ \n", "w")->size(), 1u);
}

// An endpoint and an intake.
class ScraperTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = HttpServer::Start({}, [this](const HttpRequest& request) {
      token_ = std::string(request.Header("authorization"));
      HttpResponse response;
      response.status = status_;
      response.Set("Content-Type", type_);
      response.body = body_;
      return response;
    });
    ASSERT_TRUE(server.ok());
    server_ = *std::move(server);
    target_ = *ParseScrapeTarget(
        fmt::format("http://127.0.0.1:{}/metrics job=node", server_->port()), "web-7");
  }

  std::vector<std::string> Points() {
    const MutexLock lock(mutex_);
    return points_;
  }

  int status_ = 200;
  std::string type_ = "text/plain; version=0.0.4", body_, token_;
  std::unique_ptr<HttpServer> server_;
  ScrapeTarget target_;
  Mutex mutex_;
  std::vector<std::string> points_;
  MetricIntake intake_{MetricRules::Default(),
                       [this](std::vector<Fact> facts, std::function<void(const Status&)> done) {
                         {
                           const MutexLock lock(mutex_);
                           for (const Fact& fact : facts)
                             for (const auto& p : std::get<MetricsObserved>(fact.body).points)
                               points_.push_back(fmt::format("{} {} {} {}", fact.stack.value,
                                                             p.resource_kind, p.metric, p.value));
                         }
                         done(Ok());
                         return Ok();
                       }};
};

TEST_F(ScraperTest, WhatTheEndpointSaysBecomesPoints) {
  body_ = "node_load1 0.5\n";
  ASSERT_TRUE(ScrapeOnce(target_, intake_, *SystemClock()).ok());
  EXPECT_THAT(Points(), ElementsAre("web-7 host node_load1 0.5", "web-7 service up 1"));
}

TEST_F(ScraperTest, OpenMetricsIsKnownByItsType) {
  type_ = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  body_ = "node_load1 0.5\n";
  EXPECT_THAT(Message(ScrapeOnce(target_, intake_, *SystemClock())), HasSubstr("cut off"));
  EXPECT_THAT(Points(), ElementsAre("web-7 service up 0"));
}

TEST_F(ScraperTest, AnEndpointThatFailsIsDown) {
  status_ = 500;
  EXPECT_THAT(Message(ScrapeOnce(target_, intake_, *SystemClock())), HasSubstr("500"));
  server_->Stop();
  EXPECT_EQ(ScrapeOnce(target_, intake_, *SystemClock()).code(), StatusCode::kUnavailable);
  EXPECT_THAT(Points(), ElementsAre("web-7 service up 0", "web-7 service up 0"));
}

TEST_F(ScraperTest, ATokenIsReadFromItsFile) {
  const std::string folder = testing::TempDir() + "scraper_test_" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(WriteFileAtomically(folder + "/token", "sesame\n", 0600).ok());
  target_.token_file = folder + "/token";
  ASSERT_TRUE(ScrapeOnce(target_, intake_, *SystemClock()).ok());
  EXPECT_EQ(token_, "Bearer sesame");
  std::filesystem::remove_all(folder);
  EXPECT_EQ(ScrapeOnce(target_, intake_, *SystemClock()).code(), StatusCode::kNotFound);
}

TEST_F(ScraperTest, TheThreadAsksAgainAndEnds) {
  body_ = "node_load1 0.5\n";
  target_.every = std::chrono::milliseconds(1);
  {
    const Scraper scraper({target_}, intake_, *SystemClock());
    while (Points().size() < 4) std::this_thread::yield();
    EXPECT_THAT(scraper.Counters(), Contains(testing::Pair("scrape_failures_total", 0)));
  }
  const Scraper idle({}, intake_, *SystemClock());
}

}  // namespace
}  // namespace driftcast::ingest
