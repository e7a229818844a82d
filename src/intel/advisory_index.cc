#include "intel/advisory_index.h"

#include <algorithm>
#include <utility>

#include "intel/version.h"

namespace driftcast::intel {
namespace {

std::string Key(std::string_view ecosystem, std::string_view package) {
  std::string key(ecosystem);
  key += '\t';
  return key += package;
}

bool IsInRange(VersionScheme scheme, const VersionRange& range, std::string_view version) {
  if (range.introduced != "0" && CompareVersions(scheme, version, range.introduced) < 0)
    return false;
  if (!range.fixed.empty()) return CompareVersions(scheme, version, range.fixed) < 0;
  return range.last_affected.empty() || CompareVersions(scheme, version, range.last_affected) <= 0;
}

}  // namespace

bool IsAffected(const AffectedPackage& package, std::string_view version, std::string_view* fixed) {
  *fixed = {};
  const auto scheme = SchemeOfEcosystem(package.ecosystem);
  if (scheme) {
    for (const VersionRange& range : package.ranges) {
      if (!IsInRange(*scheme, range, version)) continue;
      *fixed = range.fixed;
      return true;
    }
  }
  const bool listed = std::find(package.versions.begin(), package.versions.end(), version) !=
                      package.versions.end();
  // A list names what is affected where there is no range to tell; with a known order a range that
  // excludes the version is the better word.
  return listed && (!scheme || package.ranges.empty());
}

void AdvisoryIndex::Remove(const std::string& id) {
  const auto found = advisories_.find(id);
  if (found == advisories_.end()) return;
  for (const AffectedPackage& package : found->second->affected) {
    const auto place = by_package_.find(Key(package.ecosystem, package.name));
    if (place == by_package_.end()) continue;
    std::erase(place->second, found->second.get());
    if (place->second.empty()) by_package_.erase(place);
  }
  advisories_.erase(found);
}

void AdvisoryIndex::Add(Advisory advisory) {
  Remove(advisory.id);
  if (advisory.withdrawn) return;
  auto owned = std::make_unique<Advisory>(std::move(advisory));
  const auto by_id = [](const Advisory* a, const Advisory* b) { return a->id < b->id; };
  for (const AffectedPackage& package : owned->affected) {
    auto& list = by_package_[Key(package.ecosystem, package.name)];
    const auto at = std::lower_bound(list.begin(), list.end(), owned.get(), by_id);
    if (at == list.end() || *at != owned.get()) list.insert(at, owned.get());
  }
  advisories_[owned->id] = std::move(owned);
}

std::vector<AdvisoryMatch> AdvisoryIndex::Match(std::string_view ecosystem,
                                                std::string_view package,
                                                std::string_view version) const {
  std::vector<AdvisoryMatch> matches;
  const auto found = by_package_.find(Key(ecosystem, package));
  if (found == by_package_.end()) return matches;
  for (const Advisory* advisory : found->second) {
    for (const AffectedPackage& affected : advisory->affected) {
      if (affected.ecosystem != ecosystem || affected.name != package) continue;
      std::string_view fixed;
      if (!IsAffected(affected, version, &fixed)) continue;
      matches.push_back({advisory, fixed});
      break;
    }
  }
  return matches;
}

}  // namespace driftcast::intel
