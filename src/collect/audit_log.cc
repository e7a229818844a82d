#include "collect/audit_log.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr size_t kEventsMax = 256;
constexpr size_t kActivitiesMax = 4096;  // between two calls of TakeActivities
constexpr size_t kFieldsMax = 64;
constexpr size_t kPathMax = 4096;
constexpr size_t kArgumentsMax = 512;
constexpr int64_t kUnset = 0xFFFFFFFF;

template <typename Number>
std::optional<Number> ToNumber(std::string_view text, int base = 10) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::string> FromHex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const auto byte = ToNumber<uint8_t>(text.substr(i, 2), 16);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

// Takes "name=value" from the front; values in quotes of either kind hold blanks.
bool TakeField(std::string_view& text, std::string_view& name, std::string_view& value) {
  const size_t begin = text.find_first_not_of(" \x1d,");
  if (begin == std::string_view::npos) return false;
  text.remove_prefix(begin);
  const size_t equals = text.find_first_of("= \x1d");
  name = text.substr(0, equals);
  value = {};
  if (equals == std::string_view::npos || text[equals] != '=') {
    text.remove_prefix(std::min(name.size(), text.size()));
    return true;
  }
  text.remove_prefix(equals + 1);
  size_t end = text.find_first_of(" \x1d");
  if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
    const size_t close = text.find(text[0], 1);
    end = close == std::string_view::npos ? close : close + 1;
  }
  value = text.substr(0, end);
  text.remove_prefix(value.size());
  return true;
}

void TakeFields(std::string_view text, AuditRecord& out, bool inside = false) {
  std::string_view name, value;
  while (out.fields.size() < kFieldsMax && TakeField(text, name, value)) {
    if (name == "msg" && value.size() >= 2 && value[0] == '\'' && !inside) {
      TakeFields(value.substr(1, value.size() - 2), out, true);
    } else if (!name.empty() && !value.empty()) {
      out.fields.try_emplace(std::string(name), value);
    }
  }
}

// "1364481363.243:24287".
bool ReadStamp(std::string_view text, AuditRecord& out) {
  const size_t dot = text.find('.'), colon = text.find(':');
  if (dot == text.npos || colon == text.npos || colon < dot) return false;
  const auto seconds = ToNumber<int64_t>(text.substr(0, dot));
  const auto millis = ToNumber<int64_t>(text.substr(dot + 1, colon - dot - 1));
  const auto serial = ToNumber<uint64_t>(text.substr(colon + 1));
  constexpr int64_t kSecondsMax = 253'402'300'799;  // the year 9999
  if (!seconds || !millis || !serial || *seconds < 0 || *seconds > kSecondsMax || *millis < 0 ||
      *millis > 999)
    return false;
  out.at = FromUnixMicros(*seconds * 1'000'000 + *millis * 1000);
  out.serial = *serial;
  return true;
}

// By the numbers of x86-64 and of 64-bit ARM: opens, with the argument that holds the flags, and
// calls that change a file whenever they succeed.
enum class Writes { kYes, kNo, kUnknown };
struct Open {
  int64_t call;
  const char* flags;
};
constexpr std::array kOpensX86 = {Open{2, "a1"}, Open{257, "a2"}, Open{437, ""}};
constexpr std::array kOpensArm = {Open{56, "a2"}, Open{437, ""}};
constexpr std::array<int64_t, 35> kChangesX86 = {
    76,  77,  82,  83,  84,  85,  86,  87,  88,  90,  91,  92,  93,  94,  132, 133, 188, 189,
    190, 197, 198, 199, 235, 258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 316, 452};
constexpr std::array<int64_t, 22> kChangesArm = {5,  6,  7,  14, 15, 16, 33, 34, 35, 36,  37,
                                                 38, 45, 46, 47, 52, 53, 54, 55, 88, 276, 452};

template <typename Opens, typename Changes>
Writes WritesOf(const AuditRecord& call, int64_t number, const Opens& opens,
                const Changes& changes) {
  if (std::find(changes.begin(), changes.end(), number) != changes.end()) return Writes::kYes;
  for (const Open& open : opens) {
    if (open.call != number) continue;
    const auto flags = ToNumber<uint64_t>(open.flags[0] ? call.Text(open.flags) : "", 16);
    if (!flags) return Writes::kUnknown;
    constexpr uint64_t kAccess = 3, kCreate = 0100, kTruncate = 01000;
    return (*flags & (kAccess | kCreate | kTruncate)) != 0 ? Writes::kYes : Writes::kNo;
  }
  return Writes::kNo;
}

