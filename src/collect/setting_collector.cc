#include "collect/setting_collector.h"

#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <map>

#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kMapsBytesMax = 16 << 20;
constexpr size_t kRestartsMax = 512;

void AddText(ResourceObserved& to, const char* path, std::string_view text) {
  to.keys.push_back({path, Value::Text(CleanText(text, 1024))});
}

bool IsTimeService(std::string_view unit) {
  for (const char* name : {"chrony.service", "chronyd.service", "ntp.service", "ntpd.service",
                           "ntpsec.service", "openntpd.service", "systemd-timesyncd.service"})
    if (unit == name) return true;
  return false;
}

// "/usr/share/zoneinfo/Europe/Vienna" -> "Europe/Vienna".
std::string ZoneOf(const std::string& target) {
  const size_t at = target.find("zoneinfo/");
  return at == std::string::npos ? target : target.substr(at + 9);
}

}  // namespace

bool IsReplacedLibrary(std::string_view maps_line) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (!maps_line.ends_with(kDeleted)) return false;
  const auto words = SplitBlanks(maps_line);
  if (words.size() < 7 || words[1].size() < 3 || words[1][2] != 'x') return false;
  const std::string_view path = words[5];
  for (const char* prefix : {"/memfd:", "/dev/", "/tmp/", "/var/tmp/", "/SYSV", "/run/", "/[aio]",
                             "/drm", "/i915", "/anon_hugepage"})
    if (path.starts_with(prefix)) return false;
  return path[0] == '/';
}

ResourceObserved SettingCollector::Time() {
  ResourceObserved out;
  out.resource = {{}, "setting", "time"};
  const auto zone = root_.ReadLink("/etc/localtime");
  AddText(out, "zone", zone.ok() ? ZoneOf(*zone) : "UTC");
  const auto source =
      root_.Read("/sys/devices/system/clocksource/clocksource0/current_clocksource", 256);
  if (source.ok()) AddText(out, "clock_source", TrimBlanks(*source));
  if (root_.is_machine()) {
    timex state{};  // modes = 0: only asks
    const int clock = adjtimex(&state);
    if (clock >= 0) out.keys.push_back({"synchronised", Value::Bool(clock != TIME_ERROR)});
  }
  processes_.ForEach([&](const std::string& pid) {
    const auto cgroup = root_.Read("/proc/" + pid + "/cgroup", 64 << 10);
    const std::string unit = cgroup.ok() ? UnitOfCgroup(*cgroup) : "";
    if (IsTimeService(unit)) AddText(out, "service[]", unit);
  });
  Canonicalize(out.keys);
  return out;
}

void SettingCollector::ReadResolver(const std::string& path, const char* servers,
                                    ResourceObserved& out) {
  const auto text = root_.Read(path, kFileBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return;
  if (!text.ok()) {
    out.uncompared.push_back({servers, "not readable: " + CleanText(Message(text.status()), 200)});
    return;
  }
  LineReader lines(*text, /*join=*/false);
  std::string line;
  while (lines.Next(line) && out.keys.size() < 256) {
    const auto words = SplitBlanks(line);
    if (words.size() < 2) continue;
    const bool own = std::string_view(servers) == "server[]";
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[0] == "nameserver" && i == 1) AddText(out, servers, words[i]);
      if (own && (words[0] == "search" || words[0] == "domain")) AddText(out, "search[]", words[i]);
      if (own && words[0] == "options") AddText(out, "option[]", words[i]);
    }
  }
}

ResourceObserved SettingCollector::NameResolution() {
  ResourceObserved out;
  out.resource = {{}, "setting", "name_resolution"};
  ReadResolver("/etc/resolv.conf", "server[]", out);
  ReadResolver("/run/systemd/resolve/resolv.conf", "upstream[]", out);
  out.depends_on.push_back({"defined_in", "file", "/etc/resolv.conf", {}});
  Canonicalize(out.keys);
  return out;
}

ResourceObserved SettingCollector::Restart() {
  ResourceObserved out;
  out.resource = {{}, "setting", "restart"};
  // Where systemd runs, what is in no unit is somebody's login session.
  const bool units = root_.Stat("/run/systemd/system").ok();
  size_t hidden = 0;
  processes_.ForEach([&](const std::string& pid) {
    const auto maps = root_.Read("/proc/" + pid + "/maps", kMapsBytesMax);
    if (!maps.ok()) {
      if (maps.status().code() == StatusCode::kPermissionDenied) ++hidden;
      return;
    }
    CountBytes(maps->size());
    LineReader lines(*maps, /*join=*/false);
    std::string line;
    while (lines.Next(line)) {
      if (!IsReplacedLibrary(line)) continue;
      const Process process = processes_.Describe(pid);
      const std::string& what = process.unit.empty() && !units ? process.program : process.unit;
      if (out.keys.size() < kRestartsMax && !what.empty()) AddText(out, "unit[]", what);
      break;
    }
  });
  if (hidden > 0)
    out.uncompared.push_back({"unit[]", "processes of other users cannot be looked into"});
  Canonicalize(out.keys);
  return out;
}

Status SettingCollector::ReadAll(std::vector<ResourceObserved>& out) {
  if (!root_.Stat("/etc").ok()) return Ok();
  out.push_back(Time());
  out.push_back(NameResolution());
  if (root_.Stat("/proc/cmdline").ok()) out.push_back(Restart());
  return Ok();
}

std::vector<WatchedPlace> SettingCollector::Places() const {
  std::vector<WatchedPlace> places = {{"/etc", false}, {"/var/lib/dpkg", false}};
  if (root_.Stat("/run/systemd/resolve").ok()) places.push_back({"/run/systemd/resolve", false});
  return places;
}

Reaction SettingCollector::OnPath(const std::string& path) const {
  return {.scan = path == "/etc/localtime" || path == "/etc/resolv.conf" ||
                  path == "/run/systemd/resolve/resolv.conf" || path == "/var/lib/dpkg/status",
          .names = {}};
}

std::vector<std::string> SettingCollector::FilesOf(const ResourceObserved& observed) const {
  if (observed.resource.name == "time") return {"/etc/localtime"};
  if (observed.resource.name == "name_resolution")
    return {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
  return {};
}

}  // namespace driftcast
