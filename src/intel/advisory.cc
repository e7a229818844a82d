#include "intel/advisory.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace driftcast::intel {

std::string CveId::ToString() const { return fmt::format("CVE-{}-{:04}", year, number); }

std::optional<CveId> ParseCveId(std::string_view text) {
  if (text.size() < 13 || text[8] != '-') return std::nullopt;
  for (size_t i = 0; i < 4; ++i)
    if ((text[i] | 0x20) != "cve-"[i] && text[i] != "cve-"[i]) return std::nullopt;
  CveId id;
  const char* end = text.data() + text.size();
  const auto year = std::from_chars(text.data() + 4, text.data() + 8, id.year);
  const auto number = std::from_chars(text.data() + 9, end, id.number);
  const bool whole = year.ptr == text.data() + 8 && number.ptr == end;
  if (year.ec != std::errc() || number.ec != std::errc() || !whole) return std::nullopt;
  return id;
}

std::string OneLine(std::string_view text, size_t bytes_max) {
  size_t end = std::min(text.size(), bytes_max);
  if (end < text.size())
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string line(text.substr(0, end));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return line;
}

}  // namespace driftcast::intel
