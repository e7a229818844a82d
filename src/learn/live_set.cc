#include "learn/live_set.h"

#include <algorithm>

namespace driftcast::learn {

using predict::kNone;

LiveSet::LiveSet(const Outline& outline) : outline_(outline) {
  const size_t n = outline.resources().size();
  place_.assign(n, kNone);
  cursor_.assign(n, 0);
  ids_.assign(n, kNone);
  for (uint32_t i = 0; i < n; ++i) {
    const ResourceOutline& r = outline.resources()[i];
    for (const auto& [at, step] : r.life) events_.push_back({at, i, step == 1});
    if (r.life.empty() && !r.changes.empty()) events_.push_back({r.changes.front(), i, true});
    if (!r.life.empty() && r.life.front().second == -1) Set(i, true);
  }
  std::stable_sort(events_.begin(), events_.end(),
                   [](const LifeEvent& a, const LifeEvent& b) { return a.at < b.at; });
}

void LiveSet::Set(uint32_t resource, bool alive) {
  if (alive == (place_[resource] != kNone)) return;
  if (alive) {
    place_[resource] = static_cast<uint32_t>(alive_.size());
    alive_.push_back(resource);
    return;
  }
  alive_[place_[resource]] = alive_.back();
  place_[alive_.back()] = place_[resource];
  alive_.pop_back();
  place_[resource] = kNone;
}

void LiveSet::Advance(int64_t cutoff) {
  for (; next_ < events_.size() && events_[next_].at <= cutoff; ++next_)
    Set(events_[next_].resource, events_[next_].begins);
  cutoff_ = cutoff;
}

bool LiveSet::ChangesWithin(uint32_t resource, int64_t horizon) {
  const std::vector<int64_t>& changes = outline_.resources()[resource].changes;
  uint32_t& cursor = cursor_[resource];
  while (cursor < changes.size() && changes[cursor] <= cutoff_) ++cursor;
  return cursor < changes.size() && changes[cursor] <= cutoff_ + horizon;
}

predict::ResourceId LiveSet::IdIn(const predict::FleetState& state, uint32_t resource) {
  predict::ResourceId& id = ids_[resource];
  if (id == kNone) {
    const ResourceOutline& r = outline_.resources()[resource];
    id = state.Find(outline_.stack(), r.kind, r.name);
  }
  return id;
}

}  // namespace driftcast::learn
