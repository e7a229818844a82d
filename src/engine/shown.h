// What a resource shows that feeds may speak of: the other ends of its connections, ports, users,
// digests of files, and the addresses, names and images that its configuration names. Inside the
// room.
#ifndef DRIFTCAST_ENGINE_SHOWN_H_
#define DRIFTCAST_ENGINE_SHOWN_H_

#include <string>
#include <vector>

#include "engine/shard_intel.h"
#include "shadow/resource_state.h"

namespace driftcast {

inline constexpr size_t kShownMax = 512;  // of one resource

// Canonical, sorted and without repeats; of more than kShownMax the first by kind and text.
std::vector<ObservableName> ShownBy(const std::string& kind, const std::string& name,
                                    const ResourceState& state);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHOWN_H_
