// The host's metrics, with OpenTelemetry names, from /proc and statvfs. Not configuration: may be
// dropped.
//
//   kind "host", name ""            system.cpu.utilization, .iowait, .steal (0 to 1)
//     (the caller names the host)   system.memory.utilization, .available (bytes)
//                                   system.paging.utilization
//                                   system.cpu.load_average.1m, .5m, .15m
//                                   system.pressure.cpu.some, .memory.some, .memory.full,
//                                   .io.some, .io.full (0 to 1, share of the last 10 s)
//                                   system.processes.count, system.processes.created (per s)
//                                   system.file_descriptors.utilization
//   kind "mount", name "/"          system.filesystem.utilization, .usage (bytes),
//                                   system.filesystem.inodes.utilization
//   kind "disk", name "vda"         system.disk.io.read, .write (bytes/s), .operations (per s),
//                                   system.disk.busy (0 to 1)
//   kind "interface", name "eth0"   system.network.io.receive, .transmit (bytes/s),
//                                   system.network.errors, .dropped (per s)
#ifndef DRIFTCAST_COLLECT_HOST_METRICS_H_
#define DRIFTCAST_COLLECT_HOST_METRICS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "collect/host_root.h"
#include "model/fact.h"

namespace driftcast {

// Rates need two samples: the first one has none. Not thread-safe.
class HostMetrics {
 public:
  explicit HostMetrics(const HostRoot& root) : root_(root) {}

  // Whatever cannot be read is left out. At most 2,000 points.
  std::vector<MetricPoint> Sample(Instant now);

  double cpu_ms() const { return cpu_ms_; }  // spent here since start

 private:
  void Cpu();
  void Memory();
  void Load();
  void Pressure();
  void Descriptors();
  void Filesystems();
  void Disks();
  void Interfaces();

  std::string ReadProc(const char* path);
  void Add(const char* kind, const std::string& name, const char* metric, double value);
  // Adds the growth of a counter per second since the last sample; nothing when it went back.
  void AddRate(const char* kind, const std::string& name, const char* metric, double counter,
               double scale = 1);

  const HostRoot& root_;
  std::map<std::string, double> counters_, counters_next_;
  std::vector<double> cpu_times_;  // of the last sample: per state, in ticks
  std::vector<MetricPoint> points_;
  Instant now_, before_;
  double cpu_ms_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_HOST_METRICS_H_
