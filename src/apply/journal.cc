#include "apply/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/crypto.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kLogBytesMax = 64 << 20;

fs::path FolderOf(const fs::path& data, const PlanId& plan) { return data / "plans" / plan.value; }

// Ids become folder names.
Status ValidatePlanId(const PlanId& plan) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (plan.empty() || plan.value.size() > 128 || !std::ranges::all_of(plan.value, plain))
    return InvalidArgument("'{}' is no plan id", plan.value.substr(0, 80));
  return Ok();
}

Status MakeFolder(const fs::path& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) return SyncFolder(folder.parent_path());
  if (errno == EEXIST) return Ok();
  return ErrnoStatus(errno, folder.string());
}

Status WriteWhole(int fd, std::string_view bytes) {
  const ssize_t n = write(fd, bytes.data(), bytes.size());
  if (n < 0) return ErrnoStatus(errno, "the log of the plan");
  if (static_cast<size_t>(n) != bytes.size())
    return ResourceExhausted("the log of the plan could not be written whole");
  return Ok();
}

PlanState StateNamed(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(PlanState::kExpired); ++i)
    if (name == PlanStateName(static_cast<PlanState>(i))) return static_cast<PlanState>(i);
  return PlanState::kUnclear;
}

Status ReadRecord(const fs::path& data, const json& record, JournalContent& out) {
  const std::string what = record.value("record", "");
  if (what == "begin") {
    out.expires_at = FromUnixMicros(record.value("expires_at_us", int64_t{0}));
    out.hash = record.value("hash", "");
  } else if (what == "undo") {
    DRIFTCAST_ASSIGN_OR_RETURN(auto undo, UndoFromJson(data, record.at("undo")));
    out.undos.emplace_back(record.value("step", size_t{0}), std::move(undo));
  } else if (what == "done") {
    out.done.push_back(record.value("step", size_t{0}));
  } else if (what == "again") {
    out.undos.clear();
    out.done.clear();
    out.end = PlanState::kRunning;
    out.detail.clear();
  } else if (what == "end") {
    out.end = StateNamed(record.value("state", ""));
    out.detail = record.value("detail", "");
  } else {
    return DataLoss("a record of an unknown kind");
  }
  return Ok();
}

Status ReadLine(const fs::path& data, std::string_view line, JournalContent& out) {
  const json record = json::parse(line, nullptr, false);
  if (!record.is_object()) return DataLoss("a line is no JSON object");
  try {
    return ReadRecord(data, record, out);
  } catch (const json::exception& e) {
    return DataLoss("a record has the wrong form: {}", e.what());
  }
}

}  // namespace

StatusOr<Journal> Journal::Begin(const fs::path& data, const RemediationPlan& plan) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePlanId(plan.id));
  DRIFTCAST_RETURN_IF_ERROR(MakeFolder(data / "plans"));
  const fs::path folder = FolderOf(data, plan.id);
  // Being able to make the folder is the right to carry the plan out, once.
  if (mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST)
      return AlreadyExists("plan {} was carried out before and is not repeated", plan.id.value);
    return ErrnoStatus(errno, folder.string());
  }
  DRIFTCAST_RETURN_IF_ERROR(SyncFolder(folder.parent_path()));
  FileDescriptor fd(
      open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return ErrnoStatus(errno, (folder / "log").string());
  DRIFTCAST_RETURN_IF_ERROR(SyncFolder(folder));
  Journal journal(data, std::move(fd));
  DRIFTCAST_RETURN_IF_ERROR(journal.Append({{"record", "begin"},
                                            {"plan", plan.id.value},
                                            {"hash", plan.hash},
                                            {"steps", plan.steps.size()},
                                            {"expires_at_us", ToUnixMicros(plan.expires_at)}}));
  return journal;
}

StatusOr<Journal> Journal::Reopen(const fs::path& data, const PlanId& plan) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePlanId(plan));
  const fs::path log = FolderOf(data, plan) / "log";
  FileDescriptor fd(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return ErrnoStatus(errno, log.string());
  Journal journal(data, std::move(fd));
  // A torn last line must not swallow the next record.
  DRIFTCAST_RETURN_IF_ERROR(WriteWhole(journal.fd_.get(), "\n"));
  return journal;
}

StatusOr<Journal> Journal::BeginAgain(const fs::path& data, const PlanId& plan) {
  DRIFTCAST_ASSIGN_OR_RETURN(Journal journal, Reopen(data, plan));
  DRIFTCAST_RETURN_IF_ERROR(journal.Append({{"record", "again"}}));
  return journal;
}

Status Journal::Append(const json& record) {
  const std::string line = record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  DRIFTCAST_RETURN_IF_ERROR(WriteWhole(fd_.get(), line));
  if (fsync(fd_.get()) != 0) return ErrnoStatus(errno, "the log of the plan");
  return Ok();
}

