#include "learn/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>

namespace driftcast::learn {
namespace {

double Loss(double p, bool happened) {
  const double q = std::clamp(p, 1e-6, 1 - 1e-6);
  return -(happened ? std::log(q) : std::log1p(-q));
}

// Row numbers by falling probability.
std::vector<uint32_t> ByProbability(std::span<const Judged> rows, bool of_reference) {
  std::vector<uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto p = [&](uint32_t i) { return of_reference ? rows[i].reference : rows[i].p; };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return p(a) > p(b); });
  return order;
}

// Calls `visit(recall, precision)` at every threshold.
template <typename Visit>
void WalkCurve(std::span<const Judged> rows, bool of_reference, Visit visit) {
  const double all = static_cast<double>(
      std::count_if(rows.begin(), rows.end(), [](const Judged& r) { return r.happened; }));
  const auto order = ByProbability(rows, of_reference);
  const auto p = [&](uint32_t i) { return of_reference ? rows[i].reference : rows[i].p; };
  double hits = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    hits += rows[order[i]].happened;
    if (i + 1 == order.size() || p(order[i + 1]) != p(order[i]))
      visit(hits / all, hits / static_cast<double>(i + 1));
  }
}

std::vector<ReliabilityBin> Bins(std::vector<Judged> rows, int bins) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Judged& a, const Judged& b) { return a.p < b.p; });
  std::vector<ReliabilityBin> result;
  for (int b = 0; b < bins; ++b) {
    const size_t begin = rows.size() * b / bins, end = rows.size() * (b + 1) / bins;
    if (begin == end) continue;
    ReliabilityBin bin;
    bin.rows = end - begin;
    for (size_t i = begin; i < end; ++i) {
      bin.p += rows[i].p;
      bin.happened += rows[i].happened;
    }
    bin.p /= static_cast<double>(bin.rows);
    bin.happened /= static_cast<double>(bin.rows);
    result.push_back(bin);
  }
  return result;
}

}  // namespace

double AveragePrecision(std::span<const Judged> rows, bool of_reference) {
  if (std::none_of(rows.begin(), rows.end(), [](const Judged& r) { return r.happened; }))
    return std::numeric_limits<double>::quiet_NaN();
  double area = 0, before = 0;
  WalkCurve(rows, of_reference, [&](double recall, double precision) {
    area += (recall - before) * precision;
    before = recall;
  });
  return area;
}

double Skill(std::span<const Judged> rows) {
  double model = 0, reference = 0;
  for (const Judged& r : rows) {
    model += Loss(r.p, r.happened);
    reference += Loss(r.reference, r.happened);
  }
  return 1 - model / reference;
}

double CalibrationError(std::span<const Judged> rows, double floor, int bins) {
  std::vector<Judged> high;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(high),
               [floor](const Judged& r) { return r.p >= floor; });
  if (high.size() < 100) return std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(high.size());
  double sum = 0;
  for (const ReliabilityBin& bin : Bins(std::move(high), bins))
    sum += std::abs(bin.p - bin.happened) * static_cast<double>(bin.rows) / n;
  return sum;
}

std::vector<ReliabilityBin> Reliability(std::span<const Judged> rows, int bins) {
  return Bins(std::vector<Judged>(rows.begin(), rows.end()), bins);
}

std::vector<CurvePoint> PrecisionRecall(std::span<const Judged> rows, size_t points) {
  std::vector<CurvePoint> curve;
  double next = 0;
  WalkCurve(rows, false, [&](double recall, double precision) {
    if (recall < next || std::isnan(recall)) return;
    curve.push_back({recall, precision});
    next = recall + 1 / static_cast<double>(points);
  });
  return curve;
}

BudgetFigures AtBudget(std::span<const Judged> rows, size_t budget) {
  std::map<uint32_t, std::vector<const Judged*>> days;
  double all = 0;
  for (const Judged& r : rows) {
    days[r.day].push_back(&r);
    all += r.happened;
  }
  double raised = 0, hits = 0;
  for (auto& [day, of_day] : days) {
    const size_t n = std::min(budget, of_day.size());
    std::partial_sort(of_day.begin(), of_day.begin() + n, of_day.end(),
                      [](const Judged* a, const Judged* b) { return a->p > b->p; });
    for (size_t i = 0; i < n; ++i) hits += of_day[i]->happened;
    raised += static_cast<double>(n);
  }
  return {raised > 0 ? hits / raised : 0, all > 0 ? hits / all : 0};
}

LeadTime LeadTimeOf(std::span<const Judged> day, std::span<const Judged> week, double threshold) {
  std::vector<size_t> order(day.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(day[a].resource, day[a].day) < std::pair(day[b].resource, day[b].day);
  });
  LeadTime lead;
  std::vector<double> leads;
  std::optional<uint32_t> since;  // when the run of cutoffs at or above the threshold began
  for (size_t i = 0; i < order.size(); ++i) {
    const Judged& row = day[order[i]];
    if (i > 0 && day[order[i - 1]].resource != row.resource) since.reset();
    if (week[order[i]].p < threshold)
      since.reset();
    else if (!since)
      since = row.day;
    if (!row.happened) continue;
    ++lead.changes;
    if (since) leads.push_back(row.day - *since);
    since.reset();
  }
  lead.said = leads.size();
  lead.day_ahead = static_cast<size_t>(
      std::count_if(leads.begin(), leads.end(), [](double days) { return days >= 1; }));
  std::sort(leads.begin(), leads.end());
  lead.median_days = leads.empty() ? std::nan("") : leads[leads.size() / 2];
  return lead;
}

Interval SkillInterval(std::span<const Judged> rows, int rounds) {
  std::map<uint32_t, std::pair<double, double>> weeks;  // losses of model and reference
  for (const Judged& r : rows) {
    auto& [model, reference] = weeks[r.day / 7];
    model += Loss(r.p, r.happened);
    reference += Loss(r.reference, r.happened);
  }
  std::vector<std::pair<double, double>> blocks;
  for (const auto& [week, losses] : weeks) blocks.push_back(losses);
  if (blocks.empty()) return {};
  std::mt19937_64 random(1);
  std::vector<double> skills;
  for (int round = 0; round < rounds; ++round) {
    double model = 0, reference = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
      const auto& block = blocks[random() % blocks.size()];
      model += block.first;
      reference += block.second;
    }
    skills.push_back(1 - model / reference);
  }
  std::sort(skills.begin(), skills.end());
  const auto at = [&](double q) {
    return skills[static_cast<size_t>(q * static_cast<double>(skills.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace driftcast::learn
