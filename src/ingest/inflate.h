// Uncompresses request bodies, never beyond a bound.
#ifndef DRIFTCAST_INGEST_INFLATE_H_
#define DRIFTCAST_INGEST_INFLATE_H_

#include <string>
#include <string_view>

#include "base/status.h"

namespace driftcast::ingest {

// gzip or zlib. InvalidArgument: damaged, cut off, or with something behind it. ResourceExhausted:
// larger than `bytes_max`; no more than that was ever held.
StatusOr<std::string> Inflate(std::string_view compressed, size_t bytes_max);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_INFLATE_H_
