// What the running system is made of: kernel, modules, mounts, listening sockets.
#ifndef DRIFTCAST_COLLECT_KERNEL_COLLECTOR_H_
#define DRIFTCAST_COLLECT_KERNEL_COLLECTOR_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collect/collector.h"
#include "collect/host_root.h"
#include "collect/process_table.h"
#include "collect/secret.h"

namespace driftcast {

// Kinds and names:
//   "kernel" / "running"        "release", "parameter[]" (of the command line), "module[]",
//                               "reboot_required" (Debian's flag file)
//   "mount"  / "/home"          "device", "type", "option[]"; virtual file systems are left out
//   "socket" / "tcp/0.0.0.0:22" "program" (executable of a process that holds it), "user" (id).
//                               Depends on its unit ("served_by") and the program's package
//                               ("owned_by").
// A socket's program is unknown ("not readable: ...") where the agent may not look into the
// process; ephemeral UDP sockets (of clients) are left out.
class KernelCollector : public Collector {
 public:
  // The packages that programs belong to; those of none are left out.
  using OwnersOf =
      std::function<std::map<std::string, std::string>(const std::set<std::string>& paths)>;

  KernelCollector(const HostRoot& root, const SecretGuard& guard, OwnersOf owners_of = {})
      : Collector("system", {"kernel", "mount", "socket"}),
        root_(root),
        guard_(guard),
        owners_of_(std::move(owners_of)),
        processes_(root) {}

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  std::vector<ResourceObserved> Everything();
  ResourceObserved Kernel();
  void AddMounts(std::vector<ResourceObserved>& out);
  void AddSockets(std::vector<ResourceObserved>& out);

  const HostRoot& root_;
  const SecretGuard& guard_;
  const OwnersOf owners_of_;
  const ProcessTable processes_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_KERNEL_COLLECTOR_H_
