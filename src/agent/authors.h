// Who changed a file, from whatever this host has that knows.
#ifndef DRIFTCAST_AGENT_AUTHORS_H_
#define DRIFTCAST_AGENT_AUTHORS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/author_log.h"
#include "agent/author_source.h"
#include "agent/writers.h"
#include "base/time.h"
#include "collect/host_root.h"

namespace driftcast {

struct AuthorOptions {
  bool enabled = true;  // false: nobody is named
  // Logs that are followed where they are; empty = never.
  std::string audit_log = "/var/log/audit/audit.log";
  std::string tetragon_log = "/var/log/tetragon/tetragon.log";
  std::string falco_log = {};
};

// Asks its sources in turn and believes the first that is exact, else the first that knows anybody.
// Not thread-safe.
class Authors {
 public:
  // `machine`: where /proc is, whatever root is read. All outlive it.
  Authors(AuthorOptions options, const HostRoot& root, const HostRoot& machine, const Clock& clock,
          std::function<std::string(const std::string& text)> redact);

  void Start();

  // Also tells of what changes in this folder (a path of the host's own).
  void Watch(const std::string& folder);

  void CatchUp();
  Cause Of(const std::string& path);

  // "fanotify, audit log", or "not seen: " and why.
  std::string Seen() const;

  // Lines for `driftcast-agent cost` and `coverage`.
  std::string CostLines() const;
  std::string CoverageLines() const;

  std::vector<AuditActivity> TakeActivities();

 private:
  const AuthorOptions options_;
  const HostRoot& root_;
  const HostRoot& machine_;
  const Clock& clock_;
  const std::function<std::string(const std::string& text)> redact_;
  std::vector<std::unique_ptr<AuthorSource>> sources_;
  Writers* writers_ = nullptr;  // one of them; null when the kernel does not name them to us
  AuthorLog* audit_ = nullptr;  // one of them
  std::string kernel_missing_ = "not started";
  Instant caught_up_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_AUTHORS_H_