Status Journal::AddUndo(size_t step, const Undo& undo) {
  json record = {{"record", "undo"}, {"step", step}};
  DRIFTCAST_ASSIGN_OR_RETURN(record["undo"], UndoToJson(data_, undo));
  return Append(record);
}

Status Journal::AddDone(size_t step) { return Append({{"record", "done"}, {"step", step}}); }

Status Journal::End(PlanState state, const std::string& detail) {
  return Append({{"record", "end"}, {"state", PlanStateName(state)}, {"detail", detail}});
}

StatusOr<JournalContent> ReadJournal(const fs::path& data, const PlanId& plan) {
  DRIFTCAST_RETURN_IF_ERROR(ValidatePlanId(plan));
  auto text = ReadFile(FolderOf(data, plan) / "log", kLogBytesMax);
  // Killed right at the start: nothing was changed.
  if (text.status().code() == StatusCode::kNotFound) return ParseJournal(data, plan, "");
  if (!text.ok()) return text.status();
  return ParseJournal(data, plan, *text);
}

StatusOr<JournalContent> ParseJournal(const fs::path& data, const PlanId& plan,
                                      std::string_view text) {
  JournalContent out;
  out.plan = plan;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // A line that was cut by a crash announces nothing.
    if (!json::accept(line)) continue;
    DRIFTCAST_RETURN_IF_ERROR(Annotate(ReadLine(data, line, out), "log of plan " + plan.value));
  }
  return out;
}

StatusOr<std::vector<PlanId>> ListJournals(const fs::path& data) {
  std::vector<PlanId> plans;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data / "plans", error))
    if (entry.is_directory(error)) plans.emplace_back(entry.path().filename().string());
  if (error && error != std::errc::no_such_file_or_directory)
    return Internal("{}: {}", (data / "plans").string(), error.message());
  std::ranges::sort(plans);
  return plans;
}

Status PruneJournals(const fs::path& data, Instant now, Duration age) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto plans, ListJournals(data));
  std::set<std::string> mentioned;
  std::error_code error;
  for (const auto& plan : plans) {
    const auto content = ReadJournal(data, plan);
    if (!content.ok()) return Ok();  // what cannot be read is not thrown away, nor what it needs
    if (IsFinal(content->end) && content->end != PlanState::kUnclear &&
        content->expires_at + age < now) {
      fs::remove_all(FolderOf(data, plan), error);
      continue;
    }
    for (const auto& [step, undo] : content->undos)
      if (undo.before.exists) mentioned.insert(Hex(Sha256(undo.before.content)));
  }
  const auto oldest = fs::file_time_type::clock::now() - age;
  for (const auto& entry : fs::directory_iterator(data / "kept", error))
    if (!mentioned.contains(entry.path().filename().string()) &&
        entry.last_write_time(error) < oldest)
      fs::remove(entry.path(), error);
  return Ok();
}

StatusOr<FileDescriptor> LockData(const fs::path& data, Duration patience) {
  DRIFTCAST_RETURN_IF_ERROR(MakeFolder(data));
  FileDescriptor fd(open((data / "lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return ErrnoStatus(errno, (data / "lock").string());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= deadline)
      return ResourceExhausted("another plan is being carried out on this host");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return fd;
}

StatusOr<std::string> KeepContent(const fs::path& data, const std::string& content) {
  DRIFTCAST_RETURN_IF_ERROR(MakeFolder(data / "kept"));
  const std::string digest = Hex(Sha256(content));
  const fs::path path = data / "kept" / digest;
  if (KeptContent(data, digest).ok()) {
    // Seen again: its age starts anew.
    std::error_code error;
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);
    return digest;
  }
  DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(path, content, 0600));
  return digest;
}

StatusOr<std::string> KeptLine(const fs::path& data,
                               const std::function<std::string(const std::string&)>& find) {
  std::vector<std::pair<fs::file_time_type, std::string>> kept;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data / "kept", error))
    kept.emplace_back(entry.last_write_time(error), entry.path().filename().string());
  std::ranges::sort(kept, std::greater<>());
  for (const auto& [time, digest] : kept) {
    const auto content = KeptContent(data, digest);
    if (!content.ok()) continue;
    if (std::string line = find(*content); !line.empty()) return line;
  }
  return NotFound("nothing of the kind is kept on this host");
}

StatusOr<std::string> KeptContent(const fs::path& data, const std::string& digest) {
  if (!FromHex(digest).ok() || digest.size() != 64)
    return InvalidArgument("'{}' is no SHA-256", digest.substr(0, 80));
  auto content = ReadFile(data / "kept" / digest, kFileBytesMax);
  if (content.status().code() == StatusCode::kNotFound)
    return NotFound("no content with digest {} is kept on this host", digest);
  if (!content.ok()) return content.status();
  if (Hex(Sha256(*content)) != digest) return DataLoss("the kept content {} is damaged", digest);
  return content;
}

}  // namespace driftcast
