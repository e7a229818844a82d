// Which process changed a file: the kernel's word (fanotify) on watched folders.
#ifndef DRIFTCAST_AGENT_WRITERS_H_
#define DRIFTCAST_AGENT_WRITERS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "agent/allowance.h"
#include "agent/author_source.h"
#include "agent/lineage.h"
#include "agent/recent_paths.h"
#include "base/file.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "collect/host_root.h"
#include "collect/names.h"
#include "model/cause.h"

namespace driftcast {

// A thread of its own reads events and looks the process up in /proc at once, since it may be gone
// a moment later. The last writer of a path is kept for a minute, of at most 8192 paths; what the
// kernel or we had to drop is counted.
//
// In a storm events gather for a tenth of a second (the kernel makes one of equal ones), and no
// more than 50 processes a second are looked up: those beyond are known by their number alone.
//
// Confidence of what Of() returns:
//   kExact  the process was still there when it was looked up
//   kRacy   it was gone; what is known is its parent at an earlier event, or its number alone
// Nothing is returned for a path that nobody was seen to change.
//
// Needs CAP_SYS_ADMIN (fanotify with process ids) and Linux 5.9. Start fails without; inotify
// still tells that something changed, and nobody is named.
class Writers : public AuthorSource {
 public:
  // `machine`: where /proc is, whatever root is watched. Both outlive it.
  Writers(const HostRoot& root, const HostRoot& machine, const Clock& clock,
          std::function<std::string(const std::string& text)> redact);
  ~Writers() override;

  std::string name() const override { return "fanotify"; }

  // PermissionDenied, or Unavailable with the reason.
  Status Start();
  void Stop();

  // Also tells of what changes in this folder (a path of the host's own). Any thread.
  Status Watch(const std::string& folder);

  Cause Of(const std::string& path) override;  // any thread
  void CatchUp() override;                     // any thread
  std::string Account() const override;

  uint64_t events() const { return events_; }    // taken, since start
  uint64_t lost() const;                         // dropped by the kernel (times) or by us (paths)
  uint64_t unnamed() const { return unnamed_; }  // processes that were not looked up
  size_t folders() const;

 private:
  void Run();
  bool ReadLot() DRIFTCAST_REQUIRES(reading_);
  void OnEvent(const std::string& handle, const std::string& name, uint32_t pid)
      DRIFTCAST_REQUIRES(reading_);
  std::shared_ptr<const Cause> CauseOfProcess(uint32_t pid, Instant now)
      DRIFTCAST_REQUIRES(reading_);

  const HostRoot& root_;
  const HostRoot& machine_;
  const Clock& clock_;
  const std::function<std::string(const std::string& text)> redact_;
  FileDescriptor fanotify_, stop_;
  std::thread thread_;
  std::atomic<uint64_t> events_ = 0, lost_ = 0, unnamed_ = 0;

  struct Known {
    std::shared_ptr<const Cause> cause;
    Instant at;
  };
  Mutex reading_;
  std::unordered_map<uint32_t, Known> processes_ DRIFTCAST_GUARDED_BY(reading_);
  OwnerNames names_ DRIFTCAST_GUARDED_BY(reading_);
  Allowance lookups_ DRIFTCAST_GUARDED_BY(reading_);

  mutable Mutex mutex_;
  std::unordered_map<std::string, std::string> folders_ DRIFTCAST_GUARDED_BY(mutex_);
  RecentPaths<Cause> recent_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_WRITERS_H_
