#include "rpc/clock_correction.h"

#include <algorithm>
#include <variant>

#include "rpc/batch_reader.h"

namespace driftcast {
namespace {

constexpr Duration kCentury = 36525 * kDay;
constexpr Instant kEarliest = FromUnixSeconds(946'684'800);   // 2000-01-01
constexpr Instant kLatest = FromUnixSeconds(32'503'680'000);  // year 3000: sums stay in range

// `t` shifted, or `now` when that is no time at all.
Instant Shift(Instant t, Duration by, Instant now) {
  if (t < -kLatest.time_since_epoch() + Instant() || t > kLatest) return now;
  return std::min(t - by, now);
}

void CorrectBody(SnapshotCompleted& body, Duration by, Instant now) {
  const Duration margin = by == Duration(0) ? by : kSecond;
  body.started_at = Shift(body.started_at, by + margin, now);
}

void CorrectBody(ActivityReported& body, Duration by, Instant now) {
  body.started_at = Shift(body.started_at, by, now);
  body.ended_at = std::max(Shift(body.ended_at, by, now), body.started_at);
}

void CorrectBody(MetricsObserved& body, Duration by, Instant now) {
  for (auto& point : body.points) point.at = Shift(point.at, by, now);
}

void CorrectBody(PastChanges& body, Duration, Instant now) {
  for (auto& event : body.events) event.at = Shift(event.at, Duration(0), now);
}

template <typename Body>
void CorrectBody(Body&, Duration, Instant) {}

}  // namespace

Duration ClockAhead(Instant agent, Instant engine) {
  if (agent == Instant()) return Duration(0);
  agent = std::clamp(agent, engine - kCentury, engine + kCentury);
  const Duration ahead = agent - engine;
  return ahead > Duration(0) || ahead < -kClockBehindMax ? ahead : Duration(0);
}

bool CorrectTimes(Fact& fact, Duration ahead, Instant now) {
  const bool readable = fact.at > kEarliest - kCentury && fact.at < kLatest;
  const Instant shown = readable ? fact.at - ahead : now + kSecond;
  const bool possible = shown <= now && shown >= kEarliest;
  const Duration by = possible || !readable ? ahead : fact.at - now;
  fact.at = possible ? shown : now;
  std::visit([&](auto& body) { CorrectBody(body, by, now); }, fact.body);
  return !possible;
}

}  // namespace driftcast
