// Logins and uses of sudo and su out of the journal of systemd, for hosts that keep no wtmp or
// auth.log (Debian 12 as it is installed has no auth.log).
//
// The journal is read through sd-journal(3), from a cursor: a call costs what was written since the
// last one, at most kEntriesMax entries of the few kinds that are asked for; what is beyond waits
// for the next. It is open only during a call, so that its mapped files are not kept in memory.
// Texts and fields come from whoever may log, as those of auth.log do: entries whose program is
// known to be another (_EXE, of the kernel) are passed over. Not thread-safe.
#ifndef DRIFTCAST_COLLECT_SESSION_JOURNAL_H_
#define DRIFTCAST_COLLECT_SESSION_JOURNAL_H_

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "collect/host_root.h"
#include "collect/session_log.h"

namespace driftcast {

// What is asked of one entry; absent fields are empty.
struct JournalEntry {
  Instant at;
  std::string identifier;             // SYSLOG_IDENTIFIER
  std::string message;                // at most 4 KiB
  std::string message_id;             // hex
  std::string session, user, leader;  // of systemd-logind: SESSION_ID, USER_ID, LEADER
  std::string pid, program;           // _PID; _EXE
};

// Puts entries together. Bounded: it remembers the newest 1,000 sessions that last and the newest
// 256 processes of sshd that admitted somebody.
class JournalSessions {
 public:
  void Take(const JournalEntry& entry, std::vector<LoginSession>& logins,
            std::vector<Elevation>& elevations);

 private:
  std::map<std::string, LoginSession> open_;  // by id of the session
  std::deque<std::string> admitted_;          // process ids of sshd
};

class SessionJournal {
 public:
  static constexpr size_t kEntriesMax = 20000;

  explicit SessionJournal(const HostRoot& root) : root_(root) {}

  struct News {
    std::vector<LoginSession> logins;  // begun, and those told before that have ended
    std::vector<Elevation> elevations;
  };
  // What was written since the last call; at first, since `since`. NotFound: the host has no
  // journal that can be read.
  StatusOr<News> Read(Instant since);

 private:
  const HostRoot& root_;
  JournalSessions sessions_;
  std::string cursor_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SESSION_JOURNAL_H_
