// Mounted file systems: how they are mounted, and the same mount with other flags.
#ifndef DRIFTCAST_APPLY_MOUNTS_H_
#define DRIFTCAST_APPLY_MOUNTS_H_

#include <string>
#include <vector>

#include "apply/host_files.h"
#include "base/status.h"
#include "model/value.h"

namespace driftcast {

// "device", "type" and "option[]" of what is mounted on exactly this path, as the agent reports
// them; empty when nothing is. From /proc/self/mountinfo, so of this process's own namespace.
StatusOr<std::vector<KeyValue>> ReadMount(const HostFiles& files, const std::string& path);

// The flags of the mount point (model/mount_option.h), sorted, "nodev,ro". NotFound when nothing is
// mounted there.
StatusOr<std::string> ReadMountFlags(const HostFiles& files, const std::string& path);

// With one flag more, or less, what excludes it left out. InvalidArgument for what is no flag.
StatusOr<std::string> WithMountFlag(const std::string& flags, const std::string& flag, bool on);

// The flags become those, and nothing else (mount(2), MS_REMOUNT | MS_BIND: the file system's own
// options stay; of one that is read-only as a whole, that too is taken back).
Status Remount(const HostFiles& files, const std::string& path, const std::string& flags);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_MOUNTS_H_
