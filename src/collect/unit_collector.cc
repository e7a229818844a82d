#include "collect/unit_collector.h"

#include <algorithm>

#include "collect/calendar.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"
#include "collect/unit_files.h"

namespace driftcast {
namespace {

constexpr size_t kValueBytesMax = 4096;

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

ResourceObserved Observe(const UnitFolder& folder, const UnitFiles& unit, const SecretGuard& guard,
                         const UnitCollector::OwnerOf& owner_of, Instant now) {
  ResourceObserved out;
  out.resource = {{}, "unit", ResourceNameOfPath(unit.name)};
  for (const auto& [path, values] : unit.settings)
    for (const std::string& value : values)
      out.keys.push_back({CleanText(values.size() > 1 ? path + "[]" : path, 256),
                          Value::Guess(CleanText(value, kValueBytesMax))});
  guard.Protect(out.keys, {.known_format = true});
  out.keys.push_back({"enabled", Value::Text(unit.EnabledState())});
  out.keys.push_back({"source", Value::Text(CleanText(unit.source, kValueBytesMax))});
  for (const std::string& dropin : unit.dropins)
    out.keys.push_back({"dropin[]", Value::Text(CleanText(dropin, kValueBytesMax))});
  Canonicalize(out.keys);
  AddEdges(unit, "Unit.Requires", "requires", out.depends_on);
  AddEdges(unit, "Unit.BindsTo", "requires", out.depends_on);
  AddEdges(unit, "Unit.Wants", "wants", out.depends_on);
  AddEdges(unit, "Unit.After", "ordered_after", out.depends_on);
  if (const std::string package = owner_of ? owner_of(unit.source) : ""; !package.empty()) {
    out.depends_on.push_back({"owned_by", "package", package, {}});
    out.context.push_back({"owner", Value::Text(package)});
  }
  std::sort(out.depends_on.begin(), out.depends_on.end());
  out.depends_on.erase(std::unique(out.depends_on.begin(), out.depends_on.end()),
                       out.depends_on.end());
  if (const auto next = NextRun(folder, unit, now))
    out.context.push_back({"next_run", Value::Text(FormatInstant(*next))});
  Canonicalize(out.context);
  if (folder.too_large().contains(unit.name)) out.uncompared.push_back({"", "larger than 1 MiB"});
  return out;
}

}  // namespace

UnitCollector::UnitCollector(const HostRoot& root, const SecretGuard& guard, const Clock& clock,
                             OwnerOf owner_of)
    : Collector("units", {"unit"}),
      root_(root),
      guard_(guard),
      clock_(clock),
      owner_of_(std::move(owner_of)) {}

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

Status UnitCollector::DoCollect(Depth, Sink& sink) {
  const UnitFolder folder(root_);
  const Instant now = clock_.Now();
  for (const std::string& name : folder.Names())
    if (const auto unit = folder.Read(name))
      sink.Observed(Observe(folder, *unit, guard_, owner_of_, now));
  return Ok();
}

StatusOr<std::optional<ResourceObserved>> UnitCollector::DoCollectOne(const std::string&,
                                                                      const std::string& name) {
  const UnitFolder folder(root_);
  const auto unit = folder.Read(PathOfResourceName(name));
  if (!unit) return std::nullopt;
  return Observe(folder, *unit, guard_, owner_of_, clock_.Now());
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
