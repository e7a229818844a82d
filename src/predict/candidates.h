// What will change: candidate keys of a resource and the values that they may take.
//
// Candidates are keys that changed before (by decayed frequency), keys that hold a version others
// have left, keys that this kind of resource often changes elsewhere, and keys that the same kind
// just changed in this stack. A forest over a few inputs per candidate ranks them. The value is
// proposed by the first rule that applies: the version others moved to; a counter that went up by
// one at least twice; back to the value before (for keys that swing); the last number plus one.
#ifndef DRIFTCAST_PREDICT_CANDIDATES_H_
#define DRIFTCAST_PREDICT_CANDIDATES_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "predict/fleet_state.h"
#include "predict/forest.h"

namespace driftcast::predict {

enum KeyFeature : int {
  kKeyShare60d,       // its part of the resource's decayed changes, half-life 60 days
  kKeyShare3d,        // the same, 3 days
  kKeyRank,           // its place by decayed changes
  kKeyCount,          // log of its changes
  kKeySinceLast,      // log hours since it changed
  kKeySinceResource,  // log hours since the resource changed
  kKeyInLast,         // 1: changed when the resource last changed
  kKeyPresent,        // 1: the resource has it now
  kKeyLastOp,         // add, change, remove of the last change; 0 never
  kKeyCounter,        // how often in a row it counted up
  kKeyBack,           // 1: the last change went back to the value before
  kKeyVersion,        // 1: holds a version
  kKeyBehindHours,    // log hours since others left its version
  kKeyInnerHours,     // the same within the stack
  kKeyBehindStacks,
  kKeyRateElsewhere,   // log of changes of (kind, path) per live resource
  kKeyShareElsewhere,  // its part of what its kind changes
  kKeyFreshElsewhere,  // log hours since (kind, path) changed anywhere
  kKeyLeaves,          // log of the resource's keys
  kKeyKnown,           // log of the resource's keys that ever changed
  kKeyPathLength,      // characters
  kKeySet,             // 1: a set
  kKeyFeatures
};
using KeyVector = std::array<float, kKeyFeatures>;

inline constexpr int kCandidatesMax = 24;

// Where a proposed value comes from.
enum class ValueSource : uint8_t {
  kNoValue,      // nothing is proposed
  kOtherStacks,  // the version that other stacks moved to
  kThisStack,    // the version that this stack moved to elsewhere
  kCounter,      // a number that went up by one at least twice, plus one
  kSwing,        // back to the value before
  kNextNumber,   // the last number in it, plus one
};
inline constexpr int kValueSources = 6;
const char* SourceName(ValueSource source);  // "similar stacks", "this stack", "counter", ...

struct Candidate {
  uint32_t path = kNone;
  KeyVector inputs{};
  float score = 0;    // logit that it is among the keys that change next
  double share = 0;   // probability that it changes, given that the resource does
  std::string value;  // what it is expected to become, unless source is kNoValue
  ValueSource source = ValueSource::kNoValue;
};

// All candidates of a resource at `now`, unranked.
void ListCandidates(const FleetState& state, ResourceId id, uint32_t now,
                    std::vector<Candidate>* out);

// Candidates, best first, at most `count`, with shares and values. Without a trained ranker they
// are ranked by their part of the resource's decayed changes.
std::vector<Candidate> RankKeys(const FleetState& state, const Forest& ranker, ResourceId id,
                                uint32_t now, size_t count);

// The value rules: fills value and source.
void ProposeValue(const FleetState& state, ResourceId id, uint32_t now, Candidate* candidate);

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_CANDIDATES_H_
