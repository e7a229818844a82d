// Indicators met on hosts. What a host shows (shown.h) is held once for all that show it, as
// packages are (shard_intel.h).
#include <algorithm>
#include <tuple>

#include "engine/shard_intel.h"
#include "engine/shard_state.h"
#include "engine/shown.h"

namespace driftcast {
namespace {

bool Before(const Holder& a, const Holder& b) {
  return std::tie(*a.stack, *a.slot) < std::tie(*b.stack, *b.slot);
}

double WeightOn(const std::vector<ObservableEntry*>& held) {
  double weight = 0;
  for (const ObservableEntry* entry : held)
    if (entry->second.sighting) weight = std::max(weight, entry->second.sighting->weight);
  return weight;
}

// On the stack's timeline, and to whoever is told about alerts.
void Tell(ShardState& shard, const Holder& holder, const intel::Sighting& sighting) {
  const ResourceId id = IdFromSlotKey(StackId(*holder.stack), *holder.slot);
  ActivityReported activity;
  activity.kind = "indicator";
  activity.id =
      sighting.feed + "@" + sighting.met + "@" + std::to_string(shard.numbers.fact_number);
  activity.actor = sighting.feed;
  activity.text = id.kind + " " + id.name + ": " + SightingText(sighting);
  activity.started_at = activity.ended_at = shard.numbers.now;
  activity.resources = {id.kind + "/" + id.name};
  AddActivity(shard, id.stack, activity);
  if (sighting.weight > 0)
    Alert(shard, "indicator.met", id.ToText() + "@" + sighting.feed + "@" + sighting.met, id.stack,
          id.ToText(), activity.text, std::min(10.0, 6 + sighting.weight));
}

void Rate(ShardState& shard, const Holder& holder) {
  Stack& stack = shard.stacks.at(*holder.stack);
  Slot& slot = stack.slots.at(*holder.slot);
  const auto held = stack.observables.find(*holder.slot);
  slot.sighted = held == stack.observables.end() ? 0 : static_cast<float>(WeightOn(held->second));
  RateSlot(slot);
}

void Drop(ShardState& shard, ObservableEntry* entry, const Holder& holder) {
  auto& holders = entry->second.holders;
  holders.erase(std::lower_bound(holders.begin(), holders.end(), holder, Before));
  if (holders.empty()) shard.intel.observables.erase(shard.intel.observables.find(entry->first));
}

ObservableEntry* Add(ShardState& shard, const ObservableName& name, const Holder& holder) {
  const auto [entry, is_new] = shard.intel.observables.try_emplace(name);
  if (is_new)
    entry->second.sighting =
        shard.intel.knowledge.Sight(name.first, name.second, shard.numbers.now);
  auto& holders = entry->second.holders;
  holders.insert(std::lower_bound(holders.begin(), holders.end(), holder, Before), holder);
  return &*entry;
}

}  // namespace

std::string SightingText(const intel::Sighting& sighting) {
  std::string text = std::string("the ") + IndicatorTypeName(sighting.type) + " " + sighting.met +
                     " is an indicator of " + sighting.feed;
  if (sighting.indicator != sighting.met) text += " (" + sighting.indicator + ")";
  if (!sighting.about.empty()) text += ": " + sighting.about;
  if (!sighting.benign.empty()) text += "; but it is in the list '" + sighting.benign + "'";
  return text;
}

void HoldObservables(ShardState& shard, const std::string& stack_key, const std::string& slot_key,
                     const ResourceState& state, bool tell) {
  const size_t zero = slot_key.find('\0');
  const auto shown = ShownBy(slot_key.substr(0, zero), slot_key.substr(zero + 1), state);
  Stack& stack = shard.stacks.at(stack_key);
  const auto found = stack.observables.find(slot_key);
  if (shown.empty() && found == stack.observables.end()) return;
  const Holder holder{&stack_key, &slot_key};
  auto& held = found == stack.observables.end() ? stack.observables[slot_key] : found->second;
  std::vector<ObservableEntry*> now;
  for (ObservableEntry* entry : held)
    if (std::binary_search(shown.begin(), shown.end(), entry->first))
      now.push_back(entry);
    else
      Drop(shard, entry, holder);
  for (const ObservableName& name : shown) {
    const bool known = std::any_of(
        now.begin(), now.end(), [&](const ObservableEntry* entry) { return entry->first == name; });
    if (known) continue;
    now.push_back(Add(shard, name, holder));
    if (tell && now.back()->second.sighting) Tell(shard, holder, *now.back()->second.sighting);
  }
  held = std::move(now);
  if (held.empty()) stack.observables.erase(slot_key);
  Rate(shard, holder);
}

void SightAgain(ShardState& shard) {
  for (auto& [name, observable] : shard.intel.observables) {
    auto sighting = shard.intel.knowledge.Sight(name.first, name.second, shard.numbers.now);
    if (sighting == observable.sighting) continue;
    const bool is_new = sighting && !observable.sighting;
    observable.sighting = std::move(sighting);
    for (const Holder& holder : observable.holders) {
      if (is_new) Tell(shard, holder, *observable.sighting);
      Rate(shard, holder);
      Emit(shard, LiveEvent::Kind::kStack, StackId(*holder.stack), *holder.stack,
           "indicators changed");
    }
  }
}

std::vector<MetIndicator> MetOn(const Stack& stack, const ResourceId& id) {
  std::vector<MetIndicator> met;
  for (const intel::Sighting& sighting : SightingsOf(stack, SlotKey(id)))
    met.push_back({id, IndicatorTypeName(sighting.type), sighting.met, sighting.indicator,
                   sighting.feed, SightingText(sighting), sighting.confidence, sighting.benign,
                   sighting.weight});
  return met;
}

std::vector<intel::Sighting> SightingsOf(const Stack& stack, const std::string& slot_key) {
  std::vector<intel::Sighting> sightings;
  const auto held = stack.observables.find(slot_key);
  if (held == stack.observables.end()) return sightings;
  for (const ObservableEntry* entry : held->second)
    if (entry->second.sighting) sightings.push_back(*entry->second.sighting);
  std::stable_sort(sightings.begin(), sightings.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  return sightings;
}

}  // namespace driftcast
