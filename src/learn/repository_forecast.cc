#include "learn/repository_forecast.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "learn/backtest.h"
#include "learn/history_file.h"
#include "predict/drift_predictor.h"

namespace driftcast::learn {
namespace {

constexpr int64_t kYearSeconds = 365 * kDaySeconds;

// A folder that vanishes with its owner.
class Scratch {
 public:
  static StatusOr<std::unique_ptr<Scratch>> Make() {
    std::string pattern = (std::filesystem::temp_directory_path() / "driftcast-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return ErrnoStatus(errno, "a temporary folder");
    return std::unique_ptr<Scratch>(new Scratch(pattern));
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Copies what was known at `at`; returns the copy's path.
StatusOr<std::filesystem::path> CopyUntil(const std::filesystem::path& history, Instant at,
                                          const std::filesystem::path& folder) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, HistoryReader::Open(history));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto writer, HistoryWriter::Create(folder, reader->stack()));
  ChangeEvent event;
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(const bool more, reader->Next(&event));
    if (!more || event.at > at) break;
    DRIFTCAST_RETURN_IF_ERROR(writer->Add(event));
  }
  DRIFTCAST_RETURN_IF_ERROR(writer->Finish());
  return folder / (reader->stack() + ".tsv.gz");
}

// The back-test of the last year: its record, and the model as refined at its end.
struct LastYear {
  std::optional<TrackRecord> record;
  std::string missing;
  predict::DriftModel model;
};

StatusOr<LastYear> BacktestLastYear(const std::filesystem::path& history, const Outline& outline,
                                    const RepositoryForecastOptions& options,
                                    const std::filesystem::path& folder, const Progress& progress) {
  LastYear result;
  result.model = options.model;
  BacktestOptions backtest;
  backtest.files = {history};
  backtest.folds.push_back({{outline.stack()}, options.model});
  backtest.from = outline.last() - kYearSeconds;
  backtest.threads = options.threads;
  backtest.out = folder / "predictions.tsv.gz";
  const Period period = outline.Evaluation(backtest.from);
  if (period.first > period.last) {
    result.missing = "the history is too short to judge a forecast of 7 days on it";
    return result;
  }
  DRIFTCAST_ASSIGN_OR_RETURN(BacktestResult run, RunBacktest(backtest, progress));
  if (!run.models.empty()) result.model = std::move(run.models.front());
  DRIFTCAST_ASSIGN_OR_RETURN(result.record, ReadTrackRecord(backtest.out, outline));
  return result;
}

StatusOr<std::unique_ptr<predict::DriftPredictor>> Learned(
    const std::filesystem::path& history, std::shared_ptr<const predict::DriftModel> model,
    Instant at) {
  auto predictor = std::make_unique<predict::DriftPredictor>(std::move(model));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, HistoryReader::Open(history));
  ChangeEvent event;
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(const bool more, reader->Next(&event));
    if (!more) break;
    predictor->Learn(event);
  }
  predictor->Advance(at);
  return predictor;
}

double PowerBetween(double p_a, double days_a, double p_b, double days_b, double days) {
  const auto hazard = [](double p) { return -std::log1p(-std::min(p, 1 - 1e-12)); };
  const double a = std::max(hazard(p_a), 1e-12);
  const double b = std::max(hazard(p_b), a);
  const double exponent = std::log(b / a) / std::log(days_b / days_a);
  return -std::expm1(-a * std::pow(days / days_a, exponent));
}

// Probabilities of all, then everything about the likeliest.
Status Fill(const predict::DriftPredictor& predictor, const RepositoryForecastOptions& options,
            RepositoryForecast* forecast) {
  const predict::FleetState& state = predictor.state();
  std::vector<predict::ResourceId> ids;
  for (uint32_t stack = 0; stack < state.stack_count(); ++stack)
    for (predict::ResourceId id : state.living(stack)) ids.push_back(id);
  std::vector<predict::HorizonProbabilities> p(ids.size());
  predictor.Probabilities(ids, forecast->at, p.data());
  std::vector<std::pair<double, predict::ResourceId>> order;
  for (size_t i = 0; i < ids.size(); ++i) {
    DriftPrediction prediction;
    for (size_t h = 0; h < p[i].size(); ++h) prediction.horizons[h].p_change = p[i][h];
    const double within = ProbabilityWithin(prediction, options.days);
    forecast->expected += within;
    order.emplace_back(within, ids[i]);
  }
  forecast->live = ids.size();
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; i < std::min(options.shown_max, order.size()); ++i) {
    const predict::ResourceRecord& resource = state.resource(order[i].second);
    const driftcast::ResourceId id{StackId(forecast->stack), std::string(state.Text(resource.kind)),
                                   std::string(state.Text(resource.name))};
    DRIFTCAST_ASSIGN_OR_RETURN(DriftPrediction prediction, predictor.Predict(id, forecast->at));
    forecast->changes.push_back({order[i].first, std::move(prediction)});
  }
  return Ok();
}

}  // namespace

double ProbabilityWithin(const DriftPrediction& prediction, int days) {
  const double asked = days;
  for (size_t i = 0; i < kHorizonCount; ++i) {
    const double here = Seconds(kHorizons[i]) / kDaySeconds;
    if (asked == here || i + 1 == kHorizonCount) return prediction.horizons[i].p_change;
    const double next = Seconds(kHorizons[i + 1]) / kDaySeconds;
    if (asked > here && asked < next)
      return PowerBetween(prediction.horizons[i].p_change, here,
                          prediction.horizons[i + 1].p_change, next, asked);
  }
  return 0;
}

StatusOr<RepositoryForecast> ForecastRepository(const RepositoryForecastOptions& options,
                                                const Progress& progress) {
  if (options.days < 1 || options.days > 30)
    return InvalidArgument("a forecast reaches 1 to 30 days, not {}", options.days);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto scratch, Scratch::Make());
  DRIFTCAST_ASSIGN_OR_RETURN(const std::filesystem::path history,
                             CopyUntil(options.history, options.at, scratch->path()));
  DRIFTCAST_ASSIGN_OR_RETURN(const Outline outline, Outline::Read(history));
  if (outline.event_count() == 0)
    return InvalidArgument("the history of {} holds nothing before {}", outline.stack(),
                           FormatInstant(options.at));
  DRIFTCAST_ASSIGN_OR_RETURN(
      LastYear year, BacktestLastYear(history, outline, options, scratch->path(), progress));
  RepositoryForecast forecast;
  forecast.stack = outline.stack();
  forecast.at = options.at;
  forecast.days = options.days;
  forecast.record = std::move(year.record);
  forecast.record_missing = std::move(year.missing);
  auto model = std::make_shared<const predict::DriftModel>(std::move(year.model));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto predictor, Learned(history, model, options.at));
  DRIFTCAST_RETURN_IF_ERROR(Fill(*predictor, options, &forecast));
  return forecast;
}

}  // namespace driftcast::learn
