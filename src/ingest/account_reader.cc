// Host files with a syntax of their own: crontabs and the account files.
#include <cctype>
#include <charconv>

#include "base/crypto.h"
#include "ingest/config_readers.h"
#include "ingest/line_reader.h"

namespace driftcast::ingest {
namespace {

// People have numbers from 1000 on Debian, Fedora, Arch and their kin (login.defs UID_MIN);
// 65534 is nobody.
constexpr int kPersonUidMin = 1000;
constexpr int kPersonUidMax = 60000;

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string Pseudonym(std::string_view login) { return "u" + Hex(Sha256(login)).substr(0, 8); }

bool IsPerson(std::string_view uid) {
  int number = 0;
  std::from_chars(uid.data(), uid.data() + uid.size(), number);
  return number >= kPersonUidMin && number < kPersonUidMax;
}

std::string_view NextField(std::string_view* line) {
  const size_t end = std::min(line->find_first_of(" \t"), line->size());
  const std::string_view field = line->substr(0, end);
  *line = Trimmed(line->substr(end));
  return field;
}

bool IsScheduleField(std::string_view field) {
  for (char c : field)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '*' && c != '/' && c != ',' &&
        c != '-' && c != '~')
      return false;
  return !field.empty();
}

// The five fields or "@daily"; empty when the line is no job. `line` becomes the command.
std::string Schedule(std::string_view* line) {
  if (line->starts_with('@')) return std::string(NextField(line));
  std::string schedule;
  for (int i = 0; i < 5; ++i) {
    const std::string_view field = NextField(line);
    if (!IsScheduleField(field)) return "";
    if (i > 0) schedule += ' ';
    schedule += field;
  }
  return schedule;
}

bool IsAssignment(std::string_view line) {
  const size_t equal = line.find('=');
  if (equal == std::string_view::npos) return false;
  const std::string_view name = Trimmed(line.substr(0, equal));
  for (char c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0]));
}

}  // namespace

ConfigNode ReadCrontab(std::string_view text) {
  LineMap root;
  for (const std::string& whole : LogicalLines(text)) {
    std::string_view line = whole;
    if (line[0] == '#') continue;
    if (IsAssignment(line)) {
      const size_t equal = line.find('=');
      root.Add(Trimmed(line.substr(0, equal)),
               std::string(Unquoted(Trimmed(line.substr(equal + 1)))));
      continue;
    }
    std::string schedule = Schedule(&line);
    std::string command;
    while (!line.empty()) {
      if (!command.empty()) command += ' ';
      command += NextField(&line);
    }
    if (schedule.empty() || command.empty())
      root.Add("line", whole);
    else
      root.Add("job[" + command + "]", std::move(schedule));
  }
  return std::move(root).Build();
}

ConfigNode ReadPasswd(std::string_view text) {
  ConfigNode root = ConfigNode::Map();
  for (const std::string& line : LogicalLines(text)) {
    const auto fields = Split(line, ':');
    if (line[0] == '#' || fields.size() < 7 || fields[0].empty()) continue;
    const std::string name = IsPerson(fields[2]) ? Pseudonym(fields[0]) : std::string(fields[0]);
    if (root.Find(name) != nullptr) continue;
    ConfigNode& account = root.Add(name, ConfigNode::Map());
    account.Add("uid", ConfigNode::Scalar(std::string(fields[2])));
    account.Add("gid", ConfigNode::Scalar(std::string(fields[3])));
    account.Add("shell", ConfigNode::Scalar(std::string(fields[6])));
  }
  return root;
}

ConfigNode ReadGroup(std::string_view text) {
  ConfigNode root = ConfigNode::Map();
  for (const std::string& line : LogicalLines(text)) {
    const auto fields = Split(line, ':');
    if (line[0] == '#' || fields.size() < 4 || fields[0].empty()) continue;
    const std::string name = IsPerson(fields[2]) ? Pseudonym(fields[0]) : std::string(fields[0]);
    if (root.Find(name) != nullptr) continue;
    ConfigNode& group = root.Add(name, ConfigNode::Map());
    group.Add("gid", ConfigNode::Scalar(std::string(fields[2])));
    if (fields[3].empty()) continue;
    ConfigNode& members = group.Add("members", ConfigNode::List());
    for (std::string_view member : Split(fields[3], ','))
      members.Add("", ConfigNode::Scalar(member == "root" ? "root" : Pseudonym(member)));
  }
  return root;
}

}  // namespace driftcast::ingest
