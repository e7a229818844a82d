#include "apply/mounts.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include "model/mount_option.h"

namespace driftcast {
namespace {

constexpr size_t kMountinfoBytesMax = 4 << 20;

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(at);
    if (end != 0 && !text.empty()) parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// "\040" is a blank in a path, and so on.
std::string Unescaped(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool octal = text[i] == '\\' && i + 3 < text.size();
    out += octal ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    i += octal ? 3 : 0;
  }
  return out;
}

struct Mounted {
  std::string device, type;
  std::set<std::string> point, system;  // options of the mount point, and of the file system
};

// Where the folder really is, which is how the kernel lists it.
StatusOr<std::string> RealPath(const HostFiles& files, const std::string& path) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor folder, files.OpenFolder(path));
  std::array<char, 4097> real;
  const ssize_t size =
      readlink(fmt::format("/proc/self/fd/{}", folder.get()).c_str(), real.data(), real.size() - 1);
  if (size < 0) return ErrnoStatus(errno, path);
  return std::string(real.data(), static_cast<size_t>(size));
}

StatusOr<Mounted> Find(const HostFiles& files, const std::string& path) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string real, RealPath(files, path));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text,
                             ReadFile("/proc/self/mountinfo", kMountinfoBytesMax));
  Mounted found;
  // 36 35 98:0 /inner /point rw,noatime shared:1 - ext4 /dev/root rw,errors=continue (proc(5))
  for (const std::string& line : Split(text, '\n')) {
    const auto words = Split(line, ' ');
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || words.end() - dash < 4 || Unescaped(words[4]) != real) continue;
    found = {};  // the last one on a point is the one that shows
    found.type = dash[1];
    found.device = Unescaped(dash[2]);
    for (auto& option : Split(words[5], ',')) found.point.insert(std::move(option));
    for (auto& option : Split(dash[3], ',')) found.system.insert(std::move(option));
  }
  if (found.type.empty()) return NotFound("nothing is mounted on {}", path);
  return found;
}

unsigned long BitOf(std::string_view flag) {
  static constexpr std::pair<std::string_view, unsigned long> kBits[] = {
      {"ro", MS_RDONLY},         {"nosuid", MS_NOSUID},          {"nodev", MS_NODEV},
      {"noexec", MS_NOEXEC},     {"noatime", MS_NOATIME},        {"nodiratime", MS_NODIRATIME},
      {"relatime", MS_RELATIME}, {"strictatime", MS_STRICTATIME}};
  for (const auto& [name, bit] : kBits)
    if (name == flag) return bit;
  return 0;
}

std::string Joined(const std::set<std::string>& flags) {
  std::string out;
  for (const auto& flag : flags) out += (out.empty() ? "" : ",") + flag;
  return out;
}

// As /proc/mounts has them: read-only when either is.
std::set<std::string> OptionsOf(const Mounted& mounted) {
  std::set<std::string> options = mounted.point;
  options.insert(mounted.system.begin(), mounted.system.end());
  if (options.contains("ro")) options.erase("rw");
  return options;
}

}  // namespace

StatusOr<std::vector<KeyValue>> ReadMount(const HostFiles& files, const std::string& path) {
  const auto mounted = Find(files, path);
  if (mounted.status().code() == StatusCode::kNotFound) return std::vector<KeyValue>{};
  if (!mounted.ok()) return mounted.status();
  std::vector<KeyValue> keys = {{"device", Value::Text(mounted->device)},
                                {"type", Value::Text(mounted->type)}};
  for (const auto& option : OptionsOf(*mounted)) keys.push_back({"option[]", Value::Text(option)});
  return keys;
}

StatusOr<std::string> ReadMountFlags(const HostFiles& files, const std::string& path) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Mounted mounted, Find(files, path));
  auto options = OptionsOf(mounted);
  std::erase_if(options, [](const std::string& option) { return !IsMountFlag(option); });
  return Joined(options);
}

StatusOr<std::string> WithMountFlag(const std::string& flags, const std::string& flag, bool on) {
  if (!IsMountFlag(flag))
    return InvalidArgument("{} belongs to the file system, and a remount does not set it",
                           flag.substr(0, 100));
  std::set<std::string> all;
  for (auto& other : Split(flags, ',')) all.insert(std::move(other));
  const bool writing = flag == "ro" || flag == "rw";
  const bool times = flag == "noatime" || flag == "relatime" || flag == "strictatime";
  if (on && writing) std::erase_if(all, [](const auto& o) { return o == "ro" || o == "rw"; });
  if (on && times)
    std::erase_if(
        all, [](const auto& o) { return o == "noatime" || o == "relatime" || o == "strictatime"; });
  if (on) {
    all.insert(flag);
  } else if (flag == "ro") {
    all.erase(flag);
    all.insert("rw");
  } else if (flag == "rw" && all.contains("rw")) {
    all.erase(flag);
    all.insert("ro");
  } else {
    all.erase(flag);
  }
  return Joined(all);
}

Status Remount(const HostFiles& files, const std::string& path, const std::string& flags) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Mounted before, Find(files, path));
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor folder, files.OpenFolder(path));
  const std::string point = fmt::format("/proc/self/fd/{}", folder.get());
  unsigned long bits = 0;
  for (const auto& flag : Split(flags, ',')) bits |= BitOf(flag);
  // Without a word about access times the kernel would take the default, and not what is there.
  if ((bits & (MS_NOATIME | MS_RELATIME)) == 0) bits |= MS_STRICTATIME;
  if (before.system.contains("ro") && (bits & MS_RDONLY) == 0 &&
      mount(nullptr, point.c_str(), nullptr, MS_REMOUNT | bits, nullptr) != 0)
    return ErrnoStatus(errno, "remount " + path);
  if (mount(nullptr, point.c_str(), nullptr, MS_REMOUNT | MS_BIND | bits, nullptr) != 0)
    return ErrnoStatus(errno, "remount " + path);
  return Ok();
}

}  // namespace driftcast
