// Changes accounts in the texts of their tables, and single keys in authorized_keys: pure.
//
// One field of one line changes, or a line goes; every other byte stays. Names and values that
// could begin a field or a line of their own (':', ',' in a list, line ends) are refused.
#ifndef DRIFTCAST_APPLY_ACCOUNT_EDIT_H_
#define DRIFTCAST_APPLY_ACCOUNT_EDIT_H_

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// /etc/passwd and its like, by path; those that are not there are left out.
using AccountTables = std::map<std::string, std::string>;
inline constexpr const char* kAccountTables[] = {"/etc/passwd", "/etc/shadow", "/etc/group",
                                                 "/etc/gshadow"};

// Carries out one step on a user or group:
//   set_key     "shell", "home", "comment", "expires", "max_days"; "password" = "locked";
//               "group[]": the user becomes a member
//   remove_key  "expires", "max_days"; "group[]": the user is none any more
//   remove_resource   the account, its memberships, and its own group when nobody else is in it;
//               its files stay. Never user 0, nor a group that is a user's first.
// NotFound when there is no such account, table or group; FailedPrecondition for what is refused.
Status EditAccount(const PlanStep& step, AccountTables& tables);

// Carries out one step on the key with this fingerprint ("SHA256:..."):
//   set_key, remove_key   "options", "comment"
//   remove_resource       its lines go
// NotFound when no line holds it.
StatusOr<std::string> EditAuthorizedKeys(const PlanStep& step, std::string_view text,
                                         std::string_view fingerprint);

// The first line of `text` that holds the key, without its end; empty when there is none.
std::string LineOfKey(std::string_view text, std::string_view fingerprint);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_ACCOUNT_EDIT_H_
