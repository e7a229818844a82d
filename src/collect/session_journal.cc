#include "collect/session_journal.h"

#include <systemd/sd-journal.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "collect/parse.h"

namespace driftcast {
namespace {

// Ids of messages of systemd-logind (systemd/sd-messages.h).
constexpr std::string_view kSessionStart = "8d45620c1a4348dbb17410da57c60c66";
constexpr std::string_view kSessionStop = "3354939424b4456d9802ca8333ed424a";
constexpr size_t kFieldBytesMax = 4096;
constexpr size_t kNameMax = 64;
constexpr size_t kOpenMax = 1000;
constexpr size_t kAdmittedMax = 256;

struct JournalCloser {
  void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, JournalCloser>;

std::string FieldOf(sd_journal* journal, std::string_view name) {
  const void* data = nullptr;
  size_t size = 0;
  if (sd_journal_get_data(journal, std::string(name).c_str(), &data, &size) < 0) return "";
  const std::string_view text(static_cast<const char*>(data), size);
  return text.size() <= name.size() ? "" : std::string(text.substr(name.size() + 1));
}

JournalEntry EntryOf(sd_journal* journal) {
  JournalEntry entry;
  uint64_t micros = 0;
  if (sd_journal_get_realtime_usec(journal, &micros) >= 0)
    entry.at = FromUnixMicros(static_cast<int64_t>(micros));
  entry.identifier = FieldOf(journal, "SYSLOG_IDENTIFIER");
  entry.message = FieldOf(journal, "MESSAGE");
  entry.message_id = FieldOf(journal, "MESSAGE_ID");
  entry.session = FieldOf(journal, "SESSION_ID");
  entry.user = FieldOf(journal, "USER_ID");
  entry.leader = FieldOf(journal, "LEADER");
  entry.pid = FieldOf(journal, "_PID");
  entry.program = FieldOf(journal, "_EXE");
  return entry;
}

StatusOr<Journal> Open(const HostRoot& root) {
  sd_journal* journal = nullptr;
  const int error =
      root.is_machine()
          ? sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM)
          : sd_journal_open_directory(&journal, root.folder().c_str(), SD_JOURNAL_OS_ROOT);
  if (error < 0) return NotFound("no journal can be opened: error {}", -error);
  return Journal(journal);
}

// Only the entries that matter are gone through; sd-journal finds them by its index.
bool AskFor(sd_journal* journal) {
  const std::string start = "MESSAGE_ID=" + std::string(kSessionStart);
  const std::string stop = "MESSAGE_ID=" + std::string(kSessionStop);
  const auto match = [&](const std::string& text) {
    return sd_journal_add_match(journal, text.data(), text.size()) >= 0;
  };
  return match("SYSLOG_IDENTIFIER=sudo") && match("SYSLOG_IDENTIFIER=su") &&
         match("SYSLOG_IDENTIFIER=sshd") && match("SYSLOG_IDENTIFIER=sshd-session") &&
         sd_journal_add_disjunction(journal) >= 0 && match(start) && match(stop);
}

// To the place behind the last entry that was read; to the first at `since` when that is gone.
int Seek(sd_journal* journal, const std::string& cursor, Instant since) {
  if (!cursor.empty() && sd_journal_seek_cursor(journal, cursor.c_str()) >= 0 &&
      sd_journal_next(journal) > 0) {
    if (sd_journal_test_cursor(journal, cursor.c_str()) > 0) return sd_journal_next(journal);
    return 1;  // the cursor's own entry was rotated away: this is the next
  }
  if (!cursor.empty()) return 0;
  const int64_t micros = std::max<int64_t>(0, ToUnixMicros(since));
  if (sd_journal_seek_realtime_usec(journal, static_cast<uint64_t>(micros)) < 0) return -EIO;
  return sd_journal_next(journal);
}

bool IsProgram(const JournalEntry& entry, std::string_view name) {
  if (entry.identifier != name) return false;
  const std::string_view file =
      std::string_view(entry.program).substr(entry.program.rfind('/') + 1);
  return entry.program.empty() || file == name;
}

}  // namespace

void JournalSessions::Take(const JournalEntry& entry, std::vector<LoginSession>& logins,
                           std::vector<Elevation>& elevations) {
  if (IsProgram(entry, "sudo") || IsProgram(entry, "su")) {
    if (auto elevation = ReadElevation(entry.identifier, entry.message)) {
      elevation->at = entry.at;
      elevations.push_back(*std::move(elevation));
    }
  } else if (entry.identifier.starts_with("sshd") && entry.message.starts_with("Accepted ")) {
    admitted_.push_back(entry.pid);
    if (admitted_.size() > kAdmittedMax) admitted_.pop_front();
  } else if (entry.message_id == kSessionStart && !entry.session.empty() && !entry.user.empty()) {
    LoginSession session;
    session.user = CleanText(entry.user, kNameMax);
    session.line = "session " + CleanText(entry.session, kNameMax);
    session.remote = !entry.leader.empty() &&
                     std::find(admitted_.begin(), admitted_.end(), entry.leader) != admitted_.end();
    session.started_at = entry.at;
    if (open_.size() == kOpenMax) open_.clear();
    open_[entry.session] = session;
    logins.push_back(std::move(session));
  } else if (entry.message_id == kSessionStop) {
    const auto found = open_.find(entry.session);
    if (found == open_.end()) return;
    found->second.ended_at = std::max(entry.at, found->second.started_at);
    logins.push_back(std::move(found->second));
    open_.erase(found);
  }
}

StatusOr<SessionJournal::News> SessionJournal::Read(Instant since) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Journal journal, Open(root_));
  if (!AskFor(journal.get())) return Unavailable("the journal cannot be asked");
  sd_journal_set_data_threshold(journal.get(), kFieldBytesMax);
  News news;
  size_t entries = 0;
  for (int found = Seek(journal.get(), cursor_, since); found > 0 && entries < kEntriesMax;
       found = sd_journal_next(journal.get())) {
    sessions_.Take(EntryOf(journal.get()), news.logins, news.elevations);
    ++entries;
    char* cursor = nullptr;
    if (sd_journal_get_cursor(journal.get(), &cursor) < 0) continue;
    cursor_ = cursor;
    std::free(cursor);
  }
  return news;
}

}  // namespace driftcast
