// The records that FleetState keeps: plain values with fixed sizes and no padding, so that a
// snapshot is a copy of bytes. Times are Unix seconds as uint32_t, 0 = never. Texts are ids of the
// state's interner.
#ifndef DRIFTCAST_PREDICT_FLEET_RECORDS_H_
#define DRIFTCAST_PREDICT_FLEET_RECORDS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "predict/interner.h"
#include "predict/reference_rate.h"
#include "predict/rhythm.h"

namespace driftcast::predict {

// One key of a live resource. A set (path ends in "[]") is one leaf, whatever its items.
struct Leaf {
  uint32_t path = kNone;
  uint32_t value = kNone;            // of a set: the item last added
  uint32_t since = 0;                // when it took this value
  uint32_t subject_version = kNone;  // index into version moves: (what it is a version of, value)
  uint32_t name_version = kNone;     // the same by (last component of the path, value)
  uint32_t items = 1;                // of a set: how many
};

// A key of a live resource that holds a version: what of its Leaf is asked for daily.
struct HeldVersion {
  uint32_t subject_version = kNone;
  uint32_t name_version = kNone;
  uint32_t since = 0;
};

// What is remembered of a key that ever changed. Keys that appear one after the other, numbered
// ("releases[1.2]", "releases[1.3]"), are remembered as one: a series. Its path has kSeriesMark in
// the place of the number, and its value is the path of the newest of them.
struct KeyPast {
  uint32_t path = kNone;
  uint32_t last = 0;      // last change
  float decayed_60d = 0;  // changes, half-life 60 days, as of `last`
  float decayed_3d = 0;
  uint32_t previous = kNone;  // value before the last change; kNone: there was none
  uint32_t current = kNone;   // value after it; kNone: removed
  uint16_t changes = 0;       // saturating
  uint8_t last_op = 0;        // ChangeOp
  uint8_t counter_steps = 0;  // times the change was "last number plus one", in a row
  uint32_t first = 0;         // first change
};

// Keys lately added to resources of one kind or folder: the newest, each once.
struct AddedKeys {
  std::array<uint32_t, 4> path = {kNone, kNone, kNone, kNone};
  std::array<uint32_t, 4> at{};
  std::array<float, 4> count{};  // half-life 14 days, as of `at`
};

// Keys lately changed in resources of one kind or folder: the newest, each once, and by whom last.
struct TouchedKeys {
  std::array<uint32_t, 8> path = {kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  std::array<uint32_t, 8> at{};
  std::array<uint32_t, 8> resource{};
};

// Another stack's (or one's own) moves away from a version: for the first four stacks that did,
// when first.
struct VersionMoves {
  std::array<uint32_t, 4> stack = {kNone, kNone, kNone, kNone};
  std::array<uint32_t, 4> first{};
  std::array<uint32_t, 4> to = {kNone, kNone, kNone,
                                kNone};  // value moved to, the newest by that stack
  uint32_t subject = kNone;              // index into subjects, or kNone
  uint32_t unused = 0;
};

// Something that has versions: a chart, an image, a module source.
struct Subject {
  DecayBank releases;  // times a version was adopted that no one had adopted before
  uint32_t last_release = 0;
};

// A sum over resources of one sort.
struct Crowd {
  DecayBank changes;
  uint32_t live = 0;
  uint32_t last_change = 0;
  uint32_t last_resource = kNone;
  uint32_t previous_change = 0;  // the last change of a resource other than last_resource
  Odds odds;                     // daily: changed, expected by the reference rate
  Odds week_odds;                // the same within weeks
  uint32_t odds_day = 0;
  uint32_t last_created = 0;  // when a member last appeared
  uint32_t added = kNone;     // index of its AddedKeys
  uint32_t touched = kNone;   // index of its TouchedKeys
};

// One who changes resources of one stack.
struct Actor {
  uint32_t last = 0;
  float commits = 0;  // half-life 16 days, as of `last`
};

// How often a key (indices and labels taken out of its path) changes in resources of one kind.
struct KindPath {
  float decayed = 0;  // changes, half-life 120 days, as of `at`
  uint32_t at = 0;
  uint32_t live = 0;       // live resources with such a key
  float kind_changes = 0;  // changes of such resources, the same decay: the denominator
};

// Which other stacks changed a resource of this kind and short name lately.
struct NamePeers {
  std::array<uint32_t, 6> stack = {kNone, kNone, kNone, kNone, kNone, kNone};  // newest first
  std::array<uint32_t, 6> last{};
  DecayBank changes;
  uint32_t live = 0;
};

inline constexpr int kRecencyBins = 9;

struct StackRecord {
  uint32_t name = kNone;
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t tick_day = 0;  // the last day whose midnight was looked back from
  ReferencePool pool;
  DecayBank changes;  // resources changed (distinct resource and second)
  DecayBank human_commits, bot_commits;
  uint32_t last_human = 0, last_bot = 0;
  uint32_t unused = 0;
  DayBits any_days, human_days, bot_days;
  std::array<float, 8> weekday_changes{};  // decayed, by UTC weekday; [7] = days seen, decayed
  std::array<float, 24> hour_changes{};    // decayed, by UTC hour
  float follow_yes = 0, follow_all = 0;    // exposures that had 7 days: followed, all (decayed)
  float inner_yes = 0, inner_all = 0;      // the same within the stack
  std::array<Odds, kRecencyBins> recency_odds;  // by time since the resource's last change
  std::array<Odds, 7> weekday_odds;
  Odds odds_slow, odds_fast;  // half-lives 120 and 14 days
  // Within weeks: changes cluster, so that a week holds fewer of them than seven days would.
  std::array<Odds, kRecencyBins> recency_week_odds;
  Odds week_odds_slow, week_odds_fast;
  uint32_t last_created = 0;  // when a resource last appeared
};

struct ResourceRecord {
  uint32_t stack = 0;
  uint32_t kind = 0;          // id of a text
  uint32_t name = 0;          // id of a text
  uint32_t short_name = 0;    // id of a text
  uint32_t kind_crowd = 0;    // index into crowds: the kind within the stack
  uint32_t folder_crowd = 0;  // index into crowds: the folder or namespace within the stack
  uint32_t name_crowd = 0;    // index into crowds: the short name within the stack
  uint32_t global_kind = 0;   // index into crowds: the kind over all stacks
  uint32_t peers = 0;         // index into name peers
  uint32_t live_at = kNone;   // place in its stack's list of the living; kNone = not alive
  uint32_t created = 0;       // last creation
  uint32_t creations = 0;

