// The state behind the forecast: what every stack, resource and key has done so far, in compact
// records that events update and features read. Training, back-test and live scoring feed the same
// events to the same code.
//
// Life: Apply() events of all stacks in the order of time; Advance() when time passes; read.
// Everything known to the state was known at the time of the last event: nothing looks ahead. The
// `mass` marks of events are not read (some were set looking ahead); a change of more than 300
// resources or 3,000 keys is told from its own size, updates values and is not counted.
//
// Events with the same stack, time and change_id are one change: it takes effect when the next
// change of the stack begins or time is advanced to it.
//
// Once a UTC day, each stack looks back at the day that ended: what changed, against what the
// reference rate expected of it. These odds are features (how wrong the reference has been here).
//
// Cost: O(1) per event, but for keys of resources with very many keys (a linear search), and
// O(live resources) per stack and day; Advance within a day O(stacks that had events).
// Deterministic; not thread-safe; copyable.
#ifndef DRIFTCAST_PREDICT_FLEET_STATE_H_
#define DRIFTCAST_PREDICT_FLEET_STATE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/change.h"
#include "predict/fleet_records.h"
#include "predict/interner.h"

namespace driftcast::predict {

using ResourceId = uint32_t;  // index of a resource in the state; kNone = none

// Changes larger than this are restructurings.
inline constexpr size_t kMassResources = 300;
inline constexpr size_t kMassKeys = 3000;
inline constexpr int kPartners = 4;

class FleetState {
 public:
  // A kInitial of a resource that was never created (its path may be empty) says that the resource
  // was found: it is taken to be as old as its stack, and nothing has changed.
  void Apply(const ChangeEvent& event);

  // Completes every change up to `now` and looks back at every day that has ended.
  void Advance(int64_t now_seconds);

  uint32_t FindStack(std::string_view name) const;  // kNone when it was never heard of
  ResourceId Find(std::string_view stack, std::string_view kind, std::string_view resource) const;
  bool Alive(ResourceId id) const { return resources_[id].live_at != kNone; }

  // Read access for features, candidates and reasons.
  const ResourceRecord& resource(ResourceId id) const { return resources_[id]; }
  std::span<const Leaf> leaves(ResourceId id) const { return leaves_[id]; }
  // Those of its leaves that hold a version, in the same order.
  std::span<const HeldVersion> versions(ResourceId id) const { return versions_[id]; }
  std::span<const KeyPast> keys(ResourceId id) const { return keys_[id]; }
  std::span<const Partner> partners(ResourceId id) const { return partners_[id]; }
  const StackRecord& stack(uint32_t index) const { return stacks_[index]; }
  std::span<const ResourceId> living(uint32_t stack) const { return living_[stack]; }
  uint32_t stack_count() const { return static_cast<uint32_t>(stacks_.size()); }
  uint32_t resource_count() const { return static_cast<uint32_t>(resources_.size()); }
  const Crowd& crowd(uint32_t index) const { return crowds_[index]; }
  const NamePeers& peers(uint32_t index) const { return name_peers_[index]; }
  const VersionMoves& moves(uint32_t index) const { return moves_[index]; }
  const Subject& subject(uint32_t index) const { return subjects_[index]; }
  // One who changed resources of the stack; null when he never did.
  const Actor* actor(uint32_t stack, uint32_t actor) const;
  // Keys lately added to members of the crowd; null when there were none.
  const AddedKeys* added_keys(uint32_t crowd) const {
    return crowds_[crowd].added == kNone ? nullptr : &added_keys_[crowds_[crowd].added];
  }
  // Keys lately changed in members of the crowd; null when there were none.
  const TouchedKeys* touched_keys(uint32_t crowd) const {
    return crowds_[crowd].touched == kNone ? nullptr : &touched_keys_[crowds_[crowd].touched];
  }
  std::string_view Text(uint32_t id) const { return texts_.Text(id); }
  uint32_t LastComponent(uint32_t path) const { return path_last_[path]; }
  uint32_t NormalPath(uint32_t path) const { return path_normal_[path]; }  // labels taken out
  // Changes of (kind, path) over all stacks; null when there never was such a key.
  const KindPath* kind_path(uint32_t kind, uint32_t path) const;
  const Interner& texts() const { return texts_; }

  size_t bytes() const;  // memory held, about

  // The state as bytes and back, bit-identical in every later answer. DataLoss on other bytes.
  std::string Serialize() const;
  void Serialize(StateWriter* out) const;
  static StatusOr<FleetState> Restore(std::string_view bytes);

