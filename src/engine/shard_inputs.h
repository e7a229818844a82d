// Inputs beside the history of changes: read when forecasts are made, learnt from when they are
// scored. Inside the room.
#ifndef DRIFTCAST_ENGINE_SHARD_INPUTS_H_
#define DRIFTCAST_ENGINE_SHARD_INPUTS_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/shard_state.h"

namespace driftcast {

// Reads the inputs of all families. Borrows the shard, which must stand still meanwhile.
class InputReader {
 public:
  explicit InputReader(const ShardState& shard);

  Inputs Of(const ResourceId& id, const ResourceState& state);  // as read, not centred
  Shifts ShiftOf(const ResourceId& id, const ResourceState& state);

  // With the reasons, for people: one a family that has inputs, also while its weight is 0.
  InputShift Explain(const ResourceId& id, const ResourceState& state);

  // The forecast of a resource, with its reasons, at the shard's present.
  DriftPrediction Predict(const ResourceId& id, const ResourceState& state);

 private:
  const ShardState& shard_;
  std::array<std::unique_ptr<InputSource>, kInputFamilyCount> sources_;
};

// Gives equal inputs one place in `rows`, with what they add by what is learnt so far. Borrows
// both.
class InputPlaces {
 public:
  InputPlaces(const ShardState& shard, const Stack& stack, InputRows& rows)
      : shard_(shard), stack_(stack), rows_(rows) {}
  // 0 for none that say nothing by their absence, and for more than can be told apart.
  uint16_t Of(Inputs inputs);

 private:
  const ShardState& shard_;
  const Stack& stack_;
  InputRows& rows_;
  std::map<Inputs, uint16_t> places_;
};

// What became of a forecast.
struct InputOutcome {
  uint16_t place = 0;  // of its inputs in the cohort's rows; 0 = none
  double p = 0;        // as forecast
  bool happened = false;
};

// A stack's forecasts of one moment and horizon, whose outcomes are known now.
struct InputCohort {
  const InputRows& rows;
  size_t horizon = 0;
  Instant made_at;
  InputLevels& levels;  // of the stack
};

// Teaches the terms of a horizon, and the stack's levels, the outcomes of one cohort. Forecasts of
// probability 0, of what was never heard of, teach nothing.
void LearnInputs(ShardState& shard, const InputCohort& cohort,
                 std::span<const InputOutcome> outcomes);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_INPUTS_H_
