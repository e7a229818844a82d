#include "collect/account_collector.h"

#include <algorithm>
#include <charconv>

#include "base/crypto.h"
#include "collect/names.h"
#include "collect/parse.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kTableBytesMax = 4 << 20;
constexpr size_t kKeysBytesMax = 1 << 20;
constexpr size_t kAccountsMax = 20000;
constexpr size_t kKeysMax = 20000;
constexpr size_t kTextMax = 1024;

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos || parts.size() > 4096) return parts;
    text.remove_prefix(end + 1);
  }
}

// Calls `entry` for each line with at least `fields` fields and a name; others are no accounts.
Status ForEachEntry(const HostRoot& root, const std::string& path, size_t fields,
                    const std::function<void(const std::vector<std::string_view>&)>& entry) {
  const auto text = root.Read(path, kTableBytesMax);
  if (!text.ok()) return text.status();
  LineReader lines(*text, /*join=*/false);
  std::string line;
  size_t entries = 0;
  while (lines.Next(line)) {
    if (IsComment(TrimBlanks(line))) continue;
    const auto parts = SplitAt(line, ':');
    if (parts.size() < fields || parts[0].empty() || parts[0].size() > 256) continue;
    // "+" and "-" lines are instructions for NIS.
    if (parts[0][0] == '+' || parts[0][0] == '-') continue;
    if (++entries > kAccountsMax)
      return ResourceExhausted("{} has more than {} entries", path, kAccountsMax);
    entry(parts);
  }
  return Ok();
}

ResourceObserved& EntryOf(std::map<std::string, ResourceObserved>& all, const char* kind,
                          std::string_view name) {
  const std::string clean = ResourceNameOfPath(CleanText(name, 256));
  ResourceObserved& observed = all[clean];
  observed.resource = {{}, kind, clean};
  return observed;
}

void AddText(ResourceObserved& to, const char* path, std::string_view text) {
  to.keys.push_back({path, Value::Text(CleanText(text, kTextMax))});
}

std::string WhyUnread(const Status& status) {
  if (status.code() == StatusCode::kPermissionDenied) return "permission denied";
  if (status.code() == StatusCode::kResourceExhausted) return "too large";
  return "not readable";
}

bool IsKeyType(std::string_view word) {
  return word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-");
}

// Where the options end: at the first blank outside quotes.
size_t EndOfOptions(std::string_view line) {
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '"') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (line[i] == ' ' || line[i] == '\t')) {
      return i;
    }
  }
  return line.size();
}

// Of a sudo rule, whose "NOPASSWD:" names no secret.
std::string WithoutSecrets(std::string_view rule) {
  std::string out;
  for (const std::string_view word : SplitBlanks(rule)) {
    if (!out.empty()) out += ' ';
    out += LooksSecret(word) ? "[secret]" : word;
  }
  return out;
}

}  // namespace

bool ReadAuthorizedKey(std::string_view line, AuthorizedKey& out) {
  line = TrimBlanks(line);
  if (line.empty() || line[0] == '#') return false;
  out = {};
  size_t end = EndOfOptions(line);
  if (!IsKeyType(line.substr(0, end))) {
    out.options = std::string(line.substr(0, end));
    line = TrimBlanks(line.substr(end));
    end = EndOfOptions(line);
  }
  out.type = std::string(line.substr(0, end));
  if (!IsKeyType(out.type)) return false;
  line = TrimBlanks(line.substr(end));
  end = line.find_first_of(" \t");
  const auto blob = FromBase64(line.substr(0, end));
  if (!blob.ok() || blob->size() < 16) return false;
  std::string digest = Base64(Sha256(*blob));
  while (digest.ends_with('=')) digest.pop_back();
  out.fingerprint = "SHA256:" + digest;
  if (end != std::string_view::npos) out.comment = std::string(TrimBlanks(line.substr(end)));
  return true;
}

Status AccountCollector::ReadUsers(Named& users) {
  return ForEachEntry(root_, "/etc/passwd", 7, [&](const auto& fields) {
    ResourceObserved& user = EntryOf(users, "user", fields[0]);
    if (!user.keys.empty()) return;  // the first entry of a name counts
    user.keys.push_back({"uid", Value::Guess(CleanText(fields[2], 32))});
    user.keys.push_back({"gid", Value::Guess(CleanText(fields[3], 32))});
    AddText(user, "comment", fields[4]);
    AddText(user, "home", fields[5]);
    AddText(user, "shell", fields[6]);
  });
}

