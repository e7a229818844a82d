// People who sign in with a password, and how one can sign in here.
#include "web/api.h"
#include "web/approver_keys.h"
#include "web/reader.h"

namespace driftcast {
namespace {

constexpr Role kRoles[] = {Role::kViewer, Role::kOperator, Role::kApprover, Role::kAdmin};
const std::vector<const char*> kRoleWords = {"viewer", "operator", "approver", "admin"};

Json UserJson(const User& user) {
  return {{"name", user.name},
          {"role", RoleText(user.role)},
          {"stacks", user.stacks},
          {"created_at", TimeJson(user.created_at)},
          {"created_by", user.created_by.value}};
}

HttpResponse NoContent() {
  HttpResponse response;
  response.status = 204;
  return response;
}

HttpResponse GetUsers(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const User& user : context.users.All()) rows.push_back(UserJson(user));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostUser(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  User user;
  user.name = reader.Required("name", 64);
  const std::string password = reader.Required("password", 200);
  user.role = kRoles[reader.OneOf("role", kRoleWords)];
  user.stacks = reader.Texts("stacks", 100);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  user.created_by = call.caller.principal;
  user.created_at = context.clock->Now();
  const Status added = context.users.Add(user, password);
  return added.ok() ? JsonResponse(UserJson(user), 201) : ProblemOf(added);
}

HttpResponse DeleteUser(const ApiContext& context, const ApiCall& call) {
  const Status removed = context.users.Remove(call.parts[0], call.caller.principal);
  if (!removed.ok()) return ProblemOf(removed);
  Status ended = context.access.CloseSessionsOf(Principal(call.parts[0]));
  if (ended.ok()) ended = RemoveKeysOf(context.engine, Principal(call.parts[0]));
  return ended.ok() ? NoContent() : ProblemOf(ended);
}

// One's own; every session of that name ends.
HttpResponse PostPassword(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string current = reader.Required("current", 200);
  const std::string next = reader.Required("next", 200);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const std::string& name = call.caller.principal.value;
  const Status changed = context.users.ChangePassword(name, current, next);
  if (!changed.ok()) return ProblemOf(changed);
  const Status ended = context.access.CloseSessionsOf(call.caller.principal);
  return ended.ok() ? NoContent() : ProblemOf(ended);
}

}  // namespace

void AddUserRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/users", Role::kAdmin, Bind(context, GetUsers), true});
  router.Add({"POST", "/api/v1/users", Role::kAdmin, Bind(context, PostUser), true});
  router.Add({"DELETE", "/api/v1/users/*", Role::kAdmin, Bind(context, DeleteUser), true});
  router.Add({"POST", "/api/v1/session/password", Role::kViewer, Bind(context, PostPassword)});
}

}  // namespace driftcast
