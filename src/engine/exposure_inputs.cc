// What feeds say about a resource's package, and about the packages that it needs, as inputs of
// forecasts: a fix that is out is a reason to change, the more so the worse what it mends and the
// more similar stacks have taken it.
#include <algorithm>
#include <cmath>
#include <map>

#include "engine/input_families.h"
#include "engine/shard_intel.h"
#include "engine/shard_state.h"

namespace driftcast {
namespace {

constexpr double kFadesDays = 7;  // a fix is half the news after so long

// What is open on one package of one role. Equal for all stacks of the role that have the version.
// No input is the sum of others: each weight has to be told apart from the rest.
struct Standing {
  float unfixed = 0;    // 1: something is, and for none of it a fix is out
  float fresh = 0;      // 1 on the day on which the newest fix came out, then fading by whole days
  float old = 0;        // 1 - fresh, when a fix is out
  float epss = 0;       // root of the worst of those with a fix
  float exploited = 0;  // 1: the worst with a fix is used in attacks
  float taken = 0;      // share of similar stacks that have the fix of the worst
  std::string text;     // for people

  bool fixable() const { return fresh + old > 0; }
};

class ExposureInputs : public InputSource {
 public:
  explicit ExposureInputs(const ShardState& shard) : shard_(shard) {}

  std::vector<float> Of(const ResourceId& id, const ResourceState& state) override {
    const Standing* own = OwnOf(id);
    const Standing* need = NeedOf(id, state);
    if (own == nullptr && need == nullptr) return {};
    const Standing none;
    const Standing& o = own == nullptr ? none : *own;
    const Standing& n = need == nullptr ? none : *need;
    return {o.unfixed, o.fresh, o.old, o.epss, o.exploited, o.taken, n.fresh, n.old};
  }

  std::string Evidence(const ResourceId& id, const ResourceState& state) override {
    const Standing* own = OwnOf(id);
    const Standing* need = NeedOf(id, state);
    std::string text = own == nullptr ? "" : own->text;
    if (need != nullptr)
      text += (text.empty() ? "of what it needs: " : "; of what it needs: ") + need->text;
    return text;
  }

 private:
  const Standing* OwnOf(const ResourceId& id) {
    const Slot* slot = FindSlot(shard_, id);
    if (slot == nullptr || slot->holding == nullptr || slot->holding->second.open.empty())
      return nullptr;
    const std::string& role = shard_.stacks.find(id.stack.value)->second.record.role.value;
    const auto [place, is_new] = standings_.try_emplace({slot->holding, role});
    if (is_new) place->second = Stand(role, *slot);
    return &place->second;
  }

  // Of the packages that it needs, the one whose fix is newest.
  const Standing* NeedOf(const ResourceId& id, const ResourceState& state) {
    const Standing* newest = nullptr;
    for (const Dependency& edge : state.depends_on) {
      if (edge.to_kind != "package" || !edge.to_stack.empty()) continue;
      const Standing* need = OwnOf({id.stack, edge.to_kind, edge.to_name});
      if (need == nullptr || !need->fixable()) continue;
      if (newest == nullptr || need->fresh > newest->fresh) newest = need;
    }
    return newest;
  }

  Standing Stand(const std::string& role, const Slot& slot) const {
    Standing standing;
    standing.text = ExposureText(shard_, slot, *WorstOf(shard_, role, slot, false));
    const auto worst = WorstOf(shard_, role, slot, true);
    standing.unfixed = worst ? 0 : 1;
    if (!worst) return standing;
    standing.exploited = worst->exploited ? 1 : 0;
    if (worst->similar > 0)
      standing.taken = static_cast<float>(static_cast<double>(worst->similar_fixed) /
                                          static_cast<double>(worst->similar));
    for (const auto& open : slot.holding->second.open) {
      if (open.fixed.empty()) continue;
      standing.fresh = std::max(standing.fresh, Freshness(open.fixed_since));
      if (!open.cve) continue;
      const auto rating = shard_.intel.knowledge.RatingOf(*open.cve);
      if (rating.epss) standing.epss = std::max(standing.epss, std::sqrt(rating.epss->probability));
    }
    standing.old = 1 - standing.fresh;
    return standing;
  }

  float Freshness(Instant since) const {
    if (since == Instant() || since > shard_.numbers.now) return 0;
    const auto days = std::chrono::floor<std::chrono::days>(shard_.numbers.now - since);
    return static_cast<float>(std::exp2(-static_cast<double>(days.count()) / kFadesDays));
  }

  const ShardState& shard_;
  std::map<std::pair<const HoldingEntry*, std::string>, Standing> standings_;
};

}  // namespace

std::unique_ptr<InputSource> MakeExposureInputs(const ShardState& shard) {
  return std::make_unique<ExposureInputs>(shard);
}

}  // namespace driftcast
