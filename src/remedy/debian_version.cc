#include "remedy/debian_version.h"

#include <cstdint>

namespace driftcast {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Weight of a character outside numbers: '~' before the end, the end before letters, letters
// before everything else.
int Weight(std::string_view text) {
  if (text.empty() || IsDigit(text[0])) return 0;
  if (text[0] == '~') return -1;
  if (IsLetter(text[0])) return text[0];
  return static_cast<unsigned char>(text[0]) + 256;
}

std::string_view TakeDigits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  while (!digits.empty() && digits[0] == '0') digits.remove_prefix(1);
  return digits;
}

std::weak_ordering ComparePart(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !IsDigit(a[0])) || (!b.empty() && !IsDigit(b[0]))) {
      const int wa = Weight(a);
      const int wb = Weight(b);
      if (wa != wb) return wa <=> wb;
      if (!a.empty()) a.remove_prefix(1);
      if (!b.empty()) b.remove_prefix(1);
    }
    const std::string_view da = TakeDigits(a);
    const std::string_view db = TakeDigits(b);
    if (da.size() != db.size()) return da.size() <=> db.size();
    if (const int order = da.compare(db); order != 0) return order <=> 0;
  }
  return std::weak_ordering::equivalent;
}

struct Parts {
  std::string_view epoch = "0";
  std::string_view upstream;
  std::string_view revision = "0";
};

Parts Split(std::string_view version) {
  Parts parts;
  if (const size_t colon = version.find(':'); colon != version.npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  if (const size_t dash = version.rfind('-'); dash != version.npos) {
    parts.revision = version.substr(dash + 1);
    version = version.substr(0, dash);
  }
  parts.upstream = version;
  return parts;
}

}  // namespace

std::weak_ordering CompareDebianVersions(std::string_view a, std::string_view b) {
  const Parts pa = Split(a);
  const Parts pb = Split(b);
  if (const auto order = ComparePart(pa.epoch, pb.epoch); order != 0) return order;
  if (const auto order = ComparePart(pa.upstream, pb.upstream); order != 0) return order;
  return ComparePart(pa.revision, pb.revision);
}

}  // namespace driftcast
