// Settings of the running host that no single file holds: time, name resolution, and what still
// runs on old libraries.
#ifndef DRIFTCAST_COLLECT_SETTING_COLLECTOR_H_
#define DRIFTCAST_COLLECT_SETTING_COLLECTOR_H_

#include <string>
#include <string_view>
#include <vector>

#include "collect/host_root.h"
#include "collect/process_table.h"
#include "collect/whole_collector.h"

namespace driftcast {

// Kind "setting", names:
//   "time"              "zone" (of /etc/localtime), "clock_source", "synchronised" (the kernel's
//                       word, of the machine alone), "service[]" (chrony, ntp, timesyncd running)
//   "name_resolution"   "server[]", "search[]", "option[]": what the C library's resolver reads
//                       (/etc/resolv.conf, through links), beside systemd-resolved's own servers
//                       ("upstream[]")
//   "restart"           "unit[]": units (programs, where systemd does not run) whose processes use
//                       libraries or executables which are replaced on disk. Needs CAP_SYS_PTRACE
//                       for processes of other users; how many could not be looked into is an
//                       uncompared key.
class SettingCollector : public WholeCollector {
 public:
  SettingCollector(const HostRoot& root, ProcessTable& processes)
      : WholeCollector("settings", {"setting"}), root_(root), processes_(processes) {}

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;
  std::vector<std::string> FilesOf(const ResourceObserved& observed) const override;

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  ResourceObserved Time();
  ResourceObserved NameResolution();
  ResourceObserved Restart();
  void ReadResolver(const std::string& path, const char* servers, ResourceObserved& out);

  const HostRoot& root_;
  ProcessTable& processes_;
};

// True when a line of /proc/PID/maps shows code of a file that is gone from disk ("(deleted)"),
// memory files and temporary ones apart.
bool IsReplacedLibrary(std::string_view maps_line);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SETTING_COLLECTOR_H_
