// forecast git: what in a repository will change in the coming days, to what and why.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli.h"
#include "apps/forecast_page.h"
#include "apps/progress_line.h"
#include "base/file.h"
#include "ingest/git_import.h"
#include "learn/repository_forecast.h"

namespace driftcast {
namespace {

constexpr size_t kModelBytesMax = 256u << 20;
constexpr size_t kReasonsShown = 2;
constexpr size_t kKeysShown = 3;

struct ForecastArguments {
  ingest::GitImportOptions import;
  std::string out, tree = "auto", at, model, html;
  int days = 7;
  size_t limit = 25;
  bool json = false, progress = false;
};

std::string Percent(double p) {
  if (p >= 0.995) return ">99 %";
  if (p < 0.005) return "<1 %";
  return fmt::format("{:.0f} %", p * 100);
}

// "key (chance that it is among what changes) -> value (chance of that value)".
std::string KeyText(const PredictedKey& key) {
  std::string text =
      fmt::format("{} ({})", key.path.empty() ? "(appears or vanishes)" : key.path, Percent(key.p));
  if (key.value) text += fmt::format(" -> {} ({})", *key.value, Percent(key.value_p));
  return text;
}

void PrintRecord(const learn::RepositoryForecast& f) {
  if (!f.record) {
    std::printf("\nNo track record: %s.\n", f.record_missing.c_str());
    return;
  }
  const learn::TrackRecord& r = *f.record;
  std::printf(
      "\nTrack record, %s to %s: %llu weekly forecasts of 7 days, as they would have been "
      "made then\n",
      FormatInstant(FromUnixSeconds(r.first)).substr(0, 10).c_str(),
      FormatInstant(FromUnixSeconds(r.last)).substr(0, 10).c_str(),
      static_cast<unsigned long long>(r.weeks));
  std::printf("  %llu resources changed, %.0f were expected to\n",
              static_cast<unsigned long long>(r.changed), r.expected);
  for (const learn::TrackBin& bin : r.bins)
    if (bin.said > 0)
      std::printf(
          "  said %3.0f to %3.0f %% (on average %4.1f %%): %llu times, changed in %.1f %%\n",
          bin.from * 100, bin.to * 100, bin.mean_p * 100, static_cast<unsigned long long>(bin.said),
          100.0 * static_cast<double>(bin.came) / static_cast<double>(bin.said));
  if (r.top_said > 0)
    std::printf("  of the %zu likeliest each week %.0f %% changed (of all: %.1f %%)\n",
                learn::kTrackTop,
                100.0 * static_cast<double>(r.top_came) / static_cast<double>(r.top_said),
                100.0 * static_cast<double>(r.changed) / static_cast<double>(r.predictions));
  if (r.keys_rows > 0)
    std::printf(
        "  of what changed, the key named first was right in %.0f %%, one of five in %.0f %%\n",
        100.0 * static_cast<double>(r.first_key_right) / static_cast<double>(r.keys_rows),
        100.0 * static_cast<double>(r.any_key_right) / static_cast<double>(r.keys_rows));
  std::printf("  skill %+.2f (Brier score against the same share for all: 1 is perfect, 0 none)\n",
              r.skill());
}

void PrintForecast(const learn::RepositoryForecast& f, size_t limit) {
  std::printf("%s: the coming %d day%s from %s\n", f.stack.c_str(), f.days, f.days == 1 ? "" : "s",
              FormatInstant(f.at).c_str());
  std::printf("%zu resources; about %.0f will change\n\n", f.live, f.expected);
  for (size_t i = 0; i < std::min(limit, f.changes.size()); ++i) {
    const learn::ExpectedChange& change = f.changes[i];
    const DriftPrediction& p = change.prediction;
    std::printf("%6s  %s%s\n", Percent(change.p).c_str(), p.resource.name.c_str(),
                p.abstains ? "  (little is known: a plain rate)" : "");
    for (size_t k = 0; k < std::min(kKeysShown, p.keys.size()); ++k)
      std::printf("        %s\n", KeyText(p.keys[k]).c_str());
    size_t shown = 0;
    for (const Reason& reason : p.reasons) {
      if (reason.group == "base" || reason.weight <= 0 || shown == kReasonsShown) continue;
      std::printf("        because %s\n", reason.text.c_str());
      ++shown;
    }
  }
  PrintRecord(f);
}

nlohmann::json RecordToJson(const learn::TrackRecord& r) {
  nlohmann::json bins = nlohmann::json::array();
  for (const learn::TrackBin& b : r.bins)
    bins.push_back(
        {{"from", b.from}, {"to", b.to}, {"said", b.said}, {"came", b.came}, {"mean_p", b.mean_p}});
  return {{"from", FormatInstant(FromUnixSeconds(r.first))},
          {"to", FormatInstant(FromUnixSeconds(r.last))},
          {"weeks", r.weeks},
          {"predictions", r.predictions},
          {"changed", r.changed},
          {"expected", r.expected},
          {"top_said", r.top_said},
          {"top_came", r.top_came},
          {"first_key_right", r.first_key_right},
          {"any_of_five_keys_right", r.any_key_right},
          {"changed_rows_with_keys", r.keys_rows},
          {"brier", r.brier},
          {"brier_constant", r.brier_constant},
          {"skill", r.skill()},
          {"bins", bins}};
}

nlohmann::json ChangeToJson(const learn::ExpectedChange& change) {
  const DriftPrediction& p = change.prediction;
  nlohmann::json horizons, keys = nlohmann::json::array(), reasons = nlohmann::json::array();
  for (size_t i = 0; i < kHorizonCount; ++i) horizons[kHorizonNames[i]] = p.horizons[i].p_change;
  for (const PredictedKey& key : p.keys) {
    nlohmann::json one = {{"path", key.path}, {"p", key.p}, {"source", key.source}};
    if (key.value) one["value"] = *key.value;
    if (key.value) one["value_p"] = key.value_p;
    keys.push_back(std::move(one));
  }
  for (const Reason& reason : p.reasons)
    reasons.push_back({{"group", reason.group}, {"text", reason.text}, {"weight", reason.weight}});
  return {{"p", change.p},
          {"kind", p.resource.kind},
          {"resource", p.resource.name},
          {"horizons", horizons},
          {"keys", keys},
          {"reasons", reasons},
          {"abstains", p.abstains}};
}

void PrintJson(const learn::RepositoryForecast& f) {
  nlohmann::json changes = nlohmann::json::array();
  for (const auto& change : f.changes) changes.push_back(ChangeToJson(change));
  nlohmann::json json = {{"stack", f.stack},    {"at", FormatInstant(f.at)}, {"days", f.days},
                         {"resources", f.live}, {"expected", f.expected},    {"changes", changes}};
  json["track_record"] = f.record ? RecordToJson(*f.record) : nlohmann::json();
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

StatusOr<predict::DriftModel> LoadModel(const std::string& path) {
  if (path.empty()) return *predict::PretrainedModel();
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kModelBytesMax));
  auto model = predict::DriftModel::Parse(bytes);
  if (!model.ok()) return InvalidArgument("{}: {}", path, Message(model.status()));
  return model;
}

// The repository's history, in a folder that the user named or one that vanishes.
StatusOr<std::filesystem::path> ImportFor(ForecastArguments* arguments, bool progress,
                                          std::string* scratch) {
  if (arguments->out.empty()) {
    *scratch = (std::filesystem::temp_directory_path() / "driftcast-XXXXXX").string();
    if (mkdtemp(scratch->data()) == nullptr) return ErrnoStatus(errno, "a temporary folder");
    arguments->import.out = *scratch;
  } else {
    arguments->import.out = arguments->out;
  }
  ProgressLine line(progress);
  arguments->import.progress = [&](size_t done, size_t total) {
    line.Show(static_cast<double>(done) / static_cast<double>(std::max<size_t>(total, 1)),
              "reading the repository");
  };
  DRIFTCAST_ASSIGN_OR_RETURN(const auto summary, ingest::ImportGitHistory(arguments->import));
  return summary.events;
}

Status Forecast(ForecastArguments* arguments, const std::filesystem::path& history, bool progress) {
  learn::RepositoryForecastOptions options;
  options.history = history;
  options.days = arguments->days;
  options.at = SystemClock()->Now();
  if (!arguments->at.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(options.at, ParseInstant(arguments->at));
  }
  DRIFTCAST_ASSIGN_OR_RETURN(options.model, LoadModel(arguments->model));
  options.shown_max = std::max<size_t>(arguments->limit, 50);
  auto line = std::make_unique<ProgressLine>(progress);
  auto forecast = learn::ForecastRepository(
      options, [&](double done, const char* what) { line->Show(done, what); });
  line.reset();
  if (!forecast.ok()) return forecast.status();
  if (arguments->json)
    PrintJson(*forecast);
  else
    PrintForecast(*forecast, arguments->limit);
  if (arguments->html.empty()) return Ok();
  return WriteFileAtomically(arguments->html, ForecastPage(*forecast));
}

Status RunForecastGit(ForecastArguments arguments) {
  if (arguments.tree == "host") arguments.import.tree = ingest::TreeKind::kHost;
  if (arguments.tree == "sources") arguments.import.tree = ingest::TreeKind::kSources;
  const bool progress = arguments.progress || isatty(STDERR_FILENO) == 1;
  std::string scratch;
  const auto history = ImportFor(&arguments, progress, &scratch);
  const Status status = history.ok() ? Forecast(&arguments, *history, progress) : history.status();
  std::error_code ignored;
  if (!scratch.empty()) std::filesystem::remove_all(scratch, ignored);
  return status;
}

}  // namespace

