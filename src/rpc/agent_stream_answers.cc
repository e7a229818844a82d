// The second half of a stream: what becomes of the facts, what goes down, and how the call ends.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "rpc/agent_stream.h"
#include "rpc/gap_record.h"
#include "rpc/grpc_status.h"
#include "rpc/stream_table.h"
#include "wire/order.h"

namespace driftcast {
namespace {

constexpr Duration kEndWait = 2 * kSecond;
constexpr size_t kOutgoingMax = 256;
// A snapshot answers a request when it was started after it; clocks were corrected by a little.
constexpr Duration kSnapshotMargin = 2 * kSecond;

// The engine cannot apply a fact, now or ever: one code for it, so that agents set the fact aside
// (docs/agent-protocol.md). Anything else passes, and the agent sends the fact again.
Status AsRefusal(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kAlreadyExists:
    case StatusCode::kPermissionDenied:
    case StatusCode::kFailedPrecondition:
      return InvalidArgument("{}", Message(status));
    default:
      return status;
  }
}

}  // namespace

// --- What becomes of it ------------------------------------------------------------------------

void AgentStream::OnDurable(const Status& status, uint64_t last, size_t facts,
                            std::optional<Instant> snapshot_started) {
  bool deliver = false, closes_gap = false;
  {
    const MutexLock lock(mutex_);
    facts_in_flight_ -= facts;  // before Deliver looks
    if (status.ok()) {
      durable_ = std::max(durable_, last);
    } else if (failure_.ok()) {  // the first; those behind it fail because of it
      failure_ = AsRefusal(status);
      if (facts == 1 && failure_.code() == StatusCode::kInvalidArgument) failed_ = last;
    }
    closes_gap = status.ok() && snapshot_started && snapshot_asked_at_ &&
                 *snapshot_started + kSnapshotMargin >= *snapshot_asked_at_;
    if (closes_gap) snapshot_asked_at_.reset();
    deliver = open() && !std::exchange(delivering_, true);
  }
  const Self self = shared_from_this();
  if (deliver && !parts_.postman.Post([self] { self->Deliver(); }).ok())
    Log("rpc").error("agent.not_acknowledged agent={}", speaker_.agent.value);
  if (closes_gap && !parts_.clerk.Post([self] { self->OnSnapshot(); }).ok())
    Log("rpc").warn("agent.gap_stays_open agent={}", speaker_.agent.value);
  Settle(facts);
}

void AgentStream::OnSnapshot() {
  const Status status = CloseGap(parts_.engine, speaker_.agent);
  if (!status.ok())
    Log("rpc").warn("agent.gap_stays_open agent={} reason={}", speaker_.agent.value,
                    Describe(status));
}

void AgentStream::Deliver() {
  const MutexLock lock(mutex_);
  delivering_ = false;
  if (!failure_.ok()) {
    ++parts_.counters.refused_total;
    Log("rpc").warn("agent.refused agent={} peer={} reason={}", speaker_.agent.value, peer_,
                    Message(failure_));
    return Refused(failed_, failure_);
  }
  if (paused_ && facts_in_flight_ <= parts_.limits.stream_facts_max / 2) {
    paused_ = false;
    Read();
  }
  WriteNext();
}

void AgentStream::SendOrders() {
  const Instant now = parts_.clock.Now();
  for (auto& plan : parts_.engine.OrdersFor(speaker_.stack)) {
    {
      const MutexLock lock(mutex_);
      if (!open()) return;
      more_orders_ = outgoing_.size() >= kOutgoingMax;
      if (more_orders_) return;
    }
    const bool withdrawn = plan.state == PlanState::kOverridden;
    if (!orders_sent_.insert((withdrawn ? "no " : "") + plan.id.value + ":" + plan.hash).second)
      continue;
    if (withdrawn)
      SendWithdrawal(plan);
    else
      SendOrder(std::move(plan), now);
  }
}

