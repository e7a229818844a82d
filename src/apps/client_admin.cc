// Client commands of administrators: login, agents, token, provision.
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/provision_file.h"
#include "apps/table.h"
#include "base/file.h"
#include "http/uri.h"

namespace driftcast {
namespace {

struct AdminOptions {
  ClientOptions client;
  std::string id, name, role, reason, span, format, principal, note;
  bool dry_run = false;
};

std::string Text(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

// Of whoever runs the command; empty when the system does not know.
std::string UserName() {
  const passwd* user = getpwuid(getuid());
  return user && user->pw_name ? user->pw_name : "";
}

Status Login(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const std::string principal = options.principal.empty() ? UserName() : options.principal;
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson link,
                             client.Post("/api/v1/login-links", {{"principal", principal}}));
  if (options.client.json) return PrintJson(link), Ok();
  std::printf("%s\n", Text(link, "url").c_str());
  return Ok();
}

Status ListAgents(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson agents, client.Get("/api/v1/agents"));
  if (options.client.json) return PrintJson(agents), Ok();
  const Instant now = SystemClock()->Now();
  TextTable table({"AGENT", "STACK", "ROLE", "STATE", "LAST FACT", "CPU", "MEMORY", "ALLOWED"});
  table.AlignRight(5);
  table.AlignRight(6);
  for (const auto& agent : agents["rows"]) {
    const auto& report = agent["report"];
    const bool reported = !report.is_null();
    std::string allowed;
    for (const auto& kind : agent["allowed_kinds"]) {
      allowed += (allowed.empty() ? "" : ",") + kind.get<std::string>();
    }
    const std::string state = Text(agent, "state");
    table.Add(
        {Text(agent, "id"), Shown(Text(agent, "stack"), 32), Shown(Text(agent, "role"), 20), state,
         Ago(Text(agent, "last_fact_at"), now),
         reported ? fmt::format("{:.2f} %", report["cpu_percent"].get<double>()) : "-",
         reported ? fmt::format("{:.1f} MiB", report["memory_bytes"].get<double>() / 1048576) : "-",
         allowed.empty() ? "observe only" : allowed},
        3, InkOfWord(state));
  }
  std::fputs(table.size() == 0 ? "No agent has enrolled yet.\n" : table.Write().c_str(), stdout);
  return Ok();
}

Status RevokeAgent(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const auto done = client.Post("/api/v1/agents/" + PercentEncode(options.id) + "/revoke",
                                {{"reason", options.reason}});
  if (!done.ok()) return done.status();
  if (!options.client.json) std::printf("agent %s is revoked\n", options.id.c_str());
  return Ok();
}

Status JoinAgent(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const Duration valid,
                             ParseSpan(options.span.empty() ? "1h" : options.span));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson made,
      client.Post("/api/v1/join-tokens", {{"role", options.role},
                                          {"note", options.note},
                                          {"ttl_s", static_cast<int64_t>(Seconds(valid))}}));
  if (options.client.json) return PrintJson(made), Ok();
  std::printf("Run this on the host, once, before %s:\n  %s\n",
              Text(made["join_token"], "expires_at").c_str(), Text(made, "command").c_str());
  return Ok();
}

Status ListTokens(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson tokens, client.Get("/api/v1/tokens"));
  if (options.client.json) return PrintJson(tokens), Ok();
  const Instant now = SystemClock()->Now();
  TextTable table({"ID", "NAME", "ROLE", "MADE", "LAST USED", "UNTIL"});
  for (const auto& token : tokens["rows"]) {
    table.Add({Text(token, "id"), Shown(Text(token, "name"), 40), Text(token, "role"),
               Ago(Text(token, "created_at"), now), Ago(Text(token, "last_used_at"), now),
               OrDash(Text(token, "expires_at"))});
  }
  std::fputs(table.Write().c_str(), stdout);
  return Ok();
}

Status MakeToken(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  ClientJson body = {{"name", options.name}, {"role", options.role}};
  if (!options.span.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const Duration valid, ParseSpan(options.span));
    body["ttl_s"] = static_cast<int64_t>(Seconds(valid));
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson made, client.Post("/api/v1/tokens", body));
  if (options.client.json) return PrintJson(made), Ok();
  std::printf("%s\n", Text(made, "token").c_str());
  std::fprintf(stderr, "It is shown this once. Its id is %s.\n",
               Text(made["api_token"], "id").c_str());
  return Ok();
}

Status RevokeToken(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const auto done = client.Delete("/api/v1/tokens/" + PercentEncode(options.id));
  if (!done.ok()) return done.status();
  if (!options.client.json) std::printf("token %s is revoked\n", options.id.c_str());
  return Ok();
}

StatusOr<std::string> ReadInput(const std::string& path) {
  constexpr size_t kBytesMax = 16 << 20;
  if (path != "-") return ReadFile(path, kBytesMax);
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (text.size() > kBytesMax) return InvalidArgument("the input is larger than 16 MiB");
  return text;
}

StatusOr<ProvisionFormat> FormatOf(const AdminOptions& options) {
  if (!options.format.empty()) return ProvisionFormatOf("." + options.format);
  return ProvisionFormatOf(options.id);
}

