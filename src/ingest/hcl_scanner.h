// The words of HCL's native syntax: blanks, comments, names, strings with templates, heredocs, and
// the extent of expressions that are kept as text.
// https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
#ifndef DRIFTCAST_INGEST_HCL_SCANNER_H_
#define DRIFTCAST_INGEST_HCL_SCANNER_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/config_node.h"

namespace driftcast::ingest {

// Reads from a place in a text that it moves along. Errors are InvalidArgument with the line, or
// ResourceExhausted where something is nested too deeply. `text` is borrowed.
class HclScanner {
 public:
  // Where an expression ends besides closing brackets and commas: at the line's end in bodies and
  // objects, not inside of tuples and parentheses.
  enum class Newline { kEnds, kIsSpace };

  explicit HclScanner(std::string_view text) : text_(text) {}

 protected:
  static bool IsIdentStart(char c);
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  Status Error(const char* what) const;

  void SkipBlank(Newline newline);  // white space and comments
  std::string ReadIdent();
  bool AtExpressionEnd(Newline newline);  // does not move

  Status SkipString(int depth = 0);        // behind the string that starts here
  Status ReadString(std::string* value);   // with its escapes resolved
  Status ReadHeredoc(std::string* value);  // "<<EOF", or "<<-EOF" without the smallest indent
  // Any expression, as its text without comments.
  Status ReadRaw(Newline newline, ConfigNode* value);

  std::string_view text_;
  size_t at_ = 0;

 private:
  bool SkipComment();
  Status SkipTemplate(int depth);  // from behind "${" to behind its brace
  static std::string JoinLines(const std::vector<std::string_view>& lines, bool dedent);
  Status SkipToken(std::string* open);
};

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_HCL_SCANNER_H_
