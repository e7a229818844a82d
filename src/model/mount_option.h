// Options of a mount that a remount can set while it is in use: the flags of the mount point
// itself.
#ifndef DRIFTCAST_MODEL_MOUNT_OPTION_H_
#define DRIFTCAST_MODEL_MOUNT_OPTION_H_

#include <algorithm>
#include <array>
#include <string_view>

namespace driftcast {

// As /proc/mounts spells them. "rw" is the absence of "ro"; "relatime", "noatime" and "strictatime"
// exclude each other. Others ("errors=remount-ro", "size=1g") belong to the file system.
inline constexpr std::array<std::string_view, 9> kMountFlags = {
    "ro", "rw", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "strictatime"};

inline bool IsMountFlag(std::string_view option) {
  return std::ranges::find(kMountFlags, option) != kMountFlags.end();
}

}  // namespace driftcast

#endif  // DRIFTCAST_MODEL_MOUNT_OPTION_H_
