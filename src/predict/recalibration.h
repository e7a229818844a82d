// How far the forecasts for a stack have been off, and what corrects them.
//
// A model that learned elsewhere meets stacks that are calmer or wilder than any it knows. So what
// it said about resources of a stack is kept, and when the horizon has passed, compared with what
// happened: per stack, horizon (1 and 7 days) and range of the logit, sums of what happened and of
// what was expected, which decay (half-life 120 days). The correction of a logit is
//
//   shift = logit of (happened + k) against logit of (expected + k)      k: pseudo-events
//
// at the middle of each range, linear between, within +-1.5. The pseudo-events draw it to 0 while
// little has happened: a daily shift of the prior with safeguards. Nothing is trained: it is state,
// a few sums per stack, and every outcome in it is known when it is used.
//
// Deterministic; not thread-safe.
#ifndef DRIFTCAST_PREDICT_RECALIBRATION_H_
#define DRIFTCAST_PREDICT_RECALIBRATION_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "predict/drift_model.h"
#include "predict/fleet_state.h"
#include "predict/state_bytes.h"

namespace driftcast::predict {

class Recalibration {
 public:
  // Compares what was said about these resources of one stack with what has happened since, as far
  // as the horizons have passed at `now`, and keeps what is said now. `logits`: of the model, not
  // corrected, one for each of `ids`. Once a day is right; the same resources should come again.
  void Observe(const FleetState& state, uint32_t stack, uint32_t now,
               std::span<const ResourceId> ids, std::span<const HeadLogits> logits);

  // What to add to the model's logit of a head (0: 1 day, 1: 7 days) in the stack.
  double Shift(uint32_t stack, int head, float logit) const;

  // The logits corrected; those of other heads stay.
  HeadLogits Corrected(uint32_t stack, HeadLogits logits) const;

  void Serialize(StateWriter* out) const;
  bool Restore(StateReader* in);  // false: the bytes are not one
  size_t bytes() const;           // memory held, about

 private:
  static constexpr int kHeadsCorrected = 2;
  static constexpr int kRanges = 8;

  struct Sums {
    float happened = 0, expected = 0, count = 0;
  };
  struct StackSums {
    std::array<std::array<Sums, kRanges>, kHeadsCorrected> heads{};
    uint32_t at = 0;
  };
  // What was said last about a resource; at = 0: nothing.
  struct Said {
    std::array<float, kHeadsCorrected> logit{};
    std::array<uint32_t, kHeadsCorrected> at{};
  };

  static int RangeOf(float logit);

  std::vector<StackSums> stacks_;  // by the state's number of the stack
  std::vector<Said> said_;         // by ResourceId
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_RECALIBRATION_H_
