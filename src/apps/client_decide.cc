// Client commands by which people decide: approve, reject, cancel, override, snooze, accept, rules.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/table.h"
#include "http/uri.h"

namespace driftcast {
namespace {

struct DecideOptions {
  ClientOptions client;
  std::string id, verdict, hash, reason, until, span, at;
  std::vector<std::string> keys;
  std::string resource_glob, key_glob;
  bool wait = false, hide = false;
};

std::string Text(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

// --until, or --for from now. Empty when neither is given.
StatusOr<std::string> EndOf(const DecideOptions& options) {
  if (options.span.empty()) return options.until;
  const auto span = ParseSpan(options.span);
  if (!span.ok()) return span.status();
  return FormatInstant(SystemClock()->Now() + *span);
}

// Prints each state once until the plan has ended. FailedPrecondition unless it succeeded.
Status AwaitEnd(const EngineClient& client, const std::string& path, bool json) {
  std::string shown;
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson plan, client.Get(path));
    const std::string state = Text(plan, "state");
    if (!json && state != shown) {
      std::printf("%s\n", Inked(state, InkOfWord(state)).c_str());
      std::fflush(stdout);
      shown = state;
    }
    if (plan["final"].get<bool>()) {
      if (json) PrintJson(plan);
      if (state == "succeeded") return Ok();
      return FailedPrecondition("the plan has {}: {}", state, Text(plan, "outcome"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

Status Decide(const DecideOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const std::string path = "/api/v1/plans/" + PercentEncode(options.id);
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson plan, client.Get(path));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string until, EndOf(options));
  ClientJson body = {{"verdict", options.verdict},
                     {"plan_hash", options.hash.empty() ? Text(plan, "hash") : options.hash},
                     {"reason", options.reason}};
  if (!options.at.empty()) body["not_before"] = options.at;
  if (!until.empty()) body["until"] = until;
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson decided, client.Post(path + "/decision", body));
  if (options.wait) return AwaitEnd(client, path, options.client.json);
  if (options.client.json) {
    PrintJson(decided);
  } else {
    std::printf("%s: %s\n", Text(decided, "state").c_str(),
                Shown(Text(decided, "title"), 200).c_str());
  }
  return Ok();
}

Status DecideResource(const EngineClient& client, const DecideOptions& options,
                      const std::string& verdict) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string until, EndOf(options));
  ClientJson body = {{"resource", options.id}, {"verdict", verdict}, {"reason", options.reason}};
  if (!until.empty()) body["until"] = until;
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson decided, client.Post("/api/v1/decisions", body));
  if (options.client.json) {
    PrintJson(decided);
  } else {
    std::printf("%s: %s%s\n", verdict.c_str(), options.id.c_str(),
                until.empty() ? "" : (" until " + until).c_str());
  }
  return Ok();
}

// Of a plan, or, when the id has slashes, of a resource.
Status Override(const DecideOptions& options) {
  if (options.id.find('/') == std::string::npos) return Decide(options);
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  return DecideResource(client, options, "override");
}

Status Snooze(const DecideOptions& options) {
  if (options.until.empty() && options.span.empty()) {
    return InvalidArgument("say how long: --for 3d, or --until TIME");
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  return DecideResource(client, options, "snooze");
}

Status Accept(const DecideOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const ClientJson body = {
      {"resource", options.id}, {"paths", options.keys}, {"reason", options.reason}};
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson resource,
                             client.Post("/api/v1/resource/accept", body));
  if (options.client.json) {
    PrintJson(resource);
  } else {
    std::printf("accepted: %s is %s\n", options.id.c_str(), Text(resource, "status").c_str());
  }
  return Ok();
}

