// Exposure: a key holds a version that others have moved away from.
#ifndef DRIFTCAST_PREDICT_EXPOSURE_H_
#define DRIFTCAST_PREDICT_EXPOSURE_H_

#include <algorithm>
#include <cstdint>

#include "predict/fleet_records.h"

namespace driftcast::predict {

struct Exposure {
  uint32_t outer_since = 0;   // since when behind another stack; 0 = not behind
  uint32_t inner_since = 0;   // since when behind another resource of the same stack
  uint32_t outer_stacks = 0;  // how many other stacks moved (at most four are known)
  uint32_t outer_to = kNone;  // the value the first of them moved to (latest known)
  uint32_t inner_to = kNone;
};

// `since`: when the key took the version. Moves after `now` are not looked at.
inline Exposure ExposureOf(const VersionMoves& moves, uint32_t stack, uint32_t since,
                           uint32_t now) {
  Exposure e;
  for (size_t i = 0; i < moves.stack.size() && moves.stack[i] != kNone; ++i) {
    if (moves.first[i] > now) continue;
    const uint32_t open = std::max(since, moves.first[i]);
    if (moves.stack[i] == stack) {
      e.inner_since = open;
      e.inner_to = moves.to[i];
      continue;
    }
    ++e.outer_stacks;
    if (e.outer_since == 0 || open < e.outer_since) {
      e.outer_since = open;
      e.outer_to = moves.to[i];
    }
  }
  return e;
}

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_EXPOSURE_H_
