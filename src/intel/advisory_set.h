// A feed of advisories as one immutable block of bytes, ordered by package: what the reader makes
// of it once, what is stored, and what the matching reads, without building anything in between.
//
// Bytes (base/bytes.h): the number 1 (format); count of packages; of each, in the order of its name
// "ecosystem TAB package": the name, and its section. A section: count of advisories in the order
// of their ids; of each: id, CVEs (count; year, number), published (0 = not said), summary,
// urgency, ranges (count; introduced, fixed, last affected), versions (count; text). Equal content
// is equal bytes, so what a new edition touches is found by comparing sections.
#ifndef DRIFTCAST_INTEL_ADVISORY_SET_H_
#define DRIFTCAST_INTEL_ADVISORY_SET_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "intel/advisory.h"

namespace driftcast::intel {

// What one advisory says about one installed version. Views live as long as the set.
struct Finding {
  std::string_view id;
  std::vector<CveId> cves;
  Instant published;         // epoch = not said
  std::string_view fixed;    // the version that no longer has it; empty: no fix is known
  std::string_view summary;  // one line
  std::string_view urgency;
};

// Immutable; copies share the bytes.
class AdvisorySet {
 public:
  AdvisorySet() = default;

  // DataLoss when the bytes are not a set; every section is read once.
  static StatusOr<AdvisorySet> Open(std::string bytes);

  // The advisories that affect `version` of `package` (of a distribution: the source package), in
  // the order of their ids. Distributions write the fix of their own release into the record
  // ("Debian:12" is fixed in 2.36-9+deb12u4), so that a fix that was ported back is not mistaken
  // for an old version. Ranges need an ecosystem whose order is known (version.h); of others only
  // versions listed one by one match.
  std::vector<Finding> Match(std::string_view ecosystem, std::string_view package,
                             std::string_view version) const;

  // Calls `touched` with the names ("ecosystem TAB package") of which this set and the other do not
  // say the same, in order.
  void Differences(const AdvisorySet& other,
                   const std::function<void(std::string_view name)>& touched) const;

  size_t packages() const { return sections_.size(); }

 private:
  struct Section {
    std::string_view name, bytes;
  };
  std::shared_ptr<const std::string> bytes_;
  std::vector<Section> sections_;  // by name
};

// Collects a feed's advisories. Memory: about that of the result.
class AdvisorySetBuilder {
 public:
  // Of several records with one id the newest counts, of equally old ones the last. False when this
  // one is older than what is there. A withdrawn one leaves only its date behind.
  bool Add(const Advisory& advisory);

  size_t advisories() const { return present_; }
  // The set's bytes; the builder is empty afterwards.
  std::string Finish();

 private:
  struct Known {
    Instant modified;
    std::vector<std::string> names;  // of the packages that it is about
  };
  std::map<std::string, std::map<std::string, std::string>> sections_;  // name, id: entry
  std::unordered_map<std::string, Known> known_;
  size_t present_ = 0;
};

// "ecosystem TAB package"
std::string PackageName(std::string_view ecosystem, std::string_view package);

// Whether `version` is in what the advisory calls affected; `fixed` is set to the fix that follows
// it, if there is one.
bool IsAffected(const AffectedPackage& package, std::string_view version, std::string_view* fixed);

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_ADVISORY_SET_H_
