// Who works with whom on a host: a team is a Unix group.
#ifndef DRIFTCAST_COLLECT_TEAMS_H_
#define DRIFTCAST_COLLECT_TEAMS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collect/host_root.h"

namespace driftcast {

// Which groups are teams.
struct TeamChoice {
  bool off = false;
  std::vector<std::string> groups;  // these, the first that has the person; empty = found by itself
};
// "off", "auto", or names of groups with commas between them. InvalidArgument.
StatusOr<TeamChoice> ParseTeams(std::string_view text);

// Not thread-safe.
class Teams {
 public:
  Teams(const HostRoot& root, TeamChoice choice) : root_(root), choice_(std::move(choice)) {}

  // Reads /etc/group again when it has changed (at most 4 MiB). Before TeamOf.
  void Refresh();

  // The group that is the person's team; empty = none. Found by itself it is the smallest group
  // that names the person and at least one other, of equal ones the first by name: groups that one
  // person has alone say nothing, and the widest say least.
  std::string TeamOf(const std::string& user) const;

 private:
  const HostRoot& root_;
  const TeamChoice choice_;
  std::map<std::string, std::vector<std::string>> members_;  // by group
  int64_t stamp_ = -1;
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_TEAMS_H_
