#include "apps/report_page.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace driftcast {
namespace {

constexpr std::string_view kStyle = R"(
:root{--ink:#12202b;--soft:#566573;--line:#dde2e6;--bad:#b3401a;--ahead:#1d5bbf;--good:#6ba79d;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ed;--soft:#98a5b0;--line:#2c3740;--bad:#f08c5f;
--ahead:#7fb0ff;--paper:#0f171d}}
body{font:15px/1.5 "IBM Plex Sans",system-ui,sans-serif;color:var(--ink);background:var(--paper);
margin:2.5rem auto;max-width:66rem;padding:0 1.2rem}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2.4rem 0 .6rem}
p{margin:.2rem 0}.soft,small{color:var(--soft)}table{border-collapse:collapse;width:100%}
th{text-align:left;color:var(--soft);font-weight:500;font-size:.85rem}
td,th{border-bottom:1px solid var(--line);padding:.45rem .8rem .45rem 0;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font-size:.88em;overflow-wrap:anywhere}.bad{color:var(--bad)}.ahead{color:var(--ahead)}
.big{font-size:1.25rem}svg text{fill:var(--soft);font-size:11px}
tr{break-inside:avoid}
)";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
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

std::string Text(const ClientJson& json, const char* name) {
  if (!json.contains(name) || json[name].is_null()) return {};
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

double Real(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_number() ? json[name].get<double>() : 0;
}

std::string Percent(double p) {
  if (p > 0 && p < 0.01) return "&lt;1&nbsp;%";
  return fmt::format("{:.0f}&nbsp;%", std::min(p, 0.99) * 100);
}

std::string Minute(const std::string& rfc3339) {
  return rfc3339.size() < 16 ? rfc3339 : rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 5);
}

std::string Summary(const ReportData& data) {
  const auto& counts = data.overview["counts"];
  const double wrong = Real(counts, "DRIFTED") + Real(counts, "MISSING");
  return fmt::format(
      "<p class=big><b class=bad>{:.0f} resources</b> of {} are not as expected. About <b "
      "class=ahead>{:.0f}</b> will change within seven days. {:.0f} could not be compared.</p>",
      wrong, Text(data.overview, "resources"), data.overview["expected_changes"][4].get<double>(),
      Real(counts, "NOT_COMPARED"));
}

std::string Causes(const ReportData& data) {
  std::string rows;
  for (const auto& group : data.causes["rows"]) {
    std::string what;
    for (const auto& drift : group["sample"])
      what += fmt::format("<code>{}</code> <small>{}</small><br>",
                          Escaped(Text(drift["resource"], "name")),
                          Escaped(Text(drift["resource"], "stack")));
    const size_t more = group["drifts"].get<size_t>() - group["sample"].size();
    if (more > 0) what += fmt::format("<small>and {} more</small>", more);
    rows += fmt::format(
        "<tr><td class=n>{:.1f}</td><td>{}</td><td>{}</td><td class=n>{}</td></tr>",
        Real(group, "severity_max"), what,
        Escaped(Text(group["cause"], "text").empty() ? "not known" : Text(group["cause"], "text")),
        Minute(Text(group, "opened_last")));
  }
  if (rows.empty()) return "<p>No drift is open among what was compared.</p>";
  return "<table><tr><th class=n>Severity<th>What<th>Cause<th class=n>Since (UTC)</tr>" + rows +
         "</table>";
}

std::string Forecasts(const ReportData& data) {
  std::string rows;
  for (const auto& row : data.predictions["rows"]) {
    std::string to, why;
    if (!row["keys"].empty()) {
      const auto& key = row["keys"][0];
      to = "<code>" + Escaped(Text(key, "path")) + "</code>";
      if (!key["value"].is_null()) to += " &rarr; <code>" + Escaped(Text(key, "value")) + "</code>";
    }
    if (!row["reasons"].empty()) why = Escaped(Text(row["reasons"][0], "text"));
    std::string chances;
    for (const auto& horizon : row["horizons"])
      chances += "<td class=n>" + Percent(Real(horizon, "p_change")) + "</td>";
    rows += fmt::format(
        "<tr><td><code>{}</code><br><small>{} "
        "{}</small></td><td>{}<br><small>{}</small></td>{}</tr>",
        Escaped(Text(row["resource"], "name")), Escaped(Text(row["resource"], "stack")),
        Escaped(Text(row["resource"], "kind")), to, why, chances);
  }
  if (rows.empty()) return "<p>Nothing is forecast yet.</p>";
  std::string head;
  for (const auto& horizon : data.overview["horizons"])
    head += "<th class=n>" + Text(horizon, "name");
  return "<table><tr><th>Resource<th>Likely change" + head + "</tr>" + rows + "</table>";
}

