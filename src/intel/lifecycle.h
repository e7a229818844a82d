// When support of releases ends, as endoflife.date collects it.
#ifndef DRIFTCAST_INTEL_LIFECYCLE_H_
#define DRIFTCAST_INTEL_LIFECYCLE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "intel/advisory.h"
#include "intel/json_records.h"
#include "intel/json_value.h"

namespace driftcast::intel {

struct ReleaseLife {
  std::string codename;  // may be empty
  Instant released;      // epoch = not said
  Instant ends;          // of support; epoch = not said
  bool ended = false;    // said to have ended, with a date or without
};

// By product and release: {"debian", "12"}.
using Lifecycles = std::map<std::pair<std::string, std::string>, ReleaseLife>;

// The product and release of an OSV ecosystem: "Ubuntu:22.04:LTS" -> {"ubuntu", "22.04"}; none for
// an ecosystem that is no operating system.
std::optional<std::pair<std::string, std::string>> ReleaseOfEcosystem(std::string_view ecosystem);

// The package that says which release a system is: "base-files" on Debian; empty = not known.
std::string_view ReleasePackageOf(std::string_view ecosystem);

// Reads endoflife.date's "all products" answer ({"result": [{"name", "releases": [...]}]}) and the
// release data behind it ({product: {"releases": {name: {...}}}}), which is not a stable format.
class LifecycleReader {
 public:
  explicit LifecycleReader(std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes);
  // DataLoss when the stream ends early, InvalidArgument when it holds no release.
  StatusOr<Lifecycles> Finish() &&;

 private:
  void Product(std::string_view name, JsonElement product, uint64_t offset);
  void Release(const std::string& product, std::string_view name, JsonElement release);

  std::function<void(FeedWarning)> warning_;
  Lifecycles lifecycles_;
  JsonParser parser_;
  JsonRecords by_name_, listed_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_LIFECYCLE_H_
