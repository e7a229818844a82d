// Feeds over HTTP and TAXII, from a server that is a process of its own and gets much wrong.
#include "ingest/feed_fetch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "base/file.h"
#include "http/client.h"
#include "intel/knowledge.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FeedServer {
 public:
  FeedServer() {
    int ends[2];
    if (pipe(ends) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      execlp("python3", "python3", DRIFTCAST_FEED_SERVER, nullptr);
      _exit(127);
    }
    close(ends[1]);
    says_ = ends[0];
    std::string text;
    for (char c = 0; read(says_, &c, 1) == 1 && c != '\n';) text += c;
    port_ = std::atoi(text.c_str());
  }
  ~FeedServer() {
    close(says_);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int port() const { return port_; }

 private:
  pid_t pid_ = -1;
  int says_ = -1;  // its output: open as long as it lives
  int port_ = 0;
};

class FeedFetchTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new FeedServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    ASSERT_GT(server_->port(), 0) << "python3 did not start";
    char name[] = "/tmp/driftcast-feeds-XXXXXX";
    folder_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  FeedSource Source(const std::string& path) {
    FeedSource source;
    source.name = "kev";
    source.url = server_->Url(path);
    source.timeout = kSecond * 10;
    return source;
  }
  FeedAttempt Get(const FeedSource& source, const FeedMemory& memory = {},
                  const std::string& proxy = "") {
    return FetchFeed(source, proxy, folder_ / "feeds", memory);
  }
  // Nothing of a failed attempt stays on disk.
  void ExpectClean() {
    EXPECT_TRUE(!std::filesystem::exists(folder_ / "feeds") ||
                std::filesystem::is_empty(folder_ / "feeds"));
  }

  static FeedServer* server_;
  std::filesystem::path folder_;
};
FeedServer* FeedFetchTest::server_ = nullptr;

TEST_F(FeedFetchTest, ReadsAndAsksOnlyForWhatIsNew) {
  for (const char* path : {"/kev", "/modified", "/moved"}) {
    const FeedAttempt first = Get(Source(path));
    ASSERT_TRUE(first.status.ok()) << path << Message(first.status);
    EXPECT_FALSE(first.unchanged);
    EXPECT_EQ(first.file.format, "kev");
    EXPECT_EQ(first.file.feed.records, 1u);
    EXPECT_EQ(FormatInstant(first.file.feed.newest_at), "2026-01-02T00:00:00Z");
    const FeedMemory memory = FeedMemory::FromText(first.memory.ToText());
    const FeedAttempt second = Get(Source(path), memory);
    ASSERT_TRUE(second.status.ok()) << path << Message(second.status);
    EXPECT_TRUE(second.unchanged) << path;
    EXPECT_EQ(second.memory.ToText(), memory.ToText());
    ExpectClean();
  }
  // What was remembered of another address means nothing.
  FeedMemory other = Get(Source("/kev")).memory;
  other.source = "http://elsewhere/";
  EXPECT_FALSE(Get(Source("/kev"), other).unchanged);
}

TEST_F(FeedFetchTest, WhatGoesWrongIsSaidAndNothingIsUsed) {
  const auto code = [&](const std::string& path) { return Get(Source(path)).status.code(); };
  EXPECT_EQ(code("/half"), StatusCode::kUnavailable);
  EXPECT_EQ(code("/half-told"), StatusCode::kDataLoss);
  EXPECT_EQ(code("/broken"), StatusCode::kUnavailable);
  EXPECT_EQ(code("/nothing"), StatusCode::kNotFound);
  EXPECT_EQ(code("/private"), StatusCode::kPermissionDenied);
  FeedSource slow = Source("/stall");
  slow.timeout = kSecond / 2;
  EXPECT_EQ(Get(slow).status.code(), StatusCode::kDeadlineExceeded);
  FeedSource big = Source("/big");
  big.bytes_max = 1 << 20;
  EXPECT_EQ(Get(big).status.code(), StatusCode::kResourceExhausted);
  FeedSource nobody = Source("/kev");
  nobody.url = "http://127.0.0.1:1/";
  EXPECT_EQ(Get(nobody).status.code(), StatusCode::kUnavailable);
  ExpectClean();
}

