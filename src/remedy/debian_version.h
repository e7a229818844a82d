// Order of Debian package versions.
#ifndef DRIFTCAST_REMEDY_DEBIAN_VERSION_H_
#define DRIFTCAST_REMEDY_DEBIAN_VERSION_H_

#include <compare>
#include <string_view>

namespace driftcast {

// As defined in Debian Policy 5.6.12: epoch, upstream version, revision; '~' sorts before the end.
std::weak_ordering CompareDebianVersions(std::string_view a, std::string_view b);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_DEBIAN_VERSION_H_
