// What all feeds together say, and what of it is open on a package.
//
// Each feed's content is one block of bytes, made by a reader outside of the engine and replaced
// whole. Bytes: the kind (FeedKind), then the kind's own. Not thread-safe.
#ifndef DRIFTCAST_INTEL_KNOWLEDGE_H_
#define DRIFTCAST_INTEL_KNOWLEDGE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "intel/advisory_set.h"
#include "intel/cve_feeds.h"
#include "intel/cvss_feed.h"
#include "intel/image_reference.h"
#include "intel/indicator.h"
#include "intel/lifecycle.h"

namespace driftcast::intel {

// Stored: never renumber.
enum class FeedKind : uint8_t {
  kAdvisories = 1,  // which versions of which packages have a vulnerability, and the fix
  kKev = 2,         // vulnerabilities that are used in attacks
  kEpss = 3,        // how likely each is to be within 30 days
  kCvss = 4,        // how severe each is found
  kLifecycles = 5,  // when support of releases ends
  kIndicators = 6,  // what points to an attack when it is met
  kBenign = 7,      // what only looks so
};

using KevCatalogue = std::map<CveId, KevEntry>;
struct IndicatorFeed {
  IndicatorSet set;
  bool benign = false;
};
using FeedContent =
    std::variant<AdvisorySet, KevCatalogue, EpssScores, CvssScores, Lifecycles, IndicatorFeed>;

std::string EncodeAdvisories(std::string_view advisory_set);  // AdvisorySetBuilder::Finish
std::string EncodeContent(const KevCatalogue& catalogue);
std::string EncodeContent(const EpssScores& scores);
std::string EncodeContent(const CvssScores& scores);
std::string EncodeContent(const Lifecycles& lifecycles);
std::string EncodeContent(const IndicatorFeed& indicators);
// DataLoss when the bytes are no feed's content.
StatusOr<FeedContent> DecodeContent(std::string_view bytes);

// A vulnerability that a package in a version has.
struct OpenVulnerability {
  std::string id;  // "CVE-2024-3094", or that of the advisory where it has no CVE
  std::optional<CveId> cve;
  std::vector<std::string> advisories;  // that say so, in order
  std::string fixed;                    // version without it; empty = no fix is known
  Instant fixed_since;  // when the first advisory with a fix came out; epoch = not known
  std::string summary;
  std::string urgency;  // as the distribution words it
  double weight = 0;    // of its rating (WeightOf), as of when it was asked

  friend bool operator==(const OpenVulnerability&, const OpenVulnerability&) = default;
};

// What the feeds about single CVEs say of one: kept apart, for they say different things.
struct Rating {
  std::optional<EpssScore> epss;
  std::optional<KevEntry> kev;
  std::optional<CvssScore> cvss;
};

// How much an open vulnerability adds to a severity, 0 to 4: 4 when it is used in attacks; else
// 3.5 sqrt(EPSS), which is 0.35 at 1 % and 2.5 at a half; without EPSS a quarter of CVSS, at most
// 1.5. The square root because EPSS is small for nearly everything: one in twenty is
// over 10 %.
double WeightOf(const Rating& rating);

// An indicator that something met on a host fits.
struct Sighting {
  IndicatorType type = IndicatorType::kAddress;
  std::string met;        // on the host: "203.0.113.7"
  std::string indicator;  // what it fits: "203.0.113.0/24"
  std::string feed;       // that has it
  std::string about;      // what it points to, as the feed words it
  int confidence = -1;    // 0 to 100; -1 = not said
  std::string benign;     // a list that says it is met everywhere; empty = none does
  double weight = 0;      // what it adds to a severity: 4 times the confidence, 3 where that is not
                          // said, 0 when it is benign

  friend bool operator==(const Sighting&, const Sighting&) = default;
};

// What a feed's new content touches.
struct KnowledgeChange {
  std::vector<std::string> packages;  // "ecosystem TAB package", sorted: match these again
  bool ratings = false;               // what is said about single CVEs moved
  bool lifecycles = false;
  bool indicators = false;
};

class Knowledge {
 public:
  // Replaces what the feed of this name said. DataLoss: the bytes are no content, and nothing
  // changes.
  StatusOr<KnowledgeChange> Put(const std::string& feed, std::string_view content);
  KnowledgeChange Remove(const std::string& feed);

  // What is open on a source package in a version, by id. What the distribution calls "unimportant"
  // (no effect on security) is left out. The package that says which release a system is stands for
  // the release: its end of support, from 90 days before, is open on it.
  std::vector<OpenVulnerability> OpenOn(std::string_view ecosystem, std::string_view package,
                                        std::string_view version, Instant now) const;

  // The worst indicator, valid now, that a thing met on a host fits; none when none does.
  std::optional<Sighting> Sight(IndicatorType type, const std::string& met, Instant now) const;
  bool has_indicators() const;

  Rating RatingOf(CveId cve) const;

  // What the feeds say of the release that a container image's tag names; none when nothing.
  std::optional<ImageLife> LifeOf(const ImageReference& image, Instant now) const;

 private:
  KnowledgeChange Replace(const std::string& feed, std::optional<FeedContent> content);

  std::map<std::string, FeedContent> feeds_;
};

}  // namespace driftcast::intel

#endif  // DRIFTCAST_INTEL_KNOWLEDGE_H_