Status AccountCollector::ReadGroups(Named& groups, Named& users) {
  const Status read = ForEachEntry(root_, "/etc/group", 4, [&](const auto& fields) {
    ResourceObserved& group = EntryOf(groups, "group", fields[0]);
    if (!group.keys.empty()) return;
    group.keys.push_back({"gid", Value::Guess(CleanText(fields[2], 32))});
    for (const std::string_view member : SplitAt(fields[3], ',')) {
      const auto user = users.find(ResourceNameOfPath(CleanText(TrimBlanks(member), 256)));
      if (user == users.end()) continue;
      AddText(user->second, "group[]", fields[0]);
      user->second.depends_on.push_back({"member_of", "group", group.resource.name, {}});
    }
  });
  if (read.code() == StatusCode::kNotFound) return Ok();
  return read;
}

void AccountCollector::ReadPasswords(Named& users) {
  const Status read = ForEachEntry(root_, "/etc/shadow", 2, [&](const auto& fields) {
    const auto user = users.find(ResourceNameOfPath(CleanText(fields[0], 256)));
    if (user == users.end()) return;
    std::vector<KeyValue>& keys = user->second.keys;
    const std::string_view hash = fields[1];
    if (hash.empty()) {
      keys.push_back({"password", Value::Text("none")});
    } else if (hash[0] == '!' || hash[0] == '*') {
      keys.push_back({"password", Value::Text("locked")});
    } else {
      keys.push_back({"password", Value::Secret(guard_.Fingerprint(hash))});
    }
    if (fields.size() > 4 && !fields[4].empty())
      keys.push_back({"max_days", Value::Guess(CleanText(fields[4], 32))});
    if (fields.size() > 7 && !fields[7].empty())
      keys.push_back({"expires", Value::Guess(CleanText(fields[7], 32))});
  });
  if (read.ok() || read.code() == StatusCode::kNotFound) return;
  for (auto& [name, user] : users) user.uncompared.push_back({"password", WhyUnread(read)});
}

void AccountCollector::ReadKeyFile(const std::string& path, ResourceObserved& user,
                                   std::map<std::string, ResourceObserved>& keys) {
  const auto text = root_.Read(path, kKeysBytesMax);
  if (text.status().code() == StatusCode::kNotFound) return;
  if (!text.ok()) {
    user.uncompared.push_back({"authorized_key[]", WhyUnread(text.status())});
    return;
  }
  CountBytes(text->size());
  LineReader lines(*text, /*join=*/false);
  std::string line;
  int unknown = 0;
  while (lines.Next(line)) {
    if (IsComment(TrimBlanks(line))) continue;
    AuthorizedKey key;
    if (!ReadAuthorizedKey(line, key)) {
      ++unknown;
      continue;
    }
    if (keys.size() >= kKeysMax) break;
    ResourceObserved& observed = keys[user.resource.name + " " + key.fingerprint];
    if (!observed.keys.empty()) continue;
    observed.resource = {{}, "authorized_key", user.resource.name + " " + key.fingerprint};
    AddText(observed, "type", key.type);
    if (!key.options.empty()) AddText(observed, "options", key.options);
    if (!key.comment.empty()) AddText(observed, "comment", key.comment);
    guard_.Protect(observed.keys, {.known_format = true});
    AddText(observed, "file", path);
    observed.depends_on.push_back({"admits", "user", user.resource.name, {}});
    Canonicalize(observed.keys);
  }
  if (unknown > 0)
    user.uncompared.push_back(
        {"authorized_key[]", std::to_string(unknown) + " lines are not understood"});
}