// The engine takes a request wholly or not at all, 1,000 expectations and 1 MiB at a time.
std::vector<ClientJson> InRequests(const ClientJson& body) {
  constexpr size_t kCountMax = 1000, kBytesMax = 900 << 10;
  std::vector<ClientJson> requests;
  size_t bytes = 0;
  for (const auto& expectation : body["expectations"]) {
    const size_t size = expectation.dump().size();
    if (requests.empty() || requests.back()["expectations"].size() == kCountMax ||
        bytes + size > kBytesMax) {
      requests.push_back({{"expectations", ClientJson::array()}});
      if (body.contains("reason")) requests.back()["reason"] = body["reason"];
      bytes = 0;
    }
    bytes += size;
    requests.back()["expectations"].push_back(expectation);
  }
  return requests;
}

Status Provision(const AdminOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const ProvisionFormat format, FormatOf(options));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadInput(options.id));
  auto body = ReadProvisionFile(text, format);
  if (!body.ok()) return Annotate(body.status(), options.id);
  if (!options.reason.empty()) (*body)["reason"] = options.reason;
  if (options.dry_run) return PrintJson(*body), Ok();
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  size_t set = 0;
  for (const ClientJson& request : InRequests(*body)) {
    const auto done = client.Post("/api/v1/expectations", request);
    if (!done.ok()) {
      return Annotate(done.status(), fmt::format("{} ({} were taken before)", options.id, set));
    }
    set += (*done)["set"].get<size_t>();
  }
  if (options.client.json) return PrintJson({{"set", set}}), Ok();
  std::printf("%zu expectations are set\n", set);
  return Ok();
}

struct Command {
  CLI::App* app;
  std::shared_ptr<AdminOptions> options;
};

Command Add(CLI::App& parent, const char* name, const char* about, const char* examples,
            Status (*run)(const AdminOptions&)) {
  Command command{parent.add_subcommand(name, about), std::make_shared<AdminOptions>()};
  command.app->footer(examples);
  AddClientOptions(*command.app, command.options->client);
  OnRun(*command.app, [options = command.options, run] { return run(*options); });
  return command;
}

void AddAgentCommands(CLI::App& app) {
  auto* agents = app.add_subcommand("agents", "Agents and how they join");
  agents->require_subcommand(1);
  Add(*agents, "list", "List agents, their state and cost", "Example:\n  driftcast agents list",
      ListAgents);
  Command join = Add(*agents, "join", "Make a one-time token by which an agent joins",
                     "Example:\n  driftcast agents join --role web --for 2h", JoinAgent);
  join.app->add_option("--role", join.options->role, "Role of its stack");
  join.app->add_option("--note", join.options->note, "For people");
  join.app->add_option("--for", join.options->span, "Valid for so long (default: 1h)");
  Command revoke =
      Add(*agents, "revoke", "Revoke an agent's certificates",
          "Example:\n  driftcast agents revoke agent-1 --reason 'host was sold'", RevokeAgent);
  revoke.app->add_option("agent", revoke.options->id, "The agent's id")->required();
  revoke.app->add_option("--reason", revoke.options->reason, "Why")->required();
}

void AddTokenCommands(CLI::App& app) {
  auto* token = app.add_subcommand("token", "API tokens for scripts");
  token->require_subcommand(1);
  Add(*token, "list", "List tokens", "Example:\n  driftcast token list", ListTokens);
  Command create =
      Add(*token, "create", "Make a token; prints it once",
          "Example:\n  DRIFTCAST_TOKEN=$(driftcast token create ci --role viewer)", MakeToken);
  create.app->add_option("name", create.options->name, "What it is for")->required();
  create.app->add_option("--role", create.options->role, "What it may do")
      ->required()
      ->check(CLI::IsMember({"sender", "viewer", "operator", "approver", "admin"}));
  create.app->add_option("--for", create.options->span, "Valid for so long (default: for good)");
  Command revoke = Add(*token, "revoke", "Revoke a token",
                       "Example:\n  driftcast token revoke 1a2b3c4d5e6f", RevokeToken);
  revoke.app->add_option("id", revoke.options->id, "The token's id")->required();
}

}  // namespace

void AddAdminCommands(CLI::App& app) {
  Command login = Add(app, "login", "Print a one-time link that opens the page",
                      "Example:\n  xdg-open \"$(driftcast login)\"", Login);
  login.app->add_option("--as", login.options->principal,
                        "Who it is for, as the audit log will say it (default: you)");
  AddAgentCommands(app);
  AddTokenCommands(app);
  Command provision =
      Add(app, "provision", "Declare what resources should be (see docs/provision.md)",
          "Examples:\n  driftcast provision baseline.toml --reason 'release 42'\n  cat x.yaml | "
          "driftcast provision - --format yaml\n  driftcast provision baseline.toml --dry-run "
          "(works without an engine)",
          Provision);
  provision.app->add_option("file", provision.options->id, "TOML, YAML or JSON; - = standard input")
      ->required();
  provision.app->add_option("--format", provision.options->format, "Whatever the file is called")
      ->check(CLI::IsMember({"toml", "yaml", "json"}));
  provision.app->add_option("--reason", provision.options->reason, "Instead of the file's");
  provision.app->add_flag("--dry-run", provision.options->dry_run,
                          "Print what would be sent; works without an engine");
}

}  // namespace driftcast
