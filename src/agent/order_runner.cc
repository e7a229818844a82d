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

// What stays on disk about an order: "begun", or the final state and its detail.
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

std::optional<PlanProgressed> ReadProgressLine(std::string_view line, const PlanId& plan) {
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

void OrderRunner::Run() {
  Recover();
  for (;;) {
    v1::SignedPlan order;
    std::pair<PlanId, std::string> withdrawn;
    {
      const MutexLock lock(mutex_);
      while (waiting_.empty() && withdrawn_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      if (!withdrawn_.empty()) {
        withdrawn = *withdrawn_.begin();
        withdrawn_.erase(withdrawn_.begin());
      } else {
        order = std::move(waiting_.front());
        waiting_.pop_front();
        under_way_ = PlanId(order.plan().id());
        eventfd_t ignored = 0;
        eventfd_read(stop_.get(), &ignored);
      }
    }
    if (!withdrawn.first.empty()) {
      AnswerWithdrawal(withdrawn.first, withdrawn.second);
      continue;
    }
    CarryOut(order);
    const MutexLock lock(mutex_);
    withdrawn_.erase(under_way_);  // its end has been told
    under_way_ = {};
  }
}

void OrderRunner::AnswerWithdrawal(const PlanId& plan, const std::string& by) {
  v1::SignedPlan order;
  order.mutable_plan()->set_id(plan.value);
  {
    const MutexLock lock(mutex_);
    std::erase_if(waiting_, [&](const v1::SignedPlan& waits) {
      return waits.plan().id() == plan.value;
    });
  }
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

void OrderRunner::Recover() {
  if (options_.program.empty()) return;
  std::vector<std::string> arguments = options_.arguments;
  arguments.emplace_back("--recover");
  const auto end = RunChild(options_.program, arguments, "", kHour, [&](std::string_view line) {
    auto progress = ReadProgressLine(line, PlanId());
    if (!progress || progress->plan.empty()) return;
    if (progress->step < 0 && IsFinal(progress->state))
      WriteDown(progress->plan.value, progress->state, progress->detail);
    on_progress_(*std::move(progress), {});
  });
  if (!end.ok()) Log("agent").warn("order.no_recovery reason='{}'", Message(end.status()));
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
  // The intent is on disk before anything can happen.
  if (const Status saved = WriteFileAtomically(LedgerOf(plan.value), "begun\n", 0600); !saved.ok())
    return Finish(order, PlanState::kFailed, "the order cannot be recorded: " + Message(saved),
                  Duration(0), false);

  std::optional<PlanProgressed> last;
  bool begun = false;
  const auto on_line = [&](std::string_view line) {
    auto progress = ReadProgressLine(line, plan);
    if (!progress) return;
    begun = begun || progress->state == PlanState::kRunning;
    const bool ends = progress->step < 0 && IsFinal(progress->state);
    if (ends) {
      last = std::move(progress);
    } else {
      on_progress_(*std::move(progress), {});
    }
  };
  Log("agent").info("order.begun plan={} approved_by={}", plan.value, order.approved_by());
  const auto end = RunChild(options_.program, options_.arguments, order.SerializeAsString(),
                            PatienceFor(order.plan(), options_.patience), on_line, stop_.get());
  if (!end.ok())
    return Finish(order, PlanState::kFailed, "this host is observe-only: " + Message(end.status()),
                  Duration(0), true);
  if (last) return Finish(order, last->state, last->detail, last->downtime, true);
  const std::string how = end->timed_out ? "it took too long and was ended"
                          : end->exit_code == 0
                              ? "it said nothing about the outcome"
                              : fmt::format("it ended with code {}", end->exit_code);
  Finish(order, begun ? PlanState::kUnclear : PlanState::kFailed, "driftcast-apply: " + how,
         Duration(0), true);
}

}  // namespace driftcast
