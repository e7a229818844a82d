// What the families of inputs add to forecasts of one horizon: an additive term each, learnt from
// the cohorts of that horizon, whose outcomes do not overlap on a stack. A centred family
// (engine/input_families.h) speaks only while its gate is open, and a stack's cohort is one witness
// for it, however many resources it has: they share their inputs and may share their fate.
#ifndef DRIFTCAST_ENGINE_INPUT_TERMS_H_
#define DRIFTCAST_ENGINE_INPUT_TERMS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/input_families.h"
#include "engine/input_gate.h"
#include "predict/additive_term.h"

namespace driftcast {

// Deterministic; not thread-safe.
class InputTerms {
 public:
  InputTerms();  // all weights 0

  // What one family adds to the logit, and all of them; 0 for no inputs. Inputs here and below are
  // those of InputLevels::Centred.
  double ShiftOf(size_t family, const Inputs& inputs) const;
  double ShiftOf(const Inputs& inputs) const;

  // Whether any family adds anything to forecasts, given inputs.
  bool Speaks() const;

  // Days have passed: what was learned fades. Before each lesson.
  void Advance(Instant now, Duration horizon);

  struct Lesson {
    const Inputs* inputs = nullptr;
    double logit = 0;  // of the forecast without any term
    bool happened = false;
    double weight = 1;  // as in AdditiveTerm::Learn
  };
  // One stack's outcomes that became known together, of those that had inputs.
  struct Lessons {
    std::vector<Lesson> of;
    Instant made_at;       // the forecasts
    size_t resources = 0;  // of the cohort, those without inputs too
    double offset = 0;     // InputLevels::Offset
  };
  void Learn(const Lessons& lessons);

  // Outcomes of forecasts without inputs: how many there were, and how many changes were expected,
  // and came. When forecasts are too low or too high for everything, that is no merit of the
  // inputs: what they add is learnt beside it.
  void LearnQuiet(double forecasts, double expected, double happened);

  // Bytes and back, bit-identical. Terms of families that are not there any more, or have other
  // inputs now, begin anew. DataLoss on bytes that are none.
  std::string Serialize() const;
  static StatusOr<InputTerms> Restore(std::string_view bytes);

 private:
  double QuietOffset() const;  // on the logit scale
  void LearnCentred(size_t family, const Lessons& lessons,
                    std::span<const predict::AdditiveTerm::Outcome> outcomes);

  std::vector<predict::AdditiveTerm> terms_;  // by family
  std::vector<InputGate> gates_;              // by family; those of others are not used
  double quiet_forecasts_ = 0, quiet_expected_ = 0, quiet_happened_ = 0;
  Instant told_;  // up to when forgetting is done; epoch = nothing was learned yet
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_INPUT_TERMS_H_
