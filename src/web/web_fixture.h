// A web server over the fake engine, and a client that is signed in, for tests.
#ifndef DRIFTCAST_WEB_WEB_FIXTURE_H_
#define DRIFTCAST_WEB_WEB_FIXTURE_H_

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/client.h"
#include "web/fake_engine.h"
#include "web/web_server.h"

namespace driftcast {

class WebTest : public testing::Test {
 protected:
  WebTest() { FillFakeEngine(engine_); }

  void StartServer(WebOptions options = {}) {
    options.clock = &clock_;
    auto server = WebServer::Start(std::move(options), engine_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Opens a session and remembers its cookie and CSRF token.
  void SignIn() {
    const auto link = server_->MakeLoginLink("ada");
    ASSERT_TRUE(link.ok());
    const auto reply = Fetch({.url = *link});
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_EQ(reply->status, 303) << reply->body;
    cookie_ = std::string(reply->Header("set-cookie"));
    cookie_ = cookie_.substr(0, cookie_.find(';'));
    csrf_ = Json(Get("/api/v1/session"))["csrf_token"];
  }

  HttpReply Send(const std::string& method, const std::string& path, const std::string& body = "",
                 HttpHeaders headers = {}) {
    if (!cookie_.empty()) headers.emplace_back("Cookie", cookie_);
    if (!csrf_.empty()) headers.emplace_back("X-CSRF-Token", csrf_);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    const auto reply =
        Fetch({.method = method, .url = server_->url() + path, .headers = headers, .body = body});
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? *reply : HttpReply();
  }
  HttpReply Get(const std::string& path, HttpHeaders headers = {}) {
    return Send("GET", path, "", std::move(headers));
  }
  HttpReply Post(const std::string& path, const std::string& body) {
    return Send("POST", path, body);
  }

  static nlohmann::json Json(const HttpReply& reply) {
    return nlohmann::json::parse(reply.body, nullptr, false);
  }

  ManualClock clock_{FromUnixSeconds(1'780'000'000)};
  FakeEngine engine_;
  std::unique_ptr<WebServer> server_;
  std::string cookie_, csrf_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_WEB_FIXTURE_H_
