// The Debian security tracker's JSON: {source package: {CVE: {"releases": {codename: ...}}}}, as a
// stream (https://security-tracker.debian.org/tracker/data/json).
#ifndef DRIFTCAST_INTEL_DEBIAN_TRACKER_H_
#define DRIFTCAST_INTEL_DEBIAN_TRACKER_H_

#include <functional>
#include <string_view>

#include "base/status.h"
#include "intel/advisory.h"
#include "intel/json_records.h"
#include "intel/json_value.h"

namespace driftcast::intel {

// "bookworm" -> "Debian:12", as OSV names the release; empty for one that is not known here.
std::string_view EcosystemOfDebianRelease(std::string_view codename);

// Gives one advisory for each package and CVE, with one affected package for each release that is
// or was affected: "open" has no fix, "resolved" ends at its fixed version, "0" means never
// affected. What Debian has not decided ("undetermined") is left out. Ids that are no CVE
// ("TEMP-...") are kept: Debian knows of them before they have a number.
class DebianTrackerReader {
 public:
  DebianTrackerReader(std::function<void(Advisory)> advisory,
                      std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes) { records_.Feed(bytes); }
  // DataLoss when the stream ends early.
  Status Finish() const;

 private:
  void Record(std::string_view json, uint64_t offset);

  std::function<void(Advisory)> advisory_;
  std::function<void(FeedWarning)> warning_;
  JsonParser parser_;
  JsonRecords records_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_DEBIAN_TRACKER_H_
