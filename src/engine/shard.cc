#include "engine/shard.h"

#include <algorithm>
#include <thread>

#include "base/bytes.h"
#include "base/log.h"
#include "base/parallel.h"
#include "engine/forecast_log.h"
#include "engine/shard_decide.h"
#include "engine/shard_models.h"
#include "engine/shard_policy.h"
#include "intel/ecosystem.h"
#include "shadow/update.h"
#include "store/blob.h"
#include "wire/fact.h"
#include "wire/value.h"

namespace driftcast {
namespace {

// Facts that are kept as they came. Metrics have a table of their own, time and the agents' reports
// about themselves leave no trace.
bool IsKept(const Fact& fact) {
  return !std::holds_alternative<TimeAdvanced>(fact.body) &&
         !std::holds_alternative<MetricsObserved>(fact.body) &&
         !std::holds_alternative<AgentReported>(fact.body);
}

bool NeedsStack(const Fact& fact) {
  return std::holds_alternative<StackEnrolled>(fact.body) ||
         std::holds_alternative<SnapshotCompleted>(fact.body) ||
         std::holds_alternative<ActivityReported>(fact.body) ||
         std::holds_alternative<MetricsObserved>(fact.body) ||
         std::holds_alternative<PastChanges>(fact.body) ||
         std::holds_alternative<AgentReported>(fact.body);
}

const ResourceId* ResourceOf(const Fact& fact) {
  if (const auto* body = std::get_if<ResourceObserved>(&fact.body)) return &body->resource;
  if (const auto* body = std::get_if<ResourceVanished>(&fact.body)) return &body->resource;
  return nullptr;
}

std::string BodyBytes(FactBody body, Instant at = {}) {
  Fact fact;
  fact.at = at;
  fact.body = std::move(body);
  return EncodeFact(fact);
}

std::string ExpectationsBytes(const std::vector<ExpectationSet>& expectations) {
  ByteWriter out;
  out.Unsigned(expectations.size());
  for (const ExpectationSet& wanted : expectations) {
    Fact fact;
    fact.body = wanted;
    out.Text(EncodeFact(fact));
  }
  return out.Take();
}

std::string CohortKey(const std::string& stack, size_t horizon) {
  return "c/" + std::to_string(horizon) + "/" + stack;
}

std::string LevelsKey(const std::string& stack) { return "lv/" + stack; }
std::string TermsKey(size_t horizon) { return "terms/" + std::to_string(horizon); }

// Calls `load` for each entry of the state table under a prefix, with the rest of the key.
template <typename Load>
Status LoadEach(const Store& store, const std::string& prefix, Load load) {
  Status result = Ok();
  const Status scanned = store.Scan(Table::kState, prefix, PrefixEnd(prefix),
                                    [&](std::string_view key, std::string_view value) {
                                      result = load(key.substr(prefix.size()), value);
                                      return result.ok();
                                    });
  return scanned.ok() ? result : scanned;
}

void Dispatch(ShardState& shard, const Fact& fact) {
  struct Visitor {
    ShardState& shard;
    const Fact& fact;
    void operator()(const StackEnrolled& b) const { ApplyEnrolled(shard, fact, b); }
    void operator()(const ResourceObserved& b) const { ApplyObserved(shard, fact, b); }
    void operator()(const ResourceVanished& b) const { ApplyVanishedFact(shard, fact, b); }
    void operator()(const SnapshotCompleted& b) const { ApplySnapshot(shard, fact, b); }
    void operator()(const ExpectationSet& b) const { ApplyExpectationFact(shard, fact, b); }
    void operator()(const ActivityReported& b) const { ApplyActivity(shard, fact, b); }
    void operator()(const MetricsObserved& b) const { ApplyMetrics(shard, fact, b); }
    void operator()(const TimeAdvanced&) const {}
    void operator()(const PastChanges& b) const { ApplyPast(shard, fact, b); }
    void operator()(const IgnoreRule& b) const { ApplyRule(shard, fact, b); }
    void operator()(const DecisionMade& b) const { ApplyDecision(shard, fact, b); }
    void operator()(const PlanProgressed& b) const { ApplyProgress(shard, fact, b); }
    void operator()(const ModelPublished& b) const { ApplyModel(shard, fact, b); }
    void operator()(const PolicyPublished& b) const { ApplyPolicy(shard, fact, b); }
    void operator()(const PauseSet& b) const { ApplyPause(shard, fact, b); }
    void operator()(const PlanWritten& b) const { ApplyWritten(shard, fact, b); }
    void operator()(const FeedPublished& b) const { ApplyFeed(shard, fact, b); }
    void operator()(const AgentReported& b) const {
      StackFor(shard, fact.stack).record.report = b;
      Emit(shard, LiveEvent::Kind::kStack, fact.stack, fact.stack.value, "");
    }
  };
  std::visit(Visitor{shard, fact}, fact.body);
}

// The forecasts of all stacks, which are half of what a start costs: each stack is written by one
// thread, and nothing else is.
void RefreshAllRisks(ShardState& shard) {
  std::vector<std::pair<const std::string*, Stack*>> stacks;
  for (auto& [id, stack] : shard.stacks)
    if (HasForecasts(stack)) stacks.emplace_back(&id, &stack);
  ForEachInParallel(stacks.size(), std::thread::hardware_concurrency(),
                    [&](size_t i) { RefreshRisks(shard, *stacks[i].first, *stacks[i].second); });
}

}  // namespace

Status Shard::Check(std::span<const Fact> facts) const {
  std::map<std::string, uint64_t> applied;  // by agent, as if those before had been applied
  for (const Fact& fact : facts) DRIFTCAST_RETURN_IF_ERROR(CheckOne(fact, applied));
  return Ok();
}

Status Shard::CheckOne(const Fact& fact, std::map<std::string, uint64_t>& applied) const {
  if (!fact.agent.empty()) {
    if (fact.sequence == 0)
      return InvalidArgument("a fact of agent {} has no number", fact.agent.value);
    uint64_t& last = applied.try_emplace(fact.agent.value, SequenceOf(fact.agent)).first->second;
    if (fact.sequence <= last) return Ok();  // a repeat
    if (fact.sequence != last + 1)
      return OutOfRange("facts {} to {} of agent {} are missing", last + 1, fact.sequence - 1,
                        fact.agent.value);
    last = fact.sequence;
  }
  if (NeedsStack(fact) && fact.stack.empty())
    return InvalidArgument("a fact that says of no stack");
  if (const ResourceId* id = ResourceOf(fact)) {
    DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId(*id));
    if (!fact.stack.empty() && id->stack != fact.stack)
      return PermissionDenied("{} is not of stack {}", id->ToText(), fact.stack.value);
  }
  if (const auto* body = std::get_if<DecisionMade>(&fact.body)) return CheckDecision(state_, *body);
  if (const auto* body = std::get_if<PlanProgressed>(&fact.body))
    return CheckProgress(state_, fact, *body);
  if (const auto* body = std::get_if<PolicyPublished>(&fact.body)) return CheckPolicy(*body);
  if (const auto* body = std::get_if<ModelPublished>(&fact.body)) return CheckModel(state_, *body);
  if (const auto* body = std::get_if<PauseSet>(&fact.body)) return CheckPause(state_, *body);
  if (const auto* body = std::get_if<PlanWritten>(&fact.body)) return CheckWritten(state_, *body);
  if (const auto* body = std::get_if<FeedPublished>(&fact.body)) return CheckFeed(state_, *body);
  return Ok();
}

