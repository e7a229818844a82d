#include "predict/candidates.h"

#include <algorithm>
#include <cmath>

#include "predict/exposure.h"
#include "predict/names.h"

namespace driftcast::predict {
namespace {

constexpr size_t kByHabit = 14;   // keys by decayed changes, 60 days
constexpr size_t kByRecent = 5;   // keys by decayed changes, 3 days
constexpr size_t kElsewhere = 6;  // keys that the kind changes elsewhere
constexpr size_t kLeavesLookedAt = 400;
constexpr float kNever = 12.5f;

float LogHours(uint32_t then, uint32_t now) {
  if (then == 0) return kNever;
  return std::log1p(static_cast<float>(now > then ? now - then : 0) / 3600);
}

float Decay(float value, uint32_t then, uint32_t now, float half_life_days) {
  const float days = static_cast<float>(now > then ? now - then : 0) / kDay32;
  return value * std::exp2(-days / half_life_days);
}

// What the resource's candidates are measured against.
struct Totals {
  float decayed_60d = 1e-6f, decayed_3d = 1e-6f, kind_changes = 1e-6f;
  uint32_t last_change = 0;
};

class Lister {
 public:
  Lister(const FleetState& state, ResourceId id, uint32_t now)
      : state_(state), id_(id), now_(now), r_(state.resource(id)) {}

  void Run(std::vector<Candidate>* out) {
    out_ = out;
    out_->clear();
    SumUp();
    AddHabits();
    AddLeaves();
    int rank = 0;
    for (Candidate& c : *out_) Fill(&c, rank++);
  }

 private:
  void SumUp() {
    for (const KeyPast& key : state_.keys(id_)) {
      totals_.decayed_60d += Decay(key.decayed_60d, key.last, now_, 60);
      totals_.decayed_3d += Decay(key.decayed_3d, key.last, now_, 3);
    }
    totals_.last_change = r_.recent[0];
  }

  void Add(uint32_t path) {
    if (out_->size() >= static_cast<size_t>(kCandidatesMax)) return;
    for (const Candidate& c : *out_)
      if (c.path == path) return;
    out_->emplace_back();
    out_->back().path = path;
  }

  void AddHabits() {
    const auto keys = state_.keys(id_);
    std::vector<std::pair<float, uint32_t>> order;
    for (const float half_life : {60.0f, 3.0f}) {
      order.clear();
      for (uint32_t i = 0; i < keys.size(); ++i) {
        const float v = half_life > 10 ? keys[i].decayed_60d : keys[i].decayed_3d;
        order.emplace_back(-Decay(v, keys[i].last, now_, half_life), i);
      }
      const size_t n = std::min(order.size(), half_life > 10 ? kByHabit : kByRecent);
      std::partial_sort(order.begin(), order.begin() + n, order.end());
      for (size_t i = 0; i < n; ++i) Add(keys[order[i].second].path);
    }
  }

  // Keys that others have left a version of, and keys that the kind often changes.
  void AddLeaves() {
    std::vector<std::pair<float, uint32_t>> by_rate;
    size_t looked = 0;
    for (const Leaf& leaf : state_.leaves(id_)) {
      if (++looked > kLeavesLookedAt) break;
      if (BehindSince(leaf) != 0) Add(leaf.path);
      const KindPath* elsewhere = state_.kind_path(r_.kind, leaf.path);
      if (elsewhere == nullptr || elsewhere->live == 0 || elsewhere->at == 0) continue;
      const float rate =
          Decay(elsewhere->decayed, elsewhere->at, now_, 120) / static_cast<float>(elsewhere->live);
      totals_.kind_changes += rate;
      by_rate.emplace_back(-rate, leaf.path);
    }
    const size_t n = std::min(by_rate.size(), kElsewhere);
    std::partial_sort(by_rate.begin(), by_rate.begin() + n, by_rate.end());
    for (size_t i = 0; i < n; ++i) Add(by_rate[i].second);
  }

  uint32_t BehindSince(const Leaf& leaf) const {
    if (leaf.subject_version == kNone) return 0;
    const Exposure e = ExposureOf(state_.moves(leaf.subject_version), r_.stack, leaf.since, now_);
    return std::max(e.outer_since, e.inner_since);
  }

