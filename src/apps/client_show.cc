// Client commands that only look: status, resources, resource, drift, predictions, plans.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/table.h"
#include "http/uri.h"

namespace driftcast {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

Instant Now() { return SystemClock()->Now(); }

std::string Text(const ClientJson& json, const char* name) {
  if (!json.contains(name) || json[name].is_null()) return {};
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

std::string Percent(double p) { return fmt::format("{:.0f} %", p * 100); }

// "no -> yes", "(none) -> yes": expected, then observed.
std::string Move(const ClientJson& key) {
  const auto side = [&](const char* name) {
    return key[name].is_null() ? std::string("(none)") : Shown(Text(key[name], "text"), 40);
  };
  return side("expected") + " -> " + side("observed");
}

// What was shown of how many, when not all.
void PrintRest(const ClientJson& page) {
  const size_t shown = page["rows"].size(), total = page.value("total", shown);
  if (total > shown) {
    std::printf(
        "%s\n",
        Inked(fmt::format("{} of {}; see --limit and --offset", shown, total), Ink::kDim).c_str());
  }
}

void PrintTable(const TextTable& table, const char* nothing) {
  std::fputs(table.size() == 0 ? nothing : table.Write().c_str(), stdout);
}

struct ShowOptions {
  ClientOptions client;
  std::string stack, role, kind, status, text, sort, horizon, id, at, trigger, state;
  bool gate = false, all = false, history = false, alerts = false, causes = false;
  int limit = 50, offset = 0;
};

void AddPaging(CLI::App& command, ShowOptions& options) {
  command.add_option("--limit", options.limit, "At most so many rows")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--offset", options.offset, "Skip so many rows")
      ->check(CLI::Range(0, 2000000000));
}

Query PagingOf(const ShowOptions& options) {
  return {{"limit", std::to_string(options.limit)}, {"offset", std::to_string(options.offset)}};
}

// Where agents of this machine connect, from DATA/engine.json alone.
Status PrintGate(const ShowOptions& options) {
  std::ifstream file(options.client.data + "/engine.json");
  const auto json = ClientJson::parse(file, nullptr, false);
  if (!json.is_object() || Text(json, "gate").empty()) {
    return NotFound("no engine runs with --data {}", options.client.data);
  }
  std::printf("%s\n", Text(json, "gate").c_str());
  return Ok();
}

void PrintStacks(const ClientJson& stacks) {
  TextTable table({"STACK", "ROLE", "STATE", "RESOURCES", "DRIFT", "CHANGES IN 7D", "WORST"});
  for (const size_t column : {3, 4, 5, 6}) table.AlignRight(column);
  for (const auto& stack : stacks["rows"]) {
    uint64_t resources = 0;
    for (const auto& [status, count] : stack["counts"].items()) resources += count.get<uint64_t>();
    const std::string state = Text(stack, "liveness");
    table.Add({Shown(Text(stack, "id")), Shown(Text(stack, "role")), state,
               std::to_string(resources), Text(stack, "drifts_open"),
               fmt::format("{:.1f}", stack["expected_changes"][4].get<double>()),
               fmt::format("{:.1f}", stack["severity_max"].get<double>())},
              2, InkOfWord(state));
  }
  PrintTable(table, "No stack has enrolled yet.\n");
  PrintRest(stacks);
}

Status ShowStatus(const ShowOptions& options) {
  if (options.gate) return PrintGate(options);
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(ClientJson overview, client.Get("/api/v1/overview"));
  DRIFTCAST_ASSIGN_OR_RETURN(
      ClientJson stacks, client.Get("/api/v1/stacks", {{"sort", "severity"}, {"limit", "1000"}}));
  if (options.client.json) {
    overview["stack_list"] = std::move(stacks["rows"]);
    PrintJson(overview);
    return Ok();
  }
  std::printf("Driftcast %s at %s, newest fact %s\n", Text(overview, "version").c_str(),
              client.url().c_str(), Ago(Text(overview, "as_of"), Now()).c_str());
  std::string line;
  for (const auto& [status, count] : overview["counts"].items()) {
    if (count == 0) continue;
    line += (line.empty() ? "" : ", ") +
            Inked(fmt::format("{} {}", count.dump(), status), InkOfWord(status));
  }
  std::printf("%s resources: %s\n", Text(overview, "resources").c_str(), line.c_str());
  std::printf("%s drifts open, %s decisions wait, %s plans under way\n\n",
              Text(overview, "drifts_open").c_str(), Text(overview, "plans_waiting").c_str(),
              Text(overview, "plans_active").c_str());
  PrintStacks(stacks);
  return Ok();
}

Status ShowResources(const ShowOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  Query query = PagingOf(options);
  query.insert(query.end(), {{"stack", options.stack},
                             {"role", options.role},
                             {"kind", options.kind},
                             {"status", options.status},
                             {"text", options.text},
                             {"sort", options.sort},
                             {"horizon", options.horizon}});
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson page, client.Get("/api/v1/resources", query));
  if (options.client.json) return PrintJson(page), Ok();
  TextTable table({"RESOURCE", "STATUS", "DIFFER", "CHANGED", "P(1D)", "P(7D)", "SEVERITY"});
  for (const size_t column : {2, 4, 5, 6}) table.AlignRight(column);
  for (const auto& row : page["rows"]) {
    const std::string status = Text(row, "status");
    table.Add(
        {Shown(Text(row, "id"), 70), status, Text(row, "keys_differing") + "/" + Text(row, "keys"),
         Ago(Text(row, "changed_at"), Now()), Percent(row["p_change"][2].get<double>()),
         Percent(row["p_change"][4].get<double>()),
         fmt::format("{:.1f}", row["severity"].get<double>())},
        1, InkOfWord(status));
  }
  PrintTable(table, "No resource matches.\n");
  PrintRest(page);
  return Ok();
}

void PrintPrediction(const ClientJson& prediction) {
  std::string line;
  for (const auto& risk : prediction["horizons"]) {
    line += fmt::format("  {} {}", Text(risk, "horizon"), Percent(risk["p_change"].get<double>()));
  }
  std::printf("\nforecast (P of a change):%s\n", line.c_str());
  if (prediction.value("abstains", false))
    std::puts(
        "  abstains: the stack is known for less than 15 days, this is little more than a plain "
        "rate");
  for (const auto& reason : prediction["reasons"]) {
    std::printf("  %+.2f %s: %s\n", reason["weight"].get<double>(), Text(reason, "group").c_str(),
                Shown(Text(reason, "text"), 120).c_str());
  }
}

void PrintResource(const ClientJson& resource) {
  const std::string status = Text(resource, "status");
  std::printf("%s  %s\n", Inked(Shown(Text(resource, "id"), 200), Ink::kBold).c_str(),
              Inked(status, InkOfWord(status)).c_str());
  std::printf("compared %s (%s), changed %s, %s keys not compared, %s ignored\n\n",
              Ago(Text(resource, "compared_at"), Now()).c_str(), Text(resource, "means").c_str(),
              Ago(Text(resource, "changed_at"), Now()).c_str(),
              Text(resource["coverage"], "not_compared").c_str(),
              Text(resource["coverage"], "ignored").c_str());
  TextTable table({"KEY", "EXPECTED", "OBSERVED", "VERDICT", "ORIGIN", "FORECAST"});
  for (const auto& key : resource["keys"]) {
    const auto side = [&](const char* name) {
      return key[name].is_null() ? std::string("-") : Shown(Text(key[name], "text"), 32);
    };
    const std::string verdict = Text(key, "verdict");
    const bool same = verdict == "SAME" || !Text(key, "ignored_by").empty();
    const auto& forecast = key["forecast"];
    table.Add({Shown(Text(key, "path"), 48), side("expected"), side("observed"), verdict,
               Text(key, "origin"),
               forecast.is_null() ? ""
                                  : Percent(forecast["p"].get<double>()) + " " +
                                        Shown(Text(forecast, "value"), 24)},
              3, same ? Ink::kPlain : Ink::kRed);
  }
  std::fputs(table.Write().c_str(), stdout);
  if (!resource["prediction"].is_null()) PrintPrediction(resource["prediction"]);
  if (!resource["allow_command"].is_null()) {
    std::printf("\nObserve only. To allow changes of this kind, run on that host:\n  %s\n",
                Text(resource, "allow_command").c_str());
  }
}

void PrintHistory(const ClientJson& history) {
  TextTable table({"WHEN", "WHAT", "KEY", "FROM", "TO", "BY", "DRIFT"});
  for (const auto& entry : history["rows"]) {
    const bool drift = entry["drift"].get<bool>();
    const std::string actor = Text(entry, "actor");
    table.Add(
        {Text(entry, "at"), Text(entry, "op"), Shown(Text(entry, "path"), 48),
         Shown(Text(entry, "old_value"), 32), Shown(Text(entry, "new_value"), 32),
         Shown(actor.empty() ? Text(entry["cause"], "text") : actor, 32), drift ? "drift" : ""},
        6, Ink::kRed);
  }
  PrintTable(table, "Nothing is recorded.\n");
}

Status ShowResource(const ShowOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  if (options.history) {
    DRIFTCAST_ASSIGN_OR_RETURN(
        const ClientJson history,
        client.Get("/api/v1/resource/history",
                   {{"id", options.id}, {"limit", std::to_string(options.limit)}}));
    options.client.json ? PrintJson(history) : PrintHistory(history);
    return Ok();
  }
  if (!options.at.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(
        const ClientJson state,
        client.Get("/api/v1/resource/state", {{"id", options.id}, {"at", options.at}}));
    if (options.client.json) return PrintJson(state), Ok();
    for (const auto& key : state["keys"]) {
      std::printf("%s = %s\n", Shown(Text(key, "path"), 200).c_str(),
                  Shown(Text(key["value"], "text"), 400).c_str());
    }
    return Ok();
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson resource,
                             client.Get("/api/v1/resource", {{"id", options.id}}));
  options.client.json ? PrintJson(resource) : PrintResource(resource);
  return Ok();
}

Status ShowCauses(const EngineClient& client, const ShowOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson groups,
      client.Get("/api/v1/drifts/causes",
                 {{"stack", options.stack}, {"limit", std::to_string(options.limit)}}));
  if (options.client.json) return PrintJson(groups), Ok();
  TextTable table({"CAUSE", "DRIFTS", "KEYS", "STACKS", "SEVERITY", "SINCE"});
  for (const size_t column : {1, 2, 3, 4}) table.AlignRight(column);
  for (const auto& group : groups["rows"]) {
    const std::string text = Text(group["cause"], "text");
    table.Add({Shown(text.empty() ? "not known" : text), Text(group, "drifts"), Text(group, "keys"),
               Text(group, "stacks_total"),
               fmt::format("{:.1f}", group["severity_max"].get<double>()),
               Ago(Text(group, "opened_first"), Now())});
  }
  PrintTable(table, "Nothing has drifted.\n");
  return Ok();
}

