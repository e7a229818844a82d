// One attempt to read a feed from where its configuration says.
#ifndef DRIFTCAST_INGEST_FEED_FETCH_H_
#define DRIFTCAST_INGEST_FEED_FETCH_H_

#include <filesystem>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "ingest/feed_config.h"
#include "ingest/feed_file.h"

namespace driftcast {

// What is remembered of a feed between attempts, so that nothing is transferred twice. As a line of
// text and back; what cannot be read is as nothing.
struct FeedMemory {
  std::string source;         // the rest is about this address; of another it means nothing
  std::string etag;           // of the content in use
  std::string last_modified;  // the same, as the server worded it
  std::string added_after;    // TAXII: everything up to here is in the mirror
  std::string ToText() const;
  static FeedMemory FromText(const std::string& text);
};

struct FeedAttempt {
  Status status = Ok();  // why it failed; the content in use stays
  bool unchanged = false;
  FeedFile file;            // with a good attempt that is not unchanged
  FeedMemory memory;        // to be kept when the content was taken
  std::string source;       // for people
  Duration retry_after{0};  // the server wants to be left alone for this long
};

// Reads the feed. `folder` is for files on their way and for mirrors of TAXII collections; it is
// made when missing. Blocks until done, at most `source.timeout` per transfer. Never more than
// `source.bytes_max` on disk. With a checksum, the content is used only when it fits.
FeedAttempt FetchFeed(const FeedSource& source, const std::string& proxy,
                      const std::filesystem::path& folder, const FeedMemory& memory);

}  // namespace driftcast

#endif  // DRIFTCAST_INGEST_FEED_FETCH_H_
