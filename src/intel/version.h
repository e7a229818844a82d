// The order of package versions, as each package manager defines it.
//
//   dpkg  deb-version(7) and Debian Policy 5.6.12: [epoch:]upstream[-revision], "~" before the end
//   rpm   rpm-version(7): [epoch:]version[-release], "~" before the end, "^" behind it
//   apk   apk-package(5): 1.2.3b_rc1_p2~hash-r4; _alpha _beta _pre _rc before the end,
//         _cvs _svn _git _hg _p behind it
//
// The orders are total on every text: what is not a version of the scheme is still compared, in a
// fixed way, so that sorting never breaks. Pure; no allocation.
#ifndef DRIFTCAST_INTEL_VERSION_H_
#define DRIFTCAST_INTEL_VERSION_H_

#include <compare>
#include <optional>
#include <string_view>

namespace driftcast::intel {

enum class VersionScheme { kDpkg, kRpm, kApk };

std::weak_ordering CompareDpkgVersions(std::string_view a, std::string_view b);
std::weak_ordering CompareRpmVersions(std::string_view a, std::string_view b);
std::weak_ordering CompareApkVersions(std::string_view a, std::string_view b);

std::weak_ordering CompareVersions(VersionScheme scheme, std::string_view a, std::string_view b);

// The scheme of an OSV ecosystem ("Debian:12", "Ubuntu:22.04:LTS", "AlmaLinux:9", "Alpine:v3.19");
// none for one whose order is not known here.
std::optional<VersionScheme> SchemeOfEcosystem(std::string_view ecosystem);

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_VERSION_H_