Writes WritesOf(const AuditRecord& call) {
  const auto number = call.Number("syscall");
  if (!number) return Writes::kUnknown;
  const std::string machine = call.Text("arch");
  if (machine == "c000003e") return WritesOf(call, *number, kOpensX86, kChangesX86);
  if (machine == "c00000b7") return WritesOf(call, *number, kOpensArm, kChangesArm);
  return Writes::kUnknown;
}

// "/etc" and "hosts" -> "/etc/hosts"; "." and ".." are worked out. Empty when it cannot be.
std::string Join(const std::string& folder, const std::string& name) {
  const std::string whole = name.starts_with('/') ? name : folder + "/" + name;
  if (!whole.starts_with('/') || whole.size() > kPathMax) return "";
  std::vector<std::string_view> parts;
  std::string_view rest = whole;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  std::string path;
  for (const std::string_view part : parts) (path += '/') += part;
  return path;
}

// Opened by a folder's descriptor the name may be relative to a folder that no record tells; then
// the folder named by the PARENT record is believed when it is absolute.
std::string FolderOf(const AuditRecord& call, const std::string& working,
                     const std::vector<AuditRecord>& paths) {
  for (const AuditRecord& path : paths)
    if (path.Text("nametype") == "PARENT" && path.Text("name").starts_with('/'))
      return path.Text("name");
  const std::string at = call.Text("a0");
  const auto number = call.Number("syscall");
  if (!number || at == "ffffff9c" || at == "ffffffffffffff9c") return working;
  constexpr std::array<int64_t, 5> kByPathArm = {5, 6, 14, 15, 45};
  const bool by_path =
      call.Text("arch") == "c000003e"
          ? *number < 257
          : std::find(kByPathArm.begin(), kByPathArm.end(), *number) != kByPathArm.end();
  return by_path ? working : "";
}

}  // namespace

std::string AuditRecord::Text(std::string_view name) const {
  const auto found = fields.find(name);
  if (found == fields.end()) return "";
  const std::string_view value = found->second;
  if (value == "(null)" || value == "?") return "";
  if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
    return std::string(value.substr(1, value.size() - 2));
  // What could be hexadecimal is so only where the kernel would have written it in quotes.
  constexpr std::array<std::string_view, 10> kUntrusted = {
      "name", "cwd", "comm", "exe", "proctitle", "cmd", "acct", "key", "data", "path"};
  if (std::find(kUntrusted.begin(), kUntrusted.end(), name) != kUntrusted.end())
    if (auto decoded = FromHex(value)) return *std::move(decoded);
  return std::string(value);
}

std::optional<int64_t> AuditRecord::Number(std::string_view name) const {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  const auto value = ToNumber<int64_t>(found->second);
  return !value || *value == kUnset || *value < 0 ? std::nullopt : value;
}

