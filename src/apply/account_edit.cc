#include "apply/account_edit.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "collect/account_collector.h"

namespace driftcast {
namespace {

constexpr size_t kFieldBytesMax = 1024;

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string Join(const std::vector<std::string>& parts, char with) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += with;
    out += parts[i];
  }
  return out;
}

Status CheckField(std::string_view value, std::string_view forbidden) {
  const auto bad = [&](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
           forbidden.find(c) != std::string_view::npos;
  };
  if (value.size() > kFieldBytesMax) return InvalidArgument("the value is too long");
  if (std::ranges::any_of(value, bad))
    return InvalidArgument("the value holds a character that a field cannot hold");
  return Ok();
}

StatusOr<std::string> Get(const PlanStep& step, const char* name) {
  const auto found = step.parameters.find(name);
  if (found == step.parameters.end())
    return InvalidArgument("a step of kind {} lacks its '{}'", StepKindName(step.kind), name);
  return found->second;
}

// The lines of a text, each with its end; `edit` may change one or empty it away.
std::string EditLines(std::string_view text, const std::function<void(std::string& line)>& edit) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const bool ends = end != std::string_view::npos;
    std::string line(text.substr(0, end));
    text.remove_prefix(ends ? end + 1 : text.size());
    edit(line);
    // An emptied line is marked by '\n', which no line holds.
    if (line != "\n") out += line + (ends ? "\n" : "");
  }
  return out;
}
const std::string kGone = "\n";

// One field of the line of `name`; the first such line counts, as for getpwnam(3).
Status SetField(std::string& text, const std::string& name, size_t field,
                const std::function<std::string(const std::string&)>& change) {
  bool found = false, fits = true;
  text = EditLines(text, [&](std::string& line) {
    auto fields = Split(line, ':');
    if (found || fields[0] != name) return;
    found = true;
    fits = fields.size() > field;
    if (!fits) return;
    fields[field] = change(fields[field]);
    line = Join(fields, ':');
  });
  if (!found) return NotFound("there is no entry '{}'", name);
  if (!fits) return FailedPrecondition("the entry '{}' has too few fields", name);
  return Ok();
}

std::optional<std::vector<std::string>> EntryOf(const std::string& text, const std::string& name) {
  for (const std::string& line : Split(text, '\n')) {
    auto fields = Split(line, ':');
    if (fields[0] == name && fields.size() > 3) return fields;
  }
  return std::nullopt;
}

StatusOr<std::string*> Table(AccountTables& tables, const char* path) {
  const auto found = tables.find(path);
  if (found == tables.end()) return NotFound("this host has no {}", path);
  return &found->second;
}

std::string WithMember(const std::string& list, const std::string& name, bool member) {
  auto names = list.empty() ? std::vector<std::string>() : Split(list, ',');
  const bool is = std::ranges::find(names, name) != names.end();
  if (member && !is) names.push_back(name);
  if (!member) std::erase(names, name);
  return Join(names, ',');
}

Status SetMember(AccountTables& tables, const std::string& group, const std::string& user,
                 bool member) {
  DRIFTCAST_RETURN_IF_ERROR(CheckField(group, ":,"));
  const auto change = [&](const std::string& list) { return WithMember(list, user, member); };
  DRIFTCAST_ASSIGN_OR_RETURN(std::string* const groups, Table(tables, "/etc/group"));
  DRIFTCAST_RETURN_IF_ERROR(Annotate(SetField(*groups, group, 3, change), "/etc/group"));
  // Its shadow may be missing, as a whole or for this group.
  if (const auto shadow = tables.find("/etc/gshadow"); shadow != tables.end())
    (void)SetField(shadow->second, group, 3, change);
  return Ok();
}

std::string Locked(const std::string& hash) {
  return hash.starts_with('!') || hash.starts_with('*') ? hash : "!" + hash;
}

Status SetUserKey(AccountTables& tables, const std::string& user, const std::string& path,
                  const std::string& value) {
  struct Place {
    const char *path, *table;
    size_t field;
  };
  static constexpr Place kPlaces[] = {
      {"comment", "/etc/passwd", 4},  {"home", "/etc/passwd", 5},    {"shell", "/etc/passwd", 6},
      {"max_days", "/etc/shadow", 4}, {"expires", "/etc/shadow", 7},
  };
  DRIFTCAST_RETURN_IF_ERROR(CheckField(value, ":"));
  const bool number = path == "max_days" || path == "expires";
  if (number && (value.size() > 9 || value.find_first_not_of("0123456789") != value.npos))
    return InvalidArgument("{} is a number of days", path);
  if ((path == "shell" || path == "home") && !value.empty() && value[0] != '/')
    return InvalidArgument("{} is an absolute path", path);
  if (path == "password") {
    if (value != "locked")
      return FailedPrecondition("a password can only be locked: nobody but its host knows it");
    DRIFTCAST_ASSIGN_OR_RETURN(std::string* const shadow, Table(tables, "/etc/shadow"));
    return SetField(*shadow, user, 1, Locked);
  }
  for (const Place& place : kPlaces) {
    if (path != place.path) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(std::string* const table, Table(tables, place.table));
    return SetField(*table, user, place.field, [&](const std::string&) { return value; });
  }
  return FailedPrecondition("{} of a user is not changed by a step: files carry the numbers", path);
}

void RemoveLine(AccountTables& tables, const char* path, const std::string& name) {
  const auto table = tables.find(path);
  if (table == tables.end()) return;
  table->second = EditLines(table->second, [&](std::string& line) {
    if (line.substr(0, line.find(':')) == name) line = kGone;
  });
}

