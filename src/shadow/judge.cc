#include "shadow/judge.h"

#include <algorithm>

#include "shadow/glob.h"
#include "shadow/update.h"

namespace driftcast {
namespace {

IgnoreRule Builtin(const char* id, const char* resource_glob, const char* reason) {
  IgnoreRule rule;
  rule.id = std::string("builtin:") + id;
  rule.resource_glob = resource_glob;
  rule.key_glob = "*";
  rule.owner = "driftcast";
  rule.reason = reason;
  return rule;
}

const std::string* UncomparedReason(const ResourceState& state, const std::string& path) {
  for (const UncomparedKey& key : state.uncompared)
    if (key.path.empty() || key.path == path) return &key.reason;
  return nullptr;
}

KeyVerdict VerdictOn(const ResourceState& state, const KeyState& key, std::string& reason) {
  if (const auto* why = UncomparedReason(state, key.path)) {
    reason = *why;
    return KeyVerdict::kNotCompared;
  }
  if (key.expected && key.observed)
    return key.expected == key.observed ? KeyVerdict::kSame : KeyVerdict::kChanged;
  if (key.expected) return KeyVerdict::kRemoved;
  if (state.complete) return KeyVerdict::kAdded;
  reason = "nothing is expected of this key";
  return KeyVerdict::kNotCompared;
}

bool Differs(const ShadowKey& key) {
  return key.verdict == KeyVerdict::kAdded || key.verdict == KeyVerdict::kRemoved ||
         key.verdict == KeyVerdict::kChanged;
}

ResourceStatus StatusOf(const ShadowResource& shadow, const ResourceState& state,
                        bool everything_ignored) {
  if (state.compared_at == Instant()) return ResourceStatus::kNotCompared;
  if (!state.exists) {
    if (state.expected_absent || everything_ignored) return ResourceStatus::kInSync;
    return state.managed ? ResourceStatus::kMissing : ResourceStatus::kUnmanaged;
  }
  if (state.expected_absent && !everything_ignored) return ResourceStatus::kDrifted;
  if (!state.managed) return ResourceStatus::kUnmanaged;
  bool compared = shadow.keys.empty() && state.uncompared.empty();
  for (const ShadowKey& key : shadow.keys) {
    if (Differs(key) && key.ignored_by.empty()) return ResourceStatus::kDrifted;
    if (key.verdict != KeyVerdict::kNotCompared) compared = true;
  }
  return compared ? ResourceStatus::kInSync : ResourceStatus::kNotCompared;
}

}  // namespace

std::span<const IgnoreRule> BuiltinRules() {
  static const std::vector<IgnoreRule> rules = {
      Builtin("adjtime", "*/file//etc/adjtime", "the clock's drift, rewritten at shutdown"),
      Builtin("resolv", "*/file//etc/resolv.conf", "written by DHCP clients and resolvers"),
      Builtin("mtab", "*/file//etc/mtab", "a link into /proc"),
      Builtin("ld-cache", "*/file//etc/ld.so.cache", "a cache of library paths"),
      Builtin("locks", "*/file//etc/*.lock", "a lock"),
      Builtin("backups", "*/file//etc/*-", "the backup that passwd tools keep"),
      Builtin("editor", "*/file//etc/*~", "an editor's backup"),
      Builtin("swap", "*/file//etc/*.swp", "an editor's recovery file"),
      Builtin("dpkg-new", "*/file//etc/*.dpkg-*", "left or used by a package run"),
      Builtin("ca-bundle", "*/file//etc/ssl/certs/*", "generated from the certificates installed"),
      Builtin("alternatives", "*/file//etc/alternatives/*", "links kept by update-alternatives"),
      Builtin("cups", "*/file//etc/cups/subscriptions.conf*", "a state that cupsd writes"),
      Builtin("lvm", "*/file//etc/lvm/archive/*", "copies that LVM keeps of its state"),
      Builtin("lvm-backup", "*/file//etc/lvm/backup/*", "copies that LVM keeps of its state"),
      Builtin("rc-links", "*/file//etc/rc?.d/*", "links kept by update-rc.d"),
  };
  return rules;
}

RuleSet::RuleSet(std::span<const IgnoreRule> rules, const ResourceId& id, Instant now) {
  const std::string text = id.ToText();
  for (const IgnoreRule& rule : rules) {
    if (rule.removed || (rule.expires_at != Instant() && rule.expires_at <= now)) continue;
    if (MatchesGlob(rule.resource_glob, text)) rules_.push_back(&rule);
  }
}

const IgnoreRule* RuleSet::RuleFor(const std::string& path) const {
  const IgnoreRule* found = nullptr;
  for (const IgnoreRule* rule : rules_) {
    if (!MatchesGlob(rule->key_glob, path)) continue;
    if (!rule->alarm_only) return rule;
    if (found == nullptr) found = rule;
  }
  return found;
}

bool RuleSet::hides_everything() const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [](const IgnoreRule* rule) { return rule->key_glob == "*"; });
}

ShadowResource ViewOf(const ResourceId& id, const ResourceState& state, const RuleSet& rules) {
  ShadowResource shadow;
  shadow.id = id;
  shadow.depends_on = state.depends_on;
  shadow.context = state.context;
  shadow.means = state.means;
  shadow.compared_at = state.compared_at;
  shadow.first_seen_at = state.first_seen_at;
  shadow.changed_at = state.changed_at;
  shadow.exists = state.exists;
  shadow.drift_id = state.drift_id;
  shadow.keys.reserve(state.keys.size());
  for (const KeyState& key : state.keys) {
    ShadowKey view;
    view.path = key.path;
    view.expected = key.expected;
    view.observed = key.observed;
    view.last_agreed = key.agreed;
    view.origin = key.origin;
    view.verdict = VerdictOn(state, key, view.uncompared_reason);
    if (const IgnoreRule* rule = rules.RuleFor(key.path)) {
      view.ignored_by = rule->id;
      if (!rule->alarm_only) {  // as if it were not watched, and said so
        view.verdict = KeyVerdict::kNotCompared;
        view.uncompared_reason = "ignored by rule " + rule->id;
      }
    }
    if (view.ignored_by.empty() && key.learned_volatile) view.ignored_by = "volatile";
    view.compared_at = state.compared_at;
    view.changed_at = key.changed_at;
    view.changes_per_day = VolatilityAt(key.volatility, state.compared_at) * 0.0990;
    shadow.keys.push_back(std::move(view));
  }
  for (const UncomparedKey& key : state.uncompared) {
    const bool shown = std::any_of(shadow.keys.begin(), shadow.keys.end(),
                                   [&](const ShadowKey& k) { return k.path == key.path; });
    if (shown) continue;
    ShadowKey view;
    view.path = key.path;
    view.uncompared_reason = key.reason;
    shadow.keys.push_back(std::move(view));
  }
  shadow.status = StatusOf(shadow, state, rules.hides_everything());
  return shadow;
}

std::vector<ShadowKey> DifferingKeys(const ShadowResource& shadow) {
  std::vector<ShadowKey> keys;
  for (const ShadowKey& key : shadow.keys)
    if (Differs(key) && key.ignored_by.empty()) keys.push_back(key);
  return keys;
}

}  // namespace driftcast
