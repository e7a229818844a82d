#include "agent/order_runner.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/child.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "wire/value.h"

namespace driftcast {
namespace {

constexpr size_t kDetailBytesMax = 4096;
constexpr size_t kWithdrawnMax = 1024;

constexpr std::array<std::pair<const char*, PlanState>, 6> kStates = {{
    {"running", PlanState::kRunning},
    {"verifying", PlanState::kVerifying},
    {"succeeded", PlanState::kSucceeded},
    {"rolled_back", PlanState::kRolledBack},
    {"failed", PlanState::kFailed},
    {"unclear", PlanState::kUnclear},
}};

std::optional<PlanState> StateOf(const std::string& name) {
  for (const auto& [known, state] : kStates)
    if (name == known) return state;
  return std::nullopt;
}

const char* NameOf(PlanState state) {
  for (const auto& [name, known] : kStates)
    if (state == known) return name;
  return "unclear";
}

// What stays on disk about an order: "begun" and the plan's id, or the final state and its detail.
struct LedgerEntry {
  std::optional<PlanState> final_state;
  std::string detail;
};

std::optional<LedgerEntry> ReadLedger(const std::filesystem::path& file) {
  const auto text = ReadFile(file, 64 << 10);
  if (!text.ok()) return std::nullopt;
  const size_t line = std::min(text->find('\n'), text->size());
  LedgerEntry entry;
  entry.final_state = StateOf(text->substr(0, line));
  if (line < text->size()) entry.detail = text->substr(line + 1);
  return entry;
}

std::vector<ResourceId> TouchedBy(const v1::RemediationPlan& plan) {
  std::vector<ResourceId> touched;
  for (const v1::PlanStep& step : plan.steps())
    touched.push_back(FromProtoUnchecked(step.resource()));
  return touched;
}

Duration PatienceFor(const v1::RemediationPlan& plan, Duration beyond) {
  Duration sum = beyond;
  for (const v1::PlanStep& step : plan.steps())
    sum += std::clamp(Duration(step.timeout_us()), Duration(0), 6 * kHour);
  return sum;
}

}  // namespace

std::optional<PlanProgressed> ReadProgressLine(std::string_view line, const PlanId& plan,
                                               bool* changed) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("state") || !json["state"].is_string())
    return std::nullopt;
  const auto state = StateOf(json["state"].get<std::string>());
  if (!state) return std::nullopt;
  PlanProgressed progress;
  progress.plan = plan;
  if (json.contains("plan") && json["plan"].is_string())
    progress.plan = PlanId(json["plan"].get<std::string>().substr(0, 256));
  progress.state = *state;
  if (json.contains("step") && json["step"].is_number_integer())
    progress.step = json["step"].get<int32_t>();
  if (json.contains("detail") && json["detail"].is_string())
    progress.detail = json["detail"].get<std::string>().substr(0, kDetailBytesMax);
  if (json.contains("downtime_us") && json["downtime_us"].is_number_integer())
    progress.downtime = Duration(std::max<int64_t>(0, json["downtime_us"].get<int64_t>()));
  if (changed != nullptr)
    *changed =
        json.contains("changed") && json["changed"].is_boolean() && json["changed"].get<bool>();
  return progress;
}

std::vector<std::string> ReadAllowedKinds(const OrderOptions& options) {
  std::vector<std::string> kinds;
  if (options.program.empty()) return kinds;
  std::vector<std::string> arguments = options.arguments;
  arguments.emplace_back("--print-allowed");
  const auto end = RunChild(options.program, arguments, "", kMinute, [&](std::string_view line) {
    if (!line.empty() && line[0] != '{' && kinds.size() < 64) kinds.emplace_back(line);
  });
  if (!end.ok() || end->exit_code != 0) kinds.clear();
  return kinds;
}

OrderRunner::OrderRunner(OrderOptions options, OnProgress on_progress)
    : options_(std::move(options)),
      on_progress_(std::move(on_progress)),
      guards_(options_.folder),
      stop_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

OrderRunner::~OrderRunner() { Stop(); }

void OrderRunner::Start() {
  std::error_code ignored;
  std::filesystem::create_directories(options_.folder, ignored);
  chmod(options_.folder.c_str(), 0700);
  thread_ = std::thread([this] { Run(); });
}

