// driftcast series detect | forecast: the detector and the forecaster of metric series, on files.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "ingest/metric_rules.h"
#include "learn/season.h"
#include "learn/series_run.h"
#include "signal/series_state.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPanelsMax = 100;  // a picture stops here, and says so
constexpr int kHorizonSteps = 168;

// One line on stderr that is redrawn on a terminal and printed now and then elsewhere.
class Progress {
 public:
  Progress(std::string verb, size_t total, bool quiet)
      : verb_(std::move(verb)), total_(total), quiet_(quiet), terminal_(isatty(2) != 0) {}
  ~Progress() {
    if (!quiet_ && terminal_ && shown_) std::fputc('\n', stderr);
  }
  void Step(const std::string& what) {
    ++done_;
    const bool due = terminal_ || done_ == total_ || done_ % std::max<size_t>(1, total_ / 10) == 0;
    if (quiet_ || !due) return;
    shown_ = true;
    std::fprintf(stderr, terminal_ ? "\r\033[K%s %zu of %zu: %s" : "%s %zu of %zu: %s\n",
                 verb_.c_str(), done_, total_, what.c_str());
    std::fflush(stderr);
  }

 private:
  std::string verb_;
  size_t total_, done_ = 0;
  bool quiet_, terminal_, shown_ = false;
};

Status WritePicture(const std::string& path, const std::vector<learn::Panel>& panels, size_t all,
                    const std::string& title) {
  if (path.empty()) return Ok();
  if (panels.size() < all)
    std::fprintf(stderr, "the picture shows the first %zu of %zu series\n", panels.size(), all);
  const bool svg = fs::path(path).extension() == ".svg";
  return learn::WriteTextFile(path, svg ? learn::DrawSvg(panels) : learn::DrawHtml(panels, title));
}

// --- detect
// -----------------------------------------------------------------------------------------

struct DetectOptions {
  std::string in, out, plot;
  bool quiet = false;
};

// The CSV files below a folder, relative to it, sorted.
StatusOr<std::vector<fs::path>> FindCsv(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) return NotFound("{} is not a folder", root.string());
  std::vector<fs::path> files;
  fs::recursive_directory_iterator it(root, error), end;
  for (; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(".csv") || name.ends_with(".csv.gz"))
      files.push_back(it->path().lexically_relative(root));
  }
  if (error) return InvalidArgument("reading {}: {}", root.string(), error.message());
  if (files.empty()) return NotFound("{} holds no .csv or .csv.gz file", root.string());
  std::sort(files.begin(), files.end());
  return files;
}

struct Totals {
  size_t rows = 0, alarms = 0, late = 0, missing = 0;
};

StatusOr<learn::Panel> DetectFile(const fs::path& in, const fs::path& out, Totals& totals) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, learn::ReadTextFile(in));
  auto series = learn::ParseTimedSeries(text);
  if (!series.ok()) return Annotate(series.status(), in.string());
  const learn::Detection found = learn::DetectSeries(*series);
  DRIFTCAST_RETURN_IF_ERROR(learn::WriteTextFile(out, learn::DetectionCsv(*series, found)));
  totals.rows += series->values.size();
  totals.alarms += found.alarms.size();
  totals.late += found.late;
  totals.missing += found.missing;
  return learn::Panel{in.string(), series->values, found.alarms, found.change_points, {}, {}, {}};
}

Status Detect(const DetectOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::vector<fs::path> files, FindCsv(options.in));
  std::error_code error;
  if (fs::equivalent(options.in, options.out, error))
    return InvalidArgument("--out must be another folder than --in");
  Progress progress("detect", files.size(), options.quiet);
  Totals totals;
  std::vector<learn::Panel> panels;
  std::vector<Status> failures;
  for (const fs::path& file : files) {
    auto panel = DetectFile(fs::path(options.in) / file, fs::path(options.out) / file, totals);
    progress.Step(file.string());
    if (!panel.ok())
      failures.push_back(panel.status());
    else if (!options.plot.empty() && panels.size() < kPanelsMax)
      panels.push_back(*std::move(panel));
  }
  DRIFTCAST_RETURN_IF_ERROR(
      WritePicture(options.plot, panels, files.size() - failures.size(), "Anomalies"));
  if (!options.quiet)
    std::fprintf(stderr,
                 "\n%zu files, %zu rows, %zu alarms; skipped %zu late or repeated rows, "
                 "%zu without a value\n",
                 files.size() - failures.size(), totals.rows, totals.alarms, totals.late,
                 totals.missing);
  if (failures.empty()) return Ok();
  for (size_t i = 1; i < failures.size(); ++i)
    std::fprintf(stderr, "driftcast: %s\n", Message(failures[i]).c_str());
  return Annotate(failures[0], fmt::format("{} of {} files failed", failures.size(), files.size()));
}

