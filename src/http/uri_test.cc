#include "http/uri.h"

#include <gtest/gtest.h>

#include "http/message.h"

namespace driftcast {
namespace {

TEST(UriTest, SplitsThePathBeforeDecodingIt) {
  const auto target = ParseTarget("/api/v1/resources/web-7%2Ffile%2F%2Fetc%2Fhosts?at=2026-05-01");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/api/v1/resources/web-7/file//etc/hosts");
  ASSERT_EQ(target->segments.size(), 4u);
  EXPECT_EQ(target->segments[3], "web-7/file//etc/hosts");
  ASSERT_EQ(target->query.size(), 1u);
  EXPECT_EQ(target->query[0], std::make_pair(std::string("at"), std::string("2026-05-01")));
}

TEST(UriTest, RootHasNoSegments) {
  EXPECT_TRUE(ParseTarget("/")->segments.empty());
  EXPECT_EQ(ParseTarget("/a/")->segments, (std::vector<std::string>{"a", ""}));
}

TEST(UriTest, QueriesMayHoldAnything) {
  const auto target = ParseTarget("/?a=1+2&b&&c=x%3Dy%26z=&=v#ignored");
  ASSERT_TRUE(target.ok());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1 2"}, {"b", ""}, {"c", "x=y&z="}, {"", "v"}};
  EXPECT_EQ(target->query, expected);
}

class BadTargetTest : public testing::TestWithParam<const char*> {};

TEST_P(BadTargetTest, IsRefused) {
  EXPECT_EQ(ParseTarget(GetParam()).status().code(), StatusCode::kInvalidArgument) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Targets, BadTargetTest,
                         testing::Values("", "*", "http://evil/", "x", "/%", "/%2", "/%zz", "/%00",
                                         "/a%0d%0ab", "/../etc/passwd", "/a/%2e%2E/b", "/./x",
                                         "/%c0%af", "/%ed%a0%80", "/%ff", "/?a=%0a", "/?%fe=1"));

TEST(UriTest, BoundsTheNumberOfParameters) {
  std::string target = "/?";
  for (int i = 0; i < 64; ++i) target += "a=1&";
  EXPECT_TRUE(ParseTarget(target).ok());
  EXPECT_FALSE(ParseTarget(target + "a=1").ok());
}

TEST(UriTest, EncodingReadsBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(*PercentDecode(PercentEncode(all)), all);
  EXPECT_EQ(PercentEncode("a/b c"), "a%2Fb%20c");
}

TEST(UriTest, KnowsUtf8) {
  EXPECT_TRUE(IsUtf8("plain"));
  EXPECT_TRUE(IsUtf8("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(IsUtf8("\xc3"));
  EXPECT_FALSE(IsUtf8("\xc1\x81"));          // overlong
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80"));  // above U+10FFFF
}

TEST(MessageTest, FindsACookieByItsWholeName) {
  HttpRequest request;
  request.headers = {{"cookie", "xsession=no; session=a=b ;theme=dark"}, {"cookie", "more=1"}};
  EXPECT_EQ(request.Cookie("session"), "a=b");
  EXPECT_EQ(request.Cookie("theme"), "dark");
  EXPECT_EQ(request.Cookie("more"), "1");
  EXPECT_EQ(request.Cookie("sess"), "");
}

}  // namespace
}  // namespace driftcast
