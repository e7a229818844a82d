// How often a collector reads everything again.
#ifndef DRIFTCAST_AGENT_CADENCE_H_
#define DRIFTCAST_AGENT_CADENCE_H_

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace driftcast {

// What a late look costs.
enum class Risk : uint8_t {
  kHigh,   // who may log in, what is open to the network: never slower than the base interval
  kUsual,  // up to twice as slow
  kLow,    // up to four times as slow
};

// Starts at the base interval. A rescan that finds changes which no event had told of halves the
// interval, down to a quarter of the base; each rescan that finds nothing makes it an eighth
// longer, up to the risk's limit. Pure: it is told what happened.
class Cadence {
 public:
  Cadence(Duration base, Risk risk) : base_(base), risk_(risk) {}

  void Rescanned(bool found_changes) {
    const double slowest = risk_ == Risk::kHigh ? 1 : risk_ == Risk::kUsual ? 2 : 4;
    factor_ = found_changes ? factor_ / 2 : factor_ * 1.125;
    factor_ = std::clamp(factor_, 0.25, slowest);
  }

  // `stretch`: by how much the budget asks to slow down, 1 or more.
  Duration Interval(double stretch) const {
    return Duration(static_cast<int64_t>(static_cast<double>(base_.count()) * factor_ * stretch));
  }

  Risk risk() const { return risk_; }

 private:
  const Duration base_;
  const Risk risk_;
  double factor_ = 1;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_CADENCE_H_
