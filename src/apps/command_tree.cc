#include "apps/command_tree.h"

#include <CLI/CLI.hpp>

namespace driftcast {
namespace {

// CLI11 writes what is possible behind the type: "TEXT:{viewer,operator}".
void SplitType(const std::string& type, CommandOption& option) {
  const size_t open = type.find('{');
  option.value = type.substr(0, type.find(':'));
  if (open == std::string::npos) return;
  std::string list = type.substr(open + 1, type.find('}') - open - 1);
  for (size_t at = 0; at <= list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    option.choices.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
}

CommandOption OptionOf(const CLI::Option& from) {
  CommandOption option;
  for (const std::string& name : from.get_snames()) option.names.push_back("-" + name);
  for (const std::string& name : from.get_lnames()) option.names.push_back("--" + name);
  option.about = from.get_description();
  option.required = from.get_required();
  if (option.names.empty()) option.place = from.get_name();
  if (from.get_type_size() > 0) SplitType(from.get_type_name(), option);
  option.otherwise = from.get_default_str();
  return option;
}

}  // namespace

CommandNode TreeOf(const CLI::App& app) {
  CommandNode node;
  node.name = app.get_name();
  node.about = app.get_description();
  node.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) node.options.push_back(OptionOf(*option));
  for (const CLI::App* command : app.get_subcommands(nullptr))
    node.commands.push_back(TreeOf(*command));
  return node;
}

}  // namespace driftcast