Status ShowDrift(const ShowOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  if (options.causes) return ShowCauses(client, options);
  Query query = PagingOf(options);
  query.insert(query.end(), {{"stack", options.stack},
                             {"resource", options.id},
                             {"open", options.all ? "false" : "true"}});
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson page, client.Get("/api/v1/drifts", query));
  if (options.client.json) return PrintJson(page), Ok();
  TextTable table({"SINCE", "SEVERITY", "RESOURCE", "KEY", "EXPECTED -> OBSERVED", "CAUSE", "ID"});
  table.AlignRight(1);
  for (const auto& drift : page["rows"]) {
    const bool open = drift["closed_at"].is_null();
    const std::string since = Ago(Text(drift, "opened_at"), Now());
    const size_t keys = drift["keys"].size();
    const std::string key = keys == 0 ? Text(drift, "status") : Text(drift["keys"][0], "path");
    table.Add({since, fmt::format("{:.1f}", drift["severity"].get<double>()),
               Shown(Text(drift["resource"], "id"), 60),
               Shown(key, 40) + (keys > 1 ? fmt::format(" (+{})", keys - 1) : ""),
               keys == 0 ? "" : Move(drift["keys"][0]), Shown(Text(drift["cause"], "text"), 40),
               Text(drift, "id")},
              2, open ? Ink::kRed : Ink::kDim);
  }
  PrintTable(table, "Nothing has drifted.\n");
  PrintRest(page);
  return Ok();
}

