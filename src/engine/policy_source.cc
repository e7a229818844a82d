#include "engine/policy_source.h"

#include "base/crypto.h"
#include "base/file.h"

namespace driftcast {

ZoneSource ZonesIn(const std::filesystem::path& folder) {
  return [folder](const std::string& name) -> StatusOr<std::string> {
    const bool plain = name.find("..") == std::string::npos && !name.starts_with("/");
    if (!plain) return InvalidArgument("'{}' is no zone", name);
    auto bytes = ReadFile(folder / name, 1 << 20);
    if (!bytes.ok()) return NotFound("there is no zone '{}' in {}", name, folder.string());
    return bytes;
  };
}

StatusOr<PolicyPublished> MakePolicy(std::string text, const ZoneSource& zones, Principal by,
                                     std::string reason) {
  PolicyPublished out;
  const ZoneSource recording = [&](const std::string& name) -> StatusOr<std::string> {
    DRIFTCAST_ASSIGN_OR_RETURN(std::string bytes, zones(name));
    out.zones[name] = bytes;
    return bytes;
  };
  if (const auto policy = ParsePolicy(text, recording); !policy.ok()) return policy.status();
  out.digest = Hex(Sha256(text));
  out.text = std::move(text);
  out.by = std::move(by);
  out.reason = std::move(reason);
  return out;
}

}  // namespace driftcast
