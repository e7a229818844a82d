// How much of something may be used up: so much at once, and so much a second from then on.
#ifndef DRIFTCAST_AGENT_ALLOWANCE_H_
#define DRIFTCAST_AGENT_ALLOWANCE_H_

#include <algorithm>

#include "base/time.h"

namespace driftcast {

// A bucket that is full at first. What it is counted in is the caller's (milliseconds of processor
// time, looks at a table). Pure: it is told the time; a clock that was set back adds nothing. Not
// thread-safe.
class Allowance {
 public:
  // `per_second` > 0 flows in, up to `at_most`; a debt never grows beyond `debt_at_most`.
  Allowance(double per_second, double at_most, double debt_at_most = 0)
      : per_second_(per_second), at_most_(at_most), debt_at_most_(debt_at_most), left_(at_most) {}

  void Advance(Instant now) {
    if (now > last_ && last_ != Instant{})
      left_ = std::min(at_most_, left_ + Seconds(now - last_) * per_second_);
    last_ = now;
  }

  // Uses `amount` up, which may leave a debt.
  void Spend(double amount) { left_ = std::max(left_ - amount, -debt_at_most_); }

  // Takes one, if there is one.
  bool Take() {
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

  // How long until the debt is paid; 0 without one.
  Duration Wait() const {
    if (left_ >= 0) return Duration(0);
    return std::chrono::ceil<Duration>(std::chrono::duration<double>(-left_ / per_second_));
  }

 private:
  const double per_second_, at_most_, debt_at_most_;
  double left_;
  Instant last_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_ALLOWANCE_H_
