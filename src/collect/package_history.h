// The host's own past, and its package runs as they happen, from dpkg's and apt's logs.
#ifndef DRIFTCAST_COLLECT_PACKAGE_HISTORY_H_
#define DRIFTCAST_COLLECT_PACKAGE_HISTORY_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "collect/host_root.h"
#include "collect/package_log.h"
#include "collect/secret.h"
#include "model/cause.h"
#include "model/fact.h"

namespace driftcast {

// Reads /var/log/dpkg.log* and /var/log/apt/history.log*, also rotated and gzipped. Not
// thread-safe. Command lines are shown with their secrets cut out.
class PackageHistory {
 public:
  // Files below /etc that a package (resource name) owns.
  using FilesOf = std::function<std::vector<std::string>(const std::string& package)>;

  PackageHistory(const HostRoot& root, const SecretGuard& guard, FilesOf files_of);

  // `native`: architecture whose packages have plain names.
  void SetNativeArchitecture(std::string native) { native_ = std::move(native); }

  // Everything that the logs know, oldest first: for each package kCreate with its version as
  // kInitial, kChange of "version", kDelete. Changes of one apt run share a change_id and an actor;
  // those without a run are grouped while less than a minute apart. At most `events_max`, the
  // youngest ones.
  std::vector<ChangeEvent> Past(size_t events_max = 100000);

  // Runs in history.log that were not reported in their present state yet (a run is reported when
  // it begins and again when it has ended). The first call returns those of the last
  // `first_window` only. Resources: "package/<name>" of each, and "file/<path>" of what they own.
  std::vector<ActivityReported> NewRuns(Instant now, Duration first_window = kDay);

  // Why a package's resource or a file of it changed just now: the run that names the package and
  // is under way or ended less than a minute ago.
  Cause CauseOf(const std::string& package, Instant now) const;
  // The run that is under way or ended less than a minute ago; unknown when there is none.
  Cause RunAround(Instant now) const;

  static bool IsLog(const std::string& path);  // does a change there mean NewRuns?

 private:
  bool IsAround(const AptRun& run, Instant now) const;
  Cause CauseFrom(const AptRun& run) const;

  struct Reported {
    bool ended = false;
  };
  std::string ResourceName(const std::string& name_and_architecture) const;
  std::string ReadLog(const std::string& path) const;
  std::vector<std::string> LogFiles(const std::string& folder, const std::string& name) const;
  std::vector<AptRun> AllRuns() const;
  std::string TextOf(const AptRun& run) const;  // "apt-get upgrade (23 packages)"
  ActivityReported Describe(const AptRun& run) const;

  const HostRoot& root_;
  const SecretGuard& guard_;
  const FilesOf files_of_;
  std::string native_;
  std::map<std::string, Reported> reported_;  // run id -> what was said about it
  std::vector<AptRun> recent_;                // of the last NewRuns, youngest last
  bool first_ = true;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PACKAGE_HISTORY_H_
