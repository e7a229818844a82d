// Certificates and keys, by OpenSSL: what the authority needs and no more.
//
// Everything is an immutable value with shared ownership; copies are cheap. Thread-safe.
#ifndef DRIFTCAST_RPC_X509_H_
#define DRIFTCAST_RPC_X509_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

// OpenSSL's types, without its headers.
extern "C" {
typedef struct evp_pkey_st EVP_PKEY;
typedef struct x509_st X509;
}

namespace driftcast {

// A private key (EC P-256 when made here).
class PrivateKey {
 public:
  static PrivateKey Generate();
  static StatusOr<PrivateKey> FromPem(std::string_view pem);
  std::string ToPem() const;  // PKCS #8, not encrypted
  EVP_PKEY* get() const { return key_.get(); }

 private:
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

// The public half, as a certificate request proved it.
class PublicKey {
 public:
  explicit PublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::string Sha256() const;  // of its DER form, 32 bytes
  EVP_PKEY* get() const { return key_.get(); }

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

class Certificate {
 public:
  explicit Certificate(std::shared_ptr<X509> x509) : x509_(std::move(x509)) {}
  static StatusOr<Certificate> FromPem(std::string_view pem);  // the first one in it
  std::string ToPem() const;
  std::string ToDer() const;
  std::string common_name() const;  // empty when there is none
  std::string serial() const;       // big-endian bytes, 1 to 20
  Instant not_before() const;
  Instant not_after() const;
  bool Matches(const PrivateKey& key) const;         // it certifies this key
  bool IsIssuedBy(const Certificate& issuer) const;  // its key has signed this certificate
  bool Names(const std::string& name) const;         // a DNS name or an IP address
  X509* get() const { return x509_.get(); }

 private:
  std::shared_ptr<X509> x509_;
};

// The largest certificate request that is looked at.
inline constexpr size_t kCsrBytesMax = 8192;

// A PKCS #10 request, DER, signed by `key`.
std::string MakeCsrDer(const PrivateKey& key, const std::string& common_name);

// The key that a request proves to hold. InvalidArgument when it is too large, is not DER, holds
// more than the request, is not signed by its key, or the key is weak: EC P-256 or P-384, Ed25519
// and RSA from 2048 to 4096 bits are taken.
StatusOr<PublicKey> ReadCsr(std::string_view der);

struct CertificateRequest {
  enum class Use { kAuthority, kServer, kClient };
  Use use = Use::kClient;
  std::string common_name;         // at most 64 bytes
  std::vector<std::string> names;  // DNS names and IP addresses, for kServer
  Instant not_before;
  Instant not_after;
};

// Signs with `issuer_key` in the name of `issuer`; for kAuthority these are the certificate's own
// (issuer null). InvalidArgument for a name that is neither a DNS name nor an IP address.
StatusOr<Certificate> IssueCertificate(const CertificateRequest& request, EVP_PKEY* subject_key,
                                       const Certificate* issuer, const PrivateKey& issuer_key);

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_X509_H_
