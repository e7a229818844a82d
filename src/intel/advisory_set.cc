#include "intel/advisory_set.h"

#include <algorithm>

#include "base/bytes.h"
#include "intel/version.h"

namespace driftcast::intel {
namespace {

constexpr uint64_t kFormat = 1;

// One range as the bytes hold it.
struct RangeView {
  std::string_view introduced, fixed, last_affected;
};

bool IsInRange(VersionScheme scheme, const RangeView& range, std::string_view version) {
  if (range.introduced != "0" && CompareVersions(scheme, version, range.introduced) < 0)
    return false;
  if (!range.fixed.empty()) return CompareVersions(scheme, version, range.fixed) < 0;
  return range.last_affected.empty() || CompareVersions(scheme, version, range.last_affected) <= 0;
}

// A list names what is affected where there is no range to tell; with a known order a range that
// excludes the version is the better word.
class Judge {
 public:
  Judge(std::optional<VersionScheme> scheme, std::string_view version)
      : scheme_(scheme), version_(version) {}

  void Range(const RangeView& range) {
    ++ranges_;
    if (in_range_ || !scheme_ || !IsInRange(*scheme_, range, version_)) return;
    in_range_ = true;
    fixed_ = range.fixed;
  }
  void Version(std::string_view version) { listed_ = listed_ || version == version_; }

  bool affected() const { return in_range_ || (listed_ && (!scheme_ || ranges_ == 0)); }
  std::string_view fixed() const { return fixed_; }

 private:
  const std::optional<VersionScheme> scheme_;
  const std::string_view version_;
  std::string_view fixed_;
  size_t ranges_ = 0;
  bool in_range_ = false, listed_ = false;
};

std::string EncodeEntry(const Advisory& advisory, const AffectedPackage& package) {
  ByteWriter out;
  out.Text(advisory.id);
  out.Unsigned(advisory.cves.size());
  for (const CveId& cve : advisory.cves) {
    out.Unsigned(cve.year);
    out.Unsigned(cve.number);
  }
  out.Time(advisory.published.value_or(Instant()));
  out.Text(advisory.summary);
  out.Text(package.urgency);
  out.Unsigned(package.ranges.size());
  for (const VersionRange& range : package.ranges) {
    out.Text(range.introduced);
    out.Text(range.fixed);
    out.Text(range.last_affected);
  }
  // With ranges of a known order the list is never asked, and it can be long.
  const bool needed = package.ranges.empty() || !SchemeOfEcosystem(package.ecosystem);
  out.Unsigned(needed ? package.versions.size() : 0);
  for (const std::string& version : package.versions)
    if (needed) out.Text(version);
  return out.Take();
}

// Of one package in several parts all count: they become one.
std::map<std::string, AffectedPackage> ByName(const Advisory& advisory) {
  std::map<std::string, AffectedPackage> packages;
  for (const AffectedPackage& part : advisory.affected) {
    const auto [found, first] = packages.try_emplace(PackageName(part.ecosystem, part.name), part);
    if (first) continue;
    AffectedPackage& whole = found->second;
    whole.ranges.insert(whole.ranges.end(), part.ranges.begin(), part.ranges.end());
    whole.versions.insert(whole.versions.end(), part.versions.begin(), part.versions.end());
  }
  return packages;
}

// Reads one entry; true when it affects the version.
bool ReadEntry(ByteReader& in, Judge judge, Finding& finding) {
  finding.id = in.View();
  for (uint64_t n = in.Count(); n > 0; --n) {
    const uint64_t year = in.Unsigned(), number = in.Unsigned();
    finding.cves.push_back({static_cast<uint32_t>(year), static_cast<uint32_t>(number)});
  }
  finding.published = in.Time();
  finding.summary = in.View();
  finding.urgency = in.View();
  for (uint64_t n = in.Count(); n > 0; --n) {
    RangeView range;
    range.introduced = in.View();
    range.fixed = in.View();
    range.last_affected = in.View();
    judge.Range(range);
  }
  for (uint64_t n = in.Count(); n > 0; --n) judge.Version(in.View());
  finding.fixed = judge.fixed();
  return judge.affected();
}

bool IsSection(std::string_view bytes) {
  ByteReader in(bytes);
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    Finding finding;
    ReadEntry(in, Judge(std::nullopt, ""), finding);
  }
  return in.done();
}

}  // namespace

