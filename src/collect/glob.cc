#include "collect/glob.h"

#include <algorithm>
#include <cstddef>

namespace driftcast {
namespace {

// Matches one pattern element at p against c; sets `next` to the element after it.
bool MatchOne(std::string_view pattern, size_t p, char c, size_t& next) {
  next = p + 1;
  if (pattern[p] == '?') return c != '/';
  if (pattern[p] == '[') {
    const size_t close = pattern.find(']', p + 2);
    if (close != std::string_view::npos) {
      next = close + 1;
      for (size_t i = p + 1; i < close; ++i) {
        if (i + 2 < close && pattern[i + 1] == '-') {
          if (pattern[i] <= c && c <= pattern[i + 2]) return true;
          i += 2;
        } else if (pattern[i] == c) {
          return true;
        }
      }
      return false;
    }
  }
  return pattern[p] == c;
}

// The star to come back to when a later element fails.
struct Retry {
  size_t pattern = std::string_view::npos;
  size_t path = 0;
};

}  // namespace

bool MatchGlob(std::string_view pattern, std::string_view path) {
  size_t p = 0, t = 0;
  Retry star, deep;  // the last '*' and the last "**"
  for (;;) {
    if (p < pattern.size() && pattern[p] == '*') {
      const bool crosses = p + 1 < pattern.size() && pattern[p + 1] == '*';
      p += crosses ? 2 : 1;
      (crosses ? deep : star) = {p, t};
      if (crosses) star = {};
      continue;
    }
    if (p == pattern.size() && t == path.size()) return true;
    size_t next = 0;
    if (p < pattern.size() && t < path.size() && MatchOne(pattern, p, path[t], next)) {
      p = next;
      ++t;
    } else if (star.pattern != std::string_view::npos && star.path < path.size() &&
               path[star.path] != '/') {
      p = star.pattern;
      t = ++star.path;
    } else if (deep.pattern != std::string_view::npos && deep.path < path.size()) {
      p = deep.pattern;
      t = ++deep.path;
      star = {};
    } else {
      return false;
    }
  }
}

}  // namespace driftcast
