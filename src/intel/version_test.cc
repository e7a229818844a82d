#include "intel/version.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace driftcast::intel {
namespace {

struct OrderCase {
  VersionScheme scheme;
  const char* a;
  char order;  // '<', '=', '>'
  const char* b;
};

char Order(VersionScheme scheme, std::string_view a, std::string_view b) {
  const auto order = CompareVersions(scheme, a, b);
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

class VersionOrderTest : public testing::TestWithParam<OrderCase> {};

TEST_P(VersionOrderTest, HoldsBothWays) {
  const OrderCase& c = GetParam();
  EXPECT_EQ(Order(c.scheme, c.a, c.b), c.order) << c.a << " " << c.b;
  const char reverse = c.order == '<' ? '>' : c.order == '>' ? '<' : '=';
  EXPECT_EQ(Order(c.scheme, c.b, c.a), reverse) << c.b << " " << c.a;
  EXPECT_EQ(Order(c.scheme, c.a, c.a), '=');
}

constexpr VersionScheme kD = VersionScheme::kDpkg;
constexpr VersionScheme kR = VersionScheme::kRpm;
constexpr VersionScheme kA = VersionScheme::kApk;

// Checked by hand with `dpkg --compare-versions`.
INSTANTIATE_TEST_SUITE_P(
    Dpkg, VersionOrderTest,
    testing::Values(OrderCase{kD, "1.0", '=', "1.0"}, OrderCase{kD, "1.0", '=', "0:1.0"},
                    OrderCase{kD, "1.0", '=', "1.0-0"}, OrderCase{kD, "1:0.1", '>', "9.9"},
                    OrderCase{kD, "1.0~rc1", '<', "1.0"}, OrderCase{kD, "1.0~~", '<', "1.0~"},
                    OrderCase{kD, "1.0~rc1-1", '<', "1.0-1"}, OrderCase{kD, "1.0a", '<', "1.0+"},
                    OrderCase{kD, "1.0", '<', "1.0a"}, OrderCase{kD, "1.2", '<', "1.10"},
                    OrderCase{kD, "1.01", '=', "1.1"},
                    OrderCase{kD, "2.36-9+deb12u3", '<', "2.36-9+deb12u10"},
                    OrderCase{kD, "2.36-9", '<', "2.36-9+deb12u1"},
                    OrderCase{kD, "2.36-9+deb12u1", '<', "2.36-10"},
                    OrderCase{kD, "1.0-1+b1", '>', "1.0-1"},       // a binary rebuild
                    OrderCase{kD, "1.0-1~bpo12+1", '<', "1.0-1"},  // a backport
                    OrderCase{kD, "1.0-1ubuntu1", '>', "1.0-1"},
                    OrderCase{kD, "1-2-3", '>', "1-1-4"},
                    OrderCase{kD, "99999999999999999999999", '<', "100000000000000000000000"},
                    OrderCase{kD, "", '<', "a"}, OrderCase{kD, "~", '<', ""}));

INSTANTIATE_TEST_SUITE_P(
    Rpm, VersionOrderTest,
    testing::Values(OrderCase{kR, "1.0", '=', "1.0"}, OrderCase{kR, "1.0", '<', "1.0.1"},
                    OrderCase{kR, "1.0", '<', "1.0a"}, OrderCase{kR, "1.0a", '<', "1.0.1"},
                    OrderCase{kR, "1.0~rc1", '<', "1.0"}, OrderCase{kR, "1.0^git1", '>', "1.0"},
                    OrderCase{kR, "1.0^git1", '<', "1.0.1"},
                    OrderCase{kR, "1.0^git1~pre", '<', "1.0^git1"},
                    OrderCase{kR, "1_0", '=', "1.0"}, OrderCase{kR, "10xyz", '<', "10.1xyz"},
                    OrderCase{kR, "xyz10", '<', "xyz10.1"}, OrderCase{kR, "xyz.4", '<', "8"},
                    OrderCase{kR, "1:1.0", '>', "2.0"},
                    OrderCase{kR, "1.0-1.el9", '<', "1.0-2.el9"},
                    OrderCase{kR, "5.14.0-70.el9", '<', "5.14.0-427.el9"},
                    OrderCase{kR, "1.0010", '>', "1.9"}));

INSTANTIATE_TEST_SUITE_P(
    Apk, VersionOrderTest,
    testing::Values(OrderCase{kA, "1.0", '=', "1.0"}, OrderCase{kA, "1.2", '<', "1.10"},
                    OrderCase{kA, "1.0_rc1", '<', "1.0"}, OrderCase{kA, "1.0_p1", '>', "1.0"},
                    OrderCase{kA, "1.0_alpha", '<', "1.0_beta"},
                    OrderCase{kA, "1.0_rc1", '<', "1.0_rc2"}, OrderCase{kA, "1.0a", '>', "1.0"},
                    OrderCase{kA, "1.0a", '<', "1.0b"}, OrderCase{kA, "1.0-r1", '>', "1.0-r0"},
                    OrderCase{kA, "1.0-r9", '<', "1.0-r10"}, OrderCase{kA, "1.01", '<', "1.1"},
                    OrderCase{kA, "1.0.1", '>', "1.0"},
                    OrderCase{kA, "3.1.4-r5", '<', "3.1.5-r0"}));

// Random texts, also such as no package has: the order must stay an order.
TEST(VersionOrderLawTest, IsAntisymmetricAndTransitive) {
  const std::string alphabet = "01aZ.~^-_+:r";
  std::vector<std::string> texts;
  uint32_t seed = 7;
  for (int i = 0; i < 60; ++i) {
    std::string text;
    for (int j = 0; j < 1 + i % 6; ++j) {
      seed = seed * 1664525u + 1013904223u;
      text += alphabet[(seed >> 16) % alphabet.size()];
    }
    texts.push_back(text);
  }
  for (VersionScheme scheme : {kD, kR, kA})
    for (const auto& a : texts)
      for (const auto& b : texts) {
        const auto ab = CompareVersions(scheme, a, b);
        ASSERT_EQ(ab<0, CompareVersions(scheme, b, a)> 0) << a << " " << b;
        if (ab > 0) continue;
        for (const auto& c : texts) {
          const bool ordered = CompareVersions(scheme, b, c) <= 0;
          ASSERT_TRUE(!ordered || CompareVersions(scheme, a, c) <= 0) << a << " " << b << " " << c;
        }
      }
}

TEST(VersionSchemeTest, OfEcosystems) {
  EXPECT_EQ(SchemeOfEcosystem("Debian:12"), kD);
  EXPECT_EQ(SchemeOfEcosystem("Ubuntu:22.04:LTS"), kD);
  EXPECT_EQ(SchemeOfEcosystem("Rocky Linux:9"), kR);
  EXPECT_EQ(SchemeOfEcosystem("Alpine:v3.19"), kA);
  EXPECT_EQ(SchemeOfEcosystem("npm"), std::nullopt);
}

// Thousands of published vectors, where DRIFTCAST_SHARED names the folder that has them.
class VectorsTest : public testing::TestWithParam<std::pair<VersionScheme, const char*>> {};

TEST_P(VectorsTest, AllHold) {
  const char* shared = std::getenv("DRIFTCAST_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "DRIFTCAST_SHARED is not set";
  const std::string path = std::string(shared) + "/data/feeds/versions/" + GetParam().second;
  FILE* file = popen(("gzip -dcf '" + path + "'").c_str(), "r");
  ASSERT_NE(file, nullptr);
  size_t count = 0, wrong = 0;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    char a[1024], op, b[1024];
    if (line[0] == '#' || std::sscanf(line, "%1023s %c %1023s", a, &op, b) != 3) continue;
    ++count;
    if (Order(GetParam().first, a, b) == op) continue;
    if (++wrong <= 20) ADD_FAILURE() << a << " " << op << " " << b;
  }
  EXPECT_EQ(pclose(file), 0);
  EXPECT_EQ(wrong, 0u) << "of " << count;
  EXPECT_GT(count, 0u);
}

INSTANTIATE_TEST_SUITE_P(Published, VectorsTest,
                         testing::Values(std::pair{kD, "debian-versions-generated.txt.gz"},
                                         std::pair{kD, "debian-versions.txt"},
                                         std::pair{kA, "alpine-versions-generated.txt.gz"},
                                         std::pair{kR, "redhat-versions.txt"}));

}  // namespace
}  // namespace driftcast::intel
