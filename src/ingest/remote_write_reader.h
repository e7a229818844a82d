// Reads Prometheus remote write 1.0: a WriteRequest, as one Snappy block on the wire.
#ifndef DRIFTCAST_INGEST_REMOTE_WRITE_READER_H_
#define DRIFTCAST_INGEST_REMOTE_WRITE_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "ingest/metric_sample.h"

namespace driftcast::ingest {

struct RemoteWriteCounts {
  uint64_t points = 0;    // samples seen, taken or not
  uint64_t stale = 0;     // of them: markers that the series has ended
  uint64_t buckets = 0;   // of them: of histogram buckets, which are not taken
  uint64_t unusable = 0;  // of them: of series without a name
};

// Tells `sink` every sample, in order. InvalidArgument when the bytes are no such message; samples
// before the damage have been told by then. Pure but for the sink.
StatusOr<RemoteWriteCounts> ReadRemoteWrite(std::string_view bytes, SampleSink& sink);

// The uncompressed block. InvalidArgument: not Snappy's block format. ResourceExhausted: it says
// that it is larger than `bytes_max`; nothing is decompressed then.
StatusOr<std::string> Unsnappy(std::string_view compressed, size_t bytes_max);

// Whether, by the naming conventions of Prometheus, a metric is a counter: *_total, *_count, *_sum.
// Remote write 1.0 has no types with its samples.
bool IsCounterName(std::string_view metric);
// A series of one bucket of a histogram: *_bucket.
bool IsBucketName(std::string_view metric);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_REMOTE_WRITE_READER_H_
