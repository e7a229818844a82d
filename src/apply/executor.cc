#include "apply/executor.h"

#include <algorithm>
#include <set>

#include "apply/action.h"
#include "apply/allow_list.h"
#include "apply/journal.h"
#include "apply/probe.h"
#include "model/guard.h"

namespace driftcast {
namespace {

constexpr Duration kClockSlack = std::chrono::minutes(5);
constexpr Duration kKeepFor = kDay * 30;
constexpr Duration kPackagePatience = std::chrono::minutes(1);
constexpr Duration kRecoverPatience = std::chrono::minutes(50);
constexpr size_t kStepsMax = 1000;

PackageOptions PackagesOf(const ApplyOptions& options) {
  PackageOptions out;
  out.root = options.root;
  out.debs = options.data / "debs";
  out.sources = options.package_sources;
  out.may_download = options.may_download;
  return out;
}

bool NeedsPackages(const RemediationPlan& plan) {
  return std::ranges::any_of(plan.steps, [](const PlanStep& step) {
    return step.kind != StepKind::kAcceptObserved && !IsCheckStep(step.kind) &&
           step.resource.kind == "package";
  });
}

Status CheckAllowed(const RemediationPlan& plan, const ApplyOptions& options, Instant now) {
  DRIFTCAST_ASSIGN_OR_RETURN(const AllowList allow, AllowList::Load(options.allow));
  if (allow.empty())
    return PermissionDenied("this host is observe-only: its allow-list is missing or empty");
  for (const auto& step : plan.steps) {
    const auto [kind, name] = PermissionFor(step);
    if (!kind.empty() && !allow.Allows(kind, name))
      return PermissionDenied("this host does not allow {} {} to be changed", kind, name);
  }
  return options.dry_run ? Ok() : allow.CheckApprovals(plan, now);
}

// One run over one plan.
class Executor {
 public:
  Executor(const Order& order, const ApplyOptions& options, const Clock& clock,
           const ProgressSink& progress)
      : plan_(order.plan), order_(order), options_(options), clock_(clock), progress_(progress) {}

  ApplyResult Run() {
    ApplyResult result;
    const Status ready = GetReady();
    if (!ready.ok()) {
      result.detail = Message(ready);
    } else if (options_.dry_run) {
      result.state = PlanState::kSucceeded;
      result.detail = "dry run: nothing was written";
      for (const auto& action : actions_) result.preview += action->Preview();
    } else {
      Carry(result);
    }
    result.downtime = downtime_;
    Tell(-1, result.state, result.detail);
    return result;
  }

 private:
  void Tell(int32_t step, PlanState state, const std::string& detail, bool changed = false) {
    if (progress_) progress_({plan_.id, step, state, detail, downtime_, changed});
  }

  // Everything that can be found out before the first change; nothing of the host is changed.
  Status GetReady() {
    DRIFTCAST_RETURN_IF_ERROR(CheckOrder(order_, options_, clock_.Now()));
    DRIFTCAST_RETURN_IF_ERROR(CheckAllowed(plan_, options_, clock_.Now()));
    if (!options_.dry_run) {
      DRIFTCAST_ASSIGN_OR_RETURN(data_lock_, LockData(options_.data));
      DRIFTCAST_RETURN_IF_ERROR(CheckLedger());
    }
    DRIFTCAST_ASSIGN_OR_RETURN(auto files, HostFiles::Open(options_.root));
    files_ = std::make_unique<HostFiles>(std::move(files));
    packages_ = std::make_unique<PackageTool>(*files_, PackagesOf(options_));
    units_ = std::make_unique<Units>(options_.root, options_.bus_address);
    DRIFTCAST_ASSIGN_OR_RETURN(commands_, Commands::Load(options_.commands));
    reader_ = std::make_unique<HostReader>(*files_, *packages_, *units_, options_.lens);
    if (!options_.dry_run && NeedsPackages(plan_)) {
      DRIFTCAST_ASSIGN_OR_RETURN(package_lock_, packages_->Lock(kPackagePatience));
    }
    if (!again_) DRIFTCAST_RETURN_IF_ERROR(CompareWithBase(plan_, *reader_));
    const ActionTools tools{*files_,   *reader_,      *packages_,   *units_,
                            commands_, options_.data, options_.stop};
    DRIFTCAST_ASSIGN_OR_RETURN(actions_, MakeActions(plan_, tools));
    for (const auto& action : actions_) {
      const Status prepared = action->Prepare(options_.dry_run);
      // A unit that does not run has nothing to reload when a guard puts its file back.
      const bool rests = prepared.code() == StatusCode::kFailedPrecondition && IsGuard(plan_) &&
                         TakesUp(plan_.steps[action->first_step].kind);
      if (rests) resting_.insert(action.get());
      if (!rests) DRIFTCAST_RETURN_IF_ERROR(prepared);
    }
    return Ok();
  }

