#include "rpc/x509.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/crypto.h"

namespace driftcast {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

struct RequestFree {
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};
using Request = std::unique_ptr<X509_REQ, RequestFree>;

struct ExtensionFree {
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};

std::shared_ptr<EVP_PKEY> Share(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }
std::shared_ptr<X509> Share(X509* x509) { return {x509, X509_free}; }

Bio Reader(std::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string Taken(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

// i2d functions of OpenSSL: size first, then the bytes.
template <typename T>
std::string Der(int (*encode)(T*, unsigned char**), T* value) {
  std::string out(static_cast<size_t>(std::max(encode(value, nullptr), 0)), '\0');
  auto* position = reinterpret_cast<unsigned char*>(out.data());
  if (!out.empty()) encode(value, &position);
  return out;
}

bool IsIpAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

bool IsDnsName(const std::string& name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
         });
}

// "DNS:localhost,IP:127.0.0.1"; names are checked, for this is a language with commas in it.
StatusOr<std::string> AlternativeNames(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    if (!IsIpAddress(name) && !IsDnsName(name))
      return InvalidArgument("'{}' is neither a DNS name nor an IP address", name);
    out += (out.empty() ? "" : ",") + std::string(IsIpAddress(name) ? "IP:" : "DNS:") + name;
  }
  return out;
}

bool AddExtension(X509* x509, const X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), x509, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, ExtensionFree> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

bool SetName(X509_NAME* name, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool SetSerial(X509* x509) {
  std::string bytes = RandomBytes(16);
  bytes[0] = static_cast<char>((bytes[0] & 0x3f) | 0x40);  // positive, and always 16 bytes
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), nullptr);
  const bool done = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != nullptr;
  BN_free(number);
  return done;
}

bool SetTime(ASN1_TIME* field, Instant t) {
  return ASN1_TIME_set(field, static_cast<time_t>(ToUnixMicros(t) / 1'000'000)) != nullptr;
}

bool AddExtensions(X509* x509, const X509* issuer, CertificateRequest::Use use,
                   const std::string& names) {
  const bool authority = use == CertificateRequest::Use::kAuthority;
  const bool server = use == CertificateRequest::Use::kServer;
  return AddExtension(x509, issuer, NID_basic_constraints,
                      authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
         AddExtension(x509, issuer, NID_key_usage,
                      authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
         AddExtension(x509, issuer, NID_subject_key_identifier, "hash") &&
         (authority ||
          (AddExtension(x509, issuer, NID_authority_key_identifier, "keyid:always") &&
           AddExtension(x509, issuer, NID_ext_key_usage, server ? "serverAuth" : "clientAuth"))) &&
         (names.empty() || AddExtension(x509, issuer, NID_subject_alt_name, names));
}

bool IsStrong(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return true;
    case EVP_PKEY_RSA:
      return bits >= 2048 && bits <= 4096;
    case EVP_PKEY_EC: {
      std::array<char, 64> group{};
      if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) return false;
      const std::string_view name(group.data());
      return name == "prime256v1" || name == "secp384r1";
    }
    default:
      return false;
  }
}

Instant InstantOf(const ASN1_TIME* time) {
  std::tm broken{};
  return ASN1_TIME_to_tm(time, &broken) == 1 ? FromUnixSeconds(timegm(&broken)) : Instant();
}

}  // namespace

PrivateKey PrivateKey::Generate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  DRIFTCAST_CHECK(key != nullptr, "EC P-256 key generation failed");
  return PrivateKey(Share(key));
}

StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  EVP_PKEY* key = PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, nullptr, nullptr);
  ERR_clear_error();
  if (key == nullptr) return InvalidArgument("not a private key in PEM form");
  return PrivateKey(Share(key));
}

std::string PrivateKey::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  DRIFTCAST_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                                nullptr) == 1);
  return Taken(bio);
}

std::string PublicKey::Sha256() const {
  const EVP_PKEY* key = key_.get();
  return driftcast::Sha256(Der(i2d_PUBKEY, key));
}

StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  X509* x509 = PEM_read_bio_X509(Reader(pem).get(), nullptr, nullptr, nullptr);
  ERR_clear_error();
  if (x509 == nullptr) return InvalidArgument("not a certificate in PEM form");
  return Certificate(Share(x509));
}

