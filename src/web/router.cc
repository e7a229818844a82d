#include "web/router.h"

#include <string_view>

namespace driftcast {
namespace {

// Matches segment by segment; '*' takes one that is not empty.
bool Matches(std::string_view pattern, const std::vector<std::string>& segments,
             std::vector<std::string>& parts) {
  parts.clear();
  size_t index = 0;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // '/'
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(wanted.size());
    if (index == segments.size()) return false;
    const std::string& segment = segments[index++];
    if (wanted == "*" && !segment.empty()) {
      parts.push_back(segment);
    } else if (wanted != segment) {
      return false;
    }
  }
  return index == segments.size();
}

}  // namespace

Router::Match Router::Find(const HttpRequest& request) const {
  Match match;
  for (const Route& route : routes_) {
    std::vector<std::string> parts;
    if (!Matches(route.pattern, request.segments, parts)) continue;
    if (request.method == route.method) {
      // A path without '*' is more precise: /drifts/causes before /drifts/*.
      if (match.route && parts.size() >= match.parts.size()) continue;
      match.route = &route;
      match.parts = std::move(parts);
    } else {
      match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(route.method);
    }
  }
  return match;
}

}  // namespace driftcast
