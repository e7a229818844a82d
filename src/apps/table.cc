#include "apps/table.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/core.h>

namespace driftcast {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

size_t Cells(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

const char* CodeOf(Ink ink) {
  static constexpr const char* kCodes[] = {"", "1", "2", "31", "32", "33", "34"};
  return kCodes[static_cast<size_t>(ink)];
}

std::string Padded(const std::string& cell, const std::string& inked, size_t width, bool right) {
  const std::string space(width - std::min(width, Cells(cell)), ' ');
  return right ? space + inked : inked + space;
}

}  // namespace

bool MayColour() {
  static const bool may = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return may;
}

std::string Inked(std::string_view text, Ink ink, bool colour) {
  if (!colour || ink == Ink::kPlain) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", CodeOf(ink), text);
}

Ink InkOfWord(std::string_view word) {
  static constexpr std::string_view kRed[] = {"DRIFTED", "MISSING", "failed",
                                              "unclear", "silent",  "revoked"};
  static constexpr std::string_view kGreen[] = {"IN_SYNC", "succeeded", "live"};
  static constexpr std::string_view kYellow[] = {"UNMANAGED",   "NOT_COMPARED", "late",
                                                 "rolled_back", "running",      "verifying"};
  const auto in = [&](const auto& words) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
  };
  return in(kRed) ? Ink::kRed : in(kGreen) ? Ink::kGreen : in(kYellow) ? Ink::kYellow : Ink::kPlain;
}

void TextTable::Add(std::vector<std::string> cells, size_t inked, Ink ink) {
  cells.resize(titles_.size());
  rows_.push_back({std::move(cells), inked, ink});
}

std::string TextTable::Write(bool colour) const {
  if (rows_.empty()) return {};
  std::vector<size_t> widths;
  for (size_t i = 0; i < titles_.size(); ++i) {
    widths.push_back(Cells(titles_[i]));
    for (const Row& row : rows_) widths[i] = std::max(widths[i], Cells(row.cells[i]));
  }
  std::string text;
  const auto line = [&](const Row& row, bool title) {
    std::string out;
    for (size_t i = 0; i < widths.size(); ++i) {
      const bool right = std::find(right_.begin(), right_.end(), i) != right_.end();
      const Ink ink = title ? Ink::kDim : i == row.inked ? row.ink : Ink::kPlain;
      out += Padded(row.cells[i], Inked(row.cells[i], ink, colour), widths[i], right);
      if (i + 1 < widths.size()) out += "  ";
    }
    while (out.ends_with(' ')) out.pop_back();
    text += out + "\n";
  };
  line({titles_, SIZE_MAX, Ink::kPlain}, true);
  for (const Row& row : rows_) line(row, false);
  return text;
}

std::string Shown(std::string_view text, size_t cells_max) {
  std::string clean;
  size_t cells = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!IsContinuation(text[i]) && ++cells > cells_max) {
      // The last cell that fitted makes room for the ellipsis.
      while (!clean.empty() && IsContinuation(clean.back())) clean.pop_back();
      if (!clean.empty()) clean.pop_back();
      return clean + "…";
    }
    clean += byte < ' ' || byte == 0x7f ? '?' : text[i];
  }
  return clean;
}

std::string Ago(const std::string& rfc3339, Instant now) {
  const auto at = ParseInstant(rfc3339);
  if (!at.ok()) return "-";
  const double seconds = Seconds(now - *at);
  const double size = std::abs(seconds);
  if (size < 2) return "just now";
  const std::string span = size < 120      ? fmt::format("{:.0f} s", size)
                           : size < 7200   ? fmt::format("{:.0f} min", size / 60)
                           : size < 172800 ? fmt::format("{:.0f} h", size / 3600)
                                           : fmt::format("{:.0f} d", size / 86400);
  return seconds > 0 ? span + " ago" : "in " + span;
}

StatusOr<Duration> ParseSpan(std::string_view text) {
  int64_t count = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(result.ptr,
                              static_cast<size_t>(text.data() + text.size() - result.ptr));
  const Duration one = unit.empty() || unit == "s" ? kSecond
                       : unit == "m"               ? kMinute
                       : unit == "h"               ? kHour
                       : unit == "d"               ? kDay
                       : unit == "w"               ? 7 * kDay
                                                   : Duration(0);
  if (result.ec != std::errc() || one.count() == 0 || count <= 0 || count > 100000) {
    return InvalidArgument("\"{}\" is not a span such as 90, 15m, 12h, 3d or 2w", text);
  }
  return count * one;
}

}  // namespace driftcast
