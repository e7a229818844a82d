#include "apply/edit_candidates.h"

#include <algorithm>
#include <array>
#include <optional>

namespace driftcast {
namespace {

// A logical line: bytes [begin, end) of the text, its line break included.
struct Line {
  size_t begin = 0;
  size_t end = 0;
};

// Joined lines (ending in a backslash) are one, as the readers see them.
std::vector<Line> LinesOf(std::string_view text) {
  std::vector<Line> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t newline = text.find('\n', at);
    const size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    size_t last = end;
    while (last > at && (text[last - 1] == '\n' || text[last - 1] == '\r')) --last;
    const size_t first = text.find_first_not_of(" \t", at);
    const bool comment = first < last && (text[first] == '#' || text[first] == ';');
    const bool joined = last > at && text[last - 1] == '\\' && !comment && end < text.size();
    at = end;
    if (joined) continue;
    lines.push_back({begin, end});
    begin = end;
  }
  return lines;
}

std::string Splice(std::string_view text, size_t begin, size_t end, std::string_view replacement) {
  std::string out(text.substr(0, begin));
  out += replacement;
  out += text.substr(end);
  return out;
}

// "a.b[c d].e" -> "e"; the whole path when there is no '.' outside of brackets.
std::string_view LastName(std::string_view path) {
  int depth = 0;
  for (size_t i = path.size(); i-- > 0;) {
    if (path[i] == ']') ++depth;
    if (path[i] == '[') --depth;
    if (path[i] == '.' && depth == 0) return path.substr(i + 1);
  }
  return path;
}

std::string_view ParentOf(std::string_view path) {
  const std::string_view name = LastName(path);
  return path.size() == name.size() ? std::string_view{}
                                    : path.substr(0, path.size() - name.size() - 1);
}

std::string_view TextOf(std::string_view content, const Line& line) {
  return content.substr(line.begin, line.end - line.begin);
}

// Lines that may hold the key: first those with its name and value, then with its value alone.
std::vector<Line> LinesWith(std::string_view content, const std::vector<Line>& lines,
                            std::string_view name, std::string_view value) {
  std::vector<Line> named, other;
  for (const auto& line : lines) {
    const std::string_view text = TextOf(content, line);
    if (text.find(name) != std::string_view::npos) {
      named.push_back(line);
    } else if (!value.empty() && text.find(value) != std::string_view::npos) {
      other.push_back(line);
    }
  }
  named.insert(named.end(), other.begin(), other.end());
  return named;
}

std::string Quoted(std::string_view value, char quote) {
  return std::string(1, quote) + std::string(value) + quote;
}

bool IsQuote(char c) { return c == '"' || c == '\''; }

// The old value at [at, at + size) becomes the new one: bare, in the quotes that are there, in new
// ones, or without the old ones.
bool ReplaceAt(const EditContext& c, size_t at, size_t size, const Accept& accept) {
  const std::string& value = c.edit.value;
  const bool quoted = at > 0 && at + size < c.content.size() && IsQuote(c.content[at - 1]) &&
                      c.content[at - 1] == c.content[at + size];
  if (accept(Splice(c.content, at, at + size, value))) return true;
  if (quoted) {
    const char other = c.content[at - 1] == '"' ? '\'' : '"';
    return accept(Splice(c.content, at - 1, at + size + 1, Quoted(value, other))) ||
           accept(Splice(c.content, at - 1, at + size + 1, value));
  }
  return accept(Splice(c.content, at, at + size, Quoted(value, '"'))) ||
         accept(Splice(c.content, at, at + size, Quoted(value, '\'')));
}

// What follows the name and one separator, up to a comment or the end of the line, becomes the new
// value: for values whose spelling in the text differs from how they are read.
bool ReplaceRest(const EditContext& c, const Line& line, std::string_view name,
                 const Accept& accept) {
  const std::string_view text = TextOf(c.content, line);
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    size_t begin = at + name.size();
    const auto skip_blanks = [&] {
      while (begin < text.size() && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
    };
    if (begin < text.size() && IsQuote(text[begin])) ++begin;
    skip_blanks();
    if (begin < text.size() && (text[begin] == '=' || text[begin] == ':')) ++begin;
    skip_blanks();
    size_t end = begin;
    while (end < text.size() && text[end] != '\n' && text[end] != '\r' && text[end] != '#' &&
           text[end] != ';')
      ++end;
    while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
    for (const std::string& value : {c.edit.value, Quoted(c.edit.value, '"'), " " + c.edit.value})
      if (accept(Splice(c.content, line.begin + begin, line.begin + end, value))) return true;
  }
  return false;
}

bool ProposeReplacement(const EditContext& c, const std::vector<Line>& lines,
                        const std::string& old_value, const Accept& accept) {
  const std::string_view name = LastName(c.edit.path);
  const auto candidates = LinesWith(c.content, lines, name, old_value);
  for (const auto& line : candidates) {
    const std::string_view text = TextOf(c.content, line);
    if (old_value.empty()) break;
    // From the back: the value follows the name.
    for (size_t at = text.rfind(old_value); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : text.rfind(old_value, at - 1))
      if (ReplaceAt(c, line.begin + at, old_value.size(), accept)) return true;
  }
  for (const auto& line : candidates)
    if (ReplaceRest(c, line, name, accept)) return true;
  return false;
}

// A line is left out; in texts where commas stand between entries, the one before it may go too.
bool ProposeRemoval(const EditContext& c, const std::vector<Line>& lines, const std::string& value,
                    const Accept& accept) {
  for (const auto& line : LinesWith(c.content, lines, LastName(PlainPath(c.edit.path)), value)) {
    if (accept(Splice(c.content, line.begin, line.end, ""))) return true;
    size_t comma = line.begin;
    while (comma > 0 &&
           std::string_view(" \t\r\n").find(c.content[comma - 1]) != std::string_view::npos)
      --comma;
    if (comma == 0 || c.content[comma - 1] != ',') continue;
    std::string shorter = Splice(c.content, line.begin, line.end, "");
    if (accept(shorter.erase(comma - 1, 1))) return true;
  }
  // A statement that shares its line with others.
  const std::string_view name = LastName(PlainPath(c.edit.path));
  for (size_t at = c.content.find(name); at != std::string_view::npos;
       at = c.content.find(name, at + 1)) {
    const size_t end = c.content.find(';', at);
    if (end == std::string_view::npos) break;
    if (accept(Splice(c.content, at, end + 1, ""))) return true;
  }
  return false;
}

// The line that holds a key: the one without which the key is not read.
std::optional<Line> FindLine(const EditContext& c, const std::vector<Line>& lines,
                             const KeyValue& key) {
  constexpr size_t kTriesMax = 8;
  size_t tries = 0;
  for (const auto& line :
       LinesWith(c.content, lines, LastName(PlainPath(key.path)), key.value.text)) {
    if (++tries > kTriesMax) break;
    const auto without = c.read(Splice(c.content, line.begin, line.end, ""));
    if (!without.ok()) continue;
    const bool still = std::ranges::any_of(*without, [&](const KeyValue& other) {
      return PlainPath(other.path) == PlainPath(key.path) && other.value == key.value;
    });
    if (!still) return line;
  }
  return std::nullopt;
}

std::string ReplaceLast(std::string text, std::string_view what, std::string_view by) {
  const size_t at = what.empty() ? std::string::npos : text.rfind(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

std::string ReplaceFirst(std::string text, std::string_view what, std::string_view by) {
  const size_t at = what.empty() ? std::string::npos : text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

// A neighbour's line with name and value exchanged, after the neighbour or before it.
bool InsertLike(const EditContext& c, const Line& line, const KeyValue& neighbour,
                const Accept& accept) {
  const std::string name(LastName(PlainPath(c.edit.path)));
  const std::string_view old_name = LastName(PlainPath(neighbour.path));
  std::string text(TextOf(c.content, line));
  const bool ends = text.ends_with('\n');
  if (!ends) text += '\n';
  // The value first: it stands behind the name.
  std::string with_value =
      neighbour.value.text.empty() ? text : ReplaceLast(text, neighbour.value.text, c.edit.value);
  std::string fresh = ReplaceFirst(with_value, old_name, name);
  const std::string quoted = ReplaceFirst(
      ReplaceLast(text, neighbour.value.text, Quoted(c.edit.value, '"')), old_name, name);
  const std::string break_before = ends ? "" : "\n";
  for (const std::string& one : {fresh, quoted}) {
    if (accept(Splice(c.content, line.end, line.end, break_before + one))) return true;
    if (accept(Splice(c.content, line.begin, line.begin, one))) return true;
    std::string comma = one;
    comma.insert(comma.find_last_not_of("\r\n") + 1, ",");
    if (accept(Splice(c.content, line.begin, line.begin, comma))) return true;
  }
  return false;
}

// "#PermitRootLogin prohibit-password": a line that shows how it would be written.
bool InsertAtTemplate(const EditContext& c, const std::vector<Line>& lines, const Accept& accept) {
  const std::string_view name = LastName(PlainPath(c.edit.path));
  for (const auto& line : lines) {
    std::string_view text = TextOf(c.content, line);
    const size_t mark = text.find_first_not_of(" \t");
    if (mark == std::string_view::npos || (text[mark] != '#' && text[mark] != ';')) continue;
    const size_t start = text.find_first_not_of("#; \t", mark);
    if (start == std::string_view::npos || !text.substr(start).starts_with(name)) continue;
    size_t end = start + name.size();
    const size_t after = text.find_first_not_of(" \t=:", end);
    if (after == end) continue;  // a longer name
    std::string fresh(text.substr(0, mark));
    fresh += text.substr(start, std::min(after, text.size()) - start);
    while (!fresh.empty() && (fresh.back() == '\n' || fresh.back() == '\r')) fresh.pop_back();
    const std::string separated = fresh.size() > mark + name.size() ? fresh : fresh + " ";
    const std::string break_before = text.ends_with('\n') ? "" : "\n";
    for (const std::string& value : {c.edit.value, Quoted(c.edit.value, '"')})
      if (accept(Splice(c.content, line.end, line.end, break_before + separated + value + "\n")))
        return true;
  }
  return false;
}

// Ways to write the first key of a text or of a section, by syntax.
std::vector<std::string> FreshLines(const EditContext& c) {
  const std::string path(PlainPath(c.edit.path));
  const std::string name(LastName(path));
  const std::string section(ParentOf(path));
  const std::string& value = c.edit.value;
  switch (c.format.syntax) {
    case Syntax::kKeywords:
      return {path + " = " + value, path + " " + value};
    case Syntax::kShell:
      return {path + "=" + value, path + "=" + Quoted(value, '"'),
              path + "=" + Quoted(value, '\'')};
    case Syntax::kIni:
      if (section.empty()) return {name + " = " + value};
      return {"[" + section + "]\n" + name + " = " + value,
              "\n[" + section + "]\n" + name + " = " + value};
    case Syntax::kBraces:
      return {path + " " + Quoted(value, '"') + ";"};
    case Syntax::kLines:
      return {value};
    default:
      return {};
  }
}

bool AppendFresh(const EditContext& c, const Accept& accept) {
  std::string base(c.content);
  if (!base.empty() && base.back() != '\n') base += '\n';
  for (const auto& line : FreshLines(c))
    if (accept(base + line + "\n") || accept(line + "\n" + base)) return true;
  return false;
}

void ProposeInsertion(const EditContext& c, const std::vector<Line>& lines, const Accept& accept) {
  constexpr size_t kNeighboursMax = 12;
  if (InsertAtTemplate(c, lines, accept)) return;
  const std::string path(PlainPath(c.edit.path));
  std::vector<const KeyValue*> neighbours;
  for (const auto& key : c.keys)
    if (key.path[0] != '@' && ParentOf(PlainPath(key.path)) == ParentOf(path))
      neighbours.push_back(&key);
  // Members of the same set first, then the others as they come.
  std::ranges::stable_sort(neighbours, [&](const KeyValue* a, const KeyValue* b) {
    return (PlainPath(a->path) == path) > (PlainPath(b->path) == path);
  });
  if (neighbours.size() > kNeighboursMax) neighbours.resize(kNeighboursMax);
  for (const KeyValue* neighbour : neighbours)
    if (const auto line = FindLine(c, lines, *neighbour))
      if (InsertLike(c, *line, *neighbour, accept)) return;
  AppendFresh(c, accept);
}

}  // namespace

std::string_view PlainPath(std::string_view path) {
  return path.ends_with("[]") ? path.substr(0, path.size() - 2) : path;
}

void ProposeEdits(const EditContext& c, const Accept& accept) {
  const auto lines = LinesOf(c.content);
  const std::string path(PlainPath(c.edit.path));
  const bool member = path != c.edit.path;
  const auto now = std::ranges::find_if(c.keys, [&](const KeyValue& key) {
    return PlainPath(key.path) == path && (!member || key.value.text == c.edit.value);
  });
  if (c.edit.remove) {
    ProposeRemoval(c, lines, now == c.keys.end() ? "" : now->value.text, accept);
  } else if (!member && now != c.keys.end()) {
    ProposeReplacement(c, lines, now->value.text, accept);
  } else {
    ProposeInsertion(c, lines, accept);
  }
}

}  // namespace driftcast
