// Whatever an endpoint answers, in both formats.
#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "ingest/exposition_reader.h"
#include "ingest/metric_rules.h"
#include "ingest/sample_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace driftcast::ingest;  // NOLINT: a program of one function
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool open_metrics : {false, true}) {
    SampleList list;
    const auto counts = ReadExposition(
        text, {.open_metrics = open_metrics, .labels = {{"instance", "a:1"}}, .at_ns = 1}, list);
    for (const auto& [labels, sample] : list.samples()) {
      DRIFTCAST_CHECK(!labels.metric.empty() && sample.at_ns >= 0);
      (void)MetricRules::Default().Place(labels);
    }
    if (counts.ok())
      DRIFTCAST_CHECK(counts->points == counts->skipped + list.samples().size(), "lost samples");
  }
  return 0;
}
