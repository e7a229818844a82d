// What a stack does at midnight UTC: look back at the day that ended, against what the reference
// rate expected of it.
#include <algorithm>

#include "predict/exposure.h"
#include "predict/fleet_state.h"
#include "predict/recency.h"

namespace driftcast::predict {
namespace {

float DailyDecay(float half_life_days, uint32_t days = 1) {
  return std::exp2(-static_cast<float>(days) / half_life_days);
}

constexpr uint32_t kCatchUpDaysMax = 1100;  // a stack silent for longer starts its odds anew

}  // namespace

void FleetState::Tick(uint32_t index, uint32_t now) {
  StackRecord& stack = stacks_[index];
  const uint32_t today = now / kDay32;
  if (stack.tick_day == 0) stack.tick_day = stack.first / kDay32;
  if (today > stack.tick_day + kCatchUpDaysMax) stack.tick_day = today - kCatchUpDaysMax;
  while (stack.tick_day < today) TickDay(index, ++stack.tick_day);
}

void FleetState::DecayDaily(StackRecord* stack, uint32_t days) {
  const float rhythm = DailyDecay(90, days);
  for (float& value : stack->weekday_changes) value *= rhythm;
  for (float& value : stack->hour_changes) value *= rhythm;
  stack->weekday_changes[7] += static_cast<float>(days);
  const float slow = DailyDecay(120, days);
  for (Odds& odds : stack->recency_odds) odds.Decay(slow);
  for (Odds& odds : stack->weekday_odds) odds.Decay(slow);
  for (Odds& odds : stack->recency_week_odds) odds.Decay(slow);
  stack->week_odds_slow.Decay(slow);
  stack->week_odds_fast.Decay(DailyDecay(30, days));
  stack->odds_slow.Decay(slow);
  stack->odds_fast.Decay(DailyDecay(14, days));
  const float follow = DailyDecay(180, days);
  for (float* value :
       {&stack->follow_yes, &stack->follow_all, &stack->inner_yes, &stack->inner_all})
    *value *= follow;
}

void FleetState::TickDay(uint32_t index, uint32_t day) {
  StackRecord& stack = stacks_[index];
  DecayDaily(&stack, 1);
  const uint32_t midnight = day * kDay32;
  Odds sum;
  for (ResourceId id : living_[index]) LookBack(&stack, id, midnight, &sum);
  Odds* weekday = &stack.weekday_odds[(day + 2) % 7];  // of the day that ended
  for (Odds* odds : {&stack.odds_slow, &stack.odds_fast, weekday}) {
    odds->happened += sum.happened;
    odds->expected += sum.expected;
  }
  const double prior = 1 / stack.pool.PooledRate(midnight);
  for (ResourceId id : living_[index]) {
    ResourceRecord& r = resources_[id];
    const double rate =
        (r.reference.changes.At(midnight) + 1) / (r.reference.Exposure(midnight) + prior);
    r.expected_today = static_cast<float>(1 - std::exp(-rate * kDay32));
    r.odds_day = day;
    if ((day + id) % 7 == 0) LookBackAWeek(&stack, id, midnight, rate);
    MatureExposures(&stack, id, midnight);
  }
}

void FleetState::LookBack(StackRecord* stack, ResourceId id, uint32_t midnight, Odds* sum) {
  ResourceRecord& r = resources_[id];
  const uint32_t day = midnight / kDay32;
  if (r.odds_day + 1 != day) return;  // not alive at the midnight before
  const uint32_t start = midnight - kDay32;
  const float happened = r.change_count > 0 && r.recent[0] > start ? 1 : 0;
  uint32_t last_before = 0;
  for (uint32_t t : r.recent) {
    if (t > start) continue;
    last_before = t;
    break;
  }
  Odds* recency = &stack->recency_odds[RecencyBin(last_before, start, r.change_count > 0)];
  for (Odds* odds : {recency, sum}) {
    odds->happened += happened;
    odds->expected += r.expected_today;
  }
  static const float kResourceDecay = DailyDecay(60);
  r.odds_happened = r.odds_happened * kResourceDecay + happened;
  r.odds_expected = r.odds_expected * kResourceDecay + r.expected_today;
  for (uint32_t index : {r.kind_crowd, r.folder_crowd, r.global_kind}) {
    Crowd& crowd = crowds_[index];
    if (crowd.odds_day < day) {
      if (crowd.odds_day != 0) {
        crowd.odds.Decay(DailyDecay(60, day - crowd.odds_day));
        crowd.week_odds.Decay(DailyDecay(120, day - crowd.odds_day));
      }
      crowd.odds_day = day;
    }
    crowd.odds.happened += happened;
    crowd.odds.expected += r.expected_today;
  }
}

// Once a week for each resource: whether the week that ended held a change, against what the
// reference expected of it. `rate`: the reference's, per second, now.
void FleetState::LookBackAWeek(StackRecord* stack, ResourceId id, uint32_t midnight, double rate) {
  ResourceRecord& r = resources_[id];
  const uint32_t day = midnight / kDay32;
  if (r.week_day + 7 == day) {
    const float happened = r.change_count > 0 && r.recent[0] > midnight - 7 * kDay32 ? 1 : 0;
    for (Odds* odds :
         {&stack->recency_week_odds[r.week_bin], &stack->week_odds_slow, &stack->week_odds_fast}) {
      odds->happened += happened;
      odds->expected += r.expected_week;
    }
    static const float kResourceDecay = DailyDecay(180, 7);
    r.week_happened = r.week_happened * kResourceDecay + happened;
    r.week_expected = r.week_expected * kResourceDecay + r.expected_week;
    for (uint32_t index : {r.kind_crowd, r.folder_crowd, r.global_kind}) {
      crowds_[index].week_odds.happened += happened;
      crowds_[index].week_odds.expected += r.expected_week;
    }
  }
  r.expected_week = static_cast<float>(1 - std::exp(-rate * 7 * kDay32));
  r.week_day = day;
  r.week_bin = static_cast<uint32_t>(RecencyBin(r.recent[0], midnight, r.change_count > 0));
}

// Exposures whose week ended during the day without the key having followed.
void FleetState::MatureExposures(StackRecord* stack, ResourceId id, uint32_t midnight) {
  if (midnight < 8 * kDay32) return;
  ResourceRecord& r = resources_[id];
  for (const HeldVersion& held : versions_[id]) {
    if (held.subject_version == kNone) continue;
    const uint32_t moved = newest_move_[held.subject_version];
    // No exposure is younger than this, and those of eight days have been counted.
    if (moved == 0 || std::max(held.since, moved) <= midnight - 8 * kDay32) continue;
    const Exposure e = ExposureOf(moves_[held.subject_version], r.stack, held.since, midnight);
    const auto matured = [midnight](uint32_t since) {
      return since != 0 && midnight - since >= 7 * kDay32 && midnight - since < 8 * kDay32;
    };
    if (matured(e.outer_since)) {
      stack->follow_all += 1;
      r.follow_all += 1;
    }
    if (matured(e.inner_since)) stack->inner_all += 1;
  }
}

}  // namespace driftcast::predict
