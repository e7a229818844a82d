// Base of collectors whose subject is small and is read as a whole each time.
#ifndef DRIFTCAST_COLLECT_WHOLE_COLLECTOR_H_
#define DRIFTCAST_COLLECT_WHOLE_COLLECTOR_H_

#include <optional>
#include <string>
#include <vector>

#include "collect/collector.h"

namespace driftcast {

class WholeCollector : public Collector {
 public:
  using Collector::Collector;

 protected:
  // Everything there is, each resource once, keys canonical. An error: the set is not whole; what
  // is in `out` is reported all the same.
  virtual Status ReadAll(std::vector<ResourceObserved>& out) = 0;

  Status DoCollect(Depth, Sink& sink) final {
    std::vector<ResourceObserved> all;
    const Status status = ReadAll(all);
    for (ResourceObserved& observed : all) sink.Observed(std::move(observed));
    return status;
  }
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string& kind,
                                                         const std::string& name) final {
    std::vector<ResourceObserved> all;
    const Status status = ReadAll(all);
    for (ResourceObserved& observed : all)
      if (observed.resource.kind == kind && observed.resource.name == name)
        return std::optional<ResourceObserved>(std::move(observed));
    if (!status.ok()) return status;  // it may be among what was not seen
    return std::nullopt;
  }
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_WHOLE_COLLECTOR_H_
