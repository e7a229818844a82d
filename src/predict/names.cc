#include "predict/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>

namespace driftcast::predict {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Drops "#2", "~2" at the end.
std::string_view WithoutNumberMark(std::string_view name) {
  size_t end = name.size();
  while (end > 0 && IsDigit(name[end - 1])) --end;
  if (end > 0 && end < name.size() && (name[end - 1] == '#' || name[end - 1] == '~'))
    return name.substr(0, end - 1);
  return name;
}

bool IsManifest(std::string_view kind, std::string_view resource) {
  return resource.size() > kind.size() && resource.starts_with(kind) &&
         resource[kind.size()] == '/';
}

std::string_view WithoutFolderMark(std::string_view name) {
  const size_t at = name.find('@');
  return at == std::string_view::npos || at == 0 ? name : name.substr(0, at);
}

}  // namespace

std::string_view ShortName(std::string_view kind, std::string_view resource) {
  std::string_view name = WithoutNumberMark(resource);
  if (IsManifest(kind, name)) {
    name = WithoutFolderMark(name);
    return name.substr(name.rfind('/') + 1);
  }
  if (const size_t colon = name.rfind(':'); colon != std::string_view::npos && colon > 0)
    return name.substr(colon + 1);
  const size_t slash = name.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return name;
  const size_t before = name.rfind('/', slash - 1);
  return before == std::string_view::npos ? name : name.substr(before + 1);
}

std::string_view FolderOf(std::string_view kind, std::string_view resource) {
  if (IsManifest(kind, resource)) {
    const std::string_view name = WithoutFolderMark(resource).substr(kind.size() + 1);
    const size_t slash = name.find('/');
    return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
  }
  size_t end = resource.rfind(':');
  if (end == std::string_view::npos) end = resource.rfind('/');
  return end == std::string_view::npos ? std::string_view() : resource.substr(0, end);
}

std::string_view LastComponent(std::string_view path) {
  int depth = 0;
  for (size_t i = path.size(); i-- > 0;) {
    if (path[i] == ']') ++depth;
    if (path[i] == '[') --depth;
    if (path[i] == '.' && depth == 0) return path.substr(i + 1);
  }
  return path;
}

std::string NormalPath(std::string_view path) {
  std::string normal;
  int depth = 0;
  for (char c : path) {
    if (c == ']' && depth > 0 && --depth > 0) continue;
    if (c == '[' && depth++ > 0) continue;
    if (depth == 0 || c == '[') normal += c;
  }
  return normal;
}

bool IsVersionLike(std::string_view value) {
  if (value.size() < 3 || value.size() > 80 || value.starts_with("h:")) return false;
  return std::any_of(value.begin(), value.end(), IsDigit) &&
         value.find_first_of(".-:@") != std::string_view::npos;
}

std::optional<VersionedText> SplitVersioned(std::string_view value) {
  size_t digest = value.find("@sha256");
  if (digest == std::string_view::npos) digest = value.size();
  if (const size_t ref = value.find("?ref="); ref != std::string_view::npos && ref > 0)
    return VersionedText{value.substr(0, ref), value.substr(ref + 5)};
  const size_t colon = value.substr(0, digest).rfind(':');
  const bool is_tag = colon != std::string_view::npos && colon > 0 && colon + 1 < digest &&
                      value.substr(colon, digest - colon).find('/') == std::string_view::npos;
  if (is_tag)
    return VersionedText{value.substr(0, colon), value.substr(colon + 1, digest - colon - 1)};
  if (digest > 0 && digest < value.size() && value.find('/') < digest)
    return VersionedText{value.substr(0, digest), value.substr(digest + 1)};
  return std::nullopt;
}

bool IsVersionKey(std::string_view last_component) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "tag",    "version",  "ref",        "targetRevision", "digest",
      "newTag", "revision", "appVersion", "branch"};
  return std::find(kNames.begin(), kNames.end(), last_component) != kNames.end();
}