void OrderRunner::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void OrderRunner::Submit(v1::SignedPlan order) {
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() < kQueueMax) {
      waiting_.push_back(std::move(order));
      changed_.SignalAll();
      return;
    }
  }
  Finish(order, PlanState::kFailed, "too many plans wait on this host already", Duration(0), false);
}

void OrderRunner::Withdraw(const PlanId& plan, const std::string& by) {
  const MutexLock lock(mutex_);
  if (withdrawn_.size() >= kWithdrawnMax) return;  // asked again at the next connection
  withdrawn_[plan] = by;
  if (under_way_ == plan) eventfd_write(stop_.get(), 1);
  changed_.SignalAll();
}

void OrderRunner::OnChange(const ResourceId& resource) {
  const MutexLock lock(mutex_);
  guards_.OnChange(resource, SystemClock()->Now());
  changed_.SignalAll();
}

void OrderRunner::AwaitWork() {
  while (waiting_.empty() && withdrawn_.empty() && !stopping_) {
    const Instant now = SystemClock()->Now(), due = guards_.NextDue();
    if (due <= now) return;
    changed_.WaitFor(mutex_, std::min<Duration>(kHour, due - now));
  }
}

void OrderRunner::Run() {
  {
    const MutexLock lock(mutex_);
    guards_.Load(SystemClock()->Now());
  }
  Recover();
  for (;;) {
    v1::SignedPlan order;
    std::pair<PlanId, std::string> withdrawn;
    std::optional<Instant> until;  // of a guard that is to look, or has ended
    {
      const MutexLock lock(mutex_);
      AwaitWork();
      if (stopping_) return;
      if (!withdrawn_.empty()) {
        withdrawn = *withdrawn_.begin();
        withdrawn_.erase(withdrawn_.begin());
      } else if (!waiting_.empty()) {
        order = std::move(waiting_.front());
        waiting_.pop_front();
      } else if (auto guard = guards_.TakeDue(SystemClock()->Now())) {
        order = std::move(guard->order);
        until = guard->until;
      } else {
        continue;
      }
      under_way_ = PlanId(order.plan().id());
      eventfd_t ignored = 0;
      eventfd_read(stop_.get(), &ignored);
    }
    if (!withdrawn.first.empty()) {
      AnswerWithdrawal(withdrawn.first, withdrawn.second);
      continue;
    }
    if (until) {
      RunGuard(order, *until);
    } else {
      CarryOut(order);
    }
    const MutexLock lock(mutex_);
    // Its end has been told; that of a guard that stands has not.
    if (guards_.Find(under_way_) == nullptr) withdrawn_.erase(under_way_);
    under_way_ = {};
  }
}

void OrderRunner::AnswerWithdrawal(const PlanId& plan, const std::string& by) {
  v1::SignedPlan order;
  order.mutable_plan()->set_id(plan.value);
  std::optional<StandingGuard> stands;
  {
    const MutexLock lock(mutex_);
    std::erase_if(waiting_,
                  [&](const v1::SignedPlan& waits) { return waits.plan().id() == plan.value; });
    if (const StandingGuard* guard = guards_.Find(plan)) stands = *guard;
  }
  if (stands)
    return EndGuard(stands->order, PlanState::kSucceeded,
                    fmt::format("the guard was taken off by {}; it had put back {} times since "
                                "the agent started",
                                by, stands->put_back_total));
  const auto earlier = ReadLedger(LedgerOf(plan.value));
  if (earlier && earlier->final_state)
    return Finish(order, *earlier->final_state, earlier->detail, Duration(0), false);
  if (earlier)
    return Finish(order, PlanState::kUnclear,
                  "the agent was interrupted while it carried this plan out; look at the host",
                  Duration(0), true);
  // Written down, so that it is not begun when the order comes late.
  Finish(order, PlanState::kFailed,
         "taken over by " + by + " before it was begun; nothing was changed", Duration(0), true);
}

std::filesystem::path OrderRunner::LedgerOf(const std::string& plan) const {
  return options_.folder / Hex(Sha256(plan)).substr(0, 32);
}

void OrderRunner::WriteDown(const std::string& plan, PlanState state,
                            const std::string& detail) const {
  const Status saved =
      WriteFileAtomically(LedgerOf(plan), std::string(NameOf(state)) + "\n" + detail, 0600);
  if (!saved.ok()) Log("agent").error("order.not_recorded reason='{}'", Message(saved));
}

