// Ignore rules, and what one would quiet before it is set.
#include <algorithm>
#include <cctype>

#include "base/crypto.h"
#include "shadow/glob.h"
#include "web/api.h"
#include "web/reader.h"
#include "web/rule_proposals.h"

namespace driftcast {
namespace {

HttpResponse GetRules(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const IgnoreRule& rule :
       context.engine.Ask([](const EngineView& view) { return view.Rules(); })) {
    rows.push_back(ToJson(rule));
  }
  return JsonResponse({{"rows", std::move(rows)}});
}

bool IsRuleId(const std::string& id) {
  return id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

IgnoreRule ReadRule(ObjectReader& reader, Instant now) {
  IgnoreRule rule;
  rule.id = reader.Text("id", 64);
  if (!IsRuleId(rule.id)) reader.Fault("id", "may hold letters, digits and ._- only");
  if (rule.id.empty()) rule.id = "rule-" + Hex(RandomBytes(4));
  rule.resource_glob = reader.Required("resource_glob", 4096);
  rule.key_glob = reader.Required("key_glob", 4096);
  rule.reason = reader.Required("reason", 2000);
  rule.expires_at = reader.Time("expires_at").value_or(Instant());
  if (rule.expires_at != Instant() && rule.expires_at <= now) {
    reader.Fault("expires_at", "has passed");
  }
  rule.alarm_only = reader.Flag("alarm_only", true);
  reader.RefuseUnknown();
  return rule;
}

HttpResponse PostRule(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  IgnoreRule rule = ReadRule(reader, context.clock->Now());
  if (auto bad = faults.Problem()) return *std::move(bad);
  rule.owner = call.caller.principal.value;
  const Status status = context.engine.SubmitAndWait({context.NewFact(StackId(), rule)});
  if (!status.ok()) return ProblemOf(status);
  return JsonResponse(ToJson(rule), 201);
}

HttpResponse DeleteRule(const ApiContext& context, const ApiCall& call) {
  IgnoreRule rule;
  rule.id = call.parts[0];
  const auto rules = context.engine.Ask([](const EngineView& view) { return view.Rules(); });
  const bool known = std::any_of(rules.begin(), rules.end(),
                                 [&](const IgnoreRule& other) { return other.id == rule.id; });
  if (!known) return ProblemResponse(404, "no rule " + rule.id);
  rule.removed = true;
  rule.owner = call.caller.principal.value;
  const Status status = context.engine.SubmitAndWait({context.NewFact(StackId(), rule)});
  if (!status.ok()) return ProblemOf(status);
  HttpResponse response;
  response.status = 204;
  return response;
}

// What a rule would quiet among all drifts that are known.
struct Preview {
  uint64_t drifts_open = 0, keys_open = 0, drifts_past = 0;
  Json sample = Json::array();

  void Add(const Drift& drift, const std::string& resource_glob, const std::string& key_glob) {
    const std::string id = drift.resource.ToText();
    if (!MatchesGlob(resource_glob, id)) return;
    const bool open = drift.closed_at == Instant();
    size_t matched = 0;
    for (const ShadowKey& key : drift.keys) {
      if (!MatchesGlob(key_glob, key.path)) continue;
      ++matched;
      if (open && sample.size() < 20) sample.push_back(id + ": " + key.path);
    }
    if (drift.keys.empty() && key_glob == "*") {
      matched = 1;  // the whole resource appeared or vanished
      if (open && sample.size() < 20) sample.push_back(id + ": whole");
    }
    const bool wholly = matched > 0 && matched >= drift.keys.size();
    (open ? drifts_open : drifts_past) += wholly;
    if (open) keys_open += matched;
  }
};

HttpResponse PostPreview(const ApiContext& context, const ApiCall& call) {
  auto [body, problem] = ReadBody(call.request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const std::string resource_glob = reader.Required("resource_glob", 4096);
  const std::string key_glob = reader.Required("key_glob", 4096);
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  Preview preview = context.engine.Ask([&](const EngineView& view) {
    Preview counted;
    EachDrift(view, {.stack = "", .open_only = false}, [&](const Drift& drift) {
      counted.Add(drift, resource_glob, key_glob);
      return true;
    });
    return counted;
  });
  return JsonResponse({{"drifts_open", preview.drifts_open},
                       {"keys_open", preview.keys_open},
                       {"drifts_past", preview.drifts_past},
                       {"sample", std::move(preview.sample)}});
}

HttpResponse GetProposals(const ApiContext& context, const ApiCall& call) {
  QueryReader query(call.request);
  const size_t limit = query.Number("limit", 1, 200, 50);
  if (auto problem = query.Finish()) return *std::move(problem);
  Json rows = Json::array();
  for (const RuleProposal& proposal :
       context.engine.Ask([&](const EngineView& view) { return ProposeRules(view, limit); })) {
    rows.push_back({{"resource_glob", proposal.resource_glob},
                    {"key_glob", proposal.key_glob},
                    {"reason", proposal.reason},
                    {"drifts", proposal.drifts},
                    {"drifts_open", proposal.drifts_open},
                    {"hidden", proposal.hidden},
                    {"stacks", proposal.stacks},
                    {"stacks_total", proposal.stacks_total},
                    {"severity_max", proposal.severity_max},
                    {"first_at", TimeJson(proposal.first_at)},
                    {"last_at", TimeJson(proposal.last_at)},
                    {"sample", proposal.sample}});
  }
  return JsonResponse({{"rows", std::move(rows)}});
}

}  // namespace

void AddRuleRoutes(ApiContext& context, Router& router) {
  router.Add({"GET", "/api/v1/rules", Role::kViewer, Bind(context, GetRules)});
  router.Add({"POST", "/api/v1/rules", Role::kOperator, Bind(context, PostRule)});
  router.Add({"GET", "/api/v1/rules/proposals", Role::kViewer, Bind(context, GetProposals)});
  router.Add({"POST", "/api/v1/rules/preview", Role::kViewer, Bind(context, PostPreview)});
  router.Add({"DELETE", "/api/v1/rules/*", Role::kOperator, Bind(context, DeleteRule)});
}

}  // namespace driftcast