  Status CheckLedger() {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto begun, ListJournals(options_.data));
    for (const auto& plan : begun) {
      const bool same = plan == plan_.id;
      if (same && !IsGuard(plan_))
        return AlreadyExists("plan {} was carried out before and is not repeated", plan.value);
      const auto content = ReadJournal(options_.data, plan);
      if (!content.ok()) return content.status();
      if (content->end == PlanState::kRunning)
        return FailedPrecondition("plan {} was interrupted and has to be put back first",
                                  plan.value);
      if (same) DRIFTCAST_RETURN_IF_ERROR(CheckAgain(*content));
    }
    return PruneJournals(options_.data, clock_.Now(), kKeepFor);
  }

  // A guard goes on as long as it left nothing behind each time.
  Status CheckAgain(const JournalContent& before) {
    if (before.hash != plan_.hash)
      return AlreadyExists("another plan was carried out as {}", plan_.id.value);
    if (before.end == PlanState::kUnclear)
      return AlreadyExists("the guard {} ended unclear and is not repeated", plan_.id.value);
    again_ = true;
    return Ok();
  }

  // A guard that finds everything as it should be leaves no trace of having looked.
  StatusOr<bool> NothingToDo() const {
    if (!again_) return false;
    for (const auto& action : actions_) {
      if (TakesUp(plan_.steps[action->first_step].kind)) continue;
      DRIFTCAST_ASSIGN_OR_RETURN(const auto undos, action->Undos());
      if (!undos.empty()) return false;
    }
    return true;
  }

  void Carry(ApplyResult& result) {
    if (const auto nothing = NothingToDo(); nothing.ok() && *nothing) {
      result.state = PlanState::kSucceeded;
      result.detail = "everything is as it should be";
      return;
    }
    auto journal = again_ ? Journal::BeginAgain(options_.data, plan_.id)
                          : Journal::Begin(options_.data, plan_);
    if (!journal.ok()) {
      result.detail = Message(journal.status());
      return;
    }
    Probe("plan.begun");
    Status status = DoAll(*journal);
    if (status.ok()) status = VerifyAll();
    if (status.ok()) {
      Probe("plan.verified");
      status = journal->End(PlanState::kSucceeded, "");
    }
    if (status.ok()) {
      result.state = PlanState::kSucceeded;
      result.detail = "every step was read back as planned";
      return;
    }
    GiveUp(*journal, status, result);
  }

  // What takes a guard's put-back up has nothing to do when nothing was put back.
  bool IsIdle(const Action& action) const {
    return resting_.contains(&action) ||
           (IsGuard(plan_) && undos_.empty() && TakesUp(plan_.steps[action.first_step].kind));
  }

  Status DoAll(Journal& journal) {
    for (const auto& action : actions_) {
      if (IsIdle(*action)) continue;
      const auto step = static_cast<int32_t>(action->first_step);
      DRIFTCAST_RETURN_IF_ERROR(CheckNotStopped("step", step));
      Tell(step, PlanState::kRunning, "");
      const size_t undos_before = undos_.size();
      Status status = DoOne(*action, journal);
      downtime_ += action->downtime();
      if (!status.ok()) {
        Tell(step, PlanState::kFailed, Message(status));
        return Annotate(status, fmt::format("step {}", step + 1));
      }
      Tell(step, PlanState::kSucceeded, "", undos_.size() > undos_before);
    }
    return Ok();
  }

  Status CheckNotStopped(const char* before, int32_t step) const {
    if (!options_.stop || !options_.stop()) return Ok();
    return FailedPrecondition("stopped before {} {}, as asked", before, step + 1);
  }

