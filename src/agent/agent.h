// The agent: reads this host, keeps what it read until the engine has it, carries approved plans to
// the program that may act. One loop does all the reading; the uplink and the plans have threads of
// their own and only leave notes.
#ifndef DRIFTCAST_AGENT_AGENT_H_
#define DRIFTCAST_AGENT_AGENT_H_

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/allowance.h"
#include "agent/authors.h"
#include "agent/cadence.h"
#include "agent/inbox.h"
#include "agent/order_runner.h"
#include "agent/reporter.h"
#include "agent/spool.h"
#include "agent/uplink.h"
#include "agent/usage.h"
#include "base/status.h"
#include "base/time.h"
#include "collect/dpkg.h"
#include "collect/file_collector.h"
#include "collect/host_metrics.h"
#include "collect/host_root.h"
#include "collect/lens_client.h"
#include "collect/package_collector.h"
#include "collect/package_history.h"
#include "collect/process_table.h"
#include "collect/secret.h"
#include "collect/session_history.h"
#include "collect/tls_collector.h"
#include "collect/watcher.h"

namespace driftcast {

struct AgentOptions {
  std::string engine;          // "host:port"; empty = no uplink (tests, dry runs)
  std::filesystem::path data;  // spool, identity, host key
  std::string stack;           // name of this host in the fleet
  std::string role;
  std::string root = "/";
  std::string version;
  FileOptions files;
  std::string lens_program;   // driftcast-lens; empty = those formats are compared as a whole
  std::string apply_program;  // driftcast-apply; empty = observe-only
  std::set<int> tls_ports = TlsOptions().ports;  // asked for their certificate when they listen
  AuthorOptions who;                             // where it is known from who changes files
  bool containers = true;                        // ask container engines whose socket may be opened
  std::string allow_list = "/etc/driftcast/allow";
  uint64_t spool_bytes_max = 256ull << 20;
  Budget budget;
  People people = People::kPseudonyms;        // how logins and uses of sudo are told
  TeamChoice teams;                           // whose rhythm is learnt beside each person's
  std::map<std::string, std::string> labels;  // more of them, beside os, kernel, architecture
  // How often; stretched while the agent is over its budget.
  Duration metrics_every = 10 * kSecond;
  Duration report_every = kMinute;
  Duration files_every = 10 * kMinute;
  Duration packages_every = kHour;
  Duration sysctl_every = 5 * kMinute;
  Duration snapshot_every = 6 * kHour;  // everything anew, so that "last compared" stays young
};

// Life: Prepare, Run until Stop. Not thread-safe but for Stop.
class Agent {
 public:
  Agent(AgentOptions options, const Clock& clock);
  ~Agent();

  // Opens the data folder. Errors: another agent uses it, or it cannot be written.
  Status Prepare();

  // Hands everything that would be reported to `sink`, and reports nothing. Prepare is not needed.
  Status Preview(Sink& sink);

  // Reports everything once, and waits until the engine has it. DeadlineExceeded if it does not.
  Status RunOnce(const Identity& identity, Duration patience);

  // Reports until Stop. `identity`: see agent/dial.h.
  Status Run(const Identity& identity);
  // Reads and reports into the spool alone, until Stop: without an engine.
  Status RunOffline();

  void Stop();  // any thread

  Spool& spool() { return *spool_; }

 private:
  struct Source {
    std::unique_ptr<Collector> collector;
    Cadence cadence;
    Instant next;           // periodic scan
    Instant hinted;         // a change was seen: scan then; epoch = no
    Instant scanned;        // last scan
    bool snapshot = false;  // the next scan reports everything
    std::string error;      // why the last scan did not see everything; empty = it did
  };

  Status LoadHostKey();
  void MakeCollectors();
  void MakeLiveCollectors(
      const std::function<void(std::unique_ptr<Collector>, Duration, Risk)>& add);
  Cause CauseOf(const ResourceObserved& observation, Instant now) const;
  Collector* CollectorFor(const std::string& kind);

  void Connect(const Identity& identity);
  uint64_t facts_set_aside() const { return uplink_ ? uplink_->facts_set_aside() : 0; }
  void Begin();  // first facts: past, snapshot, watches
  void Loop();
  std::map<std::string, std::string> Labels() const;  // of this host, as they are now
  void ReportEnrolled();
  void ReportPast();
  void ReportRuns();    // package runs that are news
  void ReportPeople();  // logins and uses of sudo that are news
  void Watch();
  void TakeChanges();   // what the watcher saw
  void TakeRequests();  // what the other threads noted
  void ScanDue();
  void ScanNow(Source& source, Depth depth, Means means);
  void SampleMetrics();
  void ReportSelf();
  void WriteCost() const;      // for `driftcast-agent cost`
  void WriteCoverage() const;  // for `driftcast-agent coverage`
  void CheckBudget();
  void ChargeEvents();  // to their allowance: what was used since the last charge
  bool EventsWait() const { return clock_.Now() < events_ready_at_; }
  Instant NextDue() const;

  const AgentOptions options_;
  const Clock& clock_;
  const HostRoot root_;
  std::unique_ptr<SecretGuard> guard_;
  std::unique_ptr<LensClient> lenses_;
  std::unique_ptr<ProcessTable> processes_;
  std::unique_ptr<ProgramOwners> program_owners_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Reporter> reporter_;
  std::vector<Source> sources_;
  PackageCollector* packages_ = nullptr;  // one of sources_
  std::unique_ptr<PackageHistory> history_;
  std::unique_ptr<SessionHistory> sessions_;
  std::unique_ptr<HostMetrics> metrics_;
  std::unique_ptr<Watcher> watcher_;
  const HostRoot machine_{"/"};  // whose processes change files, whatever root is read
  std::unique_ptr<Authors> authors_;
  Inbox inbox_;
  std::unique_ptr<Uplink> uplink_;
  std::unique_ptr<OrderRunner> orders_;
  OrderOptions order_options_;
  Guard budget_guard_;
  Instant next_metrics_, next_report_, next_snapshot_, metrics_paused_until_;
  int64_t history_stamp_ = -1;
  std::map<std::string, std::string> labels_told_;
  uint64_t metrics_shed_ = 0;
  uint64_t event_losses_ = 0;  // times that file events were lost and everything was looked at
  Instant next_budget_;
  // What the kernel's events may cost, in milliseconds of processor time: in a storm they are taken
  // in larger lots, each when the one before is paid for.
  Allowance events_;
  double charged_ms_ = 0;
  Instant events_ready_at_;
  bool events_drained_ = false;  // the watcher holds some that the next look takes
  bool shedding_said_ = false;
  bool stopping_ = false;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_AGENT_H_
