// driftcast policy: set and show the policy in force; check one without an engine.
#include <cstdio>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/plan_json.h"
#include "apps/table.h"
#include "base/file.h"
#include "engine/policy_source.h"

namespace driftcast {
namespace {

struct CheckArguments {
  std::string policy, plan, role, at;
  std::string zones = "/usr/share/zoneinfo";
  double severity = 5;
  std::vector<std::string> approved_by;
  uint32_t succeeded = 0, failed = 0, today_stack = 0, today_role = 0;
  bool json = false;
};

PolicyFacts FactsOf(const CheckArguments& arguments, Instant now) {
  PolicyFacts facts;
  facts.role = RoleName(arguments.role);
  facts.severity = arguments.severity;
  for (const auto& person : arguments.approved_by) facts.approved_by.emplace_back(person);
  facts.outcomes = {.succeeded = arguments.succeeded, .failed = arguments.failed};
  facts.plans_today_stack = arguments.today_stack;
  facts.plans_today_role = arguments.today_role;
  facts.now = now;
  return facts;
}

void PrintVerdict(const PolicyVerdict& verdict, bool as_json) {
  const bool waits = verdict.not_before != Instant();
  if (as_json) {
    nlohmann::json out = {{"action", PolicyActionName(verdict.action)},
                          {"unattended", verdict.unattended},
                          {"approvals_missing", verdict.approvals_missing},
                          {"who", verdict.who},
                          {"reasons", verdict.reasons}};
    out["not_before"] = waits ? nlohmann::json(FormatInstant(verdict.not_before)) : nullptr;
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  std::printf("%s", PolicyActionName(verdict.action));
  if (verdict.approvals_missing) std::printf(", %u approvals missing", verdict.approvals_missing);
  if (waits) std::printf(", not before %s", FormatInstant(verdict.not_before).c_str());
  std::printf("\n");
  for (const auto& reason : verdict.reasons) std::printf("  %s\n", reason.c_str());
}

// Without a plan: that the policy can be read, and when its next windows are.
void PrintPolicy(const Policy& policy, const std::string& role, Instant now, bool as_json) {
  auto windows = WindowsOf(policy, RoleName(role), now, now + kDay * 30);
  if (windows.size() > 5) windows.resize(5);
  if (as_json) {
    nlohmann::json out = {{"windows", policy.windows.size()},
                          {"freezes", policy.freezes.size()},
                          {"approvals", policy.approvals.size()},
                          {"unattended", policy.unattended.size()}};
    out["next"] = nlohmann::json::array();
    for (const auto& span : windows)
      out["next"].push_back({{"from", FormatInstant(span.from)}, {"to", FormatInstant(span.to)}});
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  std::printf("the policy is sound: %zu windows, %zu freezes, %zu approval rules, %zu unattended\n",
              policy.windows.size(), policy.freezes.size(), policy.approvals.size(),
              policy.unattended.size());
  for (const auto& span : windows)
    std::printf("  open %s to %s\n", FormatInstant(span.from).c_str(),
                FormatInstant(span.to).c_str());
  if (windows.empty()) std::printf("  no window for this role within 30 days\n");
}

Status Check(const CheckArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(arguments.policy, kPolicyBytesMax));
  auto policy = ParsePolicy(text, ZonesIn(arguments.zones));
  if (!policy.ok()) return Annotate(policy.status(), arguments.policy);
  Instant now = SystemClock()->Now();
  if (!arguments.at.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(now, ParseInstant(arguments.at));
  }
  if (arguments.plan.empty()) {
    PrintPolicy(*policy, arguments.role, now, arguments.json);
    return Ok();
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string json, ReadFile(arguments.plan, 1 << 20));
  DRIFTCAST_ASSIGN_OR_RETURN(const RemediationPlan plan, PlanFromJson(json));
  PrintVerdict(Judge(*policy, plan, FactsOf(arguments, now)), arguments.json);
  return Ok();
}

struct SetArguments {
  ClientOptions client;
  std::string policy, reason;
  bool none = false;
};

std::string TextOf(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

Status Set(const SetArguments& arguments) {
  if (arguments.policy.empty() != arguments.none)
    return InvalidArgument("name a policy's file, or --none for no policy");
  std::string text;
  if (!arguments.none) {
    DRIFTCAST_ASSIGN_OR_RETURN(text, ReadFile(arguments.policy, kPolicyBytesMax));
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(arguments.client));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson policy,
      client.Post("/api/v1/policy", {{"text", text}, {"reason", arguments.reason}}));
  if (arguments.client.json) return PrintJson(policy), Ok();
  std::printf("policy %s is in force\n", TextOf(policy, "digest").substr(0, 12).c_str());
  return Ok();
}

Status Show(const SetArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(arguments.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson policy, client.Get("/api/v1/policy"));
  if (arguments.client.json) return PrintJson(policy), Ok();
  if (TextOf(policy, "digest").empty()) {
    std::printf("# no policy: any one person approves, at any time, and nothing runs unattended\n");
    return Ok();
  }
  std::printf("# %s, set by %s at %s%s%s\n", TextOf(policy, "digest").substr(0, 12).c_str(),
              Shown(TextOf(policy, "by"), 60).c_str(), TextOf(policy, "at").c_str(),
              TextOf(policy, "reason").empty() ? "" : ": ",
              Shown(TextOf(policy, "reason"), 200).c_str());
  for (const auto& window : policy["windows"])
    std::printf("# open for %s: %s to %s\n", Shown(TextOf(window, "role"), 40).c_str(),
                TextOf(window, "from").c_str(), TextOf(window, "to").c_str());
  std::printf("%s", TextOf(policy, "text").c_str());
  return Ok();
}

void AddSetAndShow(CLI::App& policy) {
  auto arguments = std::make_shared<SetArguments>();
  CLI::App* set = policy.add_subcommand("set", "Make a policy the one in force");
  set->footer("Example:\n  driftcast policy set policy.toml --reason 'freeze over the holidays'");
  set->add_option("policy", arguments->policy, "The policy (TOML)");
  set->add_flag("--none", arguments->none, "No policy from now on");
  set->add_option("--reason", arguments->reason, "Why; it is kept in the audit log");
  AddClientOptions(*set, arguments->client);
  OnRun(*set, [arguments] { return Set(*arguments); });
  CLI::App* show = policy.add_subcommand("show", "Print the policy in force");
  show->footer("Example:\n  driftcast policy show");
  AddClientOptions(*show, arguments->client);
  OnRun(*show, [arguments] { return Show(*arguments); });
}

}  // namespace

void AddPolicyCommands(CLI::App& app) {
  CLI::App* policy = app.add_subcommand("policy", "What may be done, when, and by whom");
  policy->require_subcommand(1);
  AddSetAndShow(*policy);
  CLI::App* check =
      policy->add_subcommand("check", "Read a policy; say what it does with a plan, and why");
  auto arguments = std::make_shared<CheckArguments>();
  check->add_option("policy", arguments->policy, "The policy (TOML)")->required();
  check->add_option("--plan", arguments->plan, "A plan, as JSON from the API");
  check->add_option("--role", arguments->role, "The stack's role");
  check->add_option("--severity", arguments->severity, "Of the drift or forecast, 0 to 10")
      ->capture_default_str();
  check->add_option("--approved-by", arguments->approved_by, "Who approved; may be repeated");
  check->add_option("--succeeded", arguments->succeeded, "Such plans that worked here");
  check->add_option("--failed", arguments->failed, "Such plans that did not");
  check->add_option("--today-stack", arguments->today_stack, "Plans begun on the stack today");
  check->add_option("--today-role", arguments->today_role, "Plans begun in the role today");
  check->add_option("--at", arguments->at, "As if it were this time (RFC 3339)");
  check->add_option("--zones", arguments->zones, "Folder of time zone files")
      ->capture_default_str();
  check->add_flag("--json", arguments->json, "JSON instead of text");
  OnRun(*check, [arguments] { return Check(*arguments); });
}

}  // namespace driftcast