bool ReadAuditRecord(std::string_view line, AuditRecord& out) {
  out = {};
  if (line.starts_with("node=")) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
  constexpr std::string_view kType = "type=", kStamp = " msg=audit(";
  if (!line.starts_with(kType)) return false;
  const size_t stamp = line.find(kStamp);
  if (stamp == line.npos) return false;
  out.type = line.substr(kType.size(), stamp - kType.size());
  const size_t close = line.find(')', stamp);
  if (close == line.npos || out.type.empty() || out.type.size() > 64 ||
      !ReadStamp(line.substr(stamp + kStamp.size(), close - stamp - kStamp.size()), out))
    return false;
  line.remove_prefix(close + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (line.starts_with(':')) line.remove_prefix(1);
  TakeFields(line, out);
  return true;
}

void AuditEvents::Take(std::string_view line) {
  AuditRecord record;
  if (!ReadAuditRecord(line, record)) {
    garbage_ += !line.empty();
    return;
  }
  ++records_;
  if (record.type.starts_with("USER_") || record.type == "LOGIN") {
    TakeActivity(record);
  } else if (record.type == "SYSCALL" || record.type == "CWD" || record.type == "PATH" ||
             record.type == "PROCTITLE") {
    TakePart(std::move(record));
  }
}

void AuditEvents::TakePart(AuditRecord record) {
  Event& event = events_[record.serial];
  event.changed = true;
  if (record.type == "CWD") {
    event.folder = record.Text("cwd");
  } else if (record.type == "PROCTITLE") {
    event.arguments = record.Text("proctitle");
    std::replace(event.arguments.begin(), event.arguments.end(), '\0', ' ');
  } else if (record.type == "SYSCALL") {
    event.call = std::move(record);
  } else if (event.paths.size() < kTouchPathsMax) {
    event.paths.push_back(std::move(record));
  }
  if (events_.size() > kEventsMax) events_.erase(events_.begin());
}

std::vector<FileTouch> AuditEvents::TakeTouches() {
  std::vector<FileTouch> touches;
  for (auto& [serial, event] : events_) {
    if (!event.changed || event.call.type.empty() || event.paths.empty()) continue;
    event.changed = false;
    const AuditRecord& call = event.call;
    const Writes writes = WritesOf(call);
    if (call.Text("success") == "no" || writes == Writes::kNo) continue;
    FileTouch touch;
    touch.at = call.at;
    touch.exact = writes == Writes::kYes;
    const std::string folder = FolderOf(call, event.folder, event.paths);
    for (const AuditRecord& path : event.paths) {
      const std::string name = path.Text("name"), type = path.Text("nametype");
      if (name.empty() || type == "PARENT" || type == "UNKNOWN") continue;
      if (std::string whole = Join(folder, name); !whole.empty())
        touch.paths.push_back(std::move(whole));
    }
    if (touch.paths.empty()) continue;
    touch.pid = static_cast<uint32_t>(call.Number("pid").value_or(0));
    touch.parent = static_cast<uint32_t>(call.Number("ppid").value_or(0));
    touch.uid = call.Number("uid").value_or(-1);
    touch.login_uid = call.Number("auid").value_or(-1);
    touch.session = call.Number("ses").value_or(-1);
    touch.terminal = call.Text("tty") == "(none)" ? "" : CleanText(call.Text("tty"), 32);
    touch.command = CleanText(call.Text("comm"), 64);
    touch.arguments = CleanText(event.arguments, kArgumentsMax);
    touches.push_back(std::move(touch));
  }
  return touches;
}

// "USER_LOGIN ... auid=1000 ses=3 msg='op=login id=1000 exe="/usr/sbin/sshd" addr=10.0.0.1
// terminal=/dev/pts/0 res=success'".
void AuditEvents::TakeActivity(const AuditRecord& record) {
  AuditActivity activity;
  activity.at = record.at;
  activity.uid = record.Number("auid").value_or(-1);
  activity.session = record.Number("ses").value_or(-1);
  activity.terminal = CleanText(record.Text("terminal"), 64);
  const std::string address = record.Text("addr");
  activity.remote = !address.empty() && address != "127.0.0.1" && address != "::1";
  if (record.Text("res") != "success" && record.Text("res") != "1") return;
  if (record.type == "USER_LOGIN") {
    activity.kind = AuditActivity::Kind::kLogin;
    if (const auto id = record.Number("id")) activity.uid = *id;
  } else if (record.type == "USER_LOGOUT") {
    activity.kind = AuditActivity::Kind::kLogout;
  } else if (record.type == "USER_CMD") {
    activity.kind = AuditActivity::Kind::kSudo;
    const std::string command = record.Text("cmd");
    activity.program = CleanText(command.substr(0, command.find_first_of(" \t")), 200);
    // Who logged in, else as whom sudo was called.
    if (activity.uid < 0) activity.uid = record.Number("uid").value_or(-1);
  } else {
    return;
  }
  if (activity.uid < 0 || (activity.kind != AuditActivity::Kind::kSudo && activity.session < 0))
    return;
  if (activities_.size() >= kActivitiesMax) activities_.erase(activities_.begin());
  activities_.push_back(std::move(activity));
}

std::vector<AuditActivity> AuditEvents::TakeActivities() { return std::exchange(activities_, {}); }

}  // namespace driftcast
