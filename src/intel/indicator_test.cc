// Indicators: their canonical form, what they match, and the feeds that bring them.
#include "intel/indicator.h"

#include <gmock/gmock.h>

#include "intel/feed_parser.h"
#include "intel/indicator_feeds.h"
#include "intel/knowledge.h"

namespace driftcast::intel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> ValuesOf(const std::vector<Indicator>& indicators) {
  std::vector<std::string> values;
  for (const Indicator& one : indicators)
    values.push_back(std::string(IndicatorTypeName(one.type)) + " " + one.value);
  return values;
}

TEST(IndicatorTest, HasOneForm) {
  const auto form = [](std::string_view text) {
    const auto found = CanonicalIndicator(text);
    return found ? std::string(IndicatorTypeName(found->type)) + " " + found->value : "none";
  };
  EXPECT_EQ(form("192.0.2.7"), "address 192.0.2.7");
  EXPECT_EQ(form("192.0.2[.]7"), "address 192.0.2.7");
  EXPECT_EQ(form("2001:DB8::/32"), "address 2001:db8::/32");
  EXPECT_EQ(form("Evil[.]Example"), "domain evil.example");
  EXPECT_EQ(form("hxxp://evil.example/A"), "URL http://evil.example/A");
  EXPECT_EQ(form("D41D8CD98F00B204E9800998ECF8427E"), "file hash d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(form("tcp/4444"), "port tcp/4444");
  for (const char* bad : {"", "hello", "999.1.1.1", "192.0.2.0/33", "a..b", ".a.b", "tcp/0",
                          "tcp/70000", "1.2.3", "xyz!"})
    EXPECT_EQ(form(bad), "none") << bad;
}

TEST(IndicatorTest, NetworksHoldAddressesAndTheNarrowestSpeaks) {
  std::vector<Indicator> list;
  for (const char* text : {"192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32", "198.51.100.9"})
    list.push_back(*CanonicalIndicator(text));
  const IndicatorSet set(list);
  const auto found = [&](const char* address) {
    const Indicator* one = set.Find(IndicatorType::kAddress, address);
    return one == nullptr ? "" : one->value;
  };
  EXPECT_EQ(found("192.0.2.7"), "192.0.2.0/24");
  EXPECT_EQ(found("192.0.2.200"), "192.0.2.128/25");
  EXPECT_EQ(found("192.0.3.1"), "");
  EXPECT_EQ(found("2001:db8:1::5"), "2001:db8::/32");
  EXPECT_EQ(found("2001:db9::5"), "");
  EXPECT_EQ(found("198.51.100.9"), "198.51.100.9");
  EXPECT_EQ(found("::ffff:198.51.100.9"), "198.51.100.9");
  EXPECT_EQ(found("nonsense"), "");
}

TEST(IndicatorTest, DomainsStandForTheNamesBelowThem) {
  const IndicatorSet set({*CanonicalIndicator("evil.example")});
  EXPECT_NE(set.Find(IndicatorType::kDomain, "a.b.evil.example"), nullptr);
  EXPECT_EQ(set.Find(IndicatorType::kDomain, "notevil.example"), nullptr);
  EXPECT_EQ(set.Find(IndicatorType::kDomain, "example"), nullptr);
}

TEST(StixPatternTest, WhatAloneIsEnoughIsRead) {
  EXPECT_THAT(ValuesOf(ReadStixPattern("[ipv4-addr:value = '192.0.2.0/24']")),
              ElementsAre("address 192.0.2.0/24"));
  EXPECT_THAT(ValuesOf(ReadStixPattern(
                  "[ domain-name:value='Evil.Example' OR url:value = 'http://x.example/a\\'b' ]")),
              ElementsAre("domain evil.example", "URL http://x.example/a'b"));
  EXPECT_THAT(ValuesOf(ReadStixPattern("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]")),
              ElementsAre("address 192.0.2.1", "address 192.0.2.2"));
  EXPECT_THAT(
      ValuesOf(ReadStixPattern("[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e'] OR "
                               "[user-account:user_id = 'Eve']")),
      ElementsAre("file hash d41d8cd98f00b204e9800998ecf8427e", "user Eve"));
}

TEST(StixPatternTest, WhatNeedsMoreIsNot) {
  for (const char* pattern :
       {"[ipv4-addr:value = '192.0.2.1' AND url:value = 'http://a/']",
        "[ipv4-addr:value != '192.0.2.1']", "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
        "[domain-name:value LIKE '%evil%']",
        "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.2']",
        "[ipv4-addr:value = '192.0.2.1'] WITHIN 5 SECONDS", "[process:name = 'x']", "", "[", "'",
        "[ipv4-addr:value = ", "[ipv4-addr:value IN (", "NOT [ipv4-addr:value = '192.0.2.1']"})
    EXPECT_THAT(ReadStixPattern(pattern), IsEmpty()) << pattern;
}

// Reads a feed whole and in single bytes, which must not differ.
StatusOr<ParsedFeed> ReadFeed(std::string_view format, std::string_view text) {
  const auto whole = *MakeFeedParser(format), bytes = *MakeFeedParser(format);
  whole->Feed(text);
  for (size_t i = 0; i < text.size(); ++i) bytes->Feed(text.substr(i, 1));
  auto a = whole->Finish();
  const auto b = bytes->Finish();
  EXPECT_EQ(a.ok(), b.ok());
  if (a.ok() && b.ok()) {
    EXPECT_EQ(a->content, b->content);
    EXPECT_EQ(a->warning_samples, b->warning_samples);
  }
  return a;
}

constexpr const char* kBundle = R"({"type": "bundle", "id": "bundle--1", "objects": [
  {"type": "identity", "id": "identity--1", "modified": "2026-01-09T00:00:00Z"},
  {"type": "indicator", "id": "indicator--1", "modified": "2026-01-01T00:00:00Z",
   "name": "old", "pattern": "[ipv4-addr:value = '192.0.2.1']", "pattern_type": "stix"},
  {"type": "indicator", "id": "indicator--1", "modified": "2026-01-02T00:00:00Z", "confidence": 80,
   "name": "C2", "pattern": "[ipv4-addr:value = '192.0.2.2']", "pattern_type": "stix",
   "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-02-01T00:00:00Z"},
  {"type": "indicator", "id": "indicator--2", "revoked": true,
   "pattern": "[ipv4-addr:value = '192.0.2.3']"},
  {"type": "indicator", "id": "indicator--3", "pattern_type": "snort", "pattern": "alert"},
  {"type": "indicator"}, 7]})";

