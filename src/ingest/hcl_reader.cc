#include <cctype>
#include <optional>

#include "ingest/config_readers.h"

namespace driftcast::ingest {
namespace {

bool IsIdentStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsIdent(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }

// Where an expression ends besides closing brackets and commas: at the line's end in bodies and
// objects, not inside of tuples and parentheses (HCL native syntax, "Newlines").
enum class Newline { kEnds, kIsSpace };

// A recursive-descent reader of HCL's native syntax. Expressions that are no literal are kept as
// text, so only their extent must be known: strings, templates, heredocs, comments, brackets.
// https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
class HclReader {
 public:
  explicit HclReader(std::string_view text) : text_(text) {}

  StatusOr<std::vector<HclBlock>> ReadFile() {
    std::vector<HclBlock> blocks;
    HclBlock attributes;
    attributes.body = ConfigNode::Map();
    for (;;) {
      SkipBlank(Newline::kIsSpace);
      if (AtEnd()) break;
      HclBlock item;
      std::string key;
      DRIFTCAST_RETURN_IF_ERROR(ReadItem(0, &item, &key));
      if (item.type.empty())
        attributes.body.Add(std::move(key), std::move(item.body));
      else
        blocks.push_back(std::move(item));
    }
    DropRepeatedKeys(&attributes.body);
    if (!attributes.body.children.empty()) blocks.push_back(std::move(attributes));
    return blocks;
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  Status Error(const char* what) const {
    size_t line = 1;
    for (size_t i = 0; i < at_ && i < text_.size(); ++i) line += text_[i] == '\n';
    return InvalidArgument("line {}: {}", line, what);
  }

  Status Count(int depth) {
    if (depth > kConfigDepthMax) return ResourceExhausted("nested too deeply");
    if (++nodes_ > kConfigNodesMax) return ResourceExhausted("too many nodes");
    return Ok();
  }

  bool SkipComment() {
    if (Peek() == '#' || StartsWith("//")) {
      while (!AtEnd() && Peek() != '\n') ++at_;
      return true;
    }
    if (!StartsWith("/*")) return false;
    const size_t end = text_.find("*/", at_ + 2);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
    return true;
  }

  void SkipBlank(Newline newline) {
    for (;;) {
      const char c = Peek();
      if (AtEnd()) return;
      if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && newline == Newline::kIsSpace))
        ++at_;
      else if (!SkipComment())
        return;
    }
  }

