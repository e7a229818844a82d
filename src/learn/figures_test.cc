#include "learn/figures.h"

#include <cmath>

#include <gtest/gtest.h>

#include "learn/report.h"

namespace driftcast::learn {
namespace {

std::vector<Judged> Rows(std::vector<std::pair<double, bool>> given) {
  std::vector<Judged> rows;
  for (const auto& [p, happened] : given)
    rows.push_back(
        {static_cast<float>(p), 0.5f, static_cast<uint32_t>(rows.size() / 2), 0, happened});
  return rows;
}

TEST(Figures, AveragePrecisionIsTheStepArea) {
  // Thresholds .9 (hit), .8 (miss), .7 (hit): 1/2 * 1 + 1/2 * 2/3.
  EXPECT_NEAR(AveragePrecision(Rows({{0.9, true}, {0.8, false}, {0.7, true}, {0.1, false}})),
              0.5 + 0.5 * 2 / 3, 1e-9);
  // A tie is one threshold: both hits and both misses at once.
  EXPECT_NEAR(AveragePrecision(Rows({{0.5, true}, {0.5, false}, {0.5, true}, {0.5, false}})), 0.5,
              1e-9);
  EXPECT_TRUE(std::isnan(AveragePrecision(Rows({{0.5, false}}))));
}

TEST(Figures, SkillIsZeroForTheReferenceAndOneIsUnreachable) {
  EXPECT_NEAR(Skill(Rows({{0.5, true}, {0.5, false}})), 0, 1e-7);
  EXPECT_GT(Skill(Rows({{0.9, true}, {0.1, false}})), 0.8);
  EXPECT_LT(Skill(Rows({{0.1, true}, {0.9, false}})), 0);
}

TEST(Figures, CalibrationErrorIsTheGapBetweenSaidAndHappened) {
  std::vector<std::pair<double, bool>> given;
  for (int i = 0; i < 200; ++i) given.emplace_back(0.3, i % 2 == 0);  // said 30 %, happened 50 %
  for (int i = 0; i < 500; ++i) given.emplace_back(0.01, false);      // below the floor
  EXPECT_NEAR(CalibrationError(Rows(given), 0.05, 10), 0.2, 1e-6);
  EXPECT_TRUE(std::isnan(CalibrationError(Rows({{0.5, true}}), 0.05, 10)));
}

TEST(Figures, LeadCountsFromTheFirstOfTheDaysInARow) {
  std::vector<Judged> day, week;
  const auto add = [&](uint32_t resource, uint32_t at, float p_week, bool happened) {
    day.push_back({0.1f, 0.1f, at, 0, happened, resource});
    week.push_back({p_week, 0.5f, at, 0, happened, resource});
  };
  for (uint32_t at = 10; at < 20; ++at) {
    add(0, at, at >= 13 && at != 15 ? 0.6f : 0.1f, at == 14 || at == 19);  // leads of 1 and 3
    add(1, at, at == 12 ? 0.9f : 0.2f, at == 12 || at == 13);              // 0, and not said
    add(2, at, 0.9f, false);
  }
  const LeadTime lead = LeadTimeOf(day, week, 0.5);
  EXPECT_EQ(lead.changes, 4u);
  EXPECT_EQ(lead.said, 3u);
  EXPECT_EQ(lead.day_ahead, 2u);
  EXPECT_EQ(lead.median_days, 1);
  EXPECT_EQ(LeadTimeOf(day, week, 0.95).said, 0u);
  EXPECT_TRUE(std::isnan(LeadTimeOf(day, week, 0.95).median_days));
}

TEST(Figures, BudgetTakesTheHighestOfEachDay) {
  const auto rows = Rows({{0.9, true}, {0.1, true}, {0.2, false}, {0.1, true}});  // two days
  const BudgetFigures f = AtBudget(rows, 1);
  EXPECT_NEAR(f.precision, 0.5, 1e-9);
  EXPECT_NEAR(f.recall, 1.0 / 3, 1e-9);
}

TEST(Report, NamesStacksAndEscapesThem) {
  StackReport s;
  s.stack = "<web>";
  s.kinds = {"file:ini"};
  s.day = s.week = Rows({{0.9, true}, {0.1, false}, {0.2, false}, {0.8, true}});
  const std::string html = ReportHtml({s}, "A & B");
  EXPECT_NE(html.find("&lt;web&gt;"), std::string::npos);
  EXPECT_NE(html.find("A &amp; B"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_NE(html.find("<svg"), std::string::npos);
}

}  // namespace
}  // namespace driftcast::learn
