#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "intel/cve_feeds.h"
#include "intel/debian_tracker.h"
#include "intel/knowledge.h"
#include "intel/osv_reader.h"
#include "intel/version.h"

namespace driftcast::intel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(CveIdTest, IsReadAndShown) {
  EXPECT_EQ(ParseCveId("CVE-2024-3094")->ToString(), "CVE-2024-3094");
  EXPECT_EQ(ParseCveId("cve-1999-0001")->ToString(), "CVE-1999-0001");
  EXPECT_EQ(ParseCveId("CVE-2021-1234567")->number, 1234567u);
  for (const char* bad : {"", "CVE-2024-", "CVE-24-12345678", "GHSA-2024-3094", "CVE-2024-30x4",
                          "CVE-2024-99999999999"})
    EXPECT_EQ(ParseCveId(bad), std::nullopt) << bad;
}

constexpr const char* kOpenssl = R"({"id": "DSA-1-1", "published": "2023-02-07T00:00:00Z",
  "modified": "2023-02-08T00:00:00Z", "aliases": ["CVE-2023-0001", "x"],
  "upstream": ["CVE-2022-0002"], "summary": "openssl\nupdate", "affected": [
   {"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ranges": [
     {"type": "GIT", "events": [{"introduced": "abc"}]},
     {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.11-1~deb12u2"}]}]},
   {"package": {"ecosystem": "Debian:11", "name": "openssl"}, "ranges": [
     {"type": "ECOSYSTEM", "events": [{"introduced": "1.1.1"}, {"fixed": "1.1.1n-0+deb11u4"},
                                      {"introduced": "1.1.1w-0"}]}]}]})";

Advisory ReadOne(std::string_view record) {
  OsvReader reader([](Advisory) {}, [](FeedWarning) {});
  return *reader.Read(record);
}

AdvisorySet SetOf(const std::vector<Advisory>& advisories) {
  AdvisorySetBuilder builder;
  for (const Advisory& advisory : advisories) builder.Add(advisory);
  return *AdvisorySet::Open(builder.Finish());
}

TEST(OsvReaderTest, ARecordWithItsRanges) {
  OsvReader reader([](Advisory) {}, [](FeedWarning) {});
  const auto read = reader.Read(kOpenssl);
  ASSERT_TRUE(read.ok()) << Message(read.status());
  EXPECT_EQ(read->id, "DSA-1-1");
  EXPECT_THAT(read->cves, ElementsAre(CveId{2022, 2}, CveId{2023, 1}));
  EXPECT_EQ(FormatInstant(*read->published), "2023-02-07T00:00:00Z");
  EXPECT_EQ(read->summary, "openssl update");
  ASSERT_EQ(read->affected.size(), 2u);
  EXPECT_EQ(read->affected[0].ranges.size(), 1u);
  EXPECT_EQ(read->affected[1].ranges.size(), 2u);
  EXPECT_EQ(read->affected[1].ranges[1].introduced, "1.1.1w-0");
}

TEST(OsvReaderTest, StreamsInPiecesOfAnySize) {
  const std::string record = R"({"id": "A{\"}", "affected": [{"x": [1, {}]}]})";
  const std::string feed =
      record + "\n" + R"({"id": 5})" + "\n[not this]\n" + record + "\n{broken}";
  for (size_t piece : {size_t{1}, size_t{3}, size_t{7}, feed.size()}) {
    std::vector<std::string> ids;
    std::vector<uint64_t> warnings;
    OsvReader reader([&](Advisory a) { ids.push_back(a.id); },
                     [&](FeedWarning w) { warnings.push_back(w.offset); });
    for (size_t at = 0; at < feed.size(); at += piece) reader.Feed(feed.substr(at, piece));
    EXPECT_TRUE(reader.Finish().ok());
    EXPECT_THAT(ids, ElementsAre("A{\"}", "A{\"}"));
    EXPECT_THAT(warnings, ElementsAre(record.size() + 1, feed.size() - 8));
  }
}

TEST(OsvReaderTest, AFeedThatEndsEarlySaysSo) {
  OsvReader reader([](Advisory) {}, [](FeedWarning) {});
  reader.Feed(R"({"id": "A)");
  EXPECT_EQ(reader.Finish().code(), StatusCode::kDataLoss);
}

