// The shard's state in memory, and the record of what the current batch has changed.
//
// State is plain data; the functions of shard_*.cc move it, one file per kind of fact. Whoever
// changes something says so (TouchSlot, TouchStack, ...), and Collect turns what was touched into
// one write batch. Everything here is deterministic: ordered containers, no clock, no randomness.
#ifndef DRIFTCAST_ENGINE_SHARD_STATE_H_
#define DRIFTCAST_ENGINE_SHARD_STATE_H_

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/fleet_graph.h"
#include "engine/forecaster.h"
#include "engine/input_levels.h"
#include "engine/input_terms.h"
#include "engine/limit_watch.h"
#include "engine/live_event.h"
#include "engine/people.h"
#include "engine/records.h"
#include "engine/scorekeeper.h"
#include "engine/shard_intel.h"
#include "remedy/policy.h"
#include "remedy/propose.h"
#include "shadow/judge.h"
#include "shadow/resource_state.h"
#include "signal/adwin.h"
#include "signal/series_state.h"
#include "store/store.h"

namespace driftcast {

struct ShardOptions {
  double alert_threshold = 0.5;  // of P(drift) at kAlertHorizon; an alert ends below 0.8 of it
  // The forecaster is saved whole after this many changes, or twice as many as it has resources.
  uint64_t forecast_log_min = 20000;
  size_t scored_at_once = 20000;  // touched resources forecast anew when time advances, about
};

inline constexpr size_t kAlertHorizon = 2;  // index into kHorizons: a day

// One resource: its encoded shadow, and what lists and scoring need without decoding it.
struct Slot {
  std::string bytes;
  ResourceStatus status = ResourceStatus::kNotCompared;
  bool exists = false;
  uint32_t keys = 0;
  uint32_t keys_differing = 0;
  Instant changed_at, changed_before_at, compared_at, treated_at, snoozed_until;
  Risks p_change{};         // as of the last change or cohort
  float severity = 0;       // the next, and what is open on its package, at most 10
  float severity_base = 0;  // of its open drift, else of its kind
  float severity_of_kind = 0;
  uint64_t depends_on_hash = 0;
  uint64_t touched_by = 0;          // as in ResourceState
  float sighted = 0;                // weight of the worst indicator that was met on it
  HoldingEntry* holding = nullptr;  // of an installed package that feeds could speak of
  Risks p_scored;                   // of the open cohorts; negative = not in it
  // Places of its inputs in the rows of its stack, as p_change and p_scored were made; 0 = none.
  uint16_t inputs_now = 0;
  std::array<uint16_t, kHorizonCount> inputs_scored{};
  Slot() { p_scored.fill(-1); }
};

// One metric series: its last point, and what the detector and forecaster remember of it.
struct SeriesSlot {
  SeriesPoint last;
  SeriesState state;
  bool unsaved = false;               // has points that the stored state does not
  std::unique_ptr<LimitWatch> watch;  // null without a limit
};

struct Stack {
  StackRecord record;
  std::map<std::string, Slot> slots;  // by SlotKey
  // Who depends on a resource: slot keys by the slot key of what they need.
  std::map<std::string, std::set<std::string>> dependents;
  using SeriesMap = std::map<std::string, SeriesSlot>;  // by "kind NUL name NUL metric"
  SeriesMap series;
  // Those of the last fact's points, in its order: the next fact most often has the same.
  std::vector<SeriesMap::value_type*> series_in_order;
  InputRows inputs_now;                                // of the last RefreshRisks
  std::array<InputRows, kHorizonCount> inputs_scored;  // of the open cohorts
  InputLevels levels;                                  // what is usual of its inputs
  // What its resources show that indicators may speak of, by slot key.
  std::map<std::string, std::vector<ObservableEntry*>> observables;
  std::string ecosystem;  // of its packages, from the labels; empty = not known
};

// What the current batch has changed and not yet handed over.
struct Pending {
  WriteBatch log;  // history, facts, audit, points, outbox: only ever put
  std::set<std::pair<std::string, std::string>> slots;  // stack, slot key
  std::set<std::string> stacks;
  std::set<std::string> drifts;
  std::set<std::string> plans;
  std::set<std::string> rules;
  std::set<std::string> pauses;
  std::set<std::string> agents;
  std::set<std::string> feeds;
  std::set<std::string> people;
  std::set<std::string> levels;                          // stacks
  std::set<std::string> blobs_dropped;                   // digests that nothing names any more
  std::set<std::pair<std::string, size_t>> cohorts;      // stack, horizon
  std::set<std::pair<std::string, std::string>> series;  // stack, series; those due to be stored
  std::set<std::string> watches;                         // stacks
  bool limit_track = false;
  bool models = false;
  bool model_watch = false;
  bool track = false;
  std::set<size_t> terms;  // horizons
  bool policy = false;
  bool expectations = false;
  bool numbers = false;
  std::vector<LiveEvent> events;
};

// A resource that a fact touched: to be forecast anew when time advances.
struct Touched {
  uint64_t fact_number = 0;
  const std::string* stack = nullptr;  // a key of ShardState::stacks, which are never erased
  std::string slot_key;
};

// A model that serves or has served.
struct ServedModel {
  ModelPublished what;
  Instant at;                // since when
  uint64_t from_lesson = 0;  // changes that the forecaster had learnt before
  Instant told;              // time that it had been told before
  std::shared_ptr<const predict::DriftModel> model;  // null = the one of the program
};

// How surprising the days turned out to be under the model that serves, and since when more so.
struct ModelWatch {
  Adwin surprise;
  Instant drifted_at;  // epoch = it has not drifted since it began to serve
};

// The policy in force.
struct SitePolicy {
  PolicyPublished source;
  Instant at;
  Policy rules;
  // Windows by role, as of the hour: worked out once.
  std::pair<Instant, std::map<std::string, std::vector<TimeSpan>>> windows_at;
};

struct ShardState {
  ShardOptions options;
  ShardNumbers numbers;
  std::map<std::string, Stack> stacks;
  std::map<std::string, Drift> drifts;                      // open ones, and the newest closed ones
  std::set<std::pair<Instant, std::string>> closed_drifts;  // of `drifts`, oldest first
  std::map<std::string, RemediationPlan> plans;             // that somebody decided about
  std::map<std::string, IgnoreRule> rules;
  std::unique_ptr<SitePolicy> policy;             // null = none was published
  std::map<std::string, PauseSet> pauses;         // that have not ended
  std::map<std::string, uint64_t> agents;         // highest number applied
  std::vector<ExpectationSet> role_expectations;  // in the order in which they came
  TrackRecord track, limit_track;
  const Store* blobs = nullptr;  // large values by digest (store/blob.h)
  ModelWatch model_watch;
  // The last one serves; empty = the program's own, from the start.
  std::vector<ServedModel> models;
  Forecaster forecaster;
  std::array<InputTerms, kHorizonCount> terms;  // by horizon
  IntelState intel;
  FleetGraph fleet;
  std::map<std::string, PersonRhythm> people;  // by pseudonym
  Pending pending;
  std::vector<ResourceId> alerted_now;  // by the fact at hand; see AnswerForecasts
  std::deque<Touched> touched;  // by fact number; those beyond numbers.scored_number

