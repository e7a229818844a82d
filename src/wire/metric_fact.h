// Facts with metric points, written without a protobuf message in between: an engine stores every
// point, and making thousands of small objects costs several times what writing their bytes does.
#ifndef DRIFTCAST_WIRE_METRIC_FACT_H_
#define DRIFTCAST_WIRE_METRIC_FACT_H_

#include <string>

#include "model/fact.h"

namespace driftcast {

// The bytes that the v1.Fact of `fact` has, to the bit (fields in order, defaults left out).
// `body` is the fact's; the fact has no fields that this version does not know.
std::string EncodeMetricFact(const Fact& fact, const MetricsObserved& body);

}  // namespace driftcast

#endif  // DRIFTCAST_WIRE_METRIC_FACT_H_