Status ListRules(const DecideOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson rules, client.Get("/api/v1/rules"));
  if (options.client.json) return PrintJson(rules), Ok();
  TextTable table({"ID", "RESOURCES", "KEYS", "OWNER", "UNTIL", "EFFECT", "REASON"});
  for (const auto& rule : rules["rows"]) {
    const std::string until = Text(rule, "expires_at");
    table.Add({Text(rule, "id"), Shown(Text(rule, "resource_glob"), 48),
               Shown(Text(rule, "key_glob"), 32), Shown(Text(rule, "owner"), 20),
               until.empty() ? "for good" : until,
               rule["alarm_only"].get<bool>() ? "no alarm" : "ignored",
               Shown(Text(rule, "reason"))});
  }
  std::fputs(table.size() == 0 ? "There are no rules.\n" : table.Write().c_str(), stdout);
  return Ok();
}

Status AddRule(const DecideOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string until, EndOf(options));
  ClientJson body = {{"resource_glob", options.resource_glob},
                     {"key_glob", options.key_glob},
                     {"reason", options.reason},
                     {"alarm_only", !options.hide}};
  if (!options.id.empty()) body["id"] = options.id;
  if (!until.empty()) body["expires_at"] = until;
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson rule, client.Post("/api/v1/rules", body));
  if (options.client.json) return PrintJson(rule), Ok();
  std::printf("rule %s is set\n", Text(rule, "id").c_str());
  return Ok();
}

Status PreviewRule(const DecideOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson preview,
      client.Post("/api/v1/rules/preview",
                  {{"resource_glob", options.resource_glob}, {"key_glob", options.key_glob}}));
  if (options.client.json) return PrintJson(preview), Ok();
  std::printf("would quiet %s open drifts (%s keys), and would have quieted %s closed ones\n",
              preview["drifts_open"].dump().c_str(), preview["keys_open"].dump().c_str(),
              preview["drifts_past"].dump().c_str());
  for (const auto& line : preview["sample"]) {
    std::printf("  %s\n", Shown(line.get<std::string>(), 160).c_str());
  }
  return Ok();
}

Status RemoveRule(const DecideOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const auto removed = client.Delete("/api/v1/rules/" + PercentEncode(options.id));
  if (!removed.ok()) return removed.status();
  if (!options.client.json) std::printf("rule %s is removed\n", options.id.c_str());
  return Ok();
}

struct Command {
  CLI::App* app;
  std::shared_ptr<DecideOptions> options;
};

Command Add(CLI::App& app, const char* name, const char* about, const char* examples,
            Status (*run)(const DecideOptions&)) {
  Command command{app.add_subcommand(name, about), std::make_shared<DecideOptions>()};
  command.app->footer(examples);
  AddClientOptions(*command.app, command.options->client);
  OnRun(*command.app, [options = command.options, run] { return run(*options); });
  return command;
}

void AddReason(Command& command, bool required) {
  command.app->add_option("--reason", command.options->reason, "Why; it is kept in the audit log")
      ->required(required);
}

void AddEnd(Command& command) {
  auto* until = command.app->add_option("--until", command.options->until, "Until (RFC 3339)");
  command.app->add_option("--for", command.options->span, "For so long: 90, 15m, 12h, 3d, 2w")
      ->excludes(until);
}

void AddPlanCommand(CLI::App& app, const char* name, const char* about, const char* examples,
                    bool reason) {
  Command command = Add(app, name, about, examples, Decide);
  command.options->verdict = name;
  command.app->add_option("plan", command.options->id, "The plan's id")->required();
  command.app->add_option("--hash", command.options->hash,
                          "Only if this is still the plan's hash (default: the plan as it is now)");
  AddReason(command, reason);
  if (command.options->verdict != "approve") return;
  command.app->add_option("--at", command.options->at, "Not before this time (RFC 3339)");
  command.app->add_flag("--wait", command.options->wait,
                        "Wait until it has ended; fails unless it succeeded");
}

