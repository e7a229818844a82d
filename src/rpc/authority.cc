#include "rpc/authority.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/log.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;

constexpr Duration kAuthorityValidity = 3653 * kDay;
constexpr Duration kServerValidity = 730 * kDay;
constexpr size_t kFileBytesMax = 64 << 10;

// Our own files are ours alone; what somebody opened up is closed again, and said.
Status Protect(const fs::path& path, mode_t mode) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, "reading " + path.string());
  if ((info.st_mode & 07777) == mode) return Ok();
  Log("rpc").warn("pki.mode path={} was={:o} now={:o}", path.string(), info.st_mode & 07777, mode);
  if (chmod(path.c_str(), mode) != 0) return ErrnoStatus(errno, "protecting " + path.string());
  return Ok();
}

Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return ErrnoStatus(errno, "creating " + folder.string());
  return Protect(folder, 0700);
}

// The file's content, or nothing when there is no such file.
StatusOr<std::optional<std::string>> ReadIfThere(const fs::path& path) {
  auto content = ReadFile(path, kFileBytesMax);
  if (content.status().code() == StatusCode::kNotFound) return std::optional<std::string>();
  if (!content.ok()) return content.status();
  DRIFTCAST_RETURN_IF_ERROR(Protect(path, 0600));
  return std::optional<std::string>(*std::move(content));
}

// The keys are written before the certificate that completes an authority: once it is there, so
// must they be. A crash in between leaves keys of which nobody has heard yet.
Status Missing(const fs::path& path) {
  return DataLoss(
      "{} is missing; restore it from a backup, or remove its folder and enrol every agent again",
      path.string());
}

StatusOr<PrivateKey> OpenKey(const fs::path& path, bool may_make) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto pem, ReadIfThere(path));
  if (!pem && !may_make) return Missing(path);
  if (!pem) {
    PrivateKey made = PrivateKey::Generate();
    DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(path, made.ToPem(), 0600));
    return made;
  }
  auto key = PrivateKey::FromPem(*pem);
  if (!key.ok()) return DataLoss("{} is damaged: {}", path.string(), Message(key.status()));
  return key;
}

StatusOr<SigningKey> OpenOrderKey(const fs::path& path, bool may_make) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto text, ReadIfThere(path));
  if (!text && !may_make) return Missing(path);
  if (!text) {
    SigningKey made = GenerateSigningKey();
    DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(path, Hex(made.private_key) + "\n", 0600));
    return made;
  }
  const auto seed = FromHex(std::string_view(*text).substr(0, text->find('\n')));
  auto key = seed.ok() ? SigningKeyFromSeed(*seed) : seed.status();
  if (!key.ok()) return DataLoss("{} is damaged: {}", path.string(), Message(key.status()));
  return key;
}

StatusOr<Certificate> MakeAuthority(const PrivateKey& key, Instant now) {
  CertificateRequest request;
  request.use = CertificateRequest::Use::kAuthority;
  request.common_name = "Driftcast authority " + Hex(RandomBytes(4));
  request.not_before = now - kDay;
  request.not_after = now + kAuthorityValidity;
  return IssueCertificate(request, key.get(), nullptr, key);
}

