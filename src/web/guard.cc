#include "web/guard.h"

#include <algorithm>
#include <cctype>

#include "base/crypto.h"

namespace driftcast {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsLoopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

}  // namespace

Guard::Guard(const std::string& address, uint16_t port, bool tls,
             const std::vector<std::string>& names)
    : scheme_(tls ? "https://" : "http://") {
  std::vector<std::string> all = names;
  all.push_back(address);
  if (IsLoopback(address)) all.insert(all.end(), {"localhost", "127.0.0.1", "::1"});
  for (std::string name : all) {
    name = Lower(name);
    if (name.find(':') != std::string::npos) name = "[" + name + "]";
    hosts_.push_back(fmt::format("{}:{}", name, port));
    if (port == (tls ? 443 : 80)) hosts_.push_back(name);
  }
}

bool Guard::IsOurs(std::string_view host) const {
  return std::find(hosts_.begin(), hosts_.end(), Lower(host)) != hosts_.end();
}

Status Guard::CheckOrigin(const HttpRequest& request) const {
  if (!IsOurs(request.Header("host"))) {
    return PermissionDenied("this server is not called that; use http://{}", hosts_.back());
  }
  const std::string_view origin = request.Header("origin");
  if (!origin.empty() && (!origin.starts_with(scheme_) || !IsOurs(origin.substr(scheme_.size())))) {
    return PermissionDenied("requests from pages of other sites are refused");
  }
  const std::string_view site = request.Header("sec-fetch-site");
  if (request.method != "GET" && !site.empty() && site != "same-origin" && site != "none") {
    return PermissionDenied("requests from pages of other sites are refused");
  }
  return Ok();
}

Status Guard::CheckCsrf(const HttpRequest& request, const Caller& caller) {
  if (request.method == "GET" || caller.csrf_token.empty()) return Ok();
  const std::string_view token = request.Header("x-csrf-token");
  if (token.empty()) {
    return PermissionDenied("X-CSRF-Token is missing; GET /api/v1/session tells it");
  }
  if (!ConstantTimeEqual(token, caller.csrf_token)) {
    return PermissionDenied("X-CSRF-Token is not this session's; reload the page");
  }
  return Ok();
}

void AddSecurityHeaders(HttpResponse& response) {
  response
      .Set("Content-Security-Policy",
           "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
           "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
           "form-action 'none'; frame-ancestors 'none'")
      .Set("X-Content-Type-Options", "nosniff")
      .Set("X-Frame-Options", "DENY")
      .Set("Referrer-Policy", "no-referrer")
      .Set("Cross-Origin-Opener-Policy", "same-origin")
      .Set("Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace driftcast