void Shard::Apply(const Fact& fact) {
  if (!fact.agent.empty()) {
    uint64_t& applied = state_.agents[fact.agent.value];
    if (fact.sequence <= applied) return;
    applied = fact.sequence;
    state_.pending.agents.insert(fact.agent.value);
  }
  state_.numbers.now = std::max(state_.numbers.now, fact.at);
  // Ticks that change nothing are not written, so they are not counted either.
  if (!std::holds_alternative<TimeAdvanced>(fact.body)) ++state_.numbers.fact_number;
  if (!fact.stack.empty() && !std::holds_alternative<DecisionMade>(fact.body)) {
    Stack& stack = StackFor(state_, fact.stack);
    stack.record.last_fact_at = std::max(stack.record.last_fact_at, fact.at);
  }
  if (IsKept(fact))
    state_.pending.log.Put(Table::kFacts, OrderedNumber(state_.numbers.fact_number),
                           EncodeFact(fact));
  Dispatch(state_, fact);
  if (std::holds_alternative<TimeAdvanced>(fact.body)) ApplyTime(state_);
}

void Shard::Collect(WriteBatch& batch, std::vector<LiveEvent>& events) {
  Pending& pending = state_.pending;
  for (auto& write : pending.log.writes) batch.writes.push_back(std::move(write));
  const auto put_or_delete = [&](std::string key, bool there, auto encode) {
    there ? batch.Put(Table::kState, std::move(key), encode())
          : batch.Delete(Table::kState, std::move(key));
  };
  for (const auto& [stack_id, slot_key] : pending.slots) {
    const auto& slots = state_.stacks[stack_id].slots;
    const auto slot = slots.find(slot_key);
    put_or_delete(ShadowPrefix() + stack_id + '\0' + slot_key, slot != slots.end(),
                  [&] { return slot->second.bytes; });
  }
  for (const auto& id : pending.stacks)
    batch.Put(Table::kState, StackKey(StackId(id)), Encode(state_.stacks[id].record));
  for (const auto& id : pending.drifts) {
    const auto drift = state_.drifts.find(id);
    put_or_delete("d/" + id, drift != state_.drifts.end(), [&] { return Encode(drift->second); });
  }
  for (const auto& id : pending.plans)
    batch.Put(Table::kState, "p/" + id, Encode(state_.plans[id]));
  for (const auto& id : pending.rules)
    batch.Put(Table::kState, "i/" + id, BodyBytes(state_.rules[id]));
  for (const auto& id : pending.pauses) {
    const auto pause = state_.pauses.find(id);
    put_or_delete("u/" + id, pause != state_.pauses.end(),
                  [&] { return BodyBytes(pause->second); });
  }
  if (pending.policy)
    batch.Put(Table::kState, "policy", BodyBytes(state_.policy->source, state_.policy->at));
  for (const auto& id : pending.feeds) {
    const auto feed = state_.intel.feeds.find(id);
    put_or_delete(FeedKey(id), feed != state_.intel.feeds.end(),
                  [&] { return Encode(feed->second); });
  }
  for (const auto& actor : pending.people)
    batch.Put(Table::kState, "y/" + actor, state_.people[actor].Encode());
  for (const auto& id : pending.levels)
    batch.Put(Table::kState, LevelsKey(id), state_.stacks[id].levels.Encode());
  for (const auto& id : pending.agents)
    batch.Put(Table::kState, "a/" + id, OrderedNumber(state_.agents[id]));
  for (const auto& [stack_id, horizon] : pending.cohorts) {
    const Stack& stack = state_.stacks[stack_id];
    Cohort cohort{{}, stack.inputs_scored[horizon]};
    for (const auto& [slot_key, slot] : stack.slots)
      if (slot.p_scored[horizon] >= 0)
        cohort.members.push_back({slot_key, slot.p_scored[horizon], slot.inputs_scored[horizon]});
    batch.Put(Table::kState, CohortKey(stack_id, horizon), Encode(cohort));
  }
  for (const auto& [stack_id, name] : pending.series) {
    const auto& all = state_.stacks[stack_id].series;
    const auto series = all.find(name);
    put_or_delete(SeriesKey(stack_id, name), series != all.end(),
                  [&] { return series->second.state.Serialize(); });
  }
  if (pending.models) batch.Put(Table::kState, "models", EncodeModels(state_.models));
  if (pending.model_watch)
    batch.Put(Table::kState, "model-watch", EncodeModelWatch(state_.model_watch));
  for (const auto& digest : pending.blobs_dropped)
    if (const Status dropped = DeleteBlob(*state_.blobs, digest, batch); !dropped.ok())
      Log("engine").warn("blob.stays digest={} reason=\"{}\"", digest, Message(dropped));
  for (const auto& stack_id : pending.watches) {
    std::map<std::string, const LimitWatch*> watches;
    for (const auto& [series, slot] : state_.stacks[stack_id].series)
      if (slot.watch != nullptr) watches.emplace(series, slot.watch.get());
    put_or_delete(WatchesKey(stack_id), !watches.empty(), [&] { return EncodeWatches(watches); });
  }
  if (pending.limit_track) batch.Put(Table::kState, "limit_track", EncodeTrack(state_.limit_track));
  if (pending.track) batch.Put(Table::kState, "track", EncodeTrack(state_.track));
  for (const size_t horizon : pending.terms)
    batch.Put(Table::kState, TermsKey(horizon), state_.terms[horizon].Serialize());
  if (pending.expectations)
    batch.Put(Table::kState, "expectations", ExpectationsBytes(state_.role_expectations));
  if (!batch.empty() || !pending.events.empty() || pending.numbers)
    batch.Put(Table::kState, "numbers", Encode(state_.numbers));
  for (auto& event : pending.events) events.push_back(std::move(event));
  pending = {};
}

