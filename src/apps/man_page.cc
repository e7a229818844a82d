// Man pages in roff (groff_man(7)).
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "apps/command_tree.h"

namespace driftcast {
namespace {

// Text as roff takes it: no line begins with a command, hyphens that can be copied.
std::string Roff(const std::string& text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string Option(const CommandOption& option) {
  std::string names;
  for (const std::string& name : option.names)
    names += (names.empty() ? "\\fB" : ", \\fB") + Roff(name) + "\\fR";
  if (option.names.empty()) names = "\\fI" + Roff(option.place) + "\\fR";
  if (!option.value.empty() && !option.names.empty())
    names += " \\fI" + Roff(option.value) + "\\fR";
  std::string text = ".TP\n" + names + "\n" + Roff(option.about);
  if (!option.choices.empty())
    text += Roff(fmt::format(" One of: {}.", fmt::join(option.choices, ", ")));
  if (!option.otherwise.empty()) text += Roff(" Default: " + option.otherwise + ".");
  return text + "\n";
}

std::string Synopsis(const CommandNode& node, const std::string& path) {
  std::string line = ".B " + Roff(path) + "\n";
  for (const CommandOption& option : node.options)
    if (option.names.empty())
      line += option.required ? fmt::format(".I {}\n", Roff(option.place))
                              : fmt::format(".RI [ {} ]\n", Roff(option.place));
  if (!node.commands.empty()) line += ".I command\n";
  return line + ".RI [ options ]\n";
}

// The command and all below it.
std::string Body(const CommandNode& node, const std::string& path) {
  std::string text;
  for (const CommandOption& option : node.options) text += Option(option);
  for (const CommandNode& command : node.commands) {
    const std::string below = path + " " + command.name;
    text += ".SS " + Roff(below) + "\n" + Roff(command.about) + ".\n.PP\n" +
            Synopsis(command, below) + Body(command, below);
  }
  if (!node.footer.empty()) text += ".PP\n.nf\n" + Roff(node.footer) + "\n.fi\n";
  return text;
}

}  // namespace

std::string ManPage(const CommandNode& command, const std::string& path, int section,
                    const std::string& version, const std::string& date) {
  const std::string full = path.empty() ? command.name : path + " " + command.name;
  std::string title = full;
  std::replace(title.begin(), title.end(), ' ', '-');
  return fmt::format(
      ".TH {} {} {} \"Driftcast {}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}.SH OPTIONS\n{}"
      ".SH EXIT STATUS\n.TP\n.B 0\nIt was done.\n.TP\n.B 1\nIt was tried and failed, or "
      "\\fB\\-\\-gate\\fR found something; the reason is on standard error.\n.TP\n.B 2\nThe "
      "command line or an input file is wrong, or what it names does not exist.\n"
      ".SH ENVIRONMENT\n.TP\n.B DRIFTCAST_SERVER\nAddress of the engine.\n.TP\n.B "
      "DRIFTCAST_TOKEN\nAPI token.\n.TP\n.B NO_COLOR\nWhen set, nothing is printed in colour.\n",
      Upper(title), section, date, version, title, Roff(command.about), Synopsis(command, full),
      Body(command, full));
}

}  // namespace driftcast
