#include "ingest/hcl_scanner.h"

#include <algorithm>
#include <cctype>

namespace driftcast::ingest {
namespace {

bool IsIdent(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }

}  // namespace

bool HclScanner::IsIdentStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
}

Status HclScanner::Error(const char* what) const {
  size_t line = 1;
  for (size_t i = 0; i < at_ && i < text_.size(); ++i) line += text_[i] == '\n';
  return InvalidArgument("line {}: {}", line, what);
}

bool HclScanner::SkipComment() {
  if (Peek() == '#' || StartsWith("//")) {
    while (!AtEnd() && Peek() != '\n') ++at_;
    return true;
  }
  if (!StartsWith("/*")) return false;
  const size_t end = text_.find("*/", at_ + 2);
  at_ = end == std::string_view::npos ? text_.size() : end + 2;
  return true;
}

void HclScanner::SkipBlank(Newline newline) {
  for (;;) {
    const char c = Peek();
    if (AtEnd()) return;
    if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && newline == Newline::kIsSpace))
      ++at_;
    else if (!SkipComment())
      return;
  }
}

std::string HclScanner::ReadIdent() {
  const size_t begin = at_;
  while (IsIdent(Peek()) && !AtEnd()) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

// True where an expression may end; does not move.
bool HclScanner::AtExpressionEnd(Newline newline) {
  const size_t saved = at_;
  SkipBlank(newline);
  const char c = Peek();
  const bool ends = AtEnd() || c == '\n' || c == ',' || c == '}' || c == ']' || c == ')';
  at_ = saved;
  return ends;
}

// Moves behind the string that starts here.
Status HclScanner::SkipString(int depth) {
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
Status HclScanner::SkipTemplate(int depth) {
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

Status HclScanner::ReadString(std::string* value) {
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
Status HclScanner::ReadHeredoc(std::string* value) {
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

std::string HclScanner::JoinLines(const std::vector<std::string_view>& lines, bool dedent) {
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
Status HclScanner::ReadRaw(Newline newline, ConfigNode* value) {
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

Status HclScanner::SkipToken(std::string* open) {
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

}  // namespace driftcast::ingest
