// Our order of Debian's versions beside that of libapt-pkg, on texts made for the places where such
// orders go wrong. libapt-pkg is GPL: it is linked here, in a test, and nowhere else.
#include <random>
#include <string>

#include <apt-pkg/debversion.h>
#include <gtest/gtest.h>

#include "intel/version.h"

namespace driftcast {
namespace {

int SignOf(int order) { return (order > 0) - (order < 0); }

int Ours(const std::string& a, const std::string& b) {
  const auto order = intel::CompareDpkgVersions(a, b);
  return (order > 0) - (order < 0);
}

// Texts that deb-version(7) allows: an epoch at times, parts that start alike, rebuilds, backports.
class Versions {
 public:
  explicit Versions(uint64_t seed) : random_(seed) {}

  std::string Next() {
    std::string text = Below(4) == 0 ? std::to_string(Below(3)) + ":" : "";
    const bool revision = Below(3) > 0;  // without one, a version has no hyphen
    text += std::to_string(Below(12)) + Part(revision ? ".+~-" : ".+~", 5);
    if (revision) text += "-" + std::to_string(Below(12)) + Part(".+~", 3);
    constexpr const char* kEnds[] = {"", "", "", "+b1", "+deb12u1", "~bpo12+1", "~rc1", "+nmu1"};
    return text + kEnds[Below(8)];
  }
  // Like `text`, but for one place.
  std::string Near(std::string text) {
    constexpr std::string_view kAny = "0123456789abzAZ.+~";
    const size_t first = text.find(':') == text.npos ? 0 : text.find(':') + 1;
    const size_t at = first + Below(text.size() - first);
    if (at > first && text[at] != '-') text[at] = kAny[Below(kAny.size())];
    return text;
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  std::string Part(std::string_view marks, size_t length_max) {
    constexpr std::string_view kUsual = "0001239abz";
    std::string part;
    for (size_t i = Below(length_max + 1); i > 0; --i)
      part += Below(3) == 0 ? marks[Below(marks.size())] : kUsual[Below(kUsual.size())];
    return part;
  }
  std::mt19937_64 random_;
};

TEST(AptOrderTest, IsOursOnMadeVersions) {
  Versions versions(1);
  size_t equal = 0;
  for (int i = 0; i < 500'000; ++i) {
    const std::string a = versions.Next(), b = i % 2 == 0 ? versions.Next() : versions.Near(a);
    const int theirs = SignOf(debVS.CmpVersion(a, b));
    ASSERT_EQ(Ours(a, b), theirs) << a << " and " << b;
    equal += theirs == 0;
  }
  EXPECT_GT(equal, 10'000u) << "the hard ones are those that are nearly alike";
}

}  // namespace
}  // namespace driftcast
