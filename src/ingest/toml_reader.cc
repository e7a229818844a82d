// As a header of its own, without exceptions, whatever the compiled library that others link wants.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>

#include "ingest/config_readers.h"

namespace driftcast::ingest {
namespace {

// Cuts the spelling of numbers and dates out of the source, by the parser's positions.
class TomlTree {
 public:
  explicit TomlTree(std::string_view text) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      lines_.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  ConfigNode Convert(const toml::node& node, int depth) {
    if (const toml::table* table = node.as_table()) {
      ConfigNode map = ConfigNode::Map();
      for (const auto& [key, value] : *table)
        map.Add(std::string(key.str()), Convert(value, depth + 1));
      return map;
    }
    if (const toml::array* array = node.as_array()) {
      ConfigNode list = ConfigNode::List();
      for (const toml::node& item : *array) list.Add("", Convert(item, depth + 1));
      return list;
    }
    if (const auto* text = node.as_string()) return ConfigNode::Scalar(text->get());
    return ConfigNode::Scalar(Spelling(node.source()));
  }

 private:
  // Columns count code points; numbers and dates are ASCII, what precedes them may not be.
  std::string Spelling(const toml::source_region& region) const {
    if (region.begin.line == 0 || region.begin.line > lines_.size()) return "";
    const std::string_view line = lines_[region.begin.line - 1];
    const size_t begin = ByteOf(line, region.begin.column);
    const size_t end =
        region.end.line == region.begin.line ? ByteOf(line, region.end.column) : line.size();
    std::string_view text = line.substr(begin, end > begin ? end - begin : 0);
    while (!text.empty() &&
           (text.back() == ' ' || text.back() == '\r' || text.back() == '\t' || text.back() == ','))
      text.remove_suffix(1);
    return std::string(text);
  }

  static size_t ByteOf(std::string_view line, size_t column) {
    size_t at = 0;
    for (size_t i = 1; i < column && at < line.size(); ++i) {
      ++at;
      while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80) ++at;
    }
    return at;
  }

  std::vector<std::string_view> lines_;
};

// The same with U+FFFD for every letter outside ASCII that does not end a line. toml++ (3.3) runs
// into undefined behaviour when it asks whether some of them are spaces, which it does outside of
// strings and comments only (is_non_ascii_horizontal_whitespace).
std::string WithoutLetters(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
    const std::string_view letter = text.substr(at, length);
    const bool whole =
        length > 1 && letter.size() == length && std::ranges::all_of(letter.substr(1), [](char c) {
          return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
        });
    const bool ends_line =
        letter == "\xC2\x85" || letter == "\xE2\x80\xA8" || letter == "\xE2\x80\xA9";
    const bool byte_order_mark = at == 0 && letter == "\xEF\xBB\xBF";
    if (whole && !ends_line && !byte_order_mark) {
      out += "\xEF\xBF\xBD";
      at += length;
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace

StatusOr<ConfigNode> ReadToml(std::string_view text) {
  toml::parse_result parsed = toml::parse(WithoutLetters(text));
  // Where that is TOML, all of them are in strings and comments, and do no harm there.
  if (parsed) parsed = toml::parse(text);
  if (!parsed)
    return InvalidArgument("line {}: {}", parsed.error().source().begin.line,
                           parsed.error().description());
  return TomlTree(text).Convert(parsed.table(), 0);
}

}  // namespace driftcast::ingest
