// The command line of `driftcast`: each command is one file, which adds itself to the program.
#ifndef DRIFTCAST_APPS_CLI_H_
#define DRIFTCAST_APPS_CLI_H_

#include <functional>
#include <string>

#include "base/status.h"

namespace CLI {
class App;
}

namespace driftcast {

// Exit codes of every command, stable for scripts.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // it was tried and failed; the reason is on stderr
inline constexpr int kExitUsage = 2;   // the command line or an input file is wrong

// Runs `body` when `command` is what the user chose; its Status becomes the exit code and, on
// stderr, one line "driftcast: <reason>". InvalidArgument and NotFound exit with kExitUsage.
void OnRun(CLI::App& command, std::function<Status()> body);

// Builds the whole command line, runs what it says, returns the exit code.
int RunCommandLine(int argc, char** argv);

// Where everything is written unless told otherwise: $XDG_DATA_HOME/driftcast, or
// ~/.local/share/driftcast.
std::string DefaultDataFolder();

void AddEngineCommand(CLI::App& app);          // engine
void AddShowCommands(CLI::App& app);           // status, resources, resource, drift, ..., plans
void AddDecideCommands(CLI::App& app);         // approve, reject, cancel, override, ..., rules
void AddAdminCommands(CLI::App& app);          // login, agents, token, provision
void AddAuditCommands(CLI::App& app);          // audit, audit verify | export
void AddUserCommands(CLI::App& app);           // user list | add | remove
void AddWatchCommand(CLI::App& app);           // watch
void AddReportCommand(CLI::App& app);          // report
void AddDocumentCommands(CLI::App& app);       // completion, man
void AddSeriesCommands(CLI::App& app);         // series detect | forecast
void AddHistoryCommands(CLI::App& app);        // train, backtest
void AddHistoryImportCommands(CLI::App& app);  // history import | show | feed
void AddForecastCommands(CLI::App& app);       // forecast git
void AddPlanCommands(CLI::App& app);           // export, write, pause, pauses, resume
void AddNotifyCommands(CLI::App& app);         // notify test
void AddModelCommands(CLI::App& app);          // models, models refit | use
void AddFeedCommands(CLI::App& app);           // feeds import | update | status | remove
void AddPolicyCommands(CLI::App& app);         // policy set, show, check

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_CLI_H_
