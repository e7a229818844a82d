#include "intel/osv_reader.h"

#include <algorithm>
#include <utility>

namespace driftcast::intel {
namespace {

constexpr size_t kSummaryBytesMax = 200;

// Events come in pairs: what is introduced ends with the next "fixed" or "last_affected".
void ReadRange(JsonElement range, std::vector<VersionRange>& ranges) {
  const std::string_view type = Text(range, "type");
  if (type != "ECOSYSTEM" && type != "SEMVER") return;
  bool open = false;
  EachItem(range, "events", [&](JsonElement event) {
    if (const auto at = Text(event, "introduced"); !at.empty()) {
      if (open) return;  // introduced again before it was fixed
      ranges.push_back({std::string(at), "", ""});
      open = true;
    } else if (const auto fixed = Text(event, "fixed"); !fixed.empty()) {
      if (!open) ranges.push_back({});
      ranges.back().fixed = fixed;
      open = false;
    } else if (const auto last = Text(event, "last_affected"); !last.empty()) {
      if (!open) ranges.push_back({});
      ranges.back().last_affected = last;
      open = false;
    }
  });
}

// Debian and Ubuntu say how urgent they find it for each package, GitHub for the whole record.
std::string_view UrgencyOf(JsonElement record, JsonElement affected) {
  for (const char* place : {"ecosystem_specific", "database_specific"})
    if (const auto own = Member(affected, place))
      if (const auto text = Text(*own, "urgency"); !text.empty()) return text;
  const auto database = Member(record, "database_specific");
  return database ? Text(*database, "severity") : std::string_view{};
}

AffectedPackage ReadAffected(JsonElement record, JsonElement affected) {
  AffectedPackage package;
  if (const auto name = Member(affected, "package")) {
    package.ecosystem = OneLine(Text(*name, "ecosystem"), 100);
    package.name = OneLine(Text(*name, "name"), 300);
  }
  EachItem(affected, "ranges", [&](JsonElement range) { ReadRange(range, package.ranges); });
  EachItem(affected, "versions", [&](JsonElement version) {
    if (const auto text = Text(version); !text.empty()) package.versions.emplace_back(text);
  });
  package.urgency = OneLine(UrgencyOf(record, affected), 40);
  return package;
}

void AddCves(JsonElement record, std::string_view key, std::vector<CveId>* cves) {
  EachItem(record, key, [&](JsonElement id) {
    if (const auto cve = ParseCveId(Text(id))) cves->push_back(*cve);
  });
}

}  // namespace

OsvReader::OsvReader(std::function<void(Advisory)> advisory,
                     std::function<void(FeedWarning)> warning)
    : warning_(std::move(warning)),
      records_(
          0, kFeedRecordBytesMax,
          [this, give = std::move(advisory)](std::string_view record, uint64_t offset) {
            auto read = Read(record);
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

StatusOr<Advisory> OsvReader::Read(std::string_view text) {
  const auto parsed = parser_.Parse(text);
  if (!parsed || !parsed->is_object()) return InvalidArgument("a record is no JSON object");
  const JsonElement record = *parsed;
  Advisory advisory;
  advisory.id = OneLine(Text(record, "id"), 100);
  if (advisory.id.empty()) return InvalidArgument("a record has no id");
  if (const auto own = ParseCveId(advisory.id)) advisory.cves.push_back(*own);
  AddCves(record, "aliases", &advisory.cves);
  AddCves(record, "upstream", &advisory.cves);
  std::sort(advisory.cves.begin(), advisory.cves.end());
  advisory.cves.erase(std::unique(advisory.cves.begin(), advisory.cves.end()), advisory.cves.end());
  advisory.published = Time(record, "published");
  advisory.modified = Time(record, "modified");
  advisory.withdrawn = !Text(record, "withdrawn").empty();
  const std::string_view summary = Text(record, "summary");
  advisory.summary = OneLine(summary.empty() ? Text(record, "details") : summary, kSummaryBytesMax);
  EachItem(record, "affected", [&](JsonElement affected) {
    AffectedPackage package = ReadAffected(record, affected);
    if (!package.name.empty()) advisory.affected.push_back(std::move(package));
  });
  return advisory;
}

}  // namespace driftcast::intel
