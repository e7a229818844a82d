#include "engine/forecaster.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "intel/version.h"
#include "shadow/sensitivity.h"
#include "shadow/update.h"

namespace driftcast {
namespace {

constexpr char kModel[] = "reference/1";

// A pending update without a known run is taken, by half of the hosts, within two weeks. A
// documented prior; the track record shows what it is worth here.
constexpr double kAdoptionHalfLifeDays = 14;
// A run that is due does what it is there for nine times in ten; the same kind of prior.
constexpr double kDueRunWorks = 0.9;

double Logit(double p) {
  p = std::clamp(p, 1e-9, 1 - 1e-9);
  return std::log(p / (1 - p));
}

// P(at least one change) at a constant rate.
double WithinOf(double rate_per_s, Duration horizon) {
  return 1 - std::exp(-rate_per_s * Seconds(horizon));
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

std::string Ago(Duration d) {
  const double hours = Seconds(d) / 3600;
  if (hours < 1) return fmt::format("{:.0f} min ago", Seconds(d) / 60);
  if (hours < 48) return fmt::format("{:.0f} h ago", hours);
  return fmt::format("{:.0f} days ago", hours / 24);
}

void SortByP(std::vector<PredictedKey>& keys) {
  std::stable_sort(keys.begin(), keys.end(),
                   [](const PredictedKey& a, const PredictedKey& b) { return a.p > b.p; });
}

// Likely keys: those that moved before, by how often; a pending version first.
std::vector<PredictedKey> LikelyKeys(const ResourceState& state, Instant now, double scheduled,
                                     double total) {
  constexpr size_t kShown = 5;
  std::vector<PredictedKey> keys;
  double sum = 0;
  for (const KeyState& key : state.keys) sum += VolatilityAt(key.volatility, now);
  const double from_schedule = total > 0 ? std::min(1.0, scheduled / total) : 0;
  const std::string pending = PendingVersion(state);
  for (const KeyState& key : state.keys) {
    PredictedKey predicted;
    predicted.path = key.path;
    predicted.source = "own history";
    const double moved = VolatilityAt(key.volatility, now);
    predicted.p = (1 - from_schedule) *
                  (sum > 0 ? moved / sum : 1.0 / static_cast<double>(state.keys.size()));
    if (key.path == "version" && !pending.empty()) {
      predicted.p = std::min(1.0, predicted.p + from_schedule);
      predicted.value = pending;
      predicted.value_p = kDueRunWorks;
      predicted.source = "candidate version";
    } else if (key.expected && key.observed && key.expected != key.observed) {
      predicted.value = key.expected->Display();
      predicted.value_p = 0.5;
      predicted.source = "back to what is expected";
    }
    keys.push_back(std::move(predicted));
  }
  SortByP(keys);
  if (keys.size() > kShown) keys.resize(kShown);
  return keys;
}

std::string OwnHistoryText(const ResourceState& state, Instant now) {
  if (state.changed_at == Instant()) return "it has not changed since it is known";
  if (state.changed_before_at == Instant())
    return "it changed once, " + Ago(now - state.changed_at);
  return fmt::format("it changed {} and, before that, {}", Ago(now - state.changed_at),
                     Ago(now - state.changed_before_at));
}

}  // namespace

void Forecaster::Learn(ChangeEvent event) {
  Instant& newest = newest_[event.stack];
  event.at = newest = std::max(newest, event.at);
  // Times were put in order above, which is the only thing that can be refused.
  DRIFTCAST_CHECK(reference_.Apply(event).ok());
}

double Forecaster::RateOf(const ResourceId& id, Instant now) const {
  return reference_.Rate(id.stack.value, id.kind, id.name, now);
}

Risks Forecaster::RisksOf(const ResourceId& id, const ResourceState& state, Instant now) const {
  Risks risks;
  const double rate = RateOf(id, now);
  for (size_t h = 0; h < kHorizonCount; ++h) {
    const double p = WithinOf(rate, kHorizons[h]);
    const double q = Scheduled(state, now, kHorizons[h]);
    risks[h] = static_cast<float>(1 - (1 - p) * (1 - q));
    if (h > 0) risks[h] = std::max(risks[h], risks[h - 1]);
  }
  return risks;
}

DriftPrediction Forecaster::Predict(const ResourceId& id, const ResourceState& state,
                                    const DriftShare& share, Instant now) const {
  constexpr size_t kReasoned = 2;  // reasons explain the probability within a day
  DriftPrediction prediction;
  prediction.resource = id;
  prediction.made_at = now;
  prediction.model = kModel;
  const Risks risks = RisksOf(id, state, now);
  for (size_t h = 0; h < kHorizonCount; ++h)
    prediction.horizons[h] = {risks[h], DriftShareOf(share)};
  prediction.due_at = DueAt(state);

  const double stack =
      Logit(reference_.Probability(id.stack.value, "", "", now, kHorizons[kReasoned]));
  const double own = Logit(WithinOf(RateOf(id, now), kHorizons[kReasoned]));
  const double total = Logit(risks[kReasoned]);
  prediction.reasons.push_back({"own history", OwnHistoryText(state, now), own - stack});
  if (const std::string pending = PendingVersion(state); !pending.empty() || prediction.due_at) {
    std::string text = pending.empty() ? "" : "version " + pending + " is available";
    if (prediction.due_at)
      text +=
          (text.empty() ? "" : "; ") + ("the next run is at " + FormatInstant(*prediction.due_at));
    prediction.reasons.push_back({"schedule", text, total - own});
  }
  std::stable_sort(
      prediction.reasons.begin(), prediction.reasons.end(),
      [](const Reason& a, const Reason& b) { return std::abs(a.weight) > std::abs(b.weight); });
  prediction.reasons.push_back({"base", "how often resources of this stack change", stack});
  prediction.keys =
      LikelyKeys(state, now, Scheduled(state, now, kHorizons[kReasoned]), risks[kReasoned]);
  for (const PredictedKey& key : prediction.keys) {
    const Sensitivity sensitivity = SensitivityOf(id.kind, id.name, key.path);
    if (sensitivity.weight <= prediction.severity) continue;
    prediction.severity = sensitivity.weight;
    prediction.severity_reason = fmt::format("{}: {}", key.path, sensitivity.why);
  }
  return prediction;
}

const char* Forecaster::model() { return kModel; }

std::string Forecaster::Serialize() const {
  ByteWriter out;
  out.Unsigned(newest_.size());
  for (const auto& [stack, at] : newest_) {
    out.Text(stack);
    out.Time(at);
  }
  out.Text(reference_.Serialize());
  return out.Take();
}

Status Forecaster::Restore(std::string_view bytes) {
  ByteReader in(bytes);
  newest_.clear();
  for (uint64_t n = in.Count(); n > 0; --n) {
    std::string stack = in.Text();
    newest_[std::move(stack)] = in.Time();
  }
  DRIFTCAST_ASSIGN_OR_RETURN(reference_, predict::ReferencePredictor::Restore(in.View()));
  return in.done() ? Ok() : DataLoss("a forecaster's state that cannot be read");
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
  for (const char* path : {"next_run", "due"}) {
    const Value* value = ContextOf(state, path);
    if (value == nullptr) continue;
    if (const auto at = ParseInstant(value->text); at.ok()) return *at;
  }
  return std::nullopt;
}

}  // namespace driftcast
