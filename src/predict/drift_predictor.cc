#include "predict/drift_predictor.h"

#include <algorithm>
#include <cmath>

#include "predict/candidates.h"

namespace driftcast::predict {
namespace {

constexpr size_t kBlock = 64;                       // rows that are scored together
constexpr uint64_t kMagic = 0x3245'5250'4652'4403;  // of the state as bytes; changes with it
constexpr uint32_t kCatchUpDaysMax = 400;           // nothing is compared for days before
constexpr size_t kObservedMax = 256;   // resources of a stack whose forecasts are compared daily
constexpr double kTrustToSpeak = 0.5;  // below, the forecast abstains

uint32_t SecondsOf(Instant t) {
  const int64_t s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  return static_cast<uint32_t>(std::clamp<int64_t>(s, 1, 0xfffffff0));
}

double Logit(double p) {
  const double q = std::clamp(p, 1e-12, 1 - 1e-12);
  return std::log(q) - std::log1p(-q);
}

bool IsYoung(const FleetState& state, uint32_t stack, uint32_t now) {
  return TrustIn(now - std::min(now, state.stack(stack).first)) < kTrustToSpeak;
}

}  // namespace

double TrustIn(uint32_t age_seconds) {
  return std::clamp(static_cast<double>(age_seconds) / (30.0 * kDay32), 0.0, 1.0);
}

double PlainRate(const FleetState& state, ResourceId id, uint32_t now) {
  const ResourceRecord& resource = state.resource(id);
  return state.stack(resource.stack).pool.YoungRate(resource.reference, now);
}

bool DriftPredictor::Abstains(std::string_view stack, Instant now) const {
  const uint32_t index = state_.FindStack(stack);
  return index == kNone || IsYoung(state_, index, SecondsOf(now));
}

double DriftPredictor::TrustOf(uint32_t stack, uint32_t now) const {
  if (model_->reference_only) return 0;
  return TrustIn(now - std::min(now, state_.stack(stack).first));
}

// In a young stack, part of the say is the plain rate's.
void DriftPredictor::MixPlain(ResourceId id, uint32_t now, double trust,
                              HorizonProbabilities* p) const {
  const ResourceRecord& resource = state_.resource(id);
  const double rate = model_->reference_only
                          ? state_.stack(resource.stack).pool.Rate(resource.reference, now)
                          : PlainRate(state_, id, now);
  for (int h = 0; h < kHorizons; ++h)
    (*p)[h] = trust * (*p)[h] - (1 - trust) * std::expm1(-rate * Seconds(kProductHorizons[h]));
}

DriftPredictor::DriftPredictor(std::shared_ptr<const DriftModel> model) { Use(std::move(model)); }

void DriftPredictor::Use(std::shared_ptr<const DriftModel> model) {
  model_ = std::move(model);
  // The shipped model lives for ever: share it without owning it.
  if (model_ == nullptr) model_ = {std::shared_ptr<void>(), PretrainedModel()};
  DRIFTCAST_CHECK(model_->trained(), "the model of a DriftPredictor must be trained");
}

void DriftPredictor::Learn(const ChangeEvent& event) {
  PassMidnights(SecondsOf(event.at));
  state_.Apply(event);
}

void DriftPredictor::Advance(Instant now) {
  PassMidnights(SecondsOf(now));
  state_.Advance(SecondsOf(now));
}

// At every midnight, each stack's forecasts are compared with what happened: at midnight itself,
// so that the result does not depend on when time is told.
void DriftPredictor::PassMidnights(uint32_t now) {
  const uint32_t today = now / kDay32;
  observed_day_ = std::max(observed_day_, today - std::min(today, kCatchUpDaysMax));
  while (observed_day_ < today) {
    const uint32_t midnight = ++observed_day_ * kDay32;
    state_.Advance(midnight);
    for (uint32_t stack = 0; stack < state_.stack_count(); ++stack) Observe(stack, midnight);
  }
}

void DriftPredictor::Observe(uint32_t stack, uint32_t now) {
  const auto living = state_.living(stack);
  const size_t stride = living.size() / kObservedMax + 1;
  std::vector<ResourceId> ids;
  for (const ResourceId id : living)
    if (id % stride == 0) ids.push_back(id);
  if (ids.empty()) return;
  const StackView view = ViewStack(state_, stack, now);
  std::vector<HeadLogits> logits(ids.size());
  std::array<FeatureVector, kBlock> inputs;
  for (size_t first = 0; first < ids.size(); first += kBlock) {
    const size_t n = std::min(kBlock, ids.size() - first);
    for (size_t i = 0; i < n; ++i) FillFeatures(state_, view, ids[first + i], &inputs[i]);
    model_->Logits(inputs[0].data(), kFeatures, n, &logits[first]);
  }
  recalibration_.Observe(state_, stack, now, ids, logits);
}

void DriftPredictor::Probabilities(std::span<const ResourceId> ids, Instant at,
                                   HorizonProbabilities* out) const {
  const uint32_t now = SecondsOf(at);
  std::array<FeatureVector, kBlock> inputs;
  std::array<HeadLogits, kBlock> logits;
  StackView view;
  view.stack = kNone;
  for (size_t first = 0; first < ids.size(); first += kBlock) {
    const size_t n = std::min(kBlock, ids.size() - first);
    std::array<double, kBlock> trust;
    std::array<uint32_t, kBlock> stacks;
    for (size_t i = 0; i < n; ++i) {
      const ResourceId id = ids[first + i];
      const uint32_t stack = state_.resource(id).stack;
      if (view.stack != stack) view = ViewStack(state_, stack, now);
      FillFeatures(state_, view, id, &inputs[i]);
      trust[i] = TrustOf(stack, now);
      stacks[i] = stack;
    }
    model_->Logits(inputs[0].data(), kFeatures, n, logits.data());
    for (size_t i = 0; i < n; ++i) {
      out[first + i] = AtProductHorizons(recalibration_.Corrected(stacks[i], logits[i]),
                                         inputs[i][kHourShare6h]);
      if (trust[i] < 1) MixPlain(ids[first + i], now, trust[i], &out[first + i]);
    }
  }
}

Standing DriftPredictor::StandingOf(ResourceId id, Instant at) const {
  Standing s;
  s.view = ViewStack(state_, state_.resource(id).stack, SecondsOf(at));
  FillFeatures(state_, s.view, id, &s.inputs);
  const HeadLogits raw = model_->Logits(s.inputs.data());
  s.logits = recalibration_.Corrected(s.view.stack, raw);
  s.correction = static_cast<double>(s.logits[0]) - raw[0];
  s.p = AtProductHorizons(s.logits, s.inputs[kHourShare6h]);
  s.trust = TrustOf(s.view.stack, s.view.now);
  if (s.trust < 1) MixPlain(id, s.view.now, s.trust, &s.p);
  s.abstains = IsYoung(state_, s.view.stack, s.view.now);
  return s;
}

std::vector<PredictedKey> DriftPredictor::Keys(ResourceId id, Instant now, size_t count) const {
  std::vector<PredictedKey> keys;
  for (Candidate& c : RankKeys(state_, model_->key_ranker, id, SecondsOf(now), count)) {
    PredictedKey key;
    key.path = c.Path(state_);
    key.p = c.share;
    key.source = "own history";
    if (c.source != ValueSource::kNoValue) {
      key.value = std::move(c.value);
      key.value_p = model_->value_rates[static_cast<size_t>(c.source)];
      key.source = SourceName(c.source);
    } else if (c.inputs[kKeyCount] == 0) {
      key.source = "similar resources";
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<Reason> DriftPredictor::Reasons(ResourceId id, const Standing& s) const {
  constexpr int kDayHead = 0, kDayHorizon = 2;
  if (model_->reference_only)
    return {{"base", "the rate of its own changes, shrunk towards the rate of its stack",
             Logit(s.p[kDayHorizon])}};
  std::array<double, kFeatures> parts{};
  const double base = model_->heads[kDayHead].Explain(s.inputs.data(), parts.data());
  std::array<double, kFamilies> sums{};
  double total = base;
  for (int i = 0; i < kFeatures; ++i) {
    sums[static_cast<int>(FamilyOf(i))] += parts[i];
    total += parts[i];
  }
  std::vector<Reason> reasons;
  reasons.push_back({"base", "how often a resource changes that nothing is known of", base});
  for (int f = 0; f < kFamilies; ++f) {
    if (std::abs(sums[f]) < 1e-9) continue;
    const auto family = static_cast<Family>(f);
    reasons.push_back(
        {std::string(FamilyWords(family)), EvidenceOf(family, state_, id, s), sums[f]});
  }
  if (std::abs(s.correction) > 1e-9) {
    reasons.push_back({"track record",
                       s.correction > 0
                           ? "what was forecast for this stack has come more often than said"
                           : "what was forecast for this stack has come less often than said",
                       s.correction});
    total += s.correction;
  }
  const double rest = Logit(s.p[kDayHorizon]) - total;
  if (s.trust < 1) {
    reasons.push_back({"young stack",
                       "the stack is known for less than 30 days, so its plain rate counts", rest});
  } else {
    reasons[0].weight += rest;  // the rounding of single-precision margins
  }
  std::stable_sort(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  return reasons;
}

StatusOr<DriftPrediction> DriftPredictor::Predict(const driftcast::ResourceId& id, Instant now,
                                                  size_t keys_max) const {
  const ResourceId handle = Find(id.stack.value, id.kind, id.name);
  if (handle == kNone) return NotFound("{} was never heard of", id.ToText());
  const Standing s = StandingOf(handle, now);
  DriftPrediction prediction;
  prediction.resource = id;
  prediction.made_at = now;
  for (size_t h = 0; h < kHorizonCount; ++h) prediction.horizons[h].p_change = s.p[h];
  prediction.keys = Keys(handle, now, keys_max);
  prediction.reasons = Reasons(handle, s);
  prediction.abstains = s.abstains;
  return prediction;
}

void DriftPredictor::Serialize(StateWriter* out) const {
  out->Put(kMagic);
  recalibration_.Serialize(out);
  out->Put(observed_day_);
  state_.Serialize(out);
}

std::string DriftPredictor::Serialize() const {
  StateWriter out;
  Serialize(&out);
  return out.Take();
}

Status DriftPredictor::Restore(std::string_view bytes) {
  StateReader in(bytes);
  const auto magic = in.Get<uint64_t>();
  if (in.ok() && magic != kMagic)
    return FailedPrecondition("a forecast's state of another version");
  Recalibration recalibration;
  const bool fits = recalibration.Restore(&in);
  const auto observed_day = in.Get<uint32_t>();
  if (!fits || !in.ok()) return DataLoss("state of the forecast is damaged");
  DRIFTCAST_ASSIGN_OR_RETURN(state_, FleetState::Restore(in.rest()));
  recalibration_ = std::move(recalibration);
  observed_day_ = observed_day;
  return Ok();
}

}  // namespace driftcast::predict
