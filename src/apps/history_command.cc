// driftcast train, driftcast backtest.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/progress_line.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/time.h"
#include "learn/backtest.h"
#include "learn/history_file.h"
#include "learn/report.h"
#include "learn/trainer.h"
#include "predict/drift_model.h"

namespace driftcast {
namespace {

constexpr size_t kModelBytesMax = 256u << 20;

// Silent in a pipe.
learn::Progress TerminalProgress() {
  auto line = std::make_shared<ProgressLine>(isatty(STDERR_FILENO) != 0);
  return [line](double done, const char* what) { line->Show(done, what); };
}

StatusOr<int64_t> ParseDay(const std::string& text) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Instant day, ParseInstant(text));
  return ToUnixMicros(day) / 1'000'000;
}

StatusOr<std::vector<std::filesystem::path>> ListAll(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : folders) {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto more, learn::ListHistories(folder));
    files.insert(files.end(), more.begin(), more.end());
  }
  return files;
}

struct TrainFlags {
  std::vector<std::string> history, exclude, folds;
  std::vector<std::string> without;
  std::string before, out, baseline;
  double rows = 9000, years = 3;
  int threads = 2;
  int jobs = 1;
  int heads = predict::kHeads;
};

// Rows of all stacks, once; models of as many choices of stacks as wanted.
struct Material {
  std::vector<std::string> stacks;
  learn::Collected rows;
};

StatusOr<Material> Collect(const std::vector<std::filesystem::path>& files,
                           const TrainFlags& flags) {
  const learn::Progress progress = TerminalProgress();
  DRIFTCAST_ASSIGN_OR_RETURN(const int64_t before, ParseDay(flags.before));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto outlines, learn::ReadOutlines(files, progress));
  learn::CollectOptions collect;
  collect.before = before;
  collect.rows_per_stack = flags.rows;
  collect.days = flags.years * 365;
  Material material;
  for (const auto& outline : outlines) material.stacks.push_back(outline.stack());
  DRIFTCAST_ASSIGN_OR_RETURN(material.rows, learn::CollectRows(files, outlines, collect, progress));
  return material;
}

StatusOr<predict::DriftModel> Fit(const Material& material, const std::set<std::string>& without,
                                  const TrainFlags& flags, const learn::Progress& progress) {
  std::vector<bool> use;
  for (const std::string& stack : material.stacks) use.push_back(!without.contains(stack));
  learn::TrainOptions options;
  if (!flags.baseline.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(options, learn::BaselineOptions(flags.baseline));
  }
  if (!flags.without.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(options.inputs, learn::InputsWithout(flags.without));
  }
  options.heads = flags.heads;
  options.trees.threads = flags.threads;
  DRIFTCAST_ASSIGN_OR_RETURN(auto model, learn::TrainModel(material.rows, use, options, progress));
  const auto count = std::count(use.begin(), use.end(), true);
  model.card =
      fmt::format("{{\"trained_before\":\"{}\",\"stacks\":{},\"rows_per_stack\":{},\"years\":{}}}",
                  flags.before, count, flags.rows, flags.years);
  return model;
}

std::set<std::string> SplitNames(const std::string& text) {
  std::set<std::string> names;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    names.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

std::string FoldFile(const std::string& model, size_t fold) {
  return fmt::format("{}.fold{}", model, fold + 1);
}

Status RunTrain(const TrainFlags& flags) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto files, ListAll(flags.history));
  DRIFTCAST_ASSIGN_OR_RETURN(const Material material, Collect(files, flags));
  const std::set<std::string> without(flags.exclude.begin(), flags.exclude.end());
  // 0: the model itself; n: the one without the n-th group.
  const auto fit = [&](size_t n) -> Status {
    TrainFlags flags_of = flags;
    if (n > 0) flags_of.heads = 2;  // an evaluation judges 1 and 7 days
    DRIFTCAST_ASSIGN_OR_RETURN(
        const auto model, Fit(material, n == 0 ? without : SplitNames(flags.folds[n - 1]), flags_of,
                              n == 0 ? TerminalProgress() : learn::Progress()));
    return WriteFileAtomically(n == 0 ? flags.out : FoldFile(flags.out, n - 1), model.Serialize());
  };
  std::vector<Status> fitted(flags.folds.size() + 1, Ok());
  ForEachInParallel(fitted.size(), static_cast<size_t>(flags.jobs),
                    [&](size_t n) { fitted[n] = fit(n); });
  for (Status& status : fitted) DRIFTCAST_RETURN_IF_ERROR(std::move(status));
  std::fprintf(stderr, "trained on %zu rows of %zu stacks, %llu events\n",
               material.rows.when.rows.size(), material.stacks.size() - without.size(),
               static_cast<unsigned long long>(material.rows.events));
  return Ok();
}

