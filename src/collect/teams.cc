#include "collect/teams.h"

#include <algorithm>

#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr const char* kGroups = "/etc/group";
constexpr size_t kBytesMax = 4 << 20;

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

}  // namespace

StatusOr<TeamChoice> ParseTeams(std::string_view text) {
  if (text == "off") return TeamChoice{true, {}};
  if (text == "auto") return TeamChoice{};
  TeamChoice choice{false, Split(text, ',')};
  if (choice.groups.empty())
    return InvalidArgument("teams are 'auto', 'off' or names of groups with commas between them");
  return choice;
}

void Teams::Refresh() {
  if (choice_.off) return;
  const auto info = root_.Stat(kGroups);
  if (!info.ok()) return members_.clear();
  const int64_t stamp = info->st_mtim.tv_sec * 1'000'000'000 + info->st_mtim.tv_nsec;
  if (stamp == stamp_) return;
  const auto text = root_.Read(kGroups, kBytesMax);
  if (!text.ok()) return;
  stamp_ = stamp;
  members_.clear();
  for (const std::string& line : Split(*text, '\n')) {  // "name:x:gid:alice,bob"
    const size_t name_end = line.find(':'), last = line.rfind(':');
    if (name_end == line.npos || std::count(line.begin(), line.end(), ':') != 3) continue;
    members_[line.substr(0, name_end)] = Split(std::string_view(line).substr(last + 1), ',');
  }
}

std::string Teams::TeamOf(const std::string& user) const {
  if (choice_.off) return "";
  const auto has = [&](const std::vector<std::string>& members) {
    return std::find(members.begin(), members.end(), user) != members.end();
  };
  for (const std::string& group : choice_.groups) {
    const auto found = members_.find(group);
    if (found != members_.end() && has(found->second)) return group;
  }
  if (!choice_.groups.empty()) return "";
  const std::pair<const std::string, std::vector<std::string>>* smallest = nullptr;
  for (const auto& entry : members_) {
    if (entry.second.size() < 2 || !has(entry.second)) continue;
    if (smallest == nullptr || entry.second.size() < smallest->second.size()) smallest = &entry;
  }
  return smallest == nullptr ? "" : smallest->first;
}

}  // namespace driftcast
