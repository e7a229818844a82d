#include "collect/kernel_collector.h"

#include <arpa/inet.h>
#include <dirent.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <set>

#include <fmt/core.h>

#include "base/crypto.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kProcBytesMax = 4 << 20;
constexpr size_t kResourcesMax = 4096;
constexpr int kEphemeralPortMin = 32768;

template <typename Fn>
void ForEachLine(const std::string& text, const Fn& fn) {
  LineReader lines(text, /*join=*/false);
  std::string line;
  while (lines.Next(line)) fn(std::string_view(line));
}

bool IsConfigured(std::string_view type) {
  static const std::set<std::string_view> kTypes = {
      "ext2",     "ext3",       "ext4",     "xfs",      "btrfs", "zfs",     "f2fs",
      "vfat",     "exfat",      "ntfs",     "ntfs3",    "nfs",   "nfs4",    "cifs",
      "ceph",     "glusterfs",  "9p",       "virtiofs", "tmpfs", "overlay", "iso9660",
      "squashfs", "fuse.sshfs", "bcachefs", "jfs",      "ocfs2", "gfs2"};
  return kTypes.contains(type);
}

// Session and container mounts that come and go.
bool IsTransient(std::string_view point) {
  for (const char* prefix :
       {"/run/user/", "/run/credentials/", "/run/docker/", "/run/netns/", "/var/lib/docker/",
        "/var/lib/containers/", "/var/lib/kubelet/", "/snap/", "/media/"})
    if (point.starts_with(prefix)) return true;
  return false;
}

