#include "apply/allow_list.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/file.h"
#include "collect/glob.h"

namespace driftcast {

namespace {

constexpr std::string_view kKinds[] = {"file", "package", "sysctl",         "unit", "command",
                                       "user", "group",   "authorized_key", "mount"};

}  // namespace

StatusOr<AllowList> AllowList::Parse(std::string_view text) {
  AllowList list;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string kind, pattern;
    if (!(words >> kind)) continue;
    if (std::ranges::find(kKinds, kind) == std::end(kKinds))
      return InvalidArgument("line {} of the allow-list: there is no kind '{}'", number,
                             kind.substr(0, 40));
    bool any = false;
    while (words >> pattern) {
      const bool forbid = pattern[0] == '!';
      if (forbid) pattern.erase(0, 1);
      if (pattern.empty() || (kind == "file" && pattern[0] != '/'))
        return InvalidArgument("line {} of the allow-list: '{}' is no pattern for kind {}", number,
                               pattern.substr(0, 80), kind);
      any = any || !forbid;
      list.rules_.push_back({kind, pattern, forbid});
    }
    if (!any) list.rules_.push_back({kind, kind == "file" ? "/etc/**" : "**", false});
  }
  return list;
}

StatusOr<AllowList> AllowList::Load(const std::filesystem::path& file) {
  auto text = ReadFile(file, 1 << 20);
  if (text.status().code() == StatusCode::kNotFound) return AllowList{};
  if (!text.ok()) return Annotate(text.status(), "allow-list");
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return ErrnoStatus(errno, file.string());
  if ((info.st_mode & 0022) != 0 || (info.st_uid != 0 && info.st_uid != geteuid()))
    return PermissionDenied("the allow-list {} may be written by others: it counts for nothing",
                            file.string());
  return Parse(*text);
}

bool AllowList::Allows(const std::string& kind, const std::string& name) const {
  const auto matches = [&](const Rule& rule) {
    return rule.kind == kind && MatchGlob(rule.pattern, name);
  };
  const auto says = [&](bool forbid) {
    return std::ranges::any_of(
        rules_, [&](const Rule& rule) { return rule.forbid == forbid && matches(rule); });
  };
  return says(false) && !says(true);
}

std::vector<std::string> AllowList::Kinds() const {
  std::set<std::string> kinds;
  for (const auto& rule : rules_)
    if (!rule.forbid) kinds.insert(rule.kind);
  return {kinds.begin(), kinds.end()};
}

}  // namespace driftcast