// Is it the first group of a user other than `besides`?
bool IsFirstGroup(const std::string& passwd, const std::string& gid, const std::string& besides) {
  return std::ranges::any_of(Split(passwd, '\n'), [&](const std::string& line) {
    const auto fields = Split(line, ':');
    return fields.size() > 3 && fields[3] == gid && fields[0] != besides;
  });
}

Status RemoveGroup(AccountTables& tables, const std::string& name) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string* const groups, Table(tables, "/etc/group"));
  const auto entry = EntryOf(*groups, name);
  if (!entry) return NotFound("there is no group '{}'", name);
  if (IsFirstGroup(tables["/etc/passwd"], (*entry)[2], ""))
    return FailedPrecondition("group {} is the first group of a user", name);
  RemoveLine(tables, "/etc/group", name);
  RemoveLine(tables, "/etc/gshadow", name);
  return Ok();
}

Status RemoveUser(AccountTables& tables, const std::string& name) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string* const passwd, Table(tables, "/etc/passwd"));
  const auto entry = EntryOf(*passwd, name);
  if (!entry) return NotFound("there is no user '{}'", name);
  if ((*entry)[2] == "0") return FailedPrecondition("user {} is number 0 and stays", name);
  const std::string gid = (*entry)[3];
  RemoveLine(tables, "/etc/passwd", name);
  RemoveLine(tables, "/etc/shadow", name);
  for (const char* path : {"/etc/group", "/etc/gshadow"}) {
    const auto table = tables.find(path);
    if (table == tables.end()) continue;
    table->second = EditLines(table->second, [&](std::string& line) {
      auto fields = Split(line, ':');
      if (fields.size() < 4 || WithMember(fields[3], name, false) == fields[3]) return;
      fields[3] = WithMember(fields[3], name, false);
      line = Join(fields, ':');
    });
  }
  const auto own = EntryOf(tables["/etc/group"], name);
  if (own && (*own)[2] == gid && (*own)[3].empty() && !IsFirstGroup(*passwd, gid, name))
    return RemoveGroup(tables, name);
  return Ok();
}

// "options type blob comment" with one part other than it was.
StatusOr<std::string> WithPart(const std::string& line, const AuthorizedKey& key,
                               const std::string& path, const std::string& value) {
  DRIFTCAST_RETURN_IF_ERROR(CheckField(value, ""));
  const size_t type =
      line.find(key.type, key.options.empty() ? 0 : line.find(key.options) + key.options.size());
  const size_t blob = line.find_first_not_of(" \t", type + key.type.size());
  const size_t end = std::min(line.find_first_of(" \t", blob), line.size());
  const std::string middle = line.substr(type, end - type);
  const std::string& options = path == "options" ? value : key.options;
  const std::string& comment = path == "comment" ? value : key.comment;
  if (path != "options" && path != "comment")
    return FailedPrecondition("{} of a key is what it is", path);
  return (options.empty() ? "" : options + " ") + middle + (comment.empty() ? "" : " " + comment);
}

}  // namespace

Status EditAccount(const PlanStep& step, AccountTables& tables) {
  const std::string& name = step.resource.name;
  DRIFTCAST_RETURN_IF_ERROR(CheckField(name, ":,"));
  if (step.kind == StepKind::kRemoveResource)
    return step.resource.kind == "group" ? RemoveGroup(tables, name) : RemoveUser(tables, name);
  if (step.resource.kind != "user")
    return FailedPrecondition("a group's number is not changed by a step: files carry it");
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, Get(step, "path"));
  if (!EntryOf(tables["/etc/passwd"], name)) return NotFound("there is no user '{}'", name);
  if (path == "group[]") {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string group, Get(step, "value"));
    return SetMember(tables, group, name, step.kind != StepKind::kRemoveKey);
  }
  if (step.kind == StepKind::kRemoveKey) {
    if (path != "expires" && path != "max_days")
      return FailedPrecondition("{} of a user cannot be missing", path);
    return SetUserKey(tables, name, path, "");
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, Get(step, "value"));
  return SetUserKey(tables, name, path, value);
}

StatusOr<std::string> EditAuthorizedKeys(const PlanStep& step, std::string_view text,
                                         std::string_view fingerprint) {
  const bool removes = step.kind == StepKind::kRemoveResource;
  std::string path, value;
  if (!removes) {
    DRIFTCAST_ASSIGN_OR_RETURN(path, Get(step, "path"));
    if (step.kind == StepKind::kSetKey) {
      DRIFTCAST_ASSIGN_OR_RETURN(value, Get(step, "value"));
    }
  }
  bool found = false;
  Status status = Ok();
  std::string out = EditLines(text, [&](std::string& line) {
    AuthorizedKey key;
    if (!ReadAuthorizedKey(line, key) || key.fingerprint != fingerprint) return;
    if (found && !removes) return;  // sshd takes the first
    found = true;
    if (removes) {
      line = kGone;
      return;
    }
    auto edited = WithPart(line, key, path, value);
    AuthorizedKey after;
    if (!edited.ok()) {
      status = edited.status();
    } else if (!ReadAuthorizedKey(*edited, after) || after.fingerprint != fingerprint ||
               after.options != (path == "options" ? value : key.options) ||
               after.comment != (path == "comment" ? value : key.comment)) {
      status = InvalidArgument("the line would not read as wanted");
    } else {
      line = *edited;
    }
  });
  DRIFTCAST_RETURN_IF_ERROR(status);
  if (!found) return NotFound("the key is not there");
  return out;
}

std::string LineOfKey(std::string_view text, std::string_view fingerprint) {
  for (const std::string& line : Split(text, '\n')) {
    AuthorizedKey key;
    if (ReadAuthorizedKey(line, key) && key.fingerprint == fingerprint) return line;
  }
  return "";
}

}  // namespace driftcast
