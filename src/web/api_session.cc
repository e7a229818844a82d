// Who am I; sign in and out.
#include "web/api.h"
#include "web/reader.h"

namespace driftcast {
namespace {

Json SessionJson(const ApiContext& context, const Caller& caller) {
  return {{"principal", caller.principal.value},
          {"role", RoleText(caller.role)},
          {"stacks", caller.stacks},
          {"csrf_token", caller.csrf_token.empty() ? Json() : Json(caller.csrf_token)},
          {"expires_at", MaybeTimeJson(caller.expires_at)},
          {"version", context.version},
          {"now", TimeJson(context.clock->Now())}};
}

}  // namespace

void AddSessionRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/session", Role::kViewer, [&context](const ApiCall& call) {
                QueryReader query(call.request);
                if (auto problem = query.Finish()) return *std::move(problem);
                return JsonResponse(SessionJson(context, call.caller));
              }});
  router.Add({"DELETE", "/api/v1/session", Role::kViewer, [&context](const ApiCall& call) {
                if (call.caller.csrf_token.empty()) {
                  return ProblemResponse(400, "an API token has no session to close");
                }
                const Status closed = context.access.CloseSession(call.caller);
                context.live.CloseFor(call.caller.credential);
                if (!closed.ok()) return ProblemOf(closed);
                HttpResponse response;
                response.status = 204;
                return response.Set("Set-Cookie", std::string(Access::kCookie) +
                                                      "=; Path=/; Max-Age=0; HttpOnly; "
                                                      "SameSite=Strict");
              }});
  // A new one-time link, for `driftcast login`.
  router.Add({"POST", "/api/v1/login-links", Role::kAdmin, [&context](const ApiCall& call) {
                auto [body, problem] = ReadBody(call.request);
                if (problem) return *std::move(problem);
                FaultList faults;
                ObjectReader reader(body, "", faults);
                std::string principal = reader.Text("principal", 200);
                reader.RefuseUnknown();
                if (auto bad = faults.Problem()) return *std::move(bad);
                if (principal.empty()) principal = call.caller.principal.value;
                const auto link = context.access.MakeLink(Principal(principal), Role::kAdmin);
                if (!link.ok()) return ProblemOf(link.status());
                return JsonResponse({{"url", context.origin + "/login?token=" + link->text},
                                     {"expires_at", TimeJson(link->expires_at)}},
                                    201);
              }});
}

}  // namespace driftcast