 private:
  struct PendingEvent {
    uint32_t resource;
    uint32_t path, old_value, new_value, actor;
    uint32_t op, bot;
  };
  struct PendingHead {
    uint64_t change_id = 0;
    uint32_t at = 0, unused = 0;
  };
  // What one change did to one resource.
  struct Touched {
    ResourceId resource = kNone;
    uint32_t keys = 0, shaped = 0, reverts = 0, versions = 0;
  };
  // A key that took another value in the change under way.
  struct MovedKey {
    ResourceId resource;
    uint32_t path;
    uint32_t subject_version, name_version;  // of the value before
    uint32_t since;                          // of the value before
    uint32_t touched;                        // place in the list of touched, kNone = not counted
    uint32_t changed;                        // 1: from one value to another
  };

  uint32_t StackOf(std::string_view name, uint32_t now);
  ResourceId ResourceOf(uint32_t stack, const ChangeEvent& event, uint32_t now);
  uint32_t CrowdOf(uint32_t scope, uint32_t stack, uint32_t text);
  uint32_t PathOf(std::string_view path);
  KindPath* KindPathOf(uint32_t kind, uint32_t path);

  void FlushStack(uint32_t stack);
  bool IsMass(std::span<const PendingEvent> events) const;
  void SetLive(ResourceId id, bool alive, uint32_t now);
  void SetFound(ResourceId id, uint32_t now);  // alive, and was before anybody looked
  void ClearLeaves(ResourceId id);
  void ApplyKey(const PendingEvent& event, uint32_t now, Touched* touched, uint32_t touched_place);
  bool RememberKey(const PendingEvent& event, uint32_t now);  // true when it went back
  void CountAddedKey(const PendingEvent& event, uint32_t now);
  void NoteTouchedKey(const PendingEvent& event, uint32_t now);
  uint32_t SeriesOf(ResourceId id, uint32_t path);
  void CountChange(const Touched& touched, bool bot, uint32_t actor, uint32_t now);
  void CountCommit(uint32_t stack, size_t resources, bool bot, uint32_t actor, uint32_t now);
  void CountPartners(std::span<const Touched> touched);

  void FinishMovedKeys(std::vector<Touched>* touched, uint32_t now);
  void CloseExposure(ResourceId id, const MovedKey& key, uint32_t now);
  void IdentifyVersions(ResourceId id, Leaf* leaf, uint32_t now, bool adopted);
  bool SubjectOf(ResourceId id, const Leaf& leaf, std::string* subject, std::string* version) const;
  uint32_t MoveOf(uint32_t subject_text, uint32_t value_text, bool* is_new);
  void MoveVersion(uint32_t move, uint32_t stack, uint32_t to, uint32_t now);
  void ListVersions(ResourceId id);
  Leaf* FindLeaf(ResourceId id, uint32_t path);

  void Tick(uint32_t stack, uint32_t now);
  void TickDay(uint32_t stack, uint32_t day);
  void LookBack(StackRecord* stack, ResourceId id, uint32_t midnight, Odds* sum);
  void LookBackAWeek(StackRecord* stack, ResourceId id, uint32_t midnight, double rate);
  void MatureExposures(StackRecord* stack, ResourceId id, uint32_t midnight);
  void DecayDaily(StackRecord* stack, uint32_t days);

  Interner texts_;
  // By text id, for texts that are paths (kNone for others): their last component, and the path
  // without labels and indices.
  std::vector<uint32_t> path_last_, path_normal_;
  std::vector<StackRecord> stacks_;
  std::vector<std::vector<ResourceId>> living_;
  std::vector<std::vector<PendingEvent>> pending_;  // the change under way
  std::vector<PendingHead> pending_head_;
  std::vector<ResourceRecord> resources_;
  std::vector<std::vector<Leaf>> leaves_;
  std::vector<std::vector<KeyPast>> keys_;
  std::vector<std::array<Partner, kPartners>> partners_;
  std::vector<Crowd> crowds_;
  std::vector<NamePeers> name_peers_;
  std::vector<VersionMoves> moves_;
  std::vector<Subject> subjects_;
  std::vector<KindPath> kind_paths_;
  std::vector<Actor> actors_;
  std::vector<AddedKeys> added_keys_;
  std::vector<TouchedKeys> touched_keys_;
  PairIndex stack_index_, resource_index_, crowd_index_, peers_index_, moves_index_;
  PairIndex subject_index_, kind_path_index_, actor_index_;
  // Follow from leaves_ and moves_: the leaves with versions, and when a stack last moved away from
  // a version for the first time (0: none did).
  std::vector<std::vector<HeldVersion>> versions_;
  std::vector<uint32_t> newest_move_;
  std::vector<MovedKey> moved_;  // scratch; empty between changes
  // What Advance has to look at: stacks that had events since, and the last day that all have seen
  // begin. Follow from the rest after a restore (0: all are looked at).
  std::vector<uint32_t> under_way_;
  uint32_t ticked_day_ = 0;
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_FLEET_STATE_H_
