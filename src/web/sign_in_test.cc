// Who may sign in and how, and what they see then: passwords, stacks, and another provider's word.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "http/server.h"
#include "http/uri.h"
#include "web/id_token.h"
#include "web/password.h"
#include "web/web_fixture.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

TEST(Password, OnlyTheRightOneMatches) {
  const auto encoded = HashPassword("correct horse");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_THAT(*encoded, testing::StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(PasswordMatches(*encoded, "correct horse"));
  EXPECT_FALSE(PasswordMatches(*encoded, "correct horsf"));
  EXPECT_FALSE(PasswordMatches("no hash", "correct horse"));
  EXPECT_NE(*encoded, *HashPassword("correct horse"));  // a salt of its own each time
  EXPECT_EQ(HashPassword("short").status().code(), StatusCode::kInvalidArgument);
}

class SignInTest : public WebTest {
 protected:
  void SetUp() override {
    StackSummary other;
    other.id = StackId("db-1");
    other.role = RoleName("database");
    engine_.view.stacks.push_back(other);
    ShadowResource shadow;
    shadow.id = {other.id, "package", "postgresql"};
    shadow.exists = true;
    engine_.view.shadows[shadow.id] = shadow;
  }

  void MakeUser(const std::string& body) {
    SignIn();
    ASSERT_EQ(Post("/api/v1/users", body).status, 201);
    cookie_.clear();
    csrf_.clear();
  }

  HttpReply SignInAs(const std::string& user, const std::string& password) {
    auto reply =
        Post("/api/v1/session", nlohmann::json({{"user", user}, {"password", password}}).dump());
    if (reply.status != 200) return reply;
    cookie_ = std::string(reply.Header("set-cookie"));
    cookie_ = cookie_.substr(0, cookie_.find(';'));
    csrf_ = Json(reply)["csrf_token"];
    return reply;
  }
};

TEST_F(SignInTest, APasswordOpensASessionWithItsRole) {
  StartServer();
  MakeUser(R"({"name":"grace","password":"a long password","role":"operator"})");
  EXPECT_EQ(SignInAs("grace", "another password").status, 401);
  EXPECT_EQ(SignInAs("nobody", "a long password").status, 401);
  const auto reply = SignInAs("grace", "a long password");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(Json(reply)["principal"], "grace");
  EXPECT_EQ(Json(reply)["role"], "operator");
  EXPECT_EQ(Get("/api/v1/users").status, 403);
}

TEST_F(SignInTest, WhatIsKeptOpensNothing) {
  StartServer();
  MakeUser(R"({"name":"grace","password":"a long password","role":"viewer"})");
  for (const auto& [key, value] : engine_.ListSettings(""))
    EXPECT_THAT(value, testing::Not(HasSubstr("a long password"))) << key;
}

TEST_F(SignInTest, AfterFiveWrongPasswordsTheRightOneWaitsToo) {
  StartServer();
  MakeUser(R"({"name":"grace","password":"a long password","role":"viewer"})");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(SignInAs("grace", "wrong password").status, 401);
  EXPECT_EQ(SignInAs("grace", "a long password").status, 429);
  clock_.Advance(11 * kSecond);
  EXPECT_EQ(SignInAs("grace", "a long password").status, 200);
}

TEST_F(SignInTest, ARemovedUserIsOutAtOnce) {
  StartServer();
  MakeUser(R"({"name":"grace","password":"a long password","role":"viewer"})");
  ASSERT_EQ(SignInAs("grace", "a long password").status, 200);
  const std::string theirs = cookie_;
  SignIn();
  EXPECT_EQ(Send("DELETE", "/api/v1/users/grace").status, 204);
  cookie_ = theirs;
  EXPECT_EQ(Get("/api/v1/session").status, 401);
}

TEST_F(SignInTest, SomeStacksAreAllThatSomebodySeesAndTouches) {
  StartServer();
  MakeUser(R"({"name":"dba","password":"a long password","role":"operator","stacks":["db-*"]})");
  ASSERT_EQ(SignInAs("dba", "a long password").status, 200);
  EXPECT_EQ(Json(Get("/api/v1/overview"))["stacks"], 1);
  EXPECT_EQ(Json(Get("/api/v1/stacks"))["rows"][0]["id"], "db-1");
  EXPECT_EQ(Get("/api/v1/stacks/web-7").status, 404);
  EXPECT_EQ(Get("/api/v1/resource?id=web-7/file//etc/ssh/sshd_config").status, 404);
  EXPECT_EQ(Get("/api/v1/resource/history?id=web-7/file//etc/ssh/sshd_config").status, 404);
  EXPECT_EQ(Get("/api/v1/resource?id=db-1/package/postgresql").status, 200);
  EXPECT_EQ(Json(Get("/api/v1/search?q=sshd"))["rows"].size(), 0u);
  EXPECT_EQ(Get("/api/v1/audit").status, 403);
  EXPECT_EQ(Get("/api/v1/agents").status, 403);
  // A rule would hide things of others too.
  EXPECT_EQ(Post("/api/v1/rules", R"({"resource_glob":"*","key_glob":"*","reason":"x"})").status,
            403);
  EXPECT_EQ(Post("/api/v1/decisions", R"({"resource":"web-7/file//etc/ssh/sshd_config",)"
                                      R"("verdict":"override","reason":"x"})")
                .status,
            404);
}

TEST_F(SignInTest, ATokenMayBeLimitedToStacksToo) {
  StartServer();
  SignIn();
  const auto made =
      Json(Post("/api/v1/tokens", R"({"name":"ci","role":"viewer","stacks":["db-*"]})"));
  cookie_.clear();
  csrf_.clear();
  const std::string bearer = "Bearer " + made["token"].get<std::string>();
  EXPECT_EQ(Json(Get("/api/v1/stacks", {{"authorization", bearer}}))["total"], 1);
}

// A small OpenID provider on loopback with one key of each kind.
class Provider {
 public:
  Provider() {
    auto server =
        HttpServer::Start({}, [this](const HttpRequest& request) { return Answer(request); });
    EXPECT_TRUE(server.ok());
    server_ = *std::move(server);
  }
  ~Provider() { server_->Stop(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  std::string algorithm = "ES256";
  nlohmann::json claims;         // beside those that it sets itself
  std::string challenge, nonce;  // of the last departure
  bool sign_with_other_key = false;
  int exchanges = 0;

  std::string Token(nlohmann::json all) {
    const std::string head =
        Base64Url(nlohmann::json({{"alg", algorithm}, {"kid", algorithm}}).dump()) + "." +
        Base64Url(all.dump());
    return head + "." + Base64Url(SignWith(algorithm == "RS256" ? rsa_ : ec_, head));
  }

  nlohmann::json Keys() const {
    return {
        {"keys",
         {{{"kty", "RSA"}, {"kid", "RS256"}, {"n", Number(rsa_, "n")}, {"e", Number(rsa_, "e")}},
          {{"kty", "EC"},
           {"kid", "ES256"},
           {"crv", "P-256"},
           {"x", Number(ec_, "qx")},
           {"y", Number(ec_, "qy")}}}}};
  }

 private:
  static std::string Number(EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    std::string bytes(static_cast<size_t>(std::max(32, BN_num_bytes(number))), '\0');
    if (*name == 'e') bytes.resize(static_cast<size_t>(BN_num_bytes(number)));
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    BN_free(number);
    return Base64Url(bytes);
  }

  std::string SignWith(EVP_PKEY* key, const std::string& message) {
    EVP_PKEY* other = sign_with_other_key ? EVP_EC_gen("P-256") : nullptr;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::string signature(512, '\0');
    size_t size = signature.size();
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, other ? other : key);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(message.data()), message.size());
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(other);
    signature.resize(size);
    if (algorithm == "RS256") return signature;
    const auto* at = reinterpret_cast<const unsigned char*>(signature.data());
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(parts);
    return raw;
  }

  static std::string Field(const std::string& form, const std::string& name) {
    const size_t at = form.find(name + "=");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 1;
    return form.substr(begin, form.find('&', begin) - begin);
  }

  HttpResponse Answer(const HttpRequest& request) {
    HttpResponse response;
    if (request.path == "/.well-known/openid-configuration") {
      response.body = nlohmann::json({{"issuer", url()},
                                      {"authorization_endpoint", url() + "/authorize"},
                                      {"token_endpoint", url() + "/token"},
                                      {"jwks_uri", url() + "/keys"}})
                          .dump();
    } else if (request.path == "/keys") {
      response.body = Keys().dump();
    } else if (request.path == "/token") {
      ++exchanges;
      const bool proven = Base64Url(Sha256(Field(request.body, "code_verifier"))) == challenge;
      response.status = proven && Field(request.body, "code") == "the-code" ? 200 : 400;
      nlohmann::json all = {{"iss", url()},   {"aud", "driftcast"},   {"sub", "0815"},
                            {"nonce", nonce}, {"iat", 1'780'000'000}, {"exp", 1'780'000'300}};
      all.update(claims);
      response.body = nlohmann::json({{"id_token", Token(all)}}).dump();
    } else {
      response.status = 404;
    }
    return response;
  }

  // Made once for all tests: the large one takes a while.
  inline static EVP_PKEY* const rsa_ = EVP_RSA_gen(2048);
  inline static EVP_PKEY* const ec_ = EVP_EC_gen("P-256");
  std::unique_ptr<HttpServer> server_;
};

class OidcTest : public SignInTest {
 protected:
  void SetUp() override {
    SignInTest::SetUp();
    provider_.claims = {{"preferred_username", "grace"}, {"groups", {"staff", "dba"}}};
    const auto options = ParseOidcOptions(
        nlohmann::json({{"issuer", provider_.url()},
                        {"client_id", "driftcast"},
                        {"roles",
                         {{{"value", "staff"}, {"role", "viewer"}},
                          {{"value", "dba"}, {"role", "approver"}, {"stacks", {"db-*"}}}}}})
            .dump());
    ASSERT_TRUE(options.ok()) << options.status();
    WebOptions web;
    web.oidc = *options;
    StartServer(std::move(web));
  }

  static std::string Parameter(const std::string& url, const std::string& name) {
    const size_t at = url.find(name + "=");
    const size_t begin = at + name.size() + 1;
    return at == std::string::npos ? "" : url.substr(begin, url.find('&', begin) - begin);
  }

  // Goes to the provider and comes back with what it gives out.
  HttpReply GoAndReturn(const std::string& code = "the-code", bool same_browser = true) {
    const auto departure = Get("/auth/login");
    EXPECT_EQ(departure.status, 303) << departure.body;
    const std::string url(departure.Header("location"));
    EXPECT_EQ(Parameter(url, "code_challenge_method"), "S256");
    provider_.challenge = Parameter(url, "code_challenge");
    provider_.nonce = Parameter(url, "nonce");
    state_ = Parameter(url, "state");
    if (same_browser) {
      cookie_ = std::string(departure.Header("set-cookie"));
      cookie_ = cookie_.substr(0, cookie_.find(';'));
    }
    return Return(code);
  }
  HttpReply Return(const std::string& code) {
    return Get("/auth/callback?code=" + code + "&state=" + state_);
  }

  Provider provider_;
  std::string state_;
};

TEST_F(OidcTest, TheProvidersWordOpensASessionWithOurRole) {
  for (const std::string algorithm : {"ES256", "RS256"}) {
    SCOPED_TRACE(algorithm);
    provider_.algorithm = algorithm;
    cookie_.clear();
    const auto back = GoAndReturn();
    ASSERT_EQ(back.status, 303) << back.body;
    cookie_ = std::string(back.Header("set-cookie"));
    cookie_ = cookie_.substr(0, cookie_.find(';'));
    const auto session = Json(Get("/api/v1/session"));
    EXPECT_EQ(session["principal"], "oidc:grace");
    EXPECT_EQ(session["role"], "approver");
    EXPECT_EQ(session["stacks"], nlohmann::json::array({"db-*"}));
  }
}

TEST_F(OidcTest, AnAnswerCountsOnceAndInTheBrowserThatAsked) {
  EXPECT_EQ(GoAndReturn("the-code", false).status, 403);
  EXPECT_EQ(GoAndReturn().status, 303);
  EXPECT_EQ(Return("the-code").status, 403);
  EXPECT_EQ(provider_.exchanges, 1);
}

TEST_F(OidcTest, WhoHasNoRoleHereIsNotLetIn) {
  provider_.claims["groups"] = {"guests"};
  const auto back = GoAndReturn();
  EXPECT_EQ(back.status, 403);
  EXPECT_THAT(back.body, HasSubstr("no role here"));
}

TEST_F(OidcTest, TokensThatAreNotForUsAreRefused) {
  const nlohmann::json right = provider_.claims;
  const std::vector<nlohmann::json> all = {
      {{"iss", "https://elsewhere"}},     {{"aud", "another client"}},
      {{"nonce", "of another question"}}, {{"exp", 1'779'999'000}},
      {{"iat", 1'780'009'000}},           {{"sub", ""}}};
  for (const nlohmann::json& wrong : all) {
    SCOPED_TRACE(wrong.dump());
    provider_.claims = right;
    provider_.claims.update(wrong);
    cookie_.clear();
    EXPECT_EQ(GoAndReturn().status, 403);
  }
}

TEST_F(OidcTest, AForgedSignatureIsRefused) {
  provider_.sign_with_other_key = true;
  EXPECT_EQ(GoAndReturn().status, 403);
}

TEST_F(OidcTest, AnUnsignedTokenIsRefused) {
  provider_.algorithm = "none";
  EXPECT_EQ(GoAndReturn().status, 403);
}

TEST(OidcOptions, SayWhatIsWrong) {
  EXPECT_THAT(Message(ParseOidcOptions("{").status()), HasSubstr("not as expected"));
  EXPECT_THAT(Message(ParseOidcOptions(R"({"issuer":"http://elsewhere"})").status()),
              HasSubstr("issuer"));
  EXPECT_THAT(Message(ParseOidcOptions(R"({"isuer":"https://a"})").status()), HasSubstr("isuer"));
  EXPECT_THAT(Message(ParseOidcOptions(R"({"issuer":"https://a","client_id":"b"})").status()),
              HasSubstr("roles"));
}

}  // namespace
}  // namespace driftcast
