// People on a host: parsers of wtmp and auth.log, and what is told of them.
#include <utmp.h>

#include <cstring>

#include <gmock/gmock.h>

#include "collect/scratch_root.h"
#include "collect/session_history.h"
#include "collect/session_log.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

const Instant kNow = *ParseInstant("2026-05-10T12:00:00Z");

std::string Record(short type, const char* user, const char* line, const char* host, Instant at) {
  utmp record{};
  record.ut_type = type;
  std::strncpy(record.ut_user, user, sizeof record.ut_user);
  std::strncpy(record.ut_line, line, sizeof record.ut_line);
  std::strncpy(record.ut_host, host, sizeof record.ut_host);
  record.ut_tv.tv_sec = static_cast<int32_t>(ToUnixMicros(at) / 1'000'000);
  return std::string(reinterpret_cast<const char*>(&record), sizeof record);
}

std::string ScratchWtmp() {
  return Record(BOOT_TIME, "reboot", "~", "", kNow - kDay) +
         Record(USER_PROCESS, "alice", "pts/0", "203.0.113.7", kNow - kHour * 3) +
         Record(USER_PROCESS, "bob", "tty1", "", kNow - kHour * 2) +
         Record(DEAD_PROCESS, "", "pts/0", "", kNow - kHour);
}

std::optional<Instant> Utc(std::string_view text) {
  std::string t(text);
  t[10] = 'T';
  const auto at = ParseInstant(t + "Z");
  return at.ok() ? std::optional(*at) : std::nullopt;
}

TEST(WtmpTest, SessionsBeginAndEnd) {
  const auto sessions = ParseWtmp(ScratchWtmp() + "cut off");
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].user, "alice");
  EXPECT_TRUE(sessions[0].remote);
  EXPECT_EQ(sessions[0].ended_at, kNow - kHour);
  EXPECT_EQ(sessions[1].line, "tty1");
  EXPECT_FALSE(sessions[1].remote);
  EXPECT_EQ(sessions[1].ended_at, std::nullopt);
}

TEST(WtmpTest, AStartEndsAllSessions) {
  const auto sessions = ParseWtmp(Record(USER_PROCESS, "alice", "pts/0", "", kNow - kDay) +
                                  Record(BOOT_TIME, "reboot", "~", "", kNow));
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].ended_at, kNow);
  EXPECT_TRUE(ParseWtmp(std::string(5000, '\xff')).size() < 15);
}

TEST(AuthLogTest, BothForms) {
  const auto found = ParseAuthLog(
      "2026-05-10T10:00:00.5+02:00 web-7 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root "
      "; "
      "COMMAND=/usr/bin/mysql -psecret\n"
      "May  9 23:59:58 web-7 su[77]: (to root) bob on pts/1\n"
      "Dec 31 23:00:00 web-7 sudo: carol : TTY=pts/0 ; PWD=/ ; USER=www ; COMMAND=/bin/ls\n"
      "May 10 10:00:00 web-7 sudo:    eve : 3 incorrect password attempts ; TTY=pts/2 ; PWD=/ ; "
      "USER=root ; COMMAND=/bin/sh\n"
      "May 10 10:00:00 web-7 sshd[1]: Accepted publickey for alice\n"
      "nonsense\n\n",
      kNow, Utc);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].by, "alice");
  EXPECT_EQ(found[0].as, "root");
  EXPECT_EQ(found[0].program, "/usr/bin/mysql");
  EXPECT_EQ(FormatInstant(found[0].at), "2026-05-10T08:00:00.5Z");
  EXPECT_EQ(found[1].tool, "su");
  EXPECT_EQ(found[1].by, "bob");
  EXPECT_EQ(FormatInstant(found[1].at), "2026-05-09T23:59:58Z");
  EXPECT_EQ(FormatInstant(found[2].at), "2025-12-31T23:00:00Z");  // the last such day
}

