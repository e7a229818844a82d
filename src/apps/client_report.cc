// driftcast report: what the fleet is like, to send around.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/report_page.h"
#include "base/file.h"
#include "base/time.h"

namespace driftcast {
namespace {

struct ReportOptions {
  ClientOptions client;
  std::string html;
  int limit = 30;
};

Status Report(const ReportOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const std::string limit = std::to_string(options.limit);
  ReportData data;
  data.made_at = FormatInstant(SystemClock()->Now());
  DRIFTCAST_ASSIGN_OR_RETURN(data.overview, client.Get("/api/v1/overview"));
  DRIFTCAST_ASSIGN_OR_RETURN(
      data.stacks, client.Get("/api/v1/stacks", {{"sort", "severity"}, {"limit", "1000"}}));
  DRIFTCAST_ASSIGN_OR_RETURN(data.causes, client.Get("/api/v1/drifts/causes", {{"limit", limit}}));
  DRIFTCAST_ASSIGN_OR_RETURN(data.predictions,
                             client.Get("/api/v1/predictions", {{"limit", limit}}));
  DRIFTCAST_ASSIGN_OR_RETURN(data.track, client.Get("/api/v1/track-record"));
  if (options.client.json) {
    PrintJson({{"made_at", data.made_at},
               {"overview", data.overview},
               {"stacks", data.stacks["rows"]},
               {"causes", data.causes["rows"]},
               {"predictions", data.predictions["rows"]},
               {"track_record", data.track}});
    return Ok();
  }
  const std::string page = ReportPage(data);
  if (options.html == "-") return std::fputs(page.c_str(), stdout), Ok();
  DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(options.html, page, 0644));
  std::printf("%s\n", options.html.c_str());
  return Ok();
}

}  // namespace

void AddReportCommand(CLI::App& app) {
  auto* command = app.add_subcommand("report", "Write a report on the fleet to send around");
  auto options = std::make_shared<ReportOptions>();
  command->footer("Examples:\n  driftcast report --html fleet.html\n  driftcast report --json");
  AddClientOptions(*command, options->client);
  command
      ->add_option("--html", options->html, "One file with everything in it; - = standard output")
      ->default_str("driftcast-report.html");
  options->html = "driftcast-report.html";
  command->add_option("--limit", options->limit, "Causes and forecasts in it, at most")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  OnRun(*command, [options] { return Report(*options); });
}

}  // namespace driftcast