void AddForecastCommands(CLI::App& app) {
  auto arguments = std::make_shared<ForecastArguments>();
  CLI::App* forecast = app.add_subcommand("forecast", "Forecasts without an engine.");
  forecast->require_subcommand(1);
  CLI::App* git = forecast->add_subcommand(
      "git",
      "Tell what in a Git repository of configuration will change in the coming days, to "
      "what and why, with the track record over its last year.");
  git->add_option("repository", arguments->import.repository, "working tree or bare repository")
      ->required();
  git->add_option("--days", arguments->days, "how far ahead, 1 to 30")->capture_default_str();
  git->add_option("--limit", arguments->limit, "resources shown")->capture_default_str();
  git->add_option("--html", arguments->html, "also write a page to this file");
  git->add_flag("--json", arguments->json, "print JSON");
  git->add_option("--out", arguments->out, "keep the imported history in this folder");
  git->add_option("--at", arguments->at, "forecast from this time (UTC) instead of now");
  git->add_option("--model", arguments->model, "model file instead of the shipped one");
  git->add_option("--branch", arguments->import.branch, "branch to follow (default: HEAD)");
  git->add_option("--stack", arguments->import.stack, "name (default: the repository's folder)");
  git->add_option("--tree", arguments->tree, "what the files are: auto, sources, host")
      ->check(CLI::IsMember({"auto", "sources", "host"}))
      ->capture_default_str();
  git->add_flag("--progress", arguments->progress, "show progress even when stderr is no terminal");
  OnRun(*git, [arguments] { return RunForecastGit(*arguments); });
}

}  // namespace driftcast
