#include "intel/debian_tracker.h"

#include <array>
#include <utility>

#include "intel/osv_reader.h"

namespace driftcast::intel {
namespace {

struct Release {
  std::string_view codename, ecosystem;
};
constexpr std::array<Release, 14> kReleases = {{{"lenny", "Debian:5"},
                                                {"squeeze", "Debian:6"},
                                                {"wheezy", "Debian:7"},
                                                {"jessie", "Debian:8"},
                                                {"stretch", "Debian:9"},
                                                {"buster", "Debian:10"},
                                                {"bullseye", "Debian:11"},
                                                {"bookworm", "Debian:12"},
                                                {"trixie", "Debian:13"},
                                                {"forky", "Debian:14"},
                                                {"duke", "Debian:15"},
                                                {"etch", "Debian:4.0"},
                                                {"sarge", "Debian:3.1"},
                                                {"woody", "Debian:3.0"}}};

// The package in one release; none when it is not, or not known to be, affected.
std::optional<AffectedPackage> ReadRelease(std::string_view codename, JsonElement release) {
  const std::string_view ecosystem = EcosystemOfDebianRelease(codename);
  const std::string_view status = Text(release, "status");
  const std::string_view fixed = Text(release, "fixed_version");
  const bool open = status == "open";
  if (ecosystem.empty() || (!open && status != "resolved")) return std::nullopt;
  if (!open && (fixed.empty() || fixed == "0")) return std::nullopt;
  AffectedPackage package;
  package.ecosystem = ecosystem;
  package.urgency = OneLine(Text(release, "urgency"), 40);
  package.ranges.push_back({"0", open ? "" : OneLine(fixed, 200), ""});
  return package;
}

}  // namespace

std::string_view EcosystemOfDebianRelease(std::string_view codename) {
  for (const Release& release : kReleases)
    if (release.codename == codename) return release.ecosystem;
  return {};
}

DebianTrackerReader::DebianTrackerReader(std::function<void(Advisory)> advisory,
                                         std::function<void(FeedWarning)> warning)
    : advisory_(std::move(advisory)),
      warning_(std::move(warning)),
      records_(
          2, kFeedRecordBytesMax,
          [this](std::string_view record, uint64_t offset) { Record(record, offset); },
          [this](uint64_t offset) {
            warning_({offset, "a record is too large"});
          }) {}

void DebianTrackerReader::Record(std::string_view json, uint64_t offset) {
  const auto record = parser_.Parse(json);
  const std::string package = OneLine(records_.key(1), 200);
  const std::string id = OneLine(records_.key(2), 100);
  if (!record || package.empty() || id.empty())
    return warning_({offset, "a record of '" + package + "' cannot be read"});
  simdjson::dom::object releases;
  const auto member = Member(*record, "releases");
  if (!member || member->get(releases) != simdjson::SUCCESS)
    return warning_({offset, package + " " + id + ": no releases"});
  Advisory advisory;
  advisory.id = id + " " + package;  // the same CVE stands under each package that has it
  if (const auto cve = ParseCveId(id)) advisory.cves.push_back(*cve);
  advisory.summary = OneLine(Text(*record, "description"), 200);
  for (const auto& [codename, release] : releases) {
    auto affected = ReadRelease(codename, release);
    if (!affected) continue;
    affected->name = package;
    advisory.affected.push_back(*std::move(affected));
  }
  if (!advisory.affected.empty()) advisory_(std::move(advisory));
}

Status DebianTrackerReader::Finish() const {
  if (records_.complete()) return Ok();
  return DataLoss("the feed ends early, after {} bytes", records_.offset());
}

}  // namespace driftcast::intel