TEST(StixReaderTest, TheNewestOfEachCounts) {
  const auto feed = ReadFeed("stix", kBundle);
  ASSERT_TRUE(feed.ok()) << Message(feed.status());
  EXPECT_EQ(feed->records, 1u);
  EXPECT_EQ(feed->warnings, 2u);
  EXPECT_EQ(FormatInstant(feed->newest_at), "2026-01-09T00:00:00Z");
  Knowledge knowledge;
  ASSERT_TRUE(knowledge.Put("ti", feed->content)->indicators);
  const Instant now = *ParseInstant("2026-01-15");
  const auto met = knowledge.Sight(IndicatorType::kAddress, "192.0.2.2", now);
  ASSERT_TRUE(met.has_value());
  EXPECT_EQ(met->about, "C2");
  EXPECT_DOUBLE_EQ(met->weight, 3.2);
  EXPECT_FALSE(knowledge.Sight(IndicatorType::kAddress, "192.0.2.2", now + kDay * 30));
  EXPECT_FALSE(knowledge.Sight(IndicatorType::kAddress, "192.0.2.1", now));
  EXPECT_FALSE(knowledge.Sight(IndicatorType::kAddress, "192.0.2.3", now));
}

TEST(WarningListTest, WhatIsMetEverywhereHasNoWeight) {
  const auto list = ReadFeed("warninglist", R"({"name": "resolvers", "type": "cidr",
    "list": ["192.0.2.0/24", "x"], "matching_attributes": ["ip-dst"]}
    {"name": "re", "type": "regex", "list": ["a.*"]})");
  ASSERT_TRUE(list.ok()) << Message(list.status());
  EXPECT_EQ(list->warnings, 1u);
  Knowledge knowledge;
  ASSERT_TRUE(knowledge.Put("benign", list->content).ok());
  EXPECT_FALSE(knowledge.Sight(IndicatorType::kAddress, "192.0.2.2", Instant()));
  ASSERT_TRUE(knowledge.Put("ti", ReadFeed("indicators", "192.0.2.2\n")->content).ok());
  const auto met = knowledge.Sight(IndicatorType::kAddress, "192.0.2.2", Instant());
  EXPECT_EQ(met->benign, "resolvers");
  EXPECT_EQ(met->weight, 0);
}

TEST(IndicatorListTest, LinesAndColumns) {
  const auto plain = ReadFeed("indicators", "# c\n192.0.2.1\t10\nnothing\n\nevil[.]example\r\n");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->records, 2u);
  EXPECT_THAT(plain->warning_samples, ElementsAre("byte 17: a line is no indicator"));
  const auto csv = ReadFeed(
      "indicators",
      "# c\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n"
      "\"2023-05-23 17:51:44\",\"192.0.2.5\",\"1194\",\"online\",\"2024-04-01\",\"Pikabot\"\n");
  ASSERT_TRUE(csv.ok());
  EXPECT_EQ(FormatInstant(csv->newest_at), "2024-04-01T00:00:00Z");
  Knowledge knowledge;
  ASSERT_TRUE(knowledge.Put("feodo", csv->content).ok());
  EXPECT_EQ(knowledge.Sight(IndicatorType::kAddress, "192.0.2.5", Instant())->about, "Pikabot");
  EXPECT_EQ(ReadFeed("indicators", "# nothing\n").status().code(), StatusCode::kInvalidArgument);
}

