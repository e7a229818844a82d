// Keys of resources: which there are, what became of them, and which were lately added or changed
// in the crowds that a resource belongs to.
#include <algorithm>
#include <cmath>

#include "predict/fleet_state.h"
#include "predict/names.h"

namespace driftcast::predict {
namespace {

// A crowd's keys, made when it has none yet.
template <typename Keys>
Keys& KeysOf(uint32_t& slot, std::vector<Keys>& all) {
  if (slot == kNone) {
    slot = static_cast<uint32_t>(all.size());
    all.emplace_back();
  }
  return all[slot];
}

// Where the path is among the newest, or else the place of the oldest.
template <size_t N>
size_t PlaceOf(const std::array<uint32_t, N>& paths, uint32_t path) {
  return static_cast<size_t>(std::find(paths.begin(), paths.end() - 1, path) - paths.begin());
}

// Moves what is before `place` back by one in each column: the first is free, `place` is gone.
template <typename... Columns>
void MakeRoom(size_t place, Columns&... columns) {
  (std::copy_backward(columns.begin(), columns.begin() + place, columns.begin() + place + 1), ...);
}

}  // namespace

uint32_t FleetState::PathOf(std::string_view path) {
  const uint32_t id = texts_.Intern(path);
  if (id >= path_last_.size() || path_last_[id] == kNone) {
    const uint32_t last = texts_.Intern(driftcast::predict::LastComponent(path));
    const uint32_t normal = texts_.Intern(driftcast::predict::NormalPath(path));
    path_last_.resize(texts_.size(), kNone);
    path_normal_.resize(texts_.size(), kNone);
    path_last_[id] = last;
    path_normal_[id] = normal;
  }
  return id;
}

KindPath* FleetState::KindPathOf(uint32_t kind, uint32_t path) {
  bool is_new = false;
  const uint32_t id = kind_path_index_.Intern(PairIndex::Key(kind, path_normal_[path]), &is_new);
  if (is_new) kind_paths_.emplace_back();
  return &kind_paths_[id];
}

const KindPath* FleetState::kind_path(uint32_t kind, uint32_t path) const {
  const uint32_t id = kind_path_index_.Find(PairIndex::Key(kind, path_normal_[path]));
  return id == kNone ? nullptr : &kind_paths_[id];
}

void FleetState::ClearLeaves(ResourceId id) {
  for (const Leaf& leaf : leaves_[id]) --KindPathOf(resources_[id].kind, leaf.path)->live;
  std::vector<Leaf>().swap(leaves_[id]);
}

Leaf* FleetState::FindLeaf(ResourceId id, uint32_t path) {
  for (Leaf& leaf : leaves_[id])
    if (leaf.path == path) return &leaf;
  return nullptr;
}

void FleetState::ApplyKey(const PendingEvent& event, uint32_t now, Touched* touched,
                          uint32_t touched_place) {
  const auto op = static_cast<ChangeOp>(event.op);
  const ResourceId id = event.resource;
  if (event.path == kNone) return;
  const bool is_set = IsSet(texts_.Text(event.path));
  Leaf* leaf = FindLeaf(id, event.path);
  if (touched != nullptr) {
    ++touched->keys;
    if (op != ChangeOp::kChange) ++touched->shaped;
    NoteTouchedKey(event, now);
    PendingEvent remembered = event;
    if (op == ChangeOp::kAdd && leaf == nullptr) {
      CountAddedKey(event, now);
      if (const uint32_t series = SeriesOf(id, event.path); series != kNone) {
        remembered.path = series;
        remembered.new_value = event.path;
      }
    }
    if (RememberKey(remembered, now)) ++touched->reverts;
  }
  if (op == ChangeOp::kRemove) {
    if (leaf == nullptr || (is_set && --leaf->items > 0)) return;
    --KindPathOf(resources_[id].kind, event.path)->live;
    *leaf = leaves_[id].back();
    leaves_[id].pop_back();
    return;
  }
  MovedKey moved{id, event.path, kNone, kNone, 0, touched_place, 0};
  if (leaf == nullptr) {
    leaves_[id].push_back({});
    leaf = &leaves_[id].back();
    leaf->path = event.path;
    ++KindPathOf(resources_[id].kind, event.path)->live;
  } else {
    if (is_set && op != ChangeOp::kChange) ++leaf->items;
    moved.subject_version = leaf->subject_version;
    moved.name_version = leaf->name_version;
    moved.since = leaf->since;
    moved.changed = op == ChangeOp::kChange && leaf->value == event.old_value ? 1 : 0;
  }
  leaf->value = event.new_value;
  leaf->since = now;
  moved_.push_back(moved);
}

bool FleetState::RememberKey(const PendingEvent& event, uint32_t now) {
  std::vector<KeyPast>& keys = keys_[event.resource];
  auto found = std::find_if(keys.begin(), keys.end(),
                            [&](const KeyPast& k) { return k.path == event.path; });
  if (found == keys.end()) {
    keys.emplace_back();
    found = keys.end() - 1;
    found->path = event.path;
    found->first = found->last = now;
  }
  const auto op = static_cast<ChangeOp>(event.op);
  const bool removed = op == ChangeOp::kRemove;
  const uint32_t after = removed ? kNone : event.new_value;
  const uint32_t before = op == ChangeOp::kAdd ? kNone : event.old_value;
  const bool back = op == ChangeOp::kChange && found->changes > 0 && after == found->previous;
  const double days = static_cast<double>(now - found->last) / kDay32;
  found->decayed_60d = found->decayed_60d * static_cast<float>(std::exp2(-days / 60)) + 1;
  found->decayed_3d = found->decayed_3d * static_cast<float>(std::exp2(-days / 3)) + 1;
  found->last = now;
  found->last_op = static_cast<uint8_t>(op);
  if (op == ChangeOp::kChange) {
    const auto next = NextCount(texts_.Text(before));
    const bool counted = next.has_value() && *next == texts_.Text(after);
    found->counter_steps =
        counted ? static_cast<uint8_t>(std::min(found->counter_steps + 1, 255)) : 0;
  }
  found->previous = before;
  found->current = after;
  if (found->changes < 0xffff) ++found->changes;

  KindPath* everywhere = KindPathOf(resources_[event.resource].kind, event.path);
  const double idle = static_cast<double>(now > everywhere->at ? now - everywhere->at : 0) / kDay32;
  everywhere->decayed = everywhere->decayed * static_cast<float>(std::exp2(-idle / 120)) + 1;
  everywhere->at = std::max(now, everywhere->at);
  return back;
}

// The series that a new key carries on, or kNone: its path with the last number, or if that is 0
// the one before it, marked; the key with the number before must be there.
uint32_t FleetState::SeriesOf(ResourceId id, uint32_t path) {
  const std::string_view text = texts_.Text(path);
  if (IsSet(text)) return kNone;
  const auto series = SeriesIn(text);
  if (!series) return kNone;
  const uint32_t before = texts_.Find(series->before);
  if (before == kNone || FindLeaf(id, before) == nullptr) return kNone;
  return PathOf(series->marked);
}

void FleetState::CountAddedKey(const PendingEvent& event, uint32_t now) {
  const ResourceRecord& r = resources_[event.resource];
  for (const uint32_t index : {r.kind_crowd, r.folder_crowd}) {
    AddedKeys& added = KeysOf(crowds_[index].added, added_keys_);
    const size_t place = PlaceOf(added.path, event.path);
    const bool same = added.path[place] == event.path;
    const double idle = static_cast<double>(now - std::min(now, added.at[place])) / kDay32;
    const float before = same ? added.count[place] * static_cast<float>(std::exp2(-idle / 14)) : 0;
    MakeRoom(place, added.path, added.at, added.count);
    added.path[0] = event.path;
    added.at[0] = now;
    added.count[0] = before + 1;
  }
}

void FleetState::NoteTouchedKey(const PendingEvent& event, uint32_t now) {
  const ResourceRecord& r = resources_[event.resource];
  for (const uint32_t index : {r.kind_crowd, r.folder_crowd}) {
    TouchedKeys& touched = KeysOf(crowds_[index].touched, touched_keys_);
    MakeRoom(PlaceOf(touched.path, event.path), touched.path, touched.at, touched.resource);
    touched.path[0] = event.path;
    touched.at[0] = now;
    touched.resource[0] = event.resource;
  }
}

}  // namespace driftcast::predict
