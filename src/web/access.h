// Who is asking, and what may they do: one-time links, sessions, API tokens.
//
// - A one-time link (`/login?token=...`) opens a session once, within its time. `./up` prints one.
// - A session is a cookie (HttpOnly, SameSite=Strict). Requests that change something must carry
//   its CSRF token in a header too, which other sites can neither read nor set.
// - A password (web/users.h) or another provider's word (web/oidc.h) opens a session as well.
// - An API token is for scripts: `Authorization: Bearer ...`. The data folder holds one for the
//   commands of this machine, readable by its owner only.
// Secrets are 256 random bits; only their SHA-256 is kept, in the engine's settings
// ("web/link/...", "web/session/...", "web/token/..."), so that a copy of the store opens nothing.
#ifndef DRIFTCAST_WEB_ACCESS_H_
#define DRIFTCAST_WEB_ACCESS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "http/message.h"
#include "model/resource.h"
#include "web/engine_port.h"
#include "web/scope.h"

namespace driftcast {

// Each may do what those before it may, but kSender: it sends metrics and sees nothing, which
// kOperator and those behind it may too. Stored by name.
enum class Role : uint8_t { kSender = 0, kViewer = 1, kOperator = 2, kApprover = 3, kAdmin = 4 };
const char* RoleText(Role role);  // "viewer"
StatusOr<Role> ParseRole(const std::string& text);
inline bool MaySendMetrics(Role role) { return role == Role::kSender || role >= Role::kOperator; }

struct Caller {
  Principal principal;
  Role role = Role::kViewer;
  StackScope stacks;       // what of the fleet; empty = all
  std::string credential;  // key of the setting behind it: "web/session/..."
  std::string csrf_token;  // empty for API tokens
  Instant expires_at;      // epoch = never
};

// Who somebody is and what they may do.
struct Grant {
  Principal principal;
  Role role = Role::kViewer;
  StackScope stacks = {};
};

struct ApiToken {
  std::string id;
  std::string name;
  Role role = Role::kViewer;
  StackScope stacks;
  Instant created_at;
  Instant expires_at;    // epoch = never
  Instant last_used_at;  // epoch = never, or not since the engine started
  Principal created_by;
};

struct Secret {
  std::string text;  // given out once
  std::string id;    // of an API token
  Instant expires_at;
};

// Thread-safe.
class Access {
 public:
  static constexpr Duration kSessionLife = 12 * kHour;
  static constexpr Duration kLinkLife = kHour;
  static constexpr char kCookie[] = "driftcast_session";

  Access(EnginePort& engine, const Clock* clock) : engine_(engine), clock_(clock) {}

  // Reads what is kept. DataLoss when a record cannot be read.
  Status Load() DRIFTCAST_EXCLUDES(mutex_);

  StatusOr<Secret> MakeLink(const Principal& principal, Role role) DRIFTCAST_EXCLUDES(mutex_);

  // Spends a link. The secret is the cookie's value. Unauthenticated when the link is unknown, was
  // used or has expired; ResourceExhausted after many wrong ones.
  StatusOr<Secret> OpenSession(const std::string& link) DRIFTCAST_EXCLUDES(mutex_);
  // For somebody who has shown who they are in another way; `how` is for the audit log.
  StatusOr<Secret> OpenSession(const Grant& grant, const std::string& how)
      DRIFTCAST_EXCLUDES(mutex_);
  // Ends all of a person's sessions: their role, password or existence has changed.
  Status CloseSessionsOf(const Principal& principal) DRIFTCAST_EXCLUDES(mutex_);
  Status CloseSession(const Caller& caller) DRIFTCAST_EXCLUDES(mutex_);

  StatusOr<Secret> MakeToken(const std::string& name, Role role, const StackScope& stacks,
                             Instant expires_at, const Principal& by) DRIFTCAST_EXCLUDES(mutex_);
  // The token of this machine's own commands, with a secret that is already in a file.
  Status AdoptLocalToken(const std::string& secret) DRIFTCAST_EXCLUDES(mutex_);
  Status RevokeToken(const std::string& id, const Principal& by) DRIFTCAST_EXCLUDES(mutex_);
  std::vector<ApiToken> Tokens() const DRIFTCAST_EXCLUDES(mutex_);

  // Unauthenticated: no credential, or one that is not known here or has ended.
  // ResourceExhausted: too many wrong ones just now.
  StatusOr<Caller> Identify(const HttpRequest& request) DRIFTCAST_EXCLUDES(mutex_);
  // The same for the secret of an API token.
  StatusOr<Caller> IdentifyToken(const std::string& secret) DRIFTCAST_EXCLUDES(mutex_);
  // Still there and not expired?
  bool Stands(const std::string& credential) const DRIFTCAST_EXCLUDES(mutex_);

 private:
  struct Record {
    Principal principal;
    Role role = Role::kViewer;
    StackScope stacks;
    std::string id, name;  // of tokens
    Instant created_at;
    Instant expires_at;  // epoch = never
    Instant last_used_at;
    Principal created_by;
  };

  static std::string Encode(const Record& record);
  static StatusOr<Record> Decode(const std::string& text);
  Status Keep(const std::string& key, Record record) DRIFTCAST_EXCLUDES(mutex_);
  Status Drop(const std::string& key) DRIFTCAST_EXCLUDES(mutex_);
  std::optional<Record> Find(const std::string& key) const DRIFTCAST_EXCLUDES(mutex_);
  void DropExpired() DRIFTCAST_EXCLUDES(mutex_);
  // Counts a wrong credential. False when there were too many lately.
  bool Patient() DRIFTCAST_EXCLUDES(mutex_);
  void NoteWrong() DRIFTCAST_EXCLUDES(mutex_);
  StatusOr<Caller> CallerOf(const std::string& key, const std::string& csrf)
      DRIFTCAST_EXCLUDES(mutex_);

  EnginePort& engine_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  std::map<std::string, Record> records_ DRIFTCAST_GUARDED_BY(mutex_);  // by setting key
  double wrong_ DRIFTCAST_GUARDED_BY(mutex_) = 0;                       // leaks one a second
  Instant wrong_at_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_ACCESS_H_
