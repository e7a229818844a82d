#include "collect/package_collector.h"

#include <algorithm>

#include "collect/control_file.h"
#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr const char* kStatusPath = "/var/lib/dpkg/status";
constexpr size_t kStatusBytesMax = 128 << 20;
constexpr size_t kVersionBytesMax = 256;

// Every name that a dependency may use, of installed packages: own names first, then what they
// provide.
std::unordered_map<std::string_view, std::string> FindProviders(
    const std::vector<DpkgPackage>& packages, const std::string& native) {
  std::unordered_map<std::string_view, std::string> providers;
  for (const DpkgPackage& package : packages)
    if (package.installed())
      providers.emplace(package.name,
                        PackageResourceName(package.name, package.architecture, native));
  for (const DpkgPackage& package : packages) {
    if (!package.installed()) continue;
    for (const auto& group : ParseDepends(package.provides))
      providers.emplace(group[0], PackageResourceName(package.name, package.architecture, native));
  }
  return providers;
}

// It would be moved by an upgrade.
bool IsPending(const DpkgPackage& package, const AptOffer& offer) {
  return package.selection != "hold" && package.installed() &&
         CompareDebianVersions(offer.version, package.version) > 0;
}

// "glibc (2.36-9)": the source package, and its version where a rebuild has another.
void AddSource(const DpkgPackage& package, std::vector<KeyValue>& context) {
  const size_t open = package.source.find('(');
  const auto name = package.source.substr(0, package.source.find_first_of(" ("));
  if (!name.empty() && name != package.name)
    context.push_back({"source", Value::Text(CleanText(name, kVersionBytesMax))});
  if (open == std::string_view::npos) return;
  const auto version = package.source.substr(open + 1);
  const auto text = CleanText(version.substr(0, version.find(')')), kVersionBytesMax);
  if (!text.empty()) context.push_back({"source_version", Value::Text(text)});
}

bool IsUsableName(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

PackageCollector::PackageCollector(const HostRoot& root, NextUpgrade next_upgrade)
    : Collector("packages", {"package"}),
      root_(root),
      next_upgrade_(std::move(next_upgrade)),
      owners_(root),
      lists_(root) {}

std::vector<WatchedPlace> PackageCollector::Places() const {
  return {{"/var/lib/dpkg", false}, {"/var/lib/apt/lists", false}};
}

Reaction PackageCollector::OnPath(const std::string& path) const {
  const bool lists =
      path.starts_with("/var/lib/apt/lists/") && path.find("_Packages") != std::string::npos;
  return {.scan = path == kStatusPath || lists, .names = {}};
}

StatusOr<std::string> PackageCollector::ReadStatusFile() {
  auto text = root_.Read(kStatusPath, kStatusBytesMax);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) return std::string();
  if (text.ok()) CountBytes(text->size());
  return text;
}

uint64_t PackageCollector::Stamp(const DpkgPackage& package, const std::string& name) const {
  const AptOffer* offer = lists_.Candidate(name);
  const std::hash<std::string_view> hash;
  uint64_t stamp = hash(package.version);
  if (offer != nullptr && upgrade_at_ && IsPending(package, *offer))
    stamp += static_cast<uint64_t>(ToUnixMicros(*upgrade_at_));
  for (const std::string_view part : {package.selection, package.state, package.depends,
                                      offer ? std::string_view(offer->version) : ""})
    stamp = stamp * 0x9E3779B97F4A7C15 + hash(part);
  return stamp;
}

ResourceObserved PackageCollector::Observe(const DpkgPackage& package,
                                           const Providers& providers) const {
  ResourceObserved out;
  out.resource.kind = "package";
  out.resource.name = PackageResourceName(package.name, package.architecture, native_);
  out.keys = {{"hold", Value::Bool(package.selection == "hold")},
              {"status", Value::Text(CleanText(package.state, 64))},
              {"version", Value::Text(CleanText(package.version, kVersionBytesMax))}};
  for (const std::string_view list : {package.pre_depends, package.depends})
    for (const auto& group : ParseDepends(list)) {
      const auto met = std::find_if(group.begin(), group.end(), [&](std::string_view name) {
        return providers.contains(name);
      });
      if (met != group.end())
        out.depends_on.push_back({"requires", "package", providers.at(*met), {}});
    }
  std::sort(out.depends_on.begin(), out.depends_on.end());
  out.depends_on.erase(std::unique(out.depends_on.begin(), out.depends_on.end()),
                       out.depends_on.end());
  AddSource(package, out.context);
  if (const AptOffer* offer = lists_.Candidate(out.resource.name)) {
    out.context.push_back({"candidate", Value::Text(CleanText(offer->version, kVersionBytesMax))});
    out.context.push_back({"candidate_security", Value::Bool(offer->security)});
    if (lists_.pinned()) out.context.push_back({"candidate_pins", Value::Text("not evaluated")});
    if (upgrade_at_ && IsPending(package, *offer))
      out.context.push_back({"next_run", Value::Text(FormatInstant(*upgrade_at_))});
  }
  Canonicalize(out.context);
  return out;
}

Status PackageCollector::DoCollect(Depth depth, Sink& sink) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadStatusFile());
  const std::vector<DpkgPackage> packages = ParseDpkgStatus(text);
  native_ = NativeArchitecture(packages);
  owners_.Update(packages, native_);
  CountBytes(owners_.TakeBytesRead());
  std::unordered_map<std::string, std::string> installed;
  for (const DpkgPackage& package : packages)
    if (package.installed())
      installed.emplace(PackageResourceName(package.name, package.architecture, native_),
                        package.version);
  lists_.Update(installed, native_);
  CountBytes(lists_.TakeBytesRead());
  upgrade_at_ = next_upgrade_ ? next_upgrade_() : std::nullopt;

  const Providers providers = FindProviders(packages, native_);
  std::unordered_map<std::string, uint64_t> stamps;
  for (const DpkgPackage& package : packages) {
    std::string name = PackageResourceName(package.name, package.architecture, native_);
    if (!IsUsableName(name) || stamps.contains(name)) continue;
    const uint64_t stamp = Stamp(package, name);
    const auto known = stamps_.find(name);
    if (depth == Depth::kChanged && known != stamps_.end() && known->second == stamp) {
      sink.Unchanged("package", name);
    } else {
      sink.Observed(Observe(package, providers));
    }
    stamps.emplace(std::move(name), stamp);
  }
  stamps_ = std::move(stamps);
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> PackageCollector::DoCollectOne(const std::string&,
                                                                         const std::string& name) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadStatusFile());
  const std::vector<DpkgPackage> packages = ParseDpkgStatus(text);
  native_ = NativeArchitecture(packages);
  for (const DpkgPackage& package : packages)
    if (PackageResourceName(package.name, package.architecture, native_) == name)
      return Observe(package, FindProviders(packages, native_));
  return std::nullopt;
}

}  // namespace driftcast
