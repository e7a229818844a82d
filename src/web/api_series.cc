// One metric series on one time axis: what it was and what was expected of it, what was unusual,
// and what is forecast; and the series that will run into their limits.
#include <algorithm>
#include <cmath>

#include "remedy/relieve.h"
#include "signal/series_state.h"
#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

constexpr Duration kWarmUp = kDay;  // points before the window teach what is expected in it
constexpr size_t kPointsMax = 200'000;
constexpr uint64_t kWeekSeconds = 7 * 86400;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

// Points as they were judged, thinned out: of each bucket the one farthest from what was expected.
class JudgedRows {
 public:
  JudgedRows(Instant from, Instant to, size_t rows)
      : from_(from), width_((to - from) / static_cast<int64_t>(rows) + Duration(1)) {}

  void Add(Instant at, double value, const Judgement& judged) {
    if (at < from_) return;
    const int64_t bucket = (at - from_) / width_;
    const double distance = judged.learning ? 0 : std::abs(value - judged.band.expected);
    if (bucket == bucket_ && distance <= distance_) return;
    if (bucket != bucket_) Grow();
    bucket_ = bucket;
    distance_ = distance;
    at_.back() = TimeJson(at);
    value_.back() = Number(value);
    low_.back() = judged.learning ? Json() : Number(judged.band.low);
    high_.back() = judged.learning ? Json() : Number(judged.band.high);
  }

  Json Take() {
    return {{"at", std::move(at_)},
            {"value", std::move(value_)},
            {"low", std::move(low_)},
            {"high", std::move(high_)}};
  }

 private:
  void Grow() {
    for (Json* column : {&at_, &value_, &low_, &high_}) column->push_back(nullptr);
  }

  const Instant from_;
  const Duration width_;
  int64_t bucket_ = -1;
  double distance_ = 0;
  Json at_ = Json::array(), value_ = Json::array(), low_ = Json::array(), high_ = Json::array();
};

Json ForecastJson(const SeriesOutlook& outlook) {
  Json at = Json::array(), mean = Json::array(), low = Json::array(), high = Json::array();
  for (const SeriesOutlook::Point& point : outlook.forecast) {
    at.push_back(TimeJson(point.at));
    mean.push_back(Number(point.mean));
    low.push_back(Number(point.low));
    high.push_back(Number(point.high));
  }
  return {{"at", std::move(at)},
          {"mean", std::move(mean)},
          {"low", std::move(low)},
          {"high", std::move(high)}};
}

// Alarms, new levels and limit crossings of the series, as the timeline has them.
Json UnusualJson(const std::vector<ActivityReported>& activities, const SeriesRow& series,
                 Instant from) {
  Json rows = Json::array();
  const std::string resource = series.resource_kind + "/" + series.resource_name;
  for (const ActivityReported& activity : activities) {
    const auto metric = activity.details.find("metric");
    if (metric == activity.details.end() || metric->second != series.metric) continue;
    if (activity.resources != std::vector<std::string>{resource} || activity.started_at < from)
      continue;
    rows.push_back(
        {{"at", TimeJson(activity.started_at)}, {"kind", activity.kind}, {"text", activity.text}});
  }
  return rows;
}

struct Asked {
  SeriesRow series;
  Instant from, to;
  Duration horizon{};
  size_t rows = 0;
};

struct Found {
  StatusOr<std::vector<SeriesPoint>> points = std::vector<SeriesPoint>();
  std::optional<SeriesOutlook> outlook;
  std::vector<ActivityReported> activities;
};

Json OutlookJson(const Asked& asked, Found found) {
  std::stable_sort(found.points->begin(), found.points->end(),
                   [](const SeriesPoint& a, const SeriesPoint& b) { return a.at < b.at; });
  SeriesState state;
  JudgedRows rows(asked.from, asked.to, asked.rows);
  for (const SeriesPoint& point : *found.points) {
    const Judgement judged = state.Observe(point.at, point.value);
    if (judged.skipped == Skipped::kNo) rows.Add(point.at, point.value, judged);
  }
  const SeriesOutlook& outlook = *found.outlook;
  return {
      {"points", rows.Take()},
      {"unusual", UnusualJson(found.activities, asked.series, asked.from)},
      {"forecast", ForecastJson(outlook)},
      {"limit", outlook.limit ? Number(*outlook.limit) : Json()},
      {"limit_source", outlook.limit_source},
      {"p_crossing", outlook.p_crossing},
      {"crossing_likely_at", MaybeTimeJson(outlook.crossing_likely_at.value_or(Instant()))},
      {"crossing_possible_at", MaybeTimeJson(outlook.crossing_possible_at.value_or(Instant()))}};
}

