// The live resources of an outline as time goes on: what the rows of a midnight are.
#ifndef DRIFTCAST_LEARN_LIVE_SET_H_
#define DRIFTCAST_LEARN_LIVE_SET_H_

#include <cstdint>
#include <span>
#include <vector>

#include "learn/outline.h"
#include "predict/fleet_state.h"

namespace driftcast::learn {

// Follows one stack. `outline` is borrowed for the set's life. Times must not go backwards.
class LiveSet {
 public:
  explicit LiveSet(const Outline& outline);

  void Advance(int64_t cutoff);

  // Numbers (within the outline) of the resources alive at the cutoff.
  std::span<const uint32_t> alive() const { return alive_; }

  // Labels: a change in (cutoff, cutoff + horizon]. Amortised O(1).
  bool ChangesWithin(uint32_t resource, int64_t horizon);

  // The resource in `state`; kNone when the state has not heard of it.
  predict::ResourceId IdIn(const predict::FleetState& state, uint32_t resource);

 private:
  struct LifeEvent {
    int64_t at;
    uint32_t resource;
    bool begins;
  };
  void Set(uint32_t resource, bool alive);

  const Outline& outline_;
  int64_t cutoff_ = INT64_MIN;
  std::vector<LifeEvent> events_;  // in the order of time
  size_t next_ = 0;
  std::vector<uint32_t> alive_;
  std::vector<uint32_t> place_;   // in alive_, kNone = not alive
  std::vector<uint32_t> cursor_;  // first change that may lie after the cutoff
  std::vector<predict::ResourceId> ids_;
};

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_LIVE_SET_H_