// `pem`: the certificate as stored, or nothing.
StatusOr<Certificate> OpenCertificate(const fs::path& path, const std::optional<std::string>& pem,
                                      const PrivateKey& key, Instant now) {
  if (!pem) {
    DRIFTCAST_ASSIGN_OR_RETURN(Certificate made, MakeAuthority(key, now));
    DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(path, made.ToPem(), 0600));
    Log("rpc").info("authority.made path={}", path.string());
    return made;
  }
  auto certificate = Certificate::FromPem(*pem);
  if (!certificate.ok())
    return DataLoss("{} is damaged: {}", path.string(), Message(certificate.status()));
  if (!certificate->Matches(key)) return DataLoss("{} is not that of its key", path.string());
  return certificate;
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::vector<std::string> ServerNames(const std::vector<std::string>& more) {
  std::vector<std::string> names = {kServerName, "localhost", "127.0.0.1", "::1"};
  if (const std::string host = HostName(); !host.empty()) names.push_back(host);
  names.insert(names.end(), more.begin(), more.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Authority::Authority(AuthorityOptions options, PrivateKey key, SigningKey order_key,
                     Certificate certificate)
    : options_(std::move(options)),
      key_(std::move(key)),
      order_key_(std::move(order_key)),
      certificate_(std::move(certificate)),
      certificate_pem_(certificate_.ToPem()),
      fingerprint_(Hex(Sha256(certificate_.ToDer()))) {}

StatusOr<std::unique_ptr<Authority>> Authority::Open(AuthorityOptions options, Instant now) {
  const fs::path& folder = options.folder;
  DRIFTCAST_RETURN_IF_ERROR(MakeFolder(folder));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto pem, ReadIfThere(folder / "authority.pem"));
  DRIFTCAST_ASSIGN_OR_RETURN(PrivateKey key, OpenKey(folder / "authority.key", !pem));
  DRIFTCAST_ASSIGN_OR_RETURN(SigningKey order_key, OpenOrderKey(folder / "order.key", !pem));
  DRIFTCAST_ASSIGN_OR_RETURN(Certificate certificate,
                             OpenCertificate(folder / "authority.pem", pem, key, now));
  if (certificate.not_after() <= now)
    return FailedPrecondition("the authority in {} ended at {}; remove the folder and enrol again",
                              folder.string(), FormatInstant(certificate.not_after()));
  std::unique_ptr<Authority> out(new Authority(std::move(options), std::move(key),
                                               std::move(order_key), std::move(certificate)));
  DRIFTCAST_RETURN_IF_ERROR(out->OpenServerCertificate(now));
  return out;
}

Status Authority::OpenServerCertificate(Instant now) {
  const fs::path path = options_.folder / "server.pem";
  DRIFTCAST_ASSIGN_OR_RETURN(const auto pem, ReadIfThere(path));
  if (!pem) return MakeServerCertificate(now);
  const auto key = PrivateKey::FromPem(*pem);
  const auto server = Certificate::FromPem(*pem);
  if (!key.ok() || !server.ok() || !MayServe(*server, *key, now)) {
    Log("rpc").info("pki.server_renewed path={}", path.string());
    return MakeServerCertificate(now);
  }
  Serve(*server, *key);
  return Ok();
}

bool Authority::MayServe(const Certificate& server, const PrivateKey& key, Instant now) const {
  const auto names = ServerNames(options_.server_names);
  return server.Matches(key) && server.IsIssuedBy(certificate_) && server.not_before() <= now &&
         (server.not_after() - now > kServerValidity / 3 ||
          server.not_after() == certificate_.not_after()) &&
         std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return server.Names(name); });
}

void Authority::Serve(const Certificate& server, const PrivateKey& key) {
  server_chain_pem_ = server.ToPem() + certificate_pem_;
  server_key_pem_ = key.ToPem();
  server_ends_ = server.not_after();
}

Status Authority::MakeServerCertificate(Instant now) {
  const PrivateKey key = PrivateKey::Generate();
  CertificateRequest request;
  request.use = CertificateRequest::Use::kServer;
  request.common_name = kServerName;
  request.names = ServerNames(options_.server_names);
  request.not_before = now - kDay;
  request.not_after = std::min(now + kServerValidity, certificate_.not_after());
  DRIFTCAST_ASSIGN_OR_RETURN(const Certificate server,
                             IssueCertificate(request, key.get(), &certificate_, key_));
  Serve(server, key);
  return WriteFileAtomically(options_.folder / "server.pem", key.ToPem() + server.ToPem(), 0600);
}

StatusOr<Certificate> Authority::IssueAgent(std::string_view csr_der, const AgentId& agent,
                                            Instant now) const {
  DRIFTCAST_ASSIGN_OR_RETURN(const PublicKey key, ReadCsr(csr_der));
  CertificateRequest request;
  request.use = CertificateRequest::Use::kClient;
  request.common_name = agent.value;
  request.not_before = now - kHour;
  request.not_after = std::min(now + options_.agent_validity, certificate_.not_after());
  return IssueCertificate(request, key.get(), &certificate_, key_);
}

}  // namespace driftcast