  // The rules in force, built-in ones included, for RuleSet. Valid until a rule changes.
  std::vector<IgnoreRule> active_rules;
};

// --- Reading ---

Slot* FindSlot(ShardState& shard, const ResourceId& id);
const Slot* FindSlot(const ShardState& shard, const ResourceId& id);
ResourceState DecodeSlot(const Slot& slot);  // what we wrote ourselves reads back, or we stop
ShadowResource ViewOfSlot(const ShardState& shard, const ResourceId& id,
                          const ResourceState& state);
DriftShare ShareOf(const ShardState& shard, const ResourceId& id);

// Fills what a slot keeps beside the bytes, except forecasts and open cohorts.
void FillSlot(const ShardState& shard, const ResourceId& id, const ResourceState& state,
              const ShadowResource& view, Slot& slot);

// The severity that lists show: that of the slot's drift or kind, raised by what is open on it.
void RateSlot(Slot& slot);

// False while the stack enrols: its first forecasts are made when that is done.
bool HasForecasts(const Stack& stack);

// --- Changing ---

// Forecasts for all resources of a stack, as of now. Writes to the stack alone.
void RefreshRisks(ShardState& shard, const std::string& stack_id, Stack& stack);

Stack& StackFor(ShardState& shard, const StackId& id);  // made when it is not there

// Stores the state of a resource that a fact touched: judges it, opens, moves or closes its drift.
// Its forecast and alert follow when time advances (ScoreTouched). `cause` is that of the fact.
void PutState(ShardState& shard, const ResourceId& id, ResourceState state, const Cause& cause);

// The same for a state whose view is known already.
void PutJudged(ShardState& shard, const ResourceId& id, ResourceState state,
               const ShadowResource& view, const Cause& cause);

// Keeps who depends on what in step with a resource's edges.
void UpdateDependents(FleetGraph& fleet, const std::string& stack_id, Stack& stack,
                      const std::string& slot_key, const std::vector<Dependency>& old_ones,
                      const std::vector<Dependency>& new_ones);

// Which addresses are the stack's own, by its labels.
void TakeAddresses(ShardState& shard, const std::string& stack_id, const Stack& stack);

// Lets a resource be forecast anew though it is as it was: something else speaks for a change.
void TouchAgain(ShardState& shard, const ResourceId& id);

void Emit(ShardState& shard, LiveEvent::Kind kind, const StackId& stack, std::string id,
          std::string text);
void Audit(ShardState& shard, const Principal& by, std::string action, std::string subject,
           std::string detail);
void Alert(ShardState& shard, std::string kind, std::string key, const StackId& stack,
           std::string subject, std::string text, double severity);
void RebuildActiveRules(ShardState& shard);

// --- Facts, one file each ---

void ApplyEnrolled(ShardState& shard, const Fact& fact, const StackEnrolled& body);
void ApplyObserved(ShardState& shard, const Fact& fact, const ResourceObserved& body);
void ApplyVanishedFact(ShardState& shard, const Fact& fact, const ResourceVanished& body);
void ApplySnapshot(ShardState& shard, const Fact& fact, const SnapshotCompleted& body);
void ApplyExpectationFact(ShardState& shard, const Fact& fact, const ExpectationSet& body);
void ApplyActivity(ShardState& shard, const Fact& fact, const ActivityReported& body);
void ApplyMetrics(ShardState& shard, const Fact& fact, const MetricsObserved& body);
// Forgets series that have had no point for kSilentMax: their points have left the store, too.
void ForgetSilentSeries(ShardState& shard, const std::string& stack_id, Stack& stack);
inline constexpr Duration kSilentMax = 14 * kDay;
// Takes the points stored since the series' states were into them again, after a start.
Status RestoreSeries(ShardState& shard, const Store& store);
std::string SeriesKey(const std::string& stack, const std::string& series);  // in the state table
std::string WatchesKey(const std::string& stack);

void ApplyPast(ShardState& shard, const Fact& fact, const PastChanges& body);
void ApplyRule(ShardState& shard, const Fact& fact, const IgnoreRule& body);
void ApplyTime(ShardState& shard);  // horizons pass, plans and rules end, ScoreTouched

// Forecasts anew what facts have touched, oldest first, and raises or ends alerts: about
// `scored_at_once` resources, always all that one fact touched. Which are left follows from the
// stored records alone, so a restart in between changes nothing.
void ScoreTouched(ShardState& shard);
// Finds out what is left, after a start.
void RestoreTouched(ShardState& shard);

Status CheckDecision(const ShardState& shard, const DecisionMade& body);
void ApplyDecision(ShardState& shard, const Fact& fact, const DecisionMade& body);
Status CheckProgress(const ShardState& shard, const Fact& fact, const PlanProgressed& body);
void ApplyProgress(ShardState& shard, const Fact& fact, const PlanProgressed& body);

// Alternative plans for what is open or forecast on a resource, best first; decided ones as they
// stand. Empty when the resource is not known.
// `left_out`, when given, receives the strategies that are not among them, with the reason.
std::vector<RemediationPlan> PlansFor(const ShardState& shard, const ResourceId& id,
                                      std::vector<LeftOut>* left_out = nullptr);

// Those of `plans` that wait for the stack's agent now.
std::vector<RemediationPlan> DuePlans(const ShardState& shard, const StackId& stack);

// Those that the stack's host has begun, as far as it has said. Its agent is asked about them when
// it connects: it answers from what it wrote down, and the word about their end may have been lost.
std::vector<RemediationPlan> PlansUnderWay(const ShardState& shard, const StackId& stack);

// What the forecaster learns from recorded events.
enum class Lesson {
  kNow,    // they came now
  kPast,   // they came when they say, before the stack was watched
  kFound,  // they were so before anybody looked: what is created in them is not new
  kNone,   // nothing: they are told for the record
};

// History entries for events that a fact brought, and the forecaster's lesson.
void Record(ShardState& shard, const std::vector<ChangeEvent>& events, const Cause& cause,
            bool drift, Lesson lesson = Lesson::kNow);

// Key of a history entry: resource, then time, then number.
std::string HistoryPrefix(const ResourceId& id);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_STATE_H_
