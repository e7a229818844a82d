#include "collect/kernel_collector.h"

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

}  // namespace

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

void KernelCollector::AddSockets(std::vector<ResourceObserved>& out) {
  std::map<std::string, std::string> names;  // inode -> resource name
  std::set<std::string> inodes;
  std::map<std::string, ResourceObserved> sockets;
  for (const char* protocol : {"tcp", "tcp6", "udp", "udp6"}) {
    const bool udp = protocol[0] == 'u';
    processes_.ForEachSocket(protocol, [&](const SocketLine& socket) {
      if (!socket.listening || (udp && socket.port >= kEphemeralPortMin)) return;
      const std::string name = std::string(udp ? "udp/" : "tcp/") + socket.address;
      if (sockets.size() >= kResourcesMax || sockets.contains(name)) return;
      ResourceObserved& observed = sockets[name];
      observed.resource = {{}, "socket", name};
      observed.keys.push_back({"user", Value::Text(CleanText(socket.user, 16))});
      names[socket.inode] = name;
      inodes.insert(socket.inode);
    });
  }
  const auto holders = processes_.HoldersOf(inodes);
  std::set<std::string> programs;
  for (const auto& [inode, holder] : holders)
    if (!holder.program.empty()) programs.insert(holder.program);
  const auto packages =
      owners_of_ && !programs.empty() ? owners_of_(programs) : std::map<std::string, std::string>();
  for (const auto& [inode, name] : names) {
    ResourceObserved& socket = sockets[name];
    const auto holder = holders.find(inode);
    if (holder == holders.end() || holder->second.program.empty()) {
      socket.uncompared.push_back({"program", "the process cannot be looked into"});
      if (holder == holders.end()) continue;
    } else {
      const std::string& program = holder->second.program;
      socket.keys.push_back({"program", Value::Text(program)});
      if (const auto package = packages.find(program); package != packages.end())
        socket.depends_on.push_back({"owned_by", "package", package->second, {}});
    }
    if (!holder->second.unit.empty())
      socket.depends_on.push_back({"served_by", "unit", holder->second.unit, {}});
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
