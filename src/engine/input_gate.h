// Keeps a centred family's term silent until its weights would have made later forecasts better,
// beyond doubt (predict/gain_wager.h).
//
// What is put to the test are weights that were learnt before the forecasts of a period were made:
// all that comes to its end within one period, on whatever stacks, is one bet, for an upgrade that
// moves the fleet is one event. A period is the horizon and an hour, so that what ends two periods
// apart has nothing in common. Constant memory. Deterministic; not thread-safe.
#ifndef DRIFTCAST_ENGINE_INPUT_GATE_H_
#define DRIFTCAST_ENGINE_INPUT_GATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "predict/gain_wager.h"

namespace driftcast {

class InputGate {
 public:
  explicit InputGate(size_t inputs) : held_(inputs, 0), next_(inputs, 0) {}

  bool open() const { return test_.passed(); }

  // Time has come to `now`: periods that are over are bet on. `learned`: the term's weights as they
  // are. Before each cohort.
  void Advance(Instant now, Duration horizon, const std::vector<double>& learned);

  // The weights under test.
  const std::vector<double>& held() const { return held_; }

  // A cohort that was made at `made_at`: what those weights saved of log loss a forecast, in nats,
  // and the least that this could have been.
  void Add(Instant made_at, double saved, double worst);

  void Forget(double kept) { test_.Forget(kept); }

  std::string Serialize() const;
  static StatusOr<InputGate> Restore(std::string_view bytes);  // DataLoss

 private:
  std::vector<double> held_, next_;  // as of the starts of the last period and of this one
  int64_t period_ = 0;
  Instant held_at_;  // forecasts made before it were made before `held_` was known
  double saved_ = 0, worst_ = 0, cohorts_ = 0;
  predict::GainWager test_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_INPUT_GATE_H_
