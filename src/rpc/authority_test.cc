#include "rpc/authority.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/file.h"
#include "rpc/test_folder.h"

namespace driftcast {
namespace {

const Instant kNow = FromUnixSeconds(1'800'000'000);

class AuthorityTest : public testing::Test {
 protected:
  std::filesystem::path pki() const { return folder_.path() / "pki"; }
  StatusOr<std::unique_ptr<Authority>> Open(std::vector<std::string> names = {},
                                            Instant now = kNow) {
    return Authority::Open({.folder = pki(), .server_names = std::move(names)}, now);
  }
  static mode_t ModeOf(const std::filesystem::path& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }

 private:
  TestFolder folder_;
};

// Verifies `leaf` against the authority as a TLS peer would.
bool Verifies(const std::string& authority_pem, const Certificate& leaf, const char* purpose,
              Instant at) {
  const auto root = Certificate::FromPem(authority_pem);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root->get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf.get(), nullptr);
  X509_STORE_CTX_set_default(context, purpose);
  X509_STORE_CTX_set_time(context, 0, static_cast<time_t>(ToUnixMicros(at) / 1'000'000));
  const bool ok = X509_verify_cert(context) == 1;
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return ok;
}

TEST_F(AuthorityTest, IsMadeOnceAndReadAgain) {
  const auto first = Open();
  ASSERT_TRUE(first.ok()) << Describe(first.status());
  const auto second = Open();
  ASSERT_TRUE(second.ok()) << Describe(second.status());
  EXPECT_EQ((*first)->certificate_pem(), (*second)->certificate_pem());
  EXPECT_EQ((*first)->fingerprint(), (*second)->fingerprint());
  EXPECT_EQ((*first)->fingerprint().size(), 64u);
  EXPECT_EQ((*first)->order_key().public_key, (*second)->order_key().public_key);
}

TEST_F(AuthorityTest, FilesAreForTheirOwnerAlone) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(ModeOf(pki()), 0700u);
  for (const char* name : {"authority.key", "authority.pem", "order.key", "server.pem"})
    EXPECT_EQ(ModeOf(pki() / name), 0600u) << name;
}

TEST_F(AuthorityTest, WhatWasOpenedUpIsClosedAgain) {
  ASSERT_TRUE(Open().ok());
  chmod((pki() / "authority.key").c_str(), 0644);
  chmod(pki().c_str(), 0755);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(ModeOf(pki() / "authority.key"), 0600u);
  EXPECT_EQ(ModeOf(pki()), 0700u);
}

TEST_F(AuthorityTest, AMissingHalfIsDataLossAndReplacesNothing) {
  for (const char* name : {"authority.key", "order.key"}) {
    ASSERT_TRUE(Open().ok());
    const auto before = *ReadFile(pki() / name);
    std::filesystem::remove(pki() / name);
    EXPECT_EQ(Open().status().code(), StatusCode::kDataLoss) << name;
    EXPECT_FALSE(std::filesystem::exists(pki() / name));
    ASSERT_TRUE(WriteFileAtomically(pki() / name, before, 0600).ok());
  }
}

TEST_F(AuthorityTest, DamageIsDataLoss) {
  for (const char* name : {"authority.key", "authority.pem", "order.key"}) {
    ASSERT_TRUE(Open().ok()) << name;
    const auto before = *ReadFile(pki() / name);
    ASSERT_TRUE(WriteFileAtomically(pki() / name, "garbage", 0600).ok());
    EXPECT_EQ(Open().status().code(), StatusCode::kDataLoss) << name;
    ASSERT_TRUE(WriteFileAtomically(pki() / name, before, 0600).ok());
  }
}

TEST_F(AuthorityTest, ACrashBetweenKeyAndCertificateIsMadeGood) {
  ASSERT_TRUE(Open().ok());
  std::filesystem::remove(pki() / "authority.pem");
  EXPECT_TRUE(Open().ok());
}

TEST_F(AuthorityTest, SomebodyElsesKeyIsNoticed) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(
      WriteFileAtomically(pki() / "authority.key", PrivateKey::Generate().ToPem(), 0600).ok());
  EXPECT_EQ(Open().status().code(), StatusCode::kDataLoss);
}

// The server's certificate and key, as one text.
std::string ServerOf(const StatusOr<std::unique_ptr<Authority>>& authority) {
  EXPECT_TRUE(authority.ok()) << Describe(authority.status());
  return authority.ok() ? (*authority)->server_chain_pem() + (*authority)->server_key_pem() : "";
}

TEST_F(AuthorityTest, ServerCertificateIsKeptUntilAThirdOfItsTimeIsLeft) {
  const std::string first = ServerOf(Open());
  EXPECT_EQ(ServerOf(Open({}, kNow + 480 * kDay)), first);
  const auto renewed = Open({}, kNow + 490 * kDay);
  EXPECT_NE(ServerOf(renewed), first);
  EXPECT_GT((*renewed)->ServerCertificateEnds(), kNow + 1200 * kDay);
  EXPECT_EQ(ServerOf(Open({}, kNow + 500 * kDay)), ServerOf(renewed)) << "the new one is kept";
}

TEST_F(AuthorityTest, ServerCertificateThatDoesNotServeIsMadeAnew) {
  const auto file = pki() / "server.pem";
  std::string before = ServerOf(Open());
  const auto is_made_anew = [&](const char* why) {
    const std::string after = ServerOf(Open({"engine.example.org"}));
    EXPECT_NE(after, before) << why;
    before = after;
  };
  is_made_anew("a name is missing");
  EXPECT_EQ(ServerOf(Open({"engine.example.org"})), before);
  ASSERT_TRUE(WriteFileAtomically(file, "garbage", 0600).ok());
  is_made_anew("damaged");
  std::string other_key = *ReadFile(file);
  other_key.replace(0, other_key.find("-----BEGIN CERT"), PrivateKey::Generate().ToPem());
  ASSERT_TRUE(WriteFileAtomically(file, other_key, 0600).ok());
  is_made_anew("another key");
  const std::string kept = *ReadFile(file);
  for (const char* name : {"authority.key", "authority.pem", "order.key"})
    std::filesystem::remove(pki() / name);
  std::filesystem::remove(file);
  before = ServerOf(Open({"engine.example.org"}));
  ASSERT_TRUE(WriteFileAtomically(file, kept, 0600).ok());
  is_made_anew("of another authority");
}

