#include "ingest/line_reader.h"

#include <cctype>

#include "ingest/config_readers.h"

namespace driftcast::ingest {
namespace {

constexpr size_t kSectionDepthMax = 10;

bool IsWord(std::string_view text) {
  for (char c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.')
      return false;
  return !text.empty();
}

bool IsKeyChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("_-./$@%+~*:\\[]?").find(c) != std::string_view::npos;
}

// "key = value", "key: value", "key value", "key"; false when the line has no key.
bool SplitLine(std::string_view line, std::string* key, std::string_view* value) {
  size_t end = 0;
  bool has_word = false;
  for (; end < line.size(); ++end) {
    const char c = line[end];
    if (c == '=' || c == ' ' || c == '\t') break;
    if (c == ':' && (end + 1 == line.size() || line[end + 1] == ' ' || line[end + 1] == '\t'))
      break;
    if (!IsKeyChar(c)) return false;
    has_word |= std::isalnum(static_cast<unsigned char>(c)) != 0;
  }
  if (!has_word) return false;
  *key = line.substr(0, end);
  std::string_view rest = Trimmed(line.substr(end));
  if (rest.empty()) {
    if (!IsWord(*key)) return false;
    *value = "(set)";
    return true;
  }
  if (rest[0] == '=' || rest[0] == ':') rest = Trimmed(rest.substr(1));
  if (rest.starts_with('=')) return false;  // a comparison
  *value = Unquoted(rest);
  return true;
}

bool IsComment(std::string_view line) {
  return line[0] == '#' || line[0] == ';' || line.starts_with("//") || line.starts_with("<!--") ||
         line[0] == '!';
}

// The scope that lines fall in: sections by header, blocks by nesting.
class LineScopes {
 public:
  explicit LineScopes(LineMap* root) : path_{root} {}

  void Section(std::string_view name) {
    path_.resize(1);
    path_.push_back(path_[0]->Section(name));
    ignored_ = 0;
  }
  void Open(std::string_view name) {
    if (path_.size() <= kSectionDepthMax)
      path_.push_back(path_.back()->Section(name));
    else
      ++ignored_;
  }
  void Close() {
    if (ignored_ > 0)
      --ignored_;
    else if (path_.size() > 1)
      path_.pop_back();
  }
  void Add(std::string_view key, std::string_view value) {
    path_.back()->Add(key, std::string(value));
  }

 private:
  std::vector<LineMap*> path_;
  size_t ignored_ = 0;
};

bool IsXml(std::string_view text) {
  text = Trimmed(text.substr(0, 4096));
  return text.starts_with("<?xml") || text.starts_with("<!DOCTYPE") || text.starts_with("<!--");
}

// True when the line opened or closed a scope.
bool ReadScope(std::string_view line, LineScopes* scopes) {
  if (line.size() > 2 && line[0] == '[' && line.back() == ']') {
    line.remove_prefix(line.find_first_not_of("[ "));
    line.remove_suffix(line.size() - 1 - line.find_last_not_of("] "));
    scopes->Section(line);
    return true;
  }
  if (line.starts_with("</") && line.back() == '>') {
    scopes->Close();
    return true;
  }
  if (line.size() > 2 && line[0] == '<' && line.back() == '>' && line[line.size() - 2] != '/') {
    scopes->Open(Trimmed(line.substr(1, line.size() - 2)));
    return true;
  }
  const bool closes = line[0] == '}';
  const bool opens = line.back() == '{';
  if (closes) scopes->Close();
  if (opens) scopes->Open(Trimmed(line.substr(closes, line.size() - 1 - closes)));
  return opens || (closes && line.find_first_not_of("};,) ") == std::string_view::npos);
}

void ReadLine(std::string_view line, LineScopes* scopes) {
  if (line.find_first_not_of("[](){}<>;,. ") == std::string_view::npos) {
    if (line[0] == '}') scopes->Close();
    return;
  }
  if (ReadScope(line, scopes)) return;
  while (line.ends_with(';')) line.remove_suffix(1);
  line = Trimmed(line);
  if (line.empty()) return;
  std::string key;
  std::string_view value;
  if (SplitLine(line, &key, &value))
    scopes->Add(key, value);
  else
    scopes->Add("line", line);
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\v\f");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n\v\f") + 1 - begin);
}

std::vector<std::string> LogicalLines(std::string_view text) {
  std::vector<std::string> lines;
  bool joins = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool continues = line.ends_with('\\') && !line.ends_with("\\\\");
    if (continues) line = Trimmed(line.substr(0, line.size() - 1));
    if (joins)
      (lines.back() += ' ') += ValidUtf8(line);
    else if (!line.empty())
      lines.push_back(ValidUtf8(line));
    joins = continues && !lines.empty() && !lines.back().empty();
  }
  return lines;
}

std::string_view Unquoted(std::string_view value) {
  if (value.size() < 2) return value;
  const char quote = value[0];
  if ((quote != '"' && quote != '\'') || value.back() != quote) return value;
  const std::string_view inner = value.substr(1, value.size() - 2);
  return inner.find(quote) == std::string_view::npos ? inner : value;
}

LineMap::Item& LineMap::At(std::string_view key) {
  const auto [found, added] = places_.try_emplace(std::string(key), items_.size());
  if (added) items_.push_back({std::string(key), {}, nullptr});
  return items_[found->second];
}

void LineMap::Add(std::string_view key, std::string value) {
  At(key).values.push_back(std::move(value));
}

LineMap* LineMap::Section(std::string_view name) {
  Item& item = At(name);
  if (item.section == nullptr) item.section = std::make_unique<LineMap>();
  return item.section.get();
}

ConfigNode LineMap::Build() && {
  ConfigNode map = ConfigNode::Map();
  for (Item& item : items_) {
    const bool has_value = !item.values.empty();
    // Lines without a key are a set even when there is one.
    if (item.values.size() == 1 && item.key != "line") {
      map.Add(item.key, ConfigNode::Scalar(std::move(item.values[0])));
    } else if (has_value) {
      ConfigNode& list = map.Add(item.key, ConfigNode::List());
      for (std::string& value : item.values) list.Add("", ConfigNode::Scalar(std::move(value)));
    }
    if (item.section != nullptr)
      map.Add(has_value ? item.key + "{}" : item.key, std::move(*item.section).Build());
  }
  return map;
}

ConfigNode ReadLines(std::string_view text) {
  LineMap root;
  LineScopes scopes(&root);
  const bool xml = IsXml(text);
  bool in_comment = false;
  for (const std::string& line : LogicalLines(text)) {
    if (line.starts_with("/*")) in_comment = true;
    if (in_comment) {
      in_comment = line.find("*/") == std::string::npos;
    } else if (xml) {
      scopes.Add("line", line);
    } else if (!IsComment(line)) {
      ReadLine(line, &scopes);
    }
  }
  return std::move(root).Build();
}

ConfigNode ReadEnv(std::string_view text) {
  LineMap root;
  for (const std::string& whole : LogicalLines(text)) {
    std::string_view line = whole;
    if (line[0] == '#') continue;
    if (line.starts_with("export ")) line = Trimmed(line.substr(7));
    const size_t equal = line.find('=');
    if (equal == std::string_view::npos || equal == 0)
      root.Add("line", std::string(line));
    else
      root.Add(Trimmed(line.substr(0, equal)),
               std::string(Unquoted(Trimmed(line.substr(equal + 1)))));
  }
  return std::move(root).Build();
}

}  // namespace driftcast::ingest
