// The API against its own description: every path and method that openapi.json lists is asked, and
// answers with a status and a body that are documented there; every route that exists is listed.
#include <cctype>
#include <map>

#include <gmock/gmock.h>

#include "http/uri.h"
#include "web/embedded.h"
#include "web/schema_check.h"
#include "web/web_fixture.h"

namespace driftcast {
namespace {

// Agents that can be managed, in memory.
class FakeAgentAdmin : public AgentAdmin {
 public:
  std::vector<Agent> Agents() const override {
    return {{AgentId("agent-1"), StackId("web-7"), RoleName("web"), FromUnixSeconds(1), {}, false},
            {AgentId("agent-0"), StackId("old"), RoleName(""), FromUnixSeconds(1), {}, true}};
  }
  Status Revoke(const AgentId& agent, const Principal&, const std::string&) override {
    return agent.value == "agent-1" ? Ok() : NotFound("no agent {}", agent.value);
  }
  std::vector<JoinToken> JoinTokens() const override { return {Made().about}; }
  StatusOr<MadeJoinToken> MakeJoinToken(const RoleName&, const std::string&, Duration,
                                        const Principal&) override {
    return Made();
  }
  Status WithdrawJoinToken(const std::string& id, const Principal&) override {
    return id == "j-1" ? Ok() : NotFound("no join token {}", id);
  }

