#include "apps/cli.h"

#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

namespace driftcast {
namespace {

// Carries a command's failure through CLI11, which knows only exceptions.
struct CommandFailed {
  int exit_code;
};

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
      return kExitUsage;
    default:
      return kExitFailed;
  }
}

}  // namespace

void OnRun(CLI::App& command, std::function<Status()> body) {
  command.callback([body = std::move(body)] {
    const Status status = body();
    if (status.ok()) return;
    std::fprintf(stderr, "driftcast: %s\n", Message(status).c_str());
    throw CommandFailed{ExitCodeOf(status)};
  });
}

std::string DefaultDataFolder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
    return std::string(data) + "/driftcast";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/root") + "/.local/share/driftcast";
}

int RunCommandLine(int argc, char** argv) {
  CLI::App app("Driftcast forecasts configuration drift.", "driftcast");
  app.require_subcommand(1);
  app.set_version_flag("--version", DRIFTCAST_VERSION);
  app.failure_message(CLI::FailureMessage::help);
  AddEngineCommand(app);
  AddShowCommands(app);
  AddDecideCommands(app);
  AddAdminCommands(app);
  AddAuditCommands(app);
  AddUserCommands(app);
  AddWatchCommand(app);
  AddReportCommand(app);
  AddSeriesCommands(app);
  AddHistoryCommands(app);
  AddHistoryImportCommands(app);
  AddForecastCommands(app);
  AddPlanCommands(app);
  AddNotifyCommands(app);
  AddModelCommands(app);
  AddFeedCommands(app);
  AddPolicyCommands(app);
  AddDocumentCommands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const CommandFailed& failed) {
    return failed.exit_code;
  }
  return kExitOk;
}

}  // namespace driftcast
