#include "intel/osv_reader.h"

#include <algorithm>
#include <utility>

#include "intel/json_value.h"

namespace driftcast::intel {
namespace {

using nlohmann::json;

constexpr size_t kSummaryBytesMax = 200;

// Events come in pairs: what is introduced ends with the next "fixed" or "last_affected".
std::vector<VersionRange> ReadRange(const json& range) {
  std::vector<VersionRange> ranges;
  const std::string type = Text(range, "type");
  if (type != "ECOSYSTEM" && type != "SEMVER") return ranges;
  bool open = false;
  for (const json& event : Member(range, "events")) {
    if (const std::string at = Text(event, "introduced"); !at.empty()) {
      if (open) continue;  // introduced again before it was fixed
      ranges.push_back({at, "", ""});
      open = true;
    } else if (const std::string fixed = Text(event, "fixed"); !fixed.empty()) {
      if (!open) ranges.push_back({});
      ranges.back().fixed = fixed;
      open = false;
    } else if (const std::string last = Text(event, "last_affected"); !last.empty()) {
      if (!open) ranges.push_back({});
      ranges.back().last_affected = last;
      open = false;
    }
  }
  return ranges;
}

AffectedPackage ReadAffected(const json& affected) {
  AffectedPackage package;
  const json& name = Member(affected, "package");
  package.ecosystem = Text(name, "ecosystem");
  package.name = Text(name, "name");
  for (const json& range : Member(affected, "ranges"))
    for (VersionRange& one : ReadRange(range)) package.ranges.push_back(std::move(one));
  for (const json& version : Member(affected, "versions"))
    if (version.is_string()) package.versions.push_back(version.get<std::string>());
  return package;
}

void AddCves(const json& ids, std::vector<CveId>* cves) {
  for (const json& id : ids)
    if (id.is_string())
      if (const auto cve = ParseCveId(id.get_ref<const std::string&>())) cves->push_back(*cve);
}

std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  if (text.size() <= kSummaryBytesMax) return text;
  size_t end = kSummaryBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

OsvReader::OsvReader(std::function<void(Advisory)> advisory,
                     std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      records_(
          0, kFeedRecordBytesMax,
          [this, give = std::move(advisory)](std::string_view record, uint64_t offset) {
            auto read = ReadOsvRecord(record);
            if (read.ok())
              give(*std::move(read));
            else
              warning_({offset, Message(read.status())});
          },
          [this](uint64_t offset) {
            warning_({offset, "a record is too large"});
          }) {}

Status OsvReader::Finish() const {
  if (records_.complete()) return Ok();
  return DataLoss("the feed ends within a record, after {} bytes", records_.offset());
}

StatusOr<Advisory> ReadOsvRecord(std::string_view text) {
  const json record = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return InvalidArgument("a record is no JSON object");
  Advisory advisory;
  advisory.id = Text(record, "id");
  if (advisory.id.empty()) return InvalidArgument("a record has no id");
  if (const auto own = ParseCveId(advisory.id)) advisory.cves.push_back(*own);
  AddCves(Member(record, "aliases"), &advisory.cves);
  AddCves(Member(record, "upstream"), &advisory.cves);
  std::sort(advisory.cves.begin(), advisory.cves.end());
  advisory.cves.erase(std::unique(advisory.cves.begin(), advisory.cves.end()), advisory.cves.end());
  advisory.published = Time(record, "published");
  advisory.modified = Time(record, "modified");
  advisory.withdrawn = !Text(record, "withdrawn").empty();
  const std::string summary = Text(record, "summary");
  advisory.summary = OneLine(summary.empty() ? Text(record, "details") : summary);
  for (const json& affected : Member(record, "affected")) {
    AffectedPackage package = ReadAffected(affected);
    if (!package.name.empty()) advisory.affected.push_back(std::move(package));
  }
  return advisory;
}

}  // namespace driftcast::intel
