#include "learn/report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace driftcast::learn {
namespace {

constexpr size_t kChangedMin = 50;  // stacks with fewer changed rows say little: left out of means
constexpr int kBootstrapRounds = 400;

std::string Escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Number(double v, int decimals = 3) {
  return std::isnan(v) ? "–" : fmt::format("{:.{}f}", v, decimals);
}

std::string Percent(double v) { return std::isnan(v) ? "–" : fmt::format("{:.1f} %", 100 * v); }

size_t Changed(const std::vector<Judged>& rows) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [](const Judged& r) { return r.happened; }));
}

// A square plot with both axes from 0 to 1 and one line.
std::string Plot(const std::vector<std::pair<double, double>>& points, const char* x, const char* y,
                 bool diagonal) {
  std::string line;
  for (const auto& [px, py] : points)
    line += fmt::format("{:.1f},{:.1f} ", 40 + 240 * px, 250 - 240 * py);
  std::string svg =
      "<svg viewBox='0 0 290 290' role='img'><rect x='40' y='10' width='240' "
      "height='240' class='frame'/>";
  if (diagonal) svg += "<line x1='40' y1='250' x2='280' y2='10' class='aim'/>";
  svg += fmt::format("<polyline points='{}' class='line'/>", line);
  for (const auto& [px, py] : points)
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='2'/>", 40 + 240 * px, 250 - 240 * py);
  svg += fmt::format(
      "<text x='160' y='280'>{}</text><text x='12' y='130' transform='rotate(-90 12 130)'>"
      "{}</text><text x='34' y='254'>0</text><text x='34' y='16'>1</text></svg>",
      x, y);
  return svg;
}

std::string Curves(const std::vector<Judged>& rows, const char* title) {
  std::vector<std::pair<double, double>> curve, reliability;
  for (const CurvePoint& p : PrecisionRecall(rows, 60)) curve.emplace_back(p.recall, p.precision);
  for (const ReliabilityBin& bin : Reliability(rows, 20))
    reliability.emplace_back(bin.p, bin.happened);
  return fmt::format(
      "<figure>{}<figcaption>{}: precision and recall</figcaption></figure>"
      "<figure>{}<figcaption>{}: said and happened</figcaption></figure>",
      Plot(curve, "recall", "precision", false), title,
      Plot(reliability, "probability said", "share that changed", true), title);
}

std::string StackRow(const StackReport& s) {
  std::string row = fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td>", Escape(s.stack),
                                s.day.size(), Changed(s.day));
  for (const auto* rows : {&s.day, &s.week}) {
    const Interval interval = SkillInterval(*rows, kBootstrapRounds);
    row += fmt::format("<td>{} <small>({} to {})</small></td><td>{}</td><td>{}</td><td>{}</td>",
                       Number(Skill(*rows)), Number(interval.low), Number(interval.high),
                       Number(AveragePrecision(*rows)), Number(AveragePrecision(*rows, true)),
                       Number(CalibrationError(*rows, 0.05, 10)));
  }
  return row + "</tr>\n";
}

std::string MeanRow(const std::vector<StackReport>& stacks) {
  double n = 0, day = 0, week = 0, ratio = 0;
  for (const StackReport& s : stacks) {
    if (Changed(s.day) < kChangedMin) continue;
    ++n;
    day += Skill(s.day);
    week += Skill(s.week);
    ratio += AveragePrecision(s.day) / AveragePrecision(s.day, true);
  }
  if (n == 0) return "";
  return fmt::format(
      "<p>Mean over the {:.0f} stacks with at least {} changed rows, each weighing the "
      "same: skill {} within a day, {} within 7 days; average precision {} times the "
      "reference's.</p>",
      n, kChangedMin, Number(day / n), Number(week / n), Number(ratio / n, 2));
}

std::string BudgetTable(const std::vector<StackReport>& stacks) {
  std::string table =
      "<table><tr><th>stack</th><th>alerts a day</th><th>precision</th><th>recall</th></tr>\n";
  for (const StackReport& s : stacks)
    for (const size_t budget : {1u, 5u, 20u}) {
      const BudgetFigures f = AtBudget(s.day, budget);
      table += fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                           Escape(s.stack), budget, Percent(f.precision), Percent(f.recall));
    }
  return table + "</table>";
}

// How long before a change it was said, by the threshold on P within 7 days.
std::string LeadTable(const std::vector<StackReport>& stacks) {
  std::string table =
      "<table><tr><th>stack</th><th>P within 7 days at least</th><th>changed rows</th><th>said "
      "before</th><th>a day or more ahead</th><th>median lead, days</th></tr>\n";
  for (const StackReport& s : stacks)
    for (const double threshold : {0.2, 0.5, 0.8}) {
      const LeadTime lead = LeadTimeOf(s.day, s.week, threshold);
      if (lead.changes == 0) continue;
      const auto share = [&](size_t n) {
        return Percent(static_cast<double>(n) / static_cast<double>(lead.changes));
      };
      table += fmt::format(
          "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
          Escape(s.stack), Percent(threshold), lead.changes, share(lead.said),
          share(lead.day_ahead), Number(lead.median_days, 0));
    }
  return table + "</table>";
}

std::string KindTable(const std::vector<StackReport>& stacks) {
  std::map<std::string, std::vector<Judged>> kinds;
  for (const StackReport& s : stacks)
    for (const Judged& row : s.day) kinds[s.kinds[row.group]].push_back(row);
  std::vector<std::pair<size_t, std::string>> order;
  for (const auto& [kind, rows] : kinds) order.emplace_back(Changed(rows), kind);
  std::sort(order.rbegin(), order.rend());
  if (order.size() > 25) order.resize(25);
  std::string table =
      "<table><tr><th>kind</th><th>rows</th><th>changed</th><th>skill</th><th>AP</"
      "th><th>reference</th></tr>\n";
  for (const auto& [changed, kind] : order) {
    if (changed == 0) continue;
    const auto& rows = kinds[kind];
    table +=
        fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    Escape(kind), rows.size(), changed, Number(Skill(rows)),
                    Number(AveragePrecision(rows)), Number(AveragePrecision(rows, true)));
  }
  return table + "</table>";
}

