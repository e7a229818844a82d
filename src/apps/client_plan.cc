// Client commands around plans: export, write, pauses.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/plan_json.h"
#include "apps/plan_patch.h"
#include "apps/table.h"
#include "base/file.h"
#include "http/uri.h"
#include "remedy/artefact.h"

namespace driftcast {
namespace {

struct PlanOptions {
  ClientOptions client;
  std::string id, format = "text", root, file;
  std::string glob, reason, until, span;
};

std::string Text(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

Status Export(const PlanOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson json,
                             client.Get("/api/v1/plans/" + PercentEncode(options.id)));
  if (options.format == "json") return PrintJson(json), Ok();
  DRIFTCAST_ASSIGN_OR_RETURN(const RemediationPlan plan, PlanFromJson(json.dump()));
  std::string text = DescribeSteps(plan);
  if (options.format == "ansible") {
    DRIFTCAST_ASSIGN_OR_RETURN(text, AnsiblePlaybook(plan));
  } else if (options.format == "patch") {
    if (options.root.empty())
      return InvalidArgument("--root names the repository's folder that stands for /");
    DRIFTCAST_ASSIGN_OR_RETURN(text, PlanPatch(plan, options.root));
  }
  std::fputs(text.c_str(), stdout);
  return Ok();
}

Status WritePlan(const PlanOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.file, 1 << 20));
  const ClientJson body = ClientJson::parse(text, nullptr, false);
  if (!body.is_object()) return InvalidArgument("{} is no JSON object", options.file);
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson plan, client.Post("/api/v1/plans", body));
  if (options.client.json) return PrintJson(plan), Ok();
  std::printf("%s: %s\n", Text(plan, "id").c_str(), Shown(Text(plan, "title"), 200).c_str());
  return Ok();
}

Status Pause(const PlanOptions& options) {
  std::string until = options.until;
  if (!options.span.empty()) {
    const auto span = ParseSpan(options.span);
    if (!span.ok()) return span.status();
    until = FormatInstant(SystemClock()->Now() + *span);
  }
  if (until.empty()) return InvalidArgument("say how long: --for 4h, or --until TIME");
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson pause,
      client.Post("/api/v1/pauses",
                  {{"resource_glob", options.glob}, {"reason", options.reason}, {"until", until}}));
  if (options.client.json) return PrintJson(pause), Ok();
  std::printf("%s: nothing is begun on %s until %s\n", Text(pause, "id").c_str(),
              Shown(Text(pause, "resource_glob"), 80).c_str(), Text(pause, "until").c_str());
  return Ok();
}

Status Pauses(const PlanOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson pauses, client.Get("/api/v1/pauses"));
  if (options.client.json) return PrintJson(pauses), Ok();
  TextTable table({"ID", "RESOURCES", "BY", "UNTIL", "REASON"});
  for (const auto& pause : pauses["rows"])
    table.Add({Text(pause, "id"), Shown(Text(pause, "resource_glob"), 48),
               Shown(Text(pause, "by"), 20), Text(pause, "until"), Shown(Text(pause, "reason"))});
  std::fputs(table.size() == 0 ? "Nothing is paused.\n" : table.Write().c_str(), stdout);
  return Ok();
}

Status Resume(const PlanOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const auto lifted = client.Delete("/api/v1/pauses/" + PercentEncode(options.id));
  if (!lifted.ok()) return lifted.status();
  if (!options.client.json) std::printf("%s is lifted\n", options.id.c_str());
  return Ok();
}

std::shared_ptr<PlanOptions> Add(CLI::App& app, const char* name, const char* about,
                                 const char* examples, Status (*run)(const PlanOptions&),
                                 CLI::App** command) {
  auto options = std::make_shared<PlanOptions>();
  *command = app.add_subcommand(name, about);
  (*command)->footer(examples);
  AddClientOptions(**command, options->client);
  OnRun(**command, [options, run] { return run(*options); });
  return options;
}

}  // namespace

void AddPlanCommands(CLI::App& app) {
  CLI::App* command = nullptr;
  auto options = Add(app, "export", "Print a plan for tools that you have",
                     "Examples:\n  driftcast export plan-3f0c --format ansible > fix.yml\n  "
                     "driftcast export plan-3f0c --format patch --root config/ | git apply",
                     Export, &command);
  command->add_option("plan", options->id, "The plan's id")->required();
  command->add_option("--format", options->format, "Steps in words, playbook, patch, or all of it")
      ->check(CLI::IsMember({"text", "ansible", "patch", "json"}))
      ->capture_default_str();
  command->add_option("--root", options->root,
                      "Patch: the folder of your repository that stands for / on the host");
  options = Add(app, "write", "Write a plan by hand, or an edited one, to be decided about",
                "The file is JSON: {\"stack\", \"title\", \"steps\": [{\"kind\", \"resource\", "
                "\"parameters\"}]}.\nExample:\n  driftcast write plan.json",
                WritePlan, &command);
  command->add_option("file", options->file, "The plan (JSON)")->required();
  options = Add(app, "pause", "Begin nothing on some resources for a while",
                "Examples:\n  driftcast pause 'web-7/*' --for 4h --reason 'moving its disk'\n  "
                "driftcast pause '*' --for 1d --reason 'incident'",
                Pause, &command);
  command->add_option("resources", options->glob, "Glob over stack/kind/name; '*' crosses slashes")
      ->required();
  command->add_option("--reason", options->reason, "Why; it is kept in the audit log")->required();
  auto* until = command->add_option("--until", options->until, "Until (RFC 3339)");
  command->add_option("--for", options->span, "For so long: 90, 15m, 12h, 3d, 2w")->excludes(until);
  Add(app, "pauses", "List what is paused", "Example:\n  driftcast pauses", Pauses, &command);
  options = Add(app, "resume", "Lift a pause before its end",
                "Example:\n  driftcast resume pause-1a2b3c", Resume, &command);
  command->add_option("pause", options->id, "The pause's id")->required();
}

}  // namespace driftcast
