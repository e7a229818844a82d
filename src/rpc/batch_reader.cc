#include "rpc/batch_reader.h"

#include "driftcast/v1/agent.pb.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "rpc/clock_correction.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

Status CheckStack(const StackId& claimed, const Speaker& speaker) {
  if (claimed == speaker.stack) return Ok();
  return InvalidArgument("agent {} speaks for stack {} and not for '{}'", speaker.agent.value,
                         speaker.stack.value, claimed.value);
}

Status MayNotSay(const char* what) {
  return InvalidArgument("{} comes from people or the engine, never from an agent", what);
}

// What an agent may say in each kind of fact.
struct Permission {
  const Speaker& speaker;

  Status operator()(StackEnrolled&) const { return Ok(); }
  Status operator()(ResourceObserved& body) const {
    return CheckStack(body.resource.stack, speaker);
  }
  Status operator()(ResourceVanished& body) const {
    return CheckStack(body.resource.stack, speaker);
  }
  Status operator()(SnapshotCompleted&) const { return Ok(); }
  Status operator()(ActivityReported&) const { return Ok(); }
  Status operator()(MetricsObserved&) const { return Ok(); }
  Status operator()(PastChanges& body) const {
    for (auto& event : body.events) {
      if (event.stack.empty()) event.stack = speaker.stack.value;
      DRIFTCAST_RETURN_IF_ERROR(CheckStack(StackId(event.stack), speaker));
    }
    return Ok();
  }
  Status operator()(PlanProgressed&) const { return Ok(); }
  Status operator()(AgentReported&) const { return Ok(); }

  Status operator()(ExpectationSet&) const { return MayNotSay("an expectation"); }
  Status operator()(TimeAdvanced&) const { return MayNotSay("the passing of time"); }
  Status operator()(IgnoreRule&) const { return MayNotSay("an ignore rule"); }
  Status operator()(DecisionMade&) const { return MayNotSay("a decision"); }
  Status operator()(ModelPublished&) const { return MayNotSay("a model"); }
  Status operator()(PolicyPublished&) const { return MayNotSay("a policy"); }
  Status operator()(PauseSet&) const { return MayNotSay("a pause"); }
  Status operator()(PlanWritten&) const { return MayNotSay("a plan"); }
  Status operator()(FeedPublished&) const { return MayNotSay("a feed"); }
};

}  // namespace

BatchReader::BatchReader(Speaker speaker, uint64_t durable, Duration clock_ahead)
    : speaker_(std::move(speaker)), next_(durable + 1), clock_ahead_(clock_ahead) {}

StatusOr<BatchReader::Batch> BatchReader::Read(const v1::FactBatch& batch, Instant now) {
  DRIFTCAST_RETURN_IF_ERROR(CheckNumbers(batch));
  Batch out;
  const uint64_t first = batch.facts(0).sequence();
  if (first > next_) out.gap = SequenceGap{next_, first - 1};
  out.last = first + static_cast<uint64_t>(batch.facts_size()) - 1;
  for (const auto& message : batch.facts()) {
    if (message.sequence() < next_) continue;
    refused_ = message.sequence();
    auto fact = FromProto(message);
    const Status status = fact.ok() ? Claim(*fact) : fact.status();
    if (!status.ok()) return InvalidArgument("fact {}: {}", refused_, Message(status));
    out.times_moved += CorrectTimes(*fact, clock_ahead_, now) ? 1 : 0;
    if (const auto* snapshot = std::get_if<SnapshotCompleted>(&fact->body))
      out.snapshot_started = snapshot->started_at;
    out.facts.push_back(*std::move(fact));
  }
  refused_ = 0;
  return out;
}

Status BatchReader::CheckNumbers(const v1::FactBatch& batch) {
  refused_ = 0;
  const int count = batch.facts_size();
  if (count < 1 || count > kBatchFactsMax)
    return InvalidArgument("a batch of {} facts; 1 to {} are taken", count, kBatchFactsMax);
  const uint64_t first = batch.facts(0).sequence();
  if (first < 1 || first > kSequenceMax)
    return InvalidArgument("a fact with the number {}; they start at 1", first);
  for (int i = 1; i < count; ++i)
    if (batch.facts(i).sequence() != first + static_cast<uint64_t>(i))
      return InvalidArgument("fact {} follows fact {}; numbers rise by 1",
                             batch.facts(i).sequence(), batch.facts(i - 1).sequence());
  return Ok();
}

// The certificate, and not the message, says who speaks.
Status BatchReader::Claim(Fact& fact) const {
  fact.agent = speaker_.agent;
  if (fact.stack.empty()) fact.stack = speaker_.stack;
  DRIFTCAST_RETURN_IF_ERROR(CheckStack(fact.stack, speaker_));
  return std::visit(Permission{speaker_}, fact.body);
}

}  // namespace driftcast
