#include "web/web_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "web/web_fixture.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

class WebServerTest : public WebTest {
 protected:
  void SetUp() override { StartServer(); }
};

TEST_F(WebServerTest, OpenPathsNeedNoCredential) {
  EXPECT_EQ(Get("/healthz").body, "ok\n");
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(Json(Get("/openapi.json"))["info"]["title"], "Driftcast");
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Post("/healthz", "{}").status, 405);
}

TEST_F(WebServerTest, AnEngineThatCannotWriteSaysSoAndNobodyWaits) {
  SignIn();
  engine_.writable = Unavailable("the disk is full");
  const HttpReply reply = Get("/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, HasSubstr("the disk is full"));
  EXPECT_EQ(Get("/api/v1/overview").status, 503);
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/metrics").status, 200);
  EXPECT_EQ(Get("/").status, 200);
}

TEST_F(WebServerTest, TheApiNeedsACredential) {
  for (const char* path : {"/api/v1/overview", "/api/v1/session", "/api/v1/nothing", "/api"}) {
    const HttpReply reply = Get(path);
    EXPECT_EQ(reply.status, 401) << path;
    EXPECT_EQ(reply.Header("content-type"), "application/problem+json");
    EXPECT_THAT(reply.body, HasSubstr("sign in"));
  }
}

TEST_F(WebServerTest, ALinkOpensOneSessionOnce) {
  const std::string link = *server_->MakeLoginLink("ada");
  const auto first = Fetch({.url = link});
  EXPECT_EQ(first->status, 303);
  EXPECT_EQ(first->Header("location"), "/");
  const std::string cookie(first->Header("set-cookie"));
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Strict"));
  EXPECT_EQ(Fetch({.url = link})->status, 401);
  // With the session, the used link still leads to the page.
  const std::string pair = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(Fetch({.url = link, .headers = {{"Cookie", pair}}})->status, 303);
}

TEST_F(WebServerTest, ALinkEnds) {
  const std::string link = *server_->MakeLoginLink("ada");
  clock_.Advance(2 * kHour);
  EXPECT_EQ(Fetch({.url = link})->status, 401);
}

TEST_F(WebServerTest, ATokenOfALinkOpensASessionByPost) {
  const std::string link = *server_->MakeLoginLink("ada");
  const std::string token = link.substr(link.find('=') + 1);
  const HttpReply reply = Post("/api/v1/session", "{\"token\":\"" + token + "\"}");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json(reply)["principal"], "ada");
  EXPECT_EQ(Json(reply)["role"], "admin");
  EXPECT_THAT(std::string(reply.Header("set-cookie")), HasSubstr("driftcast_session="));
  EXPECT_EQ(Post("/api/v1/session", "{\"token\":\"" + token + "\"}").status, 401);
}

TEST_F(WebServerTest, SessionsEnd) {
  SignIn();
  EXPECT_EQ(Get("/api/v1/overview").status, 200);
  clock_.Advance(13 * kHour);
  EXPECT_EQ(Get("/api/v1/overview").status, 401);
}

TEST_F(WebServerTest, SigningOutEndsTheSession) {
  SignIn();
  EXPECT_EQ(Send("DELETE", "/api/v1/session").status, 204);
  EXPECT_EQ(Get("/api/v1/overview").status, 401);
}

TEST_F(WebServerTest, SessionsSurviveARestartAndAreNotKeptInClear) {
  SignIn();
  const std::string secret = cookie_.substr(cookie_.find('=') + 1);
  for (const auto& [key, value] : engine_.ListSettings("")) {
    EXPECT_THAT(key + value, Not(HasSubstr(secret)));
  }
  server_.reset();
  StartServer();
  EXPECT_EQ(Get("/api/v1/overview").status, 200);
}

TEST_F(WebServerTest, ChangesNeedTheCsrfToken) {
  SignIn();
  const std::string rule = R"({"resource_glob":"*","key_glob":"x","reason":"test"})";
  const std::string right = csrf_;
  csrf_.clear();
  EXPECT_EQ(Post("/api/v1/rules", rule).status, 403);
  csrf_ = std::string(64, '0');
  EXPECT_EQ(Post("/api/v1/rules", rule).status, 403);
  EXPECT_TRUE(engine_.facts.empty());
  csrf_ = right;
  EXPECT_EQ(Post("/api/v1/rules", rule).status, 201);
}

