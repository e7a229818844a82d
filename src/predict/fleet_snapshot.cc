// FleetState as bytes and back.
#include <algorithm>

#include "predict/fleet_state.h"

namespace driftcast::predict {
namespace {

constexpr uint64_t kMagic = 0x3154'4c46'5244'0003;

template <typename T>
void PutNested(const std::vector<std::vector<T>>& nested, StateWriter* out) {
  out->Put<uint64_t>(nested.size());
  for (const auto& inner : nested) out->PutVector(inner);
}

template <typename T>
void GetNested(StateReader* in, std::vector<std::vector<T>>* nested) {
  nested->clear();
  nested->resize(in->GetCount(8));
  for (auto& inner : *nested) in->GetVector(&inner);
}

}  // namespace

// Padding would put indeterminate bytes into snapshots.
static_assert(sizeof(Leaf) == 24 && sizeof(KeyPast) == 32 && sizeof(KindPath) == 16);
static_assert(sizeof(VersionMoves) == 56 && sizeof(Subject) == 32 && sizeof(Partner) == 8);
static_assert(sizeof(Actor) == 8 && sizeof(AddedKeys) == 48);
static_assert(sizeof(Crowd) == 28 + 4 * 4 + 2 * 8 + 4 * 4 && sizeof(NamePeers) == 48 + 28 + 4);
static_assert(sizeof(ReferencePool) == 40 && sizeof(ReferenceResource) == 40);
static_assert(sizeof(StackRecord) == 584 && sizeof(ResourceRecord) == 264);

std::string FleetState::Serialize() const {
  StateWriter out;
  Serialize(&out);
  return out.Take();
}

void FleetState::Serialize(StateWriter* to) const {
  StateWriter& out = *to;
  out.Put(kMagic);
  texts_.Serialize(&out);
  for (const PairIndex* index : {&stack_index_, &resource_index_, &crowd_index_, &peers_index_,
                                 &moves_index_, &subject_index_, &kind_path_index_, &actor_index_})
    index->Serialize(&out);
  out.PutVector(path_last_);
  out.PutVector(path_normal_);
  out.PutVector(stacks_);
  out.PutVector(pending_head_);
  out.PutVector(resources_);
  out.PutVector(partners_);
  out.PutVector(crowds_);
  out.PutVector(name_peers_);
  out.PutVector(moves_);
  out.PutVector(subjects_);
  out.PutVector(kind_paths_);
  out.PutVector(actors_);
  out.PutVector(added_keys_);
  out.PutVector(touched_keys_);
  PutNested(living_, &out);
  PutNested(pending_, &out);
  PutNested(leaves_, &out);
  PutNested(keys_, &out);
}

StatusOr<FleetState> FleetState::Restore(std::string_view bytes) {
  StateReader in(bytes);
  FleetState state;
  if (in.Get<uint64_t>() != kMagic) return DataLoss("not a state of the forecast");
  state.texts_.Restore(&in);
  for (PairIndex* index :
       {&state.stack_index_, &state.resource_index_, &state.crowd_index_, &state.peers_index_,
        &state.moves_index_, &state.subject_index_, &state.kind_path_index_, &state.actor_index_})
    index->Restore(&in);
  in.GetVector(&state.path_last_);
  in.GetVector(&state.path_normal_);
  in.GetVector(&state.stacks_);
  in.GetVector(&state.pending_head_);
  in.GetVector(&state.resources_);
  in.GetVector(&state.partners_);
  in.GetVector(&state.crowds_);
  in.GetVector(&state.name_peers_);
  in.GetVector(&state.moves_);
  in.GetVector(&state.subjects_);
  in.GetVector(&state.kind_paths_);
  in.GetVector(&state.actors_);
  in.GetVector(&state.added_keys_);
  in.GetVector(&state.touched_keys_);
  GetNested(&in, &state.living_);
  GetNested(&in, &state.pending_);
  GetNested(&in, &state.leaves_);
  GetNested(&in, &state.keys_);
  const size_t stacks = state.stacks_.size(), resources = state.resources_.size();
  const bool fits = state.stack_index_.size() == stacks && state.living_.size() == stacks &&
                    state.pending_.size() == stacks && state.pending_head_.size() == stacks &&
                    state.resource_index_.size() == resources &&
                    state.leaves_.size() == resources && state.keys_.size() == resources &&
                    state.partners_.size() == resources &&
                    state.crowd_index_.size() == state.crowds_.size() &&
                    state.moves_index_.size() == state.moves_.size() &&
                    state.actor_index_.size() == state.actors_.size();
  if (!in.ok() || !in.at_end() || !fits) return DataLoss("state of the forecast is damaged");
  for (uint32_t stack = 0; stack < stacks; ++stack)
    if (!state.pending_[stack].empty()) state.under_way_.push_back(stack);
  state.versions_.resize(resources);
  for (ResourceId id = 0; id < resources; ++id) state.ListVersions(id);
  for (const VersionMoves& moves : state.moves_)
    state.newest_move_.push_back(*std::max_element(moves.first.begin(), moves.first.end()));
  return state;
}

}  // namespace driftcast::predict
