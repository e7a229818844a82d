// NVD's CVE API 2.0 answers: of each CVE how severe it is found (CVSS) and when it was published.
// Which packages are affected is taken from the distributions' own feeds: NVD's product ranges do
// not know backports.
#ifndef DRIFTCAST_INTEL_CVSS_FEED_H_
#define DRIFTCAST_INTEL_CVSS_FEED_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "intel/advisory.h"
#include "intel/json_records.h"
#include "intel/json_value.h"

namespace driftcast::intel {

struct CvssScore {
  float base = 0;        // 0 to 10; of the newest version of CVSS that the record has
  bool network = false;  // it is attacked over a network (AV:N)
  Instant published;     // epoch = not said
};

class CvssScores {
 public:
  struct Row {
    CveId cve;
    CvssScore score;
  };
  CvssScores() = default;
  explicit CvssScores(std::vector<Row> rows);  // of a repeated CVE the last counts
  std::optional<CvssScore> Find(CveId cve) const;
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;  // sorted
};

// Reads one answer after another, whole answers or the pages of one.
class NvdReader {
 public:
  explicit NvdReader(std::function<void(FeedWarning)> warning);
  void Feed(std::string_view bytes) { records_.Feed(bytes); }
  // DataLoss when the stream ends early, InvalidArgument when no CVE could be read.
  StatusOr<CvssScores> Finish() &&;
  Instant newest() const { return newest_; }  // last modification of any; epoch = not said

 private:
  void Record(std::string_view json, uint64_t offset);

  std::function<void(FeedWarning)> warning_;
  std::vector<CvssScores::Row> rows_;
  Instant newest_;
  JsonParser parser_;
  JsonRecords records_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_CVSS_FEED_H_
