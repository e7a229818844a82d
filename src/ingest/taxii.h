// TAXII 2.1 collections (OASIS, https://docs.oasis-open.org/cti/taxii/v2.1/), for feed_fetch.
#ifndef DRIFTCAST_INGEST_TAXII_H_
#define DRIFTCAST_INGEST_TAXII_H_

#include <filesystem>
#include <string>

#include "http/client.h"
#include "ingest/feed_fetch.h"

namespace driftcast {

// Reads a collection's objects page by page ("more", "next", or added_after where the server gives
// no next) into a mirror below `folder`, from where the last good reading ended, and then the whole
// mirror. Pages of a reading that fails are thrown away.
Status FetchTaxii(const FeedSource& source, const HttpCall& base,
                  const std::filesystem::path& folder, const FeedMemory& memory,
                  FeedAttempt& attempt);

// OK for 200; for 304 it sets `unchanged`. Else why it is no answer, and how long to wait.
Status CheckAnswer(const HttpReply& reply, const std::string& url, FeedAttempt& attempt);

}  // namespace driftcast

#endif  // DRIFTCAST_INGEST_TAXII_H_
