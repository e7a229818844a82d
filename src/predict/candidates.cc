#include "predict/candidates.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "predict/exposure.h"
#include "predict/names.h"
#include "predict/values.h"

namespace driftcast::predict {
namespace {

constexpr size_t kByHabit = 18;   // keys by decayed changes, 60 days
constexpr size_t kByRecent = 8;   // keys by decayed changes, 3 days
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
    AddNearby();
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
      for (size_t i = 0; i < n; ++i) AddHabit(keys[order[i].second]);
    }
  }

  void AddHabit(const KeyPast& key) {
    const bool is_series = state_.Text(key.path).find(kSeriesMark) != std::string_view::npos;
    if (!is_series) return Add(key.path);
    if (key.current != kNone) AddSeries(key);
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

  bool Has(uint32_t path) const {
    const auto leaves = state_.leaves(id_);
    return std::any_of(leaves.begin(), leaves.end(),
                       [path](const Leaf& leaf) { return leaf.path == path; });
  }

  // Keys that others of its kind or folder just got, and it has not; and keys that just changed in
  // others, and it has.
  void AddNearby() {
    for (const uint32_t crowd : {r_.folder_crowd, r_.kind_crowd})
      if (const AddedKeys* added = state_.added_keys(crowd))
        for (const uint32_t path : added->path)
          if (path != kNone && !Has(path)) Add(path);
    for (const uint32_t crowd : {r_.folder_crowd, r_.kind_crowd}) {
      const TouchedKeys* touched = state_.touched_keys(crowd);
      for (size_t i = 0; touched != nullptr && i < touched->path.size(); ++i)
        if (touched->path[i] != kNone && touched->resource[i] != id_ &&
            now_ - std::min(now_, touched->at[i]) < 7 * kDay32 && Has(touched->path[i]))
          Add(touched->path[i]);
    }
  }

  // The next keys of a series: its number goes up; a new line of versions ("2.3.0") goes on with
  // its own first number ("2.3.1"), too.
  void AddSeries(const KeyPast& series) {
    const std::string_view newest = state_.Text(series.current), marked = state_.Text(series.path);
    const bool is_last =
        marked.find_first_of("0123456789", marked.find(kSeriesMark)) == std::string_view::npos;
    Follow(series, NextCount(newest), 1);
    if (!is_last) Follow(series, NextMinor(newest), 2);
  }

  void Follow(const KeyPast& series, std::optional<std::string> next, int step) {
    if (!next || out_->size() >= static_cast<size_t>(kCandidatesMax)) return;
    const uint32_t known = state_.texts().Find(*next);
    if (known != kNone && Has(known)) return;
    for (const Candidate& c : *out_)
      if (c.new_path == *next) return;
    out_->emplace_back();
    Candidate& c = out_->back();
    c.new_path = *std::move(next);
    c.follows = series.current;
    c.series = series.path;
    c.inputs[kKeyStep] = static_cast<float>(step);
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
    const uint32_t known = c->path == kNone ? c->series : c->path;
    f[kKeyShape] = r_.shape_share;
    f[kKeyAddedKind] = f[kKeyAddedFolder] = f[kKeySinceRelease] = kNever;
    f[kKeyTouchedKind] = f[kKeyTouchedFolder] = kNever;
    f[kKeyReleaseRate] = -10;
    FillNearby(c->path, &f);
    FillTouched(c->path, &f);
    for (const KeyPast& key : state_.keys(id_)) {
      if (key.path != known) continue;
      f[kKeyTakesPart] =
          static_cast<float>(key.changes) / static_cast<float>(std::max(r_.change_count, 1u));
      if (key.changes > 1)
        f[kKeyGapRatio] = std::log(
            (static_cast<float>(now_ - std::min(now_, key.last)) + 3600) /
            (static_cast<float>(key.last - key.first) / static_cast<float>(key.changes - 1) +
             3600));
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
      if (leaf.path != known) continue;
      f[kKeyPresent] = 1;
      FillVersion(leaf, &f);
      break;
    }
    if (const KindPath* elsewhere = state_.kind_path(r_.kind, known)) {
      const float changes = Decay(elsewhere->decayed, elsewhere->at, now_, 120);
      const float rate = changes / static_cast<float>(std::max(elsewhere->live, 1u));
      f[kKeyRateElsewhere] = std::log(rate + 0.001f);
      f[kKeyShareElsewhere] = std::min(rate / totals_.kind_changes, 1.0f);
      f[kKeyFreshElsewhere] = LogHours(elsewhere->at, now_);
    }
    f[kKeyLeaves] = std::log1p(static_cast<float>(state_.leaves(id_).size()));
    f[kKeyKnown] = std::log1p(static_cast<float>(state_.keys(id_).size()));
    const std::string_view path = c->Path(state_);
    f[kKeyPathLength] = static_cast<float>(path.size());
    f[kKeySet] = IsSet(path) ? 1 : 0;
  }

  void FillNearby(uint32_t path, KeyVector* f) const {
    if (path == kNone) return;
    for (const auto& [crowd, input] :
         {std::pair(r_.kind_crowd, kKeyAddedKind), std::pair(r_.folder_crowd, kKeyAddedFolder)}) {
      const AddedKeys* added = state_.added_keys(crowd);
      if (added == nullptr) continue;
      for (size_t i = 0; i < added->path.size(); ++i) {
        if (added->path[i] != path) continue;
        (*f)[input] = LogHours(added->at[i], now_);
        (*f)[kKeyAddedCount] += Decay(added->count[i], added->at[i], now_, 14);
      }
    }
  }

  void FillTouched(uint32_t path, KeyVector* f) const {
    if (path == kNone) return;
    for (const auto& [crowd, input] : {std::pair(r_.kind_crowd, kKeyTouchedKind),
                                       std::pair(r_.folder_crowd, kKeyTouchedFolder)}) {
      const TouchedKeys* touched = state_.touched_keys(crowd);
      for (size_t i = 0; touched != nullptr && i < touched->path.size(); ++i)
        if (touched->path[i] == path && touched->resource[i] != id_)
          (*f)[input] = LogHours(touched->at[i], now_);
    }
  }

  void FillVersion(const Leaf& leaf, KeyVector* f) const {
    if (leaf.name_version == kNone) return;
    (*f)[kKeyVersion] = 1;
    if (leaf.subject_version == kNone) return;
    const Exposure e = ExposureOf(state_.moves(leaf.subject_version), r_.stack, leaf.since, now_);
    (*f)[kKeyBehindHours] = LogHours(e.outer_since, now_);
    (*f)[kKeyInnerHours] = LogHours(e.inner_since, now_);
    (*f)[kKeyBehindStacks] = static_cast<float>(e.outer_stacks);
    const uint32_t index = state_.moves(leaf.subject_version).subject;
    if (index == kNone) return;
    const Subject& subject = state_.subject(index);
    (*f)[kKeyReleaseRate] = std::log(subject.releases.At(now_)[4] / 92 + 0.001f);
    (*f)[kKeySinceRelease] = LogHours(subject.last_release, now_);
  }

  const FleetState& state_;
  const ResourceId id_;
  const uint32_t now_;
  const ResourceRecord& r_;
  Totals totals_;
  std::vector<Candidate>* out_ = nullptr;
};

}  // namespace

void ListCandidates(const FleetState& state, ResourceId id, uint32_t now,
                    std::vector<Candidate>* out) {
  Lister(state, id, now).Run(out);
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
