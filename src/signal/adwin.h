// ADWIN: has the mean of a bounded stream moved?
//
// A window of the newest values grows while it looks like one distribution. Whenever it can be cut
// in two whose means differ by more than chance would let them, the older part is dropped. With n0
// and n1 values in the parts, n = n0 + n1, m = 1 / (1/n0 + 1/n1), variance v of the window and
// d = ln(2 ln(n) / delta):
//   |mean0 - mean1| > sqrt(2 v d / m) + 2 d / (3 m)
// Source: Bifet, Gavalda, "Learning from Time-Changing Data with Adaptive Windowing", SDM 2007,
// section 3 (ADWIN2: the window is kept as buckets of exponentially growing counts, and only their
// borders are tried as cuts).
#ifndef DRIFTCAST_SIGNAL_ADWIN_H_
#define DRIFTCAST_SIGNAL_ADWIN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace driftcast {

// O(log n) memory and time per value. Deterministic; not thread-safe.
class Adwin {
 public:
  // A value in [0, 1]; others are brought into it. True when the window was cut.
  bool Add(double value);

  double mean() const;  // of the window; 0 while it is empty
  uint64_t count() const;
  double mean_before() const { return mean_before_; }  // of the window when it was cut last

  void Write(ByteWriter& out) const;
  static Adwin Read(ByteReader& in);  // check in.ok() afterwards

 private:
  struct Part {
    double count = 0, mean = 0, squares = 0;  // squares: sum of squared distances to the mean
    void Join(const Part& other);
  };
  bool CutOnce();
  Part All() const;

  // rows_[k]: buckets of 2^k values each, the newest last; at most kBucketsMax.
  std::vector<std::vector<Part>> rows_;
  double mean_before_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_SIGNAL_ADWIN_H_
