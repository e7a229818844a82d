// Indicators that were met on a resource, or elsewhere on its host, as inputs of forecasts: who
// finds an attacker changes things, and so does the attacker.
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/input_families.h"
#include "engine/shard_intel.h"
#include "engine/shard_state.h"

namespace driftcast {
namespace {

constexpr float kFadesDays = 1;
constexpr float kWeightMost = 4;  // of a sighting

// What was met on a whole stack.
struct Standing {
  float worst = 0;                    // weight of the worst, 0 to 1
  float fresh = 0;                    // 1 on the day on which the newest was met, then fading
  const std::string* slot = nullptr;  // on which the worst was met
};

class ThreatInputs : public InputSource {
 public:
  explicit ThreatInputs(const ShardState& shard) : shard_(shard) {}

  std::vector<float> Of(const ResourceId& id, const ResourceState&) override {
    const Standing& standing = StandingOf(id.stack.value);
    if (standing.worst == 0) return {};
    const Slot* slot = FindSlot(shard_, id);
    return {slot == nullptr ? 0 : slot->sighted / kWeightMost, standing.worst, standing.fresh};
  }

  std::string Evidence(const ResourceId& id, const ResourceState&) override {
    const Stack& stack = shard_.stacks.find(id.stack.value)->second;
    const auto own = SightingsOf(stack, SlotKey(id));
    if (!own.empty() && own[0].weight > 0) return SightingText(own[0]);
    const Standing& standing = StandingOf(id.stack.value);
    const ResourceId where = IdFromSlotKey(id.stack, *standing.slot);
    return "on " + where.kind + " " + where.name + ": " +
           SightingText(SightingsOf(stack, *standing.slot).at(0));
  }

 private:
  const Standing& StandingOf(const std::string& stack_id) {
    const auto [place, is_new] = standings_.try_emplace(stack_id);
    const auto stack = shard_.stacks.find(stack_id);
    if (!is_new || stack == shard_.stacks.end()) return place->second;
    Standing& standing = place->second;
    for (const auto& [slot_key, held] : stack->second.observables) {
      const auto slot = stack->second.slots.find(slot_key);
      if (slot == stack->second.slots.end()) continue;
      const float weight = slot->second.sighted / kWeightMost;
      if (weight <= standing.worst) continue;
      standing.worst = weight;
      standing.slot = &slot_key;
    }
    for (const ActivityReported& activity : stack->second.record.activities)
      if (activity.kind == "indicator")
        standing.fresh = std::max(standing.fresh, Freshness(activity.started_at));
    return standing;
  }

  float Freshness(Instant met_at) const {
    if (met_at > shard_.numbers.now) return 0;
    const auto days = std::chrono::floor<std::chrono::days>(shard_.numbers.now - met_at);
    return std::exp2(-static_cast<float>(days.count()) / kFadesDays);
  }

  const ShardState& shard_;
  std::map<std::string, Standing> standings_;  // by stack, as they are asked for
};

}  // namespace

std::unique_ptr<InputSource> MakeThreatInputs(const ShardState& shard) {
  return std::make_unique<ThreatInputs>(shard);
}

}  // namespace driftcast
