// Live kernel settings: kind "sysctl", name as sysctl(8) writes it ("net.ipv4.ip_forward").
#ifndef DRIFTCAST_COLLECT_SYSCTL_COLLECTOR_H_
#define DRIFTCAST_COLLECT_SYSCTL_COLLECTOR_H_

#include <string>
#include <string_view>

#include "collect/collector.h"
#include "collect/host_root.h"
#include "collect/secret.h"

namespace driftcast {

// True for what is no setting: counters, states, random numbers, and everything that belongs to a
// network interface that comes and goes with containers and tunnels. The list is in the .cc file,
// with the reason for each entry.
bool IsVolatileSysctl(std::string_view name);

// "net.ipv4.conf.eth0/1.rp_filter" <-> "/proc/sys/net/ipv4/conf/eth0.1/rp_filter" (a '.' inside a
// part is written '/').
std::string SysctlNameOfPath(std::string_view path);
std::string PathOfSysctlName(std::string_view name);

// One key, "value": blanks squashed, several lines joined by '\n'. Settings that can only be
// written are left out; one that may not be read is uncompared ("permission denied").
class SysctlCollector : public Collector {
 public:
  // Both outlive it.
  SysctlCollector(const HostRoot& root, const SecretGuard& guard)
      : Collector("sysctl", {"sysctl"}), root_(root), guard_(guard) {}

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  void Walk(const std::string& folder, int depth, Sink& sink);
  std::optional<ResourceObserved> Read(const std::string& path);

  const HostRoot& root_;
  const SecretGuard& guard_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SYSCTL_COLLECTOR_H_
