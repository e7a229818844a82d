// Where bounded metrics are full: 1 for a utilization, 0 for what is left of a disk, the value of
// another series (process_max_fds), or what the configuration says (fs.file-max).
//
// The table is series_limit.cc. Metrics are known by OpenTelemetry's names and by those of
// Prometheus' exporters; labels in braces are compared where the table has them.
#ifndef DRIFTCAST_SIGNAL_SERIES_LIMIT_H_
#define DRIFTCAST_SIGNAL_SERIES_LIMIT_H_

#include <optional>
#include <string>
#include <string_view>

namespace driftcast {

// Whence limits are learned, of one stack.
class LimitSource {
 public:
  virtual ~LimitSource() = default;
  // The newest value of another series of the same resource.
  virtual std::optional<double> Newest(std::string_view metric) const = 0;
  // The observed value of a key of a resource of the stack, as text.
  virtual std::optional<std::string> Configured(std::string_view kind, std::string_view name,
                                                std::string_view key) const = 0;
};

// What runs full; decides what relieves it.
enum class Bounded : uint8_t {
  kDisk,
  kInodes,
  kMemory,
  kHandles,
  kProcesses,
  kTable,
  kQuota,
  kCertificate,
  kOther
};

struct SeriesLimit {
  double value = 0;    // in the metric's unit
  bool rising = true;  // full when the metric rises to it; else when it falls to it
  Bounded what = Bounded::kOther;
  std::string source;  // for people: "kernel.pid_max = 32768"
  // The key of the stack's configuration that sets it; empty when none does.
  std::string kind, name, key;
};

// None for metrics without a bound, and while the bound is not known. `resource_name` is that of
// the series' resource.
std::optional<SeriesLimit> LimitOf(std::string_view resource_name, std::string_view metric,
                                   const LimitSource& source);

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_SERIES_LIMIT_H_