TEST(JsonRecordsTest, WhatIsTooLargeIsSkippedAndTheRestIsRead) {
  std::vector<std::string> records;
  std::vector<uint64_t> large;
  JsonRecords reader(
      1, 20, [&](std::string_view r, uint64_t) { records.emplace_back(r); },
      [&](uint64_t offset) { large.push_back(offset); });
  const std::string feed = "[{\"a\":1}, {\"a\":\"" + std::string(100, 'x') + "\"}, {\"b\":2}]";
  for (char c : feed) reader.Feed(std::string(1, c));
  EXPECT_THAT(records, ElementsAre("{\"a\":1}", "{\"b\":2}"));
  EXPECT_THAT(large, ElementsAre(10u));
  EXPECT_TRUE(reader.complete());
}

struct Verdict {
  const char* ecosystem;
  const char* range;  // "introduced < fixed" or "introduced <= last", "0" for the start
  const char* version;
  bool affected;
};

class VerdictTest : public testing::TestWithParam<Verdict> {};

TEST_P(VerdictTest, IsTheOneOfItsDistribution) {
  char introduced[64], op[3], end[64];
  ASSERT_EQ(std::sscanf(GetParam().range, "%63s %2s %63s", introduced, op, end), 3);
  VersionRange range{introduced, "", ""};
  (op[1] == '=' ? range.last_affected : range.fixed) = end;
  const AffectedPackage package{GetParam().ecosystem, "p", {range}, {}, ""};
  std::string_view fixed;
  EXPECT_EQ(IsAffected(package, GetParam().version, &fixed), GetParam().affected)
      << GetParam().version << " in " << GetParam().range;
}

// The orders behind them were checked by hand with `dpkg --compare-versions`.
INSTANTIATE_TEST_SUITE_P(
    Debian, VerdictTest,
    testing::Values(
        // A fix that was ported back into the release.
        Verdict{"Debian:12", "0 < 2.36-9+deb12u4", "2.36-9+deb12u3", true},
        Verdict{"Debian:12", "0 < 2.36-9+deb12u4", "2.36-9+deb12u4", false},
        Verdict{"Debian:12", "0 < 2.36-9+deb12u4", "2.36-9+deb12u10", false},
        Verdict{"Debian:12", "0 < 2.36-9+deb12u4", "2.36-9", true},
        Verdict{"Debian:12", "0 < 2.36-9+deb12u4", "2.37-1", false},
        // Epochs.
        Verdict{"Debian:12", "0 < 1:9.2p1-2+deb12u1", "1:9.2p1-2", true},
        Verdict{"Debian:12", "0 < 1:9.2p1-2+deb12u1", "1:9.2p1-2+deb12u2", false},
        Verdict{"Debian:12", "0 < 1:9.2p1-2+deb12u1", "9.9p1-1", true},
        Verdict{"Debian:12", "0 < 9.9-1", "1:0.1-1", false},
        // Binary rebuilds.
        Verdict{"Debian:11", "0 < 1.18.3-6+deb11u3", "1.18.3-6+deb11u3+b1", false},
        Verdict{"Debian:11", "0 < 1.18.3-6+deb11u3", "1.18.3-6+deb11u2+b1", true},
        // Tildes: before the release, and backports from a later one.
        Verdict{"Debian:12", "0 < 3.0.11-1~deb12u2", "3.0.11-1~deb12u1", true},
        Verdict{"Debian:12", "0 < 3.0.11-1~deb12u2", "3.0.11-1", false},
        Verdict{"Debian:11", "0 < 2.30-1", "2.30-1~bpo11+1", true},
        Verdict{"Debian:12", "0 < 5.0", "5.0~rc1", true},
        Verdict{"Debian:12", "0 < 5.0~rc2", "5.0~rc1", true},
        Verdict{"Debian:12", "0 < 5.0~rc2", "5.0", false},
        // From a version on; up to and with a version.
        Verdict{"Debian:12", "5.6.0-0.1 < 5.6.1+really5.4.5-1", "5.4.1-0.2", false},
        Verdict{"Debian:12", "5.6.0-0.1 < 5.6.1+really5.4.5-1", "5.6.0-0.1", true},
        Verdict{"Debian:12", "5.6.0-0.1 < 5.6.1+really5.4.5-1", "5.6.1-1", true},
        Verdict{"Debian:12", "5.6.0-0.1 < 5.6.1+really5.4.5-1", "5.6.1+really5.4.5-1", false},
        Verdict{"Debian:12", "0 <= 1.2-3", "1.2-3", true},
        Verdict{"Debian:12", "0 <= 1.2-3", "1.2-3+deb12u1", false}));

