// Who may be on the host: users, groups, and the keys that may log in.
#ifndef DRIFTCAST_COLLECT_ACCOUNT_COLLECTOR_H_
#define DRIFTCAST_COLLECT_ACCOUNT_COLLECTOR_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collect/host_root.h"
#include "collect/secret.h"
#include "collect/whole_collector.h"

namespace driftcast {

// Kinds and names:
//   "user"  / "alice"   "uid", "gid", "comment", "home", "shell", "group[]" (supplementary),
//                       "password" ("locked", "none", or a fingerprint of its hash), "expires",
//                       "max_days". Depends on its groups ("member_of"). Context: "sudo[]", the
//                       rules of /etc/sudoers and sudoers.d that name it.
//   "group" / "adm"     "gid". Context: "sudo[]".
//   "authorized_key" / "alice SHA256:..."   "type", "options", "comment", "file"; belongs to its
//                       user ("admits"). A key's fingerprint is that of ssh-keygen -l.
// The rules of sudo and PAM themselves are compared as files (their order counts), see
// collect/file_collector.h. Files larger than 4 MiB (tables) or 1 MiB (keys) are not read.
//
// Needs to read: /etc/shadow and others' ~/.ssh (CAP_DAC_READ_SEARCH). Without it "password" and
// "authorized_key[]" are uncompared keys of the user. Directories (LDAP, SSSD) are not asked.
class AccountCollector : public WholeCollector {
 public:
  AccountCollector(const HostRoot& root, const SecretGuard& guard)
      : WholeCollector("accounts", {"user", "group", "authorized_key"}),
        root_(root),
        guard_(guard) {}

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;
  std::vector<std::string> FilesOf(const ResourceObserved& observed) const override;

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  using Named = std::map<std::string, ResourceObserved>;
  Status ReadUsers(Named& users);
  Status ReadGroups(Named& groups, Named& users);
  void ReadPasswords(Named& users);
  void ReadKeys(Named& users, std::vector<ResourceObserved>& out);
  void ReadKeyFile(const std::string& path, ResourceObserved& user,
                   std::map<std::string, ResourceObserved>& keys);
  void AddSudoRules(Named& users, Named& groups);

  const HostRoot& root_;
  const SecretGuard& guard_;
};

// One line of authorized_keys(5).
struct AuthorizedKey {
  std::string options, type, fingerprint, comment;  // fingerprint: "SHA256:<base64>"
};
// False when the line is no key.
bool ReadAuthorizedKey(std::string_view line, AuthorizedKey& out);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_ACCOUNT_COLLECTOR_H_
