// Shell completion. Each script finds out which command the line is at, by walking its words, and
// offers what that command takes.
#include <fmt/format.h>

#include "apps/command_tree.h"

namespace driftcast {
namespace {

// Calls `each` with every command and its path, "driftcast token list".
template <typename Each>
void Walk(const CommandNode& node, const std::string& path, const Each& each) {
  each(node, path);
  for (const CommandNode& command : node.commands) Walk(command, path + " " + command.name, each);
}

// In single quotes, for sh and zsh.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// For fish, where a backslash escapes within single quotes.
std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::string WordsOf(const CommandNode& node) {
  std::vector<std::string> words;
  for (const CommandNode& command : node.commands) words.push_back(command.name);
  for (const CommandOption& option : node.options)
    words.insert(words.end(), option.names.begin(), option.names.end());
  return Joined(words);
}

// The lines of a `case` that find the path from the words.
std::string PathCases(const CommandNode& program) {
  std::string cases;
  Walk(program, program.name, [&](const CommandNode& node, const std::string& path) {
    if (&node != &program) cases += fmt::format("      {}) at={} ;;\n", Quoted(path), Quoted(path));
  });
  return cases;
}

std::string ChoiceCases(const CommandNode& program) {
  std::string cases;
  Walk(program, program.name, [&](const CommandNode& node, const std::string& path) {
    for (const CommandOption& option : node.options) {
      if (option.choices.empty()) continue;
      for (const std::string& name : option.names)
        cases += fmt::format("    {}) words={} ;;\n", Quoted(path + " " + name),
                             Quoted(Joined(option.choices)));
    }
  });
  return cases;
}

}  // namespace

std::string BashCompletion(const CommandNode& program) {
  std::string words;
  Walk(program, program.name, [&](const CommandNode& node, const std::string& path) {
    words += fmt::format("    {}) words={} ;;\n", Quoted(path), Quoted(WordsOf(node)));
  });
  return fmt::format(R"(# bash completion for {0}; written by `{0} completion bash`
_{0}() {{
  local at={0} word words= current=${{COMP_WORDS[COMP_CWORD]}}
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$at $word" in
{1}    esac
  done
  case "$at" in
{2}  esac
  case "$at ${{COMP_WORDS[COMP_CWORD-1]}}" in
{3}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _{0} {0}
)",
                     program.name, PathCases(program), words, ChoiceCases(program));
}

std::string ZshCompletion(const CommandNode& program) {
  std::string words;
  Walk(program, program.name, [&](const CommandNode& node, const std::string& path) {
    std::string list;
    const auto add = [&](const std::string& name, const std::string& about) {
      std::string line = name + ":" + about;
      list += " " + Quoted(line);
    };
    for (const CommandNode& command : node.commands) add(command.name, command.about);
    for (const CommandOption& option : node.options)
      for (const std::string& name : option.names) add(name, option.about);
    words += fmt::format("    {}) words=({}) ;;\n", Quoted(path), list);
  });
  std::string choices = ChoiceCases(program);
  for (size_t at = choices.find("words="); at != std::string::npos;
       at = choices.find("words=", at + 8))
    choices.replace(at, 6, "values=");
  return fmt::format(R"(#compdef {0}
# zsh completion for {0}; written by `{0} completion zsh`
_{0}() {{
  local at={0} word values=
  local -a words_before words
  words_before=(${{(@)${{(@s: :)BUFFER}}[2,CURRENT-1]}})
  for word in $words_before; do
    case "$at $word" in
{1}    esac
  done
  case "$at" in
{2}  esac
  case "$at ${{words_before[-1]}}" in
{3}  esac
  if [[ -n $values ]]; then
    compadd -- ${{=values}}
  else
    _describe {0} words || _files
  fi
}}
compdef _{0} {0}
)",
                     program.name, PathCases(program), words, choices);
}

std::string FishCompletion(const CommandNode& program) {
  std::string lines;
  Walk(program, program.name, [&](const CommandNode& node, const std::string& path) {
    const std::string when = fmt::format("complete -c {} -n {}", program.name,
                                         FishQuoted("__" + program.name + "_at \"" + path + "\""));
    for (const CommandNode& command : node.commands)
      lines += fmt::format("{} -f -a {} -d {}\n", when, command.name, FishQuoted(command.about));
    for (const CommandOption& option : node.options) {
      if (option.names.empty()) continue;
      std::string names;
      for (const std::string& name : option.names)
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      std::string value = option.value.empty() ? "" : " -r";
      if (!option.choices.empty()) value = " -x -a " + FishQuoted(Joined(option.choices));
      lines += fmt::format("{}{}{} -d {}\n", when, names, value, FishQuoted(option.about));
    }
  });
  std::string paths;
  Walk(program, program.name, [&](const CommandNode& node, const std::string& path) {
    if (&node != &program)
      paths +=
          fmt::format("      case {}\n        set at {}\n", FishQuoted(path), FishQuoted(path));
  });
  return fmt::format(R"(# fish completion for {0}; written by `{0} completion fish`
function __{0}_at
  set -l at {0}
  for word in (commandline -opc)[2..]
    switch "$at $word"
{1}    end
  end
  test "$at" = "$argv[1]"
end
{2})",
                     program.name, paths, lines);
}

}  // namespace driftcast
