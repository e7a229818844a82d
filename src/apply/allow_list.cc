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
  bool counted = false;  // how many approvals are wanted, is said
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string kind, pattern;
    if (!(words >> kind)) continue;
    if (kind == "approver" || kind == "approvals") {
      counted = counted || kind == "approvals";
      DRIFTCAST_RETURN_IF_ERROR(Annotate(list.ParseApprovers(kind, words),
                                         fmt::format("line {} of the allow-list", number)));
      continue;
    }
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
  if (counted && list.approvals_needed_ > list.approvers_.size())
    return InvalidArgument("the allow-list asks for {} approvals and names {} approvers",
                           list.approvals_needed_, list.approvers_.size());
  return list;
}

Status AllowList::ParseApprovers(const std::string& word, std::istringstream& rest) {
  std::string extra;
  if (word == "approvals") {
    if (!(rest >> approvals_needed_) || approvals_needed_ < 1 || approvals_needed_ > 100 ||
        rest >> extra)
      return InvalidArgument("'approvals' takes a number from 1 to 100");
    return Ok();
  }
  std::string name, site, key;
  rest >> name >> site >> key;
  if (key.empty() || rest >> extra)
    return InvalidArgument("'approver' takes a name, a site and a key, as the page shows them");
  DRIFTCAST_ASSIGN_OR_RETURN(auto approver, ParseApproverKey(name, site, key));
  approvers_.push_back(std::move(approver));
  return Ok();
}

Status AllowList::CheckApprovals(const RemediationPlan& plan, Instant now) const {
  if (approvers_.empty()) return Ok();
  std::set<std::string> signers;  // by key: who has two keys counts once for each name
  std::string wrong;
  for (const Approval& approval : plan.approvals) {
    if (approval.proof.empty()) continue;
    Status status = PermissionDenied("an approval by a key that this host does not know");
    for (const ApproverKey& key : approvers_) {
      const Status said = VerifyApproval(key, plan, approval.proof);
      if (!said.ok() && status.ok()) continue;
      if (said.ok() && approval.proof.valid_until <= now) {
        status = PermissionDenied("the approval of {} ended at {}", key.name,
                                  FormatInstant(approval.proof.valid_until));
        break;
      }
      status = said;
      if (said.ok()) {
        signers.insert(key.name);
        break;
      }
    }
    if (!status.ok()) wrong += "; " + Message(status);
  }
  if (signers.size() >= approvals_needed_) return Ok();
  return PermissionDenied(
      "this host wants {} approval{} signed by its approvers' keys, and {} {}{}", approvals_needed_,
      approvals_needed_ == 1 ? "" : "s", signers.size(), signers.size() == 1 ? "is" : "are", wrong);
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
