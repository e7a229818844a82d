// Passwords as Argon2id keeps them (RFC 9106), by libargon2. Thread-safe; one costs about 30 ms and
// 19 MiB, so callers limit how many are looked at.
#ifndef DRIFTCAST_WEB_PASSWORD_H_
#define DRIFTCAST_WEB_PASSWORD_H_

#include <string>

#include "base/status.h"

namespace driftcast {

inline constexpr size_t kPasswordMin = 10;
inline constexpr size_t kPasswordMax = 200;

// "$argon2id$v=19$m=19456,t=2,p=1$salt$hash". InvalidArgument: too short or too long.
StatusOr<std::string> HashPassword(const std::string& password);
bool PasswordMatches(const std::string& encoded, const std::string& password);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_PASSWORD_H_
