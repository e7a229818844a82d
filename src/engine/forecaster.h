// Forecasts of resources, from what changed before and what is scheduled.
//
// Probability of a change within h: 1 - (1 - p(h)) (1 - q(h)), where p is the model's
// (predict/drift_predictor.h: the shipped model, mixed with the reference rate while a stack is
// young) and q that of what is known to be coming: a package with a newer candidate, a run that is
// due. To the logit of that comes what inputs without training data add (input_families.h).
// Reasons are the exact steps on the logit scale.
#ifndef DRIFTCAST_ENGINE_FORECASTER_H_
#define DRIFTCAST_ENGINE_FORECASTER_H_

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/input_families.h"
#include "engine/records.h"
#include "model/change.h"
#include "model/prediction.h"
#include "predict/drift_predictor.h"
#include "shadow/resource_state.h"

namespace driftcast {

inline constexpr char kShippedModel[] = "shipped";
// The reference forecast in place of a trained model: what a site falls back to by hand. In a
// ModelPublished, this stands for the digest as well.
inline constexpr char kReferenceModel[] = "reference";

using Risks = std::array<float, kHorizonCount>;

inline constexpr size_t kReasonedHorizon = 2;  // reasons explain the probability within a day

// What inputs beside the history of changes add to a forecast, and why.
struct InputShift {
  Shifts logit{};
  std::vector<Reason> reasons;  // with their parts of logit[kReasonedHorizon]
};

// Deterministic; only const functions may run at the same time.
class Forecaster {
 public:
  // Time, as far as the forecaster has been told. Never goes back.
  void Advance(Instant now);
  Instant told() const { return advanced_to_; }

  // Learns from one change. A change from before the present (a host's past, an imported history)
  // keeps its time only if `past`; else it is taken to have come now. Returns the time that was
  // taken: learning the same events at these times gives the same state again.
  Instant Learn(const ChangeEvent& event, bool past);

  struct Asked {
    ResourceId id;
    ResourceState state;
    Shifts shift{};  // what inputs add
  };

  // P(change) within each horizon; never falls with the horizon. Many at once cost less each,
  // most so when resources of one stack stand together.
  std::vector<Risks> RisksOf(std::span<const Asked> asked, Instant now) const;
  Risks RisksOf(const ResourceId& id, const ResourceState& state, Instant now,
                const Shifts& shift = {}) const;

  // Too little is known of the stack for more than a plain rate: its forecasts are shown, and raise
  // no alert.
  bool Abstains(const StackId& stack, Instant now) const;

  DriftPrediction Predict(const ResourceId& id, const ResourceState& state, const DriftShare& share,
                          Instant now, const InputShift& inputs = {}) const;

  // Predicts with this model from now on; null = the one that ships with the program.
  void Use(std::shared_ptr<const predict::DriftModel> model, std::string version);

  // Version of what predicts, for the track record.
  const std::string& model() const { return model_; }

  // The state as pieces of bytes in order, and back from all of them together, bit-identical.
  // FailedPrecondition when another version wrote them, DataLoss on bytes that are not one.
  void Serialize(const std::function<void(std::string piece)>& sink) const;
  Status Restore(std::string_view bytes);

  size_t resources() const { return predictor_.state().resource_count(); }  // ever heard of
  size_t bytes() const { return predictor_.bytes(); }                       // memory held, about

 private:
  predict::DriftPredictor predictor_;
  Instant advanced_to_;
  std::string model_ = kShippedModel;
};

// P(drift | change) of a kind: its own share, with a prior of one in two.
double DriftShareOf(const DriftShare& share);

// The version that a package would move to, or empty: "candidate" in the context, newer than what
// is installed, and not on hold.
std::string PendingVersion(const ResourceState& state);

// When something is known to change the resource: the next run that will bring a pending version,
// or its end ("due" in the context: a renewal). A unit that merely runs does not change.
std::optional<Instant> DueAt(const ResourceState& state);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_FORECASTER_H_
