#include "collect/cron_collector.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "collect/calendar.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kTableBytesMax = 1 << 20;
constexpr size_t kTablesMax = 10000;
constexpr size_t kTextMax = 4096;
constexpr std::array kFolders = {"/var/spool/cron/crontabs", "/var/spool/cron"};

// "NAME = value", as crontab(5) tells a setting from a job.
bool IsSetting(std::string_view line) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = TrimBlanks(line.substr(0, equals));
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
}

// The first `count` words, and what follows.
std::string_view TakeWords(std::string_view& text, size_t count) {
  size_t end = 0;
  for (size_t word = 0; word < count; ++word) {
    end = text.find_first_not_of(" \t", end);
    if (end == std::string_view::npos) return {};
    end = std::min(text.find_first_of(" \t", end), text.size());
  }
  const std::string_view words = text.substr(0, end);
  text = TrimBlanks(text.substr(end));
  return words;
}

}  // namespace

std::optional<CronJob> ReadCronJob(std::string_view line, bool system) {
  line = TrimBlanks(line);
  if (IsComment(line) || IsSetting(line)) return std::nullopt;
  CronJob job;
  job.schedule = SquashBlanks(TakeWords(line, line[0] == '@' ? 1 : 5));
  if (system) job.user = std::string(TakeWords(line, 1));
  job.command = std::string(line);
  if (job.schedule.empty() || job.command.empty()) return std::nullopt;
  return job;
}

std::optional<Instant> NextCronRun(std::string_view table, bool system, Instant after) {
  std::optional<Instant> next;
  LineReader lines(table, /*join=*/false);
  std::string line;
  for (int read = 0; read < 1000 && lines.Next(line); ++read) {
    const auto job = ReadCronJob(line, system);
    const auto at = job ? NextCron(job->schedule, after) : std::nullopt;
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

ResourceObserved CronCollector::ReadTable(const std::string& folder, const std::string& user) {
  ResourceObserved out;
  out.resource = {{}, "cron", CleanText(ResourceNameOfPath(user), 256)};
  out.depends_on.push_back({"runs_as", "user", out.resource.name, {}});
  const auto text = root_.Read(folder + "/" + user, kTableBytesMax);
  if (!text.ok()) {
    out.uncompared.push_back({"", text.status().code() == StatusCode::kPermissionDenied
                                      ? "permission denied"
                                      : "not readable: " + CleanText(Message(text.status()), 200)});
    return out;
  }
  CountBytes(text->size());
  LineReader lines(*text, /*join=*/false);
  std::string line;
  int unknown = 0;
  while (lines.Next(line) && out.keys.size() < 1000) {
    const std::string_view trimmed = TrimBlanks(line);
    if (IsComment(trimmed)) continue;
    const auto job = ReadCronJob(trimmed, /*system=*/false);
    if (job) {
      out.keys.push_back(
          {"job[]", Value::Text(CleanText(job->schedule + " " + job->command, kTextMax))});
    } else if (IsSetting(trimmed)) {
      out.keys.push_back({"environment[]", Value::Text(CleanText(trimmed, kTextMax))});
    } else {
      ++unknown;
    }
  }
  guard_.Protect(out.keys, {.known_format = true});
  Canonicalize(out.keys);
  if (unknown > 0)
    out.uncompared.push_back({"job[]", std::to_string(unknown) + " lines are not understood"});
  if (const auto next = NextCronRun(*text, /*system=*/false, clock_.Now()))
    out.context.push_back({"next_run", Value::Text(FormatInstant(*next))});
  return out;
}

Status CronCollector::ReadAll(std::vector<ResourceObserved>& out) {
  for (const std::string folder : kFolders) {
    std::vector<std::string> users;
    const Status listed = root_.List(folder, [&](const std::string& name, unsigned char type) {
      if (type == DT_REG && name[0] != '.' && !name.starts_with("tmp.")) users.push_back(name);
    });
    if (listed.code() == StatusCode::kNotFound) continue;
    DRIFTCAST_RETURN_IF_ERROR(listed);
    std::sort(users.begin(), users.end());
    for (const std::string& user : users) {
      if (out.size() >= kTablesMax)
        return ResourceExhausted("more than {} crontabs in {}", kTablesMax, folder);
      out.push_back(ReadTable(folder, user));
    }
    return Ok();  // the second folder is the first one's parent on Debian
  }
  return Ok();
}

std::vector<WatchedPlace> CronCollector::Places() const {
  for (const std::string folder : kFolders)
    if (root_.Stat(folder).ok()) return {{folder, false}};
  return {};
}

Reaction CronCollector::OnPath(const std::string& path) const {
  return {.scan = path.starts_with("/var/spool/cron/"), .names = {}};
}

std::vector<std::string> CronCollector::FilesOf(const ResourceObserved& observed) const {
  const std::string user = PathOfResourceName(observed.resource.name);
  return {"/var/spool/cron/crontabs/" + user, "/var/spool/cron/" + user};
}

}  // namespace driftcast
