// Which advisories apply to a package in a version: the matching of feeds to an inventory.
#ifndef DRIFTCAST_INTEL_ADVISORY_INDEX_H_
#define DRIFTCAST_INTEL_ADVISORY_INDEX_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "intel/advisory.h"

namespace driftcast::intel {

// What one advisory says about one installed version.
struct AdvisoryMatch {
  const Advisory* advisory;  // lives as long as the index
  std::string_view fixed;    // the version that no longer has it; empty: no fix is known
};

// Advisories by ecosystem and package. Distributions write the fix of their own release into the
// record ("Debian:12" is fixed in 2.36-9+deb12u4), so that a fix that was ported back is not
// mistaken for an old version. Not thread-safe while it is filled.
class AdvisoryIndex {
 public:
  // Replaces an advisory of the same id; a withdrawn one only removes it.
  void Add(Advisory advisory);

  // The advisories that affect `version` of `package` (of a distribution: the source package), in
  // the order of their ids. Ranges need an ecosystem whose order is known (version.h); of others
  // only versions listed one by one match.
  std::vector<AdvisoryMatch> Match(std::string_view ecosystem, std::string_view package,
                                   std::string_view version) const;

  size_t size() const { return advisories_.size(); }

 private:
  void Remove(const std::string& id);

  std::map<std::string, std::unique_ptr<Advisory>, std::less<>> advisories_;
  // "ecosystem\tpackage" to advisories, sorted by id.
  std::unordered_map<std::string, std::vector<const Advisory*>> by_package_;
};

// Whether `version` is in what the advisory calls affected; `fixed` is set to the fix that follows
// it, if there is one.
bool IsAffected(const AffectedPackage& package, std::string_view version, std::string_view* fixed);

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_ADVISORY_INDEX_H_
