// Two feeds about single CVEs, kept apart because they say different things: that a vulnerability
// is used in attacks (CISA's catalogue), and how likely it is to be within 30 days (EPSS).
#ifndef DRIFTCAST_INTEL_CVE_FEEDS_H_
#define DRIFTCAST_INTEL_CVE_FEEDS_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "intel/advisory.h"
#include "intel/json_records.h"
#include "intel/json_value.h"

namespace driftcast::intel {

// CISA's Known Exploited Vulnerabilities, the JSON catalogue.
struct KevEntry {
  std::optional<Instant> added;
  std::optional<Instant> due;  // until when US agencies must act
  bool ransomware = false;     // known to be used in ransomware campaigns
  std::string name;
};

class KevReader {
 public:
  explicit KevReader(std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes);
  // The catalogue; DataLoss when the stream ends early, InvalidArgument when it holds no entry.
  StatusOr<std::map<CveId, KevEntry>> Finish() &&;
  // When the catalogue was released, from its head; none when it does not say.
  std::optional<Instant> released() const { return released_; }

 private:
  std::function<void(FeedWarning)> warning_;
  std::map<CveId, KevEntry> entries_;
  std::string head_;  // the bytes before the first record, for the date
  std::optional<Instant> released_;
  JsonParser parser_;
  JsonRecords records_;
};

// FIRST's Exploit Prediction Scoring System, one day's CSV.
struct EpssScore {
  float probability = 0;  // of exploitation within 30 days, 0..1
  float percentile = 0;   // 0..1
};

class EpssScores {
 public:
  struct Row {
    CveId cve;
    EpssScore score;
  };

  EpssScores() = default;
  // Of a repeated CVE the last row counts.
  EpssScores(std::vector<Row> rows, std::optional<Instant> scored_at, std::string model);

  std::optional<EpssScore> Find(CveId cve) const;
  size_t size() const { return rows_.size(); }
  const std::vector<Row>& rows() const { return rows_; }
  std::optional<Instant> scored_at() const { return scored_at_; }
  // Scores of different models are not comparable: a change is a break in the series.
  const std::string& model() const { return model_; }

 private:
  std::vector<Row> rows_;  // sorted
  std::optional<Instant> scored_at_;
  std::string model_;
};

class EpssReader {
 public:
  explicit EpssReader(std::function<void(FeedWarning)> warning) : warning_(std::move(warning)) {}
  void Feed(std::string_view bytes);
  // InvalidArgument when no row could be read.
  StatusOr<EpssScores> Finish() &&;

 private:
  void Line(std::string_view line, uint64_t offset);
  void Comment(std::string_view line);

  std::function<void(FeedWarning)> warning_;
  std::string rest_;          // of a line that is not complete
  uint64_t offset_ = 0;       // bytes fed
  uint64_t line_offset_ = 0;  // where the line began
  std::vector<EpssScores::Row> rows_;
  std::optional<Instant> scored_at_;
  std::string model_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_CVE_FEEDS_H_
