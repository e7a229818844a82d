// The policy in force, and people's pauses.
#include "base/crypto.h"
#include "engine/policy_source.h"
#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

constexpr size_t kWindowsShown = 5;  // of each role

// The next windows of every role that has stacks.
Json WindowsJson(const EngineView& view) {
  std::map<std::string, bool> roles;
  for (const StackSummary& stack : view.Stacks()) roles[stack.role.value] = true;
  Json windows = Json::array();
  for (const auto& [role, known] : roles) {
    size_t shown = 0;
    for (const TimeSpan& span : view.Windows(RoleName(role))) {
      if (shown++ == kWindowsShown) break;
      windows.push_back({{"role", role}, {"from", TimeJson(span.from)}, {"to", TimeJson(span.to)}});
    }
  }
  return windows;
}

Json PolicyJson(const EngineView& view) {
  const auto policy = view.Policy();
  if (!policy)
    return {{"text", ""},   {"digest", Json()}, {"by", Json()},
            {"at", Json()}, {"reason", Json()}, {"windows", Json::array()}};
  return {{"text", policy->source.text},     {"digest", policy->source.digest},
          {"by", policy->source.by.value},   {"at", TimeJson(policy->at)},
          {"reason", policy->source.reason}, {"windows", WindowsJson(view)}};
}

HttpResponse GetPolicy(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  return JsonResponse(context.engine.Ask(PolicyJson));
}

HttpResponse PostPolicy(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  std::string text = reader.Text("text", kPolicyBytesMax);
  if (!reader.Has("text")) reader.Fault("text", "is missing");
  const std::string reason = reader.Text("reason", 2000);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  auto policy = MakePolicy(std::move(text), ZonesIn(kZonesFolder), call.caller.principal, reason);
  if (!policy.ok())
    return ProblemResponse(400, "the policy is not sound", {{"/text", Message(policy.status())}});
  const Status status =
      context.engine.SubmitAndWait({context.NewFact(StackId(), *std::move(policy))});
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse(context.engine.Ask(PolicyJson));
}

HttpResponse GetPauses(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const PauseSet& pause :
       context.engine.Ask([](const EngineView& view) { return view.Pauses(); }))
    rows.push_back(ToJson(pause));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostPause(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  PauseSet pause;
  pause.id = "pause-" + Hex(RandomBytes(6));
  pause.resource_glob = reader.Required("resource_glob", 4096);
  pause.reason = reader.Required("reason", 2000);
  if (const auto until = reader.Time("until")) {
    pause.until = *until;
    if (*until <= context.clock->Now()) reader.Fault("until", "has passed");
  } else if (!reader.Has("until")) {
    reader.Fault("until", "is missing: a pause always ends");
  }
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  pause.by = call.caller.principal;
  const Status status = context.engine.SubmitAndWait({context.NewFact(StackId(), pause)});
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse(ToJson(pause), 201);
}

HttpResponse DeletePause(const ApiContext& context, const ApiCall& call) {
  PauseSet pause;
  pause.id = call.parts[0];
  pause.by = call.caller.principal;
  pause.lifted = true;
  const Status status = context.engine.SubmitAndWait({context.NewFact(StackId(), pause)});
  if (!status.ok()) return ProblemOf(status);
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace

void AddPolicyRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/policy", Role::kViewer, Bind(context, GetPolicy)});
  router.Add({"POST", "/api/v1/policy", Role::kAdmin, Bind(context, PostPolicy)});
  router.Add({"GET", "/api/v1/pauses", Role::kViewer, Bind(context, GetPauses)});
  router.Add({"POST", "/api/v1/pauses", Role::kOperator, Bind(context, PostPause)});
  router.Add({"DELETE", "/api/v1/pauses/*", Role::kOperator, Bind(context, DeletePause)});
}

}  // namespace driftcast
