#include "http/client.h"

#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "http/event_stream.h"
#include "http/server.h"

namespace driftcast {
namespace {

std::string PemText(const std::function<int(BIO*)>& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

// A self-signed certificate for 127.0.0.1, valid for an hour.
TlsIdentity MakeIdentity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -60);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  X509_EXTENSION* name =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(x509, name, -1);
  X509_EXTENSION_free(name);
  X509_set_pubkey(x509, key);
  X509_sign(x509, key, EVP_sha256());
  TlsIdentity identity;
  identity.certificate_pem = PemText([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); });
  identity.key_pem = PemText([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(x509);
  EVP_PKEY_free(key);
  return identity;
}

HttpResponse Answer(const HttpRequest& request) {
  HttpResponse response;
  if (request.path == "/stream") {
    response.stream = std::make_shared<EventStream>(1 << 20, "");
    for (const char* text : {"one ", "two ", "three"}) {
      response.stream->Send(std::make_shared<const std::string>(text));
    }
    response.stream->Close();
    return response;
  }
  if (request.path == "/moved") {
    response.status = 302;
    return response.Set("Location", "/target");
  }
  response.status = request.path == "/missing" ? 404 : 200;
  response.Set("X-Seen", std::string(request.Header("x-sent")));
  response.body = request.path == "/large"
                      ? std::string(5000, 'x')
                      : request.method + ":" + request.body + (request.tls ? ":tls" : "");
  return response;
}

class ClientTest : public testing::Test {
 protected:
  void StartServer(HttpServerOptions options = {}) {
    const char* scheme = options.tls.key_pem.empty() ? "http" : "https";
    auto server = HttpServer::Start(std::move(options), Answer);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    url_ = std::string(scheme) + "://127.0.0.1:" + std::to_string(server_->port());
  }
  std::unique_ptr<HttpServer> server_;
  std::string url_;
};

TEST_F(ClientTest, SendsAndReceives) {
  StartServer();
  const auto reply =
      Fetch({.method = "PUT", .url = url_ + "/x", .headers = {{"X-Sent", "a b"}}, .body = "text"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "PUT:text");
  EXPECT_EQ(reply->Header("x-seen"), "a b");
}

TEST_F(ClientTest, AnErrorStatusIsAnAnswer) {
  StartServer();
  EXPECT_EQ(Fetch({.url = url_ + "/missing"})->status, 404);
  EXPECT_EQ(Fetch({.method = "HEAD", .url = url_ + "/"})->body, "");
  EXPECT_EQ(Fetch({.method = "DELETE", .url = url_ + "/"})->body, "DELETE:");
}

TEST_F(ClientTest, FollowsRedirectsOnlyWhenTold) {
  StartServer();
  EXPECT_EQ(Fetch({.url = url_ + "/moved"})->status, 302);
  EXPECT_EQ(Fetch({.url = url_ + "/moved", .redirects_max = 1})->body, "GET:");
}

TEST_F(ClientTest, ReadsStreams) {
  StartServer();
  std::string text;
  const auto reply = FetchStream({.url = url_ + "/stream"}, [&](std::string_view chunk) {
    text += chunk;
    return true;
  });
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(text, "one two three");
  EXPECT_TRUE(FetchStream({.url = url_ + "/stream"}, [](std::string_view) { return false; }).ok());
}

TEST_F(ClientTest, SaysWhyItFailed) {
  StartServer();
  EXPECT_EQ(Fetch({.url = "nonsense://x"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Fetch({.url = "file:///etc/passwd"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Fetch({.url = url_ + "/large", .body_bytes_max = 4999}).status().code(),
            StatusCode::kResourceExhausted);
  server_->Stop();
  EXPECT_EQ(Fetch({.url = url_}).status().code(), StatusCode::kUnavailable);
}

TEST_F(ClientTest, LoopbackIgnoresProxies) {
  StartServer();
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  EXPECT_TRUE(Fetch({.url = url_}).ok());
  unsetenv("http_proxy");
}

TEST_F(ClientTest, TlsWithACertificateThatIsTrusted) {
  const TlsIdentity identity = MakeIdentity();
  StartServer({.tls = identity});
  EXPECT_EQ(Fetch({.url = url_ + "/"}).status().code(), StatusCode::kPermissionDenied);
  const auto reply = Fetch({.url = url_ + "/", .authorities = identity.certificate_pem});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->body, "GET::tls");
  std::string text;
  ASSERT_TRUE(FetchStream({.url = url_ + "/stream", .authorities = identity.certificate_pem},
                          [&](std::string_view chunk) {
                            text += chunk;
                            return true;
                          })
                  .ok());
  EXPECT_EQ(text, "one two three");
}

TEST(RetryAfter, SecondsOrADateByTheServersOwnClock) {
  const auto after = [](const char* wait, const char* date = "Tue, 24 Nov 2026 10:00:00 GMT") {
    return RetryAfter(
        {.status = 429, .headers = {{"date", date}, {"retry-after", wait}}, .body = {}});
  };
  EXPECT_EQ(after("120"), kSecond * 120);
  EXPECT_EQ(after("Tue, 24 Nov 2026 10:02:30 GMT"), kSecond * 150);
  EXPECT_EQ(after("Tue, 24 Nov 2026 09:00:00 GMT"), Duration(0)) << "it is over";
  EXPECT_EQ(after("Tue, 24 Nov 2026 10:02:30 GMT", "rubbish"), Duration(0));
  EXPECT_EQ(after("999999999"), kDay);
  EXPECT_EQ(after("-5"), Duration(0));
  EXPECT_EQ(after("soon"), Duration(0));
  EXPECT_EQ(after(""), Duration(0));
  EXPECT_EQ(RetryAfter({}), Duration(0));
}

TEST_F(ClientTest, PlainTextOnATlsPortHarmsNothing) {
  const TlsIdentity identity = MakeIdentity();
  StartServer({.tls = identity});
  const std::string plain = "http" + url_.substr(5);
  EXPECT_FALSE(Fetch({.url = plain + "/"}).ok());
  EXPECT_TRUE(Fetch({.url = url_ + "/", .authorities = identity.certificate_pem}).ok());
}

}  // namespace
}  // namespace driftcast
