#include "engine/scorekeeper.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace driftcast {
namespace {

// Probabilities are kept away from 0 and 1 as the judge of forecasts does, or one surprise would
// cost an infinite loss.
constexpr double kProbabilityMin = 1e-6;

bool Within(Instant t, Instant made_at, Duration horizon) {
  return t > made_at && t <= made_at + horizon;
}

constexpr uint64_t kFormat = 2;  // 1 had no days

// Into the day on which the horizon passed. Those that are too old, beside the newest, are dropped.
void CountDay(double p, bool hit, Duration lead, Instant passed_at, TrackRecord::Horizon& record) {
  const auto day = static_cast<int64_t>(Seconds(passed_at - Instant()) / Seconds(kDay));
  const auto step = std::min(static_cast<size_t>(p * TrackRecord::kSteps), TrackRecord::kSteps - 1);
  TrackRecord::Step& counted = record.days[day][step];
  ++counted.count;
  if (hit) {
    ++counted.hits;
    counted.lead_time_s += Seconds(lead);
  }
  const int64_t newest = record.days.rbegin()->first;
  record.days.erase(record.days.begin(), record.days.upper_bound(newest - TrackRecord::kDaysKept));
}

void WriteDays(ByteWriter& out, const std::map<int64_t, TrackRecord::Day>& days) {
  out.Unsigned(days.size());
  for (const auto& [day, steps] : days) {
    out.Unsigned(static_cast<uint64_t>(std::max<int64_t>(0, day)));
    for (const TrackRecord::Step& step : steps) {
      out.Unsigned(step.count);
      out.Unsigned(step.hits);
      out.Real(step.lead_time_s);
    }
  }
}

void ReadDays(ByteReader& in, std::map<int64_t, TrackRecord::Day>& days) {
  const uint64_t count = in.Unsigned();
  for (uint64_t i = 0; i < count && i <= TrackRecord::kDaysKept; ++i) {
    TrackRecord::Day& steps = days[static_cast<int64_t>(in.Unsigned())];
    for (TrackRecord::Step& step : steps) {
      step.count = in.Unsigned();
      step.hits = in.Unsigned();
      step.lead_time_s = in.Real();
    }
  }
}

}  // namespace

Outcome OutcomeOf(const ScoredResource& resource, Instant made_at, Duration horizon) {
  if (resource.treated_at > made_at && resource.treated_at <= made_at + horizon)
    return Outcome::kTreated;
  if (Within(resource.changed_at, made_at, horizon) ||
      Within(resource.changed_before_at, made_at, horizon))
    return resource.exists ? Outcome::kHit : Outcome::kVoid;
  if (!resource.exists || resource.compared_at < made_at + horizon) return Outcome::kVoid;
  // Both changes that we remember came later: there may have been more before them.
  if (resource.changed_before_at > made_at + horizon) return Outcome::kVoid;
  return Outcome::kMiss;
}

Duration LeadTimeOf(const ScoredResource& resource, Instant made_at) {
  const Instant first =
      resource.changed_before_at > made_at ? resource.changed_before_at : resource.changed_at;
  return first - made_at;
}

void CountOutcome(const ScoredResource& resource, Outcome outcome, Instant made_at,
                  Duration horizon, double alert_from, TrackRecord::Horizon& record) {
  if (outcome == Outcome::kVoid) ++record.voided;
  if (outcome == Outcome::kTreated) ++record.treated;
  if (outcome != Outcome::kHit && outcome != Outcome::kMiss) return;
  const bool hit = outcome == Outcome::kHit;
  const double p = std::clamp(resource.p, kProbabilityMin, 1 - kProbabilityMin);
  const auto bin = std::min(static_cast<size_t>(p * TrackRecord::kBins), TrackRecord::kBins - 1);
  record.bins[bin].p_sum += p;
  ++record.bins[bin].count;
  record.bins[bin].hits += hit ? 1 : 0;
  ++(hit ? record.hits : record.misses);
  record.log_loss -= std::log(hit ? p : 1 - p);
  const Duration lead = hit ? LeadTimeOf(resource, made_at) : Duration(0);
  CountDay(p, hit, lead, made_at + horizon, record);
  if (p < alert_from) return;
  ++record.alerts;
  if (!hit) return;
  ++record.alert_hits;
  record.lead_time_s += Seconds(lead);
}

double ConstantLogLoss(const TrackRecord::Horizon& record) {
  const auto hits = static_cast<double>(record.hits), misses = static_cast<double>(record.misses);
  if (hits == 0 || misses == 0) return 0;
  const double base = hits / (hits + misses);
  return -hits * std::log(base) - misses * std::log(1 - base);
}

std::string EncodeTrack(const TrackRecord& record) {
  ByteWriter out;
  out.Unsigned(kFormat);
  for (const auto& horizon : record.horizons) {
    for (const auto& bin : horizon.bins) {
      out.Real(bin.p_sum);
      out.Unsigned(bin.count);
      out.Unsigned(bin.hits);
    }
    for (const uint64_t count : {horizon.hits, horizon.misses, horizon.voided, horizon.treated,
                                 horizon.alerts, horizon.alert_hits})
      out.Unsigned(count);
    out.Real(horizon.log_loss);
    out.Real(horizon.lead_time_s);
    WriteDays(out, horizon.days);
  }
  return out.Take();
}

StatusOr<TrackRecord> DecodeTrack(std::string_view bytes) {
  ByteReader in(bytes);
  TrackRecord record;
  const uint64_t format = in.Unsigned();
  if (format < 1 || format > kFormat) return DataLoss("a track record of an unknown format");
  for (auto& horizon : record.horizons) {
    for (auto& bin : horizon.bins) {
      bin.p_sum = in.Real();
      bin.count = in.Unsigned();
      bin.hits = in.Unsigned();
    }
    for (uint64_t* count : {&horizon.hits, &horizon.misses, &horizon.voided, &horizon.treated,
                            &horizon.alerts, &horizon.alert_hits})
      *count = in.Unsigned();
    horizon.log_loss = in.Real();
    horizon.lead_time_s = in.Real();
    if (format >= 2) ReadDays(in, horizon.days);
  }
  if (!in.done()) return DataLoss("a track record that cannot be read");
  return record;
}

}  // namespace driftcast