// In proportion to the state, so that writing it stays a fixed share of all that is written.
bool Shard::ForecasterDue() const {
  const uint64_t log_max =
      std::max<uint64_t>(state_.options.forecast_log_min, 2 * state_.forecaster.resources());
  // A new model makes what it learns from now on its own: the log that replays older lessons with
  // older models stays short.
  const bool new_model =
      !state_.models.empty() && state_.models.back().from_lesson > forecast_saved_;
  return new_model || state_.numbers.forecast_number >= forecast_saved_ + log_max;
}

void Shard::SaveForecaster(const std::function<void(WriteBatch)>& commit) {
  forecast_saved_ = state_.numbers.forecast_number;
  driftcast::SaveForecaster(state_.forecaster, forecast_saved_, commit);
}

uint64_t Shard::SequenceOf(const AgentId& agent) const {
  const auto found = state_.agents.find(agent.value);
  return found == state_.agents.end() ? 0 : found->second;
}

void Shard::AcceptGap(const AgentId& agent, uint64_t to) {
  uint64_t& applied = state_.agents[agent.value];
  if (to <= applied) return;
  Audit(state_, Principal("engine"), "agent.gap", agent.value,
        fmt::format("facts {} to {} never came", applied + 1, to));
  applied = to;
  state_.pending.agents.insert(agent.value);
}

