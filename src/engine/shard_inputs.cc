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

// What inputs, as read, add now.
Shifts ShiftsOf(const ShardState& shard, const InputLevels& levels, const Inputs& inputs) {
  Shifts shifts{};
  for (size_t h = 0; h < kHorizonCount; ++h) {
    if (!shard.terms[h].Speaks()) continue;
    const Inputs centred = levels.Centred(h, shard.numbers.now, inputs);
    shifts[h] = static_cast<float>(shard.terms[h].ShiftOf(centred));
  }
  return shifts;
}

const InputLevels& LevelsOf(const ShardState& shard, const StackId& stack) {
  static const InputLevels kNone;
  const auto found = shard.stacks.find(stack.value);
  return found == shard.stacks.end() ? kNone : found->second.levels;
}

double ProbabilityOf(double logit) { return 1 / (1 + std::exp(-logit)); }

// Whether families that are not centred have none: such forecasts tell how good the rest is.
bool IsQuiet(const Inputs& inputs) {
  for (size_t f = 0; f < kInputFamilyCount; ++f)
    if (!kInputFamilies[f].centred() && !inputs[f].empty()) return false;
  return true;
}

// Adds one resource's inputs of centred families to a mean over all.
void AddShare(const Inputs& inputs, float share, Inputs& mean) {
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    if (!kInputFamilies[f].centred() || inputs[f].empty()) continue;
    mean[f].resize(inputs[f].size());
    for (size_t i = 0; i < inputs[f].size(); ++i) mean[f][i] += share * inputs[f][i];
  }
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
  return ShiftsOf(shard_, LevelsOf(shard_, id.stack), Of(id, state));
}

InputShift InputReader::Explain(const ResourceId& id, const ResourceState& state) {
  const Inputs inputs = Of(id, state);
  const InputLevels& levels = LevelsOf(shard_, id.stack);
  const Inputs centred = levels.Centred(kReasonedHorizon, shard_.numbers.now, inputs);
  InputShift shift{ShiftsOf(shard_, levels, inputs), {}};
  for (size_t f = 0; f < kInputFamilyCount; ++f) {
    const double weight = shard_.terms[kReasonedHorizon].ShiftOf(f, centred);
    if (inputs[f].empty() && weight == 0) continue;
    std::string text =
        inputs[f].empty() ? kInputFamilies[f].quiet : sources_[f]->Evidence(id, state);
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
  if (const auto found = places_.find(inputs); found != places_.end()) return found->second;
  const Shifts shift = ShiftsOf(shard_, stack_.levels, inputs);
  if (rows_.size() == kRowsMax) return 0;
  uint16_t place = 0;
  if (!IsEmpty(inputs) || shift != Shifts{}) {
    rows_.push_back({inputs, shift});
    place = static_cast<uint16_t>(rows_.size());
  }
  places_.emplace(std::move(inputs), place);
  return place;
}

void LearnInputs(ShardState& shard, const InputCohort& cohort,
                 std::span<const InputOutcome> outcomes) {
  InputTerms& terms = shard.terms[cohort.horizon];
  terms.Advance(shard.numbers.now, kHorizons[cohort.horizon]);
  const auto heard =
      std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.p > 0; });
  // By place: as read, as the terms take them, and how many resources have them.
  std::vector<InputRow> rows = {InputRow()};
  rows.insert(rows.end(), cohort.rows.begin(), cohort.rows.end());
  std::vector<Inputs> centred;
  for (const InputRow& row : rows)
    centred.push_back(cohort.levels.Centred(cohort.horizon, cohort.made_at, row.values));
  std::vector<size_t> sharing(rows.size(), 0);
  for (const InputOutcome& outcome : outcomes) ++sharing[outcome.place];

  InputTerms::Lessons lessons;
  lessons.made_at = cohort.made_at;
  lessons.resources = static_cast<size_t>(heard);
  lessons.offset = cohort.levels.Offset(cohort.horizon, cohort.made_at);
  InputLevels::Cohort level;
  double forecasts = 0, expected = 0, happened = 0;  // of the quiet ones
  for (const InputOutcome& outcome : outcomes) {
    if (outcome.p <= 0) continue;
    const InputRow& row = rows[outcome.place];
    const double logit = LogitOf(outcome.p) - static_cast<double>(row.shift[cohort.horizon]);
    const double came = outcome.happened ? 1 : 0;
    level.expected += ProbabilityOf(logit) / static_cast<double>(heard);
    level.happened += came / static_cast<double>(heard);
    AddShare(row.values, 1 / static_cast<float>(heard), level.inputs);
    if (IsQuiet(row.values)) {
      ++forecasts;
      expected += outcome.p;
      happened += came;
    }
    if (IsEmpty(centred[outcome.place])) continue;
    lessons.of.push_back(
        {&centred[outcome.place], logit, outcome.happened, WeightOf(sharing[outcome.place])});
  }
  terms.LearnQuiet(forecasts, expected, happened);
  terms.Learn(lessons);
  if (heard > 0) cohort.levels.Learn(cohort.horizon, cohort.made_at, level);
  if (!outcomes.empty()) shard.pending.terms.insert(cohort.horizon);
}

}  // namespace driftcast
