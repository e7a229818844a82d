// Processes as far as configuration is concerned: who holds a socket, of which unit, and which
// other hosts are talked to.
#ifndef DRIFTCAST_COLLECT_PROCESS_TABLE_H_
#define DRIFTCAST_COLLECT_PROCESS_TABLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "collect/host_root.h"

namespace driftcast {

struct Process {
  std::string pid;
  std::string program;  // executable's path; empty = it may not be looked into
  std::string unit;     // "ssh.service"; empty = of none (a login session, a container)
};

// One line of /proc/net/{tcp,tcp6,udp,udp6}.
struct SocketLine {
  std::string address;  // "0.0.0.0:22", "[::]:22"
  std::string remote;   // "10.0.0.5:5432"
  int port = 0, remote_port = 0;
  bool listening = false;
  bool established = false;
  std::string user, inode;
};
// False when the line is none (headers, garbage).
bool ReadSocketLine(std::string_view line, bool udp, SocketLine& out);

// The unit in a text of /proc/PID/cgroup; empty when there is none.
std::string UnitOfCgroup(std::string_view cgroup);

// Reads /proc anew at every call; keeps nothing. Not thread-safe.
class ProcessTable {
 public:
  explicit ProcessTable(const HostRoot& root) : root_(root) {}

  // Every process, kernel threads included, at most 65,536.
  void ForEach(const std::function<void(const std::string& pid)>& process) const;

  Process Describe(const std::string& pid) const;

  // Who holds the sockets of these inodes. Those of other users need CAP_SYS_PTRACE.
  std::map<std::string, Process> HoldersOf(const std::set<std::string>& inodes) const;

  // By unit: addresses and ports of other hosts that it is connected to, where it is the client
  // (the other port is below 32768 and ours is none that is listened on). At most 64 a unit.
  std::map<std::string, std::set<std::string>> ConnectionsOfUnits() const;

  // Calls `socket` for each line of the given table ("tcp", "tcp6", "udp", "udp6").
  void ForEachSocket(const std::string& table,
                     const std::function<void(const SocketLine&)>& socket) const;

 private:
  const HostRoot& root_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PROCESS_TABLE_H_
