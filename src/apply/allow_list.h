// What the host's owner lets Driftcast change. It lies on the host, is read anew for every plan and
// has the last word: no signature goes past it.
//
//   # kind, then patterns of names ('*' stays within a folder, "**" does not); '!' takes back
//   file /etc/ssh/** !/etc/ssh/*_key /etc/motd
//   package openssl libssl*
//   sysctl net.**
//   unit nginx.service
//   command renew-*
//   user deploy
//   authorized_key deploy        # the keys of a user
//   mount /srv
//   approver ada driftcast.example.org MFkwEwYHKoZIzj0CAQ...
//
// A kind alone allows all names of it; "file" alone means /etc/**. What no line allows is refused.
// A missing or empty file allows nothing: observe only.
//
// Where there are approvers, only plans that one of them has approved with their key are carried
// out (model/approval.h); "approvals 2" asks for two of them.
#ifndef DRIFTCAST_APPLY_ALLOW_LIST_H_
#define DRIFTCAST_APPLY_ALLOW_LIST_H_

#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/approval.h"
#include "model/resource.h"

namespace driftcast {

class AllowList {
 public:
  // InvalidArgument names the line that makes no sense.
  static StatusOr<AllowList> Parse(std::string_view text);

  // A missing file is an empty list. PermissionDenied when somebody else than root and ourselves
  // may write it.
  static StatusOr<AllowList> Load(const std::filesystem::path& file);

  bool Allows(const std::string& kind, const std::string& name) const;
  std::vector<std::string> Kinds() const;  // sorted

  bool WantsApprovers() const { return !approvers_.empty(); }
  // Ok when as many approvers as are asked for have signed the plan. PermissionDenied says what is
  // wrong with each approval, or that there is none.
  Status CheckApprovals(const RemediationPlan& plan, Instant now) const;

  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    std::string kind, pattern;
    bool forbid = false;
  };
  Status ParseApprovers(const std::string& word, std::istringstream& rest);

  std::vector<Rule> rules_;
  std::vector<ApproverKey> approvers_;
  size_t approvals_needed_ = 1;
};

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_ALLOW_LIST_H_
