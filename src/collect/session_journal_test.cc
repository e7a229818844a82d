// Files of the journal as journald writes them (session_journal.export; see
// scripts/make-test-journal), read as an agent does; and teams.
#include "collect/session_journal.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <gmock/gmock.h>

#include "base/file.h"
#include "collect/scratch_root.h"
#include "collect/session_history.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

const Instant kNow = *ParseInstant("2026-05-10T12:00:00Z");

std::string Inflated(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  std::string text(16 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string JournalFile(const std::string& name) {
  std::string text = *ReadFile(std::string(DRIFTCAST_TEST_JOURNALS) + "/" + name + ".gz.b64");
  std::erase(text, '\n');
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  EXPECT_GT(size, 0);
  return Inflated(bytes);
}

constexpr const char* kFolder = "/var/log/journal/22222222222222222222222222222222/";

TEST(SessionJournalTest, LoginsAndElevationsFromACursorOn) {
  ScratchRoot scratch;
  EXPECT_FALSE(SessionJournal(scratch.root()).Read(kNow - kDay).ok() &&
               !SessionJournal(scratch.root()).Read(kNow - kDay)->logins.empty())
      << "there is none";
  scratch.Write(std::string(kFolder) + "system.journal", JournalFile("session_journal"));
  SessionJournal journal(scratch.root());
  const auto first = journal.Read(kNow - kDay);
  ASSERT_TRUE(first.ok()) << Message(first.status());
  ASSERT_EQ(first->logins.size(), 2u);
  EXPECT_EQ(first->logins[0].user, "alice");
  EXPECT_EQ(first->logins[0].line, "session 12");
  EXPECT_TRUE(first->logins[0].remote) << "sshd admitted its leader";
  EXPECT_EQ(FormatInstant(first->logins[0].started_at), "2026-05-10T08:00:02Z");
  EXPECT_EQ(first->logins[0].ended_at, std::nullopt);
  EXPECT_EQ(first->logins[1].user, "bob");
  EXPECT_FALSE(first->logins[1].remote);
  ASSERT_EQ(first->elevations.size(), 2u) << "neither refused ones, nor what another program says";
  EXPECT_EQ(first->elevations[0].by, "alice");
  EXPECT_EQ(first->elevations[0].program, "/usr/bin/mysql");
  EXPECT_EQ(FormatInstant(first->elevations[0].at), "2026-05-10T08:01:00Z");
  EXPECT_EQ(first->elevations[1].tool, "su");
  EXPECT_EQ(first->elevations[1].by, "bob");

  const auto again = journal.Read(kNow - kDay);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->logins.empty() && again->elevations.empty()) << "nothing is read twice";

  // The journal goes on in a new file: the session that was open ends.
  std::filesystem::rename(scratch.Real(std::string(kFolder) + "system.journal"),
                          scratch.Real(std::string(kFolder) + "system@1.journal"));
  scratch.Write(std::string(kFolder) + "system.journal", JournalFile("session_journal_later"));
  const auto later = journal.Read(kNow - kDay);
  ASSERT_TRUE(later.ok());
  ASSERT_EQ(later->logins.size(), 1u);
  EXPECT_EQ(later->logins[0].user, "alice");
  EXPECT_EQ(FormatInstant(*later->logins[0].ended_at), "2026-05-10T09:00:00Z");
  EXPECT_TRUE(later->elevations.empty());
}

TEST(SessionJournalTest, WhatIsOlderThanAskedForIsNotRead) {
  ScratchRoot scratch;
  scratch.Write(std::string(kFolder) + "system.journal", JournalFile("session_journal"));
  const auto news = SessionJournal(scratch.root()).Read(*ParseInstant("2026-05-10T08:01:50Z"));
  ASSERT_TRUE(news.ok());
  EXPECT_TRUE(news->logins.empty());
  EXPECT_EQ(news->elevations.size(), 1u);
}

TEST(SessionJournalTest, DamagedFilesDoNoHarm) {
  std::string file = JournalFile("session_journal");
  for (const size_t size : {size_t{0}, size_t{100}, size_t{4096}, file.size() / 2}) {
    ScratchRoot scratch;
    scratch.Write(std::string(kFolder) + "system.journal", file.substr(0, size));
    (void)SessionJournal(scratch.root()).Read(kNow - kDay);
  }
}

TEST(SessionJournalTest, IsReadWhereThereIsNoLog) {
  ScratchRoot scratch;
  const SecretGuard guard{std::string(32, 'k')};
  scratch.Write(std::string(kFolder) + "system.journal", JournalFile("session_journal"));
  SessionHistory history(scratch.root(), guard, People::kPseudonyms);
  const auto news = history.News(kNow);
  ASSERT_EQ(news.size(), 4u);
  EXPECT_EQ(news[0].kind, "login");
  EXPECT_EQ(news[0].text, history.NameOf("alice") + " logged in on session 12 from another host");
  EXPECT_EQ(news[2].text, history.NameOf("alice") + " became root by sudo for /usr/bin/mysql");
  for (const ActivityReported& one : news)
    for (const char* secret : {"alice", "bob", "hunter2", "203.0.113"})
      EXPECT_THAT(one.id + one.actor + one.text, Not(HasSubstr(secret)));
  EXPECT_TRUE(history.News(kNow).empty());
  // A host that keeps its logs is read from them.
  ScratchRoot logged;
  logged.Write(std::string(kFolder) + "system.journal", JournalFile("session_journal"));
  logged.Write("/var/log/auth.log", "");
  logged.Write("/var/log/wtmp", "");
  EXPECT_TRUE(
      SessionHistory(logged.root(), guard, People::kNames).News(SystemClock()->Now()).empty());
}

TEST(JournalSessionsTest, IsBounded) {
  JournalSessions sessions;
  std::vector<LoginSession> logins;
  std::vector<Elevation> elevations;
  for (int i = 0; i < 5000; ++i) {
    JournalEntry entry;
    entry.message_id = "8d45620c1a4348dbb17410da57c60c66";
    entry.session = std::to_string(i);
    entry.user = std::string(1000, 'x');
    sessions.Take(entry, logins, elevations);
  }
  ASSERT_EQ(logins.size(), 5000u);
  EXPECT_LE(logins[0].user.size(), 67u) << "cut, with a mark that it is";
}

TEST(TeamsTest, IsTheSmallestGroupThatIsShared) {
  ScratchRoot scratch;
  scratch.Write("/etc/group",
                "root:x:0:\nusers:x:100:alice,bob,carol,dave\nops:x:900:alice,bob\n"
                "alice:x:1000:alice\ndba:x:901:carol,dave\nbroken\n");
  Teams teams(scratch.root(), {});
  teams.Refresh();
  EXPECT_EQ(teams.TeamOf("alice"), "ops");
  EXPECT_EQ(teams.TeamOf("carol"), "dba");
  EXPECT_EQ(teams.TeamOf("root"), "");
  Teams chosen(scratch.root(), *ParseTeams("dba,users"));
  chosen.Refresh();
  EXPECT_EQ(chosen.TeamOf("alice"), "users");
  EXPECT_EQ(chosen.TeamOf("carol"), "dba");
  Teams off(scratch.root(), *ParseTeams("off"));
  off.Refresh();
  EXPECT_EQ(off.TeamOf("alice"), "");
  EXPECT_FALSE(ParseTeams(",").ok());
}

TEST(TeamsTest, AreToldUnderPseudonyms) {
  ScratchRoot scratch;
  const SecretGuard guard{std::string(32, 'k')};
  scratch.Write("/etc/group", "ops:x:900:alice,bob\n");
  scratch.Write(std::string(kFolder) + "system.journal", JournalFile("session_journal"));
  const auto news = SessionHistory(scratch.root(), guard, People::kPseudonyms).News(kNow);
  ASSERT_EQ(news.size(), 4u);
  const std::string team = news[0].details.at("team");
  EXPECT_THAT(team, testing::StartsWith("team-"));
  EXPECT_THAT(team, Not(HasSubstr("ops")));
  for (const ActivityReported& one : news) EXPECT_EQ(one.details.at("team"), team);
  const auto named = SessionHistory(scratch.root(), guard, People::kNames).News(kNow);
  EXPECT_EQ(named[0].details.at("team"), "team-ops");
  const auto none =
      SessionHistory(scratch.root(), guard, People::kNames, *ParseTeams("off")).News(kNow);
  EXPECT_FALSE(none[0].details.contains("team"));
}

}  // namespace
}  // namespace driftcast
