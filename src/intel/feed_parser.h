// Reads a feed of any format that is known here, as a stream of bytes, into its content.
#ifndef DRIFTCAST_INTEL_FEED_PARSER_H_
#define DRIFTCAST_INTEL_FEED_PARSER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "intel/advisory.h"

namespace driftcast::intel {

// A feed that was read.
struct ParsedFeed {
  std::string content;  // for Knowledge::Put
  uint64_t records = 0;
  uint64_t warnings = 0;                     // records that could not be used
  std::vector<std::string> warning_samples;  // the first 20: "byte 1234: a record has no id"
  Instant newest_at;                         // of the newest record; epoch = the feed does not say
};

// Memory: the result, and one record (at most 8 MiB). What is broken is counted and passed over.
class FeedParser {
 public:
  virtual ~FeedParser() = default;
  virtual void Feed(std::string_view bytes) = 0;
  // Ends the stream. DataLoss when it ends in the middle, InvalidArgument when nothing could be
  // used: such a feed must not replace a good one.
  virtual StatusOr<ParsedFeed> Finish() = 0;
};

// The formats: "osv" (OSV and GitHub advisories), "debian-tracker", "kev", "epss", "nvd",
// "eol" (endoflife.date), "stix" (bundles and TAXII pages), "misp" (events), "warninglist"
// (MISP's), "indicators" (plain lists and CSV).
const std::vector<std::string_view>& FeedFormats();

// InvalidArgument for a format that is not known.
StatusOr<std::unique_ptr<FeedParser>> MakeFeedParser(std::string_view format);

// The format of a feed by its first bytes (64 KiB are enough); empty when it looks like none.
std::string_view DetectFeedFormat(std::string_view head);

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_FEED_PARSER_H_
