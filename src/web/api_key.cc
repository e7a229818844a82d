// One's own keys for approvals: register, list, remove.
#include "base/crypto.h"
#include "web/api.h"
#include "web/approver_keys.h"
#include "web/reader.h"

namespace driftcast {
namespace {

constexpr size_t kCredentialTextMax = 1400;  // 1,023 bytes (Web Authentication, 6.1.4), base64url

Json KeyJson(const OwnedKey& owned) {
  return {{"id", owned.credential},
          {"title", owned.title},
          {"site", owned.key.site},
          {"made_at", TimeJson(owned.made_at)},
          {"allow_line", ApproverLine(owned.key)}};
}

HttpResponse GetKeys(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  const auto keys = KeysOf(context.engine, call.caller.principal);
  if (!keys.ok()) return ProblemOf(keys.status());
  Json rows = Json::array();
  for (const OwnedKey& key : *keys) rows.push_back(KeyJson(key));
  return JsonResponse({{"rows", std::move(rows)}});
}

HttpResponse PostKey(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  OwnedKey owned;
  owned.credential = reader.Required("id", kCredentialTextMax);
  owned.title = reader.Required("title", 100);
  const std::string site = reader.Required("site", 253);
  const auto key = FromBase64Url(reader.Required("public_key", 4096));
  reader.RefuseUnknown();
  const auto credential = FromBase64Url(owned.credential);
  if (!owned.credential.empty() && (!credential.ok() || Base64Url(*credential) != owned.credential))
    reader.Fault("id", "is not in base64url");
  const auto parsed =
      ParseApproverKey(ApproverNameOf(call.caller.principal), site, Base64(key.value_or("")));
  if (!parsed.ok()) reader.Fault("public_key", Message(parsed.status()));
  if (auto bad = faults.Problem()) return *std::move(bad);
  owned.owner = call.caller.principal;
  owned.key = *parsed;
  owned.made_at = context.clock->Now();
  const Status added = AddKey(context.engine, owned);
  return added.ok() ? JsonResponse(KeyJson(owned), 201) : ProblemOf(added);
}

HttpResponse DeleteKey(const ApiContext& context, const ApiCall& call) {
  const Status removed = RemoveKey(context.engine, call.caller.principal, call.parts[0]);
  if (!removed.ok()) return ProblemOf(removed);
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace

void AddKeyRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/keys", Role::kApprover, Bind(context, GetKeys)});
  router.Add({"POST", "/api/v1/keys", Role::kApprover, Bind(context, PostKey)});
  router.Add({"DELETE", "/api/v1/keys/*", Role::kApprover, Bind(context, DeleteKey)});
}

}  // namespace driftcast