void Shard::AppendAudit(const Principal& by, const std::string& action, const std::string& subject,
                        const std::string& detail, Instant at) {
  state_.numbers.now = std::max(state_.numbers.now, at);
  Audit(state_, by, action, subject, detail);
}

StatusOr<std::unique_ptr<Shard>> Shard::Restore(const Store& store, ShardOptions options) {
  std::unique_ptr<Shard> shard(new Shard);
  shard->state_.options = options;
  RebuildActiveRules(shard->state_);
  DRIFTCAST_RETURN_IF_ERROR(shard->Load(store));
  return shard;
}

Status Shard::Load(const Store& store) {
  state_.blobs = &store;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto numbers, store.Get(Table::kState, "numbers"));
  if (!numbers) return Ok();  // a new store
  DRIFTCAST_ASSIGN_OR_RETURN(state_.numbers, DecodeShardNumbers(*numbers));
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "i/", [&](std::string_view id, std::string_view bytes) {
    DRIFTCAST_ASSIGN_OR_RETURN(Fact fact, DecodeFact(bytes));
    state_.rules[std::string(id)] = std::get<IgnoreRule>(fact.body);
    return Ok();
  }));
  RebuildActiveRules(state_);
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "s/", [&](std::string_view id, std::string_view bytes) {
    DRIFTCAST_ASSIGN_OR_RETURN(state_.stacks[std::string(id)].record, DecodeStackRecord(bytes));
    return Ok();
  }));
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "d/", [&](std::string_view id, std::string_view bytes) {
    Drift& drift = state_.drifts[std::string(id)];
    DRIFTCAST_ASSIGN_OR_RETURN(drift, DecodeDrift(bytes));
    if (drift.closed_at != Instant()) state_.closed_drifts.insert({drift.closed_at, drift.id});
    return Ok();
  }));
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "p/", [&](std::string_view id, std::string_view bytes) {
    DRIFTCAST_ASSIGN_OR_RETURN(state_.plans[std::string(id)], DecodePlan(bytes));
    return Ok();
  }));
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "u/", [&](std::string_view id, std::string_view bytes) {
    DRIFTCAST_ASSIGN_OR_RETURN(Fact fact, DecodeFact(bytes));
    state_.pauses[std::string(id)] = std::get<PauseSet>(fact.body);
    return Ok();
  }));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto policy, store.Get(Table::kState, "policy"));
  if (policy) DRIFTCAST_RETURN_IF_ERROR(LoadPolicy(state_, *policy));
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "a/", [&](std::string_view id, std::string_view bytes) {
    state_.agents[std::string(id)] = FromOrderedNumber(bytes);
    return Ok();
  }));
  DRIFTCAST_RETURN_IF_ERROR(LoadEach(store, "y/", [&](std::string_view id, std::string_view bytes) {
    DRIFTCAST_ASSIGN_OR_RETURN(state_.people[std::string(id)], PersonRhythm::Decode(bytes));
    return Ok();
  }));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto models, store.Get(Table::kState, "models"));
  if (models) DRIFTCAST_RETURN_IF_ERROR(LoadModels(state_, *models));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto watch, store.Get(Table::kState, "model-watch"));
  if (watch) DRIFTCAST_RETURN_IF_ERROR(LoadModelWatch(state_, *watch));
  DRIFTCAST_ASSIGN_OR_RETURN(forecast_saved_,
                             LoadForecaster(store, TurnsOf(state_.models), state_.forecaster));
  state_.forecaster.Advance(state_.numbers.now);
  return LoadRest(store);
}