void AccountCollector::ReadKeys(Named& users, std::vector<ResourceObserved>& out) {
  std::map<std::string, ResourceObserved> keys;
  std::set<std::string> homes;
  for (auto& [name, user] : users) {
    std::string home;
    for (const KeyValue& key : user.keys)
      if (key.path == "home") home = key.value.text;
    // System accounts share homes such as "/" and "/nonexistent": each folder is read once.
    if (home.size() < 2 || home[0] != '/' || !homes.insert(home).second) continue;
    for (const char* file : {"/.ssh/authorized_keys", "/.ssh/authorized_keys2"})
      ReadKeyFile(home + file, user, keys);
  }
  for (auto& [name, key] : keys) out.push_back(std::move(key));
}

void AccountCollector::AddSudoRules(Named& users, Named& groups) {
  std::vector<std::string> files = {"/etc/sudoers"};
  (void)root_.List("/etc/sudoers.d", [&](const std::string& name, unsigned char) {
    if (name.find('.') == std::string::npos && !name.ends_with('~'))
      files.push_back("/etc/sudoers.d/" + name);
  });
  std::sort(files.begin() + 1, files.end());
  for (const std::string& file : files) {
    const auto text = root_.Read(file, kKeysBytesMax);
    if (!text.ok()) continue;  // the file collector says why
    LineReader lines(*text);
    std::string line;
    while (lines.Next(line)) {
      const std::string rule = SquashBlanks(line);
      const size_t end = rule.find(' ');
      if (IsComment(rule) || end == std::string::npos || rule[0] == '@') continue;
      const bool is_group = rule[0] == '%';
      auto& among = is_group ? groups : users;
      const auto found = among.find(rule.substr(is_group ? 1 : 0, end - (is_group ? 1 : 0)));
      if (found == among.end() || found->second.context.size() > 64) continue;
      found->second.context.push_back(
          {"sudo[]", Value::Text(CleanText(WithoutSecrets(rule.substr(end + 1)), kTextMax))});
      found->second.depends_on.push_back({"granted_by", "file", file, {}});
    }
  }
}

Status AccountCollector::ReadAll(std::vector<ResourceObserved>& out) {
  Named users, groups;
  const Status read = ReadUsers(users);
  if (read.code() == StatusCode::kNotFound) return Ok();  // a root without accounts
  DRIFTCAST_RETURN_IF_ERROR(read);
  const Status groups_read = ReadGroups(groups, users);
  ReadPasswords(users);
  AddSudoRules(users, groups);
  ReadKeys(users, out);
  for (Named* all : {&users, &groups})
    for (auto& [name, observed] : *all) {
      Canonicalize(observed.keys);
      Canonicalize(observed.context);
      std::vector<UncomparedKey>& missing = observed.uncompared;
      std::sort(missing.begin(), missing.end());
      missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
      std::sort(observed.depends_on.begin(), observed.depends_on.end());
      observed.depends_on.erase(std::unique(observed.depends_on.begin(), observed.depends_on.end()),
                                observed.depends_on.end());
      out.push_back(std::move(observed));
    }
  return groups_read;
}

std::vector<WatchedPlace> AccountCollector::Places() const {
  std::vector<WatchedPlace> places = {{"/etc", false}};
  std::set<std::string> homes;
  (void)ForEachEntry(root_, "/etc/passwd", 7, [&](const auto& fields) {
    const std::string home(fields[5]);
    if (home.size() > 1 && home[0] == '/' && home.find("..") == std::string::npos &&
        root_.Stat(home + "/.ssh").ok())
      homes.insert(home + "/.ssh");
  });
  for (const std::string& home : homes) places.push_back({home, false});
  return places;
}

Reaction AccountCollector::OnPath(const std::string& path) const {
  const bool table = path == "/etc/passwd" || path == "/etc/group" || path == "/etc/shadow" ||
                     path == "/etc/sudoers" || path.starts_with("/etc/sudoers.d/");
  return {.scan = table || path.ends_with("/.ssh/authorized_keys") ||
                  path.ends_with("/.ssh/authorized_keys2"),
          .names = {}};
}

std::vector<std::string> AccountCollector::FilesOf(const ResourceObserved& observed) const {
  if (observed.resource.kind == "user") return {"/etc/passwd", "/etc/shadow", "/etc/group"};
  if (observed.resource.kind == "group") return {"/etc/group"};
  for (const KeyValue& key : observed.keys)
    if (key.path == "file") return {key.value.text};
  return {};
}

}  // namespace driftcast