// Fixes of real advisories (DSA and DLA of 2017 to 2023), beside versions that were released before
// and after them; each verdict is that of `dpkg --compare-versions VERSION lt FIX`.
INSTANTIATE_TEST_SUITE_P(
    RealDebianAdvisories, VerdictTest,
    testing::Values(
        Verdict{"Debian:10", "0 < 2.28-10+deb10u2", "2.28-10+deb10u1", true},
        Verdict{"Debian:10", "0 < 2.28-10+deb10u2", "2.28-10+deb10u2", false},
        Verdict{"Debian:10", "0 < 1:7.9p1-10+deb10u1", "1:7.9p1-10", true},
        Verdict{"Debian:10", "0 < 1:7.9p1-10+deb10u1", "1:7.9p1-10+deb10u2", false},
        Verdict{"Debian:10", "0 < 1:7.9p1-10+deb10u1", "9.2p1-2", true},
        Verdict{"Debian:9", "0 < 1:7.4p1-10+deb9u6", "1:7.4p1-10+deb9u5", true},
        Verdict{"Debian:9", "0 < 1:7.4p1-10+deb9u6", "1:7.4p1-10+deb9u10", false},
        Verdict{"Debian:9", "0 < 1.8.19p1-2.1+deb9u3", "1.8.19p1-2.1", true},
        Verdict{"Debian:9", "0 < 1.8.19p1-2.1+deb9u3", "1.8.19p1-2.1+deb9u3", false},
        Verdict{"Debian:10", "0 < 1.8.27-1+deb10u1", "1.8.27-1", true},
        Verdict{"Debian:10", "0 < 1.8.27-1+deb10u1", "1.8.27-1+deb10u3", false},
        Verdict{"Debian:9", "0 < 4.9.65-3+deb9u1", "4.9.51-1", true},
        Verdict{"Debian:9", "0 < 4.9.65-3+deb9u1", "4.9.65-3+deb9u1+b1", false},
        Verdict{"Debian:9", "0 < 73.0.3683.75-1~deb9u1", "72.0.3626.122-1~deb9u1", true},
        Verdict{"Debian:9", "0 < 73.0.3683.75-1~deb9u1", "73.0.3683.75-1", false},
        Verdict{"Debian:9", "0 < 73.0.3683.75-1~deb9u1", "73.0.3683.75-1~deb9u1~bpo8+1", true},
        Verdict{"Debian:9", "0 < 52.5.0esr-1~deb9u1", "52.4.0esr-1~deb9u1", true},
        Verdict{"Debian:9", "0 < 52.5.0esr-1~deb9u1", "52.5.0esr-1", false},
        Verdict{"Debian:9", "0 < 1:9.10.3.dfsg.P4-12.3+deb9u5", "1:9.10.3.dfsg.P4-12.3+deb9u4",
                true},
        Verdict{"Debian:9", "0 < 1:9.10.3.dfsg.P4-12.3+deb9u5", "1:9.11.5.P4+dfsg-5.1", false},
        Verdict{"Debian:9", "0 < 232-25+deb9u11", "232-25+deb9u9", true},
        Verdict{"Debian:9", "0 < 232-25+deb9u11", "232-25+deb9u12", false},
        Verdict{"Debian:10", "0 < 1.14.2-2+deb10u1", "1.14.2-2", true},
        Verdict{"Debian:10", "0 < 1.14.2-2+deb10u1", "1.14.2-2+deb10u1+b1", false},
        Verdict{"Debian:10", "0 < 11.14-0+deb10u1", "11.12-0+deb10u1", true},
        Verdict{"Debian:10", "0 < 11.14-0+deb10u1", "11.9-0+deb10u1", true},
        Verdict{"Debian:10", "0 < 11.14-0+deb10u1", "11.14-0+deb10u1", false},
        Verdict{"Debian:11", "0 < 5.2.5-2.1~deb11u1", "5.2.5-2", true},
        Verdict{"Debian:11", "0 < 5.2.5-2.1~deb11u1", "5.2.5-2.1", false},
        Verdict{"Debian:11", "0 < 1:1.2.11.dfsg-2+deb11u2", "1:1.2.11.dfsg-2+deb11u1", true},
        Verdict{"Debian:11", "0 < 1:1.2.11.dfsg-2+deb11u2", "1.2.13", true},
        Verdict{"Debian:9", "0 < 3.20190618.1~deb9u1", "3.20190514.1~deb9u1", true},
        Verdict{"Debian:9", "0 < 2:4.5.12+dfsg-2+deb9u2", "2:4.5.12+dfsg-2+deb9u1", true},
        Verdict{"Debian:9", "0 < 2:4.5.12+dfsg-2+deb9u2", "2:4.5.16+dfsg-1", false},
        Verdict{"Debian:9", "0 < 2.9.4+dfsg1-2.2+deb9u4", "2.9.4+dfsg1-2.2+deb9u3", true},
        Verdict{"Debian:9", "0 < 2.9.4+dfsg1-2.2+deb9u4", "2.9.4+dfsg1-7", false},
        Verdict{"Debian:10", "0 < 4.1.0+git191117-2~deb10u1", "4.1.0+git190101-1", true},
        Verdict{"Debian:10", "0 < 4.1.0+git191117-2~deb10u1", "4.1.0-1", true},
        Verdict{"Debian:10", "0 < 4.1.0+git191117-2~deb10u1", "4.1.0+git191117-2", false},
        Verdict{"Debian:11", "0 < 1.20.10", "1.20.9", true},
        Verdict{"Debian:11", "0 < 1.20.10", "1.20.12", false}));

