// Certificates in files: kind "certificate", name = path of the file.
#ifndef DRIFTCAST_COLLECT_CERTIFICATE_COLLECTOR_H_
#define DRIFTCAST_COLLECT_CERTIFICATE_COLLECTOR_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "collect/collector.h"
#include "collect/host_root.h"

namespace driftcast {

// The first certificate of a PEM text (the one that counts; others are its chain).
struct CertificateFacts {
  std::string subject, issuer;
  std::vector<std::string> names;  // DNS names and addresses
  std::string serial, fingerprint_sha256;
  Instant not_before, not_after;
  int chain_length = 1;  // certificates in the text
};
std::optional<CertificateFacts> ReadCertificate(std::string_view pem);

// Adds its keys and context to a resource; the caller makes them canonical.
void AddCertificate(const CertificateFacts& facts, ResourceObserved& out);

// Keys: "subject", "issuer", "name[]", "serial", "not_before", "not_after", "fingerprint",
// "chain_length". Context: "due" (its end: it will change by then or be missed). Looks at *.pem,
// *.crt and *.cer below the folders, except distributions' trust stores (/etc/ssl/certs,
// /etc/ca-certificates, java's), whose entries are the packages' business; a file without a
// certificate is no resource of this kind.
class CertificateCollector : public Collector {
 public:
  explicit CertificateCollector(const HostRoot& root, std::vector<std::string> folders = {"/etc"})
      : Collector("certificates", {"certificate"}), root_(root), folders_(std::move(folders)) {}

  Reaction OnPath(const std::string& path) const override;
  std::vector<std::string> FilesOf(const ResourceObserved& observed) const override;

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  void Walk(const std::string& folder, int depth, Sink& sink);
  std::optional<ResourceObserved> Read(const std::string& path);
  bool Covers(const std::string& path) const;

  const HostRoot& root_;
  const std::vector<std::string> folders_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_CERTIFICATE_COLLECTOR_H_