// Limits that series will run into, behind the forecasts of configuration.
void PrintLimits(const ClientJson& limits) {
  if (limits.empty()) return;
  TextTable table({"SERIES", "P(1D)", "P(7D)", "ABOUT", "LIMIT", "WHAT TO DO"});
  for (const size_t column : {1, 2}) table.AlignRight(column);
  for (const auto& row : limits) {
    const auto& series = row["series"];
    const std::string name = Text(series, "stack") + "/" + Text(series, "resource_kind") + "/" +
                             Text(series, "resource_name") + " " + Text(series, "metric");
    const char* when = row["likely_at"].is_null() ? "possible_at" : "likely_at";
    table.Add({Shown(name, 70), Percent(row["horizons"][2]["p"].get<double>()),
               Percent(row["horizons"][4]["p"].get<double>()),
               row[when].is_null() ? "" : Text(row, when).substr(0, 16),
               Shown(Text(row, "limit_source"), 40),
               row["plans"].empty() ? "" : Shown(Text(row["plans"][0], "title"), 40)},
              0, row["probability"].get<double>() >= 0.5 ? Ink::kRed : Ink::kPlain);
  }
  std::printf("\nLimits that will be reached\n");
  PrintTable(table, "");
}

Status ShowPredictions(const ShowOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  Query query = PagingOf(options);
  query.insert(query.end(), {{"stack", options.stack},
                             {"role", options.role},
                             {"kind", options.kind},
                             {"text", options.text},
                             {"alerts", options.alerts ? "true" : "false"}});
  DRIFTCAST_ASSIGN_OR_RETURN(ClientJson page, client.Get("/api/v1/predictions", query));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson limits,
                             client.Get("/api/v1/crossings", {{"stack", options.stack}}));
  page["limits"] = limits["rows"];
  if (options.client.json) return PrintJson(page), Ok();
  TextTable table({"RESOURCE", "P(1D)", "P(7D)", "SEVERITY", "LIKELY", "WHY"});
  for (const size_t column : {1, 2, 3}) table.AlignRight(column);
  for (const auto& row : page["rows"]) {
    std::string likely;
    if (!row["keys"].empty()) {
      const auto& key = row["keys"][0];
      likely = Text(key, "path") + (key["value"].is_null() ? "" : " -> " + Text(key, "value"));
    }
    table.Add({Shown(Text(row["resource"], "id"), 60),
               Percent(row["horizons"][2]["p_change"].get<double>()),
               Percent(row["horizons"][4]["p_change"].get<double>()),
               fmt::format("{:.1f}", row["severity"].get<double>()), Shown(likely, 40),
               row["reasons"].empty() ? "" : Shown(Text(row["reasons"][0], "text"), 60)},
              0, row["alert"].get<bool>() ? Ink::kRed : Ink::kPlain);
  }
  PrintTable(table, "No prediction matches.\n");
  PrintLimits(page["limits"]);
  PrintRest(page);
  return Ok();
}

