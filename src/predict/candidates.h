// What will change: candidate keys of a resource and the values that they may take.
//
// Candidates are keys that changed before (by decayed frequency), keys that hold a version others
// have left, keys that this kind of resource often changes elsewhere, keys that were lately added
// to, or changed in, others of its kind or folder, and keys that do not exist yet: the next ones of
// a series ("releases[1.3]" after "releases[1.2]"). A forest over a few inputs per candidate ranks
// them; values.h says what value each is expected to take.
#ifndef DRIFTCAST_PREDICT_CANDIDATES_H_
#define DRIFTCAST_PREDICT_CANDIDATES_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "predict/fleet_state.h"
#include "predict/forest.h"
#include "predict/value_source.h"

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
  kKeyTakesPart,       // its part in the resource's changes
  kKeyGapRatio,        // log of the time since it changed against its usual gap
  kKeyReleaseRate,     // log of how often versions of what it holds are released
  kKeySinceRelease,    // log hours since one was
  kKeyStep,            // of a key that does not exist yet: 1 last number up, 2 the one before
  kKeyAddedKind,       // log hours since it was added to another of its kind here
  kKeyAddedFolder,     // and in its folder
  kKeyAddedCount,      // how often lately
  kKeyShape,           // how often the resource's keys come and go
  kKeyTouchedKind,     // log hours since it changed in another of its kind here
  kKeyTouchedFolder,   // and in its folder
  kKeyFeatures
};
using KeyVector = std::array<float, kKeyFeatures>;

inline constexpr int kCandidatesMax = 40;

struct Candidate {
  uint32_t path = kNone;  // kNone: a key that does not exist yet, `new_path`
  std::string new_path;
  uint32_t follows = kNone;  // of a new key: the key that it follows,
  uint32_t series = kNone;   // and the series that it carries on
  KeyVector inputs{};
  float score = 0;    // logit that it is among the keys that change next
  double share = 0;   // probability that it changes, given that the resource does
  std::string value;  // what it is expected to become, unless source is kNoValue
  ValueSource source = ValueSource::kNoValue;

  std::string_view Path(const FleetState& state) const {
    return path == kNone ? std::string_view(new_path) : state.Text(path);
  }
};

// All candidates of a resource at `now`, unranked.
void ListCandidates(const FleetState& state, ResourceId id, uint32_t now,
                    std::vector<Candidate>* out);

// Candidates, best first, at most `count`, with shares and values. Without a trained ranker they
// are ranked by their part of the resource's decayed changes.
std::vector<Candidate> RankKeys(const FleetState& state, const Forest& ranker, ResourceId id,
                                uint32_t now, size_t count);

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_CANDIDATES_H_