void AddRuleCommands(CLI::App& app) {
  auto* rules = app.add_subcommand("rules", "Which differences are no drift");
  rules->require_subcommand(1);
  Add(*rules, "list", "List the rules", "Example:\n  driftcast rules list", ListRules);
  const auto globs = [](Command& command) {
    command.app
        ->add_option("resources", command.options->resource_glob,
                     "Glob over stack/kind/name; '*' crosses slashes")
        ->required();
    command.app->add_option("--keys", command.options->key_glob, "Glob over keys")
        ->default_val("*");
  };
  Command add = Add(*rules, "add", "Set a rule; one with the same id is replaced",
                    "Example:\n  driftcast rules add '*/file//etc/resolv.conf' --reason 'written "
                    "by DHCP' --for 26w",
                    AddRule);
  globs(add);
  add.app->add_option("--id", add.options->id, "Its id (default: a new one)");
  add.app->add_flag("--hide", add.options->hide,
                    "Ignore it wholly (default: shown as a difference, without alarm)");
  AddReason(add, true);
  AddEnd(add);
  Command preview =
      Add(*rules, "preview", "Show what a rule would quiet; changes nothing",
          "Example:\n  driftcast rules preview '*/file//etc/*' --keys mtime", PreviewRule);
  globs(preview);
  Command remove = Add(*rules, "remove", "Remove a rule",
                       "Example:\n  driftcast rules remove rule-1a2b3c4d", RemoveRule);
  remove.app->add_option("id", remove.options->id, "The rule's id")->required();
}

}  // namespace

void AddDecideCommands(CLI::App& app) {
  AddPlanCommand(app, "approve", "Approve a plan: it will be carried out",
                 "Examples:\n  driftcast approve plan-3f0c --wait\n  driftcast approve plan-3f0c "
                 "--at 2026-05-01T02:00:00Z --reason 'night window'",
                 false);
  AddPlanCommand(app, "reject", "Reject a plan",
                 "Example:\n  driftcast reject plan-3f0c --reason 'wrong window'", true);
  AddPlanCommand(app, "cancel", "Take back an approval that has not started",
                 "Example:\n  driftcast cancel plan-3f0c", false);
  AddPlanCommand(app, "undo", "Take back a plan that was applied, by a plan of its own",
                 "Example:\n  driftcast undo plan-3f0c --reason 'the old value was right'", true);
  AddPlanCommand(app, "done", "Say that you did by hand what a plan is for: the engine looks",
                 "Example:\n  driftcast done plan-3f0c --reason 'edited it myself'", false);
  Command override_ =
      Add(app, "override", "Say that a person deals with a plan or resource by hand",
          "Examples:\n  driftcast override plan-3f0c --reason 'fixed by hand'\n  "
          "driftcast override web-7/file//etc/motd --reason 'migration' --for 3d",
          Override);
  override_.options->verdict = "override";
  override_.app->add_option("id", override_.options->id, "A plan's id, or stack/kind/name")
      ->required();
  override_.app->add_option("--hash", override_.options->hash,
                            "Only if this is still the plan's hash");
  AddReason(override_, true);
  AddEnd(override_);
  Command snooze = Add(app, "snooze", "No alerts about a resource for a while",
                       "Example:\n  driftcast snooze web-7/package/openssl --for 3d --reason "
                       "'upgrade on Friday'",
                       Snooze);
  snooze.app->add_option("resource", snooze.options->id, "stack/kind/name")->required();
  AddReason(snooze, true);
  AddEnd(snooze);
  Command accept =
      Add(app, "accept", "Expect from now on what is observed",
          "Examples:\n  driftcast accept web-7/file//etc/motd --reason 'new text'\n  "
          "driftcast accept web-7/file//etc/ssh/sshd_config --key Port --reason 'moved'",
          Accept);
  accept.app->add_option("resource", accept.options->id, "stack/kind/name")->required();
  accept.app->add_option("--key", accept.options->keys, "Only this key; may be repeated");
  AddReason(accept, true);
  AddRuleCommands(app);
}

}  // namespace driftcast
