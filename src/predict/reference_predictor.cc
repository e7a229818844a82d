#include "predict/reference_predictor.h"

#include "predict/state_bytes.h"

namespace driftcast::predict {
namespace {

constexpr uint64_t kMagic = 0x3146524443'0001;

int64_t SecondsOf(Instant t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

std::string KeyOf(std::string_view kind, std::string_view resource) {
  std::string key;
  key.reserve(kind.size() + 1 + resource.size());
  key.append(kind).append(1, '\t').append(resource);
  return key;
}

bool IsChange(const ChangeEvent& event) {
  return !event.mass && (event.op == ChangeOp::kAdd || event.op == ChangeOp::kChange ||
                         event.op == ChangeOp::kRemove);
}

}  // namespace

Status ReferencePredictor::Apply(const ChangeEvent& event) {
  const int64_t now = SecondsOf(event.at);
  const auto [entry, is_new] = stacks_.try_emplace(event.stack);
  Stack& stack = entry->second;
  if (is_new) stack.first = stack.last = now;
  if (now < stack.last)
    return FailedPrecondition("an event of {} comes {} s late", event.stack, stack.last - now);
  stack.last = now;
  if (event.op == ChangeOp::kInitial) return Ok();

  const auto [found, unseen] = stack.resources.try_emplace(KeyOf(event.kind, event.resource));
  ReferenceResource& resource = found->second;
  if (unseen) resource.born = event.op == ChangeOp::kCreate ? now : stack.first;
  if (event.op == ChangeOp::kCreate) {
    stack.pool.Enter(&resource, now);
  } else if (event.op == ChangeOp::kDelete) {
    stack.pool.Leave(&resource, now);
  } else if (IsChange(event)) {
    if (unseen) stack.pool.Enter(&resource, now);
    stack.pool.Change(&resource, now);
  }
  return Ok();
}

const ReferencePredictor::Stack* ReferencePredictor::Find(std::string_view stack) const {
  const auto found = stacks_.find(stack);
  return found == stacks_.end() ? nullptr : &found->second;
}

double ReferencePredictor::Rate(std::string_view stack_id, std::string_view kind,
                                std::string_view resource_id, Instant at) const {
  static const Stack kEmpty;
  const Stack* stack = Find(stack_id);
  if (stack == nullptr) stack = &kEmpty;
  const int64_t now = SecondsOf(at);
  const auto found = stack->resources.find(KeyOf(kind, resource_id));
  return found == stack->resources.end() ? stack->pool.PooledRate(now)
                                         : stack->pool.Rate(found->second, now);
}

double ReferencePredictor::Probability(std::string_view stack, std::string_view kind,
                                       std::string_view resource, Instant now,
                                       Duration horizon) const {
  return 1 - std::exp(-Rate(stack, kind, resource, now) * Seconds(horizon));
}

bool ReferencePredictor::Alive(std::string_view stack_id, std::string_view kind,
                               std::string_view resource_id) const {
  const Stack* stack = Find(stack_id);
  if (stack == nullptr) return false;
  const auto found = stack->resources.find(KeyOf(kind, resource_id));
  return found != stack->resources.end() && found->second.alive != 0;
}

std::string ReferencePredictor::Serialize() const {
  StateWriter out;
  out.Put(kMagic);
  out.Put<uint64_t>(stacks_.size());
  for (const auto& [id, stack] : stacks_) {
    out.PutText(id);
    out.Put(stack.pool);
    out.Put(stack.first);
    out.Put(stack.last);
    out.Put<uint64_t>(stack.resources.size());
    for (const auto& [key, resource] : stack.resources) {
      out.PutText(key);
      out.Put(resource.changes);
      out.Put(resource.born);
      out.Put(resource.last_change);
      out.Put(resource.alive);
    }
  }
  return out.Take();
}

StatusOr<ReferencePredictor> ReferencePredictor::Restore(std::string_view bytes) {
  StateReader in(bytes);
  ReferencePredictor restored;
  if (in.Get<uint64_t>() != kMagic) return DataLoss("not a state of the reference predictor");
  for (uint64_t n = in.GetCount(8); n > 0 && in.ok(); --n) {
    Stack& stack = restored.stacks_[in.GetText()];
    stack.pool = in.Get<ReferencePool>();
    stack.first = in.Get<int64_t>();
    stack.last = in.Get<int64_t>();
    for (uint64_t m = in.GetCount(8); m > 0 && in.ok(); --m) {
      std::string key = in.GetText();
      ReferenceResource& resource = stack.resources[std::move(key)];
      resource.changes = in.Get<DecayedSum>();
      resource.born = in.Get<int64_t>();
      resource.last_change = in.Get<int64_t>();
      resource.alive = in.Get<uint32_t>();
    }
  }
  if (!in.ok() || !in.at_end()) return DataLoss("state of the reference predictor is damaged");
  return restored;
}

}  // namespace driftcast::predict
