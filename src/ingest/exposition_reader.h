// Reads what Prometheus endpoints say of themselves: the text format 0.0.4 and OpenMetrics 1.0.
//
//   # TYPE http_requests_total counter
//   http_requests_total{method="post",code="200"} 1027 1395066363000
//
// Names in quotes ({"a.name",label="x"}) are read as well. Buckets of histograms, _created times
// and exemplars are passed over. Formats:
// https://prometheus.io/docs/instrumenting/exposition_formats and
// https://prometheus.io/docs/specs/om/open_metrics_spec
#ifndef DRIFTCAST_INGEST_EXPOSITION_READER_H_
#define DRIFTCAST_INGEST_EXPOSITION_READER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/metric_sample.h"

namespace driftcast::ingest {

struct ExpositionOptions {
  bool open_metrics = false;       // times are seconds, and "# EOF" must end the text
  std::vector<Label> labels = {};  // of every sample, unless it has the label itself
  int64_t at_ns = 0;               // of samples without a time of their own
};

struct ExpositionCounts {
  uint64_t points = 0;   // samples seen, taken or not
  uint64_t skipped = 0;  // of them: buckets, _created times
};

// Tells `sink` every sample, in order. InvalidArgument names the first line that cannot be read, or
// a missing end; samples before it have been told by then. Pure but for the sink.
StatusOr<ExpositionCounts> ReadExposition(std::string_view text, const ExpositionOptions& options,
                                          SampleSink& sink);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_EXPOSITION_READER_H_
