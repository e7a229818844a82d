#include "web/feed_uploads.h"

#include <utility>

#include "base/crypto.h"

namespace driftcast {

StatusOr<uint64_t> FeedUploads::Add(const std::string& digest, uint64_t offset,
                                    std::string_view bytes, Instant now) {
  const MutexLock lock(mutex_);
  const bool other = !digest_.empty() && digest_ != digest;
  if (other && now < last_at_ + kPatience)
    return ResourceExhausted("another feed is being uploaded; try again shortly");
  if (offset == 0) {
    digest_ = digest;
    bytes_.clear();
  }
  if (digest_ != digest || offset != bytes_.size())
    return FailedPrecondition("the piece at byte {} does not follow the one before; begin again",
                              offset);
  if (bytes_.size() + bytes.size() > kBytesMax)
    return ResourceExhausted("a feed's content may have at most {} bytes", kBytesMax);
  bytes_ += bytes;
  last_at_ = now;
  return bytes_.size();
}

StatusOr<std::string> FeedUploads::Take(const std::string& digest) {
  const MutexLock lock(mutex_);
  if (digest_.empty() || digest_ != digest)
    return NotFound("no content of the digest {} was uploaded", digest);
  digest_.clear();
  std::string bytes = std::exchange(bytes_, {});
  if (Hex(Sha256(bytes)) != digest)
    return DataLoss("the bytes that were uploaded are not those of {}", digest);
  return bytes;
}

}  // namespace driftcast
