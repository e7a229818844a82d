#include "ingest/exposition_line.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace driftcast::ingest {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsNameChar(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         (!first && c >= '0' && c <= '9');
}

// Reads along a line; positions in errors count from 1.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  size_t at() const { return at_; }
  std::string_view From(size_t start) const { return text_.substr(start, at_ - start); }

  void Blanks() {
    while (!AtEnd() && IsBlank(text_[at_])) ++at_;
  }
  bool Eat(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  std::string_view Name() {
    const size_t start = at_;
    while (!AtEnd() && IsNameChar(text_[at_], at_ == start)) ++at_;
    return From(start);
  }
  // What is between quotes, escapes as they stand. None when the second quote is missing.
  std::optional<std::string_view> Quoted() {
    if (!Eat('"')) return std::nullopt;
    const size_t start = at_;
    while (!AtEnd() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return std::nullopt;
    }
    const auto inside = From(start);
    ++at_;
    return inside;
  }
  std::string_view Word() {
    const size_t start = at_;
    while (!AtEnd() && !IsBlank(text_[at_])) ++at_;
    return From(start);
  }
  Status Fault(const char* wanted) const {
    return InvalidArgument("column {}: {} is expected", at_ + 1, wanted);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'n') {
      out += '\n';
    } else {
      if (next != '\\' && next != '"') out += '\\';
      out += next;
    }
  }
  return out;
}

// Goes over the labels up to the closing brace; `each` is told a name and a raw value, or, of a
// quoted metric name, no name.
template <typename Each>
Status WalkLabels(Scanner& in, char end, const Each& each) {
  for (;;) {
    in.Blanks();
    if (end == '\0' ? in.AtEnd() : in.Eat(end)) return Ok();
    const bool quoted = in.Peek() == '"';
    std::string_view name;
    if (quoted) {
      const auto inside = in.Quoted();
      if (!inside) return in.Fault("a closing quote");
      name = *inside;
    } else {
      name = in.Name();
    }
    if (name.empty()) return in.Fault("a label's name");
    in.Blanks();
    if (in.Eat('=')) {
      in.Blanks();
      const auto value = in.Quoted();
      if (!value) return in.Fault("a label's value in quotes");
      each(name, *value);
    } else if (quoted) {
      each(std::string_view(), name);
    } else {
      return in.Fault("'='");
    }
    in.Blanks();
    if (in.Eat(',')) continue;
    if (end == '\0' ? !in.AtEnd() : in.Peek() != end) return in.Fault("',' or '}'");
  }
}

}  // namespace

StatusOr<ExpositionLine> SplitSample(std::string_view line) {
  ExpositionLine out;
  Scanner in(line);
  in.Blanks();
  const size_t start = in.at();
  out.name = in.Name();
  in.Blanks();
  if (in.Eat('{')) {
    const size_t labels = in.at();
    DRIFTCAST_RETURN_IF_ERROR(
        WalkLabels(in, '}', [&](std::string_view name, std::string_view value) {
          if (name.empty() && out.name.empty()) out.name = value;
        }));
    out.labels = in.From(labels);
    out.labels.remove_suffix(1);
  }
  if (out.name.empty()) return InvalidArgument("column {}: a metric's name is expected", start + 1);
  out.series = in.From(start);
  in.Blanks();
  const auto value = ExpositionNumber(in.Word());
  if (!value) return in.Fault("a number in front of here");
  out.value = *value;
  in.Blanks();
  if (in.Peek() != '#') {
    out.timestamp = in.Word();
    in.Blanks();
  }
  // OpenMetrics: an exemplar, which is passed over.
  if (!in.AtEnd() && in.Peek() != '#') return in.Fault("the end of the line");
  return out;
}

std::vector<Label> LabelsIn(std::string_view text) {
  std::vector<Label> labels;
  Scanner in(text);
  const Status read = WalkLabels(in, '\0', [&](std::string_view name, std::string_view value) {
    if (!name.empty()) labels.push_back({Unescaped(name), Unescaped(value)});
  });
  if (!read.ok()) labels.clear();
  return labels;
}

std::optional<double> ExpositionNumber(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  if (text.empty() || text[0] == '+' || text[0] == '-') return std::nullopt;
  double value = 0;
  if (text == "Inf" || text == "inf" || text == "Infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (text == "NaN" || text == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || error == std::errc::invalid_argument)
      return std::nullopt;
    if (error == std::errc::result_out_of_range) value = std::numeric_limits<double>::quiet_NaN();
  }
  return negative ? -value : value;
}

}  // namespace driftcast::ingest
