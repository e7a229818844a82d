// driftcast models: which model forecasts, which did before, and its refit on the site's own past.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/table.h"

namespace driftcast {
namespace {

struct ModelArguments {
  ClientOptions client;
  std::string version, reason;
};

std::string Text(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

Status Show(const ModelArguments& arguments, const ClientJson& models) {
  if (arguments.client.json) return PrintJson(models), Ok();
  TextTable table({"VERSION", "SINCE", "BY", "WHY"});
  for (const auto& row : models["rows"])
    table.Add({(row["serves"].get<bool>() ? "* " : "  ") + Text(row, "version"), Text(row, "at"),
               Shown(Text(row, "by"), 20), Shown(Text(row, "reason"), 140)});
  std::printf("%s", table.Write().c_str());
  if (!Text(models, "drifted_at").empty())
    std::printf("\nsince %s what happens surprises it more than it used to\n",
                Text(models, "drifted_at").c_str());
  const ClientJson& refit = models["refit"];
  if (refit["running"].get<bool>())
    std::printf("\na refit is under way: %.0f %%\n", 100 * refit["done"].get<double>());
  if (!Text(refit, "last").empty())
    std::printf("\nlast refit, %s: %s\n", Text(refit, "last_at").c_str(),
                Shown(Text(refit, "last"), 300).c_str());
  if (!Text(refit, "next_at").empty())
    std::printf("next refit by itself: %s\n", Text(refit, "next_at").c_str());
  return Ok();
}

Status List(const ModelArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(arguments.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson models, client.Get("/api/v1/models"));
  return Show(arguments, models);
}

Status Refit(const ModelArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(arguments.client));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson models,
      client.Post("/api/v1/models/refit", ClientJson{{"reason", arguments.reason}}));
  if (arguments.client.json) return PrintJson(models), Ok();
  std::puts("A refit has begun in the background; see what comes of it: driftcast models");
  return Ok();
}

Status Use(const ModelArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(arguments.client));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson models,
      client.Post("/api/v1/models/use",
                  ClientJson{{"version", arguments.version}, {"reason", arguments.reason}}));
  return Show(arguments, models);
}

}  // namespace

void AddModelCommands(CLI::App& app) {
  auto arguments = std::make_shared<ModelArguments>();
  CLI::App* models = app.add_subcommand(
      "models", "Which model forecasts; refit it on the site's own past, go back, or fall back");
  models->footer(
      "Examples:\n  driftcast models\n  driftcast models refit\n"
      "  driftcast models use shipped --reason 'too many alerts since Tuesday'\n"
      "  driftcast models use reference --reason 'plain rates until the migration is over'");
  models->require_subcommand(0, 1);
  AddClientOptions(*models, arguments->client);
  OnRun(*models, [arguments, models] {
    return models->get_subcommands().empty() ? List(*arguments) : Ok();
  });
  CLI::App* refit = models->add_subcommand(
      "refit", "Refit now, in the background; it serves if it is better on later days");
  refit->add_option("--reason", arguments->reason, "Why; it is kept in the audit log");
  AddClientOptions(*refit, arguments->client);
  OnRun(*refit, [arguments] { return Refit(*arguments); });
  CLI::App* use = models->add_subcommand(
      "use", "Let a model serve that served before, the shipped one, or the plain reference");
  use->add_option("version", arguments->version, "As `driftcast models` shows it")->required();
  use->add_option("--reason", arguments->reason, "Why; it is kept in the audit log")->required();
  AddClientOptions(*use, arguments->client);
  OnRun(*use, [arguments] { return Use(*arguments); });
}

}  // namespace driftcast
