// Who changed a file, from a log that a program of the site keeps: the audit daemon, Tetragon,
// Falco.
#ifndef DRIFTCAST_AGENT_AUTHOR_LOG_H_
#define DRIFTCAST_AGENT_AUTHOR_LOG_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/allowance.h"
#include "agent/author_source.h"
#include "agent/lineage.h"
#include "agent/recent_paths.h"
#include "base/status.h"
#include "base/time.h"
#include "collect/audit_log.h"
#include "collect/file_touch.h"
#include "collect/host_root.h"
#include "collect/log_tail.h"
#include "collect/names.h"

namespace driftcast {

// Follows the log (see LogTail for what happens when it is rotated or runs away from us). The log
// need not be there: it is looked for at each CatchUp. At most 8192 paths are remembered, for a
// minute from when they were written; reading is limited to 1 MiB a second, 8 MiB at once.
//
// What a log says is as good as the program that keeps it: its touches are exact, unless it does
// not tell whether an open wrote. Not thread-safe.
class AuthorLog : public AuthorSource {
 public:
  enum class Format : uint8_t { kAudit, kTetragon, kFalco };

  // `root` outlives it. Where `root` is the machine itself, processes that still live are looked up
  // in /proc for what stands above them.
  AuthorLog(Format format, const HostRoot& root, std::string path, const Clock& clock,
            std::function<std::string(const std::string& text)> redact);

  std::string name() const override;
  void CatchUp() override;
  Cause Of(const std::string& path) override;
  std::string Account() const override;
  std::string Missing() const override { return missing_; }

  // Logins and uses of sudo that are news; of the audit log alone.
  std::vector<AuditActivity> TakeActivities() { return audit_.TakeActivities(); }

 private:
  void TakeLine(std::string_view line);
  void Put(FileTouch touch);
  Lineage LineageOf(const FileTouch& touch) const;

  const Format format_;
  const HostRoot& root_;
  const Clock& clock_;
  const std::function<std::string(const std::string& text)> redact_;
  LogTail tail_;
  AuditEvents audit_;
  RecentPaths<FileTouch> recent_;
  OwnerNames names_;
  Allowance bytes_;
  std::string missing_ = "not looked for yet";
  uint64_t touches_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_AUTHOR_LOG_H_