INSTANTIATE_TEST_SUITE_P(
    Ubuntu, VerdictTest,
    testing::Values(
        Verdict{"Ubuntu:22.04:LTS", "0 < 3.0.2-0ubuntu1.15", "3.0.2-0ubuntu1.14", true},
        Verdict{"Ubuntu:22.04:LTS", "0 < 3.0.2-0ubuntu1.15", "3.0.2-0ubuntu1.15", false},
        Verdict{"Ubuntu:22.04:LTS", "0 < 3.0.2-0ubuntu1.15", "3.0.2-0ubuntu1.9", true},
        Verdict{"Ubuntu:20.04:LTS", "0 < 1:8.2p1-4ubuntu0.11", "1:8.2p1-4ubuntu0.5", true},
        Verdict{"Ubuntu:20.04:LTS", "0 < 1:8.2p1-4ubuntu0.11", "1:8.2p1-4ubuntu0.12", false}));

INSTANTIATE_TEST_SUITE_P(
    Rpm, VerdictTest,
    testing::Values(Verdict{"AlmaLinux:9", "0 < 1:3.0.7-27.el9", "1:3.0.7-24.el9", true},
                    Verdict{"AlmaLinux:9", "0 < 1:3.0.7-27.el9", "1:3.0.7-27.el9", false},
                    Verdict{"AlmaLinux:9", "0 < 1:3.0.7-27.el9", "1:3.0.7-27.el9_4.1", false},
                    Verdict{"Rocky Linux:8", "0 < 4.18.0-553.el8", "4.18.0-80.el8", true},
                    Verdict{"Rocky Linux:8", "0 < 2.0~rc2-1.el8", "2.0~rc1-5.el8", true},
                    Verdict{"Rocky Linux:8", "0 < 2.0~rc2-1.el8", "2.0-1.el8", false}));

INSTANTIATE_TEST_SUITE_P(
    Alpine, VerdictTest,
    testing::Values(Verdict{"Alpine:v3.19", "0 < 3.1.4-r3", "3.1.4-r2", true},
                    Verdict{"Alpine:v3.19", "0 < 3.1.4-r3", "3.1.4-r3", false},
                    Verdict{"Alpine:v3.19", "0 < 3.1.4-r3", "3.1.4-r10", false},
                    Verdict{"Alpine:v3.19", "0 < 9.6_p1-r0", "9.6-r5", true},
                    Verdict{"Alpine:v3.19", "0 < 1.0-r0", "1.0_rc3-r1", true},
                    Verdict{"Alpine:v3.19", "0 < 1.0-r0", "1.0_p1-r0", false}));

