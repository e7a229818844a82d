#include "collect/trace_log.h"

#include <algorithm>
#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "collect/parse.h"

namespace driftcast {
namespace {

using Json = nlohmann::json;

constexpr size_t kPathMax = 4096;
constexpr size_t kArgumentsMax = 512;
constexpr int64_t kUnset = 0xFFFFFFFF;
constexpr int64_t kMayWrite = 2, kMayAppend = 8, kProtWrite = 2;

std::optional<Json> ReadObject(std::string_view line) {
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

// The member, or null.
const Json& At(const Json& object, const char* name) {
  static const Json kNull;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : kNull;
}

std::string TextAt(const Json& object, const char* name) {
  const Json& value = At(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

// -1 when it is not there, or is what the kernel calls not set.
int64_t NumberAt(const Json& object, const char* name) {
  const Json& value = At(object, name);
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    return number < uint64_t{kUnset} ? static_cast<int64_t>(number) : -1;
  }
  if (!value.is_number_integer()) return -1;
  const auto number = value.get<int64_t>();
  return number < 0 || number >= kUnset ? -1 : number;
}

uint32_t PidAt(const Json& object, const char* name) {
  return static_cast<uint32_t>(std::max<int64_t>(0, NumberAt(object, name)));
}

std::string BaseName(const std::string& path) {
  return CleanText(path.substr(path.rfind('/') + 1).substr(0, 15), 64);
}

void AddPath(const std::string& path, FileTouch& touch) {
  if (path.starts_with('/') && path.size() <= kPathMax && touch.paths.size() < kTouchPathsMax)
    touch.paths.push_back(path);
}

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// Whether a call of the kernel's function changes what its path argument names.
bool Changes(const std::string& function, const Json& arguments) {
  const auto has_bits = [&](int64_t bits) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const Json& argument) {
      int64_t value = NumberAt(argument, "int_arg");
      if (value < 0) value = NumberAt(argument, "uint_arg");
      return value >= 0 && (value & bits) != 0;
    });
  };
  if (Contains(function, "file_permission")) return has_bits(kMayWrite | kMayAppend);
  if (Contains(function, "mmap_file")) return has_bits(kProtWrite);
  return !Contains(function, "open") && !Contains(function, "read") &&
         !Contains(function, "fd_install") && !Contains(function, "getattr") &&
         !Contains(function, "bprm");
}

}  // namespace

std::optional<FileTouch> ReadTetragonLine(std::string_view line) {
  const auto json = ReadObject(line);
  if (!json) return std::nullopt;
  const Json* event = &At(*json, "process_kprobe");
  if (event->is_null()) event = &At(*json, "process_lsm");
  const Json& process = At(*event, "process");
  const Json& arguments = At(*event, "args");
  const bool in_container = !TextAt(process, "docker").empty() || At(process, "pod").is_object();
  if (!process.is_object() || !arguments.is_array() || in_container) return std::nullopt;
  if (!Changes(TextAt(*event, "function_name"), arguments)) return std::nullopt;
  FileTouch touch;
  for (const Json& argument : arguments)
    for (const char* kind : {"file_arg", "path_arg"})
      AddPath(TextAt(At(argument, kind), "path"), touch);
  const auto at = ParseInstant(TextAt(*json, "time"));
  if (touch.paths.empty() || !at.ok()) return std::nullopt;
  touch.at = *at;
  touch.pid = PidAt(process, "pid");
  touch.uid = NumberAt(process, "uid");
  touch.login_uid = NumberAt(process, "auid");
  const std::string program = TextAt(process, "binary");
  touch.command = BaseName(program);
  touch.arguments = CleanText(program + " " + TextAt(process, "arguments"), kArgumentsMax);
  const Json& parent = At(*event, "parent");
  touch.parent = PidAt(parent, "pid");
  touch.parent_command = BaseName(TextAt(parent, "binary"));
  return touch;
}

std::optional<FileTouch> ReadFalcoLine(std::string_view line) {
  const auto json = ReadObject(line);
  if (!json) return std::nullopt;
  const Json& fields = At(*json, "output_fields");
  const std::string container = TextAt(fields, "container.id");
  if (!fields.is_object() || (!container.empty() && container != "host")) return std::nullopt;
  constexpr std::array<std::string_view, 16> kChanges = {
      "write",    "pwrite", "writev", "creat",    "rename", "renameat", "renameat2", "unlink",
      "unlinkat", "chmod",  "fchmod", "fchmodat", "chown",  "fchown",   "fchownat",  "truncate"};
  const std::string type = TextAt(fields, "evt.type");
  const Json& written = At(fields, "evt.is_open_write");
  FileTouch touch;
  touch.exact = std::find(kChanges.begin(), kChanges.end(), type) != kChanges.end() ||
                (written.is_boolean() && written.get<bool>());
  if (!touch.exact && (!type.starts_with("open") || written.is_boolean())) return std::nullopt;
  for (const char* name : {"fd.name", "fs.path.name", "fs.path.source", "fs.path.target"})
    AddPath(TextAt(fields, name), touch);
  const auto at = ParseInstant(TextAt(*json, "time"));
  if (touch.paths.empty() || !at.ok()) return std::nullopt;
  touch.at = *at;
  touch.pid = PidAt(fields, "proc.pid");
  touch.parent = PidAt(fields, "proc.ppid");
  touch.uid = NumberAt(fields, "user.uid");
  touch.login_uid = NumberAt(fields, "user.loginuid");
  touch.command = CleanText(TextAt(fields, "proc.name"), 64);
  touch.parent_command = CleanText(TextAt(fields, "proc.pname"), 64);
  touch.arguments = CleanText(TextAt(fields, "proc.cmdline"), kArgumentsMax);
  if (touch.pid == 0 && touch.command.empty()) return std::nullopt;
  return touch;
}

}  // namespace driftcast
