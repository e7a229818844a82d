#include "learn/refit.h"

#include <algorithm>
#include <cmath>

#include "learn/backtest.h"
#include "learn/figures.h"
#include "learn/history_file.h"

namespace driftcast::learn {
namespace {

constexpr uint64_t kChangedToTell = 50;  // rows that changed; fewer decide nothing
constexpr double kMargin = 0.002;        // of the loss: a draw goes to the champion

double MeanLoss(std::span<const Judged> rows, uint32_t from_day) {
  double sum = 0, count = 0;
  for (const Judged& row : rows) {
    if (row.day < from_day) continue;
    const double p = std::clamp<double>(row.p, 1e-6, 1 - 1e-6);
    sum -= row.happened ? std::log(p) : std::log1p(-p);
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

// Adds one stack's losses, each side on the same rows.
void Count(const StackReport& report, uint32_t from_day, Refit* refit) {
  uint64_t rows = 0;
  for (const Judged& row : report.week) {
    if (row.day < from_day) continue;
    ++rows;
    refit->changed += row.happened ? 1 : 0;
  }
  if (rows == 0) return;
  refit->rows += rows;
  ++refit->stacks;
  refit->champion.day += MeanLoss(report.unseen_day, from_day);
  refit->champion.week += MeanLoss(report.unseen_week, from_day);
  refit->refined.day += MeanLoss(report.day, from_day);
  refit->refined.week += MeanLoss(report.week, from_day);
}

void Decide(Refit* refit) {
  for (RefitSide* side : {&refit->champion, &refit->refined}) {
    side->day /= refit->stacks;
    side->week /= refit->stacks;
  }
  const double gain = 1 - refit->refined.both() / std::max(refit->champion.both(), 1e-12);
  refit->better = refit->changed >= kChangedToTell && gain > kMargin;
  refit->why =
      refit->changed < kChangedToTell
          ? fmt::format("only {} of {} forecasts of a week came true since then: too few to tell",
                        refit->changed, refit->rows)
          : fmt::format(
                "on {} forecasts of {} {}, {} of which came true, its loss is {:.1f} % "
                "{} than that of the model in service",
                refit->rows, refit->stacks, refit->stacks == 1 ? "stack" : "stacks", refit->changed,
                100 * std::abs(gain), gain >= 0 ? "less" : "more");
}

}  // namespace

StatusOr<Refit> RefitModel(const RefitOptions& options, const Progress& progress) {
  int64_t last = 0;
  BacktestOptions backtest;
  Fold fold;
  for (const auto& file : options.files) {
    DRIFTCAST_ASSIGN_OR_RETURN(const Outline outline, Outline::Read(file));
    last = std::max(last, outline.last());
    fold.stacks.insert(outline.stack());
  }
  fold.model = options.given;
  fold.rival = options.champion;
  backtest.files = options.files;
  backtest.folds.push_back(std::move(fold));
  backtest.from = last - options.judged_days * kDaySeconds;
  backtest.threads = options.threads;
  backtest.keys = false;
  backtest.report = true;
  backtest.judge_unseen = true;
  backtest.refit_at_end = true;
  DRIFTCAST_ASSIGN_OR_RETURN(BacktestResult run, RunBacktest(backtest, progress));
  Refit refit;
  const int64_t from = std::max(options.champion_since, backtest.from);
  for (const StackReport& report : run.reports)
    Count(report, static_cast<uint32_t>(from / kDaySeconds), &refit);
  if (refit.rows == 0)
    return InvalidArgument(
        "there is no day yet to judge a refitted model on: each takes a week to come true");
  Decide(&refit);
  refit.challenger = std::move(run.models.front());
  return refit;
}

}  // namespace driftcast::learn
