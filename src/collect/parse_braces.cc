// Nested blocks with statements that end in ';': apt.conf, nginx, named, dhcpd.
#include <algorithm>
#include <cctype>

#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kDepthMax = 32;

// Words, quoted strings, '{', '}' and ';'.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  // False at the end. `punctuation` tells '{' from "{".
  bool Next(std::string& token, bool& punctuation) {
    SkipBlanksAndComments();
    if (text_.empty()) return false;
    punctuation = text_[0] == '{' || text_[0] == '}' || text_[0] == ';';
    if (punctuation) {
      token = text_.substr(0, 1);
      text_.remove_prefix(1);
    } else if (text_[0] == '"' || text_[0] == '\'') {
      Quoted(token);
    } else {
      Word(token);
    }
    return true;
  }

 private:
  void SkipBlanksAndComments() {
    for (;;) {
      while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_[0])))
        text_.remove_prefix(1);
      if (text_.starts_with("#") || text_.starts_with("//")) {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
      } else if (text_.starts_with("/*")) {
        const size_t end = text_.find("*/", 2);
        text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 2);
      } else {
        return;
      }
    }
  }

  void Quoted(std::string& token) {
    const char quote = text_[0];
    size_t end = 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    end = std::min(end, text_.size());
    token = text_.substr(1, end - 1);
    text_.remove_prefix(std::min(end + 1, text_.size()));
  }

  void Word(std::string& token) {
    size_t end = 0;
    while (end < text_.size() && !std::isspace(static_cast<unsigned char>(text_[end])) &&
           text_[end] != '{' && text_[end] != '}' && text_[end] != ';')
      ++end;
    token = text_.substr(0, end);
    text_.remove_prefix(end);
  }

  std::string_view text_;
};

std::string JoinFrom(const std::vector<std::string>& words, size_t first) {
  std::string out;
  for (size_t i = first; i < words.size(); ++i) {
    if (i > first) out += ' ';
    out += words[i];
  }
  return out;
}

// "location", "/x" -> "location[/x]".
std::string BlockName(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  const std::string label = JoinFrom(words, 1);
  return label.empty() ? words[0] : words[0] + "[" + label + "]";
}

std::string Path(const std::vector<std::string>& blocks, const std::string& name) {
  std::string out;
  for (const std::string& block : blocks)
    if (!block.empty()) out += block + ".";
  return out + name;
}

}  // namespace

Parsed ParseBraces(std::string_view content) {
  Parsed out;
  KeyBag bag;
  Tokens tokens(content);
  std::vector<std::string> blocks, words;
  // A list such as `Allowed-Origins { "a"; "b"; };` has members without names.
  const auto statement = [&] {
    if (words.empty()) return;
    if (words.size() == 1 && !blocks.empty()) {
      std::string list = Path(blocks, "");
      if (!list.empty()) list.pop_back();
      bag.Add(list + "[]", words[0]);
    } else {
      bag.Add(Path(blocks, words[0]), JoinFrom(words, 1));
    }
    words.clear();
  };
  std::string token;
  bool punctuation = false;
  while (tokens.Next(token, punctuation)) {
    if (!punctuation) {
      words.push_back(token);
    } else if (token == ";") {
      statement();
    } else if (token == "{") {
      if (blocks.size() == kDepthMax) {
        out.unparsed.emplace_back("blocks nested too deeply");
        break;
      }
      blocks.push_back(BlockName(words));
      words.clear();
    } else {
      statement();
      if (blocks.empty()) {
        out.unparsed.emplace_back("a '}' without its '{'");
      } else {
        blocks.pop_back();
      }
    }
  }
  if (!words.empty() || !blocks.empty())
    out.unparsed.push_back(JoinFrom(words, 0) + " (unfinished)");
  out.keys = bag.Take();
  for (KeyValue& key : out.keys)  // a member list may have become "x[][]"
    if (key.path.ends_with("[][]")) key.path.resize(key.path.size() - 2);
  return out;
}

}  // namespace driftcast