TEST(AdvisorySetTest, MatchesReleaseByRelease) {
  const AdvisorySet set = SetOf({ReadOne(kOpenssl)});
  const auto ids = [&](const char* ecosystem, const char* version) {
    std::vector<std::string> out;
    for (const Finding& finding : set.Match(ecosystem, "openssl", version))
      out.push_back(std::string(finding.id) + " " + std::string(finding.fixed));
    return out;
  };
  EXPECT_THAT(ids("Debian:12", "3.0.9-1"), ElementsAre("DSA-1-1 3.0.11-1~deb12u2"));
  EXPECT_THAT(ids("Debian:12", "3.0.11-1~deb12u2"), ElementsAre());
  EXPECT_THAT(ids("Debian:11", "1.1.1n-0+deb11u3"), ElementsAre("DSA-1-1 1.1.1n-0+deb11u4"));
  EXPECT_THAT(ids("Debian:11", "1.1.1w-0+deb11u1"), ElementsAre("DSA-1-1 "));  // again, no fix
  EXPECT_THAT(ids("Debian:13", "1.1.1"), ElementsAre());
}

TEST(AdvisorySetTest, OfOneIdTheNewestCountsAndAWithdrawnOneIsGone) {
  const Advisory whole = ReadOne(kOpenssl);
  Advisory newer = whole;
  newer.affected.erase(newer.affected.begin());
  newer.modified = *whole.modified + kDay;
  AdvisorySetBuilder builder;
  EXPECT_TRUE(builder.Add(whole));
  EXPECT_TRUE(builder.Add(newer));
  EXPECT_FALSE(builder.Add(whole));
  EXPECT_EQ(builder.advisories(), 1u);
  const auto set = *AdvisorySet::Open(builder.Finish());
  EXPECT_TRUE(set.Match("Debian:12", "openssl", "3.0.9-1").empty());
  EXPECT_EQ(set.Match("Debian:11", "openssl", "1.1.1n-0").size(), 1u);
  Advisory withdrawn = newer;
  withdrawn.withdrawn = true;
  AdvisorySetBuilder again;
  again.Add(newer);
  again.Add(withdrawn);
  EXPECT_EQ(again.advisories(), 0u);
  EXPECT_EQ(AdvisorySet::Open(again.Finish())->packages(), 0u);
}

TEST(AdvisorySetTest, WithoutAKnownOrderOnlyListedVersionsMatch) {
  const AdvisorySet set = SetOf({{"GHSA-1",
                                  {},
                                  {},
                                  {},
                                  false,
                                  "",
                                  {{"npm", "left-pad", {{"0", "1.3.0", ""}}, {"1.0.0"}, ""}}}});
  EXPECT_EQ(set.Match("npm", "left-pad", "1.0.0").size(), 1u);
  EXPECT_TRUE(set.Match("npm", "left-pad", "1.0.1").empty());
}

TEST(AdvisorySetTest, DamagedBytesAreRefused) {
  AdvisorySetBuilder builder;
  builder.Add(ReadOne(kOpenssl));
  const std::string bytes = builder.Finish();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(AdvisorySet::Open(bytes.substr(0, size)).ok()) << size;
  EXPECT_FALSE(AdvisorySet::Open(bytes + "x").ok());
  EXPECT_TRUE(AdvisorySet::Open(bytes).ok());
}

TEST(AdvisorySetTest, ANewEditionTouchesOnlyWhatItSaysDifferently) {
  Advisory other = ReadOne(kOpenssl);
  other.id = "DSA-2-1";
  for (auto& affected : other.affected) affected.name = "curl";
  const AdvisorySet before = SetOf({ReadOne(kOpenssl), other});
  other.affected[0].ranges[0].fixed = "9";
  other.affected.push_back({"Debian:12", "zlib", {{}}, {}, ""});
  const AdvisorySet after = SetOf({ReadOne(kOpenssl), other});
  std::vector<std::string> touched;
  after.Differences(before, [&](std::string_view name) { touched.emplace_back(name); });
  EXPECT_THAT(touched, ElementsAre("Debian:12\tcurl", "Debian:12\tzlib"));
  touched.clear();
  before.Differences(after, [&](std::string_view name) { touched.emplace_back(name); });
  EXPECT_EQ(touched.size(), 2u);
}