std::optional<uint32_t> HexNumber(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "0100007F" or 32 digits: words in the host's byte order, as the kernel prints them.
std::optional<std::string> AddressOf(std::string_view hex) {
  if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
  std::array<uint32_t, 4> words{};
  for (size_t i = 0; i < hex.size() / 8; ++i) {
    const auto word = HexNumber(hex.substr(i * 8, 8));
    if (!word) return std::nullopt;
    words[i] = *word;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = hex.size() == 8;
  if (inet_ntop(v4 ? AF_INET : AF_INET6, words.data(), text.data(), text.size()) == nullptr)
    return std::nullopt;
  return v4 ? std::string(text.data()) : "[" + std::string(text.data()) + "]";
}

}  // namespace

bool ReadSocketLine(std::string_view line, bool udp, SocketLine& out) {
  const auto words = SplitBlanks(line);
  if (words.size() < 10) return false;
  const size_t colon = words[1].find(':');
  if (colon == std::string_view::npos) return false;
  const auto address = AddressOf(words[1].substr(0, colon));
  const auto port = HexNumber(words[1].substr(colon + 1));
  if (!address || !port || *port > 65535) return false;
  out.port = static_cast<int>(*port);
  out.address = *address + ":" + std::to_string(*port);
  // 0A = LISTEN; for UDP 07 = not connected.
  out.listening = words[3] == (udp ? "07" : "0A");
  out.user = std::string(words[7]);
  out.inode = std::string(words[9]);
  return true;
}

ResourceObserved KernelCollector::Kernel() {
  ResourceObserved out;
  out.resource = {{}, "kernel", "running"};
  const auto release = root_.Read("/proc/sys/kernel/osrelease", 4096);
  if (release.ok())
    out.keys.push_back({"release", Value::Text(CleanText(TrimBlanks(*release), 256))});
  if (const auto line = root_.Read("/proc/cmdline", 64 << 10); line.ok())
    for (const std::string_view word : SplitBlanks(*line))
      out.keys.push_back({"parameter[]", Value::Text(CleanText(word, 1024))});
  if (const auto modules = root_.Read("/proc/modules", kProcBytesMax); modules.ok())
    ForEachLine(*modules, [&](std::string_view line) {
      const auto words = SplitBlanks(line);
      if (!words.empty()) out.keys.push_back({"module[]", Value::Text(CleanText(words[0], 128))});
    });
  out.keys.push_back({"reboot_required", Value::Bool(root_.Stat("/run/reboot-required").ok())});
  guard_.Protect(out.keys, {});
  Canonicalize(out.keys);
  return out;
}

void KernelCollector::AddMounts(std::vector<ResourceObserved>& out) {
  const auto mounts = root_.Read("/proc/mounts", kProcBytesMax);
  if (!mounts.ok()) return;
  std::set<std::string> seen;
  ForEachLine(*mounts, [&](std::string_view line) {
    const auto words = SplitBlanks(line);
    if (words.size() < 4 || !IsConfigured(words[2]) || IsTransient(words[1])) return;
    ResourceObserved mount;
    mount.resource = {{}, "mount", ResourceNameOfPath(CleanText(words[1], 1024))};
    // The last mount on a point is the one that shows; the first is what fstab describes.
    if (!seen.insert(mount.resource.name).second || out.size() >= kResourcesMax) return;
    mount.keys = {{"device", Value::Text(CleanText(words[0], 1024))},
                  {"type", Value::Text(CleanText(words[2], 64))}};
    std::string_view options = words[3];
    while (!options.empty()) {
      const size_t comma = options.find(',');
      mount.keys.push_back({"option[]", Value::Text(CleanText(options.substr(0, comma), 256))});
      options.remove_prefix(comma == std::string_view::npos ? options.size() : comma + 1);
    }
    guard_.Protect(mount.keys, {});
    Canonicalize(mount.keys);
    out.push_back(std::move(mount));
  });
}

std::map<std::string, std::string> KernelCollector::FindPrograms(
    const std::map<std::string, std::string>& inodes) {
  std::map<std::string, std::string> programs;
  (void)root_.List("/proc", [&](const std::string& pid, unsigned char type) {
    if (type != DT_DIR || pid.find_first_not_of("0123456789") != std::string::npos) return;
    if (programs.size() == inodes.size()) return;
    const std::string folder = "/proc/" + pid;
    (void)root_.List(folder + "/fd", [&](const std::string& fd, unsigned char) {
      const auto target = root_.ReadLink(folder + "/fd/" + fd);
      if (!target.ok() || !target->starts_with("socket:[")) return;
      const std::string inode = target->substr(8, target->size() - 9);
      if (!inodes.contains(inode) || programs.contains(inode)) return;
      if (const auto program = root_.ReadLink(folder + "/exe"); program.ok())
        programs[inode] = *program;
    });
  });
  return programs;
}

void KernelCollector::AddSockets(std::vector<ResourceObserved>& out) {
  std::map<std::string, std::string> inodes;  // -> resource name
  std::map<std::string, ResourceObserved> sockets;
  for (const char* protocol : {"tcp", "tcp6", "udp", "udp6"}) {
    const bool udp = protocol[0] == 'u';
    const auto table = root_.Read(std::string("/proc/net/") + protocol, kProcBytesMax);
    if (!table.ok()) continue;
    ForEachLine(*table, [&](std::string_view line) {
      SocketLine socket;
      if (!ReadSocketLine(line, udp, socket) || !socket.listening) return;
      if (udp && socket.port >= kEphemeralPortMin) return;
      const std::string name = std::string(udp ? "udp/" : "tcp/") + socket.address;
      if (sockets.size() >= kResourcesMax || sockets.contains(name)) return;
      ResourceObserved& observed = sockets[name];
      observed.resource = {{}, "socket", name};
      observed.keys.push_back({"user", Value::Text(CleanText(socket.user, 16))});
      inodes[socket.inode] = name;
    });
  }
  const auto programs =
      inodes.empty() ? std::map<std::string, std::string>() : FindPrograms(inodes);
  for (const auto& [inode, name] : inodes) {
    const auto program = programs.find(inode);
    if (program != programs.end()) {
      sockets[name].keys.push_back({"program", Value::Text(CleanText(program->second, 1024))});
    } else {
      sockets[name].uncompared.push_back({"program", "the process cannot be looked into"});
    }
  }
  for (auto& [name, socket] : sockets) {
    Canonicalize(socket.keys);
    out.push_back(std::move(socket));
  }
}

std::vector<ResourceObserved> KernelCollector::Everything() {
  std::vector<ResourceObserved> all;
  if (!root_.Stat("/proc/cmdline").ok()) return all;  // a root without a running system
  all.push_back(Kernel());
  AddMounts(all);
  AddSockets(all);
  return all;
}

Status KernelCollector::DoCollect(Depth, Sink& sink) {
  for (ResourceObserved& observed : Everything()) sink.Observed(std::move(observed));
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> KernelCollector::DoCollectOne(const std::string& kind,
                                                                        const std::string& name) {
  for (ResourceObserved& observed : Everything())
    if (observed.resource.kind == kind && observed.resource.name == name)
      return std::optional<ResourceObserved>(std::move(observed));
  return std::nullopt;
}

}  // namespace driftcast
