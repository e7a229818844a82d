#include "intel/cvss_feed.h"

#include <algorithm>
#include <utility>

#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

// NVD writes no zone: it means UTC.
Instant TimeOf(JsonElement cve, std::string_view key) {
  const std::string text(Text(cve, key));
  if (text.empty()) return {};
  auto at = ParseInstant(text);
  if (!at.ok()) at = ParseInstant(text + "Z");
  return at.ok() ? *at : Instant();
}

bool IsNetwork(std::string_view vector) { return vector.find("AV:N") != std::string_view::npos; }

// NVD's own rating, else the first.
void ReadMetric(JsonElement metrics, const char* version, CvssScore& score) {
  bool primary = false, any = false;
  EachItem(metrics, version, [&](JsonElement metric) {
    const auto data = Member(metric, "cvssData");
    const auto base = data ? Number(*data, "baseScore") : std::nullopt;
    const bool is_primary = Text(metric, "type") == "Primary";
    if (!base || *base < 0 || *base > 10 || (any && (primary || !is_primary))) return;
    score.base = static_cast<float>(*base);
    score.network = IsNetwork(Text(*data, "vectorString"));
    any = true;
    primary = is_primary;
  });
}

}  // namespace

CvssScores::CvssScores(std::vector<Row> rows) : rows_(std::move(rows)) {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const Row& a, const Row& b) { return a.cve < b.cve; });
  const auto last = std::unique(rows_.rbegin(), rows_.rend(),
                                [](const Row& a, const Row& b) { return a.cve == b.cve; });
  rows_.erase(rows_.begin(), last.base());
  rows_.shrink_to_fit();
}

std::optional<CvssScore> CvssScores::Find(CveId cve) const {
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), cve,
                                      [](const Row& row, CveId id) { return row.cve < id; });
  if (found == rows_.end() || found->cve != cve) return std::nullopt;
  return found->score;
}

NvdReader::NvdReader(std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      records_(
          2, kFeedRecordBytesMax,
          [this](std::string_view record, uint64_t offset) { Record(record, offset); },
          [this](uint64_t offset) {
            warning_({offset, "a record is too large"});
          }) {}

void NvdReader::Record(std::string_view json, uint64_t offset) {
  if (records_.key(1) != "vulnerabilities") return;
  const auto record = parser_.Parse(json);
  const auto cve = record ? Member(*record, "cve") : std::nullopt;
  const auto id = cve ? ParseCveId(Text(*cve, "id")) : std::nullopt;
  if (!id) return warning_({offset, "a record has no CVE id"});
  CvssScore score;
  score.published = TimeOf(*cve, "published");
  newest_ = std::max(newest_, TimeOf(*cve, "lastModified"));
  // Oldest version first: the newest that is there stays.
  if (const auto metrics = Member(*cve, "metrics"))
    for (const char* version : {"cvssMetricV2", "cvssMetricV30", "cvssMetricV31", "cvssMetricV40"})
      ReadMetric(*metrics, version, score);
  if (Text(*cve, "vulnStatus") != "Rejected") rows_.push_back({*id, score});
}

StatusOr<CvssScores> NvdReader::Finish() && {
  if (!records_.complete())
    return DataLoss("the answer ends early, after {} bytes", records_.offset());
  if (rows_.empty()) return InvalidArgument("the answer holds no CVE");
  return CvssScores(std::move(rows_));
}

}  // namespace driftcast::intel
