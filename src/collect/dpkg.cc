#include "collect/dpkg.h"

#include <algorithm>
#include <utility>

#include "collect/control_file.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr const char* kListFolder = "/var/lib/dpkg/info/";
constexpr const char* kListFolderName = "/var/lib/dpkg/info";
constexpr size_t kListBytesMax = 32 << 20;

// Where files are that other collectors ask about.
bool IsOfInterest(std::string_view path) {
  return path.starts_with("/etc/") || path.starts_with("/lib/systemd/system/") ||
         path.starts_with("/usr/lib/systemd/system/");
}

// "install ok installed"
void ReadStatus(std::string_view value, DpkgPackage& package) {
  const auto words = SplitBlanks(value);
  if (words.size() != 3) return;
  package.selection = words[0];
  package.state = words[2];
}

void ReadField(const ControlField& field, DpkgPackage& package) {
  if (field.name == "Package") package.name = field.value;
  if (field.name == "Status") ReadStatus(field.value, package);
  if (field.name == "Architecture") package.architecture = field.value;
  if (field.name == "Version") package.version = field.value;
  if (field.name == "Source") package.source = field.value;
  if (field.name == "Depends") package.depends = field.value;
  if (field.name == "Pre-Depends") package.pre_depends = field.value;
  if (field.name == "Provides") package.provides = field.value;
  if (field.name == "Conffiles") package.conffiles = field.value;
}

std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// "libc6:any (>= 2.36)" -> "libc6"
std::string_view BareName(std::string_view relation) {
  while (!relation.empty() && (relation[0] == ' ' || relation[0] == '\n'))
    relation.remove_prefix(1);
  return relation.substr(0, relation.find_first_of(" (:[<\n\t"));
}

}  // namespace

std::vector<DpkgPackage> ParseDpkgStatus(std::string_view text) {
  std::vector<DpkgPackage> packages;
  ControlReader reader(text);
  while (reader.NextStanza()) {
    DpkgPackage package;
    ControlField field;
    while (reader.NextField(field)) ReadField(field, package);
    const bool there = !package.state.empty() && package.state != "not-installed";
    if (there && !package.name.empty() && package.name.find('/') == std::string_view::npos)
      packages.push_back(package);
  }
  return packages;
}

std::string NativeArchitecture(const std::vector<DpkgPackage>& packages) {
  std::map<std::string_view, size_t> counts;
  for (const DpkgPackage& package : packages)
    if (package.architecture != "all") ++counts[package.architecture];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : std::string(most->first);
}

std::string PackageResourceName(std::string_view name, std::string_view architecture,
                                std::string_view native) {
  const bool plain = architecture.empty() || architecture == "all" || architecture == native;
  return plain ? std::string(name) : std::string(name) + ":" + std::string(architecture);
}

std::vector<std::vector<std::string_view>> ParseDepends(std::string_view text) {
  std::vector<std::vector<std::string_view>> groups;
  while (!text.empty()) {
    std::string_view alternatives = TakeUntil(text, ',');
    std::vector<std::string_view> group;
    while (!alternatives.empty()) {
      const std::string_view name = BareName(TakeUntil(alternatives, '|'));
      if (!name.empty()) group.push_back(name);
    }
    if (!group.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

void FileOwners::ReadList(const std::string& list_path, Owned& owned) {
  const auto info = root_.Stat(list_path);
  const int64_t stamp =
      info.ok() ? info->st_mtim.tv_sec * 1'000'000'000 + info->st_mtim.tv_nsec : 0;
  if (stamp == owned.stamp) return;
  owned.stamp = stamp;
  owned.paths.clear();
  const auto content = root_.Read(list_path, kListBytesMax);
  if (!content.ok()) return;
  bytes_read_ += content->size();
  std::string_view rest = *content;
  while (!rest.empty()) {
    const std::string_view path = TakeUntil(rest, '\n');
    if (IsOfInterest(path)) owned.paths.emplace_back(path);
  }
}

void FileOwners::Update(const std::vector<DpkgPackage>& packages, std::string_view native) {
  for (auto& [name, owned] : packages_) owned.seen = false;
  owners_.clear();
  for (const DpkgPackage& package : packages) {
    std::string name = PackageResourceName(package.name, package.architecture, native);
    Owned& owned = packages_[name];
    owned.seen = true;
    const std::string plain = kListFolder + std::string(package.name);
    const std::string multi = plain + ":" + std::string(package.architecture) + ".list";
    ReadList(root_.Stat(multi).ok() ? multi : plain + ".list", owned);
    for (const std::string& path : owned.paths) owners_.emplace(path, name);
    std::string_view rest = package.conffiles;
    while (!rest.empty()) {
      const auto words = SplitBlanks(TakeUntil(rest, '\n'));
      if (words.size() >= 2) owners_.emplace(std::string(words[0]), name);
    }
  }
  std::erase_if(packages_, [](const auto& entry) { return !entry.second.seen; });
}

std::string FileOwners::OwnerOf(const std::string& path) const {
  auto found = owners_.find(path);
  // With a merged /usr the same file is known under its old name.
  if (found == owners_.end() && path.starts_with("/usr/")) found = owners_.find(path.substr(4));
  return found == owners_.end() ? std::string() : found->second;
}

std::vector<std::string> FileOwners::FilesOf(const std::string& package) const {
  std::vector<std::string> files;
  for (const auto& [path, owner] : owners_)
    if (owner == package && path.starts_with("/etc/")) files.push_back(path);
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, std::string> ProgramOwners::OwnersOf(const std::set<std::string>& paths,
                                                           std::string_view native) {
  const auto folder = root_.Stat(kListFolderName);
  const int64_t stamp =
      folder.ok() ? folder->st_mtim.tv_sec * 1'000'000'000 + folder->st_mtim.tv_nsec : 0;
  if (stamp != stamp_) known_.clear();
  stamp_ = stamp;
  std::map<std::string, std::string> lines;  // as it may stand in a list -> path asked for
  for (const std::string& path : paths) {
    if (!known_.emplace(path, "").second) continue;
    lines[path] = path;
    if (path.starts_with("/usr/")) lines[path.substr(4)] = path;  // from before /usr was merged
  }
  if (!lines.empty()) {
    std::vector<std::string> lists;
    (void)root_.List(kListFolderName, [&](const std::string& name, unsigned char) {
      if (name.ends_with(".list")) lists.push_back(name);
    });
    for (const std::string& list : lists) {
      const auto content = root_.Read(kListFolder + list, kListBytesMax);
      if (!content.ok()) continue;
      bytes_read_ += content->size();
      std::string_view rest = *content;
      while (!rest.empty()) {
        const auto line = lines.find(std::string(TakeUntil(rest, '\n')));
        if (line == lines.end()) continue;
        std::string package = list.substr(0, list.size() - 5);
        if (const size_t colon = package.find(':');
            colon != std::string::npos && package.substr(colon + 1) == native)
          package.resize(colon);
        known_[line->second] = std::move(package);
      }
    }
  }
  std::map<std::string, std::string> owners;
  for (const std::string& path : paths)
    if (const std::string& package = known_[path]; !package.empty()) owners[path] = package;
  return owners;
}

}  // namespace driftcast
