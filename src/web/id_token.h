// Checks what an OpenID provider signed: JSON Web Tokens (RFC 7519) with RS256 or ES256, and the
// keys to check them with (RFC 7517). Signatures by OpenSSL. Pure; thread-safe.
#ifndef DRIFTCAST_WEB_ID_TOKEN_H_
#define DRIFTCAST_WEB_ID_TOKEN_H_

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

struct IdTokenRule {
  std::string issuer;
  std::string client_id;
  std::string nonce;
  Instant now;
};

// The token's claims when it is signed by one of `keys` (a JWK set), by and for whom the rule says,
// within its time (a minute of difference between clocks is allowed). NotFound: signed by a key
// that is not in the set, which may have changed. PermissionDenied: anything else that is wrong.
StatusOr<nlohmann::json> CheckIdToken(const std::string& token, const nlohmann::json& keys,
                                      const IdTokenRule& rule);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_ID_TOKEN_H_
