// Debian packages of the host that is changed: read from its dpkg database, changed through dpkg.
#ifndef DRIFTCAST_APPLY_PACKAGE_TOOL_H_
#define DRIFTCAST_APPLY_PACKAGE_TOOL_H_

#include <filesystem>
#include <string>
#include <vector>

#include "apply/host_files.h"
#include "apply/subprocess.h"
#include "base/file.h"
#include "base/status.h"
#include "base/time.h"

namespace driftcast {

struct PackageState {
  bool installed = false;    // in the state "installed": unpacked and configured
  std::string version;       // when anything of it is there
  std::string architecture;  // "amd64", "all"
  bool hold = false;         // selected to stay as it is
  std::string status;        // dpkg's own words: "install ok installed"; empty = not known to it
  std::vector<std::string> conffiles;  // paths

  // Same presence, version, and what is wanted of it: "install", "hold", "deinstall".
  bool SameAs(const PackageState& other) const;
  std::string Wanted() const { return status.substr(0, status.find(' ')); }
};

struct PackageOptions {
  std::string root = "/";
  std::filesystem::path debs;                  // where packages are kept for the way back and forth
  std::vector<std::filesystem::path> sources;  // folders that are searched for packages first
  bool may_download = true;                    // ask apt for what is in none of them
};

// Not thread-safe. Names may carry an architecture ("libc6:i386").
class PackageTool {
 public:
  // Both outlive it.
  PackageTool(const HostFiles& files, PackageOptions options)
      : files_(files), options_(std::move(options)) {}

  StatusOr<PackageState> Read(const std::string& name) const;

  // A package file with exactly this name, version and architecture: from DATA/debs, the sources,
  // apt's cache on the host, else downloaded by apt. NotFound says where was looked. The first
  // three are only read; Secure copies into DATA/debs and returns the file's name there.
  StatusOr<std::filesystem::path> Find(const std::string& name, const std::string& version,
                                       const std::string& architecture) const;
  StatusOr<std::string> Secure(const std::string& name, const std::string& version,
                               const std::string& architecture, Duration timeout);

  // Paths of the configuration files that a package in DATA/debs brings.
  StatusOr<std::vector<std::string>> ConffilesIn(const std::string& deb) const;

  // Keeps other package managers away until the descriptor is closed; waits up to `patience`.
  // ResourceExhausted when one is at work for longer.
  StatusOr<FileDescriptor> Lock(Duration patience) const;

  // With the lock held. Configuration files that people changed stay as they are.
  // FailedPrecondition with dpkg's last words when it fails.
  Status Install(const std::string& deb, Duration timeout);
  Status Configure(const std::string& name, Duration timeout);  // finishes what was unpacked
  Status Remove(const std::string& name, bool purge, Duration timeout);
  Status SetHold(const std::string& name, bool hold);

 private:
  Status Dpkg(std::vector<std::string> arguments, const std::string& input, Duration timeout);
  std::vector<std::filesystem::path> Places() const;
  Status Download(const std::string& name, const std::string& version, Duration timeout);

  const HostFiles& files_;
  PackageOptions options_;
};

// InvalidArgument unless it is a package name as Debian Policy 5.6.7 wants it, with ":arch" or not.
Status ValidatePackageName(const std::string& name);
// InvalidArgument unless it is a version as Debian Policy 5.6.12 wants it.
Status ValidatePackageVersion(const std::string& version);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_PACKAGE_TOOL_H_
