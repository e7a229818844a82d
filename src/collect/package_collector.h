// Debian packages: kind "package", name "openssl", or "libc6:i386" where the architecture is
// foreign.
#ifndef DRIFTCAST_COLLECT_PACKAGE_COLLECTOR_H_
#define DRIFTCAST_COLLECT_PACKAGE_COLLECTOR_H_

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "collect/apt_lists.h"
#include "collect/collector.h"
#include "collect/dpkg.h"
#include "collect/host_root.h"

namespace driftcast {

// Keys: "version"; "hold" (true when dpkg must not change it); "status" ("installed",
// "config-files", "half-configured", ...). Depends on what Depends and Pre-Depends name, resolved
// to packages that are there ("requires"). Context: "candidate" (the version that apt would
// install), "candidate_security" (true when it comes from a security suite), "candidate_pins"
// ("not evaluated" when there are apt preferences), "next_run" of a package that is not on hold and
// has a newer candidate: when unattended upgrades run next, if they do; "source" and
// "source_version" where they differ from the package's own: advisories are about source packages.
class PackageCollector : public Collector {
 public:
  // Says when packages are upgraded without anybody asking; nullopt: they are not.
  using NextUpgrade = std::function<std::optional<Instant>()>;

  explicit PackageCollector(const HostRoot& root, NextUpgrade next_upgrade = nullptr);

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;

  // Valid after the first Collect; follows every later one.
  const FileOwners& owners() const { return owners_; }
  const std::string& native_architecture() const { return native_; }

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  using Providers = std::unordered_map<std::string_view, std::string>;

  StatusOr<std::string> ReadStatusFile();
  ResourceObserved Observe(const DpkgPackage& package, const Providers& providers) const;
  uint64_t Stamp(const DpkgPackage& package, const std::string& name) const;

  const HostRoot& root_;
  const NextUpgrade next_upgrade_;
  std::optional<Instant> upgrade_at_;  // as of the last read
  FileOwners owners_;
  AptLists lists_;
  std::string native_;
  std::unordered_map<std::string, uint64_t> stamps_;  // name -> what was last handed over
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PACKAGE_COLLECTOR_H_