Status Shard::LoadRest(const Store& store) {
  DRIFTCAST_RETURN_IF_ERROR(LoadFeeds(state_, store));
  for (auto& [id, stack] : state_.stacks) {
    stack.ecosystem = intel::EcosystemOf(stack.record.labels);
    TakeAddresses(state_, id, stack);
  }
  DRIFTCAST_RETURN_IF_ERROR(
      LoadEach(store, ShadowPrefix(), [&](std::string_view key, std::string_view bytes) {
        const size_t zero = key.find('\0');
        if (zero == key.npos) return DataLoss("a shadow under a key that is none");
        const StackId stack_id{std::string(key.substr(0, zero))};
        auto& [stack_key, stack] = *state_.stacks.try_emplace(stack_id.value).first;
        const ResourceId id = IdFromSlotKey(stack_id, key.substr(zero + 1));
        DRIFTCAST_ASSIGN_OR_RETURN(const auto state, DecodeResourceState(bytes));
        auto& [slot_key, slot] = *stack.slots.try_emplace(stack.slots.end(), SlotKey(id));
        slot.bytes = bytes;
        HoldPackage(state_, stack_key, slot_key, state, slot);
        HoldObservables(state_, stack_key, slot_key, state, false);
        // What is in sync has no key that differs: it need not be judged again to count them.
        const bool same = state.exists && state.status == ResourceStatus::kInSync;
        FillSlot(state_, id, state, same ? ShadowResource() : ViewOfSlot(state_, id, state), slot);
        UpdateDependents(state_.fleet, stack_key, stack, slot_key, {}, state.depends_on);
        return Ok();
      }));
  for (size_t h = 0; h < kHorizonCount; ++h) {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto terms, store.Get(Table::kState, TermsKey(h)));
    if (!terms) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(state_.terms[h], InputTerms::Restore(*terms));
  }
  DRIFTCAST_RETURN_IF_ERROR(
      LoadEach(store, LevelsKey(""), [&](std::string_view id, std::string_view bytes) {
        DRIFTCAST_ASSIGN_OR_RETURN(state_.stacks[std::string(id)].levels,
                                   InputLevels::Decode(bytes));
        return Ok();
      }));
  RefreshAllRisks(state_);
  RestoreTouched(state_);
  DRIFTCAST_RETURN_IF_ERROR(RestoreSeries(state_, store));
  for (size_t h = 0; h < kHorizonCount; ++h)
    DRIFTCAST_RETURN_IF_ERROR(
        LoadEach(store, CohortKey("", h), [&](std::string_view stack, std::string_view bytes) {
          DRIFTCAST_ASSIGN_OR_RETURN(Cohort cohort, DecodeCohort(bytes));
          Stack& scored = state_.stacks[std::string(stack)];
          scored.inputs_scored[h] = std::move(cohort.rows);
          for (const Cohort::Member& member : cohort.members) {
            const auto slot = scored.slots.find(member.slot_key);
            if (slot == scored.slots.end()) continue;
            slot->second.p_scored[h] = member.p;
            slot->second.inputs_scored[h] = member.inputs;
          }
          return Ok();
        }));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto limit_track, store.Get(Table::kState, "limit_track"));
  if (limit_track) {
    DRIFTCAST_ASSIGN_OR_RETURN(state_.limit_track, DecodeTrack(*limit_track));
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const auto track, store.Get(Table::kState, "track"));
  if (track) {
    DRIFTCAST_ASSIGN_OR_RETURN(state_.track, DecodeTrack(*track));
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const auto expectations, store.Get(Table::kState, "expectations"));
  if (expectations) {
    ByteReader in(*expectations);
    for (uint64_t n = in.Count(); n > 0; --n) {
      DRIFTCAST_ASSIGN_OR_RETURN(const Fact fact, DecodeFact(in.View()));
      state_.role_expectations.push_back(std::get<ExpectationSet>(fact.body));
    }
  }
  return Ok();
}

}  // namespace driftcast
