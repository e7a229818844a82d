// Hands approved plans to the program that may change the host, and tells what became of them.
//
// The agent itself changes nothing. An order goes, as the bytes of a v1.SignedPlan, to the input of
// `driftcast-apply`, which checks signature, allow-list and state itself; from its output come
// lines of JSON: {"step": 0, "state": "running", "detail": "...", "downtime_us": 0}, with the
// states running, verifying, succeeded, rolled_back, failed, unclear; step -1 is the whole plan.
// Without that program, or if it cannot be started, the host is observe-only.
//
// Each order is written down before it is begun and when it has ended (FOLDER/<hash of plan id>),
// so that an order that comes twice is carried out once. What a crash interrupted is put back at
// the next start ("--recover") and reported; of a plan that ended while the agent was gone, the
// program's own record says how ("--settle"). An order that comes again without an outcome on
// record is reported as unclear instead of being tried again.
//
// A guard (model/guard.h) stands from the moment its first run succeeded until its end, also over
// restarts (agent/standing_guards.h), and its order is given to the program again whenever a
// resource that it is about has moved (OnChange). Each put-back is reported as progress: kRunning,
// with the step. It ends as kSucceeded when its time is over, and before that when somebody takes
// over, when somebody fights it (kFailed), or when it cannot be carried out any more.
#ifndef DRIFTCAST_AGENT_ORDER_RUNNER_H_
#define DRIFTCAST_AGENT_ORDER_RUNNER_H_

#include "driftcast/v1/plan.pb.h"

#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/standing_guards.h"
#include "base/file.h"
#include "base/mutex.h"
#include "base/status.h"
#include "model/fact.h"

namespace driftcast {

struct OrderOptions {
  std::filesystem::path folder;        // of what was ordered; created when missing
  std::string program;                 // empty = observe-only
  std::vector<std::string> arguments;  // for the program, before those for each call
  Duration patience = 10 * kMinute;    // beyond the sum of the steps' own timeouts
};

class OrderRunner {
 public:
  // Called from the runner's thread: only take note. `touched`, with a final state or a put-back:
  // what the plan may have changed.
  using OnProgress = std::function<void(PlanProgressed progress, std::vector<ResourceId> touched)>;

  static constexpr size_t kQueueMax = 16;

  OrderRunner(OrderOptions options, OnProgress on_progress);
  ~OrderRunner();

  void Start();
  // Waits for a plan under way: half a plan is worse than a late exit.
  void Stop();

  // Takes an order; any thread. Beyond kQueueMax waiting ones it is refused (kFailed).
  void Submit(v1::SignedPlan order);

  // A person took over; any thread. An order that waits is not begun; one under way begins no
  // further step and puts back what it did. The plan's end is reported, also when it has ended
  // before or was never heard of.
  void Withdraw(const PlanId& plan, const std::string& by);

  // A resource has moved: guards about it look; any thread.
  void OnChange(const ResourceId& resource);

 private:
  // What the program said about one order.
  struct Said {
    std::optional<PlanProgressed> last;  // the word about the whole
    bool begun = false;
    bool changed = false;  // a guard put something back
    int32_t step = -1;     // the first that did
    Status started;        // not OK: the program could not be started
    std::string how;       // how it ended without a last word

    PlanProgressed Outcome() const;
  };

  void Run();
  void Recover();  // what an interrupted run left
  void AwaitWork() DRIFTCAST_REQUIRES(mutex_);
  void SettleBegun();  // what ended while nobody listened, or was not begun
  // A guard whose put-back was interrupted and taken back: it stands, and looks again.
  bool GoesOn(const PlanProgressed& recovered);
  void CarryOut(const v1::SignedPlan& order);
  Said RunProgram(const v1::SignedPlan& order, bool tell_steps);
  void Arm(const v1::SignedPlan& order, Instant until);
  void TellStands(const v1::SignedPlan& order, Instant until);
  void RunGuard(const v1::SignedPlan& order, Instant until);
  void EndGuard(const v1::SignedPlan& order, PlanState state, const std::string& detail);
  void AnswerWithdrawal(const PlanId& plan, const std::string& by);
  void Finish(const v1::SignedPlan& order, PlanState state, const std::string& detail,
              Duration downtime, bool write_down);
  std::filesystem::path LedgerOf(const std::string& plan) const;
  void WriteDown(const std::string& plan, PlanState state, const std::string& detail) const;

  const OrderOptions options_;
  const OnProgress on_progress_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::deque<v1::SignedPlan> waiting_ DRIFTCAST_GUARDED_BY(mutex_);
  std::map<PlanId, std::string> withdrawn_ DRIFTCAST_GUARDED_BY(mutex_);  // by whom; to be answered
  PlanId under_way_ DRIFTCAST_GUARDED_BY(mutex_);                         // empty = none
  StandingGuards guards_ DRIFTCAST_GUARDED_BY(mutex_);
  FileDescriptor stop_;  // an event: readable = the program under way is to end
};

// One line of the program's output; nullopt when it is none. `changed`, when given: whether it says
// that something was changed. The plan is `plan`, unless the line
// names another ("plan"). Pure.
std::optional<PlanProgressed> ReadProgressLine(std::string_view line, const PlanId& plan,
                                               bool* changed = nullptr);

// The kinds that the host's own allow-list lets the program change, and kApproverKeysLabel when it
// wants approvals signed; empty without a program.
std::vector<std::string> ReadAllowedKinds(const OrderOptions& options);

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_ORDER_RUNNER_H_
