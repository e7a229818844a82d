#include "rpc/agent_stream.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "rpc/clock_correction.h"
#include "rpc/gap_record.h"
#include "rpc/peer_certificate.h"
#include "rpc/stream_table.h"

namespace driftcast {
namespace {

constexpr size_t kVersionBytesMax = 128;

Status CheckHello(const v1::Hello& hello) {
  if (hello.version().size() > kVersionBytesMax)
    return InvalidArgument("a version of {} bytes; {} are allowed", hello.version().size(),
                           kVersionBytesMax);
  if (hello.sequence_oldest() < 1 || hello.sequence_oldest() > hello.sequence_next() ||
      hello.sequence_next() > kSequenceMax)
    return InvalidArgument("Hello with oldest number {} and next number {}: 1 <= oldest <= next",
                           hello.sequence_oldest(), hello.sequence_next());
  return Ok();
}

v1::EngineMessage SnapshotRequestFor(const SequenceGap& gap) {
  v1::EngineMessage message;
  message.mutable_snapshot_request()->set_missing_from(gap.from);
  message.mutable_snapshot_request()->set_missing_to(gap.to);
  return message;
}

}  // namespace

AgentStream* AgentStream::Start(grpc::CallbackServerContext& call, GateParts& parts) {
  const Self stream(new AgentStream(call, parts));
  stream->self_ = stream;
  Status status = stream->Admit();
  if (status.ok()) status = parts.streams.Add(stream);
  const MutexLock lock(stream->mutex_);
  if (status.ok()) {
    stream->Read();
  } else {
    ++parts.counters.refused_total;
    Log("rpc").warn("stream.refused peer={} reason={}", stream->peer_, Describe(status));
    stream->EndLocked(status);
  }
  return stream.get();
}

AgentStream::AgentStream(grpc::CallbackServerContext& call, GateParts& parts)
    : parts_(parts), call_(call), opened_at_(parts.clock.Now()), peer_(call.peer()) {}

Status AgentStream::Admit() {
  DRIFTCAST_ASSIGN_OR_RETURN(certificate_, PeerCertificate(call_));
  DRIFTCAST_ASSIGN_OR_RETURN(speaker_, parts_.roster.Admit(*certificate_, opened_at_));
  return Ok();
}

std::string AgentStream::version() const {
  const MutexLock lock(mutex_);
  return version_;
}

bool AgentStream::greeted() const {
  const MutexLock lock(mutex_);
  return greeted_;
}

void AgentStream::End(const Status& status) {
  const MutexLock lock(mutex_);
  EndLocked(status);
}

void AgentStream::Check(Instant now) {
  if (const auto admitted = parts_.roster.Admit(*certificate_, now); !admitted.ok())
    return End(admitted.status());
  bool late = false, more_orders = false;
  {
    const MutexLock lock(mutex_);
    late = !greeting_ && now - opened_at_ > parts_.limits.hello_wait;
    more_orders = greeted_ && more_orders_;
  }
  if (late) return End(DeadlineExceeded("no Hello came"));
  if (more_orders) SendOrders();
}

void AgentStream::OnReadDone(bool ok) {
  {
    const MutexLock lock(mutex_);
    if (!ok) {
      half_closed_ = true;
      return FinishIfIdle();
    }
    if (!open()) return;
  }
  switch (incoming_.body_case()) {
    case v1::AgentMessage::kHello:
      return OnHello(incoming_.hello());
    case v1::AgentMessage::kBatch:
      if (!reader_) return Refuse(InvalidArgument("a batch before Hello"));
      ++parts_.counters.batches_total;
      return OnBatch();
    case v1::AgentMessage::BODY_NOT_SET:
      return Refuse(InvalidArgument("a message without a body that is known here"));
  }
}

void AgentStream::OnHello(const v1::Hello& hello) {
  if (const Status status = CheckHello(hello); !status.ok()) return Refuse(status);
  bool second = false;
  {
    const MutexLock lock(mutex_);
    second = std::exchange(greeting_, true);
    if (!second) version_ = hello.version();
  }
  if (second) return Refuse(InvalidArgument("a second Hello"));
  // The clock is read here: on the clerk's desk the Hello may lie for a while.
  const Duration ahead = ClockAhead(FromUnixMicros(hello.now_us()), parts_.clock.Now());
  const Status posted =
      parts_.clerk.Post([self = shared_from_this(), hello, ahead] { self->Greet(hello, ahead); });
  if (!posted.ok()) End(posted);
}

void AgentStream::Greet(const v1::Hello& hello, Duration clock_ahead) {
  if (const auto before = parts_.streams.Claim(speaker_.agent, shared_from_this()))
    before->End(Aborted("another stream of agent {} has taken over", speaker_.agent.value));
  const auto resumed = Resume(hello);
  if (!resumed.ok()) return End(resumed.status());
  reader_.emplace(speaker_, *resumed, clock_ahead);
  v1::EngineMessage welcome;
  welcome.mutable_welcome()->set_sequence_durable(*resumed);
  welcome.mutable_welcome()->set_now_us(ToUnixMicros(parts_.clock.Now()));
  Queue(std::move(welcome));
  const auto gap = OpenGap(parts_.engine, speaker_.agent);
  if (!gap.ok()) return End(gap.status());
  if (*gap) AskSnapshot(**gap);
  Log("rpc").info("agent.connected agent={} stack={} peer={} durable={} clock_ahead_s={:.3f}",
                  speaker_.agent.value, speaker_.stack.value, peer_, *resumed,
                  Seconds(clock_ahead));
  {
    const MutexLock lock(mutex_);
    greeted_ = true;
    durable_ = acknowledged_ = *resumed;
    Read();
  }
  SendOrders();
}

// The number after which the agent goes on; what will never come is written down first.
StatusOr<uint64_t> AgentStream::Resume(const v1::Hello& hello) {
  const uint64_t durable = parts_.engine.DurableSequence(speaker_.agent);
  if (hello.sequence_next() <= durable) {  // it has forgotten what it sent
    ++parts_.counters.gaps_total;
    DRIFTCAST_RETURN_IF_ERROR(
        AddGap(parts_.engine, speaker_.agent, {hello.sequence_next(), durable}).status());
  } else if (hello.sequence_oldest() > durable + 1) {  // it has lost what we never saw
    const SequenceGap gap{durable + 1, hello.sequence_oldest() - 1};
    DRIFTCAST_RETURN_IF_ERROR(RecordGap(gap));
    return gap.to;
  }
  return durable;
}

Status AgentStream::RecordGap(const SequenceGap& gap) {
  ++parts_.counters.gaps_total;
  Log("rpc").warn("agent.gap agent={} from={} to={}", speaker_.agent.value, gap.from, gap.to);
  DRIFTCAST_RETURN_IF_ERROR(AddGap(parts_.engine, speaker_.agent, gap).status());
  return parts_.engine.AcceptGap(speaker_.agent, gap.from, gap.to);
}

void AgentStream::AskSnapshot(const SequenceGap& gap) {
  {
    const MutexLock lock(mutex_);
    snapshot_asked_at_ = parts_.clock.Now();
  }
  Queue(SnapshotRequestFor(gap));
}

void AgentStream::OnBatch() {
  auto batch = reader_->Read(incoming_.batch(), parts_.clock.Now());
  if (!batch.ok()) return Refuse(batch.status());
  if (!batch->gap) return Submit(*std::move(batch));
  const Status posted =
      parts_.clerk.Post([self = shared_from_this(), gap = *batch->gap] { self->OnGap(gap); });
  if (!posted.ok()) End(posted);
}

void AgentStream::OnGap(const SequenceGap& gap) {
  bool busy = false;
  {
    const MutexLock lock(mutex_);
    if (!open()) return;
    busy = facts_in_flight_ > 0;
  }
  if (busy) {  // the engine accepts a gap only right behind what it has applied
    const Status posted = parts_.clerk.Post([self = shared_from_this(), gap] { self->OnGap(gap); },
                                            parts_.limits.retry_min);
    if (!posted.ok()) End(posted);
    return;
  }
  if (const Status status = RecordGap(gap); !status.ok()) return End(status);
  reader_->Advance(gap.to);
  AskSnapshot(gap);
  OnBatch();
}

void AgentStream::Submit(BatchReader::Batch batch) {
  const size_t facts = batch.facts.size();
  const uint64_t last = batch.last;
  {
    const MutexLock lock(mutex_);
    if (!open()) return;
  }
  if (facts == 0) return AcknowledgeAgain();
  parts_.counters.times_moved_total += batch.times_moved;
  Begin(facts);
  const Status status = parts_.engine.Submit(
      std::move(batch.facts),
      [self = shared_from_this(), last, facts, snapshot = batch.snapshot_started](
          const Status& durable) { self->OnDurable(durable, last, facts, snapshot); });
  if (!status.ok()) {
    {
      const MutexLock lock(mutex_);
      facts_in_flight_ -= facts;
    }
    Settle(facts);
    if (status.code() == StatusCode::kResourceExhausted) return RetryLater();
    return End(Unavailable("the engine takes no facts: {}", Message(status)));
  }
  parts_.counters.facts_total += facts;
  reader_->Advance(last);
  retry_delay_ = Duration(0);
  if (parts_.counters.facts_in_flight > parts_.limits.slow_from_facts) AskSlow();
  const MutexLock lock(mutex_);
  Read();
}

void AgentStream::Begin(size_t facts) {
  parts_.counters.facts_in_flight += facts;
  ++parts_.counters.submits_in_flight;
  const MutexLock lock(mutex_);
  facts_in_flight_ += facts;
}

// The last that is done for a batch: the door may close once none is on its way.
void AgentStream::Settle(size_t facts) {
  parts_.counters.facts_in_flight -= facts;
  --parts_.counters.submits_in_flight;
}

// Everything in the batch came before. What is still on its way is acknowledged when it arrives.
void AgentStream::AcknowledgeAgain() {
  const MutexLock lock(mutex_);
  acknowledged_ = 0;
  WriteNext();
  Read();
}

void AgentStream::RetryLater() {
  ++parts_.counters.queue_full_total;
  AskSlow();
  retry_delay_ = std::clamp(retry_delay_ * 2, parts_.limits.retry_min, parts_.limits.retry_max);
  const auto retry = [self = shared_from_this()] {
    {
      const MutexLock lock(self->mutex_);
      if (!self->open()) return;
    }
    self->OnBatch();
  };
  if (const Status posted = parts_.postman.Post(retry, retry_delay_); !posted.ok()) End(posted);
}

void AgentStream::Refuse(const Status& status) {
  ++parts_.counters.refused_total;
  Log("rpc").warn("agent.refused agent={} peer={} reason={}", speaker_.agent.value, peer_,
                  Message(status));
  const MutexLock lock(mutex_);
  Refused(reader_ ? reader_->refused() : 0, status);
}

// `sequence`: the fact that is refused; 0 when it is not known which one, or it is no fact.
void AgentStream::Refused(uint64_t sequence, const Status& status) {
  if (open() && sequence != 0)
    call_.AddTrailingMetadata("driftcast-sequence", std::to_string(sequence));
  EndLocked(status);
}

}  // namespace driftcast
