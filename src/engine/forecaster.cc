#include "engine/forecaster.h"

#include <algorithm>
#include <cmath>

#include "intel/version.h"
#include "predict/state_bytes.h"

namespace driftcast {
namespace {

// A pending update without a known run is taken, by half of the hosts, within two weeks. A
// documented prior; the track record shows what it is worth here.
constexpr double kAdoptionHalfLifeDays = 14;
// A run that is due does what it is there for nine times in ten; the same kind of prior.
constexpr double kDueRunWorks = 0.9;

double Logit(double p) {
  p = std::clamp(p, 1e-9, 1 - 1e-9);
  return std::log(p / (1 - p));
}

const Value* ContextOf(const ResourceState& state, std::string_view path) {
  for (const KeyValue& key : state.context)
    if (key.path == path) return &key.value;
  return nullptr;
}

const Value* ObservedOf(const ResourceState& state, std::string_view path) {
  for (const KeyState& key : state.keys)
    if (key.path == path && key.observed) return &*key.observed;
  return nullptr;
}

// P(what is scheduled happens within the horizon).
double Scheduled(const ResourceState& state, Instant now, Duration horizon) {
  const bool pending = !PendingVersion(state).empty();
  if (const auto due = DueAt(state)) {
    if (*due <= now + horizon) return kDueRunWorks;
    if (pending) return 0;  // it will come with the run, and not before
  }
  if (!pending) return 0;
  return 1 - std::exp2(-Seconds(horizon) / 86400 / kAdoptionHalfLifeDays);
}

double Shifted(double p, double shift) {
  return shift == 0 ? p : 1 / (1 + std::exp(-(Logit(p) + shift)));
}

// What was learned and what is scheduled, as independent ways to change; then what inputs add.
Risks Combine(const predict::HorizonProbabilities& learned, const ResourceState& state, Instant now,
              const Shifts& shift) {
  Risks risks{};
  for (size_t h = 0; h < kHorizonCount; ++h) {
    const double q = Scheduled(state, now, kHorizons[h]);
    risks[h] = static_cast<float>(Shifted(1 - (1 - learned[h]) * (1 - q), shift[h]));
    if (h > 0) risks[h] = std::max(risks[h], risks[h - 1]);
  }
  return risks;
}

void SortByP(std::vector<PredictedKey>& keys) {
  std::stable_sort(keys.begin(), keys.end(),
                   [](const PredictedKey& a, const PredictedKey& b) { return a.p > b.p; });
}

// A pending version is what the forecast is about: it goes first, with its share of the risk.
void AddScheduledKey(const ResourceState& state, double scheduled, double total,
                     std::vector<PredictedKey>& keys) {
  const std::string pending = PendingVersion(state);
  if (pending.empty() || total <= 0) return;
  const double share = std::min(1.0, scheduled / total);
  for (PredictedKey& key : keys) key.p *= 1 - share;
  std::erase_if(keys, [](const PredictedKey& key) { return key.path == "version"; });
  keys.push_back({"version", share, pending, kDueRunWorks, "candidate version"});
  SortByP(keys);
}

// In proportion to their parts, so that they sum to what the inputs really added: a probability
// is held above that of the shorter horizon, which can add to it or swallow a part.
void AddInputReasons(const InputShift& inputs, double added, std::vector<Reason>& reasons) {
  double sum = 0;
  for (const Reason& reason : inputs.reasons) sum += reason.weight;
  for (Reason reason : inputs.reasons) {
    if (sum != 0) reason.weight *= added / sum;
    reasons.push_back(std::move(reason));
  }
}

}  // namespace

void Forecaster::Advance(Instant now) {
  if (now <= advanced_to_) return;
  advanced_to_ = now;
  predictor_.Advance(now);
}

Instant Forecaster::Learn(const ChangeEvent& event, bool past) {
  ChangeEvent taken = event;
  if (!past) taken.at = std::max(taken.at, advanced_to_);
  Advance(taken.at);
  predictor_.Learn(taken);
  return taken.at;
}

std::vector<Risks> Forecaster::RisksOf(std::span<const Asked> asked, Instant now) const {
  std::vector<Risks> risks(asked.size());  // 0 for what was never heard of
  std::vector<predict::ResourceId> handles;
  std::vector<size_t> places;
  for (size_t i = 0; i < asked.size(); ++i) {
    const ResourceId& id = asked[i].id;
    const auto handle = predictor_.Find(id.stack.value, id.kind, id.name);
    if (handle == predict::kNone) continue;
    handles.push_back(handle);
    places.push_back(i);
  }
  std::vector<predict::HorizonProbabilities> learned(handles.size());
  predictor_.Probabilities(handles, now, learned.data());
  for (size_t i = 0; i < handles.size(); ++i)
    risks[places[i]] = Combine(learned[i], asked[places[i]].state, now, asked[places[i]].shift);
  return risks;
}

Risks Forecaster::RisksOf(const ResourceId& id, const ResourceState& state, Instant now,
                          const Shifts& shift) const {
  const auto handle = predictor_.Find(id.stack.value, id.kind, id.name);
  if (handle == predict::kNone) return {};
  predict::HorizonProbabilities learned;
  predictor_.Probabilities({&handle, 1}, now, &learned);
  return Combine(learned, state, now, shift);
}

bool Forecaster::Abstains(const StackId& stack, Instant now) const {
  return predictor_.Abstains(stack.value, now);
}

DriftPrediction Forecaster::Predict(const ResourceId& id, const ResourceState& state,
                                    const DriftShare& share, Instant now,
                                    const InputShift& inputs) const {
  DriftPrediction prediction;
  prediction.resource = id;
  prediction.made_at = now;
  auto predicted = predictor_.Predict(id, now);
  if (predicted.ok()) prediction = *std::move(predicted);
  prediction.model = model_;
  const double learned = Logit(prediction.horizons[kReasonedHorizon].p_change);
  const Risks plain = RisksOf(id, state, now);  // without inputs
  const Risks risks = RisksOf(id, state, now, inputs.logit);
  for (size_t h = 0; h < kHorizonCount; ++h)
    prediction.horizons[h] = {risks[h], DriftShareOf(share)};
  prediction.due_at = DueAt(state);
  if (const std::string pending = PendingVersion(state); !pending.empty() || prediction.due_at) {
    std::string text = pending.empty() ? "" : "version " + pending + " is available";
    if (prediction.due_at)
      text +=
          (text.empty() ? "" : "; ") + ("the next run is at " + FormatInstant(*prediction.due_at));
    prediction.reasons.push_back({"schedule", text, Logit(plain[kReasonedHorizon]) - learned});
  }
  AddInputReasons(inputs, Logit(risks[kReasonedHorizon]) - Logit(plain[kReasonedHorizon]),
                  prediction.reasons);
  // The base is no reason: it comes last.
  std::stable_sort(prediction.reasons.begin(), prediction.reasons.end(),
                   [](const Reason& a, const Reason& b) {
                     const bool base_a = a.group == "base", base_b = b.group == "base";
                     return base_a != base_b ? base_b : std::abs(a.weight) > std::abs(b.weight);
                   });
  AddScheduledKey(state, Scheduled(state, now, kHorizons[kReasonedHorizon]),
                  plain[kReasonedHorizon], prediction.keys);
  return prediction;
}

void Forecaster::Use(std::shared_ptr<const predict::DriftModel> model, std::string version) {
  predictor_.Use(std::move(model));
  model_ = std::move(version);
}

void Forecaster::Serialize(const std::function<void(std::string piece)>& sink) const {
  constexpr size_t kPieceBytes = 4 << 20;
  predict::StateWriter out(sink, kPieceBytes);
  out.Put(ToUnixMicros(advanced_to_));
  predictor_.Serialize(&out);
  out.Finish();
}

Status Forecaster::Restore(std::string_view bytes) {
  predict::StateReader in(bytes);
  advanced_to_ = FromUnixMicros(in.Get<int64_t>());
  if (!in.ok()) return DataLoss("a forecaster's state that cannot be read");
  return predictor_.Restore(bytes.substr(sizeof(int64_t)));
}

double DriftShareOf(const DriftShare& share) {
  return (static_cast<double>(share.drifts) + 1) / (static_cast<double>(share.changes) + 2);
}

std::string PendingVersion(const ResourceState& state) {
  const Value* candidate = ContextOf(state, "candidate");
  const Value* version = ObservedOf(state, "version");
  if (candidate == nullptr || version == nullptr) return {};
  // Lists may be older than what is installed: an older candidate is none.
  if (intel::CompareDpkgVersions(candidate->text, version->text) <= 0) return {};
  const Value* hold = ObservedOf(state, "hold");
  if (hold != nullptr && hold->text == "true") return {};
  return candidate->text;
}

std::optional<Instant> DueAt(const ResourceState& state) {
  const Value* value = ContextOf(state, PendingVersion(state).empty() ? "due" : "next_run");
  if (value == nullptr) return std::nullopt;
  const auto at = ParseInstant(value->text);
  return at.ok() ? std::optional(*at) : std::nullopt;
}

}  // namespace driftcast
