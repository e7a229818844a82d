// Formats whose lines stand alone: keywords, shell variables, lines.
#include <algorithm>
#include <cctype>

#include "base/crypto.h"
#include "collect/parse_text.h"

namespace driftcast {
namespace {

bool IsNameChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_.-/*@+:%$").find(c) != std::string_view::npos;
}

bool IsShellName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
}

// " # comment" at the end of a value, unless the value is quoted.
std::string_view WithoutTrailingComment(std::string_view value) {
  if (!value.empty() && (value[0] == '"' || value[0] == '\'')) return value;
  for (size_t at = value.find('#'); at != std::string_view::npos; at = value.find('#', at + 1))
    if (at > 0 && (value[at - 1] == ' ' || value[at - 1] == '\t'))
      return TrimBlanks(value.substr(0, at));
  return value;
}

// The value of a shell assignment when it is one plain or quoted word; else false.
bool ShellWord(std::string_view text, std::string_view& value) {
  text = TrimBlanks(text);
  if (!text.empty() && (text[0] == '"' || text[0] == '\'')) {
    const size_t close = text.find(text[0], 1);
    if (close == std::string_view::npos) return false;
    const std::string_view rest = TrimBlanks(text.substr(close + 1));
    value = text.substr(1, close - 1);
    return rest.empty() || rest[0] == '#' || rest[0] == ';';
  }
  value = WithoutTrailingComment(text);
  return value.find_first_of(" \t\"'`") == std::string_view::npos;
}

struct Keyword {
  std::string_view name, value;
};

// Name, then blanks and at most one '=' or ':', then the value.
bool SplitKeyword(std::string_view line, Keyword& out) {
  size_t end = 0;
  while (end < line.size() && IsNameChar(line[end])) ++end;
  // "name: value" - the colon belongs to neither.
  const bool colon = end > 1 && line[end - 1] == ':';
  out.name = line.substr(0, colon ? end - 1 : end);
  if (out.name.empty()) return false;
  std::string_view rest = TrimBlanks(line.substr(end));
  const bool separated = colon || rest.size() < line.size() - end || rest.empty();
  const bool equals = !rest.empty() && !colon && (rest[0] == '=' || rest[0] == ':');
  if (equals) rest = TrimBlanks(rest.substr(1));
  if (!separated && !equals) return false;
  out.value = StripQuotes(WithoutTrailingComment(rest));
  return true;
}

}  // namespace

Parsed ParseKeywords(std::string_view content) {
  Parsed out;
  KeyBag bag;
  LineReader lines(content);
  std::string line, block;
  while (lines.Next(line)) {
    const std::string_view text = TrimBlanks(line);
    if (IsComment(text)) continue;
    Keyword found;
    if (!SplitKeyword(text, found)) {
      out.unparsed.emplace_back(text);
    } else if (found.name == "Match" || found.name == "Host") {
      block = std::string(found.name) + "[" + SquashBlanks(found.value) + "].";
    } else {
      bag.Add(block + std::string(found.name), SquashBlanks(found.value));
    }
  }
  out.keys = bag.Take();
  return out;
}

Parsed ParseShell(std::string_view content) {
  Parsed out;
  KeyBag bag;
  LineReader lines(content);
  std::string line;
  while (lines.Next(line)) {
    std::string_view text = TrimBlanks(line);
    if (IsComment(text)) continue;
    if (text.starts_with("export ")) text = TrimBlanks(text.substr(7));
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, std::min(equals, text.size()));
    std::string_view value;
    if (equals != std::string_view::npos && IsShellName(name) &&
        ShellWord(text.substr(equals + 1), value)) {
      bag.Add(std::string(name), value);
    } else {
      out.unparsed.emplace_back(text);
    }
  }
  out.keys = bag.Take();
  return out;
}

Parsed ParseLines(std::string_view content, bool ordered) {
  Parsed out;
  LineReader lines(content);
  std::string line;
  while (lines.Next(line)) {
    const std::string_view text = TrimBlanks(line);
    if (text.empty() || text[0] == '#') continue;
    std::string normal = SquashBlanks(WithoutTrailingComment(text));
    if (ordered) out.sequence += normal + '\n';
    out.keys.push_back({"line[]", Value::Guess(normal)});
  }
  return out;
}

}  // namespace driftcast