TEST(MispReaderTest, OnlyWhatIsMeantForDetection) {
  for (const std::string& event : {std::string(R"({"Event": {"info": "x", "Attribute": [)"),
                                   std::string(R"({"Attribute": [)")}) {
    const auto feed = ReadFeed(
        "misp", event +
                    R"({"type": "ip-dst", "to_ids": true, "value": "192.0.2.4", "comment": "C2",
                        "timestamp": "1472541011"},
                       {"type": "ip-dst", "to_ids": false, "value": "192.0.2.5"},
                       {"type": "ip-dst", "to_ids": true, "value": "no"}]})" +
                    (event.find("Event") != event.npos ? "}" : ""));
    ASSERT_TRUE(feed.ok()) << Message(feed.status());
    EXPECT_EQ(feed->records, 1u);
    EXPECT_EQ(feed->warnings, 1u);
    EXPECT_EQ(FormatInstant(feed->newest_at), "2016-08-30T07:10:11Z");
  }
}

TEST(LifecycleTest, BothShapesAndTheEndOfARelease) {
  const auto by_name = ReadFeed("eol", R"({"debian": {"releases": {
      "11": {"name": "11", "codename": "Bullseye", "releaseDate": "2021-08-14", "eol": "2024-08-14"},
      "12": {"name": "12", "eol": false}, "10": {"name": "10", "eol": true}},
      "versions": {}}, "broken": {}})");
  ASSERT_TRUE(by_name.ok()) << Message(by_name.status());
  EXPECT_EQ(by_name->records, 3u);
  EXPECT_EQ(by_name->warnings, 1u);
  const auto listed = ReadFeed("eol", R"({"schema_version": "1.2.0", "result": [{"name": "debian",
      "releases": [{"name": "11", "codename": "Bullseye", "releaseDate": "2021-08-14",
                    "isEol": false, "eolFrom": "2024-08-14"}]}]})");
  ASSERT_TRUE(listed.ok()) << Message(listed.status());
  for (const auto* feed : {&by_name, &listed}) {
    Knowledge knowledge;
    ASSERT_TRUE(knowledge.Put("eol", (*feed)->content)->lifecycles);
    const auto open = [&](const char* day) {
      return knowledge.OpenOn("Debian:11", "base-files", "11", *ParseInstant(day));
    };
    EXPECT_TRUE(open("2024-04-01").empty());
    ASSERT_EQ(open("2024-06-01").size(), 1u);
    EXPECT_EQ(open("2024-06-01")[0].summary,
              "debian 11 (Bullseye): its support ends on 2024-08-14");
    EXPECT_EQ(open("2025-01-01")[0].weight, 3);
    EXPECT_THAT(open("2025-01-01")[0].summary, HasSubstr("has ended"));
    EXPECT_TRUE(knowledge.OpenOn("Debian:11", "openssl", "1", *ParseInstant("2025-01-01")).empty());
    EXPECT_TRUE(
        knowledge.OpenOn("Debian:12", "base-files", "1", *ParseInstant("2025-01-01")).empty());
  }
}

TEST(DetectFeedFormatTest, ByWhatOnlyThatFormatHas) {
  EXPECT_EQ(DetectFeedFormat(kBundle), "stix");
  EXPECT_EQ(DetectFeedFormat(R"({"more": false, "objects": [{"spec_version": "2.1"}]})"), "stix");
  EXPECT_EQ(DetectFeedFormat("\xEF\xBB\xBF{\"vulnerabilities\":[{\"cveID\":1}]}"), "kev");
  EXPECT_EQ(DetectFeedFormat("#model_version:v1\ncve,epss,percentile\n"), "epss");
  EXPECT_EQ(DetectFeedFormat("{\"id\": \"A\", \"affected\": []}\n"), "osv");
  EXPECT_EQ(DetectFeedFormat(R"({"a": {"CVE-1": {"releases": {"x": {"urgency": ""}}}}})"),
            "debian-tracker");
  EXPECT_EQ(DetectFeedFormat(R"({"description": "resolvers", "list": ["192.0.2.1", "192.0.2.2)"),
            "warninglist")
      << "its type stands behind a long list";
  EXPECT_EQ(DetectFeedFormat("# x\n192.0.2.1 3\n"), "indicators");
  EXPECT_EQ(DetectFeedFormat("hello world\n"), "");
  EXPECT_EQ(DetectFeedFormat("{}"), "");
  EXPECT_EQ(DetectFeedFormat(""), "");
}

TEST(FeedParserTest, HalfAFeedAndAnEmptyOneAreNoFeed) {
  EXPECT_EQ(ReadFeed("stix", std::string_view(kBundle).substr(0, 300)).status().code(),
            StatusCode::kDataLoss);
  for (const auto format : FeedFormats()) EXPECT_FALSE(ReadFeed(format, "").ok()) << format;
  EXPECT_EQ(MakeFeedParser("pdf").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast::intel