void AgentStream::SendOrder(RemediationPlan plan, Instant now) {
  const std::string id = plan.id.value;
  const Principal approved_by = plan.decided_by;
  // One that is under way is only asked after; that it was sent is in the audit log already.
  const bool under_way = plan.state == PlanState::kRunning || plan.state == PlanState::kVerifying;
  const auto order = SignOrder(parts_.authority.order_key(), std::move(plan), now, approved_by);
  Status status = order.status();
  if (status.ok() && !under_way)
    status = parts_.engine.AppendAudit(Principal("engine"), "plan.sent", id,
                                       "to agent " + speaker_.agent.value);
  if (!status.ok()) {
    Log("rpc").error("order.not_sent plan={} reason={}", id, Describe(status));
    return End(status);  // at its next connection it is sent again
  }
  v1::EngineMessage message;
  ToProto(*order, message.mutable_order());
  ++parts_.counters.orders_total;
  Queue(std::move(message));
}

void AgentStream::SendWithdrawal(const RemediationPlan& plan) {
  v1::EngineMessage message;
  message.mutable_order_withdrawn()->set_plan(plan.id.value);
  message.mutable_order_withdrawn()->set_by(plan.decided_by.value);
  Queue(std::move(message));
}

// --- The call itself ---------------------------------------------------------------------------

void AgentStream::Read() {
  if (!open()) return;
  if (facts_in_flight_ >= parts_.limits.stream_facts_max) {
    paused_ = true;
    return;
  }
  StartRead(&incoming_);
}

void AgentStream::Queue(v1::EngineMessage message) {
  const MutexLock lock(mutex_);
  outgoing_.push_back(std::move(message));
  WriteNext();
}

void AgentStream::AskSlow() {
  const MutexLock lock(mutex_);
  const Instant now = parts_.clock.Now();
  if (now - slow_asked_at_ < parts_.limits.slow_pause / 2) return;
  slow_asked_at_ = now;
  ++parts_.counters.slow_total;
  outgoing_.emplace_back().mutable_slow()->set_metrics_pause_us(parts_.limits.slow_pause.count());
  WriteNext();
}

void AgentStream::WriteNext() {
  if (writing_ || !open()) return;
  if (!outgoing_.empty()) {
    writing_message_ = std::move(outgoing_.front());
    outgoing_.pop_front();
  } else if (durable_ > acknowledged_) {
    acknowledged_ = durable_;
    writing_message_.mutable_ack()->set_sequence_durable(durable_);
  } else {
    return FinishIfIdle();
  }
  writing_ = true;
  StartWrite(&writing_message_);
}

void AgentStream::OnWriteDone(bool ok) {
  const MutexLock lock(mutex_);
  writing_ = false;
  if (end_) return Finished();
  if (!ok) return EndLocked(Unavailable("the connection is gone"));
  WriteNext();
}

void AgentStream::OnCancel() { End(Status(StatusCode::kCancelled, "cancelled by the agent")); }

void AgentStream::EndLocked(const Status& status) {
  if (end_) return;
  end_ = status;
  if (!writing_) Finished();
  // An agent that reads nothing must not keep its stream.
  const auto cancel = [self = shared_from_this()] {
    const MutexLock lock(self->mutex_);
    if (!self->done_) self->call_.TryCancel();
  };
  if (!parts_.postman.Post(cancel, kEndWait).ok()) call_.TryCancel();
}

void AgentStream::Finished() { Finish(ToGrpc(*end_)); }

// The agent has said all it had to say: end the call once all of it is acknowledged.
void AgentStream::FinishIfIdle() {
  if (half_closed_ && !writing_ && outgoing_.empty() && facts_in_flight_ == 0 &&
      durable_ <= acknowledged_)
    EndLocked(Ok());
}

void AgentStream::OnDone() {
  {
    const MutexLock lock(mutex_);
    done_ = true;
  }
  parts_.streams.Remove(self_);
  if (greeted()) Log("rpc").info("agent.disconnected agent={}", speaker_.agent.value);
  const Self last = std::move(self_);  // may be the last owner
}

}  // namespace driftcast
