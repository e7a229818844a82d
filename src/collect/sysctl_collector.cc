#include "collect/sysctl_collector.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <vector>

#include "collect/glob.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr std::string_view kPrefix = "/proc/sys/";
constexpr size_t kValueBytesMax = 4096;
constexpr int kDepthMax = 12;

// Globs over names; '*' crosses '.' but not '/', which stands for a '.' inside of a part.
constexpr std::array kVolatile = {
    // Counters and states, not settings.
    "fs.dentry-state", "fs.inode-nr", "fs.inode-state", "fs.file-nr", "fs.aio-nr", "fs.quota.*",
    "fs.binfmt_misc.*", "kernel.ns_last_pid", "kernel.pty.nr", "kernel.random.entropy_avail",
    "kernel.random.boot_id", "kernel.random.uuid", "kernel.sched_domain.*", "kernel.tainted",
    "net.netfilter.nf_conntrack_count",
    // What kernel runs: compared as kernel/running.
    "kernel.osrelease", "kernel.ostype", "kernel.version",
    // Sequence numbers of System V objects: what the next one should be called.
    "kernel.msg_next_id", "kernel.sem_next_id", "kernel.shm_next_id",
    // Orders to the kernel, not states.
    "vm.compact_memory", "vm.drop_caches", "vm.stat_refresh", "net.ipv[46].route.flush",
    // Interfaces that come and go.
    "net.ipv[46].conf.veth**", "net.ipv[46].conf.docker**", "net.ipv[46].conf.br-**",
    "net.ipv[46].conf.cali**", "net.ipv[46].conf.tap**", "net.ipv[46].conf.tun**",
    "net.ipv[46].conf.virbr**", "net.ipv[46].conf.vnet**", "net.ipv[46].conf.cni**",
    "net.ipv[46].conf.flannel**", "net.ipv[46].conf.lxc**", "net.ipv[46].conf.podman**"};

// Of the neighbour tables only the defaults: the others repeat them for each interface.
bool IsNeighbourOfInterface(std::string_view name) {
  for (const std::string_view table : {"net.ipv4.neigh.", "net.ipv6.neigh."})
    if (name.starts_with(table)) return !name.substr(table.size()).starts_with("default");
  return false;
}

std::string Swapped(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return out;
}

// Blanks squashed within lines; empty lines dropped.
std::string Normalised(std::string_view text) {
  std::string out, line;
  LineReader lines(text, /*join=*/false);
  while (lines.Next(line)) {
    const std::string squashed = SquashBlanks(line);
    if (squashed.empty()) continue;
    if (!out.empty()) out += '\n';
    out += squashed;
  }
  return out;
}

}  // namespace

bool IsVolatileSysctl(std::string_view name) {
  return IsNeighbourOfInterface(name) ||
         std::any_of(kVolatile.begin(), kVolatile.end(),
                     [&](const char* glob) { return MatchGlob(glob, name); });
}

std::string SysctlNameOfPath(std::string_view path) {
  return Swapped(path.substr(std::min(kPrefix.size(), path.size())));
}

std::string PathOfSysctlName(std::string_view name) { return std::string(kPrefix) + Swapped(name); }

std::optional<ResourceObserved> SysctlCollector::Read(const std::string& path) {
  const auto info = root_.Stat(path);
  if (!info.ok() || !S_ISREG(info->st_mode) || (info->st_mode & 0444) == 0) return std::nullopt;
  ResourceObserved out;
  out.resource = {{}, "sysctl", ResourceNameOfPath(SysctlNameOfPath(path))};
  const auto text = root_.Read(path, kValueBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return std::nullopt;
  if (!text.ok()) {
    // The kernel refuses some reads with an error of its own (EIO, EINVAL): not readable here.
    out.uncompared.push_back({"value", text.status().code() == StatusCode::kPermissionDenied
                                           ? "permission denied"
                                           : "the kernel does not let it be read"});
    return out;
  }
  CountBytes(text->size());
  out.keys.push_back({"value", Value::Guess(Normalised(*text))});
  // Most names that sound secret ("..._secret_interval") are settings; these are keys.
  const std::string& name = out.resource.name;
  if (name.ends_with("tcp_fastopen_key") || name.ends_with("stable_secret"))
    out.keys[0].value = Value::Secret(guard_.Fingerprint(out.keys[0].value.text));
  guard_.Protect(out.keys, {.owner_only = false, .known_format = true, .names_mean_nothing = true});
  if (out.keys[0].value.type == ValueType::kText)
    out.keys[0].value.text = CleanText(out.keys[0].value.text, kValueBytesMax);
  return out;
}

void SysctlCollector::Walk(const std::string& folder, int depth, Sink& sink) {
  if (depth > kDepthMax) return;
  std::vector<std::string> folders;
  // Parts of /proc/sys vanish with interfaces and namespaces: an error here is an empty folder.
  (void)root_.List(folder, [&](const std::string& name, unsigned char type) {
    const std::string path = folder + "/" + name;
    if (IsVolatileSysctl(SysctlNameOfPath(path))) return;
    if (type == DT_DIR) {
      folders.push_back(path);
    } else if (auto observed = Read(path)) {
      sink.Observed(*std::move(observed));
    }
  });
  for (const std::string& path : folders) Walk(path, depth + 1, sink);
}

Status SysctlCollector::DoCollect(Depth, Sink& sink) {
  Walk(std::string(kPrefix.substr(0, kPrefix.size() - 1)), 0, sink);
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> SysctlCollector::DoCollectOne(const std::string&,
                                                                        const std::string& name) {
  const std::string sysctl = PathOfResourceName(name);
  if (IsVolatileSysctl(sysctl) || sysctl.find("//") != std::string::npos) return std::nullopt;
  return Read(PathOfSysctlName(sysctl));
}

}  // namespace driftcast
