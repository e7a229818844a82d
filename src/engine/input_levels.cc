#include "engine/input_levels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bytes.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 1;
constexpr double kCohortsKept = 26;  // of one part of the week
constexpr double kLeans = 2;         // cohorts of the whole week that each part leans on
constexpr double kKnownFrom = 3;     // cohorts; below, nothing is called unusual
constexpr double kLeastShare = 1e-4;

size_t CentredInputs() {
  size_t count = 0;
  for (const InputFamily& family : kInputFamilies)
    if (family.centred()) count += family.inputs;
  return count;
}

std::vector<float> Flat(const Inputs& inputs) {
  std::vector<float> flat;
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    if (!kInputFamilies[f].centred()) continue;
    if (inputs[f].empty())
      flat.resize(flat.size() + kInputFamilies[f].inputs, 0);
    else
      flat.insert(flat.end(), inputs[f].begin(), inputs[f].end());
  }
  return flat;
}

bool AllZero(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
}

double LogitOf(double p) {
  p = std::clamp(p, kLeastShare, 1 - kLeastShare);
  return std::log(p / (1 - p));
}

}  // namespace

uint8_t InputLevels::PartOf(size_t horizon, Instant at) {
  const int64_t hours = ToUnixMicros(at) / 3'600'000'000;
  const int64_t day = (hours / 24 + 3) % 7;  // 1970-01-01 was a Thursday; 0 = Monday
  if (kHorizons[horizon] >= kDay) return static_cast<uint8_t>(day);
  return static_cast<uint8_t>(hours % 24 + (day >= 5 ? 24 : 0));
}

void InputLevels::Level::Add(double weight, const Level& other) {
  if (weight <= 0) return;
  cohorts += weight;
  const double share = weight / cohorts;
  expected += share * (other.expected - expected);
  happened += share * (other.happened - happened);
  usual.resize(std::max(usual.size(), other.usual.size()));
  for (size_t i = 0; i < other.usual.size(); ++i)
    usual[i] += static_cast<float>(share) * (other.usual[i] - usual[i]);
}

InputLevels::Level InputLevels::Whole(const Week& week) {
  Level whole;
  for (const auto& [part, level] : week) whole.Add(level.cohorts, level);
  return whole;
}

InputLevels::Level InputLevels::At(size_t horizon, Instant at) const {
  const Week& week = weeks_[horizon];
  const Level whole = Whole(week);
  if (whole.cohorts < kKnownFrom) return {};
  Level level = whole;
  level.cohorts = kLeans;
  if (const auto part = week.find(PartOf(horizon, at)); part != week.end())
    level.Add(part->second.cohorts, part->second);
  return level;
}

Inputs InputLevels::Centred(size_t horizon, Instant at, Inputs inputs) const {
  const Level level = At(horizon, at);
  const std::vector<float> seen = Flat(inputs);
  size_t place = 0;
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    if (!kInputFamilies[f].centred()) continue;
    std::vector<float> centred(kInputFamilies[f].inputs, 0);
    for (float& value : centred) {
      if (!level.usual.empty()) value = seen[place] - level.usual[place];
      ++place;
    }
    if (AllZero(centred)) centred.clear();
    inputs[f] = std::move(centred);
  }
  return inputs;
}

// Halfway to what happened once there were as many cohorts as lean on it.
double InputLevels::Offset(size_t horizon, Instant at) const {
  const Level level = At(horizon, at);
  if (level.cohorts == 0) return 0;
  const double known = level.cohorts / (level.cohorts + kKnownFrom);
  return known * (LogitOf(level.happened) - LogitOf(level.expected));
}

void InputLevels::Learn(size_t horizon, Instant at, const Cohort& cohort) {
  Week& week = weeks_[horizon];
  Level seen{1, cohort.expected, cohort.happened, Flat(cohort.inputs)};
  if (week.empty() && AllZero(seen.usual)) return;
  Level& level = week[PartOf(horizon, at)];
  level.cohorts = std::min(level.cohorts, kCohortsKept - 1);
  level.Add(1, seen);
}

bool InputLevels::empty() const {
  return std::all_of(weeks_.begin(), weeks_.end(), [](const Week& week) { return week.empty(); });
}

std::string InputLevels::Encode() const {
  ByteWriter out;
  out.Unsigned(kFormat);
  out.Unsigned(CentredInputs());
  for (const Week& week : weeks_) {
    out.Unsigned(week.size());
    for (const auto& [part, level] : week) {
      out.Unsigned(part);
      out.Real(level.cohorts);
      out.Real(level.expected);
      out.Real(level.happened);
      for (const float value : level.usual) out.Unsigned(std::bit_cast<uint32_t>(value));
    }
  }
  return out.Take();
}

// Of other families than there are now: begins anew.
StatusOr<InputLevels> InputLevels::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kFormat) return DataLoss("levels of inputs of an unknown format");
  const uint64_t inputs = in.Unsigned();
  if (inputs != CentredInputs() && in.ok()) return InputLevels();
  InputLevels levels;
  bool sane = true;
  for (Week& week : levels.weeks_) {
    for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
      Level& level = week[static_cast<uint8_t>(in.Unsigned())];
      for (double* value : {&level.cohorts, &level.expected, &level.happened}) {
        *value = in.Real();
        sane &= *value >= 0 && *value <= kCohortsKept;
      }
      level.usual.resize(inputs);
      for (float& value : level.usual) {
        value = std::bit_cast<float>(static_cast<uint32_t>(in.Unsigned()));
        sane &= std::isfinite(value);
      }
    }
  }
  if (!in.done() || !sane) return DataLoss("levels of inputs that cannot be read");
  return levels;
}

}  // namespace driftcast
