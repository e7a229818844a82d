#include "collect/parse_text.h"

#include <algorithm>

#include <fmt/core.h>

namespace driftcast {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

}  // namespace

size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

std::string_view TrimBlanks(std::string_view text) {
  const size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

std::vector<std::string_view> SplitBlanks(std::string_view text) {
  std::vector<std::string_view> words;
  size_t at = 0;
  while ((at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string SquashBlanks(std::string_view text) {
  std::string out;
  for (const std::string_view word : SplitBlanks(text)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

std::string_view StripQuotes(std::string_view text) {
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0] &&
      text.find(text[0], 1) == text.size() - 1)
    return text.substr(1, text.size() - 2);
  return text;
}

bool LineReader::Next(std::string& line) {
  if (text_.empty()) return false;
  line.clear();
  for (;;) {
    const size_t end = std::min(text_.find('\n'), text_.size());
    std::string_view part = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    if (!part.empty() && part.back() == '\r') part.remove_suffix(1);
    const bool more = join_ && !part.empty() && part.back() == '\\' && !text_.empty() &&
                      !IsComment(TrimBlanks(part));
    if (more) part.remove_suffix(1);
    line += part;
    if (!more) return true;
    line += ' ';
  }
}

bool IsComment(std::string_view trimmed_line) {
  return trimmed_line.empty() || trimmed_line[0] == '#' || trimmed_line[0] == ';';
}

void KeyBag::Add(std::string path, std::string_view value) {
  keys_.push_back({std::move(path), Value::Guess(value)});
}

std::vector<KeyValue> KeyBag::Take() {
  Canonicalize(keys_);
  for (size_t i = 0; i < keys_.size();) {
    size_t end = i + 1;
    while (end < keys_.size() && keys_[end].path == keys_[i].path) ++end;
    if (end - i > 1)
      for (size_t j = end; j-- > i;) keys_[j].path += "[]";
    i = end;
  }
  return std::move(keys_);
}

std::string CleanText(std::string_view text, size_t bytes_max) {
  std::string out;
  const bool cut = text.size() > bytes_max;
  if (cut) text = text.substr(0, bytes_max);
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0 || first < 0x20 || first == 0x7F) {
      out += fmt::format("\\x{:02x}", first);
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  if (cut) out += "...";
  return out;
}

Parsed Parse(const Format& format, std::string_view content) {
  switch (format.syntax) {
    case Syntax::kKeywords:
      return ParseKeywords(content);
    case Syntax::kShell:
      return ParseShell(content);
    case Syntax::kIni:
      return ParseIni(content);
    case Syntax::kBraces:
      return ParseBraces(content);
    case Syntax::kTable:
      return ParseTable(content, format.detail);
    case Syntax::kDeb822:
      return ParseDeb822(content);
    case Syntax::kLines:
      return ParseLines(content, format.ordered);
    case Syntax::kOpaque:
    case Syntax::kLens:
      break;
  }
  return {};
}

}  // namespace driftcast
