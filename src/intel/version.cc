#include "intel/version.h"

#include <algorithm>
#include <array>
#include <utility>

namespace driftcast::intel {
namespace {

using std::string_view_literals::operator""sv;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The digits at the front of `text`, which loses them.
std::string_view TakeDigits(std::string_view* text) {
  const size_t end = std::min(text->find_first_not_of("0123456789"), text->size());
  const std::string_view digits = text->substr(0, end);
  text->remove_prefix(end);
  return digits;
}

// Numbers of any length: without leading zeros, the longer one is larger.
std::weak_ordering CompareNumbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

// "1:2.0" into epoch and rest; without an epoch it is 0. `text` loses it.
std::string_view TakeEpoch(std::string_view* text) {
  const size_t colon = text->find(':');
  if (colon == std::string_view::npos) return "0";
  const std::string_view epoch = text->substr(0, colon);
  if (!std::all_of(epoch.begin(), epoch.end(), IsDigit)) return "0";
  text->remove_prefix(colon + 1);
  return epoch.empty() ? "0" : epoch;
}

// What stands behind the last '-', which `text` loses with it; empty without one.
std::string_view TakeRevision(std::string_view* text) {
  const size_t dash = text->rfind('-');
  if (dash == std::string_view::npos) return "";
  const std::string_view revision = text->substr(dash + 1);
  *text = text->substr(0, dash);
  return revision;
}

// The weight of a character outside of numbers: "~" before the end (0), then letters, then others.
int DpkgWeight(std::string_view text, size_t at) {
  if (at >= text.size() || IsDigit(text[at])) return 0;
  const char c = text[at];
  if (c == '~') return -1;
  return IsLetter(c) ? c : static_cast<unsigned char>(c) + 256;
}

// Turns of a part without digits and a number.
std::weak_ordering CompareDpkgParts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    size_t i = 0;
    for (;; ++i) {
      const int x = DpkgWeight(a, i);
      const int y = DpkgWeight(b, i);
      if (x != y) return x <=> y;
      if (x == 0) break;
    }
    a.remove_prefix(i);
    b.remove_prefix(i);
    const auto number = CompareNumbers(TakeDigits(&a), TakeDigits(&b));
    if (number != 0) return number;
  }
  return std::weak_ordering::equivalent;
}

// Drops what only separates.
void SkipSeparators(std::string_view* text) {
  while (!text->empty() && !IsDigit(text->front()) && !IsLetter(text->front()) &&
         text->front() != '~' && text->front() != '^')
    text->remove_prefix(1);
}