constexpr const char* kTracker = R"({"openssl": {
  "CVE-2023-0001": {"description": "a\nb", "releases": {
     "bookworm": {"status": "resolved", "fixed_version": "3.0.11-1~deb12u2", "urgency": "high"},
     "bullseye": {"status": "open", "urgency": "low"},
     "sid": {"status": "resolved", "fixed_version": "3.1-1"},
     "trixie": {"status": "resolved", "fixed_version": "0"}}},
  "CVE-2023-0002": {"releases": {"bookworm": {"status": "undetermined"}}},
  "TEMP-0000000-A": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
  "CVE-2023-0003": {"releases": 7}},
 "curl": {"CVE-2023-0001": {"releases": {"bookworm": {"status": "open"}}}, "CVE-2023-0004": 5}})";

TEST(DebianTrackerTest, GivesEachReleaseItsOwnVerdict) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{10000}}) {
    AdvisorySetBuilder builder;
    std::vector<std::string> warnings;
    DebianTrackerReader reader([&](const Advisory& a) { builder.Add(a); },
                               [&](FeedWarning w) { warnings.push_back(w.what); });
    const std::string_view feed = kTracker;
    for (size_t at = 0; at < feed.size(); at += piece) reader.Feed(feed.substr(at, piece));
    ASSERT_TRUE(reader.Finish().ok());
    EXPECT_THAT(warnings, ElementsAre("openssl CVE-2023-0003: no releases"));
    Knowledge knowledge;
    ASSERT_TRUE(knowledge.Put("debian", EncodeAdvisories(builder.Finish())).ok());
    const auto open = knowledge.OpenOn("Debian:12", "openssl", "3.0.9-1", FromUnixSeconds(1));
    ASSERT_EQ(open.size(), 1u);  // what is unimportant is left out
    EXPECT_EQ(open[0].id, "CVE-2023-0001");
    EXPECT_EQ(open[0].fixed, "3.0.11-1~deb12u2");
    EXPECT_EQ(open[0].summary, "a b");
    EXPECT_TRUE(
        knowledge.OpenOn("Debian:12", "openssl", "3.0.11-1~deb12u2", FromUnixSeconds(1)).empty());
    EXPECT_EQ(knowledge.OpenOn("Debian:11", "openssl", "9", FromUnixSeconds(1))[0].fixed, "");
    EXPECT_TRUE(knowledge.OpenOn("Debian:13", "openssl", "1", FromUnixSeconds(1)).empty());
    EXPECT_EQ(knowledge.OpenOn("Debian:12", "curl", "1", FromUnixSeconds(1)).size(), 1u);
  }
}

TEST(KnowledgeTest, SeveralFeedsAboutOneVulnerability) {
  Knowledge knowledge;
  AdvisorySetBuilder dsa, tracker;
  dsa.Add(ReadOne(kOpenssl));
  DebianTrackerReader reader([&](const Advisory& a) { tracker.Add(a); }, [](FeedWarning) {});
  reader.Feed(kTracker);
  const auto first = knowledge.Put("dsa", EncodeAdvisories(dsa.Finish()));
  EXPECT_THAT(first->packages, ElementsAre("Debian:11\topenssl", "Debian:12\topenssl"));
  EXPECT_FALSE(first->ratings);
  ASSERT_TRUE(knowledge.Put("tracker", EncodeAdvisories(tracker.Finish())).ok());
  auto open = knowledge.OpenOn("Debian:12", "openssl", "3.0.9-1", FromUnixSeconds(1));
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].id, "CVE-2022-0002");
  EXPECT_THAT(open[1].advisories, ElementsAre("CVE-2023-0001", "DSA-1-1"));
  EXPECT_EQ(FormatInstant(open[1].fixed_since), "2023-02-07T00:00:00Z");
  EXPECT_THAT(knowledge.Remove("dsa").packages, testing::SizeIs(2));
  EXPECT_EQ(knowledge.OpenOn("Debian:12", "openssl", "3.0.9-1", FromUnixSeconds(1)).size(), 1u);
}