  std::string ReadIdent() {
    const size_t begin = at_;
    while (IsIdent(Peek()) && !AtEnd()) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // An attribute (item->type stays empty, its value is item->body) or a block.
  Status ReadItem(int depth, HclBlock* item, std::string* key) {
    DRIFTCAST_RETURN_IF_ERROR(Count(depth));
    DRIFTCAST_RETURN_IF_ERROR(ReadName(key));
    SkipBlank(Newline::kEnds);
    if (Peek() == '=') {
      ++at_;
      DRIFTCAST_RETURN_IF_ERROR(ReadExpression(depth + 1, Newline::kEnds, &item->body));
      SkipBlank(Newline::kEnds);
      if (!AtEnd() && Peek() != '\n' && Peek() != '}') return Error("expected the end of the line");
      return Ok();
    }
    item->type = *key;
    DRIFTCAST_RETURN_IF_ERROR(ReadLabels(&item->labels));
    ++at_;  // the brace
    return ReadBody(depth + 1, &item->body);
  }

  Status ReadName(std::string* name) {
    if (Peek() == '"') return ReadString(name);
    if (!IsIdentStart(Peek())) return Error("expected a name");
    *name = ReadIdent();
    return Ok();
  }

  Status ReadLabels(std::vector<std::string>* labels) {
    for (;;) {
      SkipBlank(Newline::kEnds);
      if (Peek() == '{') return Ok();
      std::string label;
      DRIFTCAST_RETURN_IF_ERROR(ReadName(&label));
      labels->push_back(std::move(label));
    }
  }

  // From behind the opening brace to behind the closing one.
  Status ReadBody(int depth, ConfigNode* body) {
    *body = ConfigNode::Map();
    for (;;) {
      SkipBlank(Newline::kIsSpace);
      if (AtEnd()) return Error("a block is not closed");
      if (Peek() == '}') break;
      HclBlock item;
      std::string key;
      DRIFTCAST_RETURN_IF_ERROR(ReadItem(depth, &item, &key));
      if (item.type.empty())
        body->Add(std::move(key), std::move(item.body));
      else
        AddBlock(std::move(item), body);
    }
    ++at_;
    DropRepeatedKeys(body);
    if (body->children.empty()) body->Add("(block)", ConfigNode::Scalar("set"));
    return Ok();
  }

  static void AddBlock(HclBlock item, ConfigNode* body) {
    ConfigNode* place = body;
    std::string key = std::move(item.type);
    for (std::string& label : item.labels) {
      ConfigNode* map = place->Find(key);
      if (map == nullptr) map = &place->Add(key, ConfigNode::Map());
      if (!map->is_map()) *map = ConfigNode::Map();
      place = map;
      key = std::move(label);
    }
    ConfigNode* list = place->Find(key);
    if (list == nullptr) list = &place->Add(key, ConfigNode::List());
    if (!list->is_list()) *list = ConfigNode::List();
    list->Add("", std::move(item.body));
  }

  // True where an expression may end; does not move.
  bool AtExpressionEnd(Newline newline) {
    const size_t saved = at_;
    SkipBlank(newline);
    const char c = Peek();
    const bool ends = AtEnd() || c == '\n' || c == ',' || c == '}' || c == ']' || c == ')';
    at_ = saved;
    return ends;
  }

  Status ReadExpression(int depth, Newline newline, ConfigNode* value) {
    DRIFTCAST_RETURN_IF_ERROR(Count(depth));
    SkipBlank(newline);
    const size_t begin = at_;
    const Status literal = ReadLiteral(depth, value);
    if (literal.ok() && AtExpressionEnd(newline)) return Ok();
    if (literal.code() == StatusCode::kResourceExhausted) return literal;
    at_ = begin;
    return ReadRaw(newline, value);
  }

  // A string, heredoc, tuple, object or an encoded one; anything else is FailedPrecondition.
  Status ReadLiteral(int depth, ConfigNode* value) {
    if (Peek() == '"') {
      *value = ConfigNode::Scalar("");
      return ReadString(&value->text);
    }
    if (StartsWith("<<")) {
      *value = ConfigNode::Scalar("");
      return ReadHeredoc(&value->text);
    }
    if (Peek() == '[') return ReadTuple(depth, value);
    if (Peek() == '{') return ReadObject(depth, value);
    if (StartsWith("jsonencode(") || StartsWith("yamlencode(")) return ReadEncoded(depth, value);
    return FailedPrecondition("no literal");
  }

  Status ReadEncoded(int depth, ConfigNode* value) {
    at_ += std::string_view("jsonencode(").size();
    SkipBlank(Newline::kIsSpace);
    if (Peek() != '{' && Peek() != '[') return FailedPrecondition("no literal");
    DRIFTCAST_RETURN_IF_ERROR(ReadExpression(depth + 1, Newline::kIsSpace, value));
    if (value->is_scalar()) return FailedPrecondition("no literal");
    SkipBlank(Newline::kIsSpace);
    if (Peek() == ',') ++at_;
    SkipBlank(Newline::kIsSpace);
    if (Peek() != ')') return FailedPrecondition("no literal");
    ++at_;
    return Ok();
  }

  bool AtFor() {
    if (!StartsWith("for")) return false;
    const char after = Peek(3);
    return after == ' ' || after == '\t' || after == '\n';
  }

  Status ReadTuple(int depth, ConfigNode* value) {
    *value = ConfigNode::List();
    ++at_;
    for (;;) {
      SkipBlank(Newline::kIsSpace);
      if (Peek() == ']') break;
      if (AtEnd() || AtFor()) return FailedPrecondition("no literal");
      ConfigNode item;
      DRIFTCAST_RETURN_IF_ERROR(ReadExpression(depth + 1, Newline::kIsSpace, &item));
      value->Add("", std::move(item));
      SkipBlank(Newline::kIsSpace);
      if (Peek() == ',')
        ++at_;
      else if (Peek() != ']')
        return FailedPrecondition("no literal");
    }
    ++at_;
    return Ok();
  }

  Status ReadObject(int depth, ConfigNode* value) {
    *value = ConfigNode::Map();
    ++at_;
    for (;;) {
      SkipBlank(Newline::kIsSpace);
      if (Peek() == '}') break;
      if (AtEnd() || AtFor()) return FailedPrecondition("no literal");
      std::string key;
      DRIFTCAST_RETURN_IF_ERROR(ReadObjectKey(&key));
      SkipBlank(Newline::kEnds);
      if (Peek() != '=' && Peek() != ':') return FailedPrecondition("no literal");
      ++at_;
      ConfigNode item;
      DRIFTCAST_RETURN_IF_ERROR(ReadExpression(depth + 1, Newline::kEnds, &item));
      value->Add(std::move(key), std::move(item));
      SkipBlank(Newline::kIsSpace);
      if (Peek() == ',') ++at_;
    }
    ++at_;
    DropRepeatedKeys(value);
    return Ok();
  }

  Status ReadObjectKey(std::string* key) {
    if (Peek() == '"') return ReadString(key);
    const size_t begin = at_;
    int open = 0;
    while (!AtEnd() && Peek() != '\n') {
      const char c = Peek();
      if (open == 0 && (c == '=' || c == ':' || c == ' ' || c == '\t')) break;
      if (c == '"') {
        DRIFTCAST_RETURN_IF_ERROR(SkipString());
        continue;
      }
      open += c == '(' || c == '[';
      open -= c == ')' || c == ']';
      ++at_;
    }
    *key = std::string(text_.substr(begin, at_ - begin));
    return key->empty() ? Error("expected a key") : Ok();
  }

  // Moves behind the string that starts here.
  Status SkipString(int depth = 0) {
    if (depth > kConfigDepthMax) return ResourceExhausted("nested too deeply");
    ++at_;
    while (!AtEnd()) {
      const char c = Peek();
      if (c == '"') {
        ++at_;
        return Ok();
      }
      if (c == '\n') break;
      if (c == '\\') {
        at_ += 2;
      } else if (StartsWith("$${") || StartsWith("%%{")) {
        at_ += 3;
      } else if (StartsWith("${") || StartsWith("%{")) {
        at_ += 2;
        DRIFTCAST_RETURN_IF_ERROR(SkipTemplate(depth + 1));
      } else {
        ++at_;
      }
    }
    return Error("a string is not closed");
  }

  // From behind "${" to behind its closing brace.
  Status SkipTemplate(int depth) {
    int open = 1;
    while (!AtEnd()) {
      const char c = Peek();
      if (c == '"') {
        DRIFTCAST_RETURN_IF_ERROR(SkipString(depth));
        continue;
      }
      open += c == '{';
      open -= c == '}';
      ++at_;
      if (open == 0) return Ok();
    }
    return Error("a template is not closed");
  }

  Status ReadString(std::string* value) {
    const size_t begin = at_ + 1;
    DRIFTCAST_RETURN_IF_ERROR(SkipString());
    const std::string_view raw = text_.substr(begin, at_ - 1 - begin);
    value->clear();
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\' || i + 1 == raw.size()) {
        *value += raw[i];
        continue;
      }
      const char c = raw[++i];
      if (c == 'n' || c == 'r' || c == 't')
        *value += c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
      else if (c == '"' || c == '\\')
        *value += c;
      else
        (*value += '\\') += c;
    }
    return Ok();
  }

