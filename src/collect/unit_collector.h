// systemd units, from their files: kind "unit", name "ssh.service". Works where systemd does not
// run; says what is configured, not what is active.
#ifndef DRIFTCAST_COLLECT_UNIT_COLLECTOR_H_
#define DRIFTCAST_COLLECT_UNIT_COLLECTOR_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "collect/collector.h"
#include "collect/host_root.h"
#include "collect/secret.h"

namespace driftcast {

// Services, timers, sockets, paths and mounts. Keys: "enabled" ("enabled", "disabled", "static",
// "masked"), "source" (the file that counts), "dropin[]", and each setting of file and drop-ins
// ("Service.ExecStart"; an empty assignment clears a list as systemd does). Depends on: "requires"
// (Requires, BindsTo), "wants", "ordered_after", units each; "owned_by" a package. Context of a
// timer: "next_run" (when OnCalendar is understood; the random delay is not in it), of a service
// with a timer of its name the same.
class UnitCollector : public Collector {
 public:
  using OwnerOf = std::function<std::string(const std::string& path)>;

  // All outlive it.
  UnitCollector(const HostRoot& root, const SecretGuard& guard, const Clock& clock,
                OwnerOf owner_of);

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;

  // When apt upgrades by itself next: apt-daily-upgrade.timer, if enabled and
  // APT::Periodic::Unattended-Upgrade is on.
  static std::optional<Instant> NextUnattendedUpgrade(const HostRoot& root, Instant now);

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  const HostRoot& root_;
  const SecretGuard& guard_;
  const Clock& clock_;
  const OwnerOf owner_of_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_UNIT_COLLECTOR_H_
