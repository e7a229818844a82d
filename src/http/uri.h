// Request targets and queries (RFC 3986, the parts that a server meets).
#ifndef DRIFTCAST_HTTP_URI_H_
#define DRIFTCAST_HTTP_URI_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace driftcast {

struct Target {
  std::string path;                   // decoded
  std::vector<std::string> segments;  // decoded one by one; "/" has none, "/a/" is "a", ""
  std::vector<std::pair<std::string, std::string>> query;  // decoded; '+' is a space
};

// Reads "/path?query" (origin form). InvalidArgument for any other form, a bad escape, a control
// character, invalid UTF-8, a "." or ".." segment, or more than 64 parameters.
StatusOr<Target> ParseTarget(std::string_view target);

// InvalidArgument on "%" without two hex digits.
StatusOr<std::string> PercentDecode(std::string_view text);

// Escapes everything but letters, digits and "-._~", so that the result fits in any part of a URL.
std::string PercentEncode(std::string_view text);

// Well-formed UTF-8 (RFC 3629): no overlong forms, surrogates or values above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_URI_H_
