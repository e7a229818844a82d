#include "apps/progress_line.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include <fmt/core.h>

namespace driftcast {

std::string SpokenSeconds(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::Show(double done, const std::string& what, const std::string& detail) {
  if (!on_) return;
  const auto now = std::chrono::steady_clock::now();
  if (what != what_) {
    what_ = what;
    start_ = now;
  } else if (now - last_ < std::chrono::milliseconds(200)) {
    return;
  }
  last_ = now;
  shown_ = true;
  const double spent = std::chrono::duration<double>(now - start_).count();
  std::string left;
  if (done > 0.01 && spent > 0.5) left = ", " + SpokenSeconds(spent * (1 - done) / done) + " left";
  std::fprintf(stderr, "\r\033[K%s: %.0f %%%s%s", what.c_str(), std::min(done, 1.0) * 100,
               left.c_str(), detail.c_str());
  std::fflush(stderr);
}

}  // namespace driftcast
