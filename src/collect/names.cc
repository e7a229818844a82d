#include "collect/names.h"

#include <cctype>
#include <charconv>

#include <fmt/core.h>

#include "collect/parse.h"

namespace driftcast {
namespace {

constexpr size_t kTableBytesMax = 4 << 20;

bool IsHexPair(std::string_view text, size_t at) {
  return at + 1 < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) &&
         std::isxdigit(static_cast<unsigned char>(text[at + 1]));
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

void OwnerNames::Read(const char* path, Table& table) {
  const auto info = root_.Stat(path);
  const int64_t stamp =
      info.ok() ? info->st_mtim.tv_sec * 1'000'000'000 + info->st_mtim.tv_nsec : 0;
  if (stamp == table.stamp) return;
  table = {{}, stamp};
  const auto content = root_.Read(path, kTableBytesMax);
  if (!content.ok()) return;
  std::string_view rest = *content;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    uint32_t id = 0;
    const auto [end, error] =
        std::from_chars(line.data() + second + 1, line.data() + line.size(), id);
    if (error == std::errc() && first > 0)
      table.names.emplace(id, std::string(line.substr(0, std::min<size_t>(first, 64))));
  }
}

void OwnerNames::Refresh() {
  Read("/etc/passwd", users_);
  Read("/etc/group", groups_);
}

std::string OwnerNames::User(uint32_t id) const {
  const auto found = users_.names.find(id);
  return found == users_.names.end() ? std::to_string(id) : found->second;
}

std::string OwnerNames::Group(uint32_t id) const {
  const auto found = groups_.names.find(id);
  return found == groups_.names.end() ? std::to_string(id) : found->second;
}

std::string ResourceNameOfPath(std::string_view path) {
  std::string name;
  for (size_t i = 0; i < path.size();) {
    const size_t length = Utf8Length(path.substr(i));
    if (length == 0 || IsControl(path[i]) || (path[i] == '%' && IsHexPair(path, i + 1))) {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(path[i++]));
    } else {
      name += path.substr(i, length);
      i += length;
    }
  }
  return name;
}

std::string PathOfResourceName(std::string_view name) {
  std::string path;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && IsHexPair(name, i + 1)) {
      int value = 0;
      std::from_chars(name.data() + i + 1, name.data() + i + 3, value, 16);
      path += static_cast<char>(value);
      i += 2;
    } else {
      path += name[i];
    }
  }
  return path;
}

}  // namespace driftcast
