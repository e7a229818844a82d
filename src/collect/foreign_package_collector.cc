#include "collect/foreign_package_collector.h"

#include <dirent.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <nlohmann/json.hpp>

#include "collect/capture.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kOutputBytesMax = 32 << 20;
constexpr size_t kMetadataBytesMax = 1 << 20;
constexpr size_t kPackagesMax = 50000;
constexpr std::chrono::seconds kPatience(60);

ResourceObserved Package(const char* kind, std::string_view name, std::string_view version) {
  ResourceObserved out;
  out.resource = {{}, kind, CleanText(ResourceNameOfPath(name), 512)};
  out.keys.push_back({"version", Value::Text(CleanText(version, 256))});
  return out;
}

// The value of a "Name: value" line in the head of a METADATA file.
std::string Field(std::string_view metadata, std::string_view name) {
  LineReader lines(metadata, /*join=*/false);
  std::string line;
  while (lines.Next(line) && !TrimBlanks(line).empty())
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
      return std::string(TrimBlanks(std::string_view(line).substr(name.size() + 1)));
  return "";
}

std::vector<std::string> FoldersIn(const HostRoot& root, const std::string& folder) {
  std::vector<std::string> names;
  (void)root.List(folder, [&](const std::string& name, unsigned char type) {
    if (type == DT_DIR) names.push_back(name);
  });
  std::sort(names.begin(), names.end());
  return names;
}

// Two installations of one name in different folders are one resource: the first is found first.
void KeepFirst(std::vector<ResourceObserved>& all) {
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.resource.kind, a.resource.name) < std::tie(b.resource.kind, b.resource.name);
  });
  all.erase(std::unique(all.begin(), all.end(),
                        [](const auto& a, const auto& b) {
                          return a.resource.kind == b.resource.kind &&
                                 a.resource.name == b.resource.name;
                        }),
            all.end());
}

}  // namespace

std::vector<std::string> RpmCollector::ProgramFor(const HostRoot& root) {
  const bool there = root.Stat("/var/lib/rpm").ok() || root.Stat("/usr/lib/sysimage/rpm").ok();
  const std::string rpm = FirstProgram({"/usr/bin/rpm", "/bin/rpm"});
  if (!there || rpm.empty()) return {};
  if (root.is_machine()) return {rpm};
  return {rpm, "--root", root.folder()};
}

Status RpmCollector::ReadAll(std::vector<ResourceObserved>& out) {
  if (rpm_.empty()) return Ok();
  std::vector<std::string> arguments = rpm_;
  for (const char* word : {"-qa", "--queryformat", "%{NAME}\t%{EVR}\t%{ARCH}\n"})
    arguments.emplace_back(word);
  DRIFTCAST_ASSIGN_OR_RETURN(const Captured asked, Capture(arguments, kOutputBytesMax, kPatience));
  CountChildCpu(asked.cpu_ms);
  CountBytes(asked.output.size());
  if (asked.exit_code != 0) return Unavailable("rpm ended with {}", asked.exit_code);
  std::map<std::string, int> seen;
  LineReader lines(asked.output, /*join=*/false);
  std::string line;
  while (lines.Next(line) && out.size() < kPackagesMax) {
    const size_t first = line.find('\t'), second = line.find('\t', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string name = line.substr(0, first), architecture = line.substr(second + 1);
    if (name == "gpg-pubkey") continue;  // a trusted key, several of one name
    const bool again = ++seen[name] > 1;
    ResourceObserved package = Package("package:rpm", again ? name + "." + architecture : name,
                                       line.substr(first + 1, second - first - 1));
    package.keys.push_back({"architecture", Value::Text(CleanText(architecture, 64))});
    Canonicalize(package.keys);
    out.push_back(std::move(package));
  }
  KeepFirst(out);
  return Ok();
}

void LanguagePackageCollector::ReadPython(const std::string& folder,
                                          std::vector<ResourceObserved>& out) {
  for (const std::string& name : FoldersIn(root_, folder)) {
    if (!name.ends_with(".dist-info") || out.size() >= kPackagesMax) continue;
    const std::string path = folder + "/" + name;
    const auto installer = root_.Read(path + "/INSTALLER", 4096);
    const std::string by(installer.ok() ? TrimBlanks(*installer) : std::string_view());
    if (by.empty() || by == "debian") continue;  // a distribution's package: dpkg's or rpm's
    const auto metadata = root_.Read(path + "/METADATA", kMetadataBytesMax);
    ResourceObserved package = Package("package:pip", name.substr(0, name.size() - 10),
                                       metadata.ok() ? Field(*metadata, "Version") : std::string());
    if (metadata.ok()) {
      CountBytes(metadata->size());
      if (const std::string own = Field(*metadata, "Name"); !own.empty())
        package.resource.name = CleanText(ResourceNameOfPath(own), 512);
    } else {
      package.keys.clear();
      package.uncompared.push_back({"version", "its METADATA cannot be read"});
    }
    package.keys.push_back({"path", Value::Text(CleanText(folder, 1024))});
    package.keys.push_back({"installer", Value::Text(CleanText(by, 64))});
    Canonicalize(package.keys);
    out.push_back(std::move(package));
  }
}

void LanguagePackageCollector::ReadNode(const std::string& folder, const std::string& scope,
                                        std::vector<ResourceObserved>& out) {
  for (const std::string& name : FoldersIn(root_, folder)) {
    if (name[0] == '.' || out.size() >= kPackagesMax) continue;
    const std::string path = folder + "/" + name;
    if (name[0] == '@' && scope.empty()) {
      ReadNode(path, name + "/", out);
      continue;
    }
    const auto text = root_.Read(path + "/package.json", kMetadataBytesMax);
    if (text.status().code() == StatusCode::kNotFound) continue;
    const auto json = text.ok() ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
    const auto version = json.is_object() ? json.find("version") : json.end();
    ResourceObserved package = Package("package:npm", scope + name, "");
    if (json.is_object() && version != json.end() && version->is_string()) {
      package.keys[0].value = Value::Text(CleanText(version->get<std::string>(), 256));
    } else {
      package.keys.clear();
      package.uncompared.push_back({"version", "its package.json is not understood"});
    }
    package.keys.push_back({"path", Value::Text(CleanText(path, 1024))});
    Canonicalize(package.keys);
    out.push_back(std::move(package));
  }
}

Status LanguagePackageCollector::ReadAll(std::vector<ResourceObserved>& out) {
  for (const std::string base : {"/usr/local/lib", "/usr/lib"}) {
    for (const std::string& name : FoldersIn(root_, base)) {
      if (!name.starts_with("python3")) continue;
      ReadPython(base + "/" + name + "/dist-packages", out);
      ReadPython(base + "/" + name + "/site-packages", out);
    }
    ReadNode(base + "/node_modules", "", out);
  }
  if (out.size() >= kPackagesMax) return ResourceExhausted("more than {} packages", kPackagesMax);
  KeepFirst(out);
  return Ok();
}

}  // namespace driftcast
