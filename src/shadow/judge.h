// Expected against observed: the verdict on each key and on the resource.
#ifndef DRIFTCAST_SHADOW_JUDGE_H_
#define DRIFTCAST_SHADOW_JUDGE_H_

#include <span>
#include <string>
#include <vector>

#include "model/shadow.h"
#include "shadow/resource_state.h"

namespace driftcast {

// Rules that come with the program: what a stock host rewrites by itself (the clock's adjustment,
// caches, locks, generated lists). They are shown like any other and end like any other.
std::span<const IgnoreRule> BuiltinRules();

// The rules in force at one moment for one resource.
class RuleSet {
 public:
  // Keeps those of `rules` that fit the resource and have not expired; they must outlive this.
  RuleSet(std::span<const IgnoreRule> rules, const ResourceId& id, Instant now);

  // The rule that hides the key; null = none. One that ignores altogether goes before those that
  // only quiet alarms.
  const IgnoreRule* RuleFor(const std::string& path) const;
  bool hides_everything() const;  // a rule with key glob "*"

 private:
  std::vector<const IgnoreRule*> rules_;
};

// The shadow as it is shown; `state.status` is not read, it is computed.
ShadowResource ViewOf(const ResourceId& id, const ResourceState& state, const RuleSet& rules);

// The keys that make it differ: verdict ADDED, REMOVED or CHANGED, and not ignored.
std::vector<ShadowKey> DifferingKeys(const ShadowResource& shadow);

}  // namespace driftcast

#endif  // DRIFTCAST_SHADOW_JUDGE_H_
