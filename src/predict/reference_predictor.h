// The reference forecast over whole stacks, fed by ChangeEvents: what the engine predicts with when
// no trained model is at hand, and the baseline of every evaluation. Formula: reference_rate.h.
#ifndef DRIFTCAST_PREDICT_REFERENCE_PREDICTOR_H_
#define DRIFTCAST_PREDICT_REFERENCE_PREDICTOR_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/change.h"
#include "predict/reference_rate.h"

namespace driftcast::predict {

// Usage: Apply every event in the order of time, then ask. O(1) per event and per question.
// Deterministic: the same events give the same state and the same answers to the bit.
// Not thread-safe; copyable (a copy is a snapshot).
class ReferencePredictor {
 public:
  // Takes one event. A change is a kAdd, kChange or kRemove outside `mass`; changes of one resource
  // in one second are one change. FailedPrecondition when the event is older than one of the same
  // stack before it; the state is then as it was.
  Status Apply(const ChangeEvent& event);

  // P(the resource changes in (now, now + horizon]), in [0, 1]. A resource never heard of has its
  // stack's pooled rate; a stack never heard of the prior of an empty one (half a change a month).
  double Probability(std::string_view stack, std::string_view kind, std::string_view resource,
                     Instant now, Duration horizon) const;

  // The rate behind it, in changes a second: P = 1 - exp(-rate x horizon).
  double Rate(std::string_view stack, std::string_view kind, std::string_view resource,
              Instant now) const;

  // True between the resource's creation (or first change) and its deletion.
  bool Alive(std::string_view stack, std::string_view kind, std::string_view resource) const;

  // The state as bytes and back, bit-identical. DataLoss on bytes that are not such a state.
  std::string Serialize() const;
  static StatusOr<ReferencePredictor> Restore(std::string_view bytes);

 private:
  struct Stack {
    ReferencePool pool;
    int64_t first = 0;
    int64_t last = 0;
    std::map<std::string, ReferenceResource, std::less<>> resources;  // by "kind\tresource"
  };
  const Stack* Find(std::string_view stack) const;

  std::map<std::string, Stack, std::less<>> stacks_;
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_REFERENCE_PREDICTOR_H_
