// Who was on the host and who became root, as activities, from /var/log/wtmp and auth.log; where
// one of them is not there, or auth.log has not been written to for a week, from the journal
// instead; where there is no journal either, from the audit log.
#ifndef DRIFTCAST_COLLECT_SESSION_HISTORY_H_
#define DRIFTCAST_COLLECT_SESSION_HISTORY_H_

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "collect/audit_log.h"
#include "collect/host_root.h"
#include "collect/names.h"
#include "collect/secret.h"
#include "collect/session_journal.h"
#include "collect/session_log.h"
#include "collect/teams.h"
#include "model/fact.h"

namespace driftcast {

// How people are named outside of their host.
enum class People {
  kOff,         // not at all: nothing about them is read
  kPseudonyms,  // by a fingerprint with this host's key: the same person has the same name
  kNames,       // as they are
};

// Not thread-safe. Reads the last 4 MiB of each log; only when it has changed.
class SessionHistory {
 public:
  SessionHistory(const HostRoot& root, const SecretGuard& guard, People people,
                 TeamChoice teams = {})
      : root_(root),
        guard_(guard),
        people_(people),
        teams_(root, std::move(teams)),
        journal_(root),
        names_(root) {}

  // What was not told in its present state yet, oldest first: "login" (told when a session begins
  // and again when it has ended), "sudo" and "su". The first call goes back `first_window`, so that
  // the engine knows people's rhythm. Of sudo the program is told and not its arguments; of a login
  // whether it came from another host and not from which. details["team"] is the person's team,
  // under a name like "team-3f9c2a".
  // `audited`: what the audit log told since the last call. Its logins are used where there is
  // neither wtmp nor a journal, its uses of sudo where there is neither auth.log nor a journal.
  std::vector<ActivityReported> News(Instant now, const std::vector<AuditActivity>& audited = {},
                                     Duration first_window = kDay * 30);

  // "person-3f9c2a": the name under which the person is told.
  std::string NameOf(const std::string& user) const;

 private:
  std::string ReadEnd(const std::string& path, int64_t& stamp);
  std::string NameOfTeam(const std::string& user) const;
  void AddFromJournal(Instant now, Instant since, std::vector<LoginSession>& logins,
                      std::vector<Elevation>& elevations);
  void Tell(const LoginSession& session, std::vector<ActivityReported>& out) const;
  void Tell(const Elevation& elevation, std::map<std::string, int>& same,
            std::vector<ActivityReported>& out) const;
  void Audited(const std::vector<AuditActivity>& audited, std::vector<ActivityReported>& out);
  bool IsNews(const ActivityReported& activity);

  const HostRoot& root_;
  const SecretGuard& guard_;
  const People people_;
  Teams teams_;
  SessionJournal journal_;
  bool journal_tells_ = false;  // it has told of somebody
  int64_t wtmp_stamp_ = 0, auth_stamp_ = 0;
  std::map<std::string, Instant> told_;  // kind and id -> end that was told
  OwnerNames names_;
  std::map<int64_t, ActivityReported> audited_open_;  // logins of the audit log, by session
};

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_SESSION_HISTORY_H_
