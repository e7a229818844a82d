// Models of the forecast: which serves, which served, and their refit.
#include <algorithm>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

Json ToJson(const ModelRow& row) {
  return {{"version", row.what.version}, {"serves", row.serves},
          {"at", MaybeTimeJson(row.at)}, {"by", row.what.by.value},
          {"reason", row.what.reason},   {"learnt_until", MaybeTimeJson(row.what.learnt_until)},
          {"digest", row.what.digest}};
}

Json RefitJson(const ModelAdmin* models) {
  const ModelAdmin::RefitState state =
      models != nullptr ? models->State() : ModelAdmin::RefitState();
  return {{"running", state.running},
          {"done", state.done},
          {"last_at", MaybeTimeJson(state.last_at)},
          {"last", state.last},
          {"next_at", MaybeTimeJson(state.next_at)}};
}

HttpResponse ModelsResponse(const ApiContext& context, int status) {
  Json rows = Json::array();
  Instant drifted_at;
  for (const ModelRow& row : context.engine.Ask([&](const EngineView& view) {
         drifted_at = view.ModelDriftedAt();
         return view.Models();
       }))
    rows.push_back(ToJson(row));
  return JsonResponse({{"rows", std::move(rows)},
                       {"refit", RefitJson(context.models)},
                       {"drifted_at", MaybeTimeJson(drifted_at)}},
                      status);
}

HttpResponse GetModels(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  return ModelsResponse(context, 200);
}

HttpResponse PostRefit(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string reason = reader.Text("reason", 2000);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  if (context.models == nullptr)
    return ProblemOf(FailedPrecondition("this engine does not refit its model"));
  const Status asked = context.models->Refit(call.caller.principal, reason);
  return asked.ok() ? ModelsResponse(context, 202) : ProblemOf(asked);
}

// A model that served before serves again.
HttpResponse PostUse(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string version = reader.Required("version", 64);
  const std::string reason = reader.Required("reason", 2000);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const auto models = context.engine.Ask([](const EngineView& view) { return view.Models(); });
  const auto found = std::find_if(models.begin(), models.end(),
                                  [&](const ModelRow& row) { return row.what.version == version; });
  if (found == models.end())
    return ProblemResponse(404, "there is no model " + version,
                           {{"/version", "is none of those that are kept"}});
  if (found->serves) return ProblemOf(FailedPrecondition("model {} serves already", version));
  ModelPublished what = found->what;
  what.by = call.caller.principal;
  what.reason = reason;
  const Status status = context.engine.SubmitAndWait({context.NewFact(StackId(), what)});
  return status.ok() ? ModelsResponse(context, 200) : ProblemOf(status);
}

}  // namespace

void AddModelRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/models", Role::kViewer, Bind(context, GetModels)});
  router.Add({"POST", "/api/v1/models/refit", Role::kOperator, Bind(context, PostRefit)});
  router.Add({"POST", "/api/v1/models/use", Role::kAdmin, Bind(context, PostUse)});
}

}  // namespace driftcast