// Whether the parts differ in a mark: "~" sorts before everything, the end included; "^" behind
// the end but before anything else. Takes the mark that both have.
std::optional<std::weak_ordering> CompareRpmMark(std::string_view* a, std::string_view* b) {
  const bool a_tilde = a->starts_with('~');
  const bool b_tilde = b->starts_with('~');
  if (a_tilde != b_tilde) return a_tilde ? std::weak_ordering::less : std::weak_ordering::greater;
  const bool a_caret = a->starts_with('^');
  const bool b_caret = b->starts_with('^');
  if (a_caret != b_caret) {
    const bool less = a_caret ? !b->empty() : a->empty();
    return less ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  if (!a_tilde && !a_caret) return std::nullopt;
  a->remove_prefix(1);
  b->remove_prefix(1);
  return std::weak_ordering::equivalent;
}

std::string_view TakeLetters(std::string_view* text) {
  const auto end = std::find_if_not(text->begin(), text->end(), IsLetter);
  const std::string_view letters = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(letters.size());
  return letters;
}

std::weak_ordering CompareRpmParts(std::string_view a, std::string_view b) {
  for (;;) {
    SkipSeparators(&a);
    SkipSeparators(&b);
    if (const auto mark = CompareRpmMark(&a, &b)) {
      if (*mark != 0) return *mark;
      continue;
    }
    if (a.empty() || b.empty()) return a.size() <=> b.size();
    const bool a_number = IsDigit(a.front());
    // A number is newer than letters.
    if (a_number != IsDigit(b.front()))
      return a_number ? std::weak_ordering::greater : std::weak_ordering::less;
    const auto segment = a_number ? CompareNumbers(TakeDigits(&a), TakeDigits(&b))
                                  : TakeLetters(&a).compare(TakeLetters(&b)) <=> 0;
    if (segment != 0) return segment;
  }
}

// One token of an apk version. The order of the kinds decides where two versions differ in kind:
// the one that goes on with a later kind is the older one, but for what precedes the end.
struct ApkToken {
  enum class Kind { kInvalid, kNumber, kLetter, kSuffix, kSuffixNumber, kHash, kRevision, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view text;
  int suffix = 0;  // below 0: before a release
};

constexpr std::array kApkSuffixes = {
    std::pair{"alpha"sv, -4}, std::pair{"beta"sv, -3}, std::pair{"pre"sv, -2},
    std::pair{"rc"sv, -1},    std::pair{"cvs"sv, 0},   std::pair{"svn"sv, 1},
    std::pair{"git"sv, 2},    std::pair{"hg"sv, 3},    std::pair{"p"sv, 4}};

class ApkTokens {
 public:
  explicit ApkTokens(std::string_view text) : rest_(text) {}

  ApkToken Next() {
    using Kind = ApkToken::Kind;
    if (rest_.empty()) return {Kind::kEnd, "", 0};
    const Kind before = std::exchange(last_, Kind::kInvalid);
    const char c = rest_.front();
    if (IsDigit(c) && before == Kind::kEnd) return Number(Kind::kNumber);
    if (IsDigit(c) && before == Kind::kSuffix) return Number(Kind::kSuffixNumber);
    if (c == '.' && before == Kind::kNumber && rest_.size() > 1 && IsDigit(rest_[1])) {
      rest_.remove_prefix(1);
      return Number(Kind::kNumber);
    }
    if (c >= 'a' && c <= 'z' && before == Kind::kNumber) return Take(Kind::kLetter, 1);
    if (c == '_' && before != Kind::kHash && before != Kind::kRevision) return Suffix();
    if (c == '~' && before != Kind::kRevision) return Hash();
    if (rest_.starts_with("-r") && rest_.size() > 2 && IsDigit(rest_[2])) {
      rest_.remove_prefix(2);
      return Number(Kind::kRevision);
    }
    return Take(Kind::kInvalid, rest_.size());
  }

 private:
  ApkToken Take(ApkToken::Kind kind, size_t size) {
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    last_ = kind;
    return {kind, text, 0};
  }

  ApkToken Number(ApkToken::Kind kind) {
    last_ = kind;
    return {kind, TakeDigits(&rest_), 0};
  }

  ApkToken Suffix() {
    for (const auto& [name, value] : kApkSuffixes) {
      if (!rest_.substr(1).starts_with(name)) continue;
      const size_t end = 1 + name.size();
      if (end < rest_.size() && IsLetter(rest_[end])) continue;
      ApkToken token = Take(ApkToken::Kind::kSuffix, end);
      token.suffix = value;
      return token;
    }
    return Take(ApkToken::Kind::kInvalid, rest_.size());
  }

  ApkToken Hash() {
    rest_.remove_prefix(1);
    return Take(ApkToken::Kind::kHash,
                std::min(rest_.find_first_not_of("0123456789abcdef"), rest_.size()));
  }

  std::string_view rest_;
  ApkToken::Kind last_ = ApkToken::Kind::kEnd;  // none yet
};

// Numbers behind the first are fractions where one begins with 0.
std::weak_ordering CompareApkNumbers(std::string_view a, std::string_view b, bool first) {
  const bool fraction = !first && (a.starts_with('0') || b.starts_with('0'));
  return fraction ? a.compare(b) <=> 0 : CompareNumbers(a, b);
}

std::weak_ordering CompareApkTokens(const ApkToken& a, const ApkToken& b, bool first) {
  using Kind = ApkToken::Kind;
  switch (a.kind) {
    case Kind::kNumber:
      return CompareApkNumbers(a.text, b.text, first);
    case Kind::kSuffixNumber:
    case Kind::kRevision:
      return CompareNumbers(a.text, b.text);
    case Kind::kSuffix:
      return a.suffix <=> b.suffix;
    case Kind::kHash:
    case Kind::kLetter:
    case Kind::kInvalid:
      return a.text.compare(b.text) <=> 0;
    case Kind::kEnd:
      break;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace

std::weak_ordering CompareDpkgVersions(std::string_view a, std::string_view b) {
  const auto epoch = CompareNumbers(TakeEpoch(&a), TakeEpoch(&b));
  if (epoch != 0) return epoch;
  const std::string_view a_revision = TakeRevision(&a);
  const std::string_view b_revision = TakeRevision(&b);
  const auto upstream = CompareDpkgParts(a, b);
  return upstream != 0 ? upstream : CompareDpkgParts(a_revision, b_revision);
}

std::weak_ordering CompareRpmVersions(std::string_view a, std::string_view b) {
  const auto epoch = CompareNumbers(TakeEpoch(&a), TakeEpoch(&b));
  if (epoch != 0) return epoch;
  // A version without a release comes before one with any, even an empty one.
  const bool a_has = a.find('-') != std::string_view::npos;
  const bool b_has = b.find('-') != std::string_view::npos;
  const std::string_view a_release = TakeRevision(&a);
  const std::string_view b_release = TakeRevision(&b);
  const auto version = CompareRpmParts(a, b);
  if (version != 0) return version;
  return a_has != b_has ? a_has <=> b_has : CompareRpmParts(a_release, b_release);
}

std::weak_ordering CompareApkVersions(std::string_view a, std::string_view b) {
  using Kind = ApkToken::Kind;
  ApkTokens a_tokens(a), b_tokens(b);
  for (bool first = true;; first = false) {
    const ApkToken x = a_tokens.Next();
    const ApkToken y = b_tokens.Next();
    if (x.kind == y.kind) {
      const auto order = CompareApkTokens(x, y, first);
      if (order != 0 || x.kind == Kind::kEnd) return order;
      continue;
    }
    if (x.kind == Kind::kSuffix && x.suffix < 0) return std::weak_ordering::less;
    if (y.kind == Kind::kSuffix && y.suffix < 0) return std::weak_ordering::greater;
    return y.kind <=> x.kind;
  }
}

std::weak_ordering CompareVersions(VersionScheme scheme, std::string_view a, std::string_view b) {
  switch (scheme) {
    case VersionScheme::kDpkg:
      return CompareDpkgVersions(a, b);
    case VersionScheme::kRpm:
      return CompareRpmVersions(a, b);
    case VersionScheme::kApk:
      return CompareApkVersions(a, b);
  }
  return std::weak_ordering::equivalent;
}

std::optional<VersionScheme> SchemeOfEcosystem(std::string_view ecosystem) {
  const std::string_view name = ecosystem.substr(0, ecosystem.find(':'));
  constexpr std::array kDpkg = {"Debian"sv, "Ubuntu"sv, "Echo"sv};
  constexpr std::array kRpm = {"AlmaLinux"sv, "Rocky Linux"sv, "Red Hat"sv,
                               "SUSE"sv,      "openSUSE"sv,    "Mageia"sv,
                               "openEuler"sv, "Photon OS"sv,   "Fedora"sv};
  constexpr std::array kApk = {"Alpine"sv, "Chainguard"sv, "Wolfi"sv, "MinimOS"sv};
  const auto is_in = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_in(kDpkg)) return VersionScheme::kDpkg;
  if (is_in(kRpm)) return VersionScheme::kRpm;
  if (is_in(kApk)) return VersionScheme::kApk;
  return std::nullopt;
}

}  // namespace driftcast::intel
