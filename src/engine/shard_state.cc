#include "engine/shard_state.h"

#include <algorithm>

#include "base/crypto.h"
#include "engine/audit_chain.h"
#include "engine/forecast_log.h"
#include "engine/shard_inputs.h"
#include "engine/shard_knowledge.h"
#include "shadow/sensitivity.h"
#include "shadow/update.h"
#include "wire/value.h"

namespace driftcast {
namespace {

constexpr size_t kClosedDriftsKept = 5000;
constexpr uint32_t kTold = 1u << 31;  // first place of entries that are only told

std::string DescribeKey(const ShadowKey& key) {
  const auto text = [](const std::optional<Value>& value) {
    if (!value) return std::string("(not there)");
    std::string shown = value->Display();
    if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
    return shown.empty() ? std::string("(empty)") : shown;
  };
  return fmt::format("{}: {} instead of {}", key.path, text(key.observed), text(key.expected));
}

std::string DescribeDrift(const Drift& drift) {
  std::string text = drift.resource.kind + " " + drift.resource.name + " ";
  if (drift.status == ResourceStatus::kMissing) return text + "is missing";
  if (drift.status == ResourceStatus::kUnmanaged) return text + "appeared and nobody declared it";
  if (drift.keys.empty()) return text + "is there and should not be";
  text += DescribeKey(drift.keys[0]);
  if (drift.keys.size() > 1) text += fmt::format(" and {} more keys", drift.keys.size() - 1);
  return text;
}

// 0 for none, which is also what a new slot has.
uint64_t HashOf(const std::vector<Dependency>& edges) {
  uint64_t hash = 0;
  for (const auto& edge : edges)
    for (const std::string* part : {&edge.kind, &edge.to_kind, &edge.to_name, &edge.to_stack.value})
      hash = (hash + std::hash<std::string>()(*part) + 1) * 0x9e3779b97f4a7c15ull;
  return hash;
}

bool SameDifference(const Drift& a, const Drift& b) {
  if (a.status != b.status || a.keys.size() != b.keys.size()) return false;
  for (size_t i = 0; i < a.keys.size(); ++i)
    if (a.keys[i].path != b.keys[i].path || a.keys[i].observed != b.keys[i].observed ||
        a.keys[i].expected != b.keys[i].expected)
      return false;
  return true;
}

// Closed drifts are kept for the page; history keeps everything. The oldest leave first.
void ForgetOldDrifts(ShardState& shard) {
  if (shard.closed_drifts.size() <= kClosedDriftsKept) return;
  const std::string id = shard.closed_drifts.begin()->second;
  shard.closed_drifts.erase(shard.closed_drifts.begin());
  shard.pending.drifts.insert(id);
  shard.drifts.erase(id);
}

void CloseDrift(ShardState& shard, ResourceState& state) {
  const auto found = shard.drifts.find(state.drift_id);
  if (found == shard.drifts.end()) return;
  Drift& drift = found->second;
  drift.closed_at = shard.numbers.now;
  shard.closed_drifts.insert({drift.closed_at, drift.id});
  shard.pending.drifts.insert(drift.id);
  Emit(shard, LiveEvent::Kind::kDrift, drift.resource.stack, drift.id,
       drift.resource.kind + " " + drift.resource.name + " is as expected again");
  state.drift_id.clear();
  ForgetOldDrifts(shard);
}

// Severity (0 to 10) from which a new thing that nobody declared raises an alert, and what is given
// to the others.
constexpr double kLoudUnmanagedSeverity = 7;
constexpr double kQuietUnmanagedSeverity = 2;

bool CauseIsNew(StackRecord& record, const Cause& cause) {
  if (!cause.known() || cause.id.empty()) return true;
  auto& seen = record.alerted_causes;
  if (std::find(seen.begin(), seen.end(), cause.id) != seen.end()) return false;
  seen.push_back(cause.id);
  if (seen.size() > StackRecord::kAlertedCausesKept) seen.pop_front();
  return true;
}

void OpenDrift(ShardState& shard, Stack& stack, Drift drift, ResourceState& state) {
  ++state.drift_count;
  drift.id =
      "d-" +
      Hex(Sha256(drift.resource.ToText() + "#" + std::to_string(state.drift_count))).substr(0, 16);
  drift.opened_at = shard.numbers.now;
  state.drift_id = drift.id;
  const std::string text = DescribeDrift(drift);
  Emit(shard, LiveEvent::Kind::kDrift, drift.resource.stack, drift.id, text);
  // Unmanaged things are listed, not alerted: most are harmless, and the list does not go away.
  // What lets somebody in, or answers to the network, is alerted all the same.
  const bool quiet =
      drift.status == ResourceStatus::kUnmanaged && drift.severity < kLoudUnmanagedSeverity;
  const bool loud = !quiet && state.snoozed_until <= shard.numbers.now;
  if (loud && CauseIsNew(stack.record, drift.cause)) {
    shard.pending.stacks.insert(drift.resource.stack.value);
    Alert(shard, "drift.opened", drift.id, drift.resource.stack, drift.id, text, drift.severity);
  }
  shard.pending.drifts.insert(drift.id);
  const Drift& opened = shard.drifts[drift.id] = std::move(drift);
  if (loud) TellFight(shard, opened);
}

// Brings the open drift in line with the verdict.
void FollowDrift(ShardState& shard, Stack& stack, const ResourceId& id, const ShadowResource& view,
                 const Cause& cause, ResourceState& state) {
  const bool differs = view.status == ResourceStatus::kDrifted ||
                       view.status == ResourceStatus::kMissing ||
                       (view.status == ResourceStatus::kUnmanaged && view.exists);
  if (!differs) {
    // Not compared is not in sync: an open drift stays open until it is seen to be gone.
    if (!state.drift_id.empty() && view.status != ResourceStatus::kNotCompared)
      CloseDrift(shard, state);
    return;
  }
  Drift drift;
  drift.resource = id;
  drift.status = view.status;
  drift.cause = cause;
  if (view.status == ResourceStatus::kDrifted) drift.keys = DifferingKeys(view);
  if (view.status == ResourceStatus::kDrifted) {
    const Severity severity = SeverityOf(id, drift.keys, ReachOf(shard, id).total());
    drift.severity = severity.value;
    drift.severity_reason = severity.reason;
  } else {
    const Sensitivity whole = SensitivityOf(id.kind, id.name, "");
    const bool harmless =
        view.status == ResourceStatus::kUnmanaged && whole.weight < kLoudUnmanagedSeverity;
    drift.severity = harmless ? kQuietUnmanagedSeverity : whole.weight;
    drift.severity_reason = harmless ? "nobody said what it should be" : whole.why;
  }
  const auto open = shard.drifts.find(state.drift_id);
  if (open == shard.drifts.end()) {
    OpenDrift(shard, stack, std::move(drift), state);
    return;
  }
  if (SameDifference(open->second, drift)) return;
  drift.id = open->second.id;
  drift.opened_at = open->second.opened_at;
  if (!drift.cause.known()) drift.cause = open->second.cause;
  Emit(shard, LiveEvent::Kind::kDrift, id.stack, drift.id, DescribeDrift(drift));
  shard.pending.drifts.insert(drift.id);
  open->second = std::move(drift);
}

// A resource that leaves takes its open predictions with it.
void VoidPredictions(ShardState& shard, const ResourceId& id, const Slot& slot) {
  for (size_t h = 0; h < kHorizonCount; ++h) {
    if (slot.p_scored[h] < 0) continue;
    ++shard.track.horizons[h].voided;
    shard.pending.track = true;
    shard.pending.cohorts.insert({id.stack.value, h});
  }
}

// To be forecast anew; once, however often one fact touches it.
void Touch(ShardState& shard, const ResourceId& id, const std::string& slot_key,
           ResourceState& state) {
  const uint64_t now = shard.numbers.fact_number;
  if (state.touched_by == now && now > shard.numbers.scored_number) return;
  state.touched_by = now;
  shard.touched.push_back({state.touched_by, &shard.stacks.find(id.stack.value)->first, slot_key});
}

}  // namespace

Slot* FindSlot(ShardState& shard, const ResourceId& id) {
  return const_cast<Slot*>(FindSlot(std::as_const(shard), id));
}

const Slot* FindSlot(const ShardState& shard, const ResourceId& id) {
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return nullptr;
  const auto slot = stack->second.slots.find(SlotKey(id));
  return slot == stack->second.slots.end() ? nullptr : &slot->second;
}

ResourceState DecodeSlot(const Slot& slot) {
  if (slot.bytes.empty()) return {};
  auto state = DecodeResourceState(slot.bytes);
  DRIFTCAST_CHECK(state.ok(), "{}", Message(state.status()));
  return *std::move(state);
}

ShadowResource ViewOfSlot(const ShardState& shard, const ResourceId& id,
                          const ResourceState& state) {
  ShadowResource view = ViewOf(id, state, RuleSet(shard.active_rules, id, shard.numbers.now));
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return view;
  view.role = stack->second.record.role;
  // A full comparison that left it out because nothing had moved compared it, too.
  const auto& compared = stack->second.record.kind_compared_at;
  if (const auto at = compared.find(id.kind);
      at != compared.end() && view.compared_at != Instant() && at->second > view.compared_at) {
    view.compared_at = at->second;
    view.means = Means::kRescan;
    for (ShadowKey& key : view.keys)
      if (key.compared_at != Instant()) key.compared_at = at->second;
  }
  return view;
}

DriftShare ShareOf(const ShardState& shard, const ResourceId& id) {
  const auto stack = shard.stacks.find(id.stack.value);
  if (stack == shard.stacks.end()) return {};
  const auto share = stack->second.record.drift_share.find(id.kind);
  return share == stack->second.record.drift_share.end() ? DriftShare{} : share->second;
}

void FillSlot(const ShardState& shard, const ResourceId& id, const ResourceState& state,
              const ShadowResource& view, Slot& slot) {
  slot.status = state.status;
  slot.exists = state.exists;
  slot.keys = static_cast<uint32_t>(state.keys.size());
  slot.keys_differing = static_cast<uint32_t>(DifferingKeys(view).size());
  slot.changed_at = state.changed_at;
  slot.changed_before_at = state.changed_before_at;
  slot.compared_at = state.compared_at;
  slot.treated_at = state.treated_at;
  slot.snoozed_until = state.snoozed_until;
  slot.depends_on_hash = HashOf(state.depends_on);
  if (slot.severity_of_kind == 0)
    slot.severity_of_kind = static_cast<float>(SensitivityOf(id.kind, id.name, "").weight);
  slot.touched_by = state.touched_by;
  slot.severity_base = slot.severity_of_kind;
  if (const auto drift = shard.drifts.find(state.drift_id); drift != shard.drifts.end())
    slot.severity_base = static_cast<float>(drift->second.severity);
  RateSlot(slot);
}

void RateSlot(Slot& slot) {
  const double exposure = slot.holding == nullptr ? 0 : slot.holding->second.weight;
  slot.severity = static_cast<float>(std::min(10.0, slot.severity_base + exposure + slot.sighted));
}

void UpdateDependents(FleetGraph& fleet, const std::string& stack_id, Stack& stack,
                      const std::string& slot_key, const std::vector<Dependency>& old_ones,
                      const std::vector<Dependency>& new_ones) {
  if (old_ones == new_ones) return;
  for (const auto& edge : old_ones) {
    const auto found = stack.dependents.find(edge.to_kind + '\0' + edge.to_name);
    if (found == stack.dependents.end()) continue;
    found->second.erase(slot_key);
    if (!found->second.empty()) continue;
    stack.dependents.erase(found);
    if (edge.to_kind == "endpoint") fleet.Disconnect(stack_id, edge.to_name);
  }
  for (const auto& edge : new_ones) {
    if (!edge.to_stack.empty()) continue;
    stack.dependents[edge.to_kind + '\0' + edge.to_name].insert(slot_key);
    if (edge.to_kind == "endpoint") fleet.Connect(stack_id, edge.to_name);
  }
}

void TakeAddresses(ShardState& shard, const std::string& stack_id, const Stack& stack) {
  const auto& labels = stack.record.labels;
  const auto label = labels.find(kAddressesLabel);
  shard.fleet.SetAddresses(stack_id, label == labels.end() ? "" : label->second);
}

bool HasForecasts(const Stack& stack) { return stack.record.cohort_made_at[0] != Instant(); }

void RefreshRisks(ShardState& shard, const std::string& stack_id, Stack& stack) {
  constexpr size_t kBlock = 256;
  InputReader reader(shard);
  stack.inputs_now.clear();
  InputPlaces places(shard, stack, stack.inputs_now);
  std::vector<Forecaster::Asked> asked;
  std::vector<Slot*> slots;
  const auto answer = [&] {
    const auto risks = shard.forecaster.RisksOf(asked, shard.numbers.now);
    for (size_t i = 0; i < slots.size(); ++i) slots[i]->p_change = risks[i];
    asked.clear();
    slots.clear();
  };
  for (auto& [slot_key, slot] : stack.slots) {
    if (!slot.exists) continue;
    Forecaster::Asked& one = asked.emplace_back();
    one.id = IdFromSlotKey(StackId(stack_id), slot_key);
    one.state = DecodeSlot(slot);
    slot.inputs_now = places.Of(reader.Of(one.id, one.state));
    if (slot.inputs_now > 0) one.shift = stack.inputs_now[slot.inputs_now - 1u].shift;
    slots.push_back(&slot);
    if (slots.size() == kBlock) answer();
  }
  answer();
}

Stack& StackFor(ShardState& shard, const StackId& id) {
  shard.pending.stacks.insert(id.value);
  return shard.stacks[id.value];
}

void PutState(ShardState& shard, const ResourceId& id, ResourceState state, const Cause& cause) {
  const ShadowResource view = ViewOfSlot(shard, id, state);
  PutJudged(shard, id, std::move(state), view, cause);
}

void PutJudged(ShardState& shard, const ResourceId& id, ResourceState state,
               const ShadowResource& view, const Cause& cause) {
  auto& [stack_key, stack] = *shard.stacks.try_emplace(id.stack.value).first;
  auto& [slot_key, slot] = *stack.slots.try_emplace(SlotKey(id)).first;
  if (HashOf(state.depends_on) != slot.depends_on_hash)
    UpdateDependents(shard.fleet, stack_key, stack, slot_key, DecodeSlot(slot).depends_on,
                     state.depends_on);
  state.status = view.status;
  FollowDrift(shard, stack, id, view, cause, state);
  if (HasForecasts(stack)) Touch(shard, id, slot_key, state);  // else all follow when it enrolled
  HoldPackage(shard, stack_key, slot_key, state, slot);
  HoldObservables(shard, stack_key, slot_key, state, true);
  FillSlot(shard, id, state, view, slot);
  if (!state.exists) slot.p_change = {};
  shard.pending.slots.insert({id.stack.value, slot_key});
  // What is gone and was never expected leaves nothing behind but its history.
  if (!state.exists && !state.managed && !state.expected_absent) {
    UpdateDependents(shard.fleet, stack_key, stack, slot_key, state.depends_on, {});
    VoidPredictions(shard, id, slot);
    stack.slots.erase(stack.slots.find(slot_key));
  } else {
    slot.bytes = Encode(state);
  }
  Emit(shard, LiveEvent::Kind::kResource, id.stack, id.ToText(), "");
}

void TouchAgain(ShardState& shard, const ResourceId& id) {
  Slot* slot = FindSlot(shard, id);
  if (slot == nullptr || !slot->exists || !HasForecasts(shard.stacks[id.stack.value])) return;
  const std::string slot_key = SlotKey(id);
  ResourceState state = DecodeSlot(*slot);
  Touch(shard, id, slot_key, state);
  slot->touched_by = state.touched_by;
  slot->bytes = Encode(state);
  shard.pending.slots.insert({id.stack.value, slot_key});
}

void Emit(ShardState& shard, LiveEvent::Kind kind, const StackId& stack, std::string id,
          std::string text) {
  LiveEvent event;
  event.kind = kind;
  event.number = ++shard.numbers.live_number;
  event.at = shard.numbers.now;
  event.stack = stack;
  event.id = std::move(id);
  event.text = std::move(text);
  shard.pending.events.push_back(std::move(event));
}

void Audit(ShardState& shard, const Principal& by, std::string action, std::string subject,
           std::string detail) {
  AuditEntry entry;
  entry.at = shard.numbers.now;
  entry.by = by;
  entry.action = std::move(action);
  entry.subject = std::move(subject);
  entry.detail = std::move(detail);
  if (shard.numbers.audit_hash.empty()) shard.numbers.audit_hash = AuditGenesis();
  Chain(shard.numbers.audit_number, shard.numbers.audit_hash, entry);
  shard.numbers.audit_number = entry.number;
  shard.numbers.audit_hash = entry.hash;
  shard.pending.log.Put(Table::kAudit, OrderedNumber(entry.number), EncodeAudit(entry));
  Emit(shard, LiveEvent::Kind::kAudit, StackId(), std::to_string(entry.number), entry.action);
}

void Alert(ShardState& shard, std::string kind, std::string key, const StackId& stack,
           std::string subject, std::string text, double severity) {
  OutboxEffect effect;
  effect.number = ++shard.numbers.outbox_number;
  effect.kind = std::move(kind);
  effect.key = effect.kind + ":" + key;
  effect.at = shard.numbers.now;
  effect.stack = stack;
  effect.subject = std::move(subject);
  effect.text = std::move(text);
  effect.severity = severity;
  shard.pending.log.Put(Table::kOutbox, OrderedNumber(effect.number), Encode(effect));
}

void RebuildActiveRules(ShardState& shard) {
  const auto builtin = BuiltinRules();
  shard.active_rules.assign(builtin.begin(), builtin.end());
  for (const auto& [id, rule] : shard.rules) {
    // A rule with a built-in one's id replaces it; removed, it switches it off.
    std::erase_if(shard.active_rules, [&id = id](const IgnoreRule& r) { return r.id == id; });
    if (!rule.removed) shard.active_rules.push_back(rule);
  }
}

std::string HistoryPrefix(const ResourceId& id) {
  return id.stack.value + '\0' + SlotKey(id) + '\0';
}

void Record(ShardState& shard, const std::vector<ChangeEvent>& events, const Cause& cause,
            bool drift, Lesson lesson) {
  uint32_t index = lesson == Lesson::kNone ? kTold : 0;  // after what the fact itself brought
  for (const ChangeEvent& event : events) {
    const ResourceId id{StackId(event.stack), event.kind, event.resource};
    v1::HistoryEntry entry;
    ToProto(HistoryEntry{event, cause, drift}, &entry);
    if (lesson == Lesson::kFound && event.op == ChangeOp::kCreate) entry.set_found(true);
    std::string key = HistoryPrefix(id) +
                      OrderedNumber(static_cast<uint64_t>(ToUnixMicros(event.at))) +
                      OrderedNumber(shard.numbers.fact_number) + OrderedNumber(index++).substr(4);
    shard.pending.log.Put(Table::kHistory, std::move(key), entry.SerializeAsString());
  }
  if (lesson == Lesson::kNone || events.empty()) return;
  // A restart tells the present as well: what is learnt must not depend on whether there was one.
  shard.forecaster.Advance(shard.numbers.now);
  LessonRecord taken{shard.forecaster.told(), events};
  for (ChangeEvent& event : taken.events) {
    if (lesson == Lesson::kFound && event.op == ChangeOp::kCreate) event.op = ChangeOp::kInitial;
    event.at = shard.forecaster.Learn(event, lesson == Lesson::kPast);
  }
  shard.pending.log.Put(Table::kState, LessonKey(shard.numbers.forecast_number),
                        EncodeLesson(taken));
  shard.numbers.forecast_number += taken.events.size();
}

}  // namespace driftcast
