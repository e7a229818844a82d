// Which ecosystem's advisories a host's packages are matched with.
#ifndef DRIFTCAST_INTEL_ECOSYSTEM_H_
#define DRIFTCAST_INTEL_ECOSYSTEM_H_

#include <map>
#include <string>

namespace driftcast::intel {

// As OSV names it, from a stack's labels "os_id" and "os_version" (os-release's ID and VERSION_ID):
// "Debian:12", "Ubuntu:22.04:LTS", "Alpine:v3.19", "AlmaLinux:9", "Rocky Linux:9". Without them
// from "os", as older agents send it ("Debian GNU/Linux 12 (bookworm)"). Empty when it is none of
// these.
std::string EcosystemOf(const std::map<std::string, std::string>& labels);

// The source package and version that advisories are about.
struct SourcePackage {
  std::string name, version;
};

// Of an installed package: `source` and `source_version` are what its own record says, empty where
// they are the package's own. Debian's signed kernels are built from another source than the kernel
// itself, which has the binary's version.
SourcePackage SourceOf(const std::string& package, const std::string& version,
                       const std::string& source, const std::string& source_version);

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_ECOSYSTEM_H_
