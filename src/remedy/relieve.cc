#include "remedy/relieve.h"

#include <fmt/core.h>

namespace driftcast {
namespace {

std::vector<Relief> Disk(std::string_view name) {
  return {
      {fmt::format("Free space on {}", name),
       fmt::format("See what is large: du -xh --max-depth=2 {} | sort -h | tail. Safe to drop on "
                   "Debian: apt-get clean (package archives), journalctl --vacuum-size=500M (old "
                   "journals), coredumps in /var/lib/systemd/coredump. Files that were deleted "
                   "and are still open: lsof +L1.",
                   name),
       15, false},
      {fmt::format("Make {} larger", name),
       "Grow the volume and then its file system (lvextend -r, or the provider's disk and "
       "growpart, resize2fs or xfs_growfs). Works while it is mounted.",
       30, false},
      {fmt::format("Stop what fills {}", name),
       "The forecast shows since when it grows: look at what changed on this host then.", 30, true},
  };
}

std::vector<Relief> Limit(std::string_view limit_source, const char* holders) {
  std::vector<Relief> reliefs = {
      {"Find what uses them up", holders, 20, true},
      {"Raise the limit", fmt::format("It comes from {}.", limit_source), 10, true},
  };
  if (limit_source.starts_with("sysctl "))
    reliefs[1].how +=
        " Set it higher with sysctl -w and keep it in /etc/sysctl.d; accept the change here, or it "
        "will be drift.";
  if (limit_source.starts_with("unit "))
    reliefs[1].how += " Raise it in a drop-in (systemctl edit) and restart the unit.";
  return reliefs;
}

}  // namespace

std::vector<Relief> ReliefsOf(Bounded what, std::string_view name, std::string_view limit_source) {
  switch (what) {
    case Bounded::kDisk:
      return Disk(name);
    case Bounded::kInodes:
      return {{fmt::format("Remove small files on {}", name),
               fmt::format("Count them: du -x --inodes --max-depth=3 {} | sort -n | tail. Usual "
                           "places: session folders, mail queues, caches.",
                           name),
               20, false},
              {"Move them to a file system with more inodes",
               "The number is fixed when an ext4 file system is made (mkfs -N); xfs has no such "
               "bound.",
               120, false}};
    case Bounded::kMemory:
      return {{"Find what grows",
               "ps -eo rss,etime,comm --sort=-rss | head. A process that grows without end leaks: "
               "restart it in a quiet hour, and report it.",
               20, true},
              {"Give it more memory, or move something away",
               "Until then MemoryHigh= of the largest unit keeps it from taking the host down.", 60,
               true}};
    case Bounded::kHandles:
      return Limit(limit_source,
                   "ls /proc/*/fd | wc -l by process, or lsof -p PID: what is left open?");
    case Bounded::kProcesses:
      return Limit(limit_source, "ps -eLf by user and command: what starts and does not end?");
    case Bounded::kTable:
      return Limit(limit_source,
                   "conntrack -L by source and state: who opens so many connections?");
    case Bounded::kQuota:
      return Limit(limit_source, "Requests of the namespace's workloads beside what they use.");
    case Bounded::kCertificate:
      return {{"Renew the certificate",
               "With ACME: certbot renew, or your client's own command, then reload what serves "
               "it. Else ask who issued it; the new one must hold the same names.",
               30, true}};
    case Bounded::kOther:
      break;
  }
  return {{"Find what grows", "Look at what changed when it began to.", 30, true}};
}

}  // namespace driftcast
