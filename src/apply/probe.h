// Named points in the work at which a test can make the process end or a step fail.
#ifndef DRIFTCAST_APPLY_PROBE_H_
#define DRIFTCAST_APPLY_PROBE_H_

#include <functional>

namespace driftcast {

// What tests install; empty in the program, where a probe costs one comparison. Not thread-safe.
void SetProbe(std::function<void(const char* point)> hook);

void Probe(const char* point);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_PROBE_H_
