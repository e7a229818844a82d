#include "apply/commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <sstream>

#include "apply/host_files.h"
#include "base/file.h"

namespace driftcast {
namespace {

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text[0] != '-' &&
         std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool IsType(std::string_view type) { return type == "word" || type == "number" || type == "path"; }

bool Fits(std::string_view type, const std::string& value) {
  if (type == "word") return IsWord(value);
  if (type == "number") return IsNumber(value);
  return ValidateHostPath(value).ok();
}

// Calls `each(name, type)` for every placeholder, which it replaces by the answer.
template <typename Each>
StatusOr<std::string> ReplaceAll(const std::string& text, Each each) {
  std::string out;
  size_t at = 0;
  for (;;) {
    const size_t open = text.find('{', at);
    out += text.substr(at, open == text.npos ? text.npos : open - at);
    if (open == text.npos) return out;
    const size_t close = text.find('}', open), colon = text.find(':', open);
    if (close == text.npos || colon == text.npos || colon > close)
      return InvalidArgument("'{}' is no placeholder; write {{name:type}}", text.substr(open, 40));
    const std::string name = text.substr(open + 1, colon - open - 1);
    const std::string type = text.substr(colon + 1, close - colon - 1);
    if (!IsWord(name) || !IsType(type))
      return InvalidArgument("'{}' is no placeholder of type word, number or path",
                             text.substr(open, 40));
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, each(name, type));
    out += value;
    at = close + 1;
  }
}

}  // namespace

StatusOr<Commands> Commands::Parse(std::string_view text) {
  Commands out;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name, word;
    if (!(words >> name)) continue;
    std::vector<std::string> command;
    while (words >> word) command.push_back(word);
    if (!IsWord(name) || command.empty() || !ValidateHostPath(command[0]).ok())
      return InvalidArgument("line {} of the commands: a name and a program's absolute path",
                             number);
    for (const std::string& part : command) {
      const auto valid = ReplaceAll(
          part, [](const std::string&, const std::string&) { return StatusOr<std::string>(""); });
      if (!valid.ok())
        return Annotate(valid.status(), fmt::format("line {} of the commands", number));
    }
    if (!out.commands_.emplace(name, std::move(command)).second)
      return InvalidArgument("line {} of the commands: '{}' is there twice", number, name);
  }
  return out;
}

StatusOr<Commands> Commands::Load(const std::filesystem::path& file) {
  auto text = ReadFile(file, 1 << 20);
  if (text.status().code() == StatusCode::kNotFound) return Commands{};
  if (!text.ok()) return Annotate(text.status(), "commands");
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return ErrnoStatus(errno, file.string());
  if ((info.st_mode & 0022) != 0 || (info.st_uid != 0 && info.st_uid != geteuid()))
    return PermissionDenied(
        "the list of commands {} may be written by others: it counts for nothing", file.string());
  return Parse(*text);
}

StatusOr<std::vector<std::string>> Commands::Fill(
    const std::string& name, const std::map<std::string, std::string>& values) const {
  const auto found = commands_.find(name);
  if (found == commands_.end())
    return NotFound("this host has no registered command '{}'", name.substr(0, 64));
  std::set<std::string> used;
  const auto fill = [&](const std::string& argument,
                        const std::string& type) -> StatusOr<std::string> {
    const auto value = values.find(argument);
    if (value == values.end()) return InvalidArgument("command {} lacks its '{}'", name, argument);
    if (!Fits(type, value->second))
      return InvalidArgument("'{}' of command {} is no {}", argument, name, type);
    used.insert(argument);
    return value->second;
  };
  std::vector<std::string> out;
  for (const std::string& part : found->second) {
    DRIFTCAST_ASSIGN_OR_RETURN(out.emplace_back(), ReplaceAll(part, fill));
  }
  for (const auto& [argument, value] : values)
    if (!used.contains(argument))
      return InvalidArgument("command {} has no '{}'", name, argument.substr(0, 64));
  return out;
}

}  // namespace driftcast
