// What reads one aspect of a host: files, packages, kernel settings.
//
// A collector covers whole kinds of resources. It is asked in three ways: for everything (first
// read, snapshot), for what changed (slow rescan, a hint of the kernel), or for one resource (an
// event, a check after a plan). It never changes the host, holds no more than it needs to notice
// changes, and says what it could not compare. Not thread-safe: one thread owns it.
#ifndef DRIFTCAST_COLLECT_COLLECTOR_H_
#define DRIFTCAST_COLLECT_COLLECTOR_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/fact.h"

namespace driftcast {

// Receives what a collector reads. The stack of each resource and the means are left empty: the
// caller knows them.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Observed(ResourceObserved observation) = 0;
  // It is there, and nothing says that it changed since it was last handed over; it was not read.
  virtual void Unchanged(std::string_view kind, std::string_view name) = 0;
};

enum class Depth : uint8_t {
  kChanged,  // read what seems changed, mention the rest with Sink::Unchanged
  kAll,      // read everything
};

// A place whose changes are worth an event. Paths are the host's own, without the scratch root.
struct WatchedPlace {
  std::string path;        // a folder
  bool recursive = false;  // and every folder below it
};

// What a changed path means to a collector.
struct Reaction {
  bool scan = false;               // Collect(kChanged) is needed
  std::vector<std::string> names;  // resources of kinds()[0] to be read with CollectOne
};

struct CollectorCost {
  double cpu_ms = 0;  // of this thread and of children that were waited for, since start
  uint64_t bytes_read = 0;
  uint64_t reads = 0;  // resources read
};

// How much of what a collector saw could be compared, as of the last Collect.
struct Coverage {
  uint64_t compared = 0;
  std::map<std::string, uint64_t> uncompared;  // reason -> resources (whole or in part)
  // The resources ("kind/name") themselves, of at most kListedMax; kept current between Collects.
  static constexpr size_t kListedMax = 1000;
  std::map<std::string, std::vector<UncomparedKey>> listed;
};

class Collector {
 public:
  Collector(std::string name, std::vector<std::string> kinds)
      : name_(std::move(name)), kinds_(std::move(kinds)) {}
  virtual ~Collector() = default;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const std::string& name() const { return name_; }                 // "files"
  const std::vector<std::string>& kinds() const { return kinds_; }  // "file"

  // Hands every resource that exists to `sink`, each once, in no particular order. An error means
  // that the set is not whole: nothing may be concluded from what is absent.
  Status Collect(Depth depth, Sink& sink);

  // Reads one resource now. nullopt: it does not exist.
  StatusOr<std::optional<ResourceObserved>> CollectOne(const std::string& kind,
                                                       const std::string& name);

  // Where to watch for changes; empty when only a rescan can tell.
  virtual std::vector<WatchedPlace> Places() const { return {}; }
  virtual Reaction OnPath(const std::string& path) const;

  // The files whose content makes up a resource: whoever wrote one of them changed it. Empty when
  // it is no matter of files.
  virtual std::vector<std::string> FilesOf(const ResourceObserved&) const { return {}; }

  const CollectorCost& cost() const { return cost_; }
  const Coverage& coverage() const { return coverage_; }

 protected:
  virtual Status DoCollect(Depth depth, Sink& sink) = 0;
  virtual StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                                 const std::string& name) = 0;
  // For implementations: what was read from the host, and by children on our behalf.
  void CountBytes(uint64_t bytes) { cost_.bytes_read += bytes; }
  void CountChildCpu(double cpu_ms) { cost_.cpu_ms += cpu_ms; }

 private:
  class CoverageSink;
  void ListUncompared(const ResourceObserved& observation);

  const std::string name_;
  const std::vector<std::string> kinds_;
  CollectorCost cost_;
  Coverage coverage_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_COLLECTOR_H_
