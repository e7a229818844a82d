#include "engine/shard_inputs.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr size_t kRowsMax = 0xffff;
constexpr double kProbabilityMin = 1e-6;  // as the scorekeeper has it

// Resources of one stack that share their inputs also share their fate: one upgrade moves a hundred
// packages while one processor is busy. So many outcomes count as fewer, by the design effect of
// cluster samples, 1 + (n - 1) rho (Kish, Survey Sampling, 1965, 5.4). rho is a documented prior.
constexpr double kFateShared = 0.5;

double WeightOf(size_t sharing) { return 1 / (1 + static_cast<double>(sharing - 1) * kFateShared); }

double LogitOf(double p) {
  p = std::clamp(p, kProbabilityMin, 1 - kProbabilityMin);
  return std::log(p / (1 - p));
}

bool IsEmpty(const Inputs& inputs) {
  return std::all_of(inputs.begin(), inputs.end(),
                     [](const auto& family) { return family.empty(); });
}

Shifts ShiftsOf(const ShardState& shard, const Inputs& inputs) {
  Shifts shifts{};
  for (size_t h = 0; h < kHorizonCount; ++h)
    shifts[h] = static_cast<float>(shard.terms[h].ShiftOf(inputs));
  return shifts;
}

}  // namespace

InputReader::InputReader(const ShardState& shard) : shard_(shard) {
  for (size_t f = 0; f < kInputFamilyCount; ++f) sources_[f] = kInputFamilies[f].make(shard);
}

Inputs InputReader::Of(const ResourceId& id, const ResourceState& state) {
  Inputs inputs;
  for (size_t f = 0; f < kInputFamilyCount; ++f) inputs[f] = sources_[f]->Of(id, state);
  return inputs;
}

Shifts InputReader::ShiftOf(const ResourceId& id, const ResourceState& state) {
  return ShiftsOf(shard_, Of(id, state));
}

InputShift InputReader::Explain(const ResourceId& id, const ResourceState& state) {
  const Inputs inputs = Of(id, state);
  InputShift shift{ShiftsOf(shard_, inputs), {}};
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    if (inputs[f].empty()) continue;
    const double weight = shard_.terms[kReasonedHorizon].ShiftOf(f, inputs);
    std::string text = sources_[f]->Evidence(id, state);
    if (weight == 0) text += "; that it foretells changes here has not shown yet";
    shift.reasons.push_back({kInputFamilies[f].name, std::move(text), weight});
  }
  return shift;
}

DriftPrediction InputReader::Predict(const ResourceId& id, const ResourceState& state) {
  return shard_.forecaster.Predict(id, state, ShareOf(shard_, id), shard_.numbers.now,
                                   Explain(id, state));
}

uint16_t InputPlaces::Of(Inputs inputs) {
  if (IsEmpty(inputs)) return 0;
  if (const auto found = places_.find(inputs); found != places_.end()) return found->second;
  if (rows_.size() == kRowsMax) return 0;
  rows_.push_back({inputs, ShiftsOf(shard_, inputs)});
  const auto place = static_cast<uint16_t>(rows_.size());
  places_.emplace(std::move(inputs), place);
  return place;
}

void LearnInputs(ShardState& shard, const InputRows& rows, size_t horizon,
                 std::span<const InputOutcome> outcomes) {
  InputTerms& terms = shard.terms[horizon];
  terms.Advance(shard.numbers.now);
  std::vector<size_t> sharing(rows.size() + 1, 0);   // by place
  double forecasts = 0, expected = 0, happened = 0;  // of those without inputs
  for (const InputOutcome& outcome : outcomes) {
    ++sharing[outcome.place];
    if (outcome.place > 0 || outcome.p <= 0) continue;
    ++forecasts;
    expected += outcome.p;
    happened += outcome.happened ? 1 : 0;
  }
  terms.LearnQuiet(forecasts, expected, happened);
  std::vector<InputTerms::Lesson> lessons;
  for (const InputOutcome& outcome : outcomes) {
    if (outcome.place == 0 || outcome.p <= 0) continue;
    const InputRow& row = rows[outcome.place - 1u];
    lessons.push_back({&row.values, LogitOf(outcome.p) - static_cast<double>(row.shift[horizon]),
                       outcome.happened, WeightOf(sharing[outcome.place])});
  }
  terms.Learn(lessons);
  if (!outcomes.empty()) shard.pending.terms.insert(horizon);
}

}  // namespace driftcast