std::string PackageName(std::string_view ecosystem, std::string_view package) {
  std::string name(ecosystem);
  name += '\t';
  return name += package;
}

bool IsAffected(const AffectedPackage& package, std::string_view version, std::string_view* fixed) {
  Judge judge(SchemeOfEcosystem(package.ecosystem), version);
  for (const VersionRange& range : package.ranges)
    judge.Range({range.introduced, range.fixed, range.last_affected});
  for (const std::string& listed : package.versions) judge.Version(listed);
  *fixed = judge.fixed();
  return judge.affected();
}

StatusOr<AdvisorySet> AdvisorySet::Open(std::string bytes) {
  AdvisorySet set;
  set.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  ByteReader in(*set.bytes_);
  if (in.Unsigned() != kFormat) return DataLoss("these bytes are no set of advisories");
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    Section section;
    section.name = in.View();
    section.bytes = in.View();
    const bool ordered = set.sections_.empty() || set.sections_.back().name < section.name;
    if (!ordered || !IsSection(section.bytes))
      return DataLoss("the advisories about '{}' cannot be read", section.name);
    set.sections_.push_back(section);
  }
  if (!in.done()) return DataLoss("a set of advisories is cut off or has more than it says");
  return set;
}

std::vector<Finding> AdvisorySet::Match(std::string_view ecosystem, std::string_view package,
                                        std::string_view version) const {
  std::vector<Finding> findings;
  const std::string name = PackageName(ecosystem, package);
  const auto section =
      std::lower_bound(sections_.begin(), sections_.end(), name,
                       [](const Section& s, const std::string& text) { return s.name < text; });
  if (section == sections_.end() || section->name != name) return findings;
  const Judge judge(SchemeOfEcosystem(ecosystem), version);
  ByteReader in(section->bytes);
  for (uint64_t n = in.Count(); n > 0; --n) {
    Finding finding;
    if (ReadEntry(in, judge, finding)) findings.push_back(std::move(finding));
  }
  return findings;
}

void AdvisorySet::Differences(const AdvisorySet& other,
                              const std::function<void(std::string_view)>& touched) const {
  auto a = sections_.begin();
  auto b = other.sections_.begin();
  while (a != sections_.end() || b != other.sections_.end()) {
    if (b == other.sections_.end() || (a != sections_.end() && a->name < b->name)) {
      touched((a++)->name);
    } else if (a == sections_.end() || b->name < a->name) {
      touched((b++)->name);
    } else {
      if (a->bytes != b->bytes) touched(a->name);
      ++a;
      ++b;
    }
  }
}

bool AdvisorySetBuilder::Add(const Advisory& advisory) {
  const Instant modified = advisory.modified.value_or(advisory.published.value_or(Instant()));
  const auto [known, is_new] = known_.try_emplace(advisory.id);
  if (!is_new && modified < known->second.modified) return false;
  if (!known->second.names.empty()) --present_;
  for (const std::string& name : known->second.names) {
    const auto section = sections_.find(name);
    section->second.erase(advisory.id);
    if (section->second.empty()) sections_.erase(section);
  }
  known->second = {modified, {}};
  if (advisory.withdrawn) return true;
  for (const auto& [name, package] : ByName(advisory)) {
    sections_[name][advisory.id] = EncodeEntry(advisory, package);
    known->second.names.push_back(name);
  }
  if (!known->second.names.empty()) ++present_;
  return true;
}

std::string AdvisorySetBuilder::Finish() {
  ByteWriter out;
  out.Unsigned(kFormat);
  out.Unsigned(sections_.size());
  for (const auto& [name, entries] : sections_) {
    ByteWriter count;
    count.Unsigned(entries.size());
    std::string section = count.Take();
    for (const auto& [id, entry] : entries) section += entry;
    out.Text(name);
    out.Text(section);
  }
  *this = {};
  return out.Take();
}

}  // namespace driftcast::intel
