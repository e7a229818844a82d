#include "collect/package_log.h"

#include <array>
#include <ctime>

#include "collect/control_file.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kPackagesMax = 20000;
constexpr size_t kNameBytesMax = 256;

std::optional<int> Digits(std::string_view text, size_t at, size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<PackageAction> ActionOf(std::string_view word) {
  if (word == "install") return PackageAction::kInstall;
  if (word == "upgrade") return PackageAction::kUpgrade;
  if (word == "remove") return PackageAction::kRemove;
  if (word == "purge") return PackageAction::kPurge;
  return std::nullopt;
}

std::string Version(std::string_view word) {
  return word == "<none>" ? std::string() : CleanText(word, kNameBytesMax);
}

// "a:amd64 (1, 2), b:amd64 (3)" -> the names; commas inside brackets belong to versions.
void AddPackages(std::string_view text, std::vector<std::string>& packages) {
  int depth = 0;
  std::string name;
  const auto finish = [&] {
    const std::string clean = CleanText(TrimBlanks(name), kNameBytesMax);
    if (!clean.empty() && packages.size() < kPackagesMax) packages.push_back(clean);
    name.clear();
  };
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0 && c == ',') finish();
    if (depth == 0 && c != ',' && name.size() <= kNameBytesMax) name += c;
    if (c == ')' && depth > 0) --depth;
  }
  finish();
}

}  // namespace

std::optional<Instant> ReadLocalTime(std::string_view text) {
  std::tm t{};
  const size_t clock = text.size() > 11 && text[11] == ' ' ? 12 : 11;
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, clock, 2), minute = Digits(text, clock + 3, 2),
             second = Digits(text, clock + 6, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*year < 1970 || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  t.tm_year = *year - 1900;
  t.tm_mon = *month - 1;
  t.tm_mday = *day;
  t.tm_hour = *hour;
  t.tm_min = *minute;
  t.tm_sec = *second;
  t.tm_isdst = -1;
  const time_t seconds = mktime(&t);
  if (seconds == -1) return std::nullopt;
  return FromUnixSeconds(seconds);
}

std::vector<DpkgEvent> ParseDpkgLog(std::string_view text, const LocalTime& local) {
  std::vector<DpkgEvent> events;
  LineReader lines(text, /*join=*/false);
  std::string line;
  while (lines.Next(line)) {
    // date, time, action, package:arch, old version, new version
    const auto words = SplitBlanks(line);
    if (words.size() != 6) continue;
    const auto action = ActionOf(words[2]);
    const auto at = action ? local(line) : std::nullopt;
    if (!at) continue;
    DpkgEvent event;
    event.at = *at;
    event.action = *action;
    const size_t colon = words[3].find(':');
    event.package = CleanText(words[3].substr(0, colon), kNameBytesMax);
    if (colon != std::string_view::npos)
      event.architecture = CleanText(words[3].substr(colon + 1), 32);
    event.old_version = Version(words[4]);
    event.new_version = Version(words[5]);
    if (!event.package.empty()) events.push_back(std::move(event));
  }
  return events;
}

std::vector<AptRun> ParseAptHistory(std::string_view text, const LocalTime& local) {
  std::vector<AptRun> runs;
  ControlReader reader(text);
  while (reader.NextStanza()) {
    AptRun run;
    bool started = false;
    ControlField field;
    while (reader.NextField(field)) {
      if (field.name == "Start-Date") {
        const auto at = local(field.value);
        started = at.has_value();
        if (at) run.started_at = *at;
      } else if (field.name == "End-Date") {
        run.ended_at = local(field.value);
      } else if (field.name == "Commandline") {
        run.command_line = CleanText(field.value, 1024);
      } else if (field.name == "Requested-By") {
        run.requested_by = CleanText(field.value, 256);
      } else if (field.name == "Error") {
        run.error = CleanText(field.value, 256);
      } else if (field.name == "Install" || field.name == "Upgrade" || field.name == "Remove" ||
                 field.name == "Purge" || field.name == "Downgrade" || field.name == "Reinstall") {
        AddPackages(field.value, run.packages);
      }
    }
    if (started) runs.push_back(std::move(run));
  }
  return runs;
}

bool IsAutomaticRun(const AptRun& run) {
  for (const char* program : {"unattended-upgrade", "apt.systemd.daily", "packagekit"})
    if (run.command_line.find(program) != std::string::npos) return true;
  return false;
}

}  // namespace driftcast
