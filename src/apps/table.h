// Tables and colours for a terminal.
#ifndef DRIFTCAST_APPS_TABLE_H_
#define DRIFTCAST_APPS_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace driftcast {

enum class Ink { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue };

// True when stdout is a terminal and NO_COLOR is not set.
bool MayColour();

// The text in a colour, if `colour` says so.
std::string Inked(std::string_view text, Ink ink, bool colour = MayColour());

// Red for what needs somebody, green for what is well: "DRIFTED", "succeeded", "live", ...
Ink InkOfWord(std::string_view word);

// Columns of one width in terminal cells (one per code point), two spaces apart. Numbers, when a
// column is asked to, stand to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> titles) : titles_(std::move(titles)) {}
  void AlignRight(size_t column) { right_.push_back(column); }
  // Cells in the order of the titles; `ink` colours the cell `inked`.
  void Add(std::vector<std::string> cells, size_t inked = SIZE_MAX, Ink ink = Ink::kPlain);
  std::string Write(bool colour = MayColour()) const;  // empty when there are no rows
  size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::vector<std::string> cells;
    size_t inked;
    Ink ink;
  };
  std::vector<std::string> titles_;
  std::vector<size_t> right_;
  std::vector<Row> rows_;
};

// Without control characters, which could move the cursor or change colours, and cut to `cells_max`
// with an ellipsis.
std::string Shown(std::string_view text, size_t cells_max = 60);

// "just now", "3 min ago", "in 2 d"; "-" for an empty time.
std::string Ago(const std::string& rfc3339, Instant now);

// "90", "15m", "12h", "3d", "2w": seconds without a unit. InvalidArgument otherwise.
StatusOr<Duration> ParseSpan(std::string_view text);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_TABLE_H_
