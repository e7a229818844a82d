#include "intel/cve_feeds.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

constexpr size_t kHeadBytes = 4096;
constexpr size_t kLineBytesMax = 4096;

// The text value of `"key": "..."` in a piece of JSON; empty without it.
std::string_view ValueInHead(std::string_view head, std::string_view key) {
  const size_t at = head.find("\"" + std::string(key) + "\"");
  if (at == std::string_view::npos) return {};
  const size_t begin = head.find('"', head.find(':', at));
  if (begin == std::string_view::npos) return {};
  const size_t end = head.find('"', begin + 1);
  return end == std::string_view::npos ? std::string_view{}
                                       : head.substr(begin + 1, end - begin - 1);
}

// "key:value" in an EPSS comment.
std::string_view ValueInComment(std::string_view line, std::string_view key) {
  const size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find_first_of(", "));
}

bool ParseShare(std::string_view text, float* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value >= 0 && *value <= 1;
}

}  // namespace

KevReader::KevReader(std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      records_(
          2, kFeedRecordBytesMax,
          [this](std::string_view text, uint64_t offset) {
            const auto record = parser_.Parse(text);
            const auto cve = record ? ParseCveId(Text(*record, "cveID")) : std::nullopt;
            if (!cve) return warning_({offset, "an entry has no CVE id"});
            entries_[*cve] = {Time(*record, "dateAdded"), Time(*record, "dueDate"),
                              Text(*record, "knownRansomwareCampaignUse") == "Known",
                              OneLine(Text(*record, "vulnerabilityName"), 200)};
          },
          [this](uint64_t offset) {
            warning_({offset, "an entry is too large"});
          }) {}

void KevReader::Feed(std::string_view bytes) {
  if (head_.size() < kHeadBytes) {
    head_ += bytes.substr(0, kHeadBytes - head_.size());
    const auto at = ParseInstant(ValueInHead(head_, "dateReleased"));
    if (at.ok()) released_ = *at;
  }
  records_.Feed(bytes);
}

StatusOr<std::map<CveId, KevEntry>> KevReader::Finish() && {
  if (!records_.complete())
    return DataLoss("the catalogue ends early, after {} bytes", records_.offset());
  if (entries_.empty()) return InvalidArgument("the catalogue holds no entry");
  return std::move(entries_);
}

EpssScores::EpssScores(std::vector<Row> rows, std::optional<Instant> scored_at, std::string model)
    : rows_(std::move(rows)), scored_at_(scored_at), model_(std::move(model)) {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const Row& a, const Row& b) { return a.cve < b.cve; });
  const auto last = std::unique(rows_.rbegin(), rows_.rend(),
                                [](const Row& a, const Row& b) { return a.cve == b.cve; });
  rows_.erase(rows_.begin(), last.base());
  rows_.shrink_to_fit();
}

std::optional<EpssScore> EpssScores::Find(CveId cve) const {
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), cve,
                                      [](const Row& row, CveId id) { return row.cve < id; });
  if (found == rows_.end() || found->cve != cve) return std::nullopt;
  return found->score;
}

void EpssReader::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (rest_.size() + part.size() <= kLineBytesMax) rest_ += part;
    offset_ += part.size();
    if (end == std::string_view::npos) return;
    Line(std::exchange(rest_, ""), line_offset_);
    line_offset_ = ++offset_;
    bytes.remove_prefix(end + 1);
  }
}

void EpssReader::Comment(std::string_view line) {
  if (const auto model = ValueInComment(line, "model_version:"); !model.empty()) model_ = model;
  const auto at = ParseInstant(ValueInComment(line, "score_date:"));
  if (at.ok()) scored_at_ = *at;
}

void EpssReader::Line(std::string_view line, uint64_t offset) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.starts_with("cve,")) return;
  if (line.starts_with('#')) return Comment(line);
  const size_t first = line.find(',');
  const size_t second = first == std::string_view::npos ? first : line.find(',', first + 1);
  EpssScores::Row row;
  const auto cve = ParseCveId(line.substr(0, std::min(first, line.size())));
  const bool ok = cve && second != std::string_view::npos &&
                  ParseShare(line.substr(first + 1, second - first - 1), &row.score.probability) &&
                  ParseShare(line.substr(second + 1), &row.score.percentile);
  if (!ok) return warning_({offset, "a line is no score"});
  row.cve = *cve;
  rows_.push_back(row);
}

StatusOr<EpssScores> EpssReader::Finish() && {
  if (!rest_.empty()) Line(std::exchange(rest_, ""), line_offset_);
  if (rows_.empty()) return InvalidArgument("the feed holds no score");
  return EpssScores(std::move(rows_), scored_at_, std::move(model_));
}

}  // namespace driftcast::intel