bool OrderRunner::GoesOn(const PlanProgressed& recovered) {
  const MutexLock lock(mutex_);
  return recovered.state == PlanState::kRolledBack && guards_.Find(recovered.plan) != nullptr;
}

void OrderRunner::Recover() {
  if (options_.program.empty()) return;
  std::vector<std::string> arguments = options_.arguments;
  arguments.emplace_back("--recover");
  const auto end = RunChild(options_.program, arguments, "", kHour, [&](std::string_view line) {
    auto progress = ReadProgressLine(line, PlanId());
    if (!progress || progress->plan.empty()) return;
    if (GoesOn(*progress)) return;
    if (progress->step < 0 && IsFinal(progress->state)) {
      WriteDown(progress->plan.value, progress->state, progress->detail);
      const MutexLock lock(mutex_);
      guards_.Remove(progress->plan);
    }
    on_progress_(*std::move(progress), {});
  });
  if (!end.ok()) Log("agent").warn("order.no_recovery reason='{}'", Message(end.status()));
  SettleBegun();
}

void OrderRunner::SettleBegun() {
  std::vector<PlanId> begun;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options_.folder, error)) {
    if (file.path().has_extension()) continue;  // a guard's order
    const auto entry = ReadLedger(file.path());
    if (entry && !entry->final_state && !entry->detail.empty()) begun.emplace_back(entry->detail);
  }
  for (const PlanId& plan : begun) {
    std::vector<std::string> arguments = options_.arguments;
    arguments.insert(arguments.end(), {"--settle", plan.value});
    const auto end = RunChild(options_.program, arguments, "", kHour, [&](std::string_view line) {
      auto progress = ReadProgressLine(line, plan);
      if (!progress || progress->plan != plan || !IsFinal(progress->state)) return;
      WriteDown(plan.value, progress->state, progress->detail);
      on_progress_(*std::move(progress), {});
    });
    if (!end.ok()) Log("agent").warn("order.not_settled reason='{}'", Message(end.status()));
  }
}

void OrderRunner::Finish(const v1::SignedPlan& order, PlanState state, const std::string& detail,
                         Duration downtime, bool write_down) {
  if (write_down) WriteDown(order.plan().id(), state, detail);
  Log("agent").info("order.ended plan={} state={} detail='{}'", order.plan().id(), NameOf(state),
                    detail);
  PlanProgressed progress;
  progress.plan = PlanId(order.plan().id());
  progress.state = state;
  progress.detail = detail;
  progress.downtime = downtime;
  on_progress_(std::move(progress), TouchedBy(order.plan()));
}

void OrderRunner::CarryOut(const v1::SignedPlan& order) {
  const PlanId plan(order.plan().id());
  std::optional<Instant> stands;
  {
    const MutexLock lock(mutex_);
    if (const StandingGuard* guard = guards_.Find(plan)) stands = guard->until;
  }
  if (stands) return TellStands(order, *stands);
  if (const auto earlier = ReadLedger(LedgerOf(plan.value))) {
    if (earlier->final_state)
      return Finish(order, *earlier->final_state, earlier->detail, Duration(0), false);
    return Finish(order, PlanState::kUnclear,
                  "the agent was interrupted while it carried this plan out; look at the host",
                  Duration(0), true);
  }
  if (options_.program.empty())
    return Finish(order, PlanState::kFailed,
                  "this host is observe-only: driftcast-apply is not set up here", Duration(0),
                  false);
  Log("agent").info("order.begun plan={} approved_by={}", plan.value, order.approved_by());
  if (const auto until = GuardEndOf(order)) return Arm(order, *until);
  // The intent is on disk before anything can happen.
  if (const Status saved = WriteFileAtomically(LedgerOf(plan.value), "begun\n" + plan.value, 0600);
      !saved.ok())
    return Finish(order, PlanState::kFailed, "the order cannot be recorded: " + Message(saved),
                  Duration(0), false);
  const PlanProgressed end = RunProgram(order, true).Outcome();
  Finish(order, end.state, end.detail, end.downtime, true);
}

PlanProgressed OrderRunner::Said::Outcome() const {
  if (last) return *last;
  PlanProgressed outcome;
  outcome.state = begun ? PlanState::kUnclear : PlanState::kFailed;
  outcome.detail =
      started.ok() ? "driftcast-apply: " + how : "this host is observe-only: " + Message(started);
  return outcome;
}

