// From a policy's text to the fact that publishes it: outside of the shard, which has no disk.
#ifndef DRIFTCAST_ENGINE_POLICY_SOURCE_H_
#define DRIFTCAST_ENGINE_POLICY_SOURCE_H_

#include <filesystem>
#include <string>

#include "base/status.h"
#include "model/fact.h"
#include "remedy/policy_file.h"

namespace driftcast {

inline constexpr char kZonesFolder[] = "/usr/share/zoneinfo";

// TZif files by name below a folder. NotFound; InvalidArgument for a name that leads out of it.
ZoneSource ZonesIn(const std::filesystem::path& folder);

// Reads the text and takes along the zones that it names. InvalidArgument says what is wrong.
StatusOr<PolicyPublished> MakePolicy(std::string text, const ZoneSource& zones, Principal by,
                                     std::string reason);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_POLICY_SOURCE_H_
