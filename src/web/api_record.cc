// What was recorded: activities, metric series, the audit log.
#include <algorithm>
#include <cmath>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

HttpResponse GetActivities(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string stack = query.Required("stack");
  const size_t limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto activities = context.engine.Ask(
      [&](const EngineView& view) { return view.Activities(StackId(stack), limit); });
  Json rows = Json::array();
  for (const ActivityReported& activity : activities) rows.push_back(ToJson(activity));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse GetSeries(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string stack = query.Required("stack");
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const SeriesRow& row :
       context.engine.Ask([&](const EngineView& view) { return view.Series(stack); })) {
    rows.push_back(ToJson(row));
  }
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse GetPoints(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  SeriesRow series;
  series.stack = query.Required("stack");
  series.resource_kind = query.Required("resource_kind");
  series.resource_name = query.Required("resource_name");
  series.metric = query.Required("metric");
  const Instant from = query.Time("from").value_or(Instant());
  const Instant to = query.Time("to").value_or(context.clock->Now() + kDay);
  const size_t limit = query.Number("limit", 1, 10000, 1000);
  if (to < from) query.Fault("to", "is before `from`");
  if (auto problem = query.Finish()) return *std::move(problem);
  auto points = context.engine.Ask(
      [&](const EngineView& view) { return view.Points(series, from, to, limit); });
  if (!points.ok()) return ProblemOf(points.status());
  std::sort(points->begin(), points->end(),
            [](const SeriesPoint& a, const SeriesPoint& b) { return a.at < b.at; });
  Json at = Json::array(), value = Json::array();
  for (const SeriesPoint& point : *points) {
    at.push_back(TimeJson(point.at));
    value.push_back(std::isfinite(point.value) ? Json(point.value) : Json());
  }
  return JsonResponse({{"at", std::move(at)}, {"value", std::move(value)}});
}

// Newest first, below `before`; with a subject, as many batches as it takes.
struct AuditPage {
  std::vector<AuditEntry> entries;
  uint64_t next_before = 0;  // 0 = at the first
};

StatusOr<AuditPage> ReadAudit(const EngineView& view, uint64_t before, const std::string& subject,
                              size_t limit) {
  AuditPage page;
  uint64_t from = before == 0 ? UINT64_MAX : before - 1;
  while (from > 0 && page.entries.size() < limit) {
    auto batch = view.Audit(from, subject.empty() ? limit : 1000);
    if (!batch.ok()) return batch.status();
    if (batch->empty()) return page;
    for (AuditEntry& entry : *batch) {
      from = entry.number - 1;
      if (!subject.empty() && entry.subject != subject) continue;
      page.entries.push_back(std::move(entry));
      if (page.entries.size() == limit) break;
    }
  }
  page.next_before = from == 0 ? 0 : from + 1;
  return page;
}

HttpResponse GetAudit(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const uint64_t before = query.Number("before", 1, INT64_MAX, 0);
  const std::string subject = query.Text("subject");
  const size_t limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  if (before == 1) {
    return JsonResponse({{"rows", Json::array()}, {"next_before", nullptr}});
  }
  const auto page = context.engine.Ask(
      [&](const EngineView& view) { return ReadAudit(view, before, subject, limit); });
  if (!page.ok()) return ProblemOf(page.status());
  Json rows = Json::array();
  for (const AuditEntry& entry : page->entries) rows.push_back(ToJson(entry));
  return JsonResponse({{"rows", std::move(rows)},
                       {"next_before", page->next_before > 1 ? Json(page->next_before) : Json()}});
}

HttpResponse GetVerify(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  const Status status = context.engine.VerifyAudit();
  const auto newest =
      context.engine.Ask([](const EngineView& view) { return view.Audit(UINT64_MAX, 1); });
  const uint64_t entries = newest.ok() && !newest->empty() ? newest->front().number : 0;
  return JsonResponse({{"ok", status.ok()}, {"entries", entries}, {"detail", Message(status)}});
}

}  // namespace

void AddRecordRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/activities", Role::kViewer, Bind(context, GetActivities)});
  router.Add({"GET", "/api/v1/series", Role::kViewer, Bind(context, GetSeries)});
  router.Add({"GET", "/api/v1/series/points", Role::kViewer, Bind(context, GetPoints)});
  router.Add({"GET", "/api/v1/audit", Role::kViewer, Bind(context, GetAudit), true});
  router.Add({"GET", "/api/v1/audit/verify", Role::kViewer, Bind(context, GetVerify), true});
}

}  // namespace driftcast
