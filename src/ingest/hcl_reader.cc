#include "ingest/config_readers.h"
#include "ingest/hcl_scanner.h"

namespace driftcast::ingest {
namespace {

// A recursive-descent reader of HCL's native syntax. Expressions that are no literal are kept as
// text, so only their extent must be known: strings, templates, heredocs, comments, brackets.
// https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
class HclReader : private HclScanner {
 public:
  explicit HclReader(std::string_view text) : HclScanner(text) {}

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
  Status Count(int depth) {
    if (depth > kConfigDepthMax) return ResourceExhausted("nested too deeply");
    if (++nodes_ > kConfigNodesMax) return ResourceExhausted("too many nodes");
    return Ok();
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
