// driftcast user: people who sign in with a password.
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/table.h"
#include "http/uri.h"

namespace driftcast {
namespace {

struct UserOptions {
  ClientOptions client;
  std::string name, role;
  std::vector<std::string> stacks;
};

// One line, which a terminal does not show.
std::string ReadPassword(const char* prompt) {
  termios before{};
  const bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    std::fputs(prompt, stderr);
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputs("\n", stderr);
  }
  return line;
}

std::string Text(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

Status ListUsers(const UserOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson users, client.Get("/api/v1/users"));
  if (options.client.json) return PrintJson(users), Ok();
  TextTable table({"NAME", "ROLE", "STACKS", "MADE BY"});
  for (const auto& user : users["rows"]) {
    std::string stacks;
    for (const auto& glob : user["stacks"])
      stacks += (stacks.empty() ? "" : " ") + glob.get<std::string>();
    table.Add({Text(user, "name"), Text(user, "role"), stacks.empty() ? "all" : Shown(stacks, 40),
               Text(user, "created_by")});
  }
  std::fputs(table.size() == 0 ? "Nobody signs in with a password.\n" : table.Write().c_str(),
             stdout);
  return Ok();
}

Status AddUser(const UserOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const std::string password = ReadPassword("Password: ");
  if (isatty(STDIN_FILENO) != 0 && ReadPassword("Again: ") != password)
    return InvalidArgument("the two passwords differ");
  ClientJson body = {{"name", options.name}, {"password", password}, {"role", options.role}};
  if (!options.stacks.empty()) body["stacks"] = options.stacks;
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson made, client.Post("/api/v1/users", body));
  if (options.client.json) return PrintJson(made), Ok();
  std::printf("%s may sign in, role %s\n", options.name.c_str(), options.role.c_str());
  return Ok();
}

Status RemoveUser(const UserOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  const auto done = client.Delete("/api/v1/users/" + PercentEncode(options.name));
  if (!done.ok()) return done.status();
  if (!options.client.json) std::printf("%s is out\n", options.name.c_str());
  return Ok();
}

CLI::App* Add(CLI::App& parent, const char* name, const char* about, const char* example,
              const std::shared_ptr<UserOptions>& options, Status (*run)(const UserOptions&)) {
  auto* command = parent.add_subcommand(name, about);
  command->footer(example);
  AddClientOptions(*command, options->client);
  OnRun(*command, [options, run] { return run(*options); });
  return command;
}

}  // namespace

void AddUserCommands(CLI::App& app) {
  auto* user = app.add_subcommand("user", "People who sign in with a password");
  user->require_subcommand(1);
  auto options = std::make_shared<UserOptions>();
  Add(*user, "list", "List them", "Example:\n  driftcast user list", options, ListUsers);
  auto* add = Add(*user, "add", "Let somebody sign in; asks for the password",
                  "Example:\n  driftcast user add grace --role approver --stacks 'web-*'", options,
                  AddUser);
  add->add_option("name", options->name, "Letters, digits and ._-@")->required();
  add->add_option("--role", options->role, "What they may do")
      ->required()
      ->check(CLI::IsMember({"viewer", "operator", "approver", "admin"}));
  add->add_option("--stacks", options->stacks, "Globs: only these stacks (default: all)");
  auto* remove = Add(*user, "remove", "Take somebody's access away; their sessions end at once",
                     "Example:\n  driftcast user remove grace", options, RemoveUser);
  remove->add_option("name", options->name, "Who")->required();
}

}  // namespace driftcast
