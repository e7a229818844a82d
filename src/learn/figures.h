// Figures of merit of probabilities against what happened.
#ifndef DRIFTCAST_LEARN_FIGURES_H_
#define DRIFTCAST_LEARN_FIGURES_H_

#include <cstdint>
#include <span>
#include <vector>

namespace driftcast::learn {

// One prediction, the reference's for the same row, and what happened.
struct Judged {
  float p = 0, reference = 0;
  uint32_t day = 0;    // cutoff, days since 1970
  uint32_t group = 0;  // e.g. number of the kind
  bool happened = false;
  uint32_t resource = 0;  // number of the resource in its stack
};

// Area under the precision-recall curve, as a step function; ties are one threshold. NaN without a
// row that happened.
double AveragePrecision(std::span<const Judged> rows, bool of_reference = false);

// 1 - logloss(p) / logloss(reference), probabilities kept in [1e-6, 1 - 1e-6].
double Skill(std::span<const Judged> rows);

// Expected calibration error over rows with p >= `floor`, equal-mass bins. NaN below 100 rows.
double CalibrationError(std::span<const Judged> rows, double floor, int bins);

struct ReliabilityBin {
  double p = 0, happened = 0;  // means
  size_t rows = 0;
};
std::vector<ReliabilityBin> Reliability(std::span<const Judged> rows, int bins);

struct CurvePoint {
  double recall = 0, precision = 0;
};
// At most `points` points of the precision-recall curve, by falling threshold.
std::vector<CurvePoint> PrecisionRecall(std::span<const Judged> rows, size_t points);

// When each day's `budget` highest rows are alerts.
struct BudgetFigures {
  double precision = 0, recall = 0;
};
BudgetFigures AtBudget(std::span<const Judged> rows, size_t budget);

// How long ahead changes were said. A change within the day after a cutoff is said when P within 7
// days was at least the threshold at that cutoff; its lead is counted from the first of the cutoffs
// in a row, since the resource's change before, at which it was.
struct LeadTime {
  size_t changes = 0;
  size_t said = 0;
  size_t day_ahead = 0;    // of those, with a lead of at least a day
  double median_days = 0;  // of those said; NaN when none was
};
// `day` and `week`: the same rows, in the same order, of one stack.
LeadTime LeadTimeOf(std::span<const Judged> day, std::span<const Judged> week, double threshold);

// 95 % interval of Skill by a bootstrap over weeks (blocks, as rows of a week are not independent).
// Deterministic.
struct Interval {
  double low = 0, high = 0;
};
Interval SkillInterval(std::span<const Judged> rows, int rounds);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_FIGURES_H_
