#include "engine/shard_models.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/bytes.h"
#include "base/log.h"
#include "store/blob.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

constexpr size_t kKept = 4;  // the one that serves, and three to go back to
constexpr size_t kVersionBytesMax = 64;

using SharedModel = std::shared_ptr<const predict::DriftModel>;

// Null for the model that ships with the program.
StatusOr<SharedModel> ReadModel(const ShardState& shard, const std::string& digest) {
  if (digest.empty()) return SharedModel();
  if (digest == kReferenceModel)  // lives for ever: shared without being owned
    return SharedModel(std::shared_ptr<void>(), predict::ReferenceModel());
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, ReadBlob(*shard.blobs, digest));
  DRIFTCAST_ASSIGN_OR_RETURN(auto model, predict::DriftModel::Parse(bytes));
  if (!model.trained()) return InvalidArgument("the model {} was never trained", digest);
  return std::make_shared<const predict::DriftModel>(std::move(model));
}

// How surprising outcomes are under their own forecasts, beyond what these expect of themselves:
//   z = sum(loss - H(p)) / sqrt(sum of p (1 - p) logit(p)^2)
// with loss the log loss and H its expectation; mean 0 and variance 1 when the forecasts are right.
// After Spiegelhalter, "Probabilistic prediction in patient management and clinical trials", 1986,
// for the log loss instead of the squared error. Nothing when there is too little to tell.
std::optional<double> Surprise(std::span<const InputOutcome> outcomes) {
  constexpr double kVarianceMin = 0.5;  // about one change that could have come
  double beyond = 0, variance = 0;
  for (const InputOutcome& outcome : outcomes) {
    const double p = std::clamp<double>(outcome.p, 1e-6, 1 - 1e-6);
    const double logit = std::log(p / (1 - p));
    beyond += (p - (outcome.happened ? 1 : 0)) * logit;  // loss - H(p)
    variance += p * (1 - p) * logit * logit;
  }
  if (variance < kVarianceMin) return std::nullopt;
  return beyond / std::sqrt(variance);
}

void DropOldest(ShardState& shard) {
  auto& models = shard.models;
  while (models.size() > kKept) {
    const std::string digest = models.front().what.digest;
    models.erase(models.begin());
    const bool used = std::any_of(models.begin(), models.end(), [&](const ServedModel& served) {
      return served.what.digest == digest;
    });
    if (!digest.empty() && digest != kReferenceModel && !used) shard.pending.blobs_dropped.insert(digest);
  }
}

}  // namespace

Status CheckModel(const ShardState& shard, const ModelPublished& body) {
  if (body.by.empty()) return InvalidArgument("a model needs somebody who publishes it");
  if (body.version.empty() || body.version.size() > kVersionBytesMax)
    return InvalidArgument("a model needs a version of 1 to {} bytes", kVersionBytesMax);
  const auto model = ReadModel(shard, body.digest);
  if (!model.ok()) return InvalidArgument("no such model: {}", Message(model.status()));
  return Ok();
}

void ApplyModel(ShardState& shard, const Fact& fact, const ModelPublished& body) {
  auto model = ReadModel(shard, body.digest);
  if (!model.ok()) {  // it was there when it was checked: the disk has lost it since
    Log("engine").error("model.lost version={} reason=\"{}\"", body.version,
                        Message(model.status()));
    return;
  }
  // Midnights until now are the model's that served before.
  shard.forecaster.Advance(shard.numbers.now);
  ServedModel served;
  served.what = body;
  served.at = fact.at;
  served.from_lesson = shard.numbers.forecast_number;
  served.told = shard.forecaster.told();
  served.model = *std::move(model);
  shard.forecaster.Use(served.model, body.version);
  shard.models.push_back(std::move(served));
  DropOldest(shard);
  shard.pending.models = true;
  shard.model_watch = {};
  shard.pending.model_watch = true;
  Audit(shard, body.by, "model.published", body.version, body.reason);
}

void WatchModel(ShardState& shard, const StackId& stack, std::span<const InputOutcome> outcomes) {
  constexpr double kMost = 3;  // standard deviations; more says no more
  if (shard.forecaster.Abstains(stack, shard.numbers.now)) return;
  const auto z = Surprise(outcomes);
  if (!z) return;
  ModelWatch& watch = shard.model_watch;
  shard.pending.model_watch = true;
  const bool moved = watch.surprise.Add((std::clamp(*z, -kMost, kMost) + kMost) / (2 * kMost));
  if (!moved || watch.surprise.mean() <= watch.surprise.mean_before()) return;
  if (watch.drifted_at != Instant()) return;
  watch.drifted_at = shard.numbers.now;
  const auto sigmas = [](double mean) { return mean * 2 * kMost - kMost; };
  const std::string text = fmt::format(
      "what happens surprises model {} more than it used to: {:+.1f} standard deviations a stack "
      "and day, before {:+.1f}; the model is refitted",
      shard.forecaster.model(), sigmas(watch.surprise.mean()),
      sigmas(watch.surprise.mean_before()));
  Audit(shard, Principal("engine"), "model.drifted", shard.forecaster.model(), text);
  Alert(shard, "model.drifted", std::to_string(ToUnixMicros(watch.drifted_at)), StackId(),
        shard.forecaster.model(), text, 3);
}

std::string EncodeModelWatch(const ModelWatch& watch) {
  ByteWriter out;
  out.Time(watch.drifted_at);
  watch.surprise.Write(out);
  return out.Take();
}

Status LoadModelWatch(ShardState& shard, std::string_view bytes) {
  ByteReader in(bytes);
  shard.model_watch.drifted_at = in.Time();
  shard.model_watch.surprise = Adwin::Read(in);
  if (!in.done()) return DataLoss("the watch over the model cannot be read");
  return Ok();
}

std::string EncodeModels(const std::vector<ServedModel>& models) {
  ByteWriter out;
  out.Unsigned(models.size());
  for (const ServedModel& served : models) {
    Fact fact;
    fact.at = served.at;
    fact.body = served.what;
    out.Text(EncodeFact(fact));
    out.Unsigned(served.from_lesson);
    out.Time(served.told);
  }
  return out.Take();
}

Status LoadModels(ShardState& shard, std::string_view bytes) {
  ByteReader in(bytes);
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    DRIFTCAST_ASSIGN_OR_RETURN(const Fact fact, DecodeFact(in.View()));
    const auto* what = std::get_if<ModelPublished>(&fact.body);
    if (what == nullptr) return DataLoss("a record of models that holds something else");
    ServedModel served;
    served.what = *what;
    served.at = fact.at;
    served.from_lesson = in.Unsigned();
    served.told = in.Time();
    auto model = ReadModel(shard, what->digest);
    if (model.status().code() == StatusCode::kFailedPrecondition) {
      Log("engine").warn(
          "model.outdated version={} (the program's own serves until the next refit)",
          what->version);
      served.what.digest.clear();
      served.what.version = "shipped";
      model = SharedModel();
    }
    DRIFTCAST_ASSIGN_OR_RETURN(served.model, std::move(model));
    shard.models.push_back(std::move(served));
  }
  if (!in.done()) return DataLoss("the record of the models cannot be read");
  return Ok();
}

std::vector<ModelTurn> TurnsOf(const std::vector<ServedModel>& models) {
  std::vector<ModelTurn> turns;
  for (const ServedModel& served : models)
    turns.push_back({served.from_lesson, served.told, served.model, served.what.version});
  return turns;
}

}  // namespace driftcast