struct BacktestFlags {
  std::vector<std::string> history, context, stacks;
  std::vector<std::string> folds;
  std::string from, model, out, out_unseen, report;
  bool train = false, unseen = false, no_keys = false, table = false;
  int threads = 2;
};

StatusOr<predict::DriftModel> LoadModel(const std::string& path) {
  if (path.empty()) return *predict::PretrainedModel();
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kModelBytesMax));
  auto model = predict::DriftModel::Parse(bytes);
  if (!model.ok()) return InvalidArgument("{}: {}", path, Message(model.status()));
  return model;
}

// The judged stacks and their models: one for all, or with --folds one for each group of stacks,
// trained without that group (by `driftcast train` with the same --folds).
StatusOr<std::vector<learn::Fold>> MakeFolds(const BacktestFlags& flags,
                                             const std::set<std::string>& judged,
                                             const std::vector<std::filesystem::path>& files) {
  std::vector<learn::Fold> folds;
  if (!flags.folds.empty() && flags.model.empty())
    return InvalidArgument("--folds needs the --model that was trained with them");
  for (size_t i = 0; i < flags.folds.size(); ++i) {
    std::set<std::string> stacks = SplitNames(flags.folds[i]);
    std::erase_if(stacks, [&](const std::string& s) { return !judged.contains(s); });
    DRIFTCAST_ASSIGN_OR_RETURN(auto model, LoadModel(FoldFile(flags.model, i)));
    folds.push_back({std::move(stacks), std::move(model)});
  }
  if (!folds.empty()) return folds;
  if (!flags.train) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto model, LoadModel(flags.model));
    folds.push_back({judged, std::move(model)});
    return folds;
  }
  TrainFlags train;
  train.before = flags.from;
  train.threads = flags.threads;
  train.heads = 2;  // 1 and 7 days are judged
  DRIFTCAST_ASSIGN_OR_RETURN(const Material material, Collect(files, train));
  DRIFTCAST_ASSIGN_OR_RETURN(auto model, Fit(material, {}, train, TerminalProgress()));
  folds.push_back({judged, std::move(model)});
  return folds;
}

Status RunBacktest(const BacktestFlags& flags) {
  learn::BacktestOptions options;
  DRIFTCAST_ASSIGN_OR_RETURN(options.from, ParseDay(flags.from));
  DRIFTCAST_ASSIGN_OR_RETURN(options.files, ListAll(flags.history));
  std::set<std::string> judged;
  for (const auto& file : options.files) judged.insert(learn::StackOfHistory(file));
  if (!flags.stacks.empty()) {
    const std::set<std::string> wanted(flags.stacks.begin(), flags.stacks.end());
    for (const std::string& name : wanted)
      if (!judged.contains(name)) return NotFound("no history for stack {}", name);
    judged = wanted;
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const auto context, ListAll(flags.context));
  std::set<std::string> known;
  for (const auto& file : options.files) known.insert(learn::StackOfHistory(file));
  for (const auto& file : context)  // a judged stack that is in the context, too, counts once
    if (known.insert(learn::StackOfHistory(file)).second) options.files.push_back(file);
  options.in_service = !flags.unseen;
  options.threads = flags.threads;
  options.out = flags.out;
  options.out_unseen = flags.out_unseen;
  options.keys = !flags.no_keys;
  options.report = flags.table || !flags.report.empty();
  options.judge_unseen = flags.table && !flags.unseen;
  DRIFTCAST_ASSIGN_OR_RETURN(options.folds, MakeFolds(flags, judged, options.files));
  const auto start = std::chrono::steady_clock::now();
  DRIFTCAST_ASSIGN_OR_RETURN(const auto result, learn::RunBacktest(options, TerminalProgress()));
  if (flags.table) std::printf("%s", learn::ReportTable(result.reports).c_str());
  if (!flags.report.empty())
    DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(
        flags.report, learn::ReportHtml(result.reports, "Back-test from " + flags.from)));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::fprintf(stderr,
               "%llu predictions from %llu events in %.0f s (%.0f s scoring), %llu refits, "
               "%llu key rankings, state "
               "%.0f bytes a resource\n",
               static_cast<unsigned long long>(result.rows),
               static_cast<unsigned long long>(result.events), seconds, result.scoring_seconds,
               static_cast<unsigned long long>(result.refits),
               static_cast<unsigned long long>(result.rankings),
               result.state_bytes / static_cast<double>(std::max<uint64_t>(result.resources, 1)));
  return Ok();
}

}  // namespace