TEST_F(FeedFetchTest, ABusyServerIsLeftAlone) {
  const FeedAttempt attempt = Get(Source("/busy"));
  EXPECT_EQ(attempt.status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(attempt.retry_after, kSecond * 120);
}

TEST_F(FeedFetchTest, AChangedChecksumIsNotUsed) {
  FeedSource source = Source("/kev");
  source.sha256 = server_->Url("/kev.sha256");
  EXPECT_TRUE(Get(source).status.ok());
  source.sha256 = server_->Url("/other.sha256");
  const FeedAttempt attempt = Get(source);
  EXPECT_EQ(attempt.status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(Message(attempt.status), HasSubstr("not used"));
  source.sha256 = std::string(64, 'A');
  EXPECT_EQ(Get(source).status.code(), StatusCode::kDataLoss);
  source.sha256 = server_->Url("/nothing");
  EXPECT_EQ(Get(source).status.code(), StatusCode::kUnavailable);
}

TEST_F(FeedFetchTest, SecretsComeFromFiles) {
  ASSERT_TRUE(WriteFileAtomically(folder_ / "token", "open sesame\n").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ / "password", "pw\n").ok());
  FeedSource source = Source("/private");
  source.token_file = folder_ / "token";
  EXPECT_TRUE(Get(source).status.ok());
  source.token_file.clear();
  source.user = "ada";
  source.password_file = folder_ / "password";
  EXPECT_TRUE(Get(source).status.ok());
  source.password_file = folder_ / "missing";
  EXPECT_EQ(Get(source).status.code(), StatusCode::kNotFound);
}

TEST_F(FeedFetchTest, GoesThroughAProxy) {
  FeedSource source = Source("/kev");
  source.url = "http://feeds.example/kev";
  const FeedAttempt attempt = Get(source, {}, server_->Url(""));
  EXPECT_TRUE(attempt.status.ok()) << Message(attempt.status);
}

std::vector<std::string> Addresses(const FeedAttempt& attempt) {
  std::vector<std::string> values;
  const auto content = intel::DecodeContent(attempt.file.feed.content);
  if (!content.ok()) return {"unreadable"};
  if (const auto* set = std::get_if<intel::IndicatorFeed>(&*content))
    for (const auto& indicator : set->set.indicators()) values.push_back(indicator.value);
  return values;
}

TEST_F(FeedFetchTest, ATaxiiCollectionIsReadPageByPageAndThenOnlyWhatIsNew) {
  FeedSource source;
  source.name = "intel";
  source.taxii = server_->Url("/taxii/good/");
  const FeedAttempt first = Get(source);
  ASSERT_TRUE(first.status.ok()) << Message(first.status);
  EXPECT_THAT(Addresses(first), ElementsAre("192.0.2.1", "192.0.2.2", "192.0.2.3"));
  EXPECT_EQ(first.memory.added_after, "2026-01-03T00:00:00Z");
  const FeedAttempt second = Get(source, first.memory);
  ASSERT_TRUE(second.status.ok()) << Message(second.status);
  EXPECT_THAT(Addresses(second), ElementsAre("192.0.2.2", "192.0.2.3", "192.0.2.9"));
  const FeedAttempt third = Get(source, second.memory);
  ASSERT_TRUE(third.status.ok()) << Message(third.status);
  EXPECT_TRUE(third.unchanged);
  EXPECT_EQ(third.memory.added_after, "2026-02-01T00:00:00Z");
}

TEST_F(FeedFetchTest, ATaxiiReadingThatBreaksLeavesTheMirrorAsItWas) {
  FeedSource source;
  source.name = "intel";
  source.taxii = server_->Url("/taxii/broken/");
  EXPECT_EQ(Get(source).status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "feeds" / "intel.taxii"));
  source.taxii = server_->Url("/taxii/endless/");
  EXPECT_EQ(Get(source).status.code(), StatusCode::kDataLoss);
}

