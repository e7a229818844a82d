// Agents and the tokens by which they join.
#include <map>

#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

HttpResponse NoAgents() {
  return ProblemResponse(503, "this engine was started without a door for agents");
}

Json AgentJson(const ApiContext& context, const StackSummary& stack,
               const AgentAdmin::Agent* enrolled) {
  const Instant now = context.clock->Now();
  const Json summary = ToJson(stack, {stack.allowed_kinds, context.allow_command}, now);
  const bool revoked = enrolled && enrolled->revoked;
  return {
      {"id", stack.agent.value},
      {"stack", stack.id.value},
      {"role", stack.role.value},
      {"state", revoked ? "revoked" : LivenessOf(stack.last_fact_at, now)},
      {"last_fact_at", MaybeTimeJson(stack.last_fact_at)},
      {"enrolled_at", enrolled ? MaybeTimeJson(enrolled->enrolled_at) : Json()},
      {"certificate_expires_at", enrolled ? MaybeTimeJson(enrolled->certificate_until) : Json()},
      {"allowed_kinds", summary["allowed_kinds"]},
      {"allow_command", summary["allow_command"]},
      {"labels", summary["labels"]},
      {"report", summary["agent_report"]}};
}

// Agents that speak for a stack, and those that are enrolled and do not, or not yet.
HttpResponse GetAgents(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  std::map<std::string, AgentAdmin::Agent> enrolled;
  if (context.agents) {
    for (auto& agent : context.agents->Agents()) enrolled[agent.id.value] = agent;
  }
  const auto stacks = context.engine.Ask([](const EngineView& view) { return view.Stacks(); });
  std::map<std::string, Json> rows;
  for (const StackSummary& stack : stacks) {
    if (stack.agent.empty()) continue;
    const auto found = enrolled.find(stack.agent.value);
    rows[stack.agent.value] =
        AgentJson(context, stack, found == enrolled.end() ? nullptr : &found->second);
  }
  for (const auto& [id, agent] : enrolled) {
    if (rows.contains(id)) continue;
    StackSummary stack;
    stack.id = agent.stack;
    stack.role = agent.role;
    stack.agent = agent.id;
    rows[id] = AgentJson(context, stack, &agent);
  }
  Json list = Json::array();
  for (auto& [id, row] : rows) list.push_back(std::move(row));
  return JsonResponse({{"rows", std::move(list)}});
}

HttpResponse PostRevoke(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string reason = reader.Required("reason", 2000);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  if (!context.agents) return NoAgents();
  const Status status =
      context.agents->Revoke(AgentId(call.parts[0]), call.caller.principal, reason);
  if (!status.ok()) return ProblemOf(status);
  HttpResponse response;
  response.status = 204;
  return response;
}

Json JoinTokenJson(const AgentAdmin::JoinToken& token) {
  return {{"id", token.id},
          {"role", token.role.value},
          {"note", token.note},
          {"created_at", TimeJson(token.created_at)},
          {"expires_at", TimeJson(token.expires_at)},
          {"created_by", token.by.value},
          {"used_at", MaybeTimeJson(token.used_at)},
          {"used_by", token.used_by.value}};
}

HttpResponse GetJoinTokens(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  if (context.agents) {
    for (const auto& token : context.agents->JoinTokens()) rows.push_back(JoinTokenJson(token));
  }
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostJoinToken(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const RoleName role(reader.Text("role", 256));
  const std::string note = reader.Text("note", 200);
  const int64_t ttl_s = reader.Integer("ttl_s", 60, 2592000).value_or(3600);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  if (!context.agents) return NoAgents();
  const auto made =
      context.agents->MakeJoinToken(role, note, std::chrono::seconds(ttl_s), call.caller.principal);
  if (!made.ok()) return ProblemOf(made.status());
  return JsonResponse({{"join_token", JoinTokenJson(made->about)},
                       {"token", made->secret},
                       {"command", made->command}},
                      201);
}

HttpResponse DeleteJoinToken(const ApiContext& context, const ApiCall& call) {
  if (!context.agents) return NoAgents();
  const Status status = context.agents->WithdrawJoinToken(call.parts[0], call.caller.principal);
  if (!status.ok()) return ProblemOf(status);
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace

void AddAgentRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/agents", Role::kViewer, Bind(context, GetAgents), true});
  router.Add({"POST", "/api/v1/agents/*/revoke", Role::kAdmin, Bind(context, PostRevoke), true});
  router.Add({"GET", "/api/v1/join-tokens", Role::kAdmin, Bind(context, GetJoinTokens), true});
  router.Add({"POST", "/api/v1/join-tokens", Role::kAdmin, Bind(context, PostJoinToken), true});
  router.Add(
      {"DELETE", "/api/v1/join-tokens/*", Role::kAdmin, Bind(context, DeleteJoinToken), true});
}

}  // namespace driftcast