TEST_F(WebServerTest, OtherNamesAndPagesOfOtherSitesAreRefused) {
  SignIn();
  const std::string port = std::to_string(server_->port());
  EXPECT_EQ(Get("/api/v1/overview", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(Get("/", {{"Host", "evil.example:" + port}}).status, 403);
  EXPECT_EQ(Get("/healthz", {{"Host", "localhost:1"}}).status, 403);
  EXPECT_EQ(Get("/healthz", {{"Host", "LOCALHOST:" + port}}).status, 200);
  EXPECT_EQ(Get("/api/v1/overview", {{"Origin", "http://evil.example"}}).status, 403);
  EXPECT_EQ(Get("/api/v1/overview", {{"Origin", "null"}}).status, 403);
  EXPECT_EQ(Get("/api/v1/overview", {{"Origin", "http://127.0.0.1:1"}}).status, 403);
  EXPECT_EQ(Get("/api/v1/overview", {{"Origin", server_->url()}}).status, 200);
  EXPECT_EQ(Send("POST", "/api/v1/rules", "{}", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
}

TEST_F(WebServerTest, EveryAnswerCarriesSecurityHeaders) {
  for (const char* path : {"/", "/healthz", "/api/v1/overview", "/nothing"}) {
    const HttpReply reply = Get(path);
    const std::string policy(reply.Header("content-security-policy"));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'")) << path;
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_EQ(reply.Header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.Header("referrer-policy"), "no-referrer");
  }
}

TEST_F(WebServerTest, GuessingIsSlowedDown) {
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const auto reply = Fetch({.url = server_->url() + "/api/v1/overview",
                              .headers = {{"Authorization", "Bearer dct_" + std::to_string(i)}}});
    refused += reply->status == 429;
  }
  EXPECT_EQ(refused, 10);
  SignIn();  // who has a right one is not held up by others' wrong ones
  EXPECT_EQ(Get("/api/v1/overview").status, 200);
}

TEST_F(WebServerTest, TokensHaveRoles) {
  SignIn();
  const HttpReply made = Post("/api/v1/tokens", R"({"name":"ci","role":"viewer","ttl_s":600})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string bearer = "Bearer " + Json(made)["token"].get<std::string>();
  const std::string id = Json(made)["api_token"]["id"];
  cookie_.clear();
  csrf_.clear();
  const HttpHeaders headers = {{"Authorization", bearer}};
  EXPECT_EQ(Get("/api/v1/overview", headers).status, 200);
  EXPECT_EQ(Json(Get("/api/v1/session", headers))["principal"], "token:ci");
  EXPECT_EQ(
      Send("POST", "/api/v1/rules", R"({"resource_glob":"*","key_glob":"*","reason":"x"})", headers)
          .status,
      403);
  EXPECT_EQ(Get("/api/v1/tokens", headers).status, 403);
  clock_.Advance(kHour);
  EXPECT_EQ(Get("/api/v1/overview", headers).status, 401);
  SignIn();
  EXPECT_EQ(Send("DELETE", "/api/v1/tokens/" + id).status, 404);  // expired ones are dropped
}

TEST_F(WebServerTest, RevokedTokensEnd) {
  SignIn();
  const HttpReply made = Post("/api/v1/tokens", R"({"name":"ci","role":"operator"})");
  const HttpHeaders headers = {
      {"Authorization", "Bearer " + Json(made)["token"].get<std::string>()}};
  const std::string id = Json(made)["api_token"]["id"];
  EXPECT_EQ(Send("DELETE", "/api/v1/tokens/" + id).status, 204);
  cookie_.clear();
  EXPECT_EQ(Get("/api/v1/overview", headers).status, 401);
}

// A server with doors for metrics.
class SenderTest : public WebServerTest {
 protected:
  HttpReply SendMetrics(const std::string& token, const std::string& body) {
    const auto reply = Fetch(
        {.method = "POST",
         .url = server_->url() + "/v1/metrics",
         .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
         .body = body});
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? *reply : HttpReply();
  }
  std::string MakeToken(const std::string& role) {
    return Json(Post("/api/v1/tokens", R"({"name":"x","role":")" + role + R"("})"))["token"];
  }

  ingest::MetricIntake intake_{ingest::MetricRules::Default(),
                               [](std::vector<Fact>, std::function<void(const Status&)> done) {
                                 done(Ok());
                                 return Ok();
                               }};
  ingest::MetricDoor door_{intake_, clock_};
};

TEST_F(SenderTest, MetricsAreTakenFromSendersAndOperators) {
  WebOptions options;
  options.metrics = &door_;
  options.more_counters = [this] { return intake_.Counters(); };
  StartServer(std::move(options));
  SignIn();
  const std::string sender = MakeToken("sender"), viewer = MakeToken("viewer");
  EXPECT_EQ(SendMetrics(sender, "{}").status, 200);
  EXPECT_EQ(SendMetrics(MakeToken("operator"), "{}").status, 200);
  EXPECT_EQ(SendMetrics(viewer, "{}").status, 403);
  EXPECT_EQ(SendMetrics("guessed", "{}").status, 401);
  EXPECT_TRUE(server_->MaySendMetricsWith(sender).ok());
  EXPECT_EQ(server_->MaySendMetricsWith(viewer).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(server_->MaySendMetricsWith("guessed").code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(SendMetrics(sender, std::string(2 << 20, ' ')).status, 400) << "may be large";
  EXPECT_EQ(Get("/v1/metrics").status, 405);
  EXPECT_THAT(Get("/metrics").body, HasSubstr("driftcast_metric_series 0"));
  cookie_.clear();
  csrf_.clear();
  EXPECT_EQ(Get("/api/v1/stacks", {{"Authorization", "Bearer " + sender}}).status, 403)
      << "a sender sees nothing";
}

TEST_F(SenderTest, WithoutDoorsThereAreNone) {
  StartServer();
  EXPECT_EQ(SendMetrics("guessed", "{}").status, 405);
}

TEST_F(WebServerTest, MetricsSpeakPrometheus) {
  const HttpReply reply = Get("/metrics");
  EXPECT_THAT(std::string(reply.Header("content-type")), HasSubstr("version=0.0.4"));
  EXPECT_THAT(reply.body, HasSubstr("# TYPE driftcast_facts_total counter\n"
                                    "driftcast_facts_total 42\n"));
  EXPECT_THAT(reply.body, HasSubstr("# TYPE driftcast_queue_facts gauge\n"));
  EXPECT_THAT(
      reply.body,
      HasSubstr("driftcast_stack_resources{stack=\"web-7\",role=\"web\",status=\"DRIFTED\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("driftcast_agent_collector_cpu_seconds_total{stack=\"web-7\","
                                    "agent=\"agent-1\",collector=\"files\"} 0.0125\n"));
  EXPECT_THAT(reply.body, HasSubstr("process_resident_memory_bytes "));
  EXPECT_THAT(reply.body, HasSubstr("driftcast_http_requests_total 1\n"));
}

class DataFolderTest : public WebTest {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "driftcast-web-XXXXXX").string();
    data_ = mkdtemp(pattern.data());
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(data_);
  }
  std::string Token() {
    std::ifstream file(data_ / "token");
    std::string token;
    file >> token;
    return token;
  }
  int StatusWith(const std::string& token) {
    return Get("/api/v1/tokens", {{"Authorization", "Bearer " + token}}).status;
  }
  std::filesystem::path data_;
};

TEST_F(DataFolderTest, HoldsATokenForLocalCommandsOnly) {
  StartServer({.data = data_});
  struct stat info {};
  ASSERT_EQ(stat((data_ / "token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string token = Token();
  EXPECT_EQ(StatusWith(token), 200);
  server_.reset();
  StartServer({.data = data_});
  EXPECT_EQ(Token(), token);  // kept
  EXPECT_EQ(StatusWith(token), 200);
}

TEST_F(DataFolderTest, ALeakedTokenFileIsReplacedAndTheOldTokenEnds) {
  StartServer({.data = data_});
  const std::string token = Token();
  server_.reset();
  chmod((data_ / "token").c_str(), 0644);
  StartServer({.data = data_});
  EXPECT_NE(Token(), token);
  EXPECT_EQ(StatusWith(token), 401);
  EXPECT_EQ(StatusWith(Token()), 200);
}

class LiveTest : public WebTest {
 protected:
  void SetUp() override {
    StartServer();
    SignIn();
  }
  LiveEvent Event(uint64_t number, LiveEvent::Kind kind = LiveEvent::Kind::kDrift,
                  const std::string& id = "d-1") {
    return {kind, number, clock_.Now(), StackId("web-7"), id, "text"};
  }
  // Reads a stream until it holds all of `until` or five seconds have passed.
  std::string Listen(const std::string& query, const std::vector<std::string>& until,
                     std::function<void()> when_open = {}, HttpHeaders headers = {}) {
    headers.emplace_back("Cookie", cookie_);
    std::string text;
    const auto reply =
        FetchStream({.url = server_->url() + "/api/v1/events" + query,
                     .headers = headers,
                     .timeout = 5 * kSecond},
                    [&](std::string_view chunk) {
                      if (text.empty() && when_open) when_open();
                      text += chunk;
                      return std::any_of(until.begin(), until.end(), [&](const auto& part) {
                        return text.find(part) == std::string::npos;
                      });
                    });
    return text;
  }
};

TEST_F(LiveTest, TellsWhatHappens) {
  const std::string text = Listen("", {"id: 7"}, [&] { engine_.Publish(Event(7)); });
  EXPECT_THAT(text, HasSubstr("id: 7\nevent: drift\ndata: {\"number\":7,\"at\":\""));
  EXPECT_THAT(text, HasSubstr("\"stack\":\"web-7\",\"id\":\"d-1\",\"text\":\"text\"}\n\n"));
}

TEST_F(LiveTest, FiltersByKindAndStack) {
  const std::string text = Listen("?kinds=plan,stack&stack=web-7", {"id: 4"}, [&] {
    engine_.Publish(Event(1));
    LiveEvent other = Event(2, LiveEvent::Kind::kPlan);
    other.stack = StackId("other");
    engine_.Publish(other);
    engine_.Publish(Event(3, LiveEvent::Kind::kOrder));
    engine_.Publish(Event(4, LiveEvent::Kind::kPlan));
  });
  EXPECT_THAT(text, Not(HasSubstr("id: 1\n")));
  EXPECT_THAT(text, Not(HasSubstr("id: 2\n")));
  EXPECT_THAT(text, Not(HasSubstr("id: 3\n")));
  EXPECT_THAT(text, HasSubstr("id: 4\nevent: plan\n"));
}

TEST_F(LiveTest, ComingBackBringsWhatWasMissed) {
  for (uint64_t n = 10; n <= 14; ++n) engine_.Publish(Event(n));
  while (Json(Get("/api/v1/overview"))["event_number"] != 14) std::this_thread::yield();
  const std::string text = Listen("", {"id: 14"}, {}, {{"Last-Event-ID", "11"}});
  EXPECT_THAT(text, Not(HasSubstr("id: 11\n")));
  EXPECT_THAT(text, HasSubstr("id: 12\n"));
  EXPECT_THAT(Listen("?after=12", {"id: 14"}), Not(HasSubstr("id: 12\n")));
}

TEST_F(LiveTest, WhatIsNoLongerKeptIsSaid) {
  engine_.Publish(Event(100));
  while (Json(Get("/api/v1/overview"))["event_number"] != 100) std::this_thread::yield();
  EXPECT_THAT(Listen("?after=50", {"reset"}), HasSubstr("event: reset\ndata: {\"number\":100}"));
  EXPECT_THAT(Listen("?after=500", {"reset"}), HasSubstr("event: reset"));
  EXPECT_EQ(Get("/api/v1/events?kinds=nonsense").status, 400);
}

TEST_F(LiveTest, ManyChangesAtOnceBecomeAResetAndTheRestIsTold) {
  const std::string text = Listen("", {"event: reset", "event: plan"}, [&] {
    for (uint64_t n = 1; n <= 500; ++n) {
      engine_.Publish(Event(n, LiveEvent::Kind::kResource, "web-7/file/" + std::to_string(n)));
    }
    engine_.Publish(Event(501, LiveEvent::Kind::kPlan, "p-1"));
  });
  EXPECT_THAT(text, HasSubstr("event: reset"));
  EXPECT_THAT(text, HasSubstr("event: plan"));
}

TEST_F(LiveTest, ChangesOfOneResourceTogetherAreToldOnce) {
  engine_.Publish(Event(1));  // makes the next ones wait for each other
  const std::string text = Listen("", {"id: 60\n"}, [&] {
    for (uint64_t n = 2; n <= 60; ++n) {
      engine_.Publish(Event(n, LiveEvent::Kind::kResource, "web-7/file/x"));
    }
  });
  size_t told = 0;
  for (size_t at = text.find("event: resource"); at != std::string::npos;
       at = text.find("event: resource", at + 1)) {
    ++told;
  }
  EXPECT_LE(told, 5u);
  EXPECT_GE(told, 1u);
}

TEST_F(LiveTest, SigningOutEndsItsStreams) {
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    Send("DELETE", "/api/v1/session");
  });
  const auto begin = std::chrono::steady_clock::now();
  Listen("", {"never"});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  other.join();
}

}  // namespace
}  // namespace driftcast
