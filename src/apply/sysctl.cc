#include "apply/sysctl.h"

#include <algorithm>

#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr const char* kOwnFile = "/etc/sysctl.d/99-driftcast.conf";

std::string OneBlank(const std::string& text) {
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      blank = !out.empty();
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c;
  }
  return out;
}

bool Names(const FileImage& file, const std::string& name) {
  const Parsed parsed = Parse(Format{.syntax = Syntax::kKeywords, .detail = ""}, file.content);
  return std::ranges::any_of(parsed.keys, [&](const KeyValue& key) { return key.path == name; });
}

}  // namespace

StatusOr<std::string> SysctlPath(const std::string& name) {
  const size_t separator = name.find_first_of("./");
  if (separator == std::string::npos) return InvalidArgument("'{}' is no kernel setting", name);
  std::string path = "/proc/sys/";
  for (const char c : name) {
    if (name[separator] == '/') path += c;
    if (name[separator] == '.') path += c == '.' ? '/' : c == '/' ? '.' : c;
  }
  DRIFTCAST_RETURN_IF_ERROR(ValidateHostPath(path));
  return path;
}

StatusOr<std::string> ReadSysctl(const HostFiles& files, const std::string& name) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, SysctlPath(name));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, files.ReadSmall(path));
  return OneBlank(value);
}

Status WriteSysctl(const HostFiles& files, const std::string& name, const std::string& value) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, SysctlPath(name));
  return files.WriteInto(path, value + "\n");
}

StatusOr<std::string> SysctlFile(const HostFiles& files, const std::string& name) {
  DRIFTCAST_ASSIGN_OR_RETURN(auto names, files.List("/etc/sysctl.d"));
  std::string found = kOwnFile;
  std::vector<std::string> paths;
  for (const auto& file : names)
    if (file.ends_with(".conf")) paths.push_back("/etc/sysctl.d/" + file);
  paths.emplace_back("/etc/sysctl.conf");
  for (const auto& path : paths) {
    const auto image = files.Read(path);
    if (image.ok() && image->exists && Names(*image, name)) found = path;
  }
  return found;
}

}  // namespace driftcast
