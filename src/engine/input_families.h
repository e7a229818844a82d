// Families of inputs that speak for a change beside the history of changes: metrics that behave
// oddly, fixes of known vulnerabilities, what people do, incidents, threats. Each family
// adds one term to the logit of a forecast, with weight 0 until this site's own outcomes say more
// (predict/additive_term.h).
//
// What resources of a stack share, and what comes and goes with the hours of the day, cannot be
// told from the rest of what moves the whole stack by comparing its resources. Such a family is
// `centred`: its inputs count as far as they differ from what is usual on the stack at that part of
// the week (engine/input_levels.h), and it speaks only after it has passed a test beside
// (engine/input_terms.h).
//
// To add a family: write an InputSource in a file of its own, declare what makes it, and add a line
// to kInputFamilies. Learning, storing, replay and reasons follow from that line.
#ifndef DRIFTCAST_ENGINE_INPUT_FAMILIES_H_
#define DRIFTCAST_ENGINE_INPUT_FAMILIES_H_

#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "model/prediction.h"
#include "shadow/resource_state.h"

namespace driftcast {

struct ShardState;

// Reads one family's inputs of resources out of a shard, at the shard's present. May remember what
// it has read: it lives no longer than the shard stands still. Deterministic: what it reads is part
// of the stored state.
class InputSource {
 public:
  virtual ~InputSource() = default;

  // As many values as the family has, each scaled so that 0 is usual and 1 is worth a thought;
  // empty when all are 0.
  virtual std::vector<float> Of(const ResourceId& id, const ResourceState& state) = 0;

  // What is behind them, for people; asked only where Of() is not empty.
  virtual std::string Evidence(const ResourceId& id, const ResourceState& state) = 0;
};

struct InputFamily {
  const char* name;  // of its reasons, and of its terms in the store
  size_t inputs;     // at most predict::AdditiveTerm::kInputsMax; another number learns anew
  std::unique_ptr<InputSource> (*make)(const ShardState& shard);
  // Of a centred family: what it is when it speaks by its absence. Null = not centred.
  const char* quiet = nullptr;
  constexpr bool centred() const { return quiet != nullptr; }
};

inline constexpr size_t kMetricInputs = 8;
std::unique_ptr<InputSource> MakeMetricInputs(const ShardState& shard);  // metric_inputs.cc
inline constexpr size_t kExposureInputs = 8;
std::unique_ptr<InputSource> MakeExposureInputs(const ShardState& shard);  // exposure_inputs.cc
inline constexpr size_t kActivityInputs = 6;
std::unique_ptr<InputSource> MakeActivityInputs(const ShardState& shard);  // activity_inputs.cc
inline constexpr size_t kIncidentInputs = 2;
std::unique_ptr<InputSource> MakeIncidentInputs(const ShardState& shard);  // activity_inputs.cc
inline constexpr size_t kThreatInputs = 3;
std::unique_ptr<InputSource> MakeThreatInputs(const ShardState& shard);  // threat_inputs.cc
inline constexpr size_t kImageInputs = 6;
std::unique_ptr<InputSource> MakeImageInputs(const ShardState& shard);  // image_inputs.cc

// Append only: open cohorts are stored by place.
inline constexpr InputFamily kInputFamilies[] = {
    {"metrics", kMetricInputs, MakeMetricInputs},
    {"exposure", kExposureInputs, MakeExposureInputs},
    {"activity", kActivityInputs, MakeActivityInputs, "people did less than usual at this hour"},
    {"incidents", kIncidentInputs, MakeIncidentInputs, "no incident, where there usually is one"},
    {"threats", kThreatInputs, MakeThreatInputs, "no indicator, where there usually is one"},
    {"images", kImageInputs, MakeImageInputs},
};
inline constexpr size_t kInputFamilyCount = std::size(kInputFamilies);

// One resource's inputs by family; an empty family's are all 0.
using Inputs = std::array<std::vector<float>, kInputFamilyCount>;

// What inputs add to the logit of a forecast, by horizon.
using Shifts = std::array<float, kHorizonCount>;

// Inputs of one moment, and what they added then; shared by all resources of a stack that have the
// same. A place is 1 + index, so that 0 can say "none".
struct InputRow {
  Inputs values;
  Shifts shift{};
};
using InputRows = std::vector<InputRow>;

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_INPUT_FAMILIES_H_