void PrintPlan(const ClientJson& plan) {
  const std::string state = Text(plan, "state");
  std::printf("%s  %s\n%s\n", Inked(Shown(Text(plan, "title"), 200), Ink::kBold).c_str(),
              Inked(state, InkOfWord(state)).c_str(), Shown(Text(plan, "why"), 400).c_str());
  std::printf("\nid %s, %s on %s, answers %s\nhash %s\n", Text(plan, "id").c_str(),
              Text(plan, "strategy").c_str(), Text(plan, "stack").c_str(),
              Text(plan, "trigger").c_str(), Text(plan, "hash").c_str());
  size_t number = 0;
  for (const auto& step : plan["steps"]) {
    std::string parameters;
    for (const auto& [name, value] : step["parameters"].items()) {
      parameters += fmt::format(" {}={}", name, Shown(value.get<std::string>(), 80));
    }
    std::printf("  %zu. %s %s%s\n", ++number, Text(step, "kind").c_str(),
                Shown(Text(step["resource"], "id"), 120).c_str(), parameters.c_str());
  }
  if (number == 0) std::puts("  nothing changes on the host");
  const auto& estimate = plan["estimate"];
  std::printf("downtime %.1f s (P90 %.1f s), effort %.0f min, cost %.2f %s, success %s, %s\n",
              estimate["downtime_s"]["p50"].get<double>(),
              estimate["downtime_s"]["p90"].get<double>(), estimate["effort_minutes"].get<double>(),
              estimate["cost"].get<double>(), Text(estimate, "currency").c_str(),
              Percent(estimate["p_success"].get<double>()).c_str(),
              plan["reversible"].get<bool>() ? "reversible" : "NOT reversible");
  for (const auto& input : estimate["inputs"]) {
    std::printf("  %s\n", Shown(input.get<std::string>(), 160).c_str());
  }
  if (!Text(plan["security"], "text").empty()) {
    std::printf("security: %s\n", Shown(Text(plan["security"], "text"), 200).c_str());
  }
  if (!Text(plan, "decided_by").empty()) {
    std::printf("decided by %s: %s\n", Text(plan, "decided_by").c_str(),
                Shown(Text(plan, "decision_reason"), 200).c_str());
  }
  if (!Text(plan, "outcome").empty()) {
    std::printf("outcome: %s\n", Shown(Text(plan, "outcome"), 400).c_str());
  }
  if (!plan["allow_command"].is_null()) {
    std::printf("The host does not allow it; to allow it, run there:\n  %s\n",
                Text(plan, "allow_command").c_str());
  }
}

