// Who changed something, from logs that other programs keep.
#include "agent/authors.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "agent/allowance.h"
#include "collect/scratch_root.h"

namespace driftcast {
namespace {

class ClockByHand : public Clock {
 public:
  Instant Now() const override { return now; }
  Instant now = *ParseInstant("2026-05-01T10:00:01Z");
};

std::string AsItIs(const std::string& text) { return text; }

constexpr const char* kAudit = "/var/log/audit/audit.log";
constexpr const char* kTetragon = "/var/log/tetragon/tetragon.log";

// Of the second before the clock's.
std::string Audited(const std::string& path, const std::string& more = "") {
  const std::string stamp = " msg=audit(1777629600.500:7)";
  return "type=SYSCALL" + stamp +
         ": arch=c000003e syscall=257 success=yes a0=ffffff9c a2=241 ppid=700 pid=701 auid=1000 "
         "uid=0 tty=pts0 ses=3 comm=\"vim\" exe=\"/usr/bin/vim\"" +
         more + "\ntype=PATH" + stamp + ": name=\"" + path + "\" nametype=NORMAL\n";
}

std::string Traced(const std::string& path, const std::string& binary) {
  return R"({"process_kprobe":{"process":{"pid":9,"uid":0,"auid":4294967295,"binary":")" + binary +
         R"("},"parent":{"pid":8,"binary":"/usr/bin/apt-get"},"function_name":)"
         R"("security_path_truncate","args":[{"path_arg":{"path":")" +
         path + R"("}}]},"time":"2026-05-01T10:00:00.5Z"})" + "\n";
}

class AuthorsTest : public testing::Test {
 protected:
  AuthorsTest() { scratch_.Write("/etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n"); }
  // Without the kernel's own word: nothing is watched.
  Authors Make() { return Authors({}, scratch_.root(), machine_, clock_, AsItIs); }
  ScratchRoot scratch_;
  HostRoot machine_;
  ClockByHand clock_;
};

TEST_F(AuthorsTest, TheAuditLogNamesWhoLoggedIn) {
  scratch_.Write(kAudit, Audited("/etc/hosts"));
  Authors authors = Make();
  authors.Start();
  const Cause cause = authors.Of("/etc/hosts");
  EXPECT_EQ(cause.kind, CauseKind::kPerson);
  EXPECT_EQ(cause.actor, "alice");
  EXPECT_EQ(cause.text, "vim");
  EXPECT_EQ(cause.confidence, Confidence::kExact);
  EXPECT_EQ(cause.seen_by, "audit log");
  EXPECT_TRUE(authors.Of("/etc/other").text.empty());
  EXPECT_NE(authors.Seen().find("audit log"), std::string::npos);
  EXPECT_NE(authors.CoverageLines().find("tetragon: there is no"), std::string::npos)
      << authors.CoverageLines();
  clock_.now += 2 * kMinute;
  EXPECT_TRUE(authors.Of("/etc/hosts").text.empty()) << "what is old explains nothing new";
}

TEST_F(AuthorsTest, ALogThatAppearsLaterIsFollowedFromThenOn) {
  Authors authors = Make();
  authors.Start();
  EXPECT_TRUE(authors.Of("/etc/hosts").text.empty());
  const std::string before = authors.Seen();
  scratch_.Write(kAudit, Audited("/etc/hosts"));
  clock_.now += kSecond;
  EXPECT_EQ(authors.Of("/etc/hosts").actor, "alice");
  EXPECT_NE(authors.Seen(), before);
  // Rotated in the middle of an event.
  const std::string event = Audited("/etc/resolv.conf");
  const size_t middle = event.find("type=PATH");
  scratch_.Write(kAudit, Audited("/etc/hosts") + event.substr(0, middle));
  clock_.now += kSecond;
  authors.CatchUp();
  std::filesystem::rename(scratch_.Real(kAudit), scratch_.Real(std::string(kAudit) + ".1"));
  scratch_.Write(kAudit, event.substr(middle));
  clock_.now += kSecond;
  EXPECT_EQ(authors.Of("/etc/resolv.conf").actor, "alice");
}

TEST_F(AuthorsTest, TetragonKnowsWhatStandsAboveAProcess) {
  scratch_.Write(kTetragon, Traced("/etc/hosts", "/usr/bin/sed") + "garbage\n{\n");
  Authors authors = Make();
  authors.Start();
  const Cause cause = authors.Of("/etc/hosts");
  EXPECT_EQ(cause.kind, CauseKind::kPackageRun);
  EXPECT_EQ(cause.seen_by, "tetragon");
  EXPECT_EQ(cause.confidence, Confidence::kExact);
}

TEST_F(AuthorsTest, ExactGoesBeforeRacy) {
  // On a machine whose calls are not known the audit log is not sure.
  std::string racy = Audited("/etc/hosts");
  racy.replace(racy.find("c000003e"), 8, "40000028");
  scratch_.Write(kAudit, racy);
  scratch_.Write(kTetragon, Traced("/etc/hosts", "/usr/bin/dpkg"));
  Authors authors = Make();
  authors.Start();
  EXPECT_EQ(authors.Of("/etc/hosts").seen_by, "tetragon");
}

TEST_F(AuthorsTest, CanBeSwitchedOff) {
  scratch_.Write(kAudit, Audited("/etc/hosts"));
  Authors authors({.enabled = false}, scratch_.root(), machine_, clock_, AsItIs);
  authors.Start();
  EXPECT_TRUE(authors.Of("/etc/hosts").text.empty());
  EXPECT_EQ(authors.Seen(), "not seen: switched off");
}

TEST(Allowance, LetsABurstThroughAndThenSoMuchASecond) {
  Instant now = FromUnixSeconds(1000);
  Allowance allowance(8, 3, 16);
  allowance.Advance(now);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.Take());
  EXPECT_FALSE(allowance.Take());
  allowance.Advance(now += kSecond / 8);
  EXPECT_TRUE(allowance.Take());
  EXPECT_EQ(allowance.Wait(), Duration(0));
  allowance.Spend(4);
  EXPECT_EQ(allowance.Wait(), kSecond / 2);
  allowance.Spend(1000);
  EXPECT_EQ(allowance.Wait(), 2 * kSecond) << "a debt is bounded";
  allowance.Advance(now - kDay);  // the clock was set back
  EXPECT_EQ(allowance.Wait(), 2 * kSecond);
  allowance.Advance(now + kDay);
  EXPECT_EQ(allowance.Wait(), Duration(0));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.Take());
  EXPECT_FALSE(allowance.Take()) << "it never holds more than at first";
}

}  // namespace
}  // namespace driftcast
