// What cron runs: the jobs of users' crontabs, and when each table runs next.
#ifndef DRIFTCAST_COLLECT_CRON_COLLECTOR_H_
#define DRIFTCAST_COLLECT_CRON_COLLECTOR_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "collect/host_root.h"
#include "collect/secret.h"
#include "collect/whole_collector.h"

namespace driftcast {

// Kind "cron", name = the user whose crontab it is (/var/spool/cron/crontabs, or /var/spool/cron).
// Keys: "job[]" ("17 * * * * command"), "environment[]". Context: "next_run". The tables of the
// system (/etc/crontab, /etc/cron.d) are compared as files, which have the context as well.
//
// Needs to read: users' crontabs (CAP_DAC_READ_SEARCH). Without it Collect fails with
// PermissionDenied, and nothing is concluded from what is not seen.
class CronCollector : public WholeCollector {
 public:
  CronCollector(const HostRoot& root, const SecretGuard& guard, const Clock& clock)
      : WholeCollector("cron", {"cron"}), root_(root), guard_(guard), clock_(clock) {}

  std::vector<WatchedPlace> Places() const override;
  Reaction OnPath(const std::string& path) const override;
  std::vector<std::string> FilesOf(const ResourceObserved& observed) const override;

 protected:
  Status ReadAll(std::vector<ResourceObserved>& out) override;

 private:
  ResourceObserved ReadTable(const std::string& folder, const std::string& user);

  const HostRoot& root_;
  const SecretGuard& guard_;
  const Clock& clock_;
};

// A job line of crontab(5). `system`: with the column that names the user.
struct CronJob {
  std::string schedule, user, command;
};
std::optional<CronJob> ReadCronJob(std::string_view line, bool system);

// The first run of any job of the table; nullopt when there is none. In this process' local time.
std::optional<Instant> NextCronRun(std::string_view table, bool system, Instant after);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_CRON_COLLECTOR_H_