Status ShowPlans(const ShowOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  if (!options.id.empty() && options.id.find('/') == std::string::npos) {
    DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson plan,
                               client.Get("/api/v1/plans/" + PercentEncode(options.id)));
    options.client.json ? PrintJson(plan) : PrintPlan(plan);
    return Ok();
  }
  Query query = PagingOf(options);
  query.insert(query.end(), {{"stack", options.stack},
                             {"trigger", options.trigger},
                             {"resource", options.id},
                             {"state", options.state}});
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson page, client.Get("/api/v1/plans", query));
  if (options.client.json) return PrintJson(page), Ok();
  TextTable table({"ID", "STATE", "STRATEGY", "STACK", "TITLE", "DOWNTIME", "COST"});
  table.AlignRight(5);
  table.AlignRight(6);
  for (const auto& plan : page["rows"]) {
    const std::string state = Text(plan, "state");
    table.Add({Text(plan, "id"), state, Text(plan, "strategy"), Shown(Text(plan, "stack"), 24),
               Shown(Text(plan, "title"), 70),
               fmt::format("{:.0f} s", plan["estimate"]["downtime_s"]["p50"].get<double>()),
               fmt::format("{:.2f} {}", plan["estimate"]["cost"].get<double>(),
                           Text(plan["estimate"], "currency"))},
              1, InkOfWord(state));
  }
  PrintTable(table, "No plan matches.\n");
  PrintRest(page);
  return Ok();
}

}  // namespace

