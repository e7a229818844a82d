// Formats of records: tables with a field that names the entry, and Debian's control stanzas.
#include <array>
#include <map>

#include "collect/parse_text.h"

namespace driftcast {
namespace {

// "passwd" -> how its lines are built.
struct TableLayout {
  std::string_view id;
  char separator;  // ' ' = runs of blanks
  size_t label;    // index of the field that names the entry
  std::string_view list;
  std::array<std::string_view, 9> fields;
};

constexpr std::array kLayouts = {
    TableLayout{
        "passwd", ':', 0, "user", {"name", "password", "uid", "gid", "gecos", "home", "shell"}},
    TableLayout{"group", ':', 0, "group", {"name", "password", "gid", "members"}},
    TableLayout{"shadow",
                ':',
                0,
                "user",
                {"name", "password", "last_change", "min_days", "max_days", "warn_days",
                 "inactive_days", "expires", "reserved"}},
    TableLayout{"gshadow", ':', 0, "group", {"name", "password", "admins", "members"}},
    TableLayout{"subid", ':', 0, "user", {"name", "start", "count"}},
    TableLayout{"fstab", ' ', 1, "mount", {"device", "point", "type", "options", "dump", "pass"}},
    TableLayout{"crypttab", ' ', 0, "device", {"name", "source", "key_file", "options"}},
};

const TableLayout* FindLayout(std::string_view id) {
  for (const TableLayout& layout : kLayouts)
    if (layout.id == id) return &layout;
  return nullptr;
}

std::vector<std::string_view> Fields(std::string_view line, char separator) {
  if (separator == ' ') return SplitBlanks(line);
  std::vector<std::string_view> fields;
  for (;;) {
    const size_t end = line.find(separator);
    fields.push_back(TrimBlanks(line.substr(0, end)));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

// "127.0.0.1 localhost loghost": a set of names for each address.
Parsed ParseHosts(std::string_view content) {
  Parsed out;
  LineReader lines(content);
  std::string line;
  while (lines.Next(line)) {
    std::string_view text = TrimBlanks(line);
    text = TrimBlanks(text.substr(0, text.find('#')));
    if (text.empty()) continue;
    const auto words = SplitBlanks(text);
    if (words.size() < 2) {
      out.unparsed.emplace_back(text);
      continue;
    }
    for (size_t i = 1; i < words.size(); ++i)
      out.keys.push_back(
          {"host[" + std::string(words[0]) + "].name[]", Value::Text(std::string(words[i]))});
  }
  return out;
}

void AddStanza(std::map<std::string, std::string>& stanza, KeyBag& bag) {
  if (stanza.empty()) return;
  std::string label = SquashBlanks(stanza["URIs"] + " " + stanza["Suites"]);
  if (label.empty())
    label = stanza.contains("Package") ? stanza["Package"] : stanza.begin()->second;
  for (const auto& [name, value] : stanza)
    if (!value.empty()) bag.Add("source[" + label + "]." + name, SquashBlanks(value));
  stanza.clear();
}

}  // namespace

Parsed ParseTable(std::string_view content, std::string_view layout_id) {
  if (layout_id == "hosts") return ParseHosts(content);
  Parsed out;
  const TableLayout* layout = FindLayout(layout_id);
  if (layout == nullptr) return out;
  KeyBag bag;
  LineReader lines(content, /*join=*/false);
  std::string line;
  while (lines.Next(line)) {
    const std::string_view text = TrimBlanks(line);
    if (text.empty() || text[0] == '#') continue;
    const auto fields = Fields(text, layout->separator);
    if (fields.size() <= layout->label || fields.size() < 2 || fields[layout->label].empty() ||
        fields.size() > layout->fields.size()) {
      out.unparsed.emplace_back(text);
      continue;
    }
    const std::string entry =
        std::string(layout->list) + "[" + std::string(fields[layout->label]) + "].";
    for (size_t i = 0; i < fields.size(); ++i)
      if (i != layout->label && !layout->fields[i].empty())
        bag.Add(entry + std::string(layout->fields[i]), fields[i]);
  }
  out.keys = bag.Take();
  return out;
}

Parsed ParseDeb822(std::string_view content) {
  Parsed out;
  KeyBag bag;
  LineReader lines(content, /*join=*/false);
  std::string line, last;
  std::map<std::string, std::string> stanza;
  while (lines.Next(line)) {
    const std::string_view text = TrimBlanks(line);
    if (text.empty()) {
      AddStanza(stanza, bag);
      last.clear();
      continue;
    }
    if (line[0] == '#') continue;
    const size_t colon = text.find(':');
    if ((line[0] == ' ' || line[0] == '\t') && !last.empty()) {
      stanza[last] += "\n" + std::string(text);
    } else if (colon != std::string_view::npos && colon > 0) {
      last = std::string(TrimBlanks(text.substr(0, colon)));
      stanza[last] = std::string(TrimBlanks(text.substr(colon + 1)));
    } else {
      out.unparsed.emplace_back(text);
    }
  }
  AddStanza(stanza, bag);
  out.keys = bag.Take();
  return out;
}

}  // namespace driftcast
