#include "model/exposure.h"

namespace driftcast {

bool IsStale(const FeedStatus& feed, Instant now) {
  if (feed.content.digest.empty()) return true;
  const Instant newest = feed.content.newest_at;
  return now - (newest == Instant() ? feed.content.fetched_at : newest) > feed.stale_after;
}

}  // namespace driftcast