 private:
  static MadeJoinToken Made() {
    MadeJoinToken made;
    made.about.id = "j-1";
    made.about.created_at = FromUnixSeconds(1);
    made.about.expires_at = FromUnixSeconds(2);
    made.secret = "dcj1.x";
    made.command = "driftcast-agent --join dcj1.x";
    return made;
  }
};

class FakeModelAdmin : public ModelAdmin {
 public:
  RefitState State() const override { return {true, 0.5, FromUnixSeconds(1), "no refit", {}}; }
  Status Refit(const Principal&, const std::string&) override { return Ok(); }
};

// What to send so that a request succeeds, by "METHOD path".
const std::map<std::string, std::string> kBodies = {
    {"POST /api/v1/login-links", "{}"},
    {"POST /api/v1/resource/accept",
     R"({"resource":"web-7/file//etc/ssh/sshd_config","reason":"wanted"})"},
    {"POST /api/v1/expectations",
     R"({"expectations":[{"resource":"web-7/package/a","keys":[{"path":"version","value":"1"}]}]})"},
    {"POST /api/v1/decisions",
     R"({"resource":"web-7/file//etc/ssh/sshd_config","verdict":"override","reason":"x"})"},
    {"POST /api/v1/rules", R"({"resource_glob":"*","key_glob":"*","reason":"x"})"},
    {"POST /api/v1/policy", R"({"text":"cost_max = 500\n","reason":"x"})"},
    {"POST /api/v1/pauses",
     R"({"resource_glob":"web-7/*","reason":"x","until":"2099-01-01T00:00:00Z"})"},
    {"POST /api/v1/plans",
     R"({"stack":"web-7","title":"Set Port","steps":[{"kind":"set_key",
         "resource":"web-7/file//etc/ssh/sshd_config","parameters":{"path":"Port","value":"22"}}]})"},
    {"POST /api/v1/keys",
     R"({"id":"a2V5LW9uZQ","title":"the blue one","site":"localhost",
         "public_key":"MCowBQYDK2VwAyEAAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"})"},
    {"POST /api/v1/models/refit", R"({"reason":"new hosts"})"},
    {"POST /api/v1/models/use", R"({"version":"shipped","reason":"too many alerts"})"},
    {"POST /api/v1/rules/preview", R"({"resource_glob":"*","key_glob":"*"})"},
    {"POST /api/v1/agents/{agent}/revoke", R"({"reason":"lost"})"},
    {"POST /api/v1/join-tokens", R"({"role":"web","note":"","ttl_s":60})"},
    {"POST /api/v1/tokens", R"({"name":"ci","role":"viewer"})"},
    {"POST /api/v1/users", R"({"name":"grace","password":"long enough","role":"viewer"})"},
    {"POST /api/v1/feeds", R"({"feed":"debian","error":"no route to host"})"},
    {"POST /api/v1/activities",
     R"({"stack":"web-7","kind":"deployment","id":"r-42","text":"release 42"})"},
    {"POST /api/v1/hooks/alertmanager",
     R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Down",
         "instance":"web-7:9100"},"startsAt":"2026-01-01T00:00:00Z"},{"labels":{}}]})"},
    {"POST /api/v1/feeds/update", R"({"feed":"debian"})"},
    {"POST /api/v1/feeds/upload", R"({"digest":"00","offset":0,"data":"AQ=="})"},
};

const std::map<std::string, std::string> kPathValues = {
    {"key", "a2V5LW9uZQ"},
    {"stack", "web-7"},   {"drift", "d-1"},  {"plan", "p-1"},      {"rule", "quiet"},
    {"agent", "agent-1"}, {"user", "grace"}, {"pause", "pause-1"}, {"feed", "debian"},
};

const std::map<std::string, std::string> kQueryValues = {
    {"id", "web-7/file//etc/ssh/sshd_config"},
    {"at", "2030-01-01T00:00:00Z"},
    {"stack", "web-7"},
    {"q", "web"},
    {"resource_kind", "host"},
    {"resource_name", "web-7"},
    {"metric", "system.cpu.utilization"},
};

class OpenApiTest : public WebTest {
 protected:
  void SetUp() override {
    document_ = nlohmann::json::parse(EmbeddedOpenApi());
    WebOptions options;
    options.agents = &agents_;
    options.models = &models_;
    OpenExposure open;
    open.id = "CVE-2024-2511";
    open.package = "openssl";
    open.epss = 0.5;
    open.due = open.fixed_since = FromUnixSeconds(1);
    engine_.view.exposures = {open, {}};
    MetIndicator met;
    met.resource = {StackId("web-7"), "unit", "app.service"};
    met.confidence = 80;
    engine_.view.indicators = {met};
    options.update_feeds = [](const std::string&) { return Ok(); };
    StartServer(std::move(options));
    SignIn();
  }

  const nlohmann::json& Resolve(const nlohmann::json& node) {
    if (!node.contains("$ref")) return node;
    return document_.at(nlohmann::json::json_pointer(node["$ref"].get<std::string>().substr(1)));
  }

  // The path with its required parameters filled in.
  std::string UrlOf(const std::string& path, const nlohmann::json& operation) {
    std::string url = path, query;
    for (const auto& raw : operation.value("parameters", nlohmann::json::array())) {
      const auto& parameter = Resolve(raw);
      const std::string name = parameter["name"];
      if (parameter["in"] == "path") {
        const std::string value = name == "token" ? TokenIdFor(path) : kPathValues.at(name);
        url.replace(url.find("{" + name + "}"), name.size() + 2, PercentEncode(value));
      } else if (parameter["in"] == "query" && parameter.value("required", false)) {
        query += (query.empty() ? "?" : "&") + name + "=" + PercentEncode(kQueryValues.at(name));
      }
    }
    return url + query;
  }

  // The path with parts that name nothing.
  static std::string UrlOfAny(const std::string& path) {
    std::string url = path;
    for (size_t at = url.find('{'); at != std::string::npos; at = url.find('{')) {
      url.replace(at, url.find('}') - at + 1, "none");
    }
    return url;
  }

  std::string TokenIdFor(const std::string& path) {
    if (path.find("join") != std::string::npos) return "j-1";
    return Json(Post("/api/v1/tokens", R"({"name":"x","role":"viewer"})"))["api_token"]["id"];
  }

  std::string BodyFor(const std::string& method, const std::string& path) {
    if (path == "/api/v1/session" && method == "POST") {
      const std::string link = *server_->MakeLoginLink("ada");
      return R"({"token":")" + link.substr(link.find('=') + 1) + R"("})";
    }
    if (path == "/api/v1/plans/{plan}/decision") {
      return R"({"verdict":"approve","plan_hash":")" + std::string(64, 'a') + R"("})";
    }
    if (path == "/api/v1/session/password") {
      Post("/api/v1/users", R"({"name":"ada","password":"long enough","role":"admin"})");
      return R"({"current":"long enough","next":"even longer"})";
    }
    const auto found = kBodies.find(method + " " + path);
    return found == kBodies.end() ? "" : found->second;
  }

  // The reply's status is documented and its body fits.
  void ExpectDocumented(const nlohmann::json& operation, const HttpReply& reply) {
    const std::string status = std::to_string(reply.status);
    ASSERT_TRUE(operation["responses"].contains(status)) << status << " " << reply.body;
    const auto& response = Resolve(operation["responses"][status]);
    if (!response.contains("content")) {
      EXPECT_EQ(reply.body, "");
      return;
    }
    const std::string type(reply.Header("content-type"));
    const std::string media = type.substr(0, type.find(';'));
    ASSERT_TRUE(response["content"].contains(media)) << media;
    if (media.find("json") == std::string::npos) return;
    SchemaCheck check(document_);
    for (const auto& fault : check.Faults(response["content"][media]["schema"], Json(reply))) {
      ADD_FAILURE() << fault;
    }
  }

  template <typename Each>
  void ForEachOperation(Each each) {
    for (const auto& [path, item] : document_["paths"].items()) {
      for (const auto& [method, operation] : item.items()) {
        std::string upper = method;
        for (char& c : upper) c = static_cast<char>(std::toupper(c));
        SCOPED_TRACE(upper + " " + path);
        each(upper, path, operation);
      }
    }
  }

  FakeAgentAdmin agents_;
  FakeModelAdmin models_;
  nlohmann::json document_;
};

TEST_F(OpenApiTest, EveryRequestSucceedsAsDocumented) {
  int asked = 0;
  ForEachOperation(
      [&](const std::string& method, const std::string& path, const nlohmann::json& operation) {
        if (path == "/api/v1/events") return;  // has no end; see LiveTest
        const HttpReply reply = Send(method, UrlOf(path, operation), BodyFor(method, path));
        EXPECT_LT(reply.status, 300) << reply.body;
        ExpectDocumented(operation, reply);
        const bool ended = path == "/api/v1/session/password" || method == "DELETE";
        if (ended && path.starts_with("/api/v1/session")) {
          cookie_.clear();
          csrf_.clear();
          SignIn();
        }
        ++asked;
      });
  EXPECT_GT(asked, 40);
}

TEST_F(OpenApiTest, FailuresAreDocumentedToo) {
  ForEachOperation(
      [&](const std::string& method, const std::string& path, const nlohmann::json& operation) {
        if (path.find("/api/") != 0) return;
        const bool has_body = operation.contains("requestBody");
        if (method == "GET") {
          const HttpReply reply = Get(UrlOfAny(path) + "?no_such_parameter=1");
          EXPECT_EQ(reply.status, 400) << reply.body;
          ExpectDocumented(operation, reply);
          if (path.find('{') != std::string::npos) {
            EXPECT_EQ(Get(UrlOfAny(path)).status, 404);
          }
        } else if (has_body) {
          const std::string url = UrlOfAny(path);
          const HttpReply reply = Send(method, url, R"({"no_such_field":1})");
          EXPECT_EQ(reply.status, 400) << reply.body;
          ExpectDocumented(operation, reply);
          ExpectDocumented(operation, Send(method, url, "{"));
        }
        const std::string cookie = std::exchange(cookie_, "");
        const bool open = operation.contains("security") && operation["security"].empty();
        if (!open) {
          const HttpReply reply = Send(method, UrlOfAny(path), has_body ? "{}" : "");
          EXPECT_EQ(reply.status, 401);
          ExpectDocumented(operation, reply);
        }
        cookie_ = cookie;
      });
}

}  // namespace
}  // namespace driftcast
