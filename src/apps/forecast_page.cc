#include "apps/forecast_page.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

namespace driftcast {
namespace {

constexpr size_t kReasonsShown = 3;
constexpr double kPlot = 260;  // pixels of the reliability plot's sides

constexpr std::string_view kStyle = R"(
:root{--ink:#1c2330;--soft:#5c6675;--line:#dfe3ea;--bar:#2f6fde;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa5b5;--line:#2f3743;--bar:#6aa0ff;
--paper:#14181f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;
max-width:64rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p,small{color:var(--soft)}table{border-collapse:collapse;width:100%}
th{text-align:left;color:var(--soft);font-weight:500;font-size:.85rem}
td,th{border-bottom:1px solid var(--line);padding:.5rem .6rem .5rem 0;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font-size:.85rem;overflow-wrap:anywhere}
.bar{display:block;height:4px;background:var(--bar);border-radius:2px;margin-top:.25rem}
ul{margin:.2rem 0 0;padding-left:1rem;color:var(--soft);font-size:.9rem}
svg text{fill:var(--soft);font-size:11px}
)";

std::string Escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
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

std::string Day(Instant at) { return FormatInstant(at).substr(0, 10); }

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string KeyCell(const PredictedKey& key) {
  const std::string path = key.path.empty() ? "(appears or vanishes)" : key.path;
  std::string text =
      fmt::format("<code>{}</code> <small>{:.0f} %</small>", Escaped(path), key.p * 100);
  if (key.value)
    text += fmt::format(" &rarr; <code>{}</code> <small>{:.0f} %</small>", Escaped(*key.value),
                        key.value_p * 100);
  return text;
}

std::string ChangeRow(const learn::ExpectedChange& change) {
  const DriftPrediction& p = change.prediction;
  std::string row = fmt::format(
      "<tr><td class=n>{:.0f} %<span class=bar style=\"width:{:.0f}%\"></span></td>"
      "<td><code>{}</code><br><small>{}</small></td><td>",
      change.p * 100, change.p * 100, Escaped(p.resource.name), Escaped(p.resource.kind));
  for (const PredictedKey& key : p.keys) row += KeyCell(key) + "<br>";
  row += "</td><td><ul>";
  size_t shown = 0;
  for (const Reason& reason : p.reasons) {
    if (reason.group == "base" || reason.weight <= 0 || shown == kReasonsShown) continue;
    row += "<li>" + Escaped(reason.text) + "</li>";
    ++shown;
  }
  return row + "</ul></td></tr>\n";
}

std::string ChangesTable(const learn::RepositoryForecast& f) {
  std::string table =
      "<table><tr><th class=n>chance</th><th>resource</th><th>keys, if it changes</th>"
      "<th>because</th></tr>\n";
  for (const auto& change : f.changes) table += ChangeRow(change);
  return table + "</table>\n";
}

// Said against come; on the diagonal a forecast means what it says. Areas show how often.
std::string ReliabilityPlot(const learn::TrackRecord& r) {
  std::string svg = fmt::format(
      "<svg width={0} height={0} viewBox=\"-30 -10 {1} {1}\" role=img "
      "aria-label=\"what was said against what came\">"
      "<rect width={2} height={2} fill=none stroke=\"var(--line)\"/>"
      "<line x1=0 y1={2} x2={2} y2=0 stroke=\"var(--line)\"/>",
      kPlot + 50, kPlot + 50, kPlot);
  for (const learn::TrackBin& bin : r.bins) {
    if (bin.said == 0) continue;
    const double radius = 3 + 9 * std::min(1.0, Share(bin.said, r.predictions) * 8);
    svg += fmt::format(
        "<circle cx={:.1f} cy={:.1f} r={:.1f} fill=\"var(--bar)\" fill-opacity=.7><title>said "
        "{:.1f} %, came {:.1f} % of {}</title></circle>",
        bin.mean_p * kPlot, (1 - Share(bin.came, bin.said)) * kPlot, radius, bin.mean_p * 100,
        Share(bin.came, bin.said) * 100, bin.said);
  }
  return svg + fmt::format("<text x={} y={}>said</text><text x=-28 y=8>came</text></svg>\n",
                           kPlot - 24, kPlot + 18);
}

std::string RecordSection(const learn::RepositoryForecast& f) {
  std::string section = "<h2>Track record</h2>\n";
  if (!f.record) return section + "<p>None: " + Escaped(f.record_missing) + ".</p>\n";
  const learn::TrackRecord& r = *f.record;
  section += fmt::format(
      "<p>{} weekly forecasts of 7 days, {} to {}, as they would have been made then: {} times a "
      "resource changed, {:.0f} were expected. Of the {} likeliest each week {:.0f} % changed (of "
      "all {:.1f} %). Of what changed, the key named first was right in {:.0f} %, one of five in "
      "{:.0f} %. Skill {:+.2f} (Brier score against the same share for all).</p>\n",
      r.weeks, Day(FromUnixSeconds(r.first)), Day(FromUnixSeconds(r.last)), r.changed, r.expected,
      learn::kTrackTop, Share(r.top_came, r.top_said) * 100, Share(r.changed, r.predictions) * 100,
      Share(r.first_key_right, r.keys_rows) * 100, Share(r.any_key_right, r.keys_rows) * 100,
      r.skill());
  section += ReliabilityPlot(r);
  section +=
      "<table><tr><th>said</th><th class=n>on average</th><th class=n>times</th>"
      "<th class=n>changed</th></tr>\n";
  for (const learn::TrackBin& bin : r.bins)
    if (bin.said > 0)
      section += fmt::format(
          "<tr><td>{:.0f} to {:.0f} %</td><td class=n>{:.1f} %</td><td class=n>{}</td>"
          "<td class=n>{:.1f} %</td></tr>\n",
          bin.from * 100, bin.to * 100, bin.mean_p * 100, bin.said,
          Share(bin.came, bin.said) * 100);
  return section + "</table>\n";
}

}  // namespace

std::string ForecastPage(const learn::RepositoryForecast& f) {
  std::string page =
      "<!doctype html><html lang=en><meta charset=utf-8>"
      "<meta name=viewport content=\"width=device-width\"><title>" +
      Escaped(f.stack) + ": forecast</title><style>";
  page += kStyle;
  page += fmt::format(
      "</style>\n<h1>{}: the coming {} day{}</h1>\n<p>From {}. {} resources; about {:.0f} will "
      "change.</p>\n",
      Escaped(f.stack), f.days, f.days == 1 ? "" : "s", FormatInstant(f.at), f.live, f.expected);
  page += ChangesTable(f);
  page += RecordSection(f);
  return page + "</html>\n";
}

}  // namespace driftcast
