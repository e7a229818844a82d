// What is usual on a stack, by part of the week and horizon: of the inputs of centred families, and
// of how forecasts turn out. A login at nine, when people log in and timers run, says less than its
// mere presence: only what differs from the usual is given to the terms, and how far forecasts of
// that part of the week are too low or too high is taken out beside (a free intercept), so that
// neither can pass for an effect. What is learnt from the product of the two is right when either
// of them is (Shah and Peters 2020, "The hardness of conditional independence testing and the
// generalised covariance measure", Annals of Statistics 48(3)).
//
// Parts of the week, in UTC: hours of working days and of weekends for horizons below a day (48),
// days for longer ones (7), whose forecasts are made at one time of the day. Means are over the
// last 26 cohorts of a part, about, and lean on the whole week's while there are few. At most 9 KiB
// a stack, and nothing on one that never had an input. Deterministic; not thread-safe.
#ifndef DRIFTCAST_ENGINE_INPUT_LEVELS_H_
#define DRIFTCAST_ENGINE_INPUT_LEVELS_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/input_families.h"

namespace driftcast {

class InputLevels {
 public:
  // The inputs as the terms take them: those of centred families less what is usual at `at`; none
  // of theirs while too little is known. Empty = all 0.
  Inputs Centred(size_t horizon, Instant at, Inputs inputs) const;

  // What to add to the logit of forecasts made at `at`, as those before turned out.
  double Offset(size_t horizon, Instant at) const;

  // One cohort, made at `at`, has come to its end.
  struct Cohort {
    Inputs inputs;        // as read, mean over its resources; of centred families
    double expected = 0;  // mean probability, without what offsets and centred terms add
    double happened = 0;  // share that changed
  };
  void Learn(size_t horizon, Instant at, const Cohort& cohort);

  // Nothing unusual was ever seen: there is nothing to keep.
  bool empty() const;

  std::string Encode() const;
  static StatusOr<InputLevels> Decode(std::string_view bytes);  // DataLoss

 private:
  struct Level {
    double cohorts = 0;
    double expected = 0, happened = 0;
    std::vector<float> usual;  // of the centred families, one after the other

    void Add(double weight, const Level& other);  // mean of both
  };
  using Week = std::map<uint8_t, Level>;

  static uint8_t PartOf(size_t horizon, Instant at);
  static Level Whole(const Week& week);
  Level At(size_t horizon, Instant at) const;

  std::array<Week, kHorizonCount> weeks_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_INPUT_LEVELS_H_
