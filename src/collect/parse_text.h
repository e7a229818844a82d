// Small tools that the parsers of this room share.
#ifndef DRIFTCAST_COLLECT_PARSE_TEXT_H_
#define DRIFTCAST_COLLECT_PARSE_TEXT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collect/parse.h"

namespace driftcast {

std::string_view TrimBlanks(std::string_view text);
std::vector<std::string_view> SplitBlanks(std::string_view text);
std::string SquashBlanks(std::string_view text);      // runs of blanks become one, ends are cut
std::string_view StripQuotes(std::string_view text);  // one matching pair around the whole

// Walks over the logical lines of a text: joins those that end in a backslash, drops "\r".
class LineReader {
 public:
  explicit LineReader(std::string_view text, bool join = true) : text_(text), join_(join) {}
  bool Next(std::string& line);  // false at the end; `line` is untrimmed

 private:
  std::string_view text_;
  const bool join_;
};

bool IsComment(std::string_view trimmed_line);  // empty, or begins with '#' or ';'

// Gathers keys; at the end those that share a path become a set.
class KeyBag {
 public:
  void Add(std::string path, std::string_view value);
  std::vector<KeyValue> Take();

 private:
  std::vector<KeyValue> keys_;
};

// One parser per file of that name.
Parsed ParseKeywords(std::string_view content);
Parsed ParseShell(std::string_view content);
Parsed ParseIni(std::string_view content);
Parsed ParseBraces(std::string_view content);
Parsed ParseTable(std::string_view content, std::string_view layout);
Parsed ParseDeb822(std::string_view content);
Parsed ParseLines(std::string_view content, bool ordered);

}  // namespace driftcast

#endif  // DRIFTCAST_COLLECT_PARSE_TEXT_H_
