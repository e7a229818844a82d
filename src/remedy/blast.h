// Who depends on a resource, through any number of others.
#ifndef DRIFTCAST_REMEDY_BLAST_H_
#define DRIFTCAST_REMEDY_BLAST_H_

#include <functional>
#include <vector>

#include "remedy/context.h"

namespace driftcast {

inline constexpr int32_t kBlastDepthMax = 6;
inline constexpr size_t kBlastMax = 10'000;  // resources; enough to say "very many"

// The resources that depend on `resource`, nearest first and each once, cycles included, up to
// kBlastDepthMax edges away and kBlastMax in number. `needs_it(id)` gives the resources with an
// edge to `id`, in an order that does not change.
std::vector<Dependent> CollectDependents(
    const ResourceId& resource,
    const std::function<std::vector<ResourceId>(const ResourceId&)>& needs_it);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_BLAST_H_
