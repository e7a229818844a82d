#include "shadow/update.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "shadow/sensitivity.h"

namespace driftcast {
namespace {

constexpr double kVolatilityHalfLifeDays = 7;
// A key that moved six times within about a week, unexplained, is a counter or a timestamp. It
// stops alerting until its count has decayed to two. Sensitive keys never do.
constexpr double kVolatileFrom = 6;
constexpr double kVolatileUntil = 2;
constexpr double kSensitiveFrom = 6;

bool IsSet(std::string_view path) { return path.ends_with("[]"); }

// A key is its path; a member of a set is its path and its value.
using KeyIdentity = std::tuple<std::string_view, ValueType, std::string_view>;

KeyIdentity IdentityOf(const KeyValue& key) {
  if (!IsSet(key.path)) return {key.path, ValueType::kNull, {}};
  return {key.path, key.value.type, key.value.text};
}

KeyIdentity IdentityOf(const KeyState& key) {
  if (!IsSet(key.path)) return {key.path, ValueType::kNull, {}};
  const Value& value = key.observed ? *key.observed : *key.expected;
  return {key.path, value.type, value.text};
}

void SortKeys(ResourceState& state) {
  std::sort(state.keys.begin(), state.keys.end(),
            [](const KeyState& a, const KeyState& b) { return IdentityOf(a) < IdentityOf(b); });
}

KeyState* FindKey(ResourceState& state, const KeyValue& key) {
  const auto wanted = IdentityOf(key);
  for (KeyState& candidate : state.keys)
    if (IdentityOf(candidate) == wanted) return &candidate;
  return nullptr;
}

ChangeEvent EventOf(const ResourceId& id, const UpdateContext& context, ChangeOp op) {
  ChangeEvent event;
  event.at = context.at;
  event.stack = id.stack.value;
  event.kind = id.kind;
  event.resource = id.name;
  event.op = op;
  event.actor = context.actor;
  event.bot = context.bot;
  event.change_id = context.change_id;
  return event;
}

void CountMove(const ResourceId& id, bool explained, Instant at, KeyState& key) {
  key.changed_at = at;
  if (explained) return;
  key.volatility.count = static_cast<float>(VolatilityAt(key.volatility, at) + 1);
  key.volatility.at = at;
  if (key.volatility.count >= kVolatileFrom &&
      SensitivityOf(id.kind, id.name, key.path).weight < kSensitiveFrom)
    key.learned_volatile = true;
}

void ForgetVolatility(Instant at, KeyState& key) {
  if (key.learned_volatile && VolatilityAt(key.volatility, at) < kVolatileUntil)
    key.learned_volatile = false;
}

// Merges the sorted observed keys into the sorted key states and reports each difference.
class KeyMerge {
 public:
  KeyMerge(const ResourceObserved& observed, const UpdateContext& context, ResourceState& state)
      : observed_(observed), context_(context), state_(state) {}

  std::vector<ChangeEvent> Run() {
    // Canonical observed keys are sorted as KeyIdentity sorts, except that type sorts first there.
    std::vector<const KeyValue*> incoming;
    incoming.reserve(observed_.keys.size());
    for (const KeyValue& key : observed_.keys) incoming.push_back(&key);
    std::sort(incoming.begin(), incoming.end(),
              [](const KeyValue* a, const KeyValue* b) { return IdentityOf(*a) < IdentityOf(*b); });
    std::vector<KeyState> merged;
    merged.reserve(std::max(incoming.size(), state_.keys.size()));
    auto old = state_.keys.begin();
    for (const KeyValue* key : incoming) {
      if (!merged.empty() && IdentityOf(merged.back()) == IdentityOf(*key)) continue;
      while (old != state_.keys.end() && IdentityOf(*old) < IdentityOf(*key))
        Lose(std::move(*old++), merged);
      if (old != state_.keys.end() && IdentityOf(*old) == IdentityOf(*key))
        Keep(std::move(*old++), key->value, merged);
      else
        Gain(*key, merged);
    }
    while (old != state_.keys.end()) Lose(std::move(*old++), merged);
    state_.keys = std::move(merged);
    return std::move(events_);
  }

 private:
  void Report(ChangeOp op, const std::string& path, const std::optional<Value>& before,
              const std::optional<Value>& after) {
    ChangeEvent event = EventOf(observed_.resource, context_, op);
    event.path = path;
    if (before) event.old_value = before->Display();
    if (after) event.new_value = after->Display();
    events_.push_back(std::move(event));
  }

  void Keep(KeyState key, const Value& value, std::vector<KeyState>& merged) {
    if (!key.observed) {
      Report(ChangeOp::kAdd, key.path, std::nullopt, value);
      Moved(key);
    } else if (*key.observed != value) {
      Report(ChangeOp::kChange, key.path, key.observed, value);
      Moved(key);
    }
    key.observed = value;
    Settle(key);
    merged.push_back(std::move(key));
  }

  void Gain(const KeyValue& incoming, std::vector<KeyState>& merged) {
    KeyState key;
    key.path = incoming.path;
    key.observed = incoming.value;
    Report(ChangeOp::kAdd, key.path, std::nullopt, key.observed);
    Moved(key);
    Settle(key);
    merged.push_back(std::move(key));
  }

