// Metric series on disk, and what `driftcast series` writes.
//
// Timed series: CSV with a header naming the columns `timestamp` and `value` (others are ignored),
// or without a header and then in that order. A timestamp is RFC 3339, "2026-05-01 12:00:00" with
// or without zone (UTC if without), or Unix seconds, milliseconds or microseconds (told apart by
// size). An empty value, "NaN" or "inf" is a missing value.
//
// Plain series: one per line, `id,value,value,...`, without a header; empty fields are missing
// values, and are dropped at the end of a line.
//
// Both may be gzip'd. The parsers never fail on size or speed: linear, and no larger than the text.
#ifndef DRIFTCAST_LEARN_SERIES_FILE_H_
#define DRIFTCAST_LEARN_SERIES_FILE_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace driftcast::learn {

struct TimedSeries {
  std::vector<std::string> stamps;  // as written in the file
  std::vector<Instant> times;
  std::vector<double> values;  // NaN where missing
};

struct PlainSeries {
  std::string id;
  std::vector<double> values;  // NaN where missing; never empty
};

// InvalidArgument "line N: ..." for what cannot be read. Rows keep the file's order.
StatusOr<TimedSeries> ParseTimedSeries(std::string_view text);

// InvalidArgument "line N: ...": no value, a value that is no number, an id twice.
StatusOr<std::vector<PlainSeries>> ParsePlainSeries(std::string_view text);

// "2026-05-01 12:00:00", RFC 3339 or a Unix time (see above).
StatusOr<Instant> ParseStamp(std::string_view text);

// A whole text file, gunzipped if it is gzip'd. NotFound, PermissionDenied, DataLoss for damaged
// gzip, ResourceExhausted above `bytes_max` (unpacked).
StatusOr<std::string> ReadTextFile(const std::filesystem::path& path,
                                   size_t bytes_max = size_t{1} << 30);

// Replaces or creates a text file atomically, gzip'd when its name ends with ".gz". Makes missing
// folders.
Status WriteTextFile(const std::filesystem::path& path, std::string_view text);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_SERIES_FILE_H_
