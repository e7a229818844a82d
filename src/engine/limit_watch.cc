#include "engine/limit_watch.h"

#include <bit>

#include "base/bytes.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 1;

}  // namespace

void LimitWatch::Take(Instant at, double value) {
  seen_at = at;
  const bool now_beyond = rising ? value >= limit : value <= limit;
  if (now_beyond && !beyond) {
    reached_before_at = reached_at;
    reached_at = at;
  }
  beyond = now_beyond;
}

void LimitWatch::Score(size_t horizon, Instant treated_at, double alert_from, TrackRecord& track) {
  ScoredResource scored;
  scored.p = static_cast<double>(p[horizon]);
  scored.exists = true;
  scored.changed_at = reached_at;
  scored.changed_before_at = reached_before_at;
  scored.treated_at = treated_at;
  scored.compared_at = seen_at;
  CountOutcome(scored, OutcomeOf(scored, made_at[horizon], kHorizons[horizon]), made_at[horizon],
               kHorizons[horizon], alert_from, track.horizons[horizon]);
  made_at[horizon] = Instant();
}

void LimitWatch::Open(size_t horizon, Instant now, double probability) {
  if (beyond) return;
  made_at[horizon] = now;
  p[horizon] = static_cast<float>(probability);
}

std::string EncodeWatches(const std::map<std::string, const LimitWatch*>& watches) {
  ByteWriter out;
  out.Unsigned(kFormat);
  out.Unsigned(watches.size());
  for (const auto& [series, watch] : watches) {
    out.Text(series);
    out.Real(watch->limit);
    out.Bool(watch->rising);
    out.Bool(watch->beyond);
    for (const Instant at : {watch->reached_at, watch->reached_before_at, watch->seen_at})
      out.Time(at);
    for (const Instant at : watch->made_at) out.Time(at);
    for (const float p : watch->p) out.Unsigned(std::bit_cast<uint32_t>(p));
  }
  return out.Take();
}

StatusOr<std::map<std::string, LimitWatch>> DecodeWatches(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kFormat) return DataLoss("watched limits of an unknown format");
  std::map<std::string, LimitWatch> watches;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    LimitWatch& watch = watches[in.Text()];
    watch.limit = in.Real();
    watch.rising = in.Bool();
    watch.beyond = in.Bool();
    for (Instant* at : {&watch.reached_at, &watch.reached_before_at, &watch.seen_at})
      *at = in.Time();
    for (Instant& at : watch.made_at) at = in.Time();
    for (float& p : watch.p) p = std::bit_cast<float>(static_cast<uint32_t>(in.Unsigned()));
  }
  if (!in.done()) return DataLoss("watched limits that cannot be read");
  return watches;
}

}  // namespace driftcast