TEST_F(AuthorityTest, ServerCertificateHoldsItsNames) {
  const auto authority = Open({"engine.example.org", "192.0.2.7"});
  ASSERT_TRUE(authority.ok()) << Describe(authority.status());
  const auto server = Certificate::FromPem((*authority)->server_chain_pem());
  ASSERT_TRUE(server.ok());
  for (const char* name : {"localhost", kServerName, "engine.example.org"})
    EXPECT_EQ(X509_check_host(server->get(), name, 0, 0, nullptr), 1) << name;
  for (const char* address : {"127.0.0.1", "::1", "192.0.2.7"})
    EXPECT_EQ(X509_check_ip_asc(server->get(), address, 0), 1) << address;
  EXPECT_EQ(X509_check_host(server->get(), "elsewhere.example.org", 0, 0, nullptr), 0);
  EXPECT_TRUE(Verifies((*authority)->certificate_pem(), *server, "ssl_server", kNow));
  EXPECT_FALSE(Verifies((*authority)->certificate_pem(), *server, "ssl_client", kNow));
}

TEST_F(AuthorityTest, NamesThatAreNoneAreRefused) {
  for (const char* name : {"a,DNS:evil.example.org", "", "two words", ".leading", "x;y"})
    EXPECT_EQ(Open({name}).status().code(), StatusCode::kInvalidArgument) << name;
}

TEST_F(AuthorityTest, AgentCertificatesAreForClientsAndEnd) {
  const auto authority = Open();
  ASSERT_TRUE(authority.ok());
  const PrivateKey key = PrivateKey::Generate();
  const auto issued =
      (*authority)->IssueAgent(MakeCsrDer(key, "whatever it says"), AgentId("agent-1"), kNow);
  ASSERT_TRUE(issued.ok()) << Describe(issued.status());
  EXPECT_EQ(issued->common_name(), "agent-1");
  EXPECT_TRUE(issued->Matches(key));
  EXPECT_EQ(issued->serial().size(), 16u);
  EXPECT_EQ(issued->not_after(), kNow + 30 * kDay);
  const std::string& root = (*authority)->certificate_pem();
  EXPECT_TRUE(Verifies(root, *issued, "ssl_client", kNow));
  EXPECT_TRUE(Verifies(root, *issued, "ssl_client", kNow - 50 * kMinute));
  EXPECT_FALSE(Verifies(root, *issued, "ssl_client", kNow + 30 * kDay + kSecond));
  EXPECT_FALSE(Verifies(root, *issued, "ssl_server", kNow));
}

TEST_F(AuthorityTest, RenewedServersHaveTheSameRoot) {
  const auto before = Open();
  const auto after = Open({}, kNow + 600 * kDay);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_NE((*before)->server_key_pem(), (*after)->server_key_pem());
  EXPECT_TRUE(Verifies((*before)->certificate_pem(),
                       *Certificate::FromPem((*after)->server_chain_pem()), "ssl_server",
                       kNow + 600 * kDay));
}

TEST(Csr, ProvesItsKey) {
  const PrivateKey key = PrivateKey::Generate();
  const std::string csr = MakeCsrDer(key, "a");
  ASSERT_TRUE(ReadCsr(csr).ok());
  EXPECT_EQ(ReadCsr(csr)->Sha256(), ReadCsr(MakeCsrDer(key, "b"))->Sha256());
  EXPECT_NE(ReadCsr(csr)->Sha256(), ReadCsr(MakeCsrDer(PrivateKey::Generate(), "a"))->Sha256());
}

TEST(Csr, EveryFlippedByteIsRefused) {
  const std::string csr = MakeCsrDer(PrivateKey::Generate(), "agent");
  for (size_t i = 0; i < csr.size(); ++i) {
    std::string bad = csr;
    bad[i] = static_cast<char>(bad[i] ^ 0x01);
    EXPECT_EQ(ReadCsr(bad).status().code(), StatusCode::kInvalidArgument) << "byte " << i;
  }
}

TEST(Csr, TruncatedOversizedAndTrailedAreRefused) {
  const std::string csr = MakeCsrDer(PrivateKey::Generate(), "agent");
  for (size_t size = 0; size < csr.size(); ++size)
    EXPECT_FALSE(ReadCsr(csr.substr(0, size)).ok()) << size;
  EXPECT_FALSE(ReadCsr(csr + "x").ok());
  EXPECT_FALSE(ReadCsr(std::string(kCsrBytesMax + 1, '\x30')).ok());
}

TEST(Csr, WeakKeysAreRefused) {
  EVP_PKEY* rsa = EVP_RSA_gen(1024);
  X509_REQ* request = X509_REQ_new();
  X509_REQ_set_pubkey(request, rsa);
  X509_REQ_sign(request, rsa, EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request, &der);
  const auto read =
      ReadCsr({reinterpret_cast<const char*>(der), static_cast<size_t>(size > 0 ? size : 0)});
  EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(read.status()).find("no accepted kind"), std::string::npos);
  OPENSSL_free(der);
  X509_REQ_free(request);
  EVP_PKEY_free(rsa);
}

}  // namespace
}  // namespace driftcast
