// Feeds of outside knowledge, and what of it is open in the fleet.
#include <algorithm>

#include "base/crypto.h"
#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

Json Figure(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

HttpResponse GetFeeds(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const FeedStatus& feed :
       context.engine.Ask([](const EngineView& view) { return view.Feeds(); }))
    rows.push_back(ToJson(feed, context.clock->Now()));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostUpload(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string digest = reader.Required("digest", 64);
  const auto offset = reader.Integer("offset", 0, INT64_MAX);
  const auto bytes = FromBase64(reader.Required("data", 1 << 20));
  if (!bytes.ok()) reader.Fault("data", "is not base64");
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const auto there = context.uploads.Add(digest, static_cast<uint64_t>(offset.value_or(0)), *bytes,
                                         context.clock->Now());
  if (!there.ok()) return ProblemOf(there.status());
  return JsonResponse({{"digest", digest}, {"received", *there}});
}

FeedPublished ReadFeed(ObjectReader& reader, Instant now) {
  FeedPublished feed;
  feed.feed = reader.Required("feed", 64);
  feed.format = reader.Text("format", 64);
  feed.digest = reader.Text("digest", 64);
  feed.source = reader.Text("source", 2000);
  feed.fetched_at = reader.Time("fetched_at").value_or(now);
  feed.newest_at = reader.Time("newest_at").value_or(Instant());
  feed.records = static_cast<uint64_t>(reader.Integer("records", 0, INT64_MAX).value_or(0));
  feed.warnings = static_cast<uint64_t>(reader.Integer("warnings", 0, INT64_MAX).value_or(0));
  feed.warning_samples = reader.Texts("warning_samples", 20);
  feed.error = reader.Text("error", 2000);
  reader.RefuseUnknown();
  return feed;
}

std::optional<FeedStatus> FindFeed(const ApiContext& context, const std::string& name) {
  for (const FeedStatus& feed :
       context.engine.Ask([](const EngineView& view) { return view.Feeds(); }))
    if (feed.content.feed == name) return feed;
  return std::nullopt;
}

HttpResponse PostFeed(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  FeedPublished feed = ReadFeed(reader, context.clock->Now());
  if (auto bad = faults.Problem()) return *std::move(bad);
  std::string content;
  if (!feed.digest.empty()) {
    auto uploaded = context.uploads.Take(feed.digest);
    if (!uploaded.ok()) return ProblemOf(uploaded.status());
    content = *std::move(uploaded);
  }
  const std::string name = feed.feed;
  const Status published = context.engine.PublishFeed(std::move(feed), content);
  if (!published.ok()) return ProblemOf(published);
  const auto known = FindFeed(context, name);
  if (!known) return ProblemResponse(404, "no feed " + name);
  return JsonResponse(ToJson(*known, context.clock->Now()), 201);
}

HttpResponse PostUpdate(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string feed = reader.Text("feed", 64);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  if (!call.caller.stacks.empty())
    return ProblemResponse(403, "feeds concern the whole fleet, and you may act on a part of it");
  if (!context.update_feeds)
    return ProblemResponse(409, "no feeds are configured: start the engine with --feeds FILE");
  const Status status = context.update_feeds(feed);
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse({{"feed", feed}}, 202);
}

HttpResponse DeleteFeed(const ApiContext& context, const ApiCall& call) {
  FeedPublished feed;
  feed.feed = call.parts[0];
  feed.removed = true;
  if (!FindFeed(context, feed.feed)) return ProblemResponse(404, "no feed " + feed.feed);
  const Status status = context.engine.SubmitAndWait({context.NewFact(StackId(), feed)});
  if (!status.ok()) return ProblemOf(status);
  HttpResponse response;
  response.status = 204;
  return response;
}

HttpResponse GetExposures(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  ExposureFilter filter;
  filter.stack = query.Text("stack");
  filter.role = query.Text("role");
  filter.text = query.Text("text", 1000);
  filter.exploited_only = query.Flag("exploited", false);
  filter.fixable_only = query.Flag("fixable", false);
  filter.offset = query.Number("offset", 0, INT64_MAX, 0);
  filter.limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto [page, as_of] = context.engine.Ask(
      [&](const EngineView& view) { return std::make_pair(view.Exposures(filter), view.now()); });
  Json rows = Json::array();
  for (const ExposureRow& row : page.rows) {
    Json json = ToJson(row.exposure);
    json["stacks"] = row.stacks;
    json["resources"] = row.resources;
    json["some"] = Json::array();
    for (const ResourceId& id : row.some) json["some"].push_back(id.ToText());
    rows.push_back(std::move(json));
  }
  return JsonResponse(PageJson(std::move(rows), page.total, filter.offset, filter.limit, as_of));
}

HttpResponse GetIndicators(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const std::string stack = query.Text("stack");
  const size_t offset = query.Number("offset", 0, INT64_MAX, 0);
  const size_t limit = query.Number("limit", 1, 1000, 100);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto [met, as_of] = context.engine.Ask([&](const EngineView& view) {
    return std::make_pair(view.IndicatorsMet(stack), view.now());
  });
  Json rows = Json::array();
  for (size_t i = offset; i < met.size() && rows.size() < limit; ++i)
    rows.push_back(ToJson(met[i]));
  return JsonResponse(PageJson(std::move(rows), met.size(), offset, limit, as_of));
}

}  // namespace

Json ToJson(const MetIndicator& met) {
  return {{"resource", IdJson(met.resource)},
          {"type", met.type},
          {"met", met.met},
          {"indicator", met.indicator},
          {"feed", met.feed},
          {"text", met.text},
          {"confidence", met.confidence < 0 ? Json() : Json(met.confidence)},
          {"benign", met.benign},
          {"weight", met.weight}};
}

Json ToJson(const OpenExposure& exposure) {
  return {{"id", exposure.id},
          {"advisories", exposure.advisories},
          {"ecosystem", exposure.ecosystem},
          {"package", exposure.package},
          {"version", exposure.version},
          {"fixed", exposure.fixed},
          {"fixed_since", MaybeTimeJson(exposure.fixed_since)},
          {"summary", exposure.summary},
          {"urgency", exposure.urgency},
          {"epss", Figure(exposure.epss)},
          {"epss_percentile", Figure(exposure.epss_percentile)},
          {"cvss", Figure(exposure.cvss)},
          {"network", exposure.network},
          {"exploited", exposure.exploited},
          {"exploited_since", MaybeTimeJson(exposure.exploited_since)},
          {"due", MaybeTimeJson(exposure.due)},
          {"ransomware", exposure.ransomware},
          {"weight", exposure.weight},
          {"similar", exposure.similar},
          {"similar_fixed", exposure.similar_fixed}};
}

void AddFeedRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/feeds", Role::kViewer, Bind(context, GetFeeds)});
  router.Add({"POST", "/api/v1/feeds", Role::kAdmin, Bind(context, PostFeed)});
  router.Add({"POST", "/api/v1/feeds/upload", Role::kAdmin, Bind(context, PostUpload)});
  router.Add({"POST", "/api/v1/feeds/update", Role::kOperator, Bind(context, PostUpdate)});
  router.Add({"DELETE", "/api/v1/feeds/*", Role::kAdmin, Bind(context, DeleteFeed)});
  router.Add({"GET", "/api/v1/indicators", Role::kViewer, Bind(context, GetIndicators)});
  router.Add({"GET", "/api/v1/exposures", Role::kViewer, Bind(context, GetExposures)});
}

}  // namespace driftcast
