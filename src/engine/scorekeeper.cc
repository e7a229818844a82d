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
                  double alert_from, TrackRecord::Horizon& record) {
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
  if (p < alert_from) return;
  ++record.alerts;
  if (!hit) return;
  ++record.alert_hits;
  record.lead_time_s += Seconds(LeadTimeOf(resource, made_at));
}

double ConstantLogLoss(const TrackRecord::Horizon& record) {
  const auto hits = static_cast<double>(record.hits), misses = static_cast<double>(record.misses);
  if (hits == 0 || misses == 0) return 0;
  const double base = hits / (hits + misses);
  return -hits * std::log(base) - misses * std::log(1 - base);
}

std::string EncodeTrack(const TrackRecord& record) {
  ByteWriter out;
  out.Unsigned(1);  // format
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
  }
  return out.Take();
}

StatusOr<TrackRecord> DecodeTrack(std::string_view bytes) {
  ByteReader in(bytes);
  TrackRecord record;
  if (in.Unsigned() != 1) return DataLoss("a track record of an unknown format");
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
  }
  if (!in.done()) return DataLoss("a track record that cannot be read");
  return record;
}

}  // namespace driftcast