  void Lose(KeyState key, std::vector<KeyState>& merged) {
    if (key.observed) {
      if (IsUncompared(key.path)) {  // not seen is not gone
        merged.push_back(std::move(key));
        return;
      }
      Report(ChangeOp::kRemove, key.path, key.observed, std::nullopt);
      Moved(key);
      if (!key.expected) return;
      key.observed.reset();
    }
    merged.push_back(std::move(key));
  }

  bool IsUncompared(const std::string& path) const {
    return std::any_of(
        observed_.uncompared.begin(), observed_.uncompared.end(),
        [&](const UncomparedKey& key) { return key.path.empty() || key.path == path; });
  }

  void Moved(KeyState& key) {
    if (state_.exists) CountMove(observed_.resource, observed_.cause.known(), context_.at, key);
  }

  void Settle(KeyState& key) const {
    if (key.expected && key.observed == key.expected) key.agreed = key.expected;
    ForgetVolatility(context_.at, key);
  }

  const ResourceObserved& observed_;
  const UpdateContext& context_;
  ResourceState& state_;
  std::vector<ChangeEvent> events_;
};

void NoteChange(Instant at, ResourceState& state) {
  state.changed_before_at = state.changed_at;
  state.changed_at = at;
}

void ExpectObserved(Origin origin, ResourceState& state) {
  std::erase_if(state.keys, [](const KeyState& key) { return !key.observed; });
  for (KeyState& key : state.keys) {
    if (key.expected != key.observed) key.origin = origin;
    key.expected = key.agreed = key.observed;
  }
  state.managed = true;
  state.complete = true;
  state.expected_absent = false;
}

}  // namespace

double VolatilityAt(const Volatility& volatility, Instant at) {
  if (volatility.count == 0) return 0;
  const double days = Seconds(at - volatility.at) / 86400;
  return volatility.count * std::exp2(-std::max(days, 0.0) / kVolatilityHalfLifeDays);
}

std::vector<ChangeEvent> ApplyObservation(const ResourceObserved& observed,
                                          const UpdateContext& context, ResourceState& state) {
  const bool appeared = !state.exists;
  std::vector<ChangeEvent> events = KeyMerge(observed, context, state).Run();
  if (appeared) {
    // Its keys did not change: they are how it came.
    for (ChangeEvent& event : events) event.op = ChangeOp::kInitial;
    ChangeEvent created = EventOf(observed.resource, context, ChangeOp::kCreate);
    created.new_value = std::to_string(observed.keys.size());
    events.insert(events.begin(), std::move(created));
    if (state.first_seen_at == Instant()) state.first_seen_at = context.at;
    state.exists = true;
    if (context.enrolling && !state.managed && !state.expected_absent) {
      ExpectObserved(Origin::kEnrolled, state);
    } else {
      NoteChange(context.at, state);
    }
  } else if (!events.empty()) {
    NoteChange(context.at, state);
  }
  state.depends_on = observed.depends_on;
  state.context = observed.context;
  state.uncompared = observed.uncompared;
  state.means = observed.means;
  state.compared_at = context.at;
  return events;
}

std::vector<ChangeEvent> ApplyVanished(const ResourceId& id, Means means,
                                       const UpdateContext& context, ResourceState& state) {
  state.means = means;
  state.compared_at = context.at;
  if (!state.exists) return {};
  ChangeEvent deleted = EventOf(id, context, ChangeOp::kDelete);
  deleted.old_value = std::to_string(state.keys.size());
  state.exists = false;
  for (KeyState& key : state.keys) key.observed.reset();
  std::erase_if(state.keys, [](const KeyState& key) { return !key.expected; });
  NoteChange(context.at, state);
  return {std::move(deleted)};
}

void ApplyExpectation(const ExpectationSet& expectation, ResourceState& state) {
  if (expectation.absent) {
    state.expected_absent = state.managed = true;
    for (KeyState& key : state.keys) key.expected.reset();
    std::erase_if(state.keys, [](const KeyState& key) { return !key.observed; });
    return;
  }
  if (expectation.origin == Origin::kAccepted && expectation.keys.empty() &&
      expectation.unset.empty()) {
    if (state.exists) ExpectObserved(Origin::kAccepted, state);
    if (!state.exists) {  // accepted: it is gone
      state.keys.clear();
      state.managed = state.expected_absent = true;
    }
    return;
  }
  state.managed = true;
  state.expected_absent = false;
  if (expectation.complete) {
    state.complete = true;
    for (KeyState& key : state.keys) key.expected.reset();
  }
  for (const std::string& path : expectation.unset)
    for (KeyState& key : state.keys)
      if (key.path == path) key.expected.reset();
  for (const KeyValue& wanted : expectation.keys) {
    KeyState* key = FindKey(state, wanted);
    if (key == nullptr) {
      state.keys.emplace_back();
      key = &state.keys.back();
      key->path = wanted.path;
    }
    key->expected = wanted.value;
    key->origin = expectation.origin;
    if (key->observed == key->expected) key->agreed = key->expected;
  }
  std::erase_if(state.keys, [](const KeyState& key) { return !key.expected && !key.observed; });
  SortKeys(state);
}

}  // namespace driftcast
