// Feeds in files: plain or compressed (gzip, xz, zstd, bzip2), or archives of such (zip, tar).
#ifndef DRIFTCAST_INGEST_FEED_FILE_H_
#define DRIFTCAST_INGEST_FEED_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "intel/feed_parser.h"

namespace driftcast {

struct FeedFileLimits {
  uint64_t bytes_max = uint64_t{16} << 30;  // unpacked: more is taken for an attack
  uint64_t entries_max = 2'000'000;         // of an archive
};

struct FeedFile {
  std::string format;
  intel::ParsedFeed feed;
  uint64_t bytes = 0;  // unpacked
};

// Reads files that together are one feed, in this order. `format` empty: as the first looks.
// Memory: the result, one record and the unpacker's window, however large the files are. NotFound,
// PermissionDenied; InvalidArgument: no format fits, or nothing could be used; DataLoss: a file is
// damaged or ends early; ResourceExhausted: beyond a limit.
StatusOr<FeedFile> ReadFeedFiles(const std::vector<std::filesystem::path>& files,
                                 std::string format, const FeedFileLimits& limits = {});

}  // namespace driftcast

#endif  // DRIFTCAST_INGEST_FEED_FILE_H_
