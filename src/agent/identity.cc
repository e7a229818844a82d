#include "agent/identity.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/crypto.h"
#include "base/file.h"

namespace driftcast {
namespace {

constexpr std::string_view kFirstLine = "driftcast-identity/1";
constexpr size_t kFileBytesMax = 1 << 20;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct RequestFree {
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Bio = std::unique_ptr<BIO, BioFree>;

std::string Content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

// Takes "<name> <bytes>\n<content>\n" off the front.
bool TakeSection(std::string_view& text, std::string_view name, std::string& content) {
  if (!text.starts_with(name) || text.size() < name.size() + 2) return false;
  text.remove_prefix(name.size() + 1);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos || line == 0 || line > 7) return false;
  size_t bytes = 0;
  for (const char c : text.substr(0, line)) {
    if (c < '0' || c > '9') return false;
    bytes = bytes * 10 + static_cast<size_t>(c - '0');
  }
  text.remove_prefix(line + 1);
  if (text.size() < bytes + 1 || text[bytes] != '\n') return false;
  content = std::string(text.substr(0, bytes));
  text.remove_prefix(bytes + 1);
  return true;
}

std::string Section(std::string_view name, std::string_view content) {
  return fmt::format("{} {}\n{}\n", name, content.size(), content);
}

Instant TimeOf(const ASN1_TIME* time) {
  std::tm t{};
  if (ASN1_TIME_to_tm(time, &t) != 1) return {};
  return FromUnixSeconds(timegm(&t));
}

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Status SaveIdentity(const std::filesystem::path& file, const Identity& identity) {
  const std::string text = std::string(kFirstLine) + "\n" + Section("agent", identity.agent) +
                           Section("order_key", Hex(identity.order_public_key)) +
                           Section("key", identity.key_pem) +
                           Section("certificate", identity.certificate_pem) +
                           Section("authority", identity.authority_pem);
  return WriteFileAtomically(file, text, 0600);
}

StatusOr<Identity> LoadIdentity(const std::filesystem::path& file) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string content, ReadFile(file, kFileBytesMax));
  std::string_view text = content;
  Identity identity;
  std::string order_key;
  const bool begins = text.starts_with(std::string(kFirstLine) + "\n");
  if (begins) text.remove_prefix(kFirstLine.size() + 1);
  if (!begins || !TakeSection(text, "agent", identity.agent) ||
      !TakeSection(text, "order_key", order_key) || !TakeSection(text, "key", identity.key_pem) ||
      !TakeSection(text, "certificate", identity.certificate_pem) ||
      !TakeSection(text, "authority", identity.authority_pem))
    return DataLoss("{} is damaged; remove it and join again with a new token", file.string());
  DRIFTCAST_ASSIGN_OR_RETURN(identity.order_public_key, FromHex(order_key));
  return identity;
}

StatusOr<std::string> MakePrivateKey() {
  const Key key(EVP_EC_gen("P-256"));
  const Bio out(BIO_new(BIO_s_mem()));
  if (!key || !out ||
      PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Internal("a private key cannot be made");
  return Content(out.get());
}

StatusOr<std::string> MakeCertificateRequest(const std::string& key_pem, const std::string& name) {
  const Bio in(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<X509_REQ, RequestFree> request(X509_REQ_new());
  if (!key || !request) return Internal("a certificate request cannot be made");
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(std::min<size_t>(name.size(), 64)), -1, 0);
  if (X509_REQ_set_version(request.get(), 0) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
    return Internal("a certificate request cannot be signed");
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return Internal("a certificate request cannot be encoded");
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

StatusOr<Validity> ReadValidity(const std::string& certificate_pem) {
  const Bio in(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const std::unique_ptr<X509, CertificateFree> certificate(
      PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!certificate) return DataLoss("the agent's certificate cannot be read");
  return Validity{TimeOf(X509_get0_notBefore(certificate.get())),
                  TimeOf(X509_get0_notAfter(certificate.get()))};
}

bool IsRenewalDue(const Validity& validity, Instant now) {
  return now > validity.from + (validity.until - validity.from) * 2 / 3;
}

StatusOr<Invitation> ReadInvitation(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  const size_t dot = text.rfind('.');
  const bool shaped = text.starts_with("dcj1.") && dot != std::string_view::npos && dot > 5;
  Invitation invitation;
  if (shaped) {
    invitation.secret = std::string(text.substr(5, dot - 5));
    invitation.fingerprint = std::string(text.substr(dot + 1));
  }
  if (!shaped || invitation.fingerprint.size() != 64 || !IsHex(invitation.fingerprint) ||
      !IsHex(invitation.secret))
    return InvalidArgument("this is no join token; it looks like dcj1.<hex>.<64 hex digits>");
  return invitation;
}

}  // namespace driftcast
