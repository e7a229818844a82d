// driftcast completion, driftcast man: written from the command line's own declarations.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/command_tree.h"
#include "base/file.h"
#include "base/time.h"

namespace driftcast {
namespace {

Status PrintCompletion(const CLI::App& program, const std::string& shell) {
  const CommandNode tree = TreeOf(program);
  const std::string script = shell == "bash"  ? BashCompletion(tree)
                             : shell == "zsh" ? ZshCompletion(tree)
                                              : FishCompletion(tree);
  std::fputs(script.c_str(), stdout);
  return Ok();
}

// driftcast.1, and one page for each command.
Status WriteManPages(const CLI::App& program, const std::string& folder, const std::string& date) {
  const CommandNode tree = TreeOf(program);
  const std::filesystem::path to = folder;
  CommandNode overview = tree;
  for (CommandNode& command : overview.commands) {  // each has a page of its own
    command.options.clear();
    command.commands.clear();
    command.footer.clear();
  }
  DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(
      to / (tree.name + ".1"), ManPage(overview, "", 1, DRIFTCAST_VERSION, date), 0644));
  for (const CommandNode& command : tree.commands)
    DRIFTCAST_RETURN_IF_ERROR(
        WriteFileAtomically(to / fmt::format("{}-{}.1", tree.name, command.name),
                            ManPage(command, tree.name, 1, DRIFTCAST_VERSION, date), 0644));
  return Ok();
}

}  // namespace

void AddDocumentCommands(CLI::App& app) {
  auto* completion =
      app.add_subcommand("completion", "Print completion for a shell: bash, zsh or fish");
  completion->footer("Example:\n  driftcast completion bash > /etc/bash_completion.d/driftcast");
  auto shell = std::make_shared<std::string>();
  completion->add_option("shell", *shell, "Which one")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  OnRun(*completion, [&app, shell] { return PrintCompletion(app, *shell); });

  auto* man = app.add_subcommand("man", "Write the man pages into a folder");
  man->footer("Example:\n  driftcast man ./man1 && man ./man1/driftcast.1");
  auto folder = std::make_shared<std::string>();
  auto date = std::make_shared<std::string>(FormatInstant(SystemClock()->Now()).substr(0, 10));
  man->add_option("folder", *folder, "Where to")->required()->check(CLI::ExistingDirectory);
  man->add_option("--date", *date, "Date on the pages (default: today)");
  OnRun(*man, [&app, folder, date] { return WriteManPages(app, *folder, *date); });
}

}  // namespace driftcast