namespace {

struct Digits {
  size_t begin = 0, end = 0;  // end == begin: none
  uint64_t number = 0;
};

// The last run of at most nine digits that ends before `end`.
std::optional<Digits> LastDigits(std::string_view text, size_t end) {
  while (end > 0 && !IsDigit(text[end - 1])) --end;
  Digits d{end, end, 0};
  while (d.begin > 0 && IsDigit(text[d.begin - 1])) --d.begin;
  if (d.begin == d.end || d.end - d.begin > 9) return std::nullopt;
  for (size_t i = d.begin; i < d.end; ++i) d.number = d.number * 10 + (text[i] - '0');
  return d;
}

// The text with another number there, as wide as before where it began with 0.
std::string WithNumber(std::string_view text, const Digits& d, uint64_t number) {
  std::string digits = std::to_string(number);
  const size_t width = d.end - d.begin;
  if (text[d.begin] == '0' && digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return std::string(text.substr(0, d.begin)) + digits + std::string(text.substr(d.end));
}

}  // namespace

std::optional<std::string> NextCount(std::string_view value) {
  const auto last = LastDigits(value, value.size());
  if (!last) return std::nullopt;
  return WithNumber(value, *last, last->number + 1);
}

std::optional<std::string> NextMinor(std::string_view value) {
  const auto last = LastDigits(value, value.size());
  if (!last || last->begin < 2) return std::nullopt;
  const auto before = LastDigits(value, last->begin);
  if (!before || before->end + 1 != last->begin) return std::nullopt;
  return WithNumber(WithNumber(value, *last, 0), *before, before->number + 1);
}

std::optional<Series> SeriesIn(std::string_view text) {
  auto at = LastDigits(text, text.size());
  if (!at) return std::nullopt;
  if (at->number == 0) {
    const size_t begin = at->begin;
    at = begin < 2 ? std::nullopt : LastDigits(text, begin);
    if (!at || at->end + 1 != begin) return std::nullopt;
  }
  if (at->number == 0) return std::nullopt;
  Series series{std::string(text.substr(0, at->begin)), WithNumber(text, *at, at->number - 1)};
  series.marked.append(1, kSeriesMark).append(text.substr(at->end));
  return series;
}

std::optional<std::string> SameStepAgain(std::string_view before, std::string_view after) {
  size_t a = 0, b = 0;
  std::string next;
  bool grew = false;
  while (a < before.size() || b < after.size()) {
    const bool digit_a = a < before.size() && IsDigit(before[a]);
    const bool digit_b = b < after.size() && IsDigit(after[b]);
    if (digit_a != digit_b) return std::nullopt;
    if (!digit_a) {
      if (a >= before.size() || b >= after.size() || before[a] != after[b]) return std::nullopt;
      next += after[b];
      ++a, ++b;
      continue;
    }
    Digits x{a, a, 0}, y{b, b, 0};
    while (x.end < before.size() && IsDigit(before[x.end])) ++x.end;
    while (y.end < after.size() && IsDigit(after[y.end])) ++y.end;
    if (x.end - x.begin > 9 || y.end - y.begin > 9) return std::nullopt;
    for (size_t i = x.begin; i < x.end; ++i) x.number = x.number * 10 + (before[i] - '0');
    for (size_t i = y.begin; i < y.end; ++i) y.number = y.number * 10 + (after[i] - '0');
    const std::string_view digits = after.substr(y.begin, y.end - y.begin);
    if (!grew && y.number > x.number) {
      next += WithNumber(digits, {0, digits.size(), y.number}, 2 * y.number - x.number);
      grew = true;
    } else if (grew ? y.number == 0 : y.number == x.number) {
      next += digits;
    } else {
      return std::nullopt;
    }
    a = x.end, b = y.end;
  }
  if (!grew) return std::nullopt;
  return next;
}

bool HasDigest(std::string_view value) {
  size_t run = 0;
  bool letter = false, digit = false;
  for (const char c : value) {
    const bool hex = IsDigit(c) || (c >= 'a' && c <= 'f');
    run = hex ? run + 1 : 0;
    letter = hex && (letter || !IsDigit(c));
    digit = hex && (digit || IsDigit(c));
    if (run >= 12 && letter && digit) return true;
    if (!hex) letter = digit = false;
  }
  return value.find('#') != std::string_view::npos || value.starts_with("h:");
}

std::optional<int64_t> DayOfDate(std::string_view value) {
  if (value.size() != 10 || value[4] != '-' || value[7] != '-') return std::nullopt;
  int part[3] = {0, 0, 0};
  constexpr int kBegin[3] = {0, 5, 8}, kEnd[3] = {4, 7, 10};
  for (int p = 0; p < 3; ++p)
    for (int i = kBegin[p]; i < kEnd[p]; ++i) {
      if (!IsDigit(value[i])) return std::nullopt;
      part[p] = part[p] * 10 + (value[i] - '0');
    }
  const std::chrono::year_month_day date{std::chrono::year(part[0]),
                                         std::chrono::month(static_cast<unsigned>(part[1])),
                                         std::chrono::day(static_cast<unsigned>(part[2]))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::string DateOfDay(int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

}  // namespace driftcast::predict