TEST(KnowledgeTest, RatingsStayApartAndWeigh) {
  Knowledge knowledge;
  const CveId a{2024, 1}, b{2024, 2}, c{2024, 3};
  KevEntry entry{FromUnixSeconds(1000), std::nullopt, true, "A"};
  ASSERT_TRUE(knowledge.Put("kev", EncodeContent(KevCatalogue{{a, entry}}))->ratings);
  ASSERT_TRUE(knowledge
                  .Put("epss", EncodeContent(EpssScores({{a, {0.25f, 0.9f}}, {b, {0.25f, 0.9f}}},
                                                        FromUnixSeconds(9), "v1")))
                  ->ratings);
  ASSERT_TRUE(
      knowledge.Put("nvd", EncodeContent(CvssScores({{c, {9.8f, true, Instant()}}})))->ratings);
  EXPECT_TRUE(knowledge.RatingOf(a).kev->ransomware);
  EXPECT_EQ(knowledge.RatingOf(a).kev->due, std::nullopt);
  EXPECT_FLOAT_EQ(knowledge.RatingOf(a).epss->probability, 0.25f);
  EXPECT_DOUBLE_EQ(WeightOf(knowledge.RatingOf(a)), 4);
  EXPECT_DOUBLE_EQ(WeightOf(knowledge.RatingOf(b)), 1.75);
  EXPECT_DOUBLE_EQ(WeightOf(knowledge.RatingOf(c)), 1.5);
  EXPECT_TRUE(knowledge.RatingOf(c).cvss->network);
  EXPECT_DOUBLE_EQ(WeightOf(knowledge.RatingOf({2024, 4})), 0);
  EXPECT_EQ(knowledge.Put("kev", "\x7f").status().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(knowledge.RatingOf(a).kev.has_value());  // the last good one stays
}

TEST(NvdReaderTest, TakesTheNewestScoreAndItsOwnRating) {
  const std::string feed = R"({"resultsPerPage": 3, "vulnerabilities": [
    {"cve": {"id": "CVE-2024-1000", "published": "2024-01-02T03:04:05.678",
      "lastModified": "2024-02-02T03:04:05.678", "vulnStatus": "Analyzed", "metrics": {
      "cvssMetricV2": [{"type": "Primary", "cvssData": {"baseScore": 5.0}}],
      "cvssMetricV31": [
        {"type": "Secondary", "cvssData": {"baseScore": 9.9, "vectorString": "CVSS:3.1/AV:L"}},
        {"type": "Primary", "cvssData": {"baseScore": 9.8, "vectorString": "CVSS:3.1/AV:N/AC:L"}}]}}},
    {"cve": {"id": "CVE-2024-1001"}}, {"cve": {"id": "CVE-2024-1002", "vulnStatus": "Rejected"}},
    {"cve": 5}]})";
  std::vector<FeedWarning> warnings;
  NvdReader reader([&](FeedWarning w) { warnings.push_back(w); });
  for (char c : feed) reader.Feed(std::string(1, c));
  EXPECT_EQ(FormatInstant(reader.newest()), "2024-02-02T03:04:05.678Z");
  const auto scores = std::move(reader).Finish();
  ASSERT_TRUE(scores.ok());
  ASSERT_EQ(scores->rows().size(), 2u);
  EXPECT_FLOAT_EQ(scores->Find({2024, 1000})->base, 9.8f);
  EXPECT_TRUE(scores->Find({2024, 1000})->network);
  EXPECT_FLOAT_EQ(scores->Find({2024, 1001})->base, 0);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(KevReaderTest, EntriesAndTheDateOfTheCatalogue) {
  const std::string feed = R"({"title": "x", "dateReleased": "2025-08-25T17:04:19.97Z",
    "vulnerabilities": [
      {"cveID": "CVE-2025-1000", "dateAdded": "2025-08-25", "dueDate": "2025-09-15",
       "knownRansomwareCampaignUse": "Known", "vulnerabilityName": "A"},
      {"cveID": "nonsense"}, {"cveID": "CVE-2025-1001", "dateAdded": 5}]})";
  std::vector<FeedWarning> warnings;
  KevReader reader([&](FeedWarning w) { warnings.push_back(w); });
  for (char c : feed) reader.Feed(std::string(1, c));
  EXPECT_EQ(FormatInstant(*reader.released()), "2025-08-25T17:04:19.97Z");
  const auto entries = std::move(reader).Finish();
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ(entries->size(), 2u);
  EXPECT_TRUE(entries->at({2025, 1000}).ransomware);
  EXPECT_EQ(FormatInstant(*entries->at({2025, 1000}).due), "2025-09-15T00:00:00Z");
  EXPECT_EQ(entries->at({2025, 1001}).added, std::nullopt);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(KevReaderTest, HalfACatalogueIsNone) {
  KevReader reader([](FeedWarning) {});
  reader.Feed(R"({"vulnerabilities": [{"cveID": "CVE-2025-1000"}, {"cveID")");
  EXPECT_EQ(std::move(reader).Finish().status().code(), StatusCode::kDataLoss);
}

