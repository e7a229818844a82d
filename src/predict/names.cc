#include "predict/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

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

std::optional<std::string> NextCount(std::string_view value) {
  size_t end = value.size();
  while (end > 0 && !IsDigit(value[end - 1])) --end;
  size_t begin = end;
  while (begin > 0 && IsDigit(value[begin - 1])) --begin;
  if (begin == end || end - begin > 9) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = begin; i < end; ++i) number = number * 10 + (value[i] - '0');
  std::string next = std::to_string(number + 1);
  if (value[begin] == '0' && next.size() < end - begin)
    next.insert(0, end - begin - next.size(), '0');
  return std::string(value.substr(0, begin)) + next + std::string(value.substr(end));
}

}  // namespace driftcast::predict
