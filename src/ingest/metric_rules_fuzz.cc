// Whatever a file of rules holds.
#include <cstddef>
#include <cstdint>

#include "ingest/metric_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast::ingest;  // NOLINT: a program of one function
  const auto rules = MetricRules::Parse({reinterpret_cast<const char*>(data), size});
  if (!rules.ok()) return 0;
  (void)rules->Place({"node_load1",
                      SampleType::kGauge,
                      {{"host.name", "web-7"}},
                      {{"instance", "web-7:9100"}, {"job", "node"}, {"mountpoint", "/"}}});
  return 0;
}