constexpr const char* kHead =
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 "
    "1rem;color:#1b2430}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .7rem;text-align:right;"
    "border-bottom:1px solid #dde3ea}th:first-child{text-align:left}small{color:#667}"
    "figure{display:inline-block;width:21rem;margin:.5rem}svg{width:100%}"
    ".frame{fill:none;stroke:#aab}.line{fill:none;stroke:#0b6bcb;stroke-width:2}.aim{stroke:#bbc;"
    "stroke-dasharray:4}circle{fill:#0b6bcb}text{font-size:11px;fill:#445;text-anchor:middle}"
    "</style>";

}  // namespace

std::string ReportHtml(const std::vector<StackReport>& stacks, const std::string& title) {
  std::vector<Judged> day, week;
  for (const StackReport& s : stacks) {
    day.insert(day.end(), s.day.begin(), s.day.end());
    week.insert(week.end(), s.week.begin(), s.week.end());
  }
  std::string html = fmt::format("{}<title>{}</title></head><body><h1>{}</h1>\n", kHead,
                                 Escape(title), Escape(title));
  html += MeanRow(stacks);
  html +=
      "<p>Skill is 1 - log loss / log loss of the reference, the decayed change rate of each "
      "resource; in "
      "brackets its 95 % interval by a bootstrap over weeks. AP is average precision. ECE is the "
      "calibration error over rows with a probability of at least 5 %.</p>\n";
  html +=
      "<table><tr><th>stack</th><th>rows</th><th>changed</th><th>skill, 1 day</th><th>AP</th>"
      "<th>reference</th><th>ECE</th><th>skill, 7 "
      "days</th><th>AP</th><th>reference</th><th>ECE</th></tr>\n";
  for (const StackReport& s : stacks)
    if (Changed(s.day) > 0) html += StackRow(s);
  html += "</table>\n" + Curves(day, "1 day") + Curves(week, "7 days");
  html += "\n<h2>Alerts</h2>" + BudgetTable(stacks);
  html +=
      "\n<h2>Lead time</h2><p>A change is said when the probability within 7 days is at least so "
      "high at the last midnight before it; the lead counts from the first of the midnights in a "
      "row, since the resource's change before, at which it was.</p>" +
      LeadTable(stacks);
  html += "\n<h2>Kinds</h2>" + KindTable(stacks);
  return html + "</body></html>\n";
}

namespace {

// Figures of one stack, in the order of the table's columns.
std::vector<double> TableFigures(const StackReport& s) {
  const double keys = std::max<double>(static_cast<double>(s.keys.rows), 1);
  std::vector<double> f = {Skill(s.day),
                           Skill(s.week),
                           AveragePrecision(s.day),
                           AveragePrecision(s.day, true),
                           AveragePrecision(s.day) / AveragePrecision(s.day, true),
                           CalibrationError(s.day, 0.05, 10),
                           CalibrationError(s.week, 0.05, 10),
                           static_cast<double>(s.keys.first) / keys,
                           static_cast<double>(s.keys.five) / keys,
                           s.keys.values / keys};
  if (s.unseen_day.empty()) return f;
  f.insert(f.end(),
           {Skill(s.unseen_day), Skill(s.unseen_week),
            AveragePrecision(s.unseen_day) / AveragePrecision(s.unseen_day, true),
            CalibrationError(s.unseen_day, 0.05, 10), CalibrationError(s.unseen_week, 0.05, 10)});
  return f;
}

std::string TableLine(const std::string& name, size_t changed, const std::vector<double>& figures) {
  std::string line = fmt::format("{:<24} {:>7}", name, changed);
  for (const double f : figures)
    line += std::isnan(f) ? fmt::format(" {:>8}", "-") : fmt::format(" {:>8.4f}", f);
  return line + "\n";
}

}  // namespace

std::string ReportTable(const std::vector<StackReport>& stacks) {
  std::string table = fmt::format("{:<24} {:>7}", "stack", "changed");
  const bool unseen = !stacks.empty() && !stacks.front().unseen_day.empty();
  for (const char* column : {"skill_1d", "skill_7d", "AP_1d", "refAP_1d", "AP_ratio", "ECEhi_1d",
                             "ECEhi_7d", "key1", "key5", "values"})
    table += fmt::format(" {:>8}", column);
  if (unseen)
    for (const char* column : {"u:skill1", "u:skill7", "u:ratio", "u:ECE_1d", "u:ECE_7d"})
      table += fmt::format(" {:>8}", column);
  table += "\n";
  std::vector<double> sums, counts;
  size_t judged = 0;
  for (const StackReport& s : stacks) {
    const size_t changed = Changed(s.day);
    if (changed == 0) continue;
    const std::vector<double> figures = TableFigures(s);
    table += TableLine(s.stack, changed, figures);
    if (changed < kChangedMin) continue;
    ++judged;
    sums.resize(figures.size(), 0);
    counts.resize(figures.size(), 0);
    for (size_t i = 0; i < figures.size(); ++i) {
      if (std::isnan(figures[i])) continue;
      sums[i] += figures[i];
      ++counts[i];
    }
  }
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] = counts[i] > 0 ? sums[i] / counts[i] : std::nan("");
  return judged == 0 ? table : table + TableLine(fmt::format("MEAN of {}", judged), judged, sums);
}

}  // namespace driftcast::learn
