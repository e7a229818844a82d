// The inputs of the forecast, computed from FleetState: the one feature code of training,
// back-test and live scoring.
#ifndef DRIFTCAST_PREDICT_FEATURES_H_
#define DRIFTCAST_PREDICT_FEATURES_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "predict/fleet_state.h"

namespace driftcast::predict {

// Families of inputs: what an ablation takes out and what reasons are grouped by.
enum class Family : uint8_t {
  kOwn,         // own history
  kShape,       // how it changes
  kPeople,      // people and programs
  kSize,        // size and age
  kStack,       // activity of the stack
  kRhythm,      // weekdays and hours
  kNeighbours,  // kind, folder and namesakes in the stack
  kCoChange,    // what it changes together with
  kOdds,        // how wrong the reference has been here
  kPeers,       // the same resource in similar stacks
  kExposure,    // versions that others have left
};
inline constexpr int kFamilies = 11;

enum Feature : int {
#define FEATURE(id, family, words) id,
#include "predict/features.def"
#undef FEATURE
  kFeatures
};

using FeatureVector = std::array<float, kFeatures>;

std::string_view FeatureName(int feature);  // stable identifier, as in features.def, without the k
std::string_view FeatureWords(int feature);
Family FamilyOf(int feature);
std::string_view FamilyName(Family family);   // "own", "shape", ...
std::string_view FamilyWords(Family family);  // "its own history", ...

// What the resources of one stack share at one time; compute once, use for all of them.
struct StackView {
  uint32_t stack = 0;
  uint32_t now = 0;
  double pooled_rate = 0;
  uint32_t target_day = 0;  // the UTC day that most of the coming 24 hours fall into
  LevelValues log_rates{};  // of the stack, per live resource and day
  LevelValues exposure_days{};
  FeatureVector features{};  // those that depend on the stack alone are filled
};

// `now` in Unix seconds; the state must have been advanced to it.
StackView ViewStack(const FleetState& state, uint32_t stack, uint32_t now);

// The inputs of one live resource. `view` must be of its stack.
void FillFeatures(const FleetState& state, const StackView& view, ResourceId id,
                  FeatureVector* out);

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_FEATURES_H_
