#include "collect/unit_collector.h"

#include <algorithm>
#include <chrono>

#include "collect/calendar.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"
#include "collect/unit_states.h"

namespace driftcast {
namespace {

constexpr size_t kValueBytesMax = 4096;
constexpr size_t kConnectionsMax = 64;  // of one unit
constexpr std::chrono::seconds kBusPatience(5);

// When a timer runs next; a service asks for the timer of its name.
std::optional<Instant> NextRun(const UnitFolder& folder, const UnitFiles& unit, Instant now) {
  if (unit.name.ends_with(".service")) {
    const auto timer = folder.Read(unit.name.substr(0, unit.name.size() - 8) + ".timer");
    return timer ? NextRun(folder, *timer, now) : std::nullopt;
  }
  if (!unit.name.ends_with(".timer") || unit.masked || !unit.linked) return std::nullopt;
  const auto calendar = unit.settings.find("Timer.OnCalendar");
  std::optional<Instant> next;
  if (calendar == unit.settings.end()) return next;
  for (const std::string& expression : calendar->second)
    if (const auto at = NextOnCalendar(expression, now); at && (!next || *at < *next)) next = at;
  return next;
}

void AddEdges(const UnitFiles& unit, const char* setting, const char* edge,
              std::vector<Dependency>& out) {
  const auto found = unit.settings.find(setting);
  if (found == unit.settings.end()) return;
  for (const std::string& value : found->second)
    for (const std::string_view name : SplitBlanks(value))
      if (name.find('%') == std::string_view::npos && out.size() < 256)
        out.push_back({edge, "unit", CleanText(name, 256), {}});
}

// A setting's first value; empty when it has none.
std::string First(const UnitFiles& unit, const char* setting) {
  const auto found = unit.settings.find(setting);
  return found == unit.settings.end() || found->second.empty() ? "" : found->second.front();
}

// True of what is not meant to run all the time.
bool RunsNowAndThen(const UnitFolder& folder, const UnitFiles& unit) {
  if (!unit.name.ends_with(".service")) return false;
  if (First(unit, "Service.Type") == "oneshot" || !First(unit, "Service.BusName").empty() ||
      unit.name.find('@') != std::string::npos)
    return true;
  const std::string stem = unit.name.substr(0, unit.name.size() - 8);
  for (const char* suffix : {".timer", ".socket", ".path"})
    if (folder.Has(stem + suffix)) return true;
  return false;
}

std::string StateOf(const UnitState& state, bool now_and_then) {
  if (state.active == "failed" || state.load == "bad-setting" || state.load == "error")
    return "failed";
  if (now_and_then) return "ready";
  return state.active == "inactive" || state.active == "deactivating" ? "stopped" : "running";
}

// "-/etc/default/app" -> the file.
void AddEnvironmentFiles(const UnitFiles& unit, std::vector<Dependency>& out) {
  const auto found = unit.settings.find("Service.EnvironmentFile");
  if (found == unit.settings.end()) return;
  for (std::string path : found->second) {
    if (path.starts_with('-')) path.erase(0, 1);
    if (path.starts_with('/') && path.find_first_of("*%") == std::string::npos)
      out.push_back({"reads", "file", ResourceNameOfPath(CleanText(path, 1024)), {}});
  }
}

}  // namespace

struct UnitCollector::Live {
  bool asked = false;
  StatusOr<std::map<std::string, UnitState>> states = std::map<std::string, UnitState>();
};

ResourceObserved UnitCollector::Observe(const UnitFolder& folder, const UnitFiles& unit,
                                        const Live& live, Instant now) const {
  ResourceObserved out;
  out.resource = {{}, "unit", ResourceNameOfPath(unit.name)};
  for (const auto& [path, values] : unit.settings)
    for (const std::string& value : values)
      out.keys.push_back({CleanText(values.size() > 1 ? path + "[]" : path, 256),
                          Value::Guess(CleanText(value, kValueBytesMax))});
  guard_.Protect(out.keys, {.known_format = true});
  out.keys.push_back({"enabled", Value::Text(unit.EnabledState())});
  out.keys.push_back({"source", Value::Text(CleanText(unit.source, kValueBytesMax))});
  for (const std::string& dropin : unit.dropins)
    out.keys.push_back({"dropin[]", Value::Text(CleanText(dropin, kValueBytesMax))});
  if (live.asked && !live.states.ok()) {
    out.uncompared.push_back({"state", CleanText(Message(live.states.status()), 200)});
  } else if (live.asked) {
    // What systemd has not loaded does not run.
    const auto found = live.states->find(unit.name);
    const UnitState state =
        found == live.states->end() ? UnitState{"loaded", "inactive", "dead"} : found->second;
    if (unit.name.find("@.") == std::string::npos)  // of a template nothing runs
      out.keys.push_back({"state", Value::Text(StateOf(state, RunsNowAndThen(folder, unit)))});
  }
  Canonicalize(out.keys);
  AddEdges(unit, "Unit.Requires", "requires", out.depends_on);
  AddEdges(unit, "Unit.BindsTo", "requires", out.depends_on);
  AddEdges(unit, "Unit.Wants", "wants", out.depends_on);
  AddEdges(unit, "Unit.After", "ordered_after", out.depends_on);
  AddEnvironmentFiles(unit, out.depends_on);
  if (const auto ends = connections_.find(unit.name); ends != connections_.end())
    for (const auto& [end, seen] : ends->second)
      out.depends_on.push_back({"connects_to", "endpoint", end, {}});
  if (const std::string package = owner_of_ ? owner_of_(unit.source) : ""; !package.empty()) {
    out.depends_on.push_back({"owned_by", "package", package, {}});
    out.context.push_back({"owner", Value::Text(package)});
  }
  std::sort(out.depends_on.begin(), out.depends_on.end());
  out.depends_on.erase(std::unique(out.depends_on.begin(), out.depends_on.end()),
                       out.depends_on.end());
  if (const auto next = NextRun(folder, unit, now))
    out.context.push_back({"next_run", Value::Text(FormatInstant(*next))});
  Canonicalize(out.context);
  if (const auto why = folder.unread().find(unit.name); why != folder.unread().end())
    out.uncompared.push_back({"", why->second});
  return out;
}

UnitCollector::UnitCollector(const HostRoot& root, const SecretGuard& guard, const Clock& clock,
                             OwnerOf owner_of, std::string bus_address)
    : Collector("units", {"unit"}),
      root_(root),
      guard_(guard),
      clock_(clock),
      owner_of_(std::move(owner_of)),
      bus_address_(std::move(bus_address)),
      processes_(root) {}

std::string UnitCollector::BusOf(const HostRoot& root) {
  const bool runs = root.is_machine() && root.Stat("/run/systemd/system").ok();
  return runs ? "unix:path=/run/dbus/system_bus_socket" : "";
}

UnitCollector::Live UnitCollector::ReadLive(Instant now) {
  RememberConnections(now);
  Live live;
  live.asked = !bus_address_.empty();
  if (live.asked) live.states = ReadUnitStates(bus_address_, kBusPatience);
  return live;
}

void UnitCollector::RememberConnections(Instant now) {
  for (auto& [unit, ends] : processes_.ConnectionsOfUnits()) {
    auto& known = connections_[unit];
    for (const std::string& end : ends)
      if (known.size() < kConnectionsMax || known.contains(end)) known[end] = now;
  }
  for (auto& [unit, ends] : connections_)
    std::erase_if(ends, [&](const auto& end) { return end.second + kDay < now; });
  std::erase_if(connections_, [](const auto& unit) { return unit.second.empty(); });
}

std::vector<WatchedPlace> UnitCollector::Places() const {
  std::vector<WatchedPlace> places;
  for (const std::string& folder : UnitFolder::Folders())
    if (root_.Stat(folder).ok()) places.push_back({folder, true});
  return places;
}

Reaction UnitCollector::OnPath(const std::string& path) const {
  for (const std::string& folder : UnitFolder::Folders())
    if (path.starts_with(folder + "/")) return {.scan = true, .names = {}};
  return {};
}

std::vector<std::string> UnitCollector::FilesOf(const ResourceObserved& observed) const {
  std::vector<std::string> files;
  for (const KeyValue& key : observed.keys)
    if (key.path == "source" || key.path == "dropin[]") files.push_back(key.value.text);
  return files;
}

Status UnitCollector::DoCollect(Depth, Sink& sink) {
  const UnitFolder folder(root_);
  const Instant now = clock_.Now();
  const Live live = ReadLive(now);
  for (const std::string& name : folder.Names())
    if (const auto unit = folder.Read(name)) sink.Observed(Observe(folder, *unit, live, now));
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> UnitCollector::DoCollectOne(const std::string&,
                                                                      const std::string& name) {
  const UnitFolder folder(root_);
  const auto unit = folder.Read(PathOfResourceName(name));
  if (!unit) return std::nullopt;
  const Instant now = clock_.Now();
  return Observe(folder, *unit, ReadLive(now), now);
}

std::optional<Instant> UnitCollector::NextUnattendedUpgrade(const HostRoot& root, Instant now) {
  bool on = false;
  std::vector<std::string> files;
  (void)root.List("/etc/apt/apt.conf.d", [&](const std::string& name, unsigned char) {
    files.push_back("/etc/apt/apt.conf.d/" + name);
  });
  std::sort(files.begin(), files.end());  // apt's order: later ones win
  for (const std::string& file : files) {
    const auto text = root.Read(file, 256 << 10);
    if (!text.ok()) continue;
    const Parsed parsed = Parse({.syntax = Syntax::kBraces}, *text);
    for (const KeyValue& key : parsed.keys)
      if (key.path == "APT::Periodic::Unattended-Upgrade" ||
          key.path == "APT.Periodic.Unattended-Upgrade")
        on = key.value.text != "0" && !key.value.text.empty();
  }
  if (!on) return std::nullopt;
  const UnitFolder folder(root);
  const auto timer = folder.Read("apt-daily-upgrade.timer");
  return timer ? NextRun(folder, *timer, now) : std::nullopt;
}

}  // namespace driftcast
