// Readers of threat intelligence: STIX 2.1, MISP events and warning lists, plain lists.
#ifndef DRIFTCAST_INTEL_INDICATOR_FEEDS_H_
#define DRIFTCAST_INTEL_INDICATOR_FEEDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "intel/advisory.h"
#include "intel/indicator.h"
#include "intel/json_records.h"
#include "intel/json_value.h"

namespace driftcast::intel {

// What a STIX pattern asks for: every value that alone is enough ("[a = 'x' OR b = 'y']", IN). None
// when it needs several things at once, a range of time, a comparison other than equality, or
// objects that hosts do not show here.
std::vector<Indicator> ReadStixPattern(std::string_view pattern);

// STIX 2.1 bundles, and the pages of TAXII 2.1 collections ("objects"). Of one id the newest
// modification counts; what is revoked is gone. Relationships and all other objects are passed
// over.
class StixReader {
 public:
  explicit StixReader(std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes) { records_.Feed(bytes); }
  // DataLoss when the stream ends early, InvalidArgument when it holds no object at all.
  StatusOr<IndicatorSet> Finish() &&;
  Instant newest() const { return newest_; }  // last modification of any object

 private:
  struct Held {
    Instant modified;
    std::vector<Indicator> indicators;
  };
  void Record(std::string_view json, uint64_t offset);

  std::function<void(FeedWarning)> warning_;
  std::map<std::string, Held> by_id_;
  uint64_t objects_ = 0;
  Instant newest_;
  JsonParser parser_;
  JsonRecords records_;
};

// MISP events (core format, with the outer "Event" or without): attributes that are meant for
// detection ("to_ids").
class MispReader {
 public:
  explicit MispReader(std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes);
  StatusOr<IndicatorSet> Finish() &&;  // as StixReader's
  Instant newest() const { return newest_; }

 private:
  void Attribute(std::string_view json, uint64_t offset);

  std::function<void(FeedWarning)> warning_;
  std::vector<Indicator> indicators_;
  uint64_t attributes_ = 0;
  Instant newest_;
  JsonParser parser_;
  JsonRecords bare_, wrapped_;
};

// MISP warning lists: what is met everywhere and points to nothing (public resolvers, update
// servers). Types "cidr", "hostname", "string" are read; "substring" and "regex" are not.
class WarningListReader {
 public:
  explicit WarningListReader(std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes) { records_.Feed(bytes); }
  StatusOr<IndicatorSet> Finish() &&;  // as StixReader's

 private:
  void Record(std::string_view json, uint64_t offset);

  std::function<void(FeedWarning)> warning_;
  std::vector<Indicator> entries_;
  JsonParser parser_;
  JsonRecords records_;
};

// One indicator a line, or CSV with a header that names the column ("dst_ip", "ip", "domain",
// "indicator", ...) and perhaps "malware", "confidence", "last_online". '#' begins a comment.
class IndicatorListReader {
 public:
  explicit IndicatorListReader(std::function<void(FeedWarning)> warning)
      : warning_(std::move(warning)) {}
  void Feed(std::string_view bytes);
  StatusOr<IndicatorSet> Finish() &&;  // InvalidArgument when no line is an indicator
  Instant newest() const { return newest_; }

 private:
  void Line(std::string_view line, uint64_t offset);
  void Header(const std::vector<std::string> &cells);

  std::function<void(FeedWarning)> warning_;
  std::vector<Indicator> indicators_;
  std::string rest_;
  uint64_t offset_ = 0, line_offset_ = 0;
  size_t value_column_ = 0;
  size_t about_column_ = SIZE_MAX, seen_column_ = SIZE_MAX;
  bool any_line_ = false;
  Instant newest_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_INDICATOR_FEEDS_H_
