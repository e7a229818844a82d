// Refuses requests that a page of another site, or a name that was made to point here, has caused.
#ifndef DRIFTCAST_WEB_GUARD_H_
#define DRIFTCAST_WEB_GUARD_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "http/message.h"
#include "web/access.h"

namespace driftcast {

// The names under which this server may be asked. Pure; thread-safe.
class Guard {
 public:
  // `address` is what it listens on; `names` are further host names. Loopback servers also answer
  // to localhost, 127.0.0.1 and ::1.
  Guard(const std::string& address, uint16_t port, bool tls, const std::vector<std::string>& names);

  // PermissionDenied unless Host is ours (which stops DNS rebinding) and Origin, if any, too.
  Status CheckOrigin(const HttpRequest& request) const;

  // PermissionDenied when a session changes something without its CSRF token.
  static Status CheckCsrf(const HttpRequest& request, const Caller& caller);

 private:
  bool IsOurs(std::string_view host) const;

  std::vector<std::string> hosts_;  // "127.0.0.1:7117", lower case
  std::string scheme_;              // "http://"
};

// Headers for every answer: no sniffing, no framing, no referrer, nothing from elsewhere.
void AddSecurityHeaders(HttpResponse& response);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_GUARD_H_
