// For tests: an engine's door with a certificate authority of its own, on a loopback port.
#ifndef DRIFTCAST_AGENT_FAKE_GATE_H_
#define DRIFTCAST_AGENT_FAKE_GATE_H_

#include "driftcast/v1/agent.grpc.pb.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "base/crypto.h"

namespace driftcast {

// Just enough of a certificate authority.
class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256")) {
    authority_ = Make("test authority", key_, nullptr, 86400 * 365);
    server_key_ = EVP_EC_gen("P-256");
    server_ = Make("driftcast-engine", server_key_, authority_, 86400);
  }
  ~TestAuthority() {
    EVP_PKEY_free(key_);
    EVP_PKEY_free(server_key_);
    X509_free(authority_);
    X509_free(server_);
  }

  std::string authority_pem() const { return Pem(authority_); }
  std::string server_chain_pem() const { return Pem(server_) + Pem(authority_); }
  std::string server_key_pem() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, server_key_, nullptr, nullptr, 0, nullptr, nullptr);
    return Take(out);
  }
  std::string fingerprint() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(authority_, &der);
    const std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    return Hex(Sha256(bytes));
  }
  // A certificate for a request; empty when it cannot be read.
  std::string Certify(const std::string& csr_der, const std::string& name, long seconds) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(csr_der.data());
    X509_REQ* request = d2i_X509_REQ(nullptr, &bytes, static_cast<long>(csr_der.size()));
    if (request == nullptr) return "";
    EVP_PKEY* key = X509_REQ_get_pubkey(request);
    X509* certificate = Make(name, key, authority_, seconds);
    const std::string pem = Pem(certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    X509_REQ_free(request);
    return pem;
  }

 private:
  X509* Make(const std::string& name, EVP_PKEY* key, X509* issuer, long seconds) const {
    X509* out = X509_new();
    X509_set_version(out, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(out), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(out), -60);
    X509_gmtime_adj(X509_getm_notAfter(out), seconds);
    X509_set_pubkey(out, key);
    X509_NAME* subject = X509_get_subject_name(out);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(out, issuer ? X509_get_subject_name(issuer) : subject);
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : out, out, nullptr, nullptr, 0);
    const auto extend = [&](int id, const std::string& value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
      X509_add_ext(out, extension, -1);
      X509_EXTENSION_free(extension);
    };
    if (issuer == nullptr) {
      extend(NID_basic_constraints, "critical,CA:TRUE");
    } else {
      extend(NID_subject_alt_name, "DNS:" + name);
    }
    X509_sign(out, key_, EVP_sha256());
    return out;
  }
  static std::string Take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string out(data, static_cast<size_t>(size));
    BIO_free(bio);
    return out;
  }
  static std::string Pem(X509* certificate) {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, certificate);
    return Take(out);
  }

  EVP_PKEY* key_ = nullptr;
  EVP_PKEY* server_key_ = nullptr;
  X509* authority_ = nullptr;
  X509* server_ = nullptr;
  mutable uint64_t serial_ = 1;
};

// Takes facts as an engine would: remembers each number once, acknowledges, and can be told to
// misbehave.
class FakeGate : public v1::AgentGate::Service {
 public:
  FakeGate() { Start(0); }
  ~FakeGate() override { Down(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string token() const { return "dcj1.00ff." + authority_.fingerprint(); }
  const TestAuthority& authority() const { return authority_; }

  void Down() {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  void Up() { Start(port_); }  // on the same port, with what it had

  std::vector<v1::Fact> facts() const {
    const std::lock_guard lock(mutex_);
    return facts_;
  }
  size_t repeats() const { return repeats_; }
  int connections() const { return connections_; }
  int renewals() const { return renewals_; }

  std::atomic<int> break_after = -1;  // facts, then the stream breaks unacknowledged
  std::atomic<long> certificate_seconds = 86400;
  // Refuses batches with a fact for which this is true, naming it or not. Before the first Connect.
  std::function<bool(const v1::Fact& fact)> refuses;
  bool names_what_it_refuses = true;
  void Send(v1::EngineMessage message) {
    const std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(message));
  }

  grpc::Status Enroll(grpc::ServerContext*, const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override {
    if (request->token() != token()) return {grpc::StatusCode::UNAUTHENTICATED, "unknown token"};
    return Answer(request->csr_der(), response);
  }
  grpc::Status Renew(grpc::ServerContext*, const v1::RenewRequest* request,
                     v1::EnrollResponse* response) override {
    ++renewals_;
    return Answer(request->csr_der(), response);
  }
  grpc::Status Connect(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::EngineMessage, v1::AgentMessage>* stream) override {
    if (!context->auth_context()->IsPeerAuthenticated())
      return {grpc::StatusCode::UNAUTHENTICATED, "no certificate"};
    ++connections_;
    v1::AgentMessage in;
    if (!stream->Read(&in) || !in.has_hello())
      return {grpc::StatusCode::INVALID_ARGUMENT, "no hello"};
    v1::EngineMessage out;
    out.mutable_welcome()->set_sequence_durable(durable());
    out.mutable_welcome()->set_now_us(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
    stream->Write(out);
    while (stream->Read(&in)) {
      for (const v1::Fact& fact : in.batch().facts()) {
        if (!refuses || !refuses(fact)) continue;
        if (names_what_it_refuses)
          context->AddTrailingMetadata("driftcast-sequence", std::to_string(fact.sequence()));
        return {grpc::StatusCode::INVALID_ARGUMENT, "this engine does not like it"};
      }
      for (const v1::Fact& fact : in.batch().facts()) {
        if (break_after == 0) {
          break_after = -1;
          return {grpc::StatusCode::UNAVAILABLE, "as the test asked"};
        }
        if (break_after > 0) --break_after;
        Take(fact);
      }
      out.Clear();
      out.mutable_ack()->set_sequence_durable(durable());
      stream->Write(out);
      for (const v1::EngineMessage& message : TakeOutbox()) stream->Write(message);
    }
    return grpc::Status::OK;
  }

 private:
  void Start(int port) {
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = authority_.authority_pem();
    tls.pem_key_cert_pairs.push_back({authority_.server_key_pem(), authority_.server_chain_pem()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::SslServerCredentials(tls),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  grpc::Status Answer(const std::string& csr_der, v1::EnrollResponse* response) {
    response->set_agent("agent-1");
    response->set_certificate_pem(authority_.Certify(csr_der, "agent-1", certificate_seconds));
    response->set_authority_pem(authority_.authority_pem());
    response->set_order_public_key(std::string(32, 'k'));
    return grpc::Status::OK;
  }
  uint64_t durable() const {
    const std::lock_guard lock(mutex_);
    return facts_.empty() ? 0 : facts_.back().sequence();
  }
  void Take(const v1::Fact& fact) {
    const std::lock_guard lock(mutex_);
    if (!facts_.empty() && fact.sequence() <= facts_.back().sequence()) {
      ++repeats_;
    } else {
      facts_.push_back(fact);
    }
  }
  std::vector<v1::EngineMessage> TakeOutbox() {
    const std::lock_guard lock(mutex_);
    return std::exchange(outbox_, {});
  }

  TestAuthority authority_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<v1::Fact> facts_;
  std::vector<v1::EngineMessage> outbox_;
  std::atomic<size_t> repeats_ = 0;
  std::atomic<int> connections_ = 0, renewals_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_FAKE_GATE_H_
