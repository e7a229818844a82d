#include "collect/unit_files.h"

#include <dirent.h>

#include <algorithm>

#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kUnitBytesMax = 1 << 20;

bool IsUnitName(const std::string& name) {
  for (const char* suffix : {".service", ".timer", ".socket", ".path", ".mount"})
    if (name.ends_with(suffix)) return true;
  return false;
}

}  // namespace

std::string UnitFiles::EnabledState() const {
  if (masked) return "masked";
  if (linked) return "enabled";
  for (const auto& [path, values] : settings)
    if (path.starts_with("Install.")) return "disabled";
  return "static";
}

const std::vector<std::string>& UnitFolder::Folders() {
  static const std::vector<std::string> folders = {
      "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
      "/lib/systemd/system"};
  return folders;
}

UnitFolder::UnitFolder(const HostRoot& root) : root_(root) {
  for (const std::string& folder : Folders()) {
    std::vector<std::string> folders;
    (void)root_.List(folder, [&](const std::string& name, unsigned char type) {
      const std::string path = folder + "/" + name;
      if (type == DT_DIR) {
        folders.push_back(name);
      } else if (IsUnitName(name)) {
        files_.emplace(name, path);  // the first folder is the strongest
      }
    });
    for (const std::string& name : folders) {
      const bool wants = name.ends_with(".wants") || name.ends_with(".requires");
      const bool dropins = name.ends_with(".d") && IsUnitName(name.substr(0, name.size() - 2));
      if (!wants && !dropins) continue;
      (void)root_.List(folder + "/" + name, [&](const std::string& entry, unsigned char) {
        if (wants) wanted_.insert(entry);
        if (dropins && entry.ends_with(".conf"))
          dropins_[name.substr(0, name.size() - 2)].emplace(entry,
                                                            folder + "/" + name + "/" + entry);
      });
    }
  }
}

std::vector<std::string> UnitFolder::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, path] : files_) names.push_back(name);
  return names;
}

void UnitFolder::ReadFile(const std::string& path, UnitFiles& unit) const {
  const auto text = root_.Read(path, kUnitBytesMax);
  if (!text.ok()) {
    unread_[unit.name] = text.status().code() == StatusCode::kResourceExhausted
                             ? "larger than 1 MiB"
                         : text.status().code() == StatusCode::kPermissionDenied
                             ? "permission denied"
                             : "not readable: " + CleanText(Message(text.status()), 200);
    return;
  }
  LineReader lines(*text);
  std::string line, section;
  while (lines.Next(line)) {
    const std::string_view trimmed = TrimBlanks(line);
    if (IsComment(trimmed)) continue;
    if (trimmed[0] == '[' && trimmed.back() == ']') {
      section = std::string(trimmed.substr(1, trimmed.size() - 2));
      continue;
    }
    const size_t equals = trimmed.find('=');
    if (equals == std::string_view::npos || section.empty()) continue;
    auto& values =
        unit.settings[section + "." + std::string(TrimBlanks(trimmed.substr(0, equals)))];
    const std::string value = SquashBlanks(trimmed.substr(equals + 1));
    if (value.empty()) {
      values.clear();
    } else if (values.size() < 256) {
      values.push_back(value);
    }
  }
}

std::optional<UnitFiles> UnitFolder::Read(const std::string& name) const {
  const auto file = files_.find(name);
  if (file == files_.end()) return std::nullopt;
  UnitFiles unit;
  unit.name = name;
  unit.source = file->second;
  unit.linked = wanted_.contains(name);
  const auto target = root_.ReadLink(unit.source);
  unit.masked = target.ok() && *target == "/dev/null";
  if (!unit.masked) ReadFile(unit.source, unit);
  if (const auto dropins = dropins_.find(name); dropins != dropins_.end())
    for (const auto& [entry, path] : dropins->second) {
      unit.dropins.push_back(path);
      ReadFile(path, unit);
    }
  std::erase_if(unit.settings, [](const auto& setting) { return setting.second.empty(); });
  return unit;
}

}  // namespace driftcast
