// What the running system is made of: kernel, modules, mounts, listening sockets.
#ifndef DRIFTCAST_COLLECT_KERNEL_COLLECTOR_H_
#define DRIFTCAST_COLLECT_KERNEL_COLLECTOR_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collect/collector.h"
#include "collect/host_root.h"
#include "collect/secret.h"

namespace driftcast {

// Kinds and names:
//   "kernel" / "running"        "release", "parameter[]" (of the command line), "module[]",
//                               "reboot_required" (Debian's flag file)
//   "mount"  / "/home"          "device", "type", "option[]"; virtual file systems are left out
//   "socket" / "tcp/0.0.0.0:22" "program" (executable of a process that holds it), "user" (id)
// A socket's program is unknown ("not readable: ...") where the agent may not look into the
// process; ephemeral UDP sockets (of clients) are left out.
class KernelCollector : public Collector {
 public:
  KernelCollector(const HostRoot& root, const SecretGuard& guard)
      : Collector("system", {"kernel", "mount", "socket"}), root_(root), guard_(guard) {}

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  std::vector<ResourceObserved> Everything();
  ResourceObserved Kernel();
  void AddMounts(std::vector<ResourceObserved>& out);
  void AddSockets(std::vector<ResourceObserved>& out);
  // Executable by socket inode, of the inodes asked for.
  std::map<std::string, std::string> FindPrograms(const std::map<std::string, std::string>& inodes);

  const HostRoot& root_;
  const SecretGuard& guard_;
};

// One line of /proc/net/{tcp,tcp6,udp,udp6}.
struct SocketLine {
  std::string address;  // "0.0.0.0:22", "[::]:22"
  int port = 0;
  bool listening = false;
  std::string user, inode;
};
// False when the line is none (headers, garbage).
bool ReadSocketLine(std::string_view line, bool udp, SocketLine& out);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_KERNEL_COLLECTOR_H_
