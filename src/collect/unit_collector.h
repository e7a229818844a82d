// systemd units: kind "unit", name "ssh.service". What is configured is read from their files, so
// it works where systemd does not run; what they are doing is systemd's own word.
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
#include "collect/process_table.h"
#include "collect/secret.h"
#include "collect/unit_files.h"

namespace driftcast {

// Services, timers, sockets, paths and mounts. Keys: "enabled" ("enabled", "disabled", "static",
// "masked"), "source" (the file that counts), "dropin[]", and each setting of file and drop-ins
// ("Service.ExecStart"; an empty assignment clears a list as systemd does). Depends on: "requires"
// (Requires, BindsTo), "wants", "ordered_after", units each; "reads" its environment files;
// "owned_by" a package; "connects_to" the other hosts that its processes are connected to
// ("endpoint" "tcp/10.0.0.5:5432", kept for a day after it was last seen). Context of a
// timer: "next_run" (when OnCalendar is understood; the random delay is not in it), of a service
// with a timer of its name the same.
//
// Where systemd runs, "state" is what the unit does: "running", "stopped", "failed", or, of what
// runs now and then (oneshot services, those started by a timer, socket, path or D-Bus name),
// "ready" or "failed". Units that exist in memory alone (transient, generated) are left out. Needs
// no privilege; connections of other users' processes need CAP_SYS_PTRACE.
class UnitCollector : public Collector {
 public:
  using OwnerOf = std::function<std::string(const std::string& path)>;

  // All outlive it.
  UnitCollector(const HostRoot& root, const SecretGuard& guard, const Clock& clock,
                OwnerOf owner_of, std::string bus_address = {});

  // systemd's bus on this machine; empty when systemd does not run here.
  static std::string BusOf(const HostRoot& root);

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;
  std::vector<std::string> FilesOf(const ResourceObserved& observed) const override;

  // When apt upgrades by itself next: apt-daily-upgrade.timer, if enabled and
  // APT::Periodic::Unattended-Upgrade is on.
  static std::optional<Instant> NextUnattendedUpgrade(const HostRoot& root, Instant now);

 protected:
  Status DoCollect(Depth depth, Sink& sink) override;
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) override;

 private:
  struct Live;
  Live ReadLive(Instant now);
  void RememberConnections(Instant now);
  ResourceObserved Observe(const UnitFolder& folder, const UnitFiles& unit, const Live& live,
                           Instant now) const;

  const HostRoot& root_;
  const SecretGuard& guard_;
  const Clock& clock_;
  const OwnerOf owner_of_;
  const std::string bus_address_;  // empty = states are not asked for
  const ProcessTable processes_;
  // Unit -> other ends of its connections -> last seen.
  std::map<std::string, std::map<std::string, Instant>> connections_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_UNIT_COLLECTOR_H_
