// The command line as data: what shell completion and man pages are written from, so that they say
// what the program does.
#ifndef DRIFTCAST_APPS_COMMAND_TREE_H_
#define DRIFTCAST_APPS_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace driftcast {

struct CommandOption {
  std::vector<std::string> names;  // "--json"; empty for a place on the line
  std::string place;               // "file": its word in the usage, when it has no name
  std::string about;
  std::string value;                 // "TEXT"; empty for a flag
  std::vector<std::string> choices;  // when only these are possible
  std::string otherwise;             // default, for people
  bool required = false;
};

struct CommandNode {
  std::string name;
  std::string about;
  std::string footer;  // examples
  std::vector<CommandOption> options;
  std::vector<CommandNode> commands;
};

CommandNode TreeOf(const CLI::App& app);

// Scripts for the shell, which complete commands, options and their choices, else file names.
std::string BashCompletion(const CommandNode& program);
std::string ZshCompletion(const CommandNode& program);
std::string FishCompletion(const CommandNode& program);

// Pages for man(1), in roff. `path` are the words before the command's name ("driftcast token").
// `date` is "2026-03-14".
std::string ManPage(const CommandNode& command, const std::string& path, int section,
                    const std::string& version, const std::string& date);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_COMMAND_TREE_H_
