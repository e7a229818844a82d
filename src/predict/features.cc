#include "predict/features.h"

#include <algorithm>
#include <cmath>

#include "predict/exposure.h"
#include "predict/recency.h"

namespace driftcast::predict {
namespace {

constexpr std::string_view kNames[] = {
#define FEATURE(id, family, words) #id,
#include "predict/features.def"
#undef FEATURE
};
constexpr std::string_view kWords[] = {
#define FEATURE(id, family, words) words,
#include "predict/features.def"
#undef FEATURE
};
constexpr Family kFamilyOf[] = {
#define FEATURE(id, family, words) Family::family,
#include "predict/features.def"
#undef FEATURE
};
constexpr std::string_view kFamilyNames[kFamilies] = {"own",   "shape",  "people",     "size",
                                                      "stack", "rhythm", "neighbours", "co-change",
                                                      "odds",  "peers",  "exposure"};
constexpr std::string_view kFamilyWords[kFamilies] = {
    "its own history",
    "how it changes",
    "people and programs",
    "its size and age",
    "activity of the stack",
    "weekday and hour",
    "its kind, folder and namesakes",
    "what it changes together with",
    "how stacks like this deviate from the plain rate",
    "similar stacks",
    "versions that others have left"};

constexpr float kNever = 12.5f;       // log(1 + hours) of 30 years: "never"
constexpr float kRateFloor = 0.001f;  // changes per day

float LogAge(uint32_t then, uint32_t now) {
  if (then == 0) return kNever;
  return std::log1p(static_cast<float>(now > then ? now - then : 0) * (1.0f / 3600));
}

float LogRate(float count, float exposure_days) {
  return std::log((count + 0.02f) / (exposure_days + 0.5f) + kRateFloor);
}

float LogCount(float n) { return std::log1p(n); }

int WeekdayOf(uint32_t day) { return static_cast<int>((day + 3) % 7); }  // 0 = Monday

// Share of the stack's daily activity that falls into the six hours from `now`, by its hours.
float HourShare(const StackRecord& s, uint32_t now) {
  float sum = 2, part = 0.5f;
  const uint32_t hour = now % kDay32 / 3600;
  for (uint32_t h = 0; h < 24; ++h) {
    sum += s.hour_changes[h];
    if ((h + 24 - hour) % 24 < 6) part += s.hour_changes[h];
  }
  return part / sum;
}

void FillCrowd(const Crowd& c, uint32_t now, const LevelValues& exposure, int level_from,
               int level_to, float* out) {
  const LevelValues v = c.changes.At(now);
  const float members = static_cast<float>(std::max<uint32_t>(c.live, 1));
  for (int level = level_from; level <= level_to; ++level)
    *out++ = std::log((v[level] / members + 0.02f) / (exposure[level] + 0.5f) + kRateFloor);
}

// When a member other than `self` last changed; 0 = not known.
uint32_t OtherChange(const Crowd& c, ResourceId self) {
  return c.last_resource == self ? c.previous_change : c.last_change;
}

struct Gaps {
  float ratio = 0, spread = 0, survived = 0, hazard_1d = 0, hazard_7d = 0;
};

// How the present gap compares with the gaps between the remembered changes.
Gaps CompareGaps(const ResourceRecord& r, uint32_t now) {
  Gaps g;
  std::array<float, 7> gaps;
  int n = 0;
  for (size_t i = 0; i + 1 < r.recent.size() && r.recent[i + 1] != 0; ++i)
    gaps[n++] = static_cast<float>(r.recent[i] - r.recent[i + 1]);
  const float present = r.recent[0] == 0 ? 0 : static_cast<float>(now - r.recent[0]);
  if (n == 0) return g;
  float sum = 0, longer = 0, in_day = 0, in_week = 0, log_sum = 0, log_square = 0;
  for (int i = 0; i < n; ++i) {
    sum += gaps[i];
    const float l = std::log1p(gaps[i] * (1.0f / 3600));
    log_sum += l;
    log_square += l * l;
    if (gaps[i] <= present) continue;
    ++longer;
    if (gaps[i] <= present + kDay32) ++in_day;
    if (gaps[i] <= present + 7 * kDay32) ++in_week;
  }
  const auto count = static_cast<float>(n);
  g.ratio = std::log((present + 3600) / (sum / count + 3600));
  g.spread = std::sqrt(std::max(log_square / count - log_sum * log_sum / (count * count), 0.0f));
  g.survived = (longer + 0.5f) / (count + 1);
  g.hazard_1d = (in_day + 0.1f) / (longer + 1);
  g.hazard_7d = (in_week + 0.3f) / (longer + 1);
  return g;
}

void FillOwn(const ResourceRecord& r, const StackView& view, FeatureVector& f) {
  const uint32_t now = view.now;
  const uint32_t born = static_cast<uint32_t>(r.reference.born);
  const uint32_t age = now > born ? now - born : 0;
  const LevelValues counts = r.changes.At(now);
  const LevelValues exposure = BankExposureDays(age);
  for (int level = 0; level < kLevels; ++level)
    f[kOwnRate6h + level] = LogRate(counts[level], exposure[level]);
  const double rate =
      (r.reference.changes.At(now) + 1) / (r.reference.Exposure(now) + 1 / view.pooled_rate);
  const double p = std::max(-std::expm1(-rate * kDay32), 1e-9);
  f[kReferenceLogit] = static_cast<float>(std::log(p) + rate * kDay32);  // log(p / (1 - p))
  f[kSinceLast] = LogAge(r.recent[0], now);
  f[kSinceSecond] = LogAge(r.recent[1], now);
  f[kSinceFourth] = LogAge(r.recent[3], now);
  f[kSinceEighth] = LogAge(r.recent[7], now);
  f[kCount] = LogCount(static_cast<float>(r.change_count));
  const uint32_t yesterday = view.target_day - 1;
  f[kDays7] = static_cast<float>(r.days.CountLast(yesterday, 7));
  f[kDays28] = static_cast<float>(r.days.CountLast(yesterday, 28));
  f[kDays63] = static_cast<float>(r.days.CountLast(yesterday, 63));
  const Gaps gaps = CompareGaps(r, now);
  f[kGapRatio] = gaps.ratio;
  f[kGapSpread] = gaps.spread;
  f[kGapSurvived] = gaps.survived;
  f[kGapHazard1d] = gaps.hazard_1d;
  f[kGapHazard7d] = gaps.hazard_7d;
  f[kOwnOdds] = std::log((r.odds_happened + 0.5f) / (r.odds_expected + 0.5f));
  f[kKeysPerChange] = LogCount(r.keys_per_change);
  f[kLastKeys] = LogCount(r.last_keys);
  f[kShapeShare] = r.shape_share;
  f[kVersionShare] = r.version_share;
  f[kSinceVersion] = LogAge(r.last_version, now);
  f[kRevertShare] = r.reverts;
  f[kBigShare] = r.big_share;
  f[kBotShare] = r.bot_share;
  f[kSinceOwnHuman] = LogAge(r.last_human, now);
  f[kSinceOwnBot] = LogAge(r.last_bot, now);
  f[kSameActor] = r.same_actor;
  f[kAge] = LogAge(born, now);
  f[kSinceCreated] = LogAge(r.created, now);
  f[kCreations] = static_cast<float>(std::min(r.creations, 10u));
  f[kOwnVsStack16d] = f[kOwnRate16d] - view.log_rates[3];
  f[kOwnVsStack64d] = f[kOwnRate64d] - view.log_rates[4];
  f[kOwnWeekOdds] = std::log((r.week_happened + 0.5f) / (r.week_expected + 0.5f));
  const uint64_t days = r.days.AsOf(yesterday);
  int weeks = 0;
  for (int week = 0; week < 8; ++week) weeks += (days >> (7 * week) & 0x7f) != 0;
  f[kOwnWeeks8] = static_cast<float>(weeks);
  f[kOwnEvenness] = f[kDays63] > 0 ? static_cast<float>(weeks) / f[kDays63] : -1;
  f[kOwnFortnight] = static_cast<float>(std::popcount(days >> 12 & 0x7));
  f[kOwnMonth] = static_cast<float>(std::popcount(days >> 26 & 0x3f));
  f[kOwnWeekday] = static_cast<float>(r.days.CountWeekday(view.target_day, 8));
  f[kOwnWeekday1] = static_cast<float>(r.days.CountWeekday(view.target_day, 1));
}

void FillNeighbours(const FleetState& state, const ResourceRecord& r, ResourceId id,
                    const StackView& view, FeatureVector& f) {
  const uint32_t now = view.now;
  const Crowd& kind = state.crowd(r.kind_crowd);
  FillCrowd(kind, now, view.exposure_days, 2, 4, &f[kKindRate4d]);
  f[kKindLive] = LogCount(static_cast<float>(kind.live));
  f[kKindOdds] = kind.odds.LogRatio(2);
  f[kSinceKind] = LogAge(OtherChange(kind, id), now);
  const Crowd& folder = state.crowd(r.folder_crowd);
  FillCrowd(folder, now, view.exposure_days, 1, 4, &f[kFolderRate1d]);
  f[kFolderLive] = LogCount(static_cast<float>(folder.live));
  f[kFolderOdds] = folder.odds.LogRatio(2);
  f[kSinceFolder] = LogAge(OtherChange(folder, id), now);
  f[kKindWeekOdds] = kind.week_odds.LogRatio(2);
  f[kFolderWeekOdds] = folder.week_odds.LogRatio(2);
  f[kSinceKindCreated] = LogAge(kind.last_created, now);
  f[kSinceFolderCreated] = LogAge(folder.last_created, now);
  const Crowd& name = state.crowd(r.name_crowd);
  FillCrowd(name, now, view.exposure_days, 3, 3, &f[kNameRate16d]);
  f[kNameLive] = LogCount(static_cast<float>(name.live));
  f[kSinceName] = LogAge(OtherChange(name, id), now);
}

void FillPartners(const FleetState& state, const ResourceRecord& r, ResourceId id,
                  const StackView& view, FeatureVector& f) {
  float pull_day = 0, pull_week = 0, rate = 0, strength = 0;
  for (const Partner& partner : state.partners(id)) {
    if (partner.resource == kNone || partner.weight < 0.05f) continue;
    const ResourceRecord& other = state.resource(partner.resource);
    strength += partner.weight;
    if (other.recent[0] > r.recent[0]) {
      const uint32_t age = view.now - other.recent[0];
      if (age <= kDay32) pull_day += partner.weight;
      if (age <= 7 * kDay32) pull_week += partner.weight;
    }
    rate += partner.weight * static_cast<float>(other.days.CountLast(view.target_day - 1, 28));
  }
  f[kPartnerPull1d] = pull_day;
  f[kPartnerPull7d] = pull_week;
  f[kPartnerRate] = strength > 0 ? rate / strength : -1;
  f[kPartnerStrength] = strength;
}

void FillPeers(const FleetState& state, const ResourceRecord& r, const StackView& view,
               FeatureVector& f) {
  const uint32_t now = view.now;
  const NamePeers& peers = state.peers(r.peers);
  int day = 0, three = 0, week = 0, after = 0;
  uint32_t newest = 0;
  for (size_t i = 0; i < peers.stack.size() && peers.stack[i] != kNone; ++i) {
    if (peers.stack[i] == r.stack) continue;
    const uint32_t age = now - std::min(peers.last[i], now);
    day += age <= kDay32;
    three += age <= 3 * kDay32;
    week += age <= 7 * kDay32;
    after += peers.last[i] > r.recent[0];
    newest = std::max(newest, peers.last[i]);
  }
  f[kPeers1d] = static_cast<float>(day);
  f[kPeers3d] = static_cast<float>(three);
  f[kPeers7d] = static_cast<float>(week);
  f[kSincePeer] = LogAge(newest, now);
  f[kPeersSinceOwn] = static_cast<float>(after);
  const Crowd& own_name = state.crowd(r.name_crowd);
  const uint32_t own_live = std::min(own_name.live, peers.live);
  const float others =
      static_cast<float>(peers.live - std::min(peers.live, std::max(own_live, 1u)));
  f[kPeerLive] = LogCount(others);
  const float elsewhere = std::max(peers.changes.At(now)[4] - r.changes.At(now)[4], 0.0f);
  f[kPeerRate64d] = std::log((elsewhere + 0.2f) / ((others + 0.5f) * kHalfLifeDays[4] * 1.44f));
  const Crowd& everywhere = state.crowd(r.global_kind);
  const Crowd& here = state.crowd(r.kind_crowd);
  const LevelValues all = everywhere.changes.At(now), mine = here.changes.At(now);
  const float members = static_cast<float>(everywhere.live - std::min(here.live, everywhere.live));
  for (const auto& [feature, level] :
       {std::pair(kKindElsewhere16d, 3), std::pair(kKindElsewhere256d, 5)})
    f[feature] = std::log((std::max(all[level] - mine[level], 0.0f) + 0.2f) /
                          ((members + 2) * kHalfLifeDays[level] * 1.44f));
  const Odds odds{std::max(everywhere.odds.happened - here.odds.happened, 0.0f),
                  std::max(everywhere.odds.expected - here.odds.expected, 0.0f)};
  f[kKindElsewhereOdds] = odds.LogRatio(3);
  const Odds weeks{std::max(everywhere.week_odds.happened - here.week_odds.happened, 0.0f),
                   std::max(everywhere.week_odds.expected - here.week_odds.expected, 0.0f)};
  f[kKindElsewhereWeekOdds] = weeks.LogRatio(3);
}

struct Behind {
  uint32_t newest = 0;
  int in_1d = 0, in_3d = 0, in_7d = 0, in_30d = 0, any = 0;
  void Add(uint32_t since, uint32_t now) {
    if (since == 0) return;
    const uint32_t age = now - std::min(since, now);
    in_1d += age <= kDay32;
    in_3d += age <= 3 * kDay32;
    in_7d += age <= 7 * kDay32;
    in_30d += age <= 30 * kDay32;
    ++any;
    newest = std::max(newest, since);
  }
};

constexpr size_t kVersionLeavesMax = 12;  // looked at per resource

void FillExposure(const FleetState& state, const ResourceRecord& r, ResourceId id,
                  const StackView& view, FeatureVector& f) {
  const uint32_t now = view.now;
  Behind outer, inner, loose, inner_loose;
  uint32_t stacks = 0, last_release = 0;
  float releases = 0;
  const auto versions = state.versions(id);
  for (const HeldVersion& leaf : versions.first(std::min(versions.size(), kVersionLeavesMax))) {
    const Exposure by_name = ExposureOf(state.moves(leaf.name_version), r.stack, leaf.since, now);
    loose.Add(by_name.outer_since, now);
    inner_loose.Add(by_name.inner_since, now);
    if (leaf.subject_version == kNone) continue;
    const VersionMoves& moves = state.moves(leaf.subject_version);
    const Exposure exposure = ExposureOf(moves, r.stack, leaf.since, now);
    outer.Add(exposure.outer_since, now);
    inner.Add(exposure.inner_since, now);
    stacks = std::max(stacks, exposure.outer_stacks);
    if (moves.subject == kNone) continue;
    const Subject& subject = state.subject(moves.subject);
    releases = std::max(releases, subject.releases.At(now)[4]);
    last_release = std::max(last_release, subject.last_release);
  }
  f[kVersionLeaves] = LogCount(static_cast<float>(versions.size()));
  f[kBehind1d] = static_cast<float>(outer.in_1d);
  f[kBehind3d] = static_cast<float>(outer.in_3d);
  f[kBehind7d] = static_cast<float>(outer.in_7d);
  f[kBehind30d] = static_cast<float>(outer.in_30d);
  f[kBehindAny] = static_cast<float>(outer.any);
  f[kSinceBehind] = LogAge(outer.newest, now);
  f[kBehindStacks] = static_cast<float>(stacks);
  f[kLooseBehind7d] = static_cast<float>(loose.in_7d);
  f[kSinceLooseBehind] = LogAge(loose.newest, now);
  f[kInnerBehind7d] = static_cast<float>(inner.in_7d);
  f[kSinceInnerBehind] = LogAge(inner.newest, now);
  f[kSinceInnerLoose] = LogAge(inner_loose.newest, now);
  const float prior = std::exp(f[kFollowStack]);
  f[kFollowOwn] = std::log((r.follow_yes + 2 * prior) / (r.follow_all + 2));
  f[kReleaseRate] = std::log(releases / (kHalfLifeDays[4] * 1.44f) + kRateFloor);
  f[kSinceRelease] = LogAge(last_release, now);
}

}  // namespace

std::string_view FeatureName(int feature) { return kNames[feature].substr(1); }
std::string_view FeatureWords(int feature) { return kWords[feature]; }
Family FamilyOf(int feature) { return kFamilyOf[feature]; }
std::string_view FamilyName(Family family) { return kFamilyNames[static_cast<int>(family)]; }
std::string_view FamilyWords(Family family) { return kFamilyWords[static_cast<int>(family)]; }

StackView ViewStack(const FleetState& state, uint32_t stack, uint32_t now) {
  const StackRecord& s = state.stack(stack);
  StackView view;
  view.stack = stack;
  view.now = now;
  view.pooled_rate = s.pool.PooledRate(now);
  view.target_day = (now + kDay32 / 2) / kDay32;
  const uint32_t yesterday = view.target_day - 1;
  const LevelValues counts = s.changes.At(now);
  view.exposure_days = BankExposureDays(now - std::min(s.first, now));
  const float live = static_cast<float>(std::max<int64_t>(s.pool.live(), 1));
  FeatureVector& f = view.features;
  for (int level = 0; level < kLevels; ++level) {
    view.log_rates[level] =
        std::log((counts[level] / live + 0.002f) / (view.exposure_days[level] + 0.5f) + 1e-5f);
    f[kStackRate6h + level] = view.log_rates[level];
  }
  f[kStackTrend] = view.log_rates[2] - view.log_rates[4];
  f[kStackLive] = LogCount(live);
  f[kStackAge] = LogAge(s.first, now);
  f[kStackDays7] = static_cast<float>(s.any_days.CountLast(yesterday, 7));
  f[kStackDays28] = static_cast<float>(s.any_days.CountLast(yesterday, 28));
  f[kSinceHuman] = LogAge(s.last_human, now);
  f[kSinceBot] = LogAge(s.last_bot, now);
  f[kHumanDays7] = static_cast<float>(s.human_days.CountLast(yesterday, 7));
  f[kBotDays7] = static_cast<float>(s.bot_days.CountLast(yesterday, 7));
  f[kHumanDays28] = static_cast<float>(s.human_days.CountLast(yesterday, 28));
  f[kBotDays28] = static_cast<float>(s.bot_days.CountLast(yesterday, 28));
  const float bot = s.bot_commits.At(now)[4], human = s.human_commits.At(now)[4];
  f[kStackBotShare] = (bot + 0.5f) / (bot + human + 1);
  f[kStackWeekday] = static_cast<float>(s.any_days.CountWeekday(view.target_day, 8));
  f[kHumanWeekday] = static_cast<float>(s.human_days.CountWeekday(view.target_day, 8));
  f[kBotWeekday] = static_cast<float>(s.bot_days.CountWeekday(view.target_day, 8));
  const int weekday = WeekdayOf(view.target_day);
  float week = 0;
  for (int d = 0; d < 7; ++d) week += s.weekday_changes[d];
  f[kWeekdayShare] = std::log((s.weekday_changes[weekday] + 2) / (week / 7 + 2));
  f[kWeekdayOdds] = s.weekday_odds[weekday].LogRatio(3);
  f[kWeekend] = weekday >= 5 ? 1 : 0;
  f[kHourShare6h] = HourShare(s, now);
  f[kStackOddsSlow] = s.odds_slow.LogRatio(3);
  f[kStackOddsFast] = s.odds_fast.LogRatio(3);
  f[kStackWeekOdds] = s.week_odds_slow.LogRatio(3);
  f[kStackWeekOddsFast] = s.week_odds_fast.LogRatio(3);
  f[kCommitSize] = std::log((counts[4] + 1) / (bot + human + 1));
  f[kSinceStackCreated] = LogAge(s.last_created, now);
  f[kFollowStack] = std::log((s.follow_yes + 1) / (s.follow_all + 3));
  f[kFollowInner] = std::log((s.inner_yes + 1) / (s.inner_all + 3));
  return view;
}

void FillFeatures(const FleetState& state, const StackView& view, ResourceId id,
                  FeatureVector* out) {
  FeatureVector& f = *out;
  f = view.features;
  const ResourceRecord& r = state.resource(id);
  FillOwn(r, view, f);
  const auto leaves = static_cast<float>(state.leaves(id).size());
  const auto ever = static_cast<float>(state.keys(id).size());
  f[kLeaves] = LogCount(leaves);
  f[kKeysEver] = LogCount(ever);
  f[kKeysEverShare] = std::min(ever / (leaves + 1), 2.0f);
  FillNeighbours(state, r, id, view, f);
  FillPartners(state, r, id, view, f);
  FillPeers(state, r, view, f);
  FillExposure(state, r, id, view, f);
  const bool ever_changed = r.change_count > 0;
  const Actor* owner = r.last_actor == kNone ? nullptr : state.actor(view.stack, r.last_actor);
  const uint32_t now = view.now;
  f[kSinceOwner] = LogAge(owner == nullptr ? 0 : owner->last, now);
  f[kOwnerCommits] =
      owner == nullptr
          ? -1
          : owner->commits *
                std::exp2(-static_cast<float>(now - std::min(now, owner->last)) / (16.0f * kDay32));
  const StackRecord& s = state.stack(view.stack);
  f[kRecencyWeekOdds] =
      s.recency_week_odds[RecencyBin(r.recent[0], view.now, ever_changed)].LogRatio(2);
  f[kRecencyOdds] = s.recency_odds[RecencyBin(r.recent[0], view.now, ever_changed)].LogRatio(2);
}

}  // namespace driftcast::predict
