// What feeds say about vulnerabilities, as plain values.
#ifndef DRIFTCAST_INTEL_ADVISORY_H_
#define DRIFTCAST_INTEL_ADVISORY_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace driftcast::intel {

// "CVE-2024-12345" in eight bytes.
struct CveId {
  uint32_t year = 0;
  uint32_t number = 0;
  std::string ToString() const;
  auto operator<=>(const CveId&) const = default;
};
// None for anything but "CVE-<year>-<four or more digits>" (of any case).
std::optional<CveId> ParseCveId(std::string_view text);

// Versions that are affected: from `introduced` ("0" = the first) to before `fixed`, or up to and
// with `last_affected`; neither: no fix is known.
struct VersionRange {
  std::string introduced = "0";
  std::string fixed;
  std::string last_affected;
};

struct AffectedPackage {
  std::string ecosystem;  // as OSV names it: "Debian:12", "Alpine:v3.19", "npm"
  std::string name;       // in distributions the source package
  std::vector<VersionRange> ranges;
  std::vector<std::string> versions;  // affected ones listed one by one
  std::string urgency;  // as the feed words it: "high", "unimportant"; empty = not said
};

struct Advisory {
  std::string id;           // "DSA-5000-1", "GHSA-...", "CVE-..."
  std::vector<CveId> cves;  // its own id, aliases and upstream ids, sorted
  std::optional<Instant> published;
  std::optional<Instant> modified;
  bool withdrawn = false;
  std::string summary;  // one line, at most 200 bytes
  std::vector<AffectedPackage> affected;
};

// Text of a feed for people: one line without control characters, cut at a character's end.
std::string OneLine(std::string_view text, size_t bytes_max);

// Something in a feed that could not be used, and where.
struct FeedWarning {
  uint64_t offset = 0;  // byte of the feed at which the record starts
  std::string what;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_ADVISORY_H_
