// People who sign in with a password. Kept in the engine's settings as "web/user/<name>"; of the
// password only its Argon2id hash.
#ifndef DRIFTCAST_WEB_USERS_H_
#define DRIFTCAST_WEB_USERS_H_

#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "web/access.h"
#include "web/engine_port.h"

namespace driftcast {

struct User {
  std::string name;  // letters, digits and ._-@, at most 64
  Role role = Role::kViewer;
  StackScope stacks;
  Instant created_at;
  Principal created_by;
};

// Thread-safe.
class Users {
 public:
  Users(EnginePort& engine, const Clock* clock) : engine_(engine), clock_(clock) {}

  Status Load() DRIFTCAST_EXCLUDES(mutex_);
  std::vector<User> All() const DRIFTCAST_EXCLUDES(mutex_);  // by name

  // InvalidArgument: name or password; AlreadyExists.
  Status Add(const User& user, const std::string& password) DRIFTCAST_EXCLUDES(mutex_);
  Status Remove(const std::string& name, const Principal& by) DRIFTCAST_EXCLUDES(mutex_);
  // Unauthenticated when `current` is not the password; ResourceExhausted as below.
  Status ChangePassword(const std::string& name, const std::string& current,
                        const std::string& next) DRIFTCAST_EXCLUDES(mutex_);

  // Who this is. Unauthenticated: no such name or not the password, and which of the two is not
  // said. ResourceExhausted: after five wrong ones for a name, one try in ten seconds; sixty wrong
  // ones over all names, one a second.
  StatusOr<Grant> Check(const std::string& name, const std::string& password)
      DRIFTCAST_EXCLUDES(mutex_, hashing_);

 private:
  struct Record {
    User user;
    std::string password;  // encoded
  };
  // Wrong tries, leaking with time.
  struct Tries {
    double wrong = 0;
    Instant at;
    bool Patient(Instant now, double most, double leak_per_s);
  };

  Status Keep(Record record) DRIFTCAST_EXCLUDES(mutex_);

  EnginePort& engine_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  std::map<std::string, Record> records_ DRIFTCAST_GUARDED_BY(mutex_);
  std::map<std::string, Tries> tries_ DRIFTCAST_GUARDED_BY(mutex_);  // of known names only
  Tries all_tries_ DRIFTCAST_GUARDED_BY(mutex_);
  Mutex hashing_;  // one password at a time: it is meant to be costly
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_USERS_H_