TEST_F(FeedFetchTest, AMirrorInAFolder) {
  const std::string kev = R"({"vulnerabilities": [{"cveID": "CVE-2025-1000"}], "cveID": ""})";
  ASSERT_TRUE(WriteFileAtomically(folder_ / "a.json", kev).ok());
  FeedSource source;
  source.name = "kev";
  source.files = {(folder_ / "*.json").string()};
  const FeedAttempt first = Get(source);
  ASSERT_TRUE(first.status.ok()) << Message(first.status);
  EXPECT_EQ(first.file.feed.records, 1u);
  EXPECT_TRUE(Get(source, first.memory).unchanged);
  ASSERT_TRUE(WriteFileAtomically(folder_ / "b.json", kev).ok());
  EXPECT_FALSE(Get(source, first.memory).unchanged);
  source.files = {(folder_ / "none*").string()};
  EXPECT_EQ(Get(source).status.code(), StatusCode::kNotFound);
}

TEST(FeedConfigTest, IsReadStrictly) {
  const auto config = ParseFeedConfig(R"(
proxy = "http://proxy:3128"
[[feed]]
name = "kev"
format = "kev"
url = "https://www.example.com/kev.json"
every = "6h"
stale_after = "3d"
megabytes_max = 10
[[feed]]
name = "mirror"
files = ["/srv/osv/*.zip"]
)");
  ASSERT_TRUE(config.ok()) << Message(config.status());
  EXPECT_EQ(config->proxy, "http://proxy:3128");
  ASSERT_EQ(config->feeds.size(), 2u);
  EXPECT_EQ(config->feeds[0].every, kHour * 6);
  EXPECT_EQ(config->feeds[0].stale_after, kDay * 3);
  EXPECT_EQ(config->feeds[0].bytes_max, uint64_t{10} << 20);
  EXPECT_EQ(config->feeds[1].files.size(), 1u);
}

TEST(FeedConfigTest, TheSampleIsSound) {
  const auto text = ReadFile(std::string(DRIFTCAST_EXAMPLES) + "/feeds.toml", 1 << 20);
  ASSERT_TRUE(text.ok()) << Message(text.status());
  const auto config = ParseFeedConfig(*text);
  ASSERT_TRUE(config.ok()) << Message(config.status());
  EXPECT_EQ(config->feeds.size(), 3u);
}

TEST(FeedConfigTest, FaultsAreSaidWithTheirLine) {
  const auto fault = [](const std::string& text) {
    return Message(ParseFeedConfig(text).status());
  };
  EXPECT_THAT(fault("x = 1"), HasSubstr("line 1: there is no entry 'x'"));
  EXPECT_THAT(fault("[[feed]]\nname = \"a\""), HasSubstr("one of url, taxii and files"));
  EXPECT_THAT(fault("[[feed]]\nurl = \"http://a\""), HasSubstr("needs a name"));
  EXPECT_THAT(fault("[[feed]]\nname = \"a\"\nurl = \"http://a\"\nevery = \"soon\""),
              HasSubstr("'every' must be"));
  EXPECT_THAT(fault("[[feed]]\nname = \"a\"\nurl = \"http://a\"\nformat = \"pdf\""),
              HasSubstr("'pdf' is no format"));
  EXPECT_THAT(fault("[[feed]]\nname=\"a\"\nurl=\"u\"\n[[feed]]\nname=\"a\"\nurl=\"u\""),
              HasSubstr("two feeds 'a'"));
  EXPECT_THAT(fault("feed = 3"), HasSubstr("[[feed]]"));
  EXPECT_THAT(fault("a = "), HasSubstr("line 1"));
}

}  // namespace
}  // namespace driftcast