  void Fill(Candidate* c, int rank) const {
    KeyVector& f = c->inputs;
    f[kKeyRank] = static_cast<float>(rank);
    f[kKeySinceLast] = f[kKeyBehindHours] = f[kKeyInnerHours] = kNever;
    f[kKeySinceResource] = LogHours(totals_.last_change, now_);
    for (const KeyPast& key : state_.keys(id_)) {
      if (key.path != c->path) continue;
      f[kKeyShare60d] = Decay(key.decayed_60d, key.last, now_, 60) / totals_.decayed_60d;
      f[kKeyShare3d] = Decay(key.decayed_3d, key.last, now_, 3) / totals_.decayed_3d;
      f[kKeyCount] = std::log1p(static_cast<float>(key.changes));
      f[kKeySinceLast] = LogHours(key.last, now_);
      f[kKeyInLast] = key.last == totals_.last_change ? 1 : 0;
      f[kKeyLastOp] = key.last_op;
      f[kKeyCounter] = std::min<float>(key.counter_steps, 10);
      f[kKeyBack] = key.previous == key.current ? 1 : 0;
      break;
    }
    for (const Leaf& leaf : state_.leaves(id_)) {
      if (leaf.path != c->path) continue;
      f[kKeyPresent] = 1;
      FillVersion(leaf, &f);
      break;
    }
    if (const KindPath* elsewhere = state_.kind_path(r_.kind, c->path)) {
      const float changes = Decay(elsewhere->decayed, elsewhere->at, now_, 120);
      const float rate = changes / static_cast<float>(std::max(elsewhere->live, 1u));
      f[kKeyRateElsewhere] = std::log(rate + 0.001f);
      f[kKeyShareElsewhere] = std::min(rate / totals_.kind_changes, 1.0f);
      f[kKeyFreshElsewhere] = LogHours(elsewhere->at, now_);
    }
    f[kKeyLeaves] = std::log1p(static_cast<float>(state_.leaves(id_).size()));
    f[kKeyKnown] = std::log1p(static_cast<float>(state_.keys(id_).size()));
    const std::string_view path = state_.Text(c->path);
    f[kKeyPathLength] = static_cast<float>(path.size());
    f[kKeySet] = IsSet(path) ? 1 : 0;
  }

  void FillVersion(const Leaf& leaf, KeyVector* f) const {
    if (leaf.name_version == kNone) return;
    (*f)[kKeyVersion] = 1;
    if (leaf.subject_version == kNone) return;
    const Exposure e = ExposureOf(state_.moves(leaf.subject_version), r_.stack, leaf.since, now_);
    (*f)[kKeyBehindHours] = LogHours(e.outer_since, now_);
    (*f)[kKeyInnerHours] = LogHours(e.inner_since, now_);
    (*f)[kKeyBehindStacks] = static_cast<float>(e.outer_stacks);
  }

  const FleetState& state_;
  const ResourceId id_;
  const uint32_t now_;
  const ResourceRecord& r_;
  Totals totals_;
  std::vector<Candidate>* out_ = nullptr;
};

}  // namespace

const char* SourceName(ValueSource source) {
  switch (source) {
    case ValueSource::kNoValue:
      return "";
    case ValueSource::kOtherStacks:
      return "similar stacks";
    case ValueSource::kThisStack:
      return "this stack";
    case ValueSource::kCounter:
      return "counter";
    case ValueSource::kSwing:
      return "back to the value before";
    case ValueSource::kNextNumber:
      return "next number";
  }
  return "";
}

void ListCandidates(const FleetState& state, ResourceId id, uint32_t now,
                    std::vector<Candidate>* out) {
  Lister(state, id, now).Run(out);
}

void ProposeValue(const FleetState& state, ResourceId id, uint32_t now, Candidate* c) {
  const auto propose = [c](std::string_view text, ValueSource source) {
    c->value = text;
    c->source = source;
  };
  const uint32_t stack = state.resource(id).stack;
  std::string_view value;
  for (const Leaf& leaf : state.leaves(id)) {
    if (leaf.path != c->path) continue;
    value = state.Text(leaf.value);
    for (const uint32_t version : {leaf.subject_version, leaf.name_version}) {
      if (version == kNone) continue;
      const Exposure e = ExposureOf(state.moves(version), stack, leaf.since, now);
      const uint32_t to = e.inner_to != kNone ? e.inner_to : e.outer_to;
      if (to != kNone && to != leaf.value)
        return propose(state.Text(to),
                       e.inner_to != kNone ? ValueSource::kThisStack : ValueSource::kOtherStacks);
    }
    break;
  }
  for (const KeyPast& key : state.keys(id)) {
    if (key.path != c->path) continue;
    const std::string_view current =
        key.current == kNone ? std::string_view() : state.Text(key.current);
    if (value.empty()) value = current;
    if (key.counter_steps >= 2)
      if (const auto next = NextCount(value)) return propose(*next, ValueSource::kCounter);
    const bool swings = key.changes >= 2 && key.previous != kNone && !IsVersionLike(value);
    if (swings) return propose(state.Text(key.previous), ValueSource::kSwing);
    break;
  }
  if (value.starts_with("h:") || value.find('#') != std::string_view::npos) return;
  if (const auto next = NextCount(value)) propose(*next, ValueSource::kNextNumber);
}

std::vector<Candidate> RankKeys(const FleetState& state, const Forest& ranker, ResourceId id,
                                uint32_t now, size_t count) {
  std::vector<Candidate> all;
  ListCandidates(state, id, now, &all);
  for (Candidate& c : all) {
    c.score = ranker.tree_count() > 0
                  ? ranker.Margin(c.inputs.data())
                  : 6 * c.inputs[kKeyShare60d] - 3 + 0.001f * c.inputs[kKeyRateElsewhere];
    c.share = 1 / (1 + std::exp(-static_cast<double>(c.score)));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  if (all.size() > count) all.resize(count);
  for (Candidate& c : all) ProposeValue(state, id, now, &c);
  return all;
}

}  // namespace driftcast::predict
