#include "collect/session_log.h"

#include <utmp.h>

#include <array>
#include <cstring>
#include <map>

#include <fmt/core.h>

#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr size_t kNameMax = 64;

template <size_t N>
std::string TextOf(const char (&field)[N]) {
  return CleanText(std::string_view(field, strnlen(field, N)), kNameMax);
}

Instant TimeOf(const utmp& record) {
  return FromUnixMicros(int64_t{record.ut_tv.tv_sec} * 1'000'000 + record.ut_tv.tv_usec);
}

std::string_view TakeWord(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

int MonthOf(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (size_t i = 0; i < kMonths.size(); ++i)
    if (kMonths[i] == name) return static_cast<int>(i) + 1;
  return 0;
}

using LocalTime = std::function<std::optional<Instant>(std::string_view)>;

// Takes the time from the beginning of a line.
std::optional<Instant> TakeTime(std::string_view& line, Instant now, const LocalTime& local) {
  const std::string_view first = TakeWord(line);
  if (const auto at = ParseInstant(first); at.ok()) return *at;
  const int month = MonthOf(first);
  const std::string day(TakeWord(line)), clock(TakeWord(line));
  if (month == 0 || day.empty() || day.size() > 2 || clock.size() != 8) return std::nullopt;
  const int year = std::stoi(FormatInstant(now).substr(0, 4));
  for (const int y : {year, year - 1}) {
    const auto at = local(fmt::format("{:04}-{:02}-{:0>2} {}", y, month, day, clock));
    if (at && *at <= now + kDay) return at;
  }
  return std::nullopt;
}

// The value behind "KEY=" up to the next " ;", or to the end.
std::string_view ValueOf(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view value = text.substr(at + key.size());
  return value.substr(0, value.find(" ;"));
}

// " alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/apt upgrade"
std::optional<Elevation> ReadSudo(std::string_view message) {
  const size_t colon = message.find(" : ");
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view who = message.substr(0, colon);
  Elevation elevation;
  elevation.tool = "sudo";
  elevation.by = CleanText(TakeWord(who), kNameMax);
  const std::string_view rest = message.substr(colon + 3);
  if (!rest.starts_with("TTY=") && !rest.starts_with("PWD=") && !rest.starts_with("HOST="))
    return std::nullopt;  // "3 incorrect password attempts ; ..."
  elevation.as = CleanText(ValueOf(rest, "USER="), kNameMax);
  std::string_view command = ValueOf(rest, "COMMAND=");
  elevation.program = CleanText(TakeWord(command), 200);
  if (elevation.by.empty() || elevation.program.empty()) return std::nullopt;
  return elevation;
}

// " (to root) alice on pts/0"
std::optional<Elevation> ReadSu(std::string_view message) {
  while (message.starts_with(' ')) message.remove_prefix(1);
  if (!message.starts_with("(to ")) return std::nullopt;
  const size_t close = message.find(')');
  if (close == std::string_view::npos) return std::nullopt;
  Elevation elevation;
  elevation.tool = "su";
  elevation.as = CleanText(message.substr(4, close - 4), kNameMax);
  std::string_view rest = message.substr(close + 1);
  elevation.by = CleanText(TakeWord(rest), kNameMax);
  if (elevation.by.empty()) return std::nullopt;
  return elevation;
}

}  // namespace

std::vector<LoginSession> ParseWtmp(std::string_view bytes) {
  std::vector<LoginSession> sessions;
  std::map<std::string, size_t> open;  // by line
  const auto end = [&](const std::string& line, Instant at) {
    const auto found = open.find(line);
    if (found == open.end()) return;
    sessions[found->second].ended_at = std::max(at, sessions[found->second].started_at);
    open.erase(found);
  };
  for (; bytes.size() >= sizeof(utmp); bytes.remove_prefix(sizeof(utmp))) {
    utmp record;
    std::memcpy(&record, bytes.data(), sizeof record);
    const std::string line = TextOf(record.ut_line);
    const Instant at = TimeOf(record);
    if (record.ut_type == BOOT_TIME) {  // nobody is left over a start
      while (!open.empty()) end(open.begin()->first, at);
    } else if (record.ut_type == DEAD_PROCESS) {
      end(line, at);
    } else if (record.ut_type == USER_PROCESS && !line.empty()) {
      end(line, at);
      const std::string host = TextOf(record.ut_host);
      const bool remote = !host.empty() && host[0] != ':' && !host.starts_with("tmux(");
      sessions.push_back({TextOf(record.ut_user), line, remote, at, std::nullopt});
      open[line] = sessions.size() - 1;
    }
  }
  std::erase_if(sessions, [](const LoginSession& s) { return s.user.empty(); });
  return sessions;
}

std::optional<Elevation> ReadElevation(std::string_view tool, std::string_view message) {
  if (tool == "sudo") return ReadSudo(message);
  if (tool == "su") return ReadSu(message);
  return std::nullopt;
}

std::vector<Elevation> ParseAuthLog(std::string_view text, Instant now, const LocalTime& local) {
  std::vector<Elevation> elevations;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto at = TakeTime(line, now, local);
    if (!at) continue;
    TakeWord(line);  // host
    std::string_view tag = TakeWord(line);
    tag = tag.substr(0, tag.find_first_of("[:"));
    std::optional<Elevation> elevation = ReadElevation(tag, line);
    if (!elevation) continue;
    elevation->at = *at;
    elevations.push_back(*std::move(elevation));
  }
  return elevations;
}

}  // namespace driftcast