  Status DoOne(Action& action, Journal& journal) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto undos, action.Undos());
    for (auto& undo : undos) {
      DRIFTCAST_RETURN_IF_ERROR(journal.AddUndo(action.first_step, undo));
      undos_.push_back(std::move(undo));
    }
    Probe("step.intended");
    DRIFTCAST_RETURN_IF_ERROR(action.Do());
    Probe("step.done");
    return journal.AddDone(action.first_step);
  }

  Status VerifyAll() {
    for (const auto& action : actions_) {
      if (IsIdle(*action)) continue;
      const auto step = static_cast<int32_t>(action->first_step);
      DRIFTCAST_RETURN_IF_ERROR(CheckNotStopped("the check of step", step));
      Tell(step, PlanState::kVerifying, "");
      Probe("step.verifying");
      Status status = action->Verify();
      if (!status.ok()) return Annotate(status, fmt::format("check of step {}", step + 1));
    }
    return Ok();
  }

  void GiveUp(Journal& journal, const Status& why, ApplyResult& result) {
    const std::string left = PutBack(undos_, options_.data, {*files_, *packages_, *units_});
    result.state = left.empty() ? PlanState::kRolledBack : PlanState::kUnclear;
    result.detail = Message(why);
    if (left.empty()) {
      result.detail += undos_.empty() ? "; nothing had been changed" : "; everything is as before";
    } else {
      result.detail += "; not as before: " + left;
    }
    // When this cannot be written, the next Recover goes the same way again: it is idempotent.
    if (const Status ended = journal.End(result.state, result.detail); !ended.ok())
      result.detail += "; and this outcome could not be stored: " + Message(ended);
  }

 public:
  static std::string PutBack(const std::vector<Undo>& undos, const std::filesystem::path& data,
                             const HostTools& tools);

 private:
  const RemediationPlan& plan_;
  const Order& order_;
  const ApplyOptions& options_;
  const Clock& clock_;
  const ProgressSink& progress_;
  FileDescriptor data_lock_, package_lock_;
  std::unique_ptr<HostFiles> files_;
  std::unique_ptr<PackageTool> packages_;
  std::unique_ptr<Units> units_;
  Commands commands_;
  std::unique_ptr<HostReader> reader_;
  std::vector<std::unique_ptr<Action>> actions_;
  std::set<const Action*> resting_;
  std::vector<Undo> undos_;
  Duration downtime_{0};
  bool again_ = false;  // a guard that was carried out before
};

// Goes back from the last to the first, as far as it goes, has units take up what is back, then
// names what is still different.
std::string Executor::PutBack(const std::vector<Undo>& undos, const std::filesystem::path& data,
                              const HostTools& tools) {
  std::string failures, not_taken_up;
  const auto note = [](const Status& status, std::string& text) {
    if (!status.ok()) text += (text.empty() ? "" : "; ") + Message(status);
  };
  for (size_t i = undos.size(); i-- > 0;) {
    Probe("undo");
    note(GoBack(undos[i], data, tools), failures);
  }
  for (const Undo& undo : undos) note(TakeUpAgain(undo, tools.units), not_taken_up);
  std::string left = not_taken_up;
  std::set<std::pair<Undo::Kind, std::string>> seen;  // the first undo of a thing knows the start
  for (const auto& undo : undos) {
    if (!seen.emplace(undo.kind, undo.name).second) continue;
    if (const auto difference = RemainingDifference(undo, tools); !difference.empty())
      left += (left.empty() ? "" : "; ") + difference;
  }
  if (!left.empty() && !failures.empty()) left += " (" + failures + ")";
  return left;
}

ApplyResult RecoverOne(const PlanId& plan, const ApplyOptions& options, const HostTools& tools) {
  ApplyResult result;
  result.state = PlanState::kUnclear;
  const auto content = ReadJournal(options.data, plan);
  if (!content.ok()) {
    result.detail = "the log of the interrupted plan cannot be read: " + Message(content.status());
    return result;
  }
  std::vector<Undo> undos;
  for (const auto& [step, undo] : content->undos) undos.push_back(undo);
  const std::string left = Executor::PutBack(undos, options.data, tools);
  result.state = left.empty() ? PlanState::kRolledBack : PlanState::kUnclear;
  result.detail = left.empty() ? "it was interrupted; everything is as before"
                               : "it was interrupted; not as before: " + left;
  auto journal = Journal::Reopen(options.data, plan);
  const Status ended = journal.ok() ? journal->End(result.state, result.detail) : journal.status();
  if (!ended.ok()) result.detail += "; and this outcome could not be stored: " + Message(ended);
  return result;
}

}  // namespace