void AddHistoryCommands(CLI::App& app) {
  auto train_flags = std::make_shared<TrainFlags>();
  CLI::App* train = app.add_subcommand("train", "Train the forecast on configuration histories");
  train->add_option("--history", train_flags->history, "Folder of STACK.tsv.gz files")->required();
  train->add_option("--exclude", train_flags->exclude, "Stacks to leave out")->delimiter(',');
  train->add_option("--folds", train_flags->folds,
                    "A group of stacks (a,b,c): also train OUT.fold1, ... without it; once per "
                    "group, for an honest evaluation");
  train->add_option("--before", train_flags->before, "Learn from the time before this day (UTC)")
      ->required();
  train->add_option("--out", train_flags->out, "Model file to write")->required();
  train->add_option("--baseline", train_flags->baseline,
                    "Train what a forecast is compared with instead: logistic, generic");
  train
      ->add_option("--without", train_flags->without,
                   "Families of inputs to leave out (own, rhythm, peers, ...): an ablation")
      ->delimiter(',')
      ->excludes("--baseline");
  train->add_option("--rows", train_flags->rows, "Rows drawn per stack")->capture_default_str();
  train->add_option("--years", train_flags->years, "How far back")->capture_default_str();
  train->add_option("--threads", train_flags->threads, "Threads a model")->capture_default_str();
  train->add_option("--jobs", train_flags->jobs, "Models trained at once")->capture_default_str();
  OnRun(*train, [train_flags] { return RunTrain(*train_flags); });

  auto flags = std::make_shared<BacktestFlags>();
  CLI::App* backtest = app.add_subcommand(
      "backtest", "Say what the forecast would have said, day by day, over recorded histories");
  backtest->add_option("--history", flags->history, "Folder of histories that are judged")
      ->required();
  backtest->add_option("--context", flags->context, "Folder of histories that only inform");
  backtest->add_option("--stacks", flags->stacks, "Judge these stacks only; the others inform")
      ->delimiter(',');
  backtest->add_option("--from", flags->from, "First day judged (UTC)")->required();
  auto* model =
      backtest->add_option("--model", flags->model, "Model file instead of the shipped one");
  backtest->add_flag("--train", flags->train, "Train on these histories before --from instead")
      ->excludes(model);
  backtest->add_option("--folds", flags->folds,
                       "A group of stacks (a,b,c) that is judged by the model trained without it; "
                       "once per group, as for train");
  backtest->add_flag("--no-keys", flags->no_keys, "Leave out which keys will change");
  backtest->add_option("--out-unseen", flags->out_unseen,
                       "Write what the model says without the stacks' own past here, too");
  backtest->add_flag(
      "--unseen", flags->unseen,
      "Do not learn from the stacks' own past (by default an engine in service does)");
  backtest->add_option("--out", flags->out, "Predictions to write (gzip TSV)");
  backtest->add_flag("--table", flags->table, "Print the figures of every stack and their mean");
  backtest->add_option("--report", flags->report, "HTML report to write");
  backtest->add_option("--threads", flags->threads)->capture_default_str();
  OnRun(*backtest, [flags] { return RunBacktest(*flags); });
}

}  // namespace driftcast
