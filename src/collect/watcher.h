// The kernel's word that files changed: inotify on folders.
#ifndef DRIFTCAST_COLLECT_WATCHER_H_
#define DRIFTCAST_COLLECT_WATCHER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "collect/collector.h"
#include "collect/host_root.h"

namespace driftcast {

// What happened since the last Take. Paths are the host's own.
struct Touched {
  std::set<std::string> paths;  // files that were written, replaced, renamed, removed or chmod-ed
  bool lost = false;  // events were lost, or there were too many: everything must be looked at
};

// One watch per folder. New folders below a recursive place are watched as they appear, and what
// is already in them is reported; a folder that goes takes its watches along. Saving by rename, as
// editors do, reports the file's own name. Not thread-safe.
//
// Limitations: contents of network file systems change without events; a folder that is replaced
// by a symbolic link is no longer watched. The slow rescan finds both.
class Watcher {
 public:
  // `paths_max`: bound of Touched::paths; beyond it `lost` is set instead.
  explicit Watcher(const HostRoot& root, size_t paths_max = 4096);

  // Begins to watch. NotFound when the place is not there (yet): its parent is watched then, and
  // it is taken up when it appears. ResourceExhausted at the kernel's limit of watches
  // (fs.inotify.max_user_watches): what could be watched is.
  Status Watch(const WatchedPlace& place);

  // Called with each folder that is watched from now on.
  void OnFolder(std::function<void(const std::string& folder)> told) { told_ = std::move(told); }

  int fd() const { return inotify_.get(); }  // readable when there is something to take
  // Takes the kernel's queue over, which is short: the next Take tells of it.
  void Drain();
  Touched Take();
  size_t watches() const { return folders_.size(); }

 private:
  struct Folder {
    std::string path;
    bool recursive = false;
  };
  Status AddFolder(const std::string& path, bool recursive);
  Status AddTree(const std::string& path, int depth, bool report);
  void OnEvent(int watch, uint32_t mask, const std::string& name);
  void Forget(const std::string& path);
  void Report(std::string path);
  void RetryMissing(const std::string& appeared);

  const HostRoot& root_;
  const size_t paths_max_;
  FileDescriptor inotify_;
  std::unordered_map<int, Folder> folders_;
  std::vector<WatchedPlace> missing_;
  Touched touched_;
  std::function<void(const std::string& folder)> told_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_WATCHER_H_