Status CheckOrder(const Order& order, const ApplyOptions& options, Instant now) {
  const RemediationPlan& plan = order.plan;
  DRIFTCAST_RETURN_IF_ERROR(VerifyOrder(order, options.public_key));
  if (options.stack.empty() || plan.stack != options.stack)
    return PermissionDenied("the order is for stack '{}', not for this one", plan.stack.value);
  if (order.issued_at > now + kClockSlack)
    return PermissionDenied("the order was signed in the future ({}): check the clocks",
                            FormatInstant(order.issued_at));
  if (plan.expires_at <= now)
    return PermissionDenied("the plan expired at {}", FormatInstant(plan.expires_at));
  if (plan.not_before > now)
    return PermissionDenied("the plan is not to be carried out before {}",
                            FormatInstant(plan.not_before));
  if (IsGuard(plan)) {
    DRIFTCAST_ASSIGN_OR_RETURN(const Instant end, GuardEnd(plan));
    if (end <= now) return PermissionDenied("the guard ended at {}", FormatInstant(end));
  }
  if (plan.steps.size() > kStepsMax)
    return InvalidArgument("a plan of {} steps is refused", plan.steps.size());
  for (const auto& step : plan.steps) {
    DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId(step.resource));
    if (step.resource.stack != options.stack)
      return PermissionDenied("a step is about stack '{}'", step.resource.stack.value);
    const bool program = order.approved_by.empty() || order.approved_by.value == "engine" ||
                         order.approved_by.value == "policy";
    if (!step.reversible && program)
      return PermissionDenied("a step cannot be undone, and no person approved it");
  }
  return Ok();
}

ApplyResult Execute(const Order& order, const ApplyOptions& options, const Clock& clock,
                    const ProgressSink& progress) {
  return Executor(order, options, clock, progress).Run();
}

StatusOr<ApplyResult> Settle(const PlanId& plan, const ApplyOptions& options, const Clock& clock) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor lock, LockData(options.data, kRecoverPatience));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto begun, ListJournals(options.data));
  ApplyResult result;
  if (std::ranges::find(begun, plan) == begun.end()) {
    result.detail = "it was interrupted before it was begun; nothing was changed";
    RemediationPlan forgone;
    forgone.id = plan;
    forgone.stack = options.stack;
    forgone.expires_at = clock.Now() + kKeepFor;
    DRIFTCAST_ASSIGN_OR_RETURN(auto journal, Journal::Begin(options.data, forgone));
    DRIFTCAST_RETURN_IF_ERROR(journal.End(result.state, result.detail));
    return result;
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const auto content, ReadJournal(options.data, plan));
  result.state = content.end;
  result.detail = content.detail;
  if (content.end == PlanState::kRunning) {
    result.state = PlanState::kUnclear;
    result.detail = "it was interrupted, and could not be put back";
  }
  return result;
}

StatusOr<std::vector<ApplyResult>> Recover(const ApplyOptions& options, const Clock&,
                                           const ProgressSink& progress) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FileDescriptor lock, LockData(options.data, kRecoverPatience));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto files, HostFiles::Open(options.root));
  PackageTool packages(files, PackagesOf(options));
  Units units(options.root, options.bus_address);
  DRIFTCAST_ASSIGN_OR_RETURN(auto plans, ListJournals(options.data));
  std::vector<ApplyResult> results;
  std::ranges::reverse(plans);
  for (const auto& plan : plans) {
    const auto content = ReadJournal(options.data, plan);
    if (content.ok() && content->end != PlanState::kRunning) continue;
    results.push_back(RecoverOne(plan, options, {files, packages, units}));
    if (progress) progress({plan, -1, results.back().state, results.back().detail, Duration{0}});
  }
  return results;
}

}  // namespace driftcast