void AddShowCommands(CLI::App& app) {
  const auto add = [&app](const char* name, const char* about, const char* examples,
                          Status (*run)(const ShowOptions&)) {
    auto* command = app.add_subcommand(name, about);
    command->footer(examples);
    auto options = std::make_shared<ShowOptions>();
    AddClientOptions(*command, options->client);
    OnRun(*command, [options, run] { return run(*options); });
    return std::make_pair(command, options);
  };
  const CLI::IsMember horizons({"1h", "6h", "1d", "3d", "7d", "30d"});
  {
    auto [command, o] = add("status", "The fleet in a few lines",
                            "Examples:\n  driftcast status\n  driftcast status --json | jq "
                            ".drifts_open",
                            ShowStatus);
    command->add_flag("--gate", o->gate,
                      "Print only where agents of this machine connect (works without asking the "
                      "engine)");
  }
  {
    auto [command, o] = add(
        "resources", "List resources",
        "Examples:\n  driftcast resources --status DRIFTED\n  driftcast resources --stack web-7 "
        "--kind package --sort risk --horizon 7d",
        ShowResources);
    command->add_option("--stack", o->stack, "Only this stack");
    command->add_option("--role", o->role, "Only this role");
    command->add_option("--kind", o->kind, "Only this kind: file, package, sysctl, ...");
    command->add_option("--status", o->status, "Only this status")
        ->check(CLI::IsMember({"NOT_COMPARED", "IN_SYNC", "DRIFTED", "MISSING", "UNMANAGED"}));
    command->add_option("--text", o->text, "A part of name, key or value");
    command->add_option("--sort", o->sort, "Order")
        ->check(CLI::IsMember({"name", "risk", "changed", "severity"}));
    command->add_option("--horizon", o->horizon, "For --sort risk")->check(horizons);
    AddPaging(*command, *o);
  }
  {
    auto [command, o] =
        add("resource", "Show one resource: expected, observed and forecast, key by key",
            "Examples:\n  driftcast resource web-7/file//etc/ssh/sshd_config\n  driftcast resource "
            "web-7/package/openssl --history\n  driftcast resource web-7/sysctl/vm.swappiness --at "
            "2026-05-01T12:00:00Z",
            ShowResource);
    command->add_option("id", o->id, "stack/kind/name")->required();
    command->add_flag("--history", o->history, "What moved, newest first");
    command->add_option("--at", o->at, "The observed configuration at this time (RFC 3339)")
        ->excludes("--history");
    command->add_option("--limit", o->limit, "At most so many entries of history")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
  }
  {
    auto [command, o] = add("drift", "List what differs from what is expected",
                            "Examples:\n  driftcast drift\n  driftcast drift --stack web-7 --all\n "
                            " driftcast drift --causes",
                            ShowDrift);
    command->add_option("--stack", o->stack, "Only this stack");
    command->add_option("--resource", o->id, "Only this resource");
    command->add_flag("--all", o->all, "Closed drifts too");
    command->add_flag("--causes", o->causes, "Group open drifts by cause");
    AddPaging(*command, *o);
  }
  {
    auto [command, o] =
        add("predictions", "List what is likely to change, most expected harm first",
            "Examples:\n  driftcast predictions --alerts\n  driftcast predictions --role web",
            ShowPredictions);
    command->add_option("--stack", o->stack, "Only this stack");
    command->add_option("--role", o->role, "Only this role");
    command->add_option("--kind", o->kind, "Only this kind");
    command->add_option("--text", o->text, "A part of name, key or value");
    command->add_flag("--alerts", o->alerts, "Only those at or above the alert threshold");
    AddPaging(*command, *o);
  }
  {
    auto [command, o] = add(
        "plans", "List plans, or show one",
        "Examples:\n  driftcast plans --state waiting\n  driftcast plans plan-3f0c\n  driftcast "
        "plans web-7/file//etc/ssh/sshd_config",
        ShowPlans);
    command->add_option("id", o->id, "A plan's id, to show it; or a resource, to list its plans");
    command->add_option("--stack", o->stack, "Only this stack");
    command->add_option("--trigger", o->trigger, "Only those that answer this drift or prediction");
    command->add_option("--state", o->state, "Only these")
        ->check(CLI::IsMember({"all", "waiting", "active", "ended"}));
    AddPaging(*command, *o);
  }
}

}  // namespace driftcast
