// What to scrape, as a line that people write:
//
//   http://127.0.0.1:9100/metrics  job=node  every=15s  host.name=web-7
//
// "every" (default 15s), "timeout" (default 10s) and "token_file" are settings; every other word
// is a label that all samples get, as the rules see them. Without them there are `instance`
// (host:port of the URL) and `job` (the host); an address of this machine gets its name as
// `nodename`, unless a label says otherwise.
#ifndef DRIFTCAST_INGEST_SCRAPE_TARGET_H_
#define DRIFTCAST_INGEST_SCRAPE_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "ingest/metric_sample.h"

namespace driftcast::ingest {

struct ScrapeTarget {
  std::string url;
  std::vector<Label> labels;  // sorted by name
  Duration every = 15 * kSecond;
  Duration timeout = 10 * kSecond;
  std::string token_file;  // its content is sent as a bearer token; empty = none
};

// `host_name`: of this machine. InvalidArgument says what is wrong with the line.
StatusOr<ScrapeTarget> ParseScrapeTarget(std::string_view line, const std::string& host_name);

// A file of such lines; '#' begins a comment. InvalidArgument names the line.
StatusOr<std::vector<ScrapeTarget>> ParseScrapeFile(std::string_view text,
                                                    const std::string& host_name);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_SCRAPE_TARGET_H_