  // "<<EOF" or "<<-EOF" (which drops the smallest indent), to the end of the marker.
  Status ReadHeredoc(std::string* value) {
    at_ += 2;
    const bool dedent = Peek() == '-';
    if (dedent) ++at_;
    const std::string marker = ReadIdent();
    while (Peek() == '\r') ++at_;
    if (marker.empty() || Peek() != '\n') return Error("expected a heredoc's marker");
    ++at_;
    std::vector<std::string_view> lines;
    while (!AtEnd()) {
      const size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      if (line.ends_with('\r')) line.remove_suffix(1);
      const size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
      if (line.substr(indent) == marker) {
        at_ += indent + marker.size();
        *value = JoinLines(lines, dedent);
        return Ok();
      }
      lines.push_back(line);
      at_ = std::min(end + 1, text_.size());
    }
    return Error("a heredoc is not closed");
  }

  static std::string JoinLines(const std::vector<std::string_view>& lines, bool dedent) {
    size_t indent = dedent ? std::string_view::npos : 0;
    for (std::string_view line : lines)
      if (const size_t own = line.find_first_not_of(" \t"); own != std::string_view::npos)
        indent = std::min(indent, own);
    std::string text;
    for (std::string_view line : lines) {
      text += line.substr(std::min(indent, line.size()));
      text += '\n';
    }
    return text;
  }

