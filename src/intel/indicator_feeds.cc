#include "intel/indicator_feeds.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

constexpr size_t kLineBytesMax = 8192;

std::optional<IndicatorType> TypeOfMisp(std::string_view type) {
  if (type == "ip-src" || type == "ip-dst") return IndicatorType::kAddress;
  if (type == "domain" || type == "hostname") return IndicatorType::kDomain;
  if (type == "url") return IndicatorType::kUrl;
  if (type == "md5" || type == "sha1" || type == "sha256") return IndicatorType::kHash;
  if (type == "target-user" || type == "github-username") return IndicatorType::kUser;
  return std::nullopt;
}

// MISP writes seconds since 1970 as text.
Instant EpochSeconds(std::string_view text) {
  int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool ok = read.ec == std::errc() && seconds > 0 && seconds < (int64_t{1} << 40);
  return ok ? FromUnixSeconds(seconds) : Instant();
}

// The cells of a line: comma, semicolon or blanks between them, quotes around them.
std::vector<std::string> Cells(std::string_view line, size_t max) {
  std::vector<std::string> cells;
  const bool comma = line.find(',') != std::string_view::npos;
  const std::string_view separators = comma ? "," : line.find(';') != line.npos ? ";" : " \t";
  while (!line.empty() && cells.size() < max) {
    std::string cell;
    if (line[0] == '"') {
      const size_t end = line.find('"', 1);
      cell = line.substr(1, end == line.npos ? end : end - 1);
      line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    const size_t end = std::min(line.find_first_of(separators), line.size());
    cell += line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    const size_t begin = cell.find_first_not_of(" \t");
    const size_t last = cell.find_last_not_of(" \t");
    cell = begin == std::string::npos ? "" : cell.substr(begin, last + 1 - begin);
    if (!cell.empty() || comma) cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace

MispReader::MispReader(std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      bare_(
          2, kFeedRecordBytesMax,
          [this](std::string_view record, uint64_t offset) {
            if (bare_.key(1) == "Attribute") Attribute(record, offset);
          },
          [](uint64_t) {}),
      wrapped_(
          3, kFeedRecordBytesMax,
          [this](std::string_view record, uint64_t offset) {
            if (wrapped_.key(2) == "Attribute") Attribute(record, offset);
          },
          [this](uint64_t offset) {
            warning_({offset, "an attribute is too large"});
          }) {}

void MispReader::Feed(std::string_view bytes) {
  bare_.Feed(bytes);
  wrapped_.Feed(bytes);
}

void MispReader::Attribute(std::string_view json, uint64_t offset) {
  const auto attribute = parser_.Parse(json);
  if (!attribute) return warning_({offset, "an attribute cannot be read"});
  ++attributes_;
  newest_ = std::max(newest_, EpochSeconds(Text(*attribute, "timestamp")));
  const auto type = TypeOfMisp(Text(*attribute, "type"));
  if (!type || !IsTrue(*attribute, "to_ids")) return;
  auto indicator = CanonicalIndicator(Text(*attribute, "value"), type);
  if (!indicator) return warning_({offset, "an attribute's value is not of its type"});
  const std::string comment = OneLine(Text(*attribute, "comment"), 120);
  indicator->about = comment.empty() ? OneLine(Text(*attribute, "category"), 120) : comment;
  indicators_.push_back(*std::move(indicator));
}

StatusOr<IndicatorSet> MispReader::Finish() && {
  if (!wrapped_.complete())
    return DataLoss("the event ends early, after {} bytes", wrapped_.offset());
  if (attributes_ == 0) return InvalidArgument("the event holds no attribute");
  return IndicatorSet(std::move(indicators_));
}

WarningListReader::WarningListReader(std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      records_(
          0, kFeedRecordBytesMax,
          [this](std::string_view record, uint64_t offset) { Record(record, offset); },
          [this](uint64_t offset) {
            warning_({offset, "a list is too large"});
          }) {}

void WarningListReader::Record(std::string_view json, uint64_t offset) {
  const auto list = parser_.Parse(json);
  if (!list) return warning_({offset, "a list cannot be read"});
  const std::string_view type = Text(*list, "type");
  const std::string name = OneLine(Text(*list, "name"), 120);
  if (type != "cidr" && type != "hostname" && type != "string")
    return warning_({offset, "'" + name + "' is of a type that is not used here"});
  EachItem(*list, "list", [&](JsonElement item) {
    auto entry = CanonicalIndicator(Text(item));
    if (!entry) return;  // strings may be anything
    entry->about = name;
    entries_.push_back(*std::move(entry));
  });
}

StatusOr<IndicatorSet> WarningListReader::Finish() && {
  if (!records_.complete())
    return DataLoss("the list ends early, after {} bytes", records_.offset());
  if (entries_.empty()) return InvalidArgument("the list holds nothing that can be compared");
  return IndicatorSet(std::move(entries_));
}

void IndicatorListReader::Feed(std::string_view bytes) {
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

void IndicatorListReader::Header(const std::vector<std::string>& cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    for (const char* name : {"dst_ip", "ip", "ip_address", "domain", "host", "indicator", "value",
                             "ioc", "url", "sha256_hash", "sha256", "md5_hash"})
      if (cells[i] == name) value_column_ = i;
    if (cells[i] == "malware" || cells[i] == "signature" || cells[i] == "description")
      about_column_ = i;
    if (cells[i] == "last_online" || cells[i] == "last_seen") seen_column_ = i;
  }
}

void IndicatorListReader::Line(std::string_view line, uint64_t offset) {
  while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  if (line.empty() || line[0] == '#' || line[0] == ';') return;
  const auto cells = Cells(line, 32);
  const auto cell = [&](size_t i) { return i < cells.size() ? cells[i] : std::string(); };
  auto indicator = CanonicalIndicator(cell(value_column_));
  if (!indicator && !any_line_) {
    any_line_ = true;
    return Header(cells);
  }
  any_line_ = true;
  if (!indicator) return warning_({offset, "a line is no indicator"});
  indicator->about = OneLine(cell(about_column_), 120);
  if (const auto seen = ParseInstant(cell(seen_column_)); seen.ok())
    newest_ = std::max(newest_, *seen);
  indicators_.push_back(*std::move(indicator));
}

StatusOr<IndicatorSet> IndicatorListReader::Finish() && {
  if (!rest_.empty()) Line(std::exchange(rest_, ""), line_offset_);
  if (indicators_.empty()) return InvalidArgument("no line of the list is an indicator");
  return IndicatorSet(std::move(indicators_));
}

}  // namespace driftcast::intel
