// API tokens for scripts.
#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

const std::vector<const char*> kRoleWords = {"sender", "viewer", "operator", "approver", "admin"};

Json TokenJson(const ApiToken& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"role", RoleText(token.role)},
          {"stacks", token.stacks},
          {"created_at", TimeJson(token.created_at)},
          {"expires_at", MaybeTimeJson(token.expires_at)},
          {"last_used_at", MaybeTimeJson(token.last_used_at)},
          {"created_by", token.created_by.value}};
}

HttpResponse GetTokens(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const ApiToken& token : context.access.Tokens()) rows.push_back(TokenJson(token));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostToken(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string name = reader.Required("name", 200);
  const auto role = static_cast<Role>(reader.OneOf("role", kRoleWords));
  constexpr int64_t kTenYears = 10LL * 365 * 86400;
  const auto ttl_s = reader.Integer("ttl_s", 60, kTenYears);
  const StackScope stacks = reader.Texts("stacks", 100);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const Instant now = context.clock->Now();
  const Instant expires_at = ttl_s ? now + std::chrono::seconds(*ttl_s) : Instant();
  const auto made = context.access.MakeToken(name, role, stacks, expires_at, call.caller.principal);
  if (!made.ok()) return ProblemOf(made.status());
  const ApiToken about{made->id, name,       role,      stacks,
                       now,      expires_at, Instant(), call.caller.principal};
  return JsonResponse({{"api_token", TokenJson(about)}, {"token", made->text}}, 201);
}

HttpResponse DeleteToken(const ApiContext& context, const ApiCall& call) {
  if (call.parts[0] == "local") {
    return ProblemResponse(400,
                           "this is the token of the engine's own machine; to replace it, delete "
                           "the file `token` in its data folder and start the engine again");
  }
  const Status status = context.access.RevokeToken(call.parts[0], call.caller.principal);
  if (!status.ok()) return ProblemOf(status);
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace

void AddTokenRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/tokens", Role::kAdmin, Bind(context, GetTokens), true});
  router.Add({"POST", "/api/v1/tokens", Role::kAdmin, Bind(context, PostToken), true});
  router.Add({"DELETE", "/api/v1/tokens/*", Role::kAdmin, Bind(context, DeleteToken), true});
}

}  // namespace driftcast
