#include "collect/package_history.h"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "collect/apt_lists.h"
#include "collect/dpkg.h"

namespace driftcast {
namespace {

constexpr uint64_t kLogBytesMax = 32 << 20;
constexpr size_t kRecentRuns = 16;
constexpr size_t kResourcesMax = 2000;
constexpr Duration kGroupGap = kMinute;
constexpr Duration kAftermath = kMinute;

std::string RunId(const AptRun& run) {
  return fmt::format("apt-{}", ToUnixMicros(run.started_at) / 1'000'000);
}

// "alice (1000)" -> "alice"
std::string ActorOf(const AptRun& run) {
  if (!run.requested_by.empty()) return run.requested_by.substr(0, run.requested_by.find(' '));
  return IsAutomaticRun(run) ? "unattended-upgrades" : "root";
}

// The run that was under way at the time. `runs` in order of their start.
const AptRun* RunAt(const std::vector<AptRun>& runs, Instant at) {
  auto after = std::upper_bound(runs.begin(), runs.end(), at,
                                [](Instant t, const AptRun& run) { return t < run.started_at; });
  if (after == runs.begin()) return nullptr;
  const AptRun& run = *--after;
  const Instant end = run.ended_at.value_or(run.started_at + kHour);
  return at <= end + kSecond ? &run : nullptr;
}

}  // namespace

PackageHistory::PackageHistory(const HostRoot& root, const SecretGuard& guard, FilesOf files_of)
    : root_(root), guard_(guard), files_of_(std::move(files_of)) {}

bool PackageHistory::IsLog(const std::string& path) { return path == "/var/log/apt/history.log"; }

std::string PackageHistory::ResourceName(const std::string& name_and_architecture) const {
  const size_t colon = name_and_architecture.find(':');
  if (colon == std::string::npos) return name_and_architecture;
  return PackageResourceName(name_and_architecture.substr(0, colon),
                             name_and_architecture.substr(colon + 1), native_);
}

std::string PackageHistory::ReadLog(const std::string& path) const {
  const auto fd = root_.Open(path, O_RDONLY);
  std::string text;
  if (!fd.ok()) return text;
  ForEachBlock(fd->get(), path.ends_with(".gz") ? ".gz" : "", kLogBytesMax, kAfterLine,
               [&](std::string_view block) { text += block; });
  return text;
}

std::vector<std::string> PackageHistory::LogFiles(const std::string& folder,
                                                  const std::string& name) const {
  std::vector<std::string> files;
  (void)root_.List(folder, [&](const std::string& found, unsigned char) {
    const bool plain = found == name;
    const bool rotated =
        found.starts_with(name + ".") &&
        found.find_first_not_of("0123456789gz.-", name.size()) == std::string::npos;
    if (plain || rotated) files.push_back(folder + found);
  });
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<AptRun> PackageHistory::AllRuns() const {
  std::vector<AptRun> runs;
  for (const std::string& file : LogFiles("/var/log/apt/", "history.log"))
    for (AptRun& run : ParseAptHistory(ReadLog(file), ReadLocalTime))
      runs.push_back(std::move(run));
  std::stable_sort(runs.begin(), runs.end(),
                   [](const AptRun& a, const AptRun& b) { return a.started_at < b.started_at; });
  return runs;
}

std::vector<ChangeEvent> PackageHistory::Past(size_t events_max) {
  const std::vector<AptRun> runs = AllRuns();
  std::vector<DpkgEvent> log;
  for (const std::string& file : LogFiles("/var/log/", "dpkg.log"))
    for (DpkgEvent& event : ParseDpkgLog(ReadLog(file), ReadLocalTime))
      log.push_back(std::move(event));
  std::stable_sort(log.begin(), log.end(),
                   [](const DpkgEvent& a, const DpkgEvent& b) { return a.at < b.at; });

  std::vector<ChangeEvent> events;
  std::set<std::string> present;
  uint64_t change_id = 0;
  const AptRun* last_run = nullptr;
  Instant last_at;
  for (const DpkgEvent& event : log) {
    const AptRun* run = RunAt(runs, event.at);
    if (change_id == 0 || run != last_run || (run == nullptr && event.at - last_at > kGroupGap))
      ++change_id;
    last_run = run;
    last_at = event.at;

    ChangeEvent change;
    change.at = event.at;
    change.kind = "package";
    change.resource = PackageResourceName(event.package, event.architecture, native_);
    change.actor = run != nullptr ? ActorOf(*run) : "";
    change.bot = run != nullptr && IsAutomaticRun(*run);
    change.change_id = change_id;
    // dpkg logs a removal before every purge: the purge says nothing new.
    if (event.action == PackageAction::kPurge) continue;
    if (event.action == PackageAction::kRemove) {
      present.erase(change.resource);
      change.op = ChangeOp::kDelete;
      events.push_back(std::move(change));
      continue;
    }
    const bool was_there =
        !present.insert(change.resource).second || event.action == PackageAction::kUpgrade;
    if (was_there) {
      if (event.old_version == event.new_version) continue;  // installed once more
      change.op = ChangeOp::kChange;
      change.path = "version";
      change.old_value = event.old_version;
      change.new_value = event.new_version;
      events.push_back(std::move(change));
    } else {
      change.op = ChangeOp::kCreate;
      events.push_back(change);
      change.op = ChangeOp::kInitial;
      change.path = "version";
      change.new_value = event.new_version;
      events.push_back(std::move(change));
    }
  }
  if (events.size() > events_max)
    events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(events_max));
  return events;
}

std::string PackageHistory::TextOf(const AptRun& run) const {
  const std::string command =
      run.command_line.empty() ? "apt" : guard_.Redact(run.command_line).substr(0, 200);
  return fmt::format("{} ({} package{})", command, run.packages.size(),
                     run.packages.size() == 1 ? "" : "s");
}

ActivityReported PackageHistory::Describe(const AptRun& run) const {
  ActivityReported activity;
  activity.kind = "package_run";
  activity.id = RunId(run);
  activity.actor = ActorOf(run);
  activity.text = TextOf(run);
  activity.started_at = run.started_at;
  activity.ended_at = run.ended_at.value_or(run.started_at);
  for (const std::string& package : run.packages)
    activity.resources.push_back("package/" + ResourceName(package));
  for (const std::string& package : run.packages)
    for (const std::string& file :
         files_of_ ? files_of_(ResourceName(package)) : std::vector<std::string>())
      if (activity.resources.size() < kResourcesMax) activity.resources.push_back("file/" + file);
  if (activity.resources.size() > kResourcesMax) activity.resources.resize(kResourcesMax);
  activity.details["state"] = run.ended_at ? "ended" : "running";
  if (IsAutomaticRun(run)) activity.details["automatic"] = "true";
  if (!run.error.empty()) activity.details["error"] = guard_.Redact(run.error);
  return activity;
}

std::vector<ActivityReported> PackageHistory::NewRuns(Instant now, Duration first_window) {
  std::vector<AptRun> runs = ParseAptHistory(ReadLog("/var/log/apt/history.log"), ReadLocalTime);
  std::vector<ActivityReported> out;
  std::map<std::string, Reported> reported;
  for (const AptRun& run : runs) {
    const std::string id = RunId(run);
    const auto known = reported_.find(id);
    const bool news = known == reported_.end() || (run.ended_at && !known->second.ended);
    if (news && (!first_ || run.started_at > now - first_window)) out.push_back(Describe(run));
    reported[id].ended = run.ended_at.has_value();
  }
  reported_ = std::move(reported);
  first_ = false;
  if (runs.size() > kRecentRuns)
    runs.erase(runs.begin(), runs.end() - static_cast<std::ptrdiff_t>(kRecentRuns));
  recent_ = std::move(runs);
  return out;
}

bool PackageHistory::IsAround(const AptRun& run, Instant now) const {
  return now >= run.started_at && now <= run.ended_at.value_or(run.started_at + kHour) + kAftermath;
}

Cause PackageHistory::CauseFrom(const AptRun& run) const {
  Cause cause;
  cause.kind = CauseKind::kPackageRun;
  cause.id = RunId(run);
  cause.actor = ActorOf(run);
  cause.text = TextOf(run);
  cause.confidence = Confidence::kRacy;
  return cause;
}

Cause PackageHistory::CauseOf(const std::string& package, Instant now) const {
  for (auto run = recent_.rbegin(); run != recent_.rend(); ++run) {
    const bool touched =
        std::any_of(run->packages.begin(), run->packages.end(),
                    [&](const std::string& name) { return ResourceName(name) == package; });
    if (touched && IsAround(*run, now)) return CauseFrom(*run);
  }
  return {};
}

Cause PackageHistory::RunAround(Instant now) const {
  for (auto run = recent_.rbegin(); run != recent_.rend(); ++run)
    if (IsAround(*run, now)) return CauseFrom(*run);
  return {};
}

}  // namespace driftcast