std::string Certificate::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  DRIFTCAST_CHECK(PEM_write_bio_X509(bio.get(), x509_.get()) == 1);
  return Taken(bio);
}

std::string Certificate::ToDer() const {
  const X509* x509 = x509_.get();
  return Der(i2d_X509, x509);
}

std::string Certificate::common_name() const {
  const X509_NAME* name = X509_get_subject_name(x509_.get());
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string Certificate::serial() const {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(x509_.get());
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
          static_cast<size_t>(ASN1_STRING_length(serial))};
}

Instant Certificate::not_before() const { return InstantOf(X509_get0_notBefore(x509_.get())); }
Instant Certificate::not_after() const { return InstantOf(X509_get0_notAfter(x509_.get())); }

bool Certificate::Matches(const PrivateKey& key) const {
  const bool matches = X509_check_private_key(x509_.get(), key.get()) == 1;
  ERR_clear_error();
  return matches;
}

bool Certificate::IsIssuedBy(const Certificate& issuer) const {
  const bool is = X509_verify(x509_.get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return is;
}

bool Certificate::Names(const std::string& name) const {
  const bool names = X509_check_ip_asc(x509_.get(), name.c_str(), 0) == 1 ||
                     X509_check_host(x509_.get(), name.data(), name.size(), 0, nullptr) == 1;
  ERR_clear_error();
  return names;
}

std::string MakeCsrDer(const PrivateKey& key, const std::string& common_name) {
  const Request request(X509_REQ_new());
  DRIFTCAST_CHECK(X509_REQ_set_version(request.get(), 0) == 1 &&
                  SetName(X509_REQ_get_subject_name(request.get()), common_name) &&
                  X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                  X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0);
  const X509_REQ* made = request.get();
  return Der(i2d_X509_REQ, made);
}

StatusOr<PublicKey> ReadCsr(std::string_view der) {
  if (der.empty() || der.size() > kCsrBytesMax)
    return InvalidArgument("a certificate request of {} bytes; 1 to {} are taken", der.size(),
                           kCsrBytesMax);
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = position + der.size();
  const Request request(d2i_X509_REQ(nullptr, &position, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!request || position != end) return InvalidArgument("not a PKCS #10 request in DER form");
  EVP_PKEY* key = X509_REQ_get_pubkey(request.get());
  ERR_clear_error();
  if (key == nullptr) return InvalidArgument("the certificate request holds no readable key");
  PublicKey out(Share(key));
  if (!IsStrong(key))
    return InvalidArgument(
        "the certificate request's key is of no accepted kind: EC P-256, EC P-384, Ed25519, RSA of "
        "2048 to 4096 bits");
  const bool proved = X509_REQ_verify(request.get(), key) == 1;
  ERR_clear_error();
  if (!proved) return InvalidArgument("the certificate request is not signed by its own key");
  return out;
}

StatusOr<Certificate> IssueCertificate(const CertificateRequest& request, EVP_PKEY* subject_key,
                                       const Certificate* issuer, const PrivateKey& issuer_key) {
  if (request.common_name.empty() || request.common_name.size() > 64)
    return InvalidArgument("a common name of {} bytes; 1 to 64 are allowed",
                           request.common_name.size());
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string names, AlternativeNames(request.names));
  const Certificate out(Share(X509_new()));
  X509* x509 = out.get();
  const X509* signer = issuer != nullptr ? issuer->get() : x509;
  const bool done = X509_set_version(x509, X509_VERSION_3) == 1 && SetSerial(x509) &&
                    SetName(X509_get_subject_name(x509), request.common_name) &&
                    X509_set_issuer_name(x509, X509_get_subject_name(signer)) == 1 &&
                    SetTime(X509_getm_notBefore(x509), request.not_before) &&
                    SetTime(X509_getm_notAfter(x509), request.not_after) &&
                    X509_set_pubkey(x509, subject_key) == 1 &&
                    AddExtensions(x509, signer, request.use, names) &&
                    X509_sign(x509, issuer_key.get(), EVP_sha256()) > 0;
  ERR_clear_error();
  if (!done) return Internal("the certificate for '{}' could not be made", request.common_name);
  return out;
}

}  // namespace driftcast