TEST(EpssReaderTest, ScoresModelAndDay) {
  const std::string feed =
      "#model_version:v2025.03.14,score_date:2026-04-23T12:55:00Z\ncve,epss,percentile\n"
      "CVE-2024-2000,0.5,0.9\r\nCVE-1999-0001,5e-05,0.01\nCVE-2024-2000,0.6,0.95\n"
      "CVE-2024-2001,1.5,0\nnonsense\nCVE-2024-2002,0.1,0.2";
  for (size_t piece : {size_t{1}, size_t{5}, feed.size()}) {
    std::vector<uint64_t> warnings;
    EpssReader reader([&](FeedWarning w) { warnings.push_back(w.offset); });
    for (size_t at = 0; at < feed.size(); at += piece) reader.Feed(feed.substr(at, piece));
    const auto scores = std::move(reader).Finish();
    ASSERT_TRUE(scores.ok());
    EXPECT_EQ(scores->size(), 3u);
    EXPECT_FLOAT_EQ(scores->Find({2024, 2000})->probability, 0.6f);
    EXPECT_FLOAT_EQ(scores->Find({1999, 1})->probability, 5e-5f);
    EXPECT_FLOAT_EQ(scores->Find({2024, 2002})->percentile, 0.2f);
    EXPECT_EQ(scores->Find({2024, 1}), std::nullopt);
    EXPECT_EQ(scores->model(), "v2025.03.14");
    EXPECT_EQ(FormatInstant(*scores->scored_at()), "2026-04-23T12:55:00Z");
    EXPECT_EQ(warnings.size(), 2u);
    EXPECT_EQ(warnings[0], feed.find("CVE-2024-2001"));
  }
}

// The real feeds, where DRIFTCAST_SHARED names the folder that has them.
class RealFeedTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("DRIFTCAST_SHARED");
    if (shared == nullptr) GTEST_SKIP() << "DRIFTCAST_SHARED is not set";
    folder_ = std::string(shared) + "/data/feeds/";
  }
  template <typename Reader>
  void Read(const std::string& name, Reader* reader) {
    FILE* file = popen(("gzip -dc '" + folder_ + name + "'").c_str(), "r");
    ASSERT_NE(file, nullptr);
    char buffer[65536];
    while (const size_t size = std::fread(buffer, 1, sizeof buffer, file))
      reader->Feed({buffer, size});
    ASSERT_EQ(pclose(file), 0);
  }
  std::string folder_;
  size_t warnings_ = 0;
};

TEST_F(RealFeedTest, Osv) {
  AdvisorySetBuilder builder;
  for (const char* name : {"osv/debian_dsa_dla_osv.jsonl.gz", "osv/mixed_osv_samples.jsonl.gz"}) {
    OsvReader reader([&](const Advisory& a) { builder.Add(a); }, [&](FeedWarning) { ++warnings_; });
    Read(name, &reader);
    EXPECT_TRUE(reader.Finish().ok());
  }
  EXPECT_EQ(warnings_, 0u);
  EXPECT_GT(builder.advisories(), 8500u);
  const AdvisorySet set = *AdvisorySet::Open(builder.Finish());
  const auto ids = [&](const char* version) {
    std::vector<std::string> out;
    for (const Finding& finding : set.Match("Debian:10", "intel-microcode", version))
      out.emplace_back(finding.id);
    return out;
  };
  EXPECT_THAT(ids("3.20220510.1~deb10u1"), testing::Contains("DLA-3379-1"));
  EXPECT_THAT(ids("3.20230214.1~deb10u1"), testing::Not(testing::Contains("DLA-3379-1")));
}

TEST_F(RealFeedTest, KevAndEpss) {
  KevReader kev([&](FeedWarning) { ++warnings_; });
  Read("kev/known_exploited_vulnerabilities.json.gz", &kev);
  const auto entries = std::move(kev).Finish();
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ(entries->size(), 1404u);
  EpssReader epss([&](FeedWarning) { ++warnings_; });
  Read("epss/epss_scores-2026-08-16.csv.gz", &epss);
  const auto scores = std::move(epss).Finish();
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores->size(), 360142u);
  EXPECT_EQ(warnings_, 0u);
}

}  // namespace
}  // namespace driftcast::intel
