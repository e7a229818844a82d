// What the shard knows from feeds, and which of its packages it concerns.
//
// Installed packages are held together by (ecosystem, source package, version): hosts share most of
// them, so a vulnerability is matched once for all hosts that have the version. A holding keeps the
// verdict and who has it; a feed's new content matches again only the packages that it touches. All
// of it but the feeds' own records is derived: it is made anew at a start.
#ifndef DRIFTCAST_ENGINE_SHARD_INTEL_H_
#define DRIFTCAST_ENGINE_SHARD_INTEL_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/view.h"
#include "intel/knowledge.h"
#include "model/exposure.h"
#include "model/prediction.h"
#include "shadow/resource_state.h"
#include "store/store.h"

namespace driftcast {

class InputReader;
struct ShardState;
struct Slot;
struct Stack;

// A resource, by keys of the shard's maps: they live as long as it is held.
struct Holder {
  const std::string* stack;
  const std::string* slot;
};

// One source package in one version, wherever it is installed.
struct Holding {
  std::vector<intel::OpenVulnerability> open;  // by id
  double weight = 0;                           // of the worst of them (intel::WeightOf)
  std::vector<Holder> holders;                 // by stack, then slot
};
// "ecosystem TAB source TAB version" and what is held under it.
using HoldingEntry = std::pair<const std::string, Holding>;

// Something that hosts show and an indicator may speak of: its kind and canonical text.
using ObservableName = std::pair<intel::IndicatorType, std::string>;
struct Observable {
  std::optional<intel::Sighting> sighting;  // that it fits
  std::vector<Holder> holders;              // by stack, then slot
};
using ObservableEntry = std::pair<const ObservableName, Observable>;

struct IntelState {
  intel::Knowledge knowledge;
  std::map<std::string, FeedStatus> feeds;  // by name
  std::map<std::string, Holding> holdings;
  std::map<ObservableName, Observable> observables;
};

// --- Facts ---

// InvalidArgument: no name for a feed, or content that is none. NotFound: no blob of that digest.
Status CheckFeed(const ShardState& shard, const FeedPublished& body);
void ApplyFeed(ShardState& shard, const Fact& fact, const FeedPublished& body);
std::string FeedKey(const std::string& feed);  // in the state table
// Reads the feeds' records and contents. Content that is damaged is said in the feed's status and
// missing until it is read again: no reason not to start.
Status LoadFeeds(ShardState& shard, const Store& store);
std::string Encode(const FeedStatus& feed);
StatusOr<FeedStatus> DecodeFeedStatus(std::string_view bytes);

// --- Inventory ---

// Brings the holding of a slot in line with its resource; of a package alone, others have none.
// `stack_key` and `slot_key` are keys of the shard's maps.
void HoldPackage(ShardState& shard, const std::string& stack_key, const std::string& slot_key,
                 const ResourceState& state, Slot& slot);
void ReleasePackage(ShardState& shard, const std::string& stack_key, const std::string& slot_key,
                    Slot& slot);
// The stack's labels have changed: its packages may be of another ecosystem.
void HoldAgain(ShardState& shard, const std::string& stack_key, Stack& stack);

// Brings what a slot's resource shows in line with it; `tell` = indicators that are met now go on
// the timeline and raise an alert.
void HoldObservables(ShardState& shard, const std::string& stack_key, const std::string& slot_key,
                     const ResourceState& state, bool tell);
// The indicators have changed: everything that is shown is compared with them again.
void SightAgain(ShardState& shard);

// Keeps what happened on a stack, at most StackRecord::kActivitiesKept of it.
void AddActivity(ShardState& shard, const StackId& stack, ActivityReported activity);

// --- Answers ---

// "the address 203.0.113.7 is an indicator of feodo: Pikabot"
std::string SightingText(const intel::Sighting& sighting);
std::vector<MetIndicator> MetOn(const Stack& stack, const ResourceId& id);
std::vector<intel::Sighting> SightingsOf(const Stack& stack, const std::string& slot_key);

// The exposures of a slot's package, worst first.
std::vector<OpenExposure> ExposuresOf(const ShardState& shard, const std::string& role,
                                      const Slot& slot);
// The worst of them, of those alone that have a fix if `fixable`; none when there is none.
std::optional<OpenExposure> WorstOf(const ShardState& shard, const std::string& role,
                                    const Slot& slot, bool fixable);
// "openssl: CVE-2024-1 (EPSS 0.61) is fixed in 3.0.11-1, which came out 2 days ago; ..."
std::string ExposureText(const ShardState& shard, const Slot& slot, const OpenExposure& worst);
Page<ExposureRow> ListExposures(const ShardState& shard, const ExposureFilter& filter);

// The forecast of a resource with its severity: key sensitivity, direction of the likely change,
// blast radius and exposure, each a factor of its own; and exposure among the reasons.
DriftPrediction PredictionOf(InputReader& reader, const ShardState& shard, const ResourceId& id,
                             const Slot& slot);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_INTEL_H_
