// What facts have touched is forecast anew, many together, when time advances.
#include <algorithm>
#include <tuple>

#include "engine/shard_inputs.h"

namespace driftcast {
namespace {

constexpr double kAlertEndsAt = 0.8;  // of the threshold

// Raises an alert when the forecast passes the threshold, and ends it well below.
void FollowAlert(ShardState& shard, const ResourceId& id, const Slot& slot, ResourceState& state) {
  const double p = slot.p_change[kAlertHorizon] * DriftShareOf(ShareOf(shard, id));
  const bool alerted = state.alerted_at != Instant();
  if (!alerted && p >= shard.options.alert_threshold && slot.exists &&
      !shard.forecaster.Abstains(id.stack, shard.numbers.now) &&
      state.snoozed_until <= shard.numbers.now && state.drift_id.empty()) {
    state.alerted_at = shard.numbers.now;
    shard.alerted_now.push_back(id);
    const std::string text =
        fmt::format("{} {} will probably drift within a day ({:.0f} %)", id.kind, id.name, 100 * p);
    Emit(shard, LiveEvent::Kind::kPrediction, id.stack, id.ToText(), text);
    Alert(shard, "prediction.alert",
          id.ToText() + "@" + std::to_string(ToUnixMicros(state.alerted_at)), id.stack, id.ToText(),
          text, slot.severity);
  } else if (alerted && (p < kAlertEndsAt * shard.options.alert_threshold || !slot.exists)) {
    state.alerted_at = Instant();
    Emit(shard, LiveEvent::Kind::kPrediction, id.stack, id.ToText(),
         fmt::format("{} {} is calm again", id.kind, id.name));
  }
}

// The slot that an entry is about; null when it is gone, or a later fact touched it again.
Slot* SlotOf(ShardState& shard, const Touched& touched) {
  auto& slots = shard.stacks.find(*touched.stack)->second.slots;
  const auto slot = slots.find(touched.slot_key);
  return slot == slots.end() || slot->second.touched_by != touched.fact_number ? nullptr
                                                                               : &slot->second;
}

void DropOutdated(ShardState& shard) {
  while (!shard.touched.empty() && SlotOf(shard, shard.touched.front()) == nullptr)
    shard.touched.pop_front();
}

// Takes all that one fact touched off the front, in the order of names: the order in which it
// touched them is not known after a restart.
void TakeOneFact(ShardState& shard, std::vector<Touched>& taken) {
  const uint64_t number = shard.touched.front().fact_number;
  const auto first = static_cast<std::ptrdiff_t>(taken.size());
  while (!shard.touched.empty() && shard.touched.front().fact_number == number) {
    if (SlotOf(shard, shard.touched.front()) != nullptr)
      taken.push_back(std::move(shard.touched.front()));
    shard.touched.pop_front();
  }
  const auto place = [](const Touched& t) { return std::tie(*t.stack, t.slot_key); };
  const auto begin = taken.begin() + first;
  std::sort(begin, taken.end(),
            [&](const Touched& a, const Touched& b) { return place(a) < place(b); });
  taken.erase(std::unique(begin, taken.end(),
                          [&](const Touched& a, const Touched& b) { return place(a) == place(b); }),
              taken.end());
}

void Score(ShardState& shard, std::span<const Touched> touched) {
  std::vector<Forecaster::Asked> asked;
  asked.reserve(touched.size());
  InputReader reader(shard);
  for (const Touched& t : touched) {
    Forecaster::Asked& one = asked.emplace_back();
    one.id = IdFromSlotKey(StackId(*t.stack), t.slot_key);
    one.state = DecodeSlot(*SlotOf(shard, t));
    one.shift = reader.ShiftOf(one.id, one.state);
  }
  const auto risks = shard.forecaster.RisksOf(asked, shard.numbers.now);
  for (size_t i = 0; i < touched.size(); ++i) {
    Slot& slot = *SlotOf(shard, touched[i]);
    ResourceState& state = asked[i].state;
    slot.p_change = slot.exists ? risks[i] : Risks{};
    const Instant alerted_at = state.alerted_at;
    FollowAlert(shard, asked[i].id, slot, state);
    if (state.alerted_at == alerted_at) continue;
    slot.bytes = Encode(state);
    shard.pending.slots.insert({*touched[i].stack, touched[i].slot_key});
  }
}

}  // namespace

void ScoreTouched(ShardState& shard) {
  constexpr size_t kBlock = 256;
  std::vector<Touched> taken;
  DropOutdated(shard);
  while (!shard.touched.empty() && taken.size() < shard.options.scored_at_once) {
    TakeOneFact(shard, taken);
    DropOutdated(shard);
  }
  for (size_t first = 0; first < taken.size(); first += kBlock)
    Score(shard, std::span(taken).subspan(first, std::min(kBlock, taken.size() - first)));
  shard.numbers.scored_number =
      shard.touched.empty() ? shard.numbers.fact_number : shard.touched.front().fact_number - 1;
  // Stored only with what was scored: a tick without leaves no trace.
  shard.pending.numbers |= !taken.empty();
}

void RestoreTouched(ShardState& shard) {
  for (const auto& [stack_id, stack] : shard.stacks)
    for (const auto& [slot_key, slot] : stack.slots)
      if (slot.touched_by > shard.numbers.scored_number)
        shard.touched.push_back({slot.touched_by, &stack_id, slot_key});
  std::stable_sort(
      shard.touched.begin(), shard.touched.end(),
      [](const Touched& a, const Touched& b) { return a.fact_number < b.fact_number; });
}

}  // namespace driftcast
