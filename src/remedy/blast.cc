#include "remedy/blast.h"

#include <unordered_set>

namespace driftcast {

std::vector<Dependent> CollectDependents(
    const ResourceId& resource,
    const std::function<std::vector<ResourceId>(const ResourceId&)>& needs_it) {
  std::vector<Dependent> found;
  std::unordered_set<ResourceId> seen = {resource};
  std::vector<ResourceId> front = {resource};
  for (int32_t depth = 1; depth <= kBlastDepthMax && !front.empty(); ++depth) {
    std::vector<ResourceId> next;
    for (const auto& id : front) {
      for (auto& dependent : needs_it(id)) {
        if (found.size() == kBlastMax) return found;
        if (!seen.insert(dependent).second) continue;
        found.push_back({dependent, depth});
        next.push_back(std::move(dependent));
      }
    }
    front = std::move(next);
  }
  return found;
}

}  // namespace driftcast
