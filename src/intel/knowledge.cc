#include "intel/knowledge.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "intel/version.h"

namespace driftcast::intel {
namespace {

// "CVE-2024-1 openssl" -> "CVE-2024-1": some feeds need the package to tell their records apart.
std::string_view ShownId(std::string_view id) { return id.substr(0, id.find(' ')); }

// An advisory's date is that of its fix where the distribution publishes one with the fix (DSA,
// USN, GHSA); a CVE's own record says nothing about that.
Instant FixedSince(const Finding& finding) {
  const bool by_cve = finding.id.find("CVE-") != std::string_view::npos;
  return finding.fixed.empty() || by_cve ? Instant() : finding.published;
}

bool IsLater(std::string_view ecosystem, std::string_view a, std::string_view b) {
  const auto scheme = SchemeOfEcosystem(ecosystem);
  return scheme && CompareVersions(*scheme, a, b) > 0;
}

// Takes in what another advisory says of the same vulnerability. All of them must be fixed.
void Merge(std::string_view ecosystem, const Finding& finding, OpenVulnerability& open) {
  const bool first = open.advisories.empty();
  open.advisories.emplace_back(ShownId(finding.id));
  if (!finding.fixed.empty() &&
      (open.fixed.empty() || IsLater(ecosystem, finding.fixed, open.fixed)))
    open.fixed = finding.fixed;
  if (const Instant since = FixedSince(finding);
      since != Instant() && (open.fixed_since == Instant() || since < open.fixed_since))
    open.fixed_since = since;
  if (first || open.summary.empty()) open.summary = finding.summary;
  if (first || open.urgency.empty()) open.urgency = finding.urgency;
}

template <typename T>
const T* As(const FeedContent& content) {
  return std::get_if<T>(&content);
}

// The end of a release's support, when it has come or is near.
std::optional<OpenVulnerability> EndOf(const Lifecycles& lives, std::string_view ecosystem,
                                       Instant now) {
  constexpr double kEndedWeight = 3, kNearWeight = 1;
  const auto release = ReleaseOfEcosystem(ecosystem);
  const auto found = release ? lives.find(*release) : lives.end();
  if (found == lives.end()) return std::nullopt;
  const ReleaseLife& life = found->second;
  const bool dated = life.ends != Instant();
  const bool ended = life.ended || (dated && life.ends <= now);
  if (!ended && (!dated || life.ends - now > kDay * 90)) return std::nullopt;
  OpenVulnerability end;
  end.id = "end of life: " + release->first + " " + release->second;
  end.advisories = {"endoflife.date"};
  end.summary = release->first + " " + release->second +
                (life.codename.empty() ? "" : " (" + life.codename + ")") +
                (ended ? ": its support has ended" : ": its support ends");
  if (dated) end.summary += " on " + FormatInstant(life.ends).substr(0, 10);
  end.urgency = "end of life";
  end.weight = ended ? kEndedWeight : kNearWeight;
  return end;
}

bool IsValid(const Indicator& indicator, Instant now) {
  return indicator.from <= now && (indicator.until == Instant() || now < indicator.until);
}

std::vector<std::string> DifferingPackages(const AdvisorySet* before, const AdvisorySet* after) {
  static const AdvisorySet kNone;
  std::vector<std::string> names;
  (after ? *after : kNone).Differences(before ? *before : kNone, [&](std::string_view name) {
    names.emplace_back(name);
  });
  return names;
}

}  // namespace

double WeightOf(const Rating& rating) {
  if (rating.kev) return 4;
  if (rating.epss) return 3.5 * std::sqrt(static_cast<double>(rating.epss->probability));
  if (rating.cvss) return std::min(1.5, static_cast<double>(rating.cvss->base) / 4);
  return 0;
}

StatusOr<KnowledgeChange> Knowledge::Put(const std::string& feed, std::string_view content) {
  DRIFTCAST_ASSIGN_OR_RETURN(FeedContent decoded, DecodeContent(content));
  return Replace(feed, std::move(decoded));
}

KnowledgeChange Knowledge::Remove(const std::string& feed) { return Replace(feed, std::nullopt); }

KnowledgeChange Knowledge::Replace(const std::string& feed, std::optional<FeedContent> content) {
  const auto found = feeds_.find(feed);
  const FeedContent* before = found == feeds_.end() ? nullptr : &found->second;
  const AdvisorySet* set_before = before ? As<AdvisorySet>(*before) : nullptr;
  const AdvisorySet* set_after = content ? As<AdvisorySet>(*content) : nullptr;
  KnowledgeChange change;
  change.packages = DifferingPackages(set_before, set_after);
  const FeedContent* after = content ? &*content : nullptr;
  for (const FeedContent* moved : {before, after}) {
    if (moved == nullptr) continue;
    change.ratings = change.ratings || As<KevCatalogue>(*moved) || As<EpssScores>(*moved) ||
                     As<CvssScores>(*moved);
    change.lifecycles = change.lifecycles || As<Lifecycles>(*moved);
    change.indicators = change.indicators || As<IndicatorFeed>(*moved);
  }
  if (content)
    feeds_.insert_or_assign(feed, *std::move(content));
  else if (before)
    feeds_.erase(found);
  return change;
}

std::vector<OpenVulnerability> Knowledge::OpenOn(std::string_view ecosystem,
                                                 std::string_view package, std::string_view version,
                                                 Instant now) const {
  std::map<std::string, OpenVulnerability> by_id;
  const auto take = [&](std::string id, std::optional<CveId> cve, const Finding& finding) {
    OpenVulnerability& open = by_id[id];
    open.id = std::move(id);
    open.cve = cve;
    Merge(ecosystem, finding, open);
  };
  for (const auto& [feed, content] : feeds_) {
    const AdvisorySet* set = As<AdvisorySet>(content);
    if (set == nullptr) continue;
    for (const Finding& finding : set->Match(ecosystem, package, version)) {
      if (finding.urgency == "unimportant") continue;
      for (const CveId& cve : finding.cves) take(cve.ToString(), cve, finding);
      if (finding.cves.empty()) take(std::string(ShownId(finding.id)), std::nullopt, finding);
    }
  }
  std::vector<OpenVulnerability> open;
  if (package == ReleasePackageOf(ecosystem))
    for (const auto& [feed, content] : feeds_)
      if (const auto* lives = As<Lifecycles>(content))
        if (auto end = EndOf(*lives, ecosystem, now)) open.push_back(*std::move(end));
  for (auto& [id, one] : by_id) {
    if (one.cve) one.weight = WeightOf(RatingOf(*one.cve));
    std::sort(one.advisories.begin(), one.advisories.end());
    one.advisories.erase(std::unique(one.advisories.begin(), one.advisories.end()),
                         one.advisories.end());
    open.push_back(std::move(one));
  }
  return open;
}

std::optional<Sighting> Knowledge::Sight(IndicatorType type, const std::string& met,
                                         Instant now) const {
  constexpr double kUnsaidWeight = 3;
  std::optional<Sighting> worst;
  std::string benign;
  for (const auto& [feed, content] : feeds_) {
    const auto* indicators = As<IndicatorFeed>(content);
    const Indicator* found = indicators ? indicators->set.Find(type, met) : nullptr;
    if (found == nullptr) continue;
    if (indicators->benign) {
      benign = found->about.empty() ? feed : found->about;
      continue;
    }
    if (!IsValid(*found, now)) continue;
    const double weight = found->confidence < 0 ? kUnsaidWeight : found->confidence * 0.04;
    if (worst && worst->weight >= weight) continue;
    worst = Sighting{type, met, found->value, feed, found->about, found->confidence, "", weight};
  }
  if (worst && !benign.empty()) {
    worst->benign = benign;
    worst->weight = 0;
  }
  return worst;
}

bool Knowledge::has_indicators() const {
  return std::any_of(feeds_.begin(), feeds_.end(), [](const auto& feed) {
    const auto* indicators = As<IndicatorFeed>(feed.second);
    return indicators != nullptr && !indicators->benign;
  });
}

Rating Knowledge::RatingOf(CveId cve) const {
  Rating rating;
  for (const auto& [feed, content] : feeds_) {
    if (const auto* kev = As<KevCatalogue>(content)) {
      if (const auto entry = kev->find(cve); entry != kev->end()) rating.kev = entry->second;
    } else if (const auto* epss = As<EpssScores>(content)) {
      if (const auto score = epss->Find(cve)) rating.epss = score;
    } else if (const auto* cvss = As<CvssScores>(content)) {
      if (const auto score = cvss->Find(cve)) rating.cvss = score;
    }
  }
  return rating;
}

std::optional<ImageLife> Knowledge::LifeOf(const ImageReference& image, Instant now) const {
  for (const auto& [feed, content] : feeds_)
    if (const auto* lives = As<Lifecycles>(content))
      if (auto life = LifeOfImage(*lives, image, now)) return life;
  return std::nullopt;
}

}  // namespace driftcast::intel
