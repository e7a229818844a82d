#include "apply/diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <fmt/core.h>

namespace driftcast {
namespace {

constexpr size_t kContext = 3;
constexpr size_t kLcsLinesMax = 2000;

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

struct Op {
  char kind;  // ' ', '-' or '+'
  std::string_view line;
};

using Lines = std::vector<std::string_view>;

// The part between the common ends, by longest common subsequence.
void Middle(const Lines& a, size_t a0, size_t a1, const Lines& b, size_t b0, size_t b1,
            std::vector<Op>& ops) {
  const size_t n = a1 - a0;
  const size_t m = b1 - b0;
  if (n > kLcsLinesMax || m > kLcsLinesMax) {
    for (size_t i = a0; i < a1; ++i) ops.push_back({'-', a[i]});
    for (size_t i = b0; i < b1; ++i) ops.push_back({'+', b[i]});
    return;
  }
  std::vector<uint16_t> length((n + 1) * (m + 1), 0);
  const auto at = [&](size_t i, size_t j) -> uint16_t& { return length[i * (m + 1) + j]; };
  for (size_t i = n; i-- > 0;)
    for (size_t j = m; j-- > 0;)
      at(i, j) = a[a0 + i] == b[b0 + j] ? static_cast<uint16_t>(at(i + 1, j + 1) + 1)
                                        : std::max(at(i + 1, j), at(i, j + 1));
  size_t i = 0, j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[a0 + i] == b[b0 + j]) {
      ops.push_back({' ', a[a0 + i++]});
      ++j;
    } else if (i < n && (j == m || at(i + 1, j) >= at(i, j + 1))) {
      ops.push_back({'-', a[a0 + i++]});
    } else {
      ops.push_back({'+', b[b0 + j++]});
    }
  }
}

std::vector<Op> Compare(const Lines& a, const Lines& b) {
  std::vector<Op> ops;
  size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ops.push_back({' ', a[head++]});
  size_t a1 = a.size(), b1 = b.size();
  while (a1 > head && b1 > head && a[a1 - 1] == b[b1 - 1]) --a1, --b1;
  Middle(a, head, a1, b, head, b1, ops);
  for (size_t i = a1; i < a.size(); ++i) ops.push_back({' ', a[i]});
  return ops;
}

std::string Range(size_t start, size_t count) {
  if (count == 1) return std::to_string(start + 1);
  return fmt::format("{},{}", count == 0 ? start : start + 1, count);
}

}  // namespace

std::string UnifiedDiff(const std::string& path, std::string_view before, std::string_view after,
                        bool absent_before, bool absent_after) {
  if (before == after && absent_before == absent_after) return "";
  const std::string plain = path.starts_with("/") ? path : "/" + path;
  std::string out = fmt::format("--- {}\n+++ {}\n", absent_before ? "/dev/null" : "a" + plain,
                                absent_after ? "/dev/null" : "b" + plain);
  const Lines a = LinesOf(before), b = LinesOf(after);
  const std::vector<Op> ops = Compare(a, b);
  size_t line_a = 0, line_b = 0;
  for (size_t i = 0; i < ops.size();) {
    // To the next change, keeping some lines before it.
    size_t change = i;
    while (change < ops.size() && ops[change].kind == ' ') ++change;
    if (change == ops.size()) break;
    const size_t start = std::max(i, change >= kContext ? change - kContext : 0);
    line_a += start - i;
    line_b += start - i;
    // Changes that are less than two contexts apart share a hunk.
    size_t last = change;
    for (size_t k = change; k < ops.size() && k - last <= 2 * kContext; ++k)
      if (ops[k].kind != ' ') last = k;
    const size_t end = std::min(ops.size(), last + 1 + kContext);
    size_t count_a = 0, count_b = 0;
    std::string body;
    for (size_t k = start; k < end; ++k) {
      count_a += ops[k].kind != '+' ? 1 : 0;
      count_b += ops[k].kind != '-' ? 1 : 0;
      body += ops[k].kind;
      body += ops[k].line;
      if (!ops[k].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    out += fmt::format("@@ -{} +{} @@\n", Range(line_a, count_a), Range(line_b, count_b)) + body;
    line_a += count_a;
    line_b += count_b;
    i = end;
  }
  return out;
}

}  // namespace driftcast
