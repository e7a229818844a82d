#include "agent/lineage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <fmt/core.h>

#include "collect/parse.h"
#include "collect/parse_text.h"
#include "collect/process_table.h"

namespace driftcast {
namespace {

constexpr size_t kAncestorsMax = 16;
constexpr size_t kArgumentsMax = 512;
constexpr size_t kTextMax = 200;
constexpr Duration kSessionSlice = 15 * kMinute;

template <typename Number>
Number NumberOf(std::string_view text, Number otherwise) {
  text = TrimBlanks(text);
  Number value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

// "12 (a b) c) S 1 ...": the name is between the first and the last parenthesis.
struct Stat {
  uint32_t parent = 0;
  uint64_t started_ticks = 0;
  int64_t terminal = 0;
};
bool ReadStat(const HostRoot& machine, uint32_t pid, Stat& out) {
  const auto text = machine.Read(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text.ok()) return false;
  const size_t end = text->rfind(')');
  if (end == std::string::npos) return false;
  const auto words = SplitBlanks(std::string_view(*text).substr(end + 1));
  if (words.size() < 20) return false;
  out.parent = NumberOf<uint32_t>(words[1], 0);
  out.terminal = NumberOf<int64_t>(words[4], 0);
  out.started_ticks = NumberOf<uint64_t>(words[19], 0);
  return true;
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool IsPackageManager(const Ancestor& a) {
  for (const char* name : {"dpkg", "apt", "apt-get", "aptitude", "unattended-upgr", "rpm", "dnf",
                           "yum", "zypper", "packagekitd"})
    if (a.command == name) return true;
  return false;
}

// The tool's name, or nullptr.
const char* ToolOf(const Ancestor& a) {
  if (Contains(a.arguments, "AnsiballZ_") || Contains(a.arguments, "ansible")) return "ansible";
  if (a.command == "puppet" || Contains(a.arguments, "/puppet agent") ||
      Contains(a.arguments, "puppet apply"))
    return "puppet";
  if (a.command == "chef-client" || Contains(a.arguments, "/chef-client")) return "chef";
  if (a.command == "salt-minion" || Contains(a.arguments, "/salt-minion")) return "salt";
  if (a.command == "cloud-init" || Contains(a.arguments, "/cloud-init")) return "cloud-init";
  return nullptr;
}

// The outermost ancestor for which `is` holds: the run's first process.
template <typename Is>
const Ancestor* Outermost(const Lineage& lineage, const Is& is) {
  for (auto a = lineage.ancestors.rbegin(); a != lineage.ancestors.rend(); ++a)
    if (is(*a)) return &*a;
  return nullptr;
}

std::string IdOf(const char* what, const Ancestor& process) {
  return fmt::format("{}:{}-{}", what, process.pid, process.started_ticks);
}

}  // namespace

Lineage ReadLineage(const HostRoot& machine, uint32_t pid) {
  Lineage lineage;
  for (uint32_t at = pid; at > 1 && lineage.ancestors.size() < kAncestorsMax;) {
    Stat stat;
    if (!ReadStat(machine, at, stat)) break;
    if (lineage.ancestors.empty()) lineage.terminal = stat.terminal;
    Ancestor ancestor{at, stat.started_ticks, {}, {}};
    const std::string folder = fmt::format("/proc/{}/", at);
    if (const auto name = machine.Read(folder + "comm", 256); name.ok())
      ancestor.command = CleanText(TrimBlanks(*name), 64);
    // What is longer than this is not what we look for; errors leave it empty.
    if (auto line = machine.Read(folder + "cmdline", 64 << 10); line.ok()) {
      std::replace(line->begin(), line->end(), '\0', ' ');
      ancestor.arguments = CleanText(TrimBlanks(*line), kArgumentsMax);
    }
    lineage.ancestors.push_back(std::move(ancestor));
    at = stat.parent;
  }
  if (lineage.ancestors.empty()) return lineage;
  const std::string folder = fmt::format("/proc/{}/", pid);
  constexpr uint32_t kUnset = 0xFFFFFFFF;
  const auto number = [&](const char* file) -> int64_t {
    const auto text = machine.Read(folder + file, 64);
    const uint32_t value = text.ok() ? NumberOf<uint32_t>(*text, kUnset) : kUnset;
    return value == kUnset ? -1 : static_cast<int64_t>(value);
  };
  lineage.login_uid = number("loginuid");
  lineage.session = number("sessionid");
  if (const auto status = machine.Read(folder + "status", 64 << 10); status.ok())
    if (const size_t at = status->find("\nUid:\t"); at != std::string::npos)
      lineage.uid = NumberOf<int64_t>(
          std::string_view(*status).substr(at + 6, status->find('\t', at + 6) - at - 6), -1);
  if (const auto cgroup = machine.Read(folder + "cgroup", 64 << 10); cgroup.ok())
    lineage.unit = UnitOfCgroup(*cgroup);
  return lineage;
}

Cause CauseOfLineage(const Lineage& lineage, Instant at,
                     const std::function<std::string(uint32_t uid)>& user_name,
                     const std::function<std::string(const std::string& text)>& redact) {
  Cause cause;
  if (lineage.ancestors.empty()) return cause;
  const Ancestor& nearest = lineage.ancestors.front();
  const auto text_of = [&](const Ancestor& a) {
    return CleanText(redact(a.arguments.empty() ? a.command : a.arguments), kTextMax);
  };
  if (lineage.login_uid >= 0) cause.actor = user_name(static_cast<uint32_t>(lineage.login_uid));
  if (const Ancestor* manager = Outermost(lineage, IsPackageManager)) {
    cause.kind = CauseKind::kPackageRun;
    cause.id = IdOf("packages", *manager);
    cause.text = text_of(*manager);
  } else if (const Ancestor* tool =
                 Outermost(lineage, [](const Ancestor& a) { return ToolOf(a); })) {
    cause.kind = CauseKind::kTool;
    cause.id = IdOf(ToolOf(*tool), *tool);
    cause.text = text_of(*tool);
    if (cause.actor.empty()) cause.actor = ToolOf(*tool);
  } else if ((lineage.login_uid >= 0 && lineage.session >= 0) || lineage.terminal != 0) {
    cause.kind = CauseKind::kPerson;
    if (cause.actor.empty() && lineage.uid >= 0)
      cause.actor = user_name(static_cast<uint32_t>(lineage.uid));
    // Whoever logged in at that moment, and not for as long as they stay: a later change of theirs
    // is news again.
    cause.id = fmt::format("session:{}-{}-{}", lineage.session, lineage.terminal,
                           at.time_since_epoch() / kSessionSlice);
    cause.text = text_of(nearest);
  } else {
    cause.kind = CauseKind::kTool;
    cause.id = IdOf("process", nearest);
    cause.actor = lineage.unit.empty() ? nearest.command : lineage.unit;
    cause.text = text_of(nearest);
  }
  return cause;
}

}  // namespace driftcast
