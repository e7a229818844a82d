// What is known outside of a stack and concerns it: feeds, and the vulnerabilities that are open on
// its packages.
#ifndef DRIFTCAST_MODEL_EXPOSURE_H_
#define DRIFTCAST_MODEL_EXPOSURE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/fact.h"

namespace driftcast {

// A feed as it stands: what was read last and is in use, and how the last attempt went.
struct FeedStatus {
  FeedPublished content;  // of the last good read; its error is empty, its digest empty before one
  Instant attempted_at;   // last attempt, good or not
  std::string error;      // of the last attempt; empty = it was good
  Duration stale_after{0};  // the age of the content from which it is stale
};

// True when what the feed says is older than it should be, or was never read. The age is that of
// the newest record where the feed tells it, else of the reading.
bool IsStale(const FeedStatus& feed, Instant now);

// A vulnerability that is open on a package: one line of a resource's list.
struct OpenExposure {
  std::string id;                       // "CVE-2024-3094", or that of an advisory without a CVE
  std::vector<std::string> advisories;  // that say so
  std::string ecosystem;                // "Debian:12"
  std::string package;                  // source package
  std::string version;                  // that is installed
  std::string fixed;                    // first version without it; empty = no fix is known
  Instant fixed_since;                  // when the fix came out; epoch = not known
  std::string summary;                  // one line
  std::string urgency;                  // as the distribution words it; empty = it does not
  std::optional<double> epss;           // P(exploited within 30 days), 0 to 1
  std::optional<double> epss_percentile;
  std::optional<double> cvss;  // 0 to 10
  bool network = false;        // CVSS says that it is attacked over a network
  bool exploited = false;      // in CISA's catalogue of those used in attacks
  Instant exploited_since;     // when it came into it; epoch = not
  Instant due;                 // until when that catalogue wants it fixed; epoch = not
  bool ransomware = false;     // known from ransomware campaigns
  double weight = 0;           // what it adds to a severity, 0 to 4
  // Stacks of the same role that have the package, and those of them that have the fix.
  uint64_t similar = 0, similar_fixed = 0;
};

// An indicator of a threat feed that was met on a resource.
struct MetIndicator {
  ResourceId resource;
  std::string type;       // "address", "file hash", "user", "port"
  std::string met;        // what the host shows
  std::string indicator;  // what it fits
  std::string feed;       // that has it
  std::string text;       // all of it, for people
  int confidence = -1;    // 0 to 100, as its source says; -1 = it does not
  std::string benign;     // a list that says it is met everywhere; empty = none does
  double weight = 0;      // what it adds to a severity, 0 to 4
};

// One line of the fleet's list: a vulnerability of a package, wherever it is.
struct ExposureRow {
  OpenExposure exposure;  // its version is that of the first resource
  uint64_t stacks = 0, resources = 0;
  std::vector<ResourceId> some;  // of those resources, at most 20, in order
};

struct ExposureFilter {
  std::string stack;  // exact; empty = any
  std::string role;   // exact; empty = any
  std::string text;   // case-insensitive part of id, advisory, package or summary; empty = any
  const std::set<std::string>* among = nullptr;  // only of these stacks; null = any
  bool exploited_only = false;
  bool fixable_only = false;
  size_t offset = 0;
  size_t limit = 100;  // at most 1000
};

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_EXPOSURE_H_
