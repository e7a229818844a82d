// The forecast, ready for use: state, model, keys and reasons behind one interface.
//
// Life: Learn() every change of the stacks that it looks after, in the order of time; Advance()
// when time passes (at least before asking, so that changes under way are complete); then ask.
// Deterministic: the same calls give the same answers to the bit. Not thread-safe, but for const
// functions called together.
#ifndef DRIFTCAST_PREDICT_DRIFT_PREDICTOR_H_
#define DRIFTCAST_PREDICT_DRIFT_PREDICTOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/change.h"
#include "model/prediction.h"
#include "predict/drift_model.h"
#include "predict/features.h"
#include "predict/fleet_state.h"
#include "predict/recalibration.h"

namespace driftcast::predict {

// Where a resource stands at one time: what Predict() works from.
struct Standing {
  StackView view;
  FeatureVector inputs{};
  HeadLogits logits{};       // of the model, at 1, 7 and 30 days, corrected
  double correction = 0;     // what was added to the logit of 1 day (recalibration.h)
  double trust = 1;          // in the model; the rest is the plain rate's say (young stacks)
  HorizonProbabilities p{};  // at kProductHorizons
  bool abstains = false;     // too little is known of the stack to be more than a plain rate
};

class DriftPredictor {
 public:
  // The model is shared and immutable; `model` must be trained. Default: the one that ships.
  explicit DriftPredictor(std::shared_ptr<const DriftModel> model = nullptr);

  // Events older than the newest of their stack are taken as if they had come with it.
  void Learn(const ChangeEvent& event);
  void Advance(Instant now);

  // Predicts with this model from now on; null means the shipped one. What is remembered stays.
  void Use(std::shared_ptr<const DriftModel> model);

  // Too little is known of the stack (or nothing) for more than a plain rate.
  bool Abstains(std::string_view stack, Instant now) const;

  // A handle for the resource, valid for good (also in restored copies); kNone when the resource
  // was never heard of. Alive() tells whether it exists now.
  ResourceId Find(std::string_view stack, std::string_view kind, std::string_view resource) const {
    return state_.Find(stack, kind, resource);
  }
  bool Alive(ResourceId id) const { return state_.Alive(id); }

  // P(change) at kProductHorizons for many resources: the fast way. In the order of `ids`, which
  // is fastest when resources of one stack stand together.
  void Probabilities(std::span<const ResourceId> ids, Instant now, HorizonProbabilities* out) const;

  Standing StandingOf(ResourceId id, Instant now) const;

  // Keys with values, best first; `p` of each is given that the resource changes.
  std::vector<PredictedKey> Keys(ResourceId id, Instant now, size_t count) const;

  // Why: contributions to the logit of P(change within a day), by family of inputs, strongest
  // first, the bias among them (group "base"). Their weights sum to logit(p), but for rounding
  // (1e-6). Texts hold the evidence.
  std::vector<Reason> Reasons(ResourceId id, const Standing& standing) const;

  // All of it. NotFound when the resource was never heard of.
  StatusOr<DriftPrediction> Predict(const driftcast::ResourceId& id, Instant now,
                                    size_t keys_max = 5) const;

  const FleetState& state() const { return state_; }
  const DriftModel& model() const { return *model_; }

  const Recalibration& recalibration() const { return recalibration_; }
  size_t bytes() const { return state_.bytes() + recalibration_.bytes(); }  // memory held, about

  // The state (not the model) as bytes and back, bit-identical. FailedPrecondition when another
  // version wrote them, DataLoss when they are damaged.
  std::string Serialize() const;
  void Serialize(StateWriter* out) const;
  Status Restore(std::string_view bytes);

 private:
  void PassMidnights(uint32_t now);
  void Observe(uint32_t stack, uint32_t now);
  double TrustOf(uint32_t stack, uint32_t now) const;
  void MixPlain(ResourceId id, uint32_t now, double trust, HorizonProbabilities* p) const;

  std::shared_ptr<const DriftModel> model_;
  FleetState state_;
  Recalibration recalibration_;
  uint32_t observed_day_ = 0;  // when forecasts were last compared with what happened
};

// How far the model is trusted in a stack that is known for `age_seconds`: it grows from 0 to 1
// over 30 days, for the model learned only from stacks at least that old.
double TrustIn(uint32_t age_seconds);

// Changes a second of a resource in a young stack, from its own and its stack's past alone
// (reference_rate.h, YoungRate). The state must have been advanced to `now`, in Unix seconds.
double PlainRate(const FleetState& state, ResourceId id, uint32_t now);

// The evidence behind a family of inputs, in words.
std::string EvidenceOf(Family family, const FleetState& state, ResourceId id, const Standing& s);

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_DRIFT_PREDICTOR_H_
