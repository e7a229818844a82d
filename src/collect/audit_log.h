// The log of Linux's audit daemon: who changed which file, who logged in, who became somebody else.
//
// A line is one record: "type=PATH msg=audit(1364481363.243:24287): item=0 name="/etc/hosts" ...".
// Those with one serial are one event. Values that hold blanks, quotes or control characters are
// hexadecimal. Any bytes are accepted; what is not of the format is skipped and counted.
#ifndef DRIFTCAST_COLLECT_AUDIT_LOG_H_
#define DRIFTCAST_COLLECT_AUDIT_LOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "collect/file_touch.h"

namespace driftcast {

struct AuditRecord {
  std::string type;  // "SYSCALL"
  Instant at;
  uint64_t serial = 0;
  // The first of each name, and those inside msg='...'; as written, quotes included.
  std::map<std::string, std::string, std::less<>> fields;

  // The value in words: without quotes, hexadecimal ones decoded. Empty when it is not there or
  // "(null)" or "?".
  std::string Text(std::string_view name) const;
  // nullopt when it is not there, no number, or "not set" (4294967295).
  std::optional<int64_t> Number(std::string_view name) const;
};

// False when the line is no record.
bool ReadAuditRecord(std::string_view line, AuditRecord& out);

// A login, or a use of sudo, by user ids: the caller has the names.
struct AuditActivity {
  enum class Kind : uint8_t { kLogin, kLogout, kSudo };
  Kind kind = Kind::kLogin;
  Instant at;
  int64_t uid = -1;      // who: of sudo the one who uses it
  int64_t session = -1;  // of a login and its end
  std::string terminal;
  bool remote = false;  // from another host
  std::string program;  // of sudo: the path alone, its arguments may hold secrets
};

// Puts records together to events. Bounded: of events whose records are not all there at most 256
// are kept, the newest. Not thread-safe.
//
// Changes are successful system calls that write, create, rename, remove or re-own files: what the
// site's audit rules watch (-w /etc -p wa). On machines other than x86-64 and 64-bit ARM the call
// is not known, and a touch is not exact.
class AuditEvents {
 public:
  void Take(std::string_view line);

  // What is new since the last call, in the order of the log. An event of which more may come is
  // told as it is, and told again when more has come.
  std::vector<FileTouch> TakeTouches();
  std::vector<AuditActivity> TakeActivities();

  uint64_t records() const { return records_; }
  uint64_t garbage() const { return garbage_; }  // lines that are no records

 private:
  struct Event {
    bool changed = false;  // since it was told
    AuditRecord call;      // SYSCALL; without a type until it is seen
    std::string folder;    // CWD
    std::vector<AuditRecord> paths;
    std::string arguments;  // PROCTITLE
  };
  void TakePart(AuditRecord record);
  void TakeActivity(const AuditRecord& record);

  std::map<uint64_t, Event> events_;  // by serial
  std::vector<AuditActivity> activities_;
  uint64_t records_ = 0, garbage_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_AUDIT_LOG_H_
