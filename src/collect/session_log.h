// Logins and uses of sudo and su, as the host wrote them down: parsers, without disk. Any bytes are
// accepted; what is not of the format is skipped.
#ifndef DRIFTCAST_COLLECT_SESSION_LOG_H_
#define DRIFTCAST_COLLECT_SESSION_LOG_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace driftcast {

// A session on a terminal or over the network, from wtmp (utmp(5), the records of glibc on 64-bit
// machines).
struct LoginSession {
  std::string user, line;  // "alice", "pts/0"
  bool remote = false;     // from another host
  Instant started_at;
  std::optional<Instant> ended_at;  // none: it lasts
};

// In the order in which they began.
std::vector<LoginSession> ParseWtmp(std::string_view bytes);

// Somebody became somebody else.
struct Elevation {
  Instant at;
  std::string tool;     // "sudo" or "su"
  std::string by;       // who
  std::string as;       // whom
  std::string program;  // of sudo: the path alone, its arguments may hold secrets; empty = a shell
};

// One message of "sudo" or "su", as they log it; `at` stays empty. None for refused attempts and
// all else.
std::optional<Elevation> ReadElevation(std::string_view tool, std::string_view message);

// Lines of auth.log, in either of rsyslog's forms ("2026-05-01T12:00:00.1+02:00 host sudo: ..." or
// "May  1 12:00:00 host sudo: ..."). The second form tells neither year nor zone: `local` reads
// "2026-05-01 12:00:00" as the host's clock meant it, and the year is the last in which the time is
// not after `now`. Refused attempts are not elevations.
std::vector<Elevation> ParseAuthLog(
    std::string_view text, Instant now,
    const std::function<std::optional<Instant>(std::string_view)>& local);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SESSION_LOG_H_
