// Sign-in by an OpenID Connect provider: authorization code with PKCE (OpenID Connect Core 1.0,
// RFC 7636). The provider says who somebody is; which role that is, a file of ours says.
#ifndef DRIFTCAST_WEB_OIDC_H_
#define DRIFTCAST_WEB_OIDC_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "web/access.h"

namespace driftcast {

struct OidcOptions {
  std::string issuer;  // "https://login.example.org/realms/main"; http on loopback only
  std::string client_id;
  std::string client_secret;             // empty = a public client: PKCE alone
  std::string title = "Single sign-on";  // on the button
  std::string scopes = "openid profile email";
  std::string name_claim = "preferred_username";  // else "email", else "sub"
  std::string role_claim = "groups";              // a text or a list of texts
  struct Rule {
    std::string value;  // of the role claim; "*" = everybody whom the provider signs in
    Role role = Role::kViewer;
    StackScope stacks;
  };
  std::vector<Rule> roles;  // the strongest that fits counts; who fits none is refused
  std::string authorities;  // PEM that alone is trusted with https; empty = the machine's
};

// A JSON object with these names; see docs/sign-in.md. InvalidArgument says which is wrong.
StatusOr<OidcOptions> ParseOidcOptions(const std::string& json);

// What somebody with these claims may do. PermissionDenied: nothing. The principal begins with
// "oidc:", so that nobody is taken for a user of ours who has the same name.
StatusOr<Grant> GrantFor(const nlohmann::json& claims, const OidcOptions& options);

// Thread-safe. Asks the provider when somebody signs in, not before.
class Oidc {
 public:
  Oidc(OidcOptions options, const Clock* clock) : options_(std::move(options)), clock_(clock) {}

  const std::string& title() const { return options_.title; }

  struct Departure {
    std::string url;     // of the provider, to go to
    std::string cookie;  // stays in this browser, so that nobody else's answer is taken for its own
  };
  // `redirect_uri` is where the provider sends people back to. Unavailable: it does not answer.
  StatusOr<Departure> Begin(const std::string& redirect_uri) DRIFTCAST_EXCLUDES(mutex_);

  // The provider has sent somebody back. PermissionDenied with the reason.
  StatusOr<Grant> Finish(const std::string& state, const std::string& code,
                         const std::string& cookie) DRIFTCAST_EXCLUDES(mutex_);

 private:
  struct Started {
    std::string cookie, verifier, nonce, redirect_uri;
    Instant at;
  };

  Status Discover() DRIFTCAST_EXCLUDES(mutex_);
  Status FetchKeys() DRIFTCAST_EXCLUDES(mutex_);
  StatusOr<std::string> Exchange(const std::string& code, const Started& started)
      DRIFTCAST_EXCLUDES(mutex_);
  StatusOr<nlohmann::json> GetJson(const std::string& url) const;

  const OidcOptions options_;
  const Clock* const clock_;
  Mutex mutex_;
  std::map<std::string, Started> started_ DRIFTCAST_GUARDED_BY(mutex_);  // by state
  std::string authorize_url_ DRIFTCAST_GUARDED_BY(mutex_);               // empty = not discovered
  std::string token_url_ DRIFTCAST_GUARDED_BY(mutex_);
  std::string keys_url_ DRIFTCAST_GUARDED_BY(mutex_);
  std::string keys_ DRIFTCAST_GUARDED_BY(mutex_);  // JSON
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_OIDC_H_
