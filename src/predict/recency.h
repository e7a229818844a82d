// Bins of the time since a resource last changed.
#ifndef DRIFTCAST_PREDICT_RECENCY_H_
#define DRIFTCAST_PREDICT_RECENCY_H_

#include <array>
#include <cstdint>

#include "predict/fleet_records.h"

namespace driftcast::predict {

// 0: within a day, then 2, 4, 8, 16, 40, 120 days, older; 8: never changed.
inline int RecencyBin(uint32_t last, uint32_t now, bool ever) {
  if (!ever) return 8;
  if (last == 0) return 7;  // older than what is remembered
  constexpr std::array<uint32_t, 7> kEdgesDays = {1, 2, 4, 8, 16, 40, 120};
  const uint32_t age = now > last ? now - last : 0;
  int bin = 0;
  while (bin < 7 && age >= kEdgesDays[bin] * kDay32) ++bin;
  return bin;
}

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_RECENCY_H_