class SessionHistoryTest : public testing::Test {
 protected:
  SessionHistoryTest() {
    scratch_.Write("/var/log/wtmp", ScratchWtmp());
    scratch_.Write("/var/log/auth.log",
                   "2026-05-10T10:00:00Z web-7 sudo: alice : TTY=pts/0 ; PWD=/ ; USER=root ; "
                   "COMMAND=/usr/bin/mysql -phunter2\n");
  }
  ScratchRoot scratch_;
  SecretGuard guard_{std::string(32, 'k')};
};

TEST_F(SessionHistoryTest, TellsOnceAndUnderPseudonyms) {
  SessionHistory history(scratch_.root(), guard_, People::kPseudonyms);
  const auto news = history.News(kNow);
  ASSERT_EQ(news.size(), 3u);
  for (const ActivityReported& one : news) {
    EXPECT_THAT(one.actor, testing::StartsWith("person-"));
    const std::string all = one.id + one.actor + one.text;
    for (const char* secret : {"alice", "bob", "hunter2", "203.0.113"})
      EXPECT_THAT(all, Not(HasSubstr(secret)));
  }
  EXPECT_EQ(news[0].actor, history.NameOf("alice"));
  EXPECT_EQ(news[2].kind, "sudo");
  EXPECT_EQ(news[2].text, history.NameOf("alice") + " became root by sudo for /usr/bin/mysql");
  EXPECT_TRUE(history.News(kNow).empty());
  // A session that ends is told again, under the same id.
  scratch_.Write("/var/log/wtmp",
                 ScratchWtmp() + Record(DEAD_PROCESS, "", "tty1", "", kNow + kHour));
  const auto ended = history.News(kNow + kHour);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].id, news[1].id);
  EXPECT_EQ(ended[0].ended_at, kNow + kHour);
}

TEST_F(SessionHistoryTest, CanBeSwitchedOffOrNamePeople) {
  EXPECT_TRUE(SessionHistory(scratch_.root(), guard_, People::kOff).News(kNow).empty());
  EXPECT_EQ(SessionHistory(scratch_.root(), guard_, People::kNames).News(kNow)[0].actor, "alice");
}

// A host without wtmp and auth.log, as newer ones are: the audit log tells.
TEST_F(SessionHistoryTest, TheAuditLogTellsWhatIsWrittenNowhereElse) {
  const std::vector<AuditActivity> audited = {
      {AuditActivity::Kind::kLogin, kNow, 1000, 3, "/dev/pts/0", true, ""},
      {AuditActivity::Kind::kSudo, kNow + kMinute, 1000, 3, "pts/0", false, "/usr/bin/mysql"}};
  SessionHistory beside(scratch_.root(), guard_, People::kPseudonyms);
  EXPECT_EQ(beside.News(kNow, audited).size(), 3u) << "those of wtmp and auth.log alone";
  std::filesystem::remove(scratch_.Real("/var/log/wtmp"));
  std::filesystem::remove(scratch_.Real("/var/log/auth.log"));
  scratch_.Write("/etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  SessionHistory history(scratch_.root(), guard_, People::kPseudonyms);
  const auto news = history.News(kNow, audited);
  ASSERT_EQ(news.size(), 2u);
  EXPECT_EQ(news[0].kind, "login");
  EXPECT_EQ(news[0].actor, history.NameOf("alice"));
  EXPECT_EQ(news[0].text, news[0].actor + " logged in on /dev/pts/0 from another host");
  EXPECT_EQ(news[0].details.at("seen_by"), "audit log");
  EXPECT_EQ(news[1].text, news[0].actor + " used sudo for /usr/bin/mysql");
  const auto ended = history.News(
      kNow + kHour, {{AuditActivity::Kind::kLogout, kNow + kHour, 1000, 3, "", false, ""}});
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].id, news[0].id);
  EXPECT_EQ(ended[0].ended_at, kNow + kHour);
}

TEST_F(SessionHistoryTest, WhatIsOldIsNotTold) {
  SessionHistory history(scratch_.root(), guard_, People::kPseudonyms);
  EXPECT_TRUE(history.News(kNow + kDay * 40).empty());
}

}  // namespace
}  // namespace driftcast