  // Any expression, as its text without comments.
  Status ReadRaw(Newline newline, ConfigNode* value) {
    std::string raw;
    std::string open;  // the brackets that are open
    for (;;) {
      if (AtEnd()) break;
      const char c = Peek();
      const size_t begin = at_;
      if (open.empty() && (c == ',' || c == '}' || c == ']' || c == ')')) break;
      if (c == '\n' && open.empty() && newline == Newline::kEnds) break;
      if (SkipComment()) {
        raw += ' ';
        continue;
      }
      DRIFTCAST_RETURN_IF_ERROR(SkipToken(&open));
      raw += text_.substr(begin, at_ - begin);
    }
    if (!open.empty()) return Error("a bracket is not closed");
    while (!raw.empty() && std::isspace(static_cast<unsigned char>(raw.back()))) raw.pop_back();
    if (raw.empty()) return Error("expected a value");
    *value = ConfigNode::Scalar(std::move(raw));
    return Ok();
  }

  Status SkipToken(std::string* open) {
    const char c = Peek();
    if (c == '"') return SkipString();
    if (StartsWith("<<") && (IsIdentStart(Peek(2)) || Peek(2) == '-')) {
      std::string ignored;
      return ReadHeredoc(&ignored);
    }
    ++at_;
    if (c == '(' || c == '[' || c == '{') {
      if (open->size() >= static_cast<size_t>(kConfigDepthMax))
        return ResourceExhausted("nested too deeply");
      *open += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (!open->empty() && c == open->back()) {
      open->pop_back();
    } else if (c == ')' || c == ']' || c == '}') {
      return Error("a bracket that was not opened");
    }
    return Ok();
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t nodes_ = 0;
};

}  // namespace

StatusOr<std::vector<HclBlock>> ReadHclBlocks(std::string_view text) {
  const std::string valid = ValidUtf8(text);
  return HclReader(valid).ReadFile();
}

StatusOr<ConfigNode> ReadHcl(std::string_view text) {
  // A file is the body of a block without braces.
  const std::string valid = "file {\n" + ValidUtf8(text) + "\n}";
  DRIFTCAST_ASSIGN_OR_RETURN(std::vector<HclBlock> blocks, HclReader(valid).ReadFile());
  if (blocks.size() != 1 || blocks[0].type != "file")
    return InvalidArgument("a bracket that was not opened");
  return std::move(blocks[0].body);
}

}  // namespace driftcast::ingest
