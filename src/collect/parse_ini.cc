// INI and what looks like it: systemd units, desktop files, .gitconfig, Python's configparser.
#include "collect/parse_text.h"

namespace driftcast {
namespace {

// "[section]" -> "section", with blanks and quotes as they are: [http "https://x"].
bool ReadSection(std::string_view line, std::string& section) {
  if (line.size() < 2 || line[0] != '[') return false;
  const size_t close = line.rfind(']');
  if (close == std::string_view::npos) return false;
  section = std::string(TrimBlanks(line.substr(1, close - 1)));
  return true;
}

bool IsIndented(const std::string& line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

}  // namespace

Parsed ParseIni(std::string_view content) {
  Parsed out;
  KeyBag bag;
  LineReader lines(content);
  std::string line, section, name, value;
  bool pending = false;
  const auto finish = [&] {
    if (pending) bag.Add((section.empty() ? "" : section + ".") + name, StripQuotes(value));
    pending = false;
  };
  while (lines.Next(line)) {
    const std::string_view text = TrimBlanks(line);
    if (IsComment(text)) continue;
    std::string next_section;
    if (ReadSection(text, next_section)) {
      finish();
      section = std::move(next_section);
      continue;
    }
    const size_t separator = text.find_first_of("=:");
    // Python's configparser continues a value on indented lines; .gitconfig indents its keys.
    if (pending && IsIndented(line) && text.find('=') == std::string_view::npos) {
      value += '\n';
      value += text;
      continue;
    }
    finish();
    name = std::string(TrimBlanks(text.substr(0, separator)));
    if (name.empty()) {
      out.unparsed.emplace_back(text);
      continue;
    }
    value = separator == std::string_view::npos ? "" : TrimBlanks(text.substr(separator + 1));
    pending = true;
  }
  finish();
  out.keys = bag.Take();
  return out;
}

}  // namespace driftcast
