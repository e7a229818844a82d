// Container images that a configuration names, as inputs of its forecast: a newer tag that similar
// stacks have taken, and a release that has ended or has a successor, are updates that wait here.
// Newer tags are known from the fleet's own configurations, releases from feeds of lifecycles;
// no registry is asked.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/input_families.h"
#include "engine/shard_intel.h"
#include "engine/shard_state.h"
#include "intel/image_reference.h"

namespace driftcast {
namespace {

constexpr double kFadesDays = 7;       // a tag is half the news after so long
constexpr Duration kSoon = kDay * 90;  // before the end of support

// What waits for one image on stacks of one role.
struct Standing {
  float fresh = 0, old = 0;  // a newer tag is in use: 1 on the day it was, then fading; the rest
  float taken = 0;           // share of similar stacks that have it
  float ending = 0;          // 1: support of its release has ended; 0.5: it will within 90 days
  float release_fresh = 0, release_old = 0;  // a later release of its product is out
  std::string text;

  float sum() const { return fresh + old + ending + release_fresh + release_old; }
};

// Stacks of one role that name a tag, and since when the first of them has.
struct Users {
  std::set<std::string_view> stacks;
  Instant since;
};

class ImageInputs : public InputSource {
 public:
  explicit ImageInputs(const ShardState& shard) : shard_(shard) {}

  std::vector<float> Of(const ResourceId& id, const ResourceState&) override {
    const Standing* s = StandingOf(id);
    if (s == nullptr) return {};
    return {s->fresh, s->old, s->taken, s->ending, s->release_fresh, s->release_old};
  }

  std::string Evidence(const ResourceId& id, const ResourceState&) override {
    return StandingOf(id)->text;
  }

 private:
  // Of the images that the resource names, the one for which most waits; null when nothing does.
  const Standing* StandingOf(const ResourceId& id) {
    const auto stack = shard_.stacks.find(id.stack.value);
    if (stack == shard_.stacks.end()) return nullptr;
    const auto held = stack->second.observables.find(SlotKey(id));
    if (held == stack->second.observables.end()) return nullptr;
    const Standing* most = nullptr;
    for (const ObservableEntry* entry : held->second) {
      if (entry->first.first != intel::IndicatorType::kImage) continue;
      const auto [place, is_new] = standings_.try_emplace({entry, stack->second.record.role.value});
      if (is_new) place->second = Stand(entry->first.second, stack->second.record.role);
      const Standing& standing = place->second;
      if (standing.sum() > 0 && (most == nullptr || standing.sum() > most->sum())) most = &standing;
    }
    return most;
  }

  Standing Stand(const std::string& image, const RoleName& role) const {
    Standing standing;
    const auto own = intel::ParseImageReference(image);
    if (!own) return standing;
    AddTags(*own, role, standing);
    AddRelease(*own, standing);
    if (!standing.text.empty()) standing.text = image + ": " + standing.text;
    return standing;
  }

  void AddTags(const intel::ImageReference& own, const RoleName& role, Standing& standing) const {
    const std::string prefix = own.repository + ":";
    std::set<std::string_view> similar, newer;
    std::string best;
    Instant since;
    const auto& all = shard_.intel.observables;
    for (auto other = all.lower_bound({intel::IndicatorType::kImage, prefix});
         other != all.end() && other->first.first == intel::IndicatorType::kImage &&
         other->first.second.starts_with(prefix);
         ++other) {
      const Users users = UsersOf(other->second, role);
      similar.insert(users.stacks.begin(), users.stacks.end());
      std::string tag = other->first.second.substr(prefix.size());
      tag = tag.substr(0, tag.find('@'));
      if (users.stacks.empty() || !intel::IsNewerTag(own.tag, tag)) continue;
      newer.insert(users.stacks.begin(), users.stacks.end());
      if (best.empty() || intel::IsNewerTag(best, tag)) {
        best = tag;
        since = users.since;
      }
    }
    if (best.empty()) return;
    standing.fresh = Freshness(since);
    standing.old = 1 - standing.fresh;
    standing.taken = static_cast<float>(newer.size()) / static_cast<float>(similar.size());
    standing.text = fmt::format("{} of {} similar hosts have a newer tag, {}", newer.size(),
                                similar.size(), best);
    if (since != Instant()) standing.text += " since " + FormatInstant(since).substr(0, 10);
  }

  Users UsersOf(const Observable& image, const RoleName& role) const {
    Users users;
    for (const Holder& holder : image.holders) {
      const Stack& stack = shard_.stacks.find(*holder.stack)->second;
      if (stack.record.role != role) continue;
      users.stacks.insert(*holder.stack);
      const auto slot = stack.slots.find(*holder.slot);
      if (slot == stack.slots.end() || slot->second.changed_at == Instant()) continue;
      if (users.since == Instant() || slot->second.changed_at < users.since)
        users.since = slot->second.changed_at;
    }
    return users;
  }

  void AddRelease(const intel::ImageReference& own, Standing& standing) const {
    const auto life = shard_.intel.knowledge.LifeOf(own, shard_.numbers.now);
    if (!life) return;
    const bool ends_soon = life->ends != Instant() && life->ends <= shard_.numbers.now + kSoon;
    standing.ending = life->ended ? 1 : ends_soon ? 0.5F : 0;
    const auto say = [&](const std::string& text) {
      standing.text += (standing.text.empty() ? "" : "; ") + text;
    };
    if (standing.ending > 0)
      say(fmt::format(
          "support of {} {}{}", life->release, life->ended ? "has ended" : "ends",
          life->ends == Instant() ? "" : " on " + FormatInstant(life->ends).substr(0, 10)));
    if (life->newest.empty()) return;
    standing.release_fresh = Freshness(life->newest_at);
    standing.release_old = 1 - standing.release_fresh;
    say("release " + life->newest + " is out");
  }

  // By whole days, so that resources share their inputs.
  float Freshness(Instant since) const {
    if (since == Instant() || since > shard_.numbers.now) return 0;
    const auto days = std::chrono::floor<std::chrono::days>(shard_.numbers.now - since);
    return static_cast<float>(std::exp2(-static_cast<double>(days.count()) / kFadesDays));
  }

  const ShardState& shard_;
  std::map<std::pair<const ObservableEntry*, std::string>, Standing> standings_;  // image, role
};

}  // namespace

std::unique_ptr<InputSource> MakeImageInputs(const ShardState& shard) {
  return std::make_unique<ImageInputs>(shard);
}

}  // namespace driftcast
