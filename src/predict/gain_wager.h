// Whether something that is added to forecasts makes them better: a test that may be looked at
// after every outcome and for ever, and errs with probability 0.01 at most.
//
// The hypothesis is that it does not: that whatever is known beforehand, the log loss that it saves
// in the next period has mean 0 or less. Against it one bets. Wealth that begins with 1 and is
// multiplied by 1 + b g, where g is what the period saved and b >= 0 was fixed before, is then a
// nonnegative supermartingale, and reaches 100 with probability 1/100 at most (Ville 1939). No
// calibration, independence or distribution is assumed. See Henzi and Ziegel 2022, "Valid
// sequential inference on probability forecast performance", Biometrika 109(3), and Waudby-Smith
// and Ramdas 2024, "Estimating means of bounded random variables by betting", JRSS-B 86(1).
//
// What differs here:
//   overlap   a forecast is made up to one period before its outcome is known, so that neighbouring
//             periods share a part of their fate: two wealths, one of the even and one of the odd
//             periods, and their mean counts (as Arnold, Henzi and Ziegel 2023 do for lags)
//   patience  a part 6 / (pi k)^2 of the wealth is laid aside for the k-th period: what begins to
//   be
//             useful late is found late, rather than never
//   memory    wealth is at most 10^4, and can be made less by Forget: both only lower it
// Deterministic; not thread-safe.
#ifndef DRIFTCAST_PREDICT_GAIN_WAGER_H_
#define DRIFTCAST_PREDICT_GAIN_WAGER_H_

#include <array>
#include <cstdint>

#include "predict/state_bytes.h"

namespace driftcast::predict {

class GainWager {
 public:
  static constexpr double kLevel = 0.01;

  // A period has passed. `saved`: mean log loss that was saved in it, in nats; `worst`: the least
  // that it could have been, whatever the outcomes, as was known before them: saved >= worst.
  // `number` counts periods; it never goes back. Values that are not finite are no period.
  void Add(uint64_t number, double saved, double worst);

  // Whether the hypothesis is rejected, and has not been made up for since.
  bool passed() const;
  double wealth() const;

  void Forget(double kept);  // 0 to 1: of the wealth

  void Write(StateWriter& out) const;
  bool Read(StateReader& in);  // false: the bytes are none of its

 private:
  struct Bettor {
    double wealth = 0;
    double saved = 0, squared = 0;  // fading sums over its periods: they set the stake
    double periods = 0;
    void Add(double saved, double worst);
  };
  std::array<Bettor, 2> bettors_;
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_GAIN_WAGER_H_
