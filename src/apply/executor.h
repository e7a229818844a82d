// Carries out one order on this host, or puts back what an interrupted one left.
//
// In this order: signature, stack, times, allow-list, approvers, replay, base, way back; then step by step the
// intent to disk, the change, a fresh read; at the first failure everything back in reverse order.
// The process may be killed at any point: Recover finishes the way back, or says what is left.
//
// A guard (model/guard.h) goes the same way, as often as it is asked for until its end, as long as
// it ended well each time. The base is compared the first time only: that the host has moved on is
// what a guard is for.
#ifndef DRIFTCAST_APPLY_EXECUTOR_H_
#define DRIFTCAST_APPLY_EXECUTOR_H_

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apply/host_reader.h"
#include "base/status.h"
#include "base/time.h"
#include "model/order.h"

namespace driftcast {

struct ApplyOptions {
  std::string root = "/";          // of the host that is changed
  std::filesystem::path data;      // see apply/journal.h
  std::filesystem::path allow;     // the allow-list
  std::filesystem::path commands;  // registered commands (apply/commands.h); missing = none
  std::string bus_address;         // of the service manager's bus; empty = the system's
  std::string public_key;          // 32 bytes: the engine's, learnt when the agent enrolled
  StackId stack;                   // the host's own; orders for others are refused
  std::vector<std::filesystem::path> package_sources;  // folders with packages
  bool may_download = true;
  bool dry_run = false;         // work everything out, write nothing
  HostReader::LensReader lens;  // reads formats that need the parser program; may be empty
  // Asked before each step and while a check waits: true = a person takes over, everything goes
  // back. May be empty.
  std::function<bool()> stop;
};

struct ApplyProgress {
  PlanId plan;
  int32_t step = -1;  // index; -1 = the whole plan
  PlanState state = PlanState::kRunning;
  std::string detail;
  Duration downtime{0};  // in total so far
  bool changed = false;  // of a step that succeeded: something was not as wanted, and is now
};
using ProgressSink = std::function<void(const ApplyProgress&)>;

struct ApplyResult {
  PlanState state = PlanState::kFailed;  // kSucceeded, kRolledBack, kFailed (nothing was changed),
                                         // kUnclear (the detail names each remaining difference)
  std::string detail;
  Duration downtime{0};
  std::string preview;  // dry run: the exact change
};

// `progress` hears about each step and, last, about the whole plan.
ApplyResult Execute(const Order& order, const ApplyOptions& options, const Clock& clock,
                    const ProgressSink& progress);

// Plans that were begun on this host and not ended, put back; one result each, last to first. One
// that is being carried out by a process that still lives is waited for, up to 50 minutes.
StatusOr<std::vector<ApplyResult>> Recover(const ApplyOptions& options, const Clock& clock,
                                           const ProgressSink& progress);

// What became of a plan here, after Recover. One that was not begun is not begun any more either:
// it has failed, and its order is refused when it comes.
StatusOr<ApplyResult> Settle(const PlanId& plan, const ApplyOptions& options, const Clock& clock);

// The checks that need nothing but the order: key, signature, hash, stack, times, who approved.
Status CheckOrder(const Order& order, const ApplyOptions& options, Instant now);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_EXECUTOR_H_
