// Who stands behind a process: its ancestors, its login session, its unit.
#ifndef DRIFTCAST_AGENT_LINEAGE_H_
#define DRIFTCAST_AGENT_LINEAGE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "collect/host_root.h"
#include "model/cause.h"

namespace driftcast {

struct Ancestor {
  uint32_t pid = 0;
  uint64_t started_ticks = 0;  // since boot; with the pid it names a process for good
  std::string command;         // as in /proc/PID/comm: at most 15 bytes
  std::string arguments;       // the command line, blanks between, at most 512 bytes; has secrets
};

// A process and those above it, nearest first, without process 1; at most 16.
struct Lineage {
  std::vector<Ancestor> ancestors;
  int64_t login_uid = -1;  // who logged in, whatever was become since; -1 = nobody
  int64_t session = -1;    // the kernel's audit session; -1 = none
  std::string unit;        // "cron.service"; empty = of none
  int64_t uid = -1;        // who it runs as
  int64_t terminal = 0;    // device number of its terminal; 0 = none
};

// Reads /proc of `machine`. Empty ancestors: the process is gone.
Lineage ReadLineage(const HostRoot& machine, uint32_t pid);

// What the lineage says about a change at `at`. Pure.
//   package manager above it      kPackageRun
//   Ansible, Puppet, Chef, Salt,
//   cloud-init above it           kTool, one cause for all that one run of the tool does
//   somebody logged in, or at a
//   terminal (of a container)     kPerson, one cause for 15 minutes of one session
//   a unit of systemd, or any
//   other process                 kTool: a program of the host itself
// `user_name` gives the name of a user id. Texts are redacted with `redact`. The confidence is left
// to the caller, who knows how the process was found.
Cause CauseOfLineage(const Lineage& lineage, Instant at,
                     const std::function<std::string(uint32_t uid)>& user_name,
                     const std::function<std::string(const std::string& text)>& redact);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_LINEAGE_H_
