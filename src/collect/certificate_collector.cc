#include "collect/certificate_collector.h"

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "base/crypto.h"
#include "collect/names.h"
#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kTextBytesMax = 1024;
constexpr size_t kNamesMax = 256;
constexpr int kDepthMax = 16;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct NamesFree {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct NumberFree {
  void operator()(BIGNUM* number) const { BN_free(number); }
};

std::string NameText(X509_NAME* name) {
  const std::unique_ptr<BIO, BioFree> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return CleanText({data, static_cast<size_t>(std::max(size, 0L))}, kTextBytesMax);
}

Instant TimeOf(const ASN1_TIME* time) {
  std::tm t{};
  if (ASN1_TIME_to_tm(time, &t) != 1) return {};
  return FromUnixSeconds(timegm(&t));
}

std::string AddressText(std::string_view bytes) {
  std::string out;
  if (bytes.size() == 4)
    for (const char c : bytes)
      out += (out.empty() ? "" : ".") + std::to_string(static_cast<unsigned char>(c));
  return out.empty() ? Hex(bytes) : out;
}

std::vector<std::string> AlternativeNames(X509* certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, NamesFree> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && out.size() < kNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<size_t>(ASN1_STRING_length(text)));
    out.push_back(name->type == GEN_DNS ? CleanText(bytes, kTextBytesMax) : AddressText(bytes));
  }
  return out;
}

bool IsTrustStore(const std::string& path) {
  for (const char* folder : {"/etc/ssl/certs/", "/etc/ca-certificates/", "/etc/pki/ca-trust/"})
    if (path.starts_with(folder)) return true;
  return path.find("/java") != std::string::npos || path.find("/cacerts") != std::string::npos;
}

}  // namespace

std::optional<CertificateFacts> ReadCertificate(std::string_view pem) {
  const size_t begin = pem.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view text = pem.substr(begin);
  const std::unique_ptr<BIO, BioFree> in(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const std::unique_ptr<X509, CertificateFree> certificate(
      PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!certificate) return std::nullopt;
  CertificateFacts facts;
  facts.subject = NameText(X509_get_subject_name(certificate.get()));
  facts.issuer = NameText(X509_get_issuer_name(certificate.get()));
  facts.names = AlternativeNames(certificate.get());
  facts.not_before = TimeOf(X509_get0_notBefore(certificate.get()));
  facts.not_after = TimeOf(X509_get0_notAfter(certificate.get()));
  const std::unique_ptr<BIGNUM, NumberFree> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr));
  if (serial) {
    std::string bytes(static_cast<size_t>(BN_num_bytes(serial.get())), '\0');
    BN_bn2bin(serial.get(), reinterpret_cast<unsigned char*>(bytes.data()));
    facts.serial = Hex(bytes).substr(0, 64);
  }
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size > 0)
    facts.fingerprint_sha256 =
        Hex(Sha256({reinterpret_cast<char*>(der), static_cast<size_t>(size)}));
  OPENSSL_free(der);
  facts.chain_length = 0;
  for (size_t at = begin; at != std::string_view::npos; at = pem.find(kBegin, at + 1))
    ++facts.chain_length;
  return facts;
}

void AddCertificate(const CertificateFacts& facts, ResourceObserved& out) {
  for (KeyValue& key :
       std::vector<KeyValue>{{"subject", Value::Text(facts.subject)},
                             {"issuer", Value::Text(facts.issuer)},
                             {"serial", Value::Text(facts.serial)},
                             {"fingerprint", Value::Text("sha256:" + facts.fingerprint_sha256)},
                             {"not_before", Value::Text(FormatInstant(facts.not_before))},
                             {"not_after", Value::Text(FormatInstant(facts.not_after))},
                             {"chain_length", Value::Integer(facts.chain_length)}})
    out.keys.push_back(std::move(key));
  for (const std::string& name : facts.names) out.keys.push_back({"name[]", Value::Text(name)});
  out.context.push_back({"due", Value::Text(FormatInstant(facts.not_after))});
}

bool CertificateCollector::Covers(const std::string& path) const {
  const bool named = path.ends_with(".pem") || path.ends_with(".crt") || path.ends_with(".cer");
  return named && !IsTrustStore(path) &&
         std::any_of(folders_.begin(), folders_.end(),
                     [&](const std::string& folder) { return path.starts_with(folder + "/"); });
}

Reaction CertificateCollector::OnPath(const std::string& path) const {
  Reaction reaction;
  if (Covers(path)) reaction.names.push_back(ResourceNameOfPath(path));
  return reaction;
}

std::vector<std::string> CertificateCollector::FilesOf(const ResourceObserved& observed) const {
  return {PathOfResourceName(observed.resource.name)};
}

std::optional<ResourceObserved> CertificateCollector::Read(const std::string& path) {
  const auto text = root_.Read(path, kFileBytesMax);
  if (!text.ok()) return std::nullopt;  // the file collector says why
  CountBytes(text->size());
  const auto facts = ReadCertificate(*text);
  if (!facts) return std::nullopt;
  ResourceObserved out;
  out.resource = {{}, "certificate", ResourceNameOfPath(path)};
  AddCertificate(*facts, out);
  out.depends_on.push_back({"requires", "file", out.resource.name, {}});
  Canonicalize(out.keys);
  return out;
}

void CertificateCollector::Walk(const std::string& folder, int depth, Sink& sink) {
  if (depth > kDepthMax) return;
  std::vector<std::string> folders;
  (void)root_.List(folder, [&](const std::string& name, unsigned char type) {
    const std::string path = folder + "/" + name;
    if (type == DT_DIR) {
      folders.push_back(path);
    } else if (Covers(path)) {
      if (auto observed = Read(path)) sink.Observed(*std::move(observed));
    }
  });
  for (const std::string& path : folders) Walk(path, depth + 1, sink);
}

Status CertificateCollector::DoCollect(Depth, Sink& sink) {
  for (const std::string& folder : folders_) Walk(folder, 0, sink);
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> CertificateCollector::DoCollectOne(
    const std::string&, const std::string& name) {
  const std::string path = PathOfResourceName(name);
  if (!Covers(path)) return std::nullopt;
  return Read(path);
}

}  // namespace driftcast
