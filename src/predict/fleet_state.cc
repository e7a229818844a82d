#include "predict/fleet_state.h"

#include <algorithm>
#include <numeric>

#include "predict/names.h"

namespace driftcast::predict {
namespace {

uint32_t SecondsOf(Instant t) {
  const int64_t s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  return static_cast<uint32_t>(std::clamp<int64_t>(s, 1, 0xfffffff0));
}

void Move(float* average, float value, float weight) { *average += weight * (value - *average); }

}  // namespace

enum CrowdScope : uint32_t { kKindInStack, kFolderInStack, kNameInStack, kKindEverywhere };

uint32_t FleetState::StackOf(std::string_view name, uint32_t now) {
  bool is_new = false;
  const uint32_t text = texts_.Intern(name);
  const uint32_t index = stack_index_.Intern(text, &is_new);
  if (is_new) {
    stacks_.emplace_back();
    stacks_.back().name = text;
    stacks_.back().first = stacks_.back().last = now;
    living_.emplace_back();
    pending_.emplace_back();
    pending_head_.emplace_back();
  }
  return index;
}

uint32_t FleetState::CrowdOf(uint32_t scope, uint32_t stack, uint32_t text) {
  bool is_new = false;
  const uint32_t id = crowd_index_.Intern(PairIndex::Key(scope << 28 | stack, text), &is_new);
  if (is_new) crowds_.emplace_back();
  return id;
}

uint32_t FleetState::FindStack(std::string_view name) const {
  const uint32_t text = texts_.Find(name);
  return text == kNone ? kNone : stack_index_.Find(text);
}

ResourceId FleetState::Find(std::string_view stack, std::string_view kind,
                            std::string_view resource) const {
  const uint32_t index = FindStack(stack);
  const uint32_t kind_text = texts_.Find(kind), name_text = texts_.Find(resource);
  if (index == kNone || kind_text == kNone || name_text == kNone) return kNone;
  const uint32_t crowd = crowd_index_.Find(PairIndex::Key(kKindInStack << 28 | index, kind_text));
  return crowd == kNone ? kNone : resource_index_.Find(PairIndex::Key(crowd, name_text));
}

ResourceId FleetState::ResourceOf(uint32_t stack, const ChangeEvent& event, uint32_t now) {
  const uint32_t kind = texts_.Intern(event.kind);
  const uint32_t name = texts_.Intern(event.resource);
  const uint32_t kind_crowd = CrowdOf(kKindInStack, stack, kind);
  bool is_new = false;
  const ResourceId id = resource_index_.Intern(PairIndex::Key(kind_crowd, name), &is_new);
  if (!is_new) return id;
  resources_.emplace_back();
  leaves_.emplace_back();
  versions_.emplace_back();
  keys_.emplace_back();
  partners_.emplace_back();
  ResourceRecord& r = resources_.back();
  r.stack = stack;
  r.kind = kind;
  r.name = name;
  r.short_name = texts_.Intern(ShortName(event.kind, event.resource));
  r.kind_crowd = kind_crowd;
  r.folder_crowd =
      CrowdOf(kFolderInStack, stack, texts_.Intern(FolderOf(event.kind, event.resource)));
  r.name_crowd = CrowdOf(kNameInStack, stack, r.short_name);
  r.global_kind = CrowdOf(kKindEverywhere, 0, kind);
  r.peers = peers_index_.Intern(PairIndex::Key(kind, r.short_name), &is_new);
  if (is_new) name_peers_.emplace_back();
  r.reference.born = event.op == ChangeOp::kCreate ? now : stacks_[stack].first;
  r.created = static_cast<uint32_t>(r.reference.born);
  return id;
}

void FleetState::Apply(const ChangeEvent& event) {
  uint32_t now = SecondsOf(event.at);
  const uint32_t stack = StackOf(event.stack, now);
  now = std::max(now, stacks_[stack].last);
  PendingHead& head = pending_head_[stack];
  const bool joins = !pending_[stack].empty() && head.at == now &&
                     (head.change_id == event.change_id && event.change_id != 0);
  const bool leaf_of_last = !pending_[stack].empty() && event.op == ChangeOp::kInitial;
  if (!joins && !leaf_of_last) {
    FlushStack(stack);
    head = {event.change_id, now, 0};
  }
  stacks_[stack].last = now;
  PendingEvent pending{};
  pending.resource = ResourceOf(stack, event, now);
  pending.path = event.path.empty() ? kNone : PathOf(event.path);
  pending.old_value = texts_.Intern(event.old_value);
  pending.new_value = texts_.Intern(event.new_value);
  pending.actor = texts_.Intern(event.actor);
  pending.op = static_cast<uint32_t>(event.op);
  pending.bot = event.bot ? 1 : 0;
  if (pending_[stack].empty()) under_way_.push_back(stack);
  pending_[stack].push_back(pending);
}

void FleetState::Advance(int64_t now_seconds) {
  const auto now = static_cast<uint32_t>(std::clamp<int64_t>(now_seconds, 0, 0xfffffff0));
  std::vector<uint32_t> stacks = std::exchange(under_way_, {});
  if (now / kDay32 > ticked_day_) {  // midnight has passed: all look back
    ticked_day_ = now / kDay32;
    stacks.resize(stacks_.size());
    std::iota(stacks.begin(), stacks.end(), 0);
  }
  std::sort(stacks.begin(), stacks.end());
  stacks.erase(std::unique(stacks.begin(), stacks.end()), stacks.end());
  for (const uint32_t stack : stacks) {
    if (!pending_[stack].empty() && pending_head_[stack].at <= now) FlushStack(stack);
    Tick(stack, now);
    if (!pending_[stack].empty()) under_way_.push_back(stack);
  }
}

bool FleetState::IsMass(std::span<const PendingEvent> events) const {
  std::vector<ResourceId> touched;
  size_t count = 0;
  for (const PendingEvent& event : events) {
    if (event.op == static_cast<uint32_t>(ChangeOp::kInitial)) continue;
    ++count;
    touched.push_back(event.resource);
  }
  if (count > kMassKeys) return true;
  if (count <= kMassResources) return false;
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  return touched.size() > kMassResources;
}

void FleetState::FlushStack(uint32_t stack) {
  if (pending_[stack].empty()) return;
  const std::vector<PendingEvent> events = std::exchange(pending_[stack], {});
  const uint32_t now = pending_head_[stack].at;
  Tick(stack, now);
  const bool mass = IsMass(events);
  std::vector<Touched> touched;
  for (const PendingEvent& event : events) {
    const auto op = static_cast<ChangeOp>(event.op);
    if (op == ChangeOp::kCreate) {
      ClearLeaves(event.resource);
      SetLive(event.resource, true, now);
    } else if (op == ChangeOp::kDelete) {
      SetLive(event.resource, false, now);
      ClearLeaves(event.resource);
    } else {
      const bool counts = !mass && op != ChangeOp::kInitial;
      if (resources_[event.resource].creations == 0) SetFound(event.resource, now);
      size_t place = kNone;
      if (counts) {
        place = touched.size() - 1;  // the events of one resource mostly stand together
        if (touched.empty() || touched[place].resource != event.resource)
          place = std::find_if(touched.begin(), touched.end(),
                               [&](const Touched& t) { return t.resource == event.resource; }) -
                  touched.begin();
        if (place == touched.size()) touched.push_back({event.resource, 0, 0, 0, 0});
      }
      ApplyKey(event, now, counts ? &touched[place] : nullptr, static_cast<uint32_t>(place));
    }
  }
  FinishMovedKeys(&touched, now);
  std::vector<ResourceId> resources;
  for (const PendingEvent& event : events)
    if (resources.empty() || resources.back() != event.resource)
      resources.push_back(event.resource);
  std::sort(resources.begin(), resources.end());
  resources.erase(std::unique(resources.begin(), resources.end()), resources.end());
  for (const ResourceId id : resources) ListVersions(id);
  const bool bot = events.front().bot != 0;
  for (const Touched& t : touched) CountChange(t, bot, events.front().actor, now);
  const bool found_only = std::all_of(events.begin(), events.end(), [](const PendingEvent& e) {
    return e.op == static_cast<uint32_t>(ChangeOp::kInitial);
  });
  if (!mass && !found_only) CountCommit(stack, touched.size(), bot, events.front().actor, now);
  if (touched.size() >= 2 && touched.size() <= 12) CountPartners(touched);
}

void FleetState::SetLive(ResourceId id, bool alive, uint32_t now) {
  ResourceRecord& r = resources_[id];
  StackRecord& stack = stacks_[r.stack];
  std::vector<ResourceId>& living = living_[r.stack];
  const bool was = r.live_at != kNone;
  if (alive) {
    r.created = now;
    ++r.creations;
    stack.last_created = now;
    for (uint32_t crowd : {r.kind_crowd, r.folder_crowd}) crowds_[crowd].last_created = now;
  }
  if (was == alive) return;
  const uint32_t step = alive ? 1 : -1;
  for (uint32_t crowd : {r.kind_crowd, r.folder_crowd, r.name_crowd, r.global_kind})
    crowds_[crowd].live += step;
  name_peers_[r.peers].live += step;
  if (alive) {
    stack.pool.Enter(&r.reference, now);
    r.live_at = static_cast<uint32_t>(living.size());
    living.push_back(id);
  } else {
    stack.pool.Leave(&r.reference, now);
    living[r.live_at] = living.back();
    resources_[living.back()].live_at = r.live_at;
    living.pop_back();
    r.live_at = kNone;
  }
}

void FleetState::SetFound(ResourceId id, uint32_t now) {
  const uint32_t created = resources_[id].created;
  SetLive(id, true, now);
  resources_[id].created = created;
}

void FleetState::CountChange(const Touched& touched, bool bot, uint32_t actor, uint32_t now) {
  ResourceRecord& r = resources_[touched.resource];
  StackRecord& stack = stacks_[r.stack];
  const bool same_second = r.change_count > 0 && r.recent[0] == now;
  stack.pool.Change(&r.reference, now);
  if (!same_second) {
    r.changes.Add(now);
    stack.changes.Add(now);
    for (uint32_t index : {r.kind_crowd, r.folder_crowd, r.name_crowd, r.global_kind}) {
      Crowd& crowd = crowds_[index];
      crowd.changes.Add(now);
      if (crowd.last_resource != touched.resource) crowd.previous_change = crowd.last_change;
      crowd.last_change = now;
      crowd.last_resource = touched.resource;
    }
    std::copy_backward(r.recent.begin(), r.recent.end() - 1, r.recent.end());
    r.recent[0] = now;
    ++r.change_count;
  }
  NamePeers& peers = name_peers_[r.peers];
  peers.changes.Add(now);
  auto place = std::find(peers.stack.begin(), peers.stack.end() - 1, r.stack);
  std::copy_backward(peers.stack.begin(), place, place + 1);
  std::copy_backward(peers.last.begin(), peers.last.begin() + (place - peers.stack.begin()),
                     peers.last.begin() + (place - peers.stack.begin()) + 1);
  peers.stack[0] = r.stack;
  peers.last[0] = now;

  r.days.Mark(now);
  (bot ? r.last_bot : r.last_human) = now;
  const float weight = r.change_count <= 1 ? 1 : 0.2f;
  const auto keys = static_cast<float>(touched.keys);
  Move(&r.bot_share, bot ? 1 : 0, weight);
  Move(&r.keys_per_change, keys, weight);
  Move(&r.shape_share, static_cast<float>(touched.shaped) / keys, weight);
  Move(&r.version_share, touched.versions > 0 ? 1 : 0, weight);
  Move(&r.reverts, touched.reverts > 0 ? 1 : 0, weight);
  Move(&r.big_share, touched.keys >= 20 ? 1 : 0, weight);
  Move(&r.same_actor, r.last_actor == actor ? 1 : 0, weight);
  r.last_keys = keys;
  r.last_actor = actor;
  if (touched.versions > 0) r.last_version = now;
}

const Actor* FleetState::actor(uint32_t stack, uint32_t actor) const {
  const uint32_t id = actor_index_.Find(PairIndex::Key(stack, actor));
  return id == kNone ? nullptr : &actors_[id];
}

void FleetState::CountCommit(uint32_t index, size_t resources, bool bot, uint32_t actor,
                             uint32_t now) {
  StackRecord* stack = &stacks_[index];
  bool is_new = false;
  const uint32_t who = actor_index_.Intern(PairIndex::Key(index, actor), &is_new);
  if (is_new) actors_.emplace_back();
  Actor& a = actors_[who];
  const double idle = static_cast<double>(now > a.last ? now - a.last : 0) / kDay32;
  a.commits = a.commits * static_cast<float>(std::exp2(-idle / 16)) + 1;
  a.last = std::max(a.last, now);
  stack->any_days.Mark(now);
  (bot ? stack->bot_days : stack->human_days).Mark(now);
  (bot ? stack->bot_commits : stack->human_commits).Add(now);
  (bot ? stack->last_bot : stack->last_human) = now;
  const uint32_t weekday = (now / kDay32 + 3) % 7;  // 0 = Monday
  stack->weekday_changes[weekday] += static_cast<float>(std::min<size_t>(resources, 20));
  stack->hour_changes[now % kDay32 / 3600] += 1;
}

// Each keeps, for the four resources it most often changes with, how often it does: a moving
// average over its own (small) changes.
void FleetState::CountPartners(std::span<const Touched> touched) {
  for (const Touched& t : touched) {
    auto& partners = partners_[t.resource];
    for (Partner& p : partners) p.weight *= 0.9f;
    for (const Touched& other : touched) {
      if (other.resource == t.resource) continue;
      auto slot = std::find_if(partners.begin(), partners.end(),
                               [&](const Partner& p) { return p.resource == other.resource; });
      if (slot == partners.end()) {
        slot = std::min_element(
            partners.begin(), partners.end(),
            [](const Partner& a, const Partner& b) { return a.weight < b.weight; });
        if (slot->weight > 0.3f) continue;
        *slot = {other.resource, 0};
      }
      slot->weight += 0.1f;
    }
  }
}

size_t FleetState::bytes() const {
  size_t sum = texts_.bytes() + (path_last_.capacity() + path_normal_.capacity()) * 4;
  sum += stacks_.capacity() * sizeof(StackRecord) + crowds_.capacity() * sizeof(Crowd);
  sum += name_peers_.capacity() * sizeof(NamePeers) + moves_.capacity() * sizeof(VersionMoves);
  sum += subjects_.capacity() * sizeof(Subject) + kind_paths_.capacity() * sizeof(KindPath);
  sum += actors_.capacity() * sizeof(Actor) + added_keys_.capacity() * sizeof(AddedKeys);
  sum += touched_keys_.capacity() * sizeof(TouchedKeys);
  sum += resources_.capacity() * (sizeof(ResourceRecord) + sizeof(partners_[0]) + 3 * 24 + 4);
  sum += newest_move_.capacity() * sizeof(uint32_t);
  for (const auto& held : versions_) sum += held.capacity() * sizeof(HeldVersion);
  for (const auto& leaves : leaves_) sum += leaves.capacity() * sizeof(Leaf);
  for (const auto& keys : keys_) sum += keys.capacity() * sizeof(KeyPast);
  for (const PairIndex* index : {&stack_index_, &resource_index_, &crowd_index_, &peers_index_,
                                 &moves_index_, &subject_index_, &kind_path_index_, &actor_index_})
    sum += index->bytes();
  return sum;
}

}  // namespace driftcast::predict