OrderRunner::Said OrderRunner::RunProgram(const v1::SignedPlan& order, bool tell_steps) {
  const PlanId plan(order.plan().id());
  Said said;
  const auto on_line = [&](std::string_view line) {
    bool changed = false;
    auto progress = ReadProgressLine(line, plan, &changed);
    if (!progress) return;
    said.begun = said.begun || progress->state == PlanState::kRunning;
    if (changed && !said.changed) said.step = progress->step;
    said.changed = said.changed || changed;
    if (progress->step < 0 && IsFinal(progress->state)) {
      said.last = std::move(progress);
    } else if (tell_steps) {
      on_progress_(*std::move(progress), {});
    }
  };
  const auto end = RunChild(options_.program, options_.arguments, order.SerializeAsString(),
                            PatienceFor(order.plan(), options_.patience), on_line, stop_.get());
  if (!end.ok()) {
    said.started = end.status();
  } else {
    said.how = end->timed_out        ? "it took too long and was ended"
               : end->exit_code == 0 ? "it said nothing about the outcome"
                                     : fmt::format("it ended with code {}", end->exit_code);
  }
  return said;
}

void OrderRunner::Arm(const v1::SignedPlan& order, Instant until) {
  const PlanProgressed end = RunProgram(order, false).Outcome();
  if (end.state != PlanState::kSucceeded)
    return Finish(order, end.state, end.detail, end.downtime, true);
  Status added;
  {
    const MutexLock lock(mutex_);
    added = guards_.Add(order, until);
  }
  if (!added.ok())
    return Finish(order, PlanState::kFailed, "the guard cannot be kept: " + Message(added),
                  Duration(0), true);
  TellStands(order, until);
}

void OrderRunner::TellStands(const v1::SignedPlan& order, Instant until) {
  PlanProgressed progress;
  progress.plan = PlanId(order.plan().id());
  progress.state = PlanState::kRunning;
  progress.detail = "the guard stands until " + FormatInstant(until);
  Log("agent").info("guard.stands plan={} until={}", progress.plan.value, FormatInstant(until));
  on_progress_(std::move(progress), TouchedBy(order.plan()));
}

void OrderRunner::RunGuard(const v1::SignedPlan& order, Instant until) {
  const PlanId plan(order.plan().id());
  const auto total = [&] {
    const MutexLock lock(mutex_);
    return guards_.Find(plan)->put_back_total;
  };
  if (until <= SystemClock()->Now())
    return EndGuard(order, PlanState::kSucceeded,
                    fmt::format("the guard stood until its end, {}, and put back {} times since "
                                "the agent started",
                                FormatInstant(until), total()));
  const Said said = RunProgram(order, false);
  const PlanProgressed end = said.Outcome();
  if (end.state == PlanState::kUnclear) return EndGuard(order, end.state, end.detail);
  const bool good = end.state == PlanState::kSucceeded;
  bool goes_on = false;
  {
    const MutexLock lock(mutex_);
    if (withdrawn_.contains(plan)) return;  // whoever took over is answered next
    const Instant now = SystemClock()->Now();
    goes_on = good ? guards_.OnLooked(plan, said.changed, now) : guards_.OnFailed(plan, now);
  }
  if (!good && !goes_on) return EndGuard(order, end.state, "the guard ended: " + end.detail);
  if (!good || !said.changed) return;
  PlanProgressed progress;
  progress.plan = plan;
  progress.state = PlanState::kRunning;
  progress.step = std::max(said.step, 0);
  progress.detail = fmt::format("put back {}; {} times by now; the guard stands until {}",
                                order.plan().steps(progress.step).resource().name(), total(),
                                FormatInstant(until));
  Log("agent").info("guard.put_back plan={} times={}", plan.value, total());
  on_progress_(std::move(progress), TouchedBy(order.plan()));
  if (!goes_on)
    EndGuard(order, PlanState::kFailed,
             fmt::format("somebody fights the guard: it put back {} times within an hour, and "
                         "gives up; one side has to own the key",
                         StandingGuards::kPutBackPerHourMax));
}

void OrderRunner::EndGuard(const v1::SignedPlan& order, PlanState state,
                           const std::string& detail) {
  WriteDown(order.plan().id(), state, detail);  // first: it must not come to life again
  {
    const MutexLock lock(mutex_);
    guards_.Remove(PlanId(order.plan().id()));
  }
  Finish(order, state, detail, Duration(0), false);
}

}  // namespace driftcast