HttpResponse GetOutlook(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  Asked asked;
  asked.series.stack = query.Required("stack");
  asked.series.resource_kind = query.Required("resource_kind");
  asked.series.resource_name = query.Text("resource_name");
  asked.series.metric = query.Required("metric");
  asked.to = query.Time("to").value_or(context.clock->Now());
  asked.from = query.Time("from").value_or(asked.to - 6 * kHour);
  asked.horizon = std::chrono::seconds(query.Number("horizon_s", 3600, kWeekSeconds, 86400));
  asked.rows = query.Number("rows", 10, 2000, 500);
  if (asked.to <= asked.from) query.Fault("to", "is not after `from`");
  if (auto problem = query.Finish()) return *std::move(problem);
  Found found = context.engine.Ask([&](const EngineView& view) {
    Found answer;
    answer.outlook = view.Outlook(asked.series, asked.horizon);
    if (!answer.outlook) return answer;
    answer.points = view.Points(asked.series, asked.from - kWarmUp, asked.to, kPointsMax);
    answer.activities = view.Activities(StackId(asked.series.stack), 1000);
    return answer;
  });
  if (!found.outlook)
    return ProblemResponse(404, fmt::format("no series {} of {} {} in {}", asked.series.metric,
                                            asked.series.resource_kind, asked.series.resource_name,
                                            asked.series.stack));
  if (!found.points.ok()) return ProblemOf(found.points.status());
  return JsonResponse(OutlookJson(asked, std::move(found)));
}

Json CrossingJson(const LimitCrossing& crossing) {
  const auto& series = crossing.series;
  Json horizons = Json::array();
  for (size_t h = 0; h < kHorizonCount; ++h)
    horizons.push_back({{"horizon", kHorizonNames[h]}, {"p", crossing.p[h]}});
  Json plans = Json::array();
  for (const Relief& relief : ReliefsOf(crossing.what, series.resource_name, crossing.source))
    plans.push_back({{"strategy", "relieve_cause"},
                     {"title", relief.title},
                     {"how", relief.how},
                     {"effort_minutes", relief.effort_minutes},
                     {"reversible", relief.reversible}});
  return {{"series", ToJson(series)},
          {"limit", Number(crossing.limit)},
          {"limit_source", crossing.source},
          {"probability", crossing.probability},
          {"horizons", std::move(horizons)},
          {"answered_at", crossing.answered_at.ToText()},
          {"likely_at", MaybeTimeJson(crossing.likely_at.value_or(Instant()))},
          {"possible_at", MaybeTimeJson(crossing.possible_at.value_or(Instant()))},
          {"plans", std::move(plans)}};
}

HttpResponse GetCrossings(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string stack = query.Text("stack");
  const Duration horizon =
      std::chrono::seconds(query.Number("horizon_s", 3600, kWeekSeconds, kWeekSeconds));
  if (auto problem = query.Finish()) return *std::move(problem);
  constexpr double kWorthShowing = 0.1;
  Json rows = Json::array();
  for (const LimitCrossing& crossing : context.engine.Ask(
           [&](const EngineView& view) { return view.Crossings(stack, horizon, kWorthShowing); }))
    rows.push_back(CrossingJson(crossing));
  return JsonResponse({{"rows", std::move(rows)}});
}

}  // namespace

void AddSeriesRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/series/outlook", Role::kViewer, Bind(context, GetOutlook)});
  router.Add({"GET", "/api/v1/crossings", Role::kViewer, Bind(context, GetCrossings)});
}

}  // namespace driftcast
