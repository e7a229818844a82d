// Content of feeds on its way in: larger than one request may be, so it comes in pieces.
#ifndef DRIFTCAST_WEB_FEED_UPLOADS_H_
#define DRIFTCAST_WEB_FEED_UPLOADS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"

namespace driftcast {

// One upload at a time, named by the SHA-256 of the whole. A second one waits until the first is
// taken or has been silent for `kPatience`. Thread-safe.
class FeedUploads {
 public:
  static constexpr size_t kBytesMax = 512 << 20;
  static constexpr Duration kPatience = kMinute;

  // Adds the piece that begins at `offset`, 0 for the first. Returns how much is there now.
  // FailedPrecondition: the offset is not where the last piece ended. ResourceExhausted: another
  // upload is under way, or the whole is too large.
  StatusOr<uint64_t> Add(const std::string& digest, uint64_t offset, std::string_view bytes,
                         Instant now) DRIFTCAST_EXCLUDES(mutex_);

  // The whole, which is forgotten here. NotFound: nothing of that digest was uploaded. DataLoss:
  // the bytes are not those of the digest.
  StatusOr<std::string> Take(const std::string& digest) DRIFTCAST_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::string digest_ DRIFTCAST_GUARDED_BY(mutex_);  // empty = none under way
  std::string bytes_ DRIFTCAST_GUARDED_BY(mutex_);
  Instant last_at_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_FEED_UPLOADS_H_
