// Which feeds a site reads, from where and how often: one TOML file.
//
//   proxy = "http://proxy.example:3128"   # optional; else the environment's
//   [[feed]]
//   name = "kev"
//   format = "kev"                        # optional where the content tells
//   url = "https://..."                   # or taxii = "https://.../collections/ID/", or
//                                         # files = ["/srv/mirror/debian/*.json"]
//   every = "6h"
#ifndef DRIFTCAST_INGEST_FEED_CONFIG_H_
#define DRIFTCAST_INGEST_FEED_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace driftcast {

struct FeedSource {
  std::string name;
  std::string format;               // empty = as the content looks
  std::string url;                  // https or http; one of url, taxii and files
  std::string taxii;                // of a TAXII 2.1 collection
  std::vector<std::string> files;   // '*' in the last part; a folder stands for all in it
  std::string sha256;               // what the content must have, hex, or an address that tells it
  std::string user, password_file;  // basic authentication
  std::string token_file;           // "Authorization: Bearer ..." instead
  std::string ca_file;              // PEM that alone is trusted
  Duration every = kHour * 6;
  Duration stale_after{0};                 // zero = by format
  Duration timeout = kMinute * 30;         // of one attempt
  uint64_t bytes_max = uint64_t{2} << 30;  // as transferred
};

struct FeedConfig {
  std::string proxy;  // empty = as the environment says
  std::vector<FeedSource> feeds;
};

// InvalidArgument: names the line and what is wrong with it. Unknown entries are wrong.
StatusOr<FeedConfig> ParseFeedConfig(std::string_view toml);

}  // namespace driftcast

#endif  // DRIFTCAST_INGEST_FEED_CONFIG_H_