std::string Reliability(const ClientJson& horizon) {
  constexpr double kSide = 220;
  std::string dots;
  for (const auto& bin : horizon["bins"]) {
    if (bin["count"] == 0) continue;
    dots += fmt::format("<circle cx={:.1f} cy={:.1f} r=4 fill=var(--ahead) />",
                        30 + Real(bin, "p_mean") * kSide, 10 + (1 - Real(bin, "hit_rate")) * kSide);
  }
  return fmt::format(
      "<svg width=270 height=260 role=img aria-label=\"Said against happened\"><path d=\"M30 "
      "10V{0}H{1}\" "
      "fill=none stroke=var(--line) /><path d=\"M30 {0}L{1} 10\" stroke=var(--soft) "
      "stroke-dasharray=\"3 4\" />{2}<text x=30 y=250>said 0 %</text><text x={1} y=250 "
      "text-anchor=end>100 %</text></svg>",
      10 + kSide, 30 + kSide, dots);
}

std::string Track(const ReportData& data) {
  std::string rows, plot;
  for (const auto& horizon : data.track["horizons"]) {
    const double scored = Real(horizon, "hits") + Real(horizon, "misses");
    if (scored == 0) continue;
    const auto share = [&](const char* name) {
      return horizon[name].is_null() ? std::string("&ndash;") : Percent(Real(horizon, name));
    };
    const double reference = Real(horizon, "log_loss_reference");
    rows += fmt::format(
        "<tr><td>{}</td><td class=n>{:.0f}</td><td class=n>{}</td><td class=n>{}</td><td "
        "class=n>{}</td><td class=n>{}</td><td class=n>{:.1f} h</td></tr>",
        Text(horizon, "horizon"), scored, Text(horizon, "hits"),
        reference > 0
            ? fmt::format("{:.0f}&nbsp;%", 100 * (1 - Real(horizon, "log_loss") / reference))
            : "&ndash;",
        share("precision"), share("recall"), Real(horizon, "lead_time_s") / 3600);
    if (horizon["horizon"] == data.track["alert_horizon"]) plot = Reliability(horizon);
  }
  if (rows.empty()) return "<p>No forecast's time has passed yet.</p>";
  return "<table><tr><th>Within<th class=n>Scored<th class=n>Changed<th class=n>Skill over a "
         "constant<th class=n>Alerts that were right<th class=n>Changes that were alerted<th "
         "class=n>Lead time</tr>" +
         rows + "</table>" + plot;
}

std::string Stacks(const ReportData& data) {
  std::string rows;
  for (const auto& stack : data.stacks["rows"]) {
    uint64_t resources = 0;
    for (const auto& [status, count] : stack["counts"].items()) resources += count.get<uint64_t>();
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td "
        "class=n>{:.1f}</td></tr>",
        Escaped(Text(stack, "id")), Escaped(Text(stack, "role")), Text(stack, "liveness"),
        resources, Text(stack, "drifts_open"), stack["expected_changes"][4].get<double>());
  }
  return "<table><tr><th>Stack<th>Role<th>State<th class=n>Resources<th class=n>Drifts<th "
         "class=n>Changes in 7 d</tr>" +
         rows + "</table>";
}

}  // namespace

std::string ReportPage(const ReportData& data) {
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\"><meta http-equiv=Content-Security-Policy "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Driftcast report</title>"
      "<style>{}</style><h1>Driftcast report</h1><p class=soft>Made {}, by version {}</p>{}"
      "<h2>Has drifted</h2>{}<h2>Will change</h2><p class=soft>Chance that it changes within each "
      "time, most expected loss first.</p>{}<h2>How good the forecasts have been</h2>{}"
      "<h2>Stacks</h2>{}</html>\n",
      kStyle, Escaped(data.made_at), Escaped(Text(data.overview, "version")), Summary(data),
      Causes(data), Forecasts(data), Track(data), Stacks(data));
}

}  // namespace driftcast