void AddDetect(CLI::App& series) {
  CLI::App* command =
      series.add_subcommand("detect", "Judge every row of CSV files as if it had just arrived.");
  command->footer(
      "Reads every .csv and .csv.gz below DIR: columns timestamp (2026-05-01 12:00:00, RFC 3339 or "
      "Unix time) and value.\n"
      "Writes files of the same names below the other DIR: timestamp,anomaly_score,alarm. The "
      "score "
      "lies in [0, 1];\nalarm is 1 where it is 0.5 or more: the first row of an episode, which is "
      "then silent for a while. The first\n60 rows of a series only teach. Late and repeated rows "
      "are skipped and score 0.\n\n"
      "Example: driftcast series detect --in metrics/ --out judged/ --plot judged.html");
  auto options = std::make_shared<DetectOptions>();
  command->add_option("--in", options->in, "Folder with CSV files")->required();
  command->add_option("--out", options->out, "Folder for the results; made if missing")->required();
  command->add_option("--plot", options->plot, "Also draw the series to this .html or .svg file");
  command->add_flag("-q,--quiet", options->quiet, "No progress and no summary");
  OnRun(*command, [options] { return Detect(*options); });
}

// --- forecast
// ---------------------------------------------------------------------------------------

struct ForecastOptions {
  std::string in, out, plot, season = "auto";
  int horizon = 0;
  bool quiet = false;
};

// The season asked for in steps; 0 means that each series' own is to be found.
StatusOr<int> ParseSeason(const std::string& text) {
  if (text == "auto") return 0;
  if (text == "none") return 1;
  int season = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), season);
  if (error != std::errc() || end != text.data() + text.size() || season < 1 ||
      season > learn::kSeasonMax)
    return InvalidArgument("--season is auto, none or 1..{} steps, not '{}'", learn::kSeasonMax,
                           text);
  return season;
}

learn::Panel ForecastPanel(const learn::PlainSeries& series,
                           const std::vector<learn::StepForecast>& forecast) {
  learn::Panel panel;
  panel.title = series.id;
  const size_t shown = std::min(series.values.size(), 6 * forecast.size());
  panel.values.assign(series.values.end() - static_cast<ptrdiff_t>(shown), series.values.end());
  for (const learn::StepForecast& step : forecast) {
    panel.mean.push_back(step.mean);
    panel.low.push_back(step.quantiles.front());
    panel.high.push_back(step.quantiles.back());
  }
  return panel;
}

Status Forecast(const ForecastOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const int season, ParseSeason(options.season));
  if (options.horizon < 1 || options.horizon > kHorizonSteps)
    return InvalidArgument("--horizon is 1..{} steps, not {}", kHorizonSteps, options.horizon);
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, learn::ReadTextFile(options.in));
  auto all = learn::ParsePlainSeries(text);
  if (!all.ok()) return Annotate(all.status(), options.in);
  Progress progress("forecast", all->size(), options.quiet);
  std::string csv = learn::ForecastCsvHeader();
  std::vector<learn::Panel> panels;
  for (const learn::PlainSeries& series : *all) {
    const int own = season > 0 ? season : learn::FindSeason(series.values);
    const auto forecast = learn::ForecastSeries(series, own, options.horizon);
    learn::AppendForecastCsv(series, forecast, csv);
    if (!options.plot.empty() && panels.size() < kPanelsMax)
      panels.push_back(ForecastPanel(series, forecast));
    progress.Step(fmt::format("{}, season {}", series.id, own));
  }
  DRIFTCAST_RETURN_IF_ERROR(learn::WriteTextFile(options.out, csv));
  return WritePicture(options.plot, panels, all->size(), "Forecasts");
}

void AddForecast(CLI::App& series) {
  CLI::App* command = series.add_subcommand("forecast", "Forecast series of evenly spaced values.");
  command->footer(
      "Reads one series per line, without a header: id,value,value,... (plain or .gz; an empty "
      "field "
      "is a missing\nvalue). Writes id,step,mean and quantiles q0.025 ... q0.975, a line per "
      "step.\n\n"
      "Example: driftcast series forecast --in hourly.csv.gz --horizon 48 --out forecast.csv");
  auto options = std::make_shared<ForecastOptions>();
  command->add_option("--in", options->in, "File of series, plain or .gz")->required();
  command->add_option("--horizon", options->horizon, "Steps to forecast, 1 to 168")->required();
  command
      ->add_option("--season", options->season,
                   "Steps per season: auto (found in each series), none, or 1 to 168")
      ->capture_default_str();
  command->add_option("--out", options->out, "CSV file to write; .gz packs it")->required();
  command->add_option("--plot", options->plot,
                      "Also draw the forecasts to this .html or .svg file");
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  OnRun(*command, [options] { return Forecast(*options); });
}

void AddRules(CLI::App& series) {
  auto* command = series.add_subcommand(
      "rules", "Print the rules that say which resource a metric belongs to.");
  OnRun(*command, [] {
    fmt::print("{}", ingest::MetricRules::DefaultText());
    return Ok();
  });
}

}  // namespace

void AddSeriesCommands(CLI::App& app) {
  CLI::App* series =
      app.add_subcommand("series", "Metric series: find anomalies, forecast (on files); rules.");
  series->require_subcommand(1);
  AddDetect(*series);
  AddForecast(*series);
  AddRules(*series);
}

}  // namespace driftcast
