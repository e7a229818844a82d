// Finds the points of one series among the stored ones of its stack, without decoding the others: a
// stack may have thousands of series, and a day of them is a lot of bytes.
#ifndef DRIFTCAST_ENGINE_POINTS_SCAN_H_
#define DRIFTCAST_ENGINE_POINTS_SCAN_H_

#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/view.h"

namespace driftcast {

// Appends the series' points of one stored fact. DataLoss when the bytes are no fact.
Status AppendPoints(std::string_view fact_bytes, const SeriesRow& series,
                    std::vector<SeriesPoint>& points);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_POINTS_SCAN_H_
