// Whether the keys that were named are the ones that changed, and the values the right ones.
#ifndef DRIFTCAST_LEARN_KEY_SCORE_H_
#define DRIFTCAST_LEARN_KEY_SCORE_H_

#include <cstdint>
#include <span>

#include "learn/outline.h"

namespace driftcast::learn {

// A key that was named, best first in a list of them.
struct NamedKey {
  uint64_t path = 0;   // HashText of the path
  uint64_t value = 0;  // HashText of the value; 0 when none was named
};

// Sums over rows that changed within a day; at most five keys of each count.
struct KeyScore {
  uint64_t rows = 0;
  uint64_t first = 0;  // the first key named was among the changed
  uint64_t five = 0;   // one of five was
  double values = 0;   // sum over rows of the share of changed keys whose new value was named

  // `named`: for the resource, at `cutoff`. Does nothing when it did not change within a day.
  void Add(const ResourceOutline& resource, int64_t cutoff, std::span<const NamedKey> named);
};

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_KEY_SCORE_H_