  ReferenceResource reference;

  DecayBank changes;
  std::array<uint32_t, 8> recent{};  // times of the last changes, newest first
  uint32_t change_count = 0;
  DayBits days;
  uint32_t last_human = 0, last_bot = 0;
  float bot_share = 0.5f;     // of its changes, moving average
  float keys_per_change = 0;  // moving average
  float shape_share = 0;      // of changed keys: added or removed, moving average
  float last_keys = 0;        // keys in the last change
  float version_share = 0;    // of changes: moved a version, moving average
  uint32_t last_version = 0;  // last change of a version
  float reverts = 0;          // of changes: back to the value before, moving average
  float big_share = 0;        // of changes: 20 keys or more, moving average
  uint32_t last_actor = kNone;
  float same_actor = 0;                        // moving average
  float odds_happened = 0, odds_expected = 0;  // daily, half-life 60 days
  float expected_today = 0;                    // the reference's probability at the last midnight
  uint32_t odds_day = 0;
  float follow_yes = 0, follow_all = 0;
  float week_happened = 0, week_expected = 0;  // weekly, half-life 180 days
  float expected_week = 0;  // the reference's probability of a week, as of week_day
  uint32_t week_day = 0;    // when the week under way began
  uint32_t week_bin = 0;    // RecencyBin at that time
};

// A resource that often changes together with another.
struct Partner {
  uint32_t resource = kNone;
  float weight = 0;  // decayed common changes
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_FLEET_RECORDS_H_
