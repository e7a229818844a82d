// Snapshots of SeriesState: "DSS1" and the state's bytes, little-endian. There are no padding bytes
// (asserted below), so equal states have equal bytes.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "signal/series_state.h"

namespace driftcast {
namespace {

static_assert(std::endian::native == std::endian::little, "snapshots are little-endian");

constexpr std::string_view kMagic = "DSS1";

constexpr size_t kBankBytes = 7 * 4 + 7 * 4 + 8 * 2;
static_assert(sizeof(TailBank<7>) == kBankBytes);
static_assert(sizeof(DetectorState) == 5 * 8 + sizeof(Normaliser) + 8 + 9 * 4 + 4 + 2 + 2 + 2 * 4 +
                                           2 * kBankBytes + kDayBuckets * 2 + kDayBuckets / 2 + 4);
static_assert(sizeof(Normaliser) == 16);
static_assert(sizeof(ForecasterState) == sizeof(Normaliser) + 8 + 4 * 4 + 3 * 4 + kExperts * 4 +
                                             5 * 4 + sizeof(Autoregression<4>) +
                                             sizeof(Autoregression<3>) + 2 * kCheckMax * 2 +
                                             kRingSlots * 2 + 6 + 4);
static_assert(sizeof(Autoregression<4>) == (5 + 15 + 1) * 4);
static_assert(sizeof(Autoregression<3>) == (4 + 10 + 1) * 4);

bool Finite(std::initializer_list<double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

template <typename Range>
bool AllFinite(const Range& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

template <typename Range>
bool HalvesFinite(const Range& halves) {
  return std::all_of(halves.begin(), halves.end(),
                     [](uint16_t bits) { return (bits & 0x7c00) != 0x7c00; });
}

bool Valid(const Normaliser& n) { return Finite({n.anchor, n.unit}) && n.unit > 0; }

bool Valid(const TailBank<7>& bank) {
  return AllFinite(bank.quantile) && AllFinite(bank.mean_excess);
}

bool Valid(const DetectorState& d) {
  return Finite({d.fast, d.short_level, d.mid, d.slow, d.last, d.interval_s, d.step_scale,
                 d.rhythm_scale, d.flat_scale, d.spread_short, d.spread_long, d.drift,
                 d.habituation, d.last_alarm_evidence, d.sum_quantile, d.sum_mean_excess}) &&
         d.interval_s >= 0 && d.step_scale >= 0 && d.rhythm_scale >= 0 && d.flat_scale >= 0 &&
         d.spread_short >= 0 && d.spread_long >= 0 && d.habituation >= 0 && d.last_at >= 0 &&
         Valid(d.packing) && Valid(d.upper) && Valid(d.lower) && HalvesFinite(d.rhythm);
}

bool Valid(const ForecasterState& f) {
  return Valid(f.packing) && Finite({f.open_sum, f.near_error, f.far_error, f.next}) &&
         f.near_error >= 0 && f.far_error >= 0 && f.slot_s >= 1 && f.slot >= 0 &&
         AllFinite(f.errors) && AllFinite(f.quantiles) &&
         std::is_sorted(f.quantiles.begin(), f.quantiles.end()) && f.ar_day.Valid() &&
         f.ar_week.Valid() && HalvesFinite(f.pending[0]) && HalvesFinite(f.pending[1]) &&
         HalvesFinite(f.ring) && f.head < kRingSlots && f.day >= 1 && f.day <= f.week &&
         f.week < kRingSlots && f.negative <= 1 && f.reserved == decltype(f.reserved){};
}

}  // namespace

bool SeriesState::Valid() const {
  return driftcast::Valid(detector_) && driftcast::Valid(forecaster_);
}

std::string SeriesState::Serialize() const {
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(&detector_), sizeof(detector_));
  bytes.append(reinterpret_cast<const char*>(&forecaster_), sizeof(forecaster_));
  return bytes;
}

StatusOr<SeriesState> SeriesState::Parse(std::string_view bytes) {
  constexpr size_t size = kMagic.size() + sizeof(DetectorState) + sizeof(ForecasterState);
  if (bytes.size() != size || bytes.substr(0, kMagic.size()) != kMagic)
    return Status(StatusCode::kDataLoss, "not a series snapshot of this version");
  SeriesState state;
  bytes.remove_prefix(kMagic.size());
  std::memcpy(&state.detector_, bytes.data(), sizeof(DetectorState));
  std::memcpy(&state.forecaster_, bytes.data() + sizeof(DetectorState), sizeof(ForecasterState));
  if (!state.Valid()) return Status(StatusCode::kDataLoss, "a series snapshot is damaged");
  return state;
}

}  // namespace driftcast
