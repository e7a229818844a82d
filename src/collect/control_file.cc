#include "collect/control_file.h"

#include <algorithm>
#include <cctype>

namespace driftcast {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Sorting weight of a character outside of digits: '~' before the end, letters before the rest.
int Weight(std::string_view text, size_t at) {
  if (at >= text.size() || IsDigit(text[at])) return 0;
  const auto c = static_cast<unsigned char>(text[at]);
  if (c == '~') return -1;
  return std::isalpha(c) ? c : c + 256;
}

// Compares alternating runs of non-digits and digits, as dpkg does.
int ComparePart(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    while ((i < a.size() && !IsDigit(a[i])) || (j < b.size() && !IsDigit(b[j]))) {
      const int difference = Weight(a, i) - Weight(b, j);
      if (difference != 0) return difference;
      ++i;
      ++j;
    }
    while (i < a.size() && a[i] == '0') ++i;
    while (j < b.size() && b[j] == '0') ++j;
    int first = 0;
    while (i < a.size() && j < b.size() && IsDigit(a[i]) && IsDigit(b[j])) {
      if (first == 0) first = a[i] - b[j];
      ++i;
      ++j;
    }
    if (i < a.size() && IsDigit(a[i])) return 1;
    if (j < b.size() && IsDigit(b[j])) return -1;
    if (first != 0) return first;
  }
  return 0;
}

struct Version {
  std::string_view epoch, upstream, revision;
};

Version Split(std::string_view text) {
  Version v;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    v.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const size_t dash = text.rfind('-');
  v.upstream = text.substr(0, dash);
  if (dash != std::string_view::npos) v.revision = text.substr(dash + 1);
  return v;
}

}  // namespace

std::string_view ControlReader::TakeLine() {
  const size_t end = rest_.find('\n');
  const std::string_view line =
      rest_.substr(0, end == std::string_view::npos ? rest_.size() : end + 1);
  rest_.remove_prefix(line.size());
  return line;
}

bool ControlReader::NextStanza() {
  ControlField skipped;
  while (in_stanza_ && NextField(skipped)) {
  }
  while (!rest_.empty() && (rest_[0] == '\n' || rest_[0] == '\r')) rest_.remove_prefix(1);
  in_stanza_ = !rest_.empty();
  return in_stanza_;
}

bool ControlReader::NextField(ControlField& field) {
  while (in_stanza_ && !rest_.empty() && rest_[0] != '\n') {
    const char* start = rest_.data();
    std::string_view line = TakeLine();
    const size_t colon = line.find(':');
    size_t length = line.size();
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) length += TakeLine().size();
    if (colon == std::string_view::npos || colon == 0 || line[0] == ' ' || line[0] == '\t')
      continue;
    field.name = line.substr(0, colon);
    std::string_view value(start + colon + 1, length - colon - 1);
    while (!value.empty() && (value[0] == ' ' || value[0] == '\t')) value.remove_prefix(1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())))
      value.remove_suffix(1);
    field.value = value;
    return true;
  }
  in_stanza_ = false;
  return false;
}

int CompareDebianVersions(std::string_view a, std::string_view b) {
  const Version x = Split(a), y = Split(b);
  if (const int by_epoch = ComparePart(x.epoch, y.epoch); by_epoch != 0) return by_epoch;
  if (const int by_upstream = ComparePart(x.upstream, y.upstream); by_upstream != 0)
    return by_upstream;
  return ComparePart(x.revision, y.revision);
}

}  // namespace driftcast
