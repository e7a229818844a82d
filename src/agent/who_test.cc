// Who changed something; how often to look; what the agent may no longer do.
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

#include "agent/cadence.h"
#include "agent/confine.h"
#include "agent/lineage.h"
#include "agent/usage.h"
#include "agent/writers.h"
#include "collect/scratch_root.h"

namespace driftcast {
namespace {

std::string NameOf(uint32_t uid) { return "user" + std::to_string(uid); }
std::string AsItIs(const std::string& text) { return text; }

Lineage Of(std::vector<Ancestor> ancestors) {
  Lineage lineage;
  lineage.ancestors = std::move(ancestors);
  lineage.uid = 0;
  return lineage;
}

const Instant kNow = *ParseInstant("2026-05-01T10:00:00Z");

TEST(CauseOfLineage, PackageManagersAndToolsAreOneRunEach) {
  const Cause packages = CauseOfLineage(Of({{30, 3, "cp", "cp a b"},
                                            {20, 2, "dpkg", "dpkg --configure -a"},
                                            {10, 1, "apt-get", "apt-get upgrade"}}),
                                        kNow, NameOf, AsItIs);
  EXPECT_EQ(packages.kind, CauseKind::kPackageRun);
  EXPECT_EQ(packages.id, "packages:10-1");
  EXPECT_EQ(packages.text, "apt-get upgrade");
  const Cause tool = CauseOfLineage(
      Of({{31, 3, "python3", "python3 /root/.ansible/tmp/AnsiballZ_copy.py"}, {5, 1, "sshd", ""}}),
      kNow, NameOf, AsItIs);
  EXPECT_EQ(tool.kind, CauseKind::kTool);
  EXPECT_EQ(tool.actor, "ansible");
  EXPECT_EQ(tool.id, "ansible:31-3");
}

TEST(CauseOfLineage, PeopleKeepTheNameTheyLoggedInWith) {
  Lineage lineage = Of({{40, 4, "vim", "vim /etc/hosts"}, {39, 3, "sudo", "sudo -i"}});
  lineage.login_uid = 1000;
  lineage.session = 7;
  const Cause now = CauseOfLineage(lineage, kNow, NameOf, AsItIs);
  EXPECT_EQ(now.kind, CauseKind::kPerson);
  EXPECT_EQ(now.actor, "user1000");
  EXPECT_EQ(now.text, "vim /etc/hosts");
  EXPECT_EQ(CauseOfLineage(lineage, kNow + kMinute, NameOf, AsItIs).id, now.id);
  // Later changes of a long session are news again.
  EXPECT_NE(CauseOfLineage(lineage, kNow + kHour, NameOf, AsItIs).id, now.id);
  lineage.login_uid = lineage.session = -1;
  lineage.terminal = 34816;  // a shell in a container: no session, but a terminal
  EXPECT_EQ(CauseOfLineage(lineage, kNow, NameOf, AsItIs).actor, "user0");
}

TEST(CauseOfLineage, ProgramsOfTheHost) {
  Lineage lineage = Of({{40, 4, "dhclient", "dhclient eth0"}});
  EXPECT_EQ(CauseOfLineage(lineage, kNow, NameOf, AsItIs).actor, "dhclient");
  lineage.unit = "networking.service";
  EXPECT_EQ(CauseOfLineage(lineage, kNow, NameOf, AsItIs).actor, "networking.service");
  EXPECT_FALSE(CauseOfLineage(Of({}), kNow, NameOf, AsItIs).known());
}

TEST(ReadLineage, OddNamesAndGarbage) {
  ScratchRoot scratch;
  scratch.Write("/proc/50/stat", "50 (a) b\n(c) S 49 1 1 34816 1 0 0 0 0 0 0 0 0 0 20 0 1 0 777\n");
  scratch.Write("/proc/50/comm", "a) b\n");
  scratch.Write("/proc/50/cmdline", std::string("x\0--token\xFF\n\0", 12));
  scratch.Write("/proc/50/loginuid", "4294967295");
  scratch.Write("/proc/50/status", "Name:\tx\nUid:\t33\t0\t0\t0\n");
  scratch.Write("/proc/49/stat", std::string("\x7F"
                                             "ELF\0",
                                             5));
  const Lineage lineage = ReadLineage(scratch.root(), 50);
  ASSERT_EQ(lineage.ancestors.size(), 1u);
  EXPECT_EQ(lineage.ancestors[0].started_ticks, 777u);
  EXPECT_EQ(lineage.login_uid, -1);
  EXPECT_EQ(lineage.uid, 33);
  EXPECT_EQ(lineage.terminal, 34816);
  EXPECT_TRUE(ReadLineage(scratch.root(), 51).ancestors.empty());
  // A process that is its own parent does not hold us up.
  scratch.Write("/proc/60/stat", "60 (x) S 60 1 1 0 1 0 0 0 0 0 0 0 0 0 20 0 1 0 777\n");
  EXPECT_LE(ReadLineage(scratch.root(), 60).ancestors.size(), 16u);
}

class WritersTest : public testing::Test {
 protected:
  WritersTest() : writers_(scratch_.root(), machine_, *SystemClock(), AsItIs) {
    scratch_.Write("/etc/app.conf", "a\n");
  }
  // Waits until somebody is seen to have written the path.
  Cause Seen(const std::string& path) {
    for (int i = 0; i < 2000; ++i) {
      const Cause cause = writers_.Of(path);
      if (!cause.text.empty()) return cause;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return {};
  }
  // A shell that does something and then waits, so that it is still there when it is looked up.
  Cause OfShell(const std::string& commands, const std::string& path) {
    FILE* shell = popen((commands + "; read line").c_str(), "w");
    const Cause cause = Seen(path);
    pclose(shell);
    return cause;
  }
  ScratchRoot scratch_;
  HostRoot machine_;
  Writers writers_;
};

TEST_F(WritersTest, NamesTheProcess) {
  if (!writers_.Start().ok()) GTEST_SKIP() << "no fanotify for us here";
  if (!writers_.Watch("/etc").ok()) GTEST_SKIP() << "this file system has no handles";
  const std::string folder = scratch_.Real("/etc").string();
  const Cause wrote = OfShell("echo b > " + folder + "/app.conf", "/etc/app.conf");
  EXPECT_TRUE(wrote.known());
  EXPECT_EQ(wrote.confidence, Confidence::kExact);
  EXPECT_NE(wrote.text.find("echo b"), std::string::npos) << wrote.text;
  // Saving by rename, as editors and dpkg do, names the file itself.
  const Cause renamed =
      OfShell("echo c > " + folder + "/.tmp; mv " + folder + "/.tmp " + folder + "/other.conf",
              "/etc/other.conf");
  EXPECT_FALSE(renamed.text.empty());
  EXPECT_TRUE(writers_.Of("/etc/untouched").text.empty());
  EXPECT_GT(writers_.events(), 0u);
}

TEST_F(WritersTest, AStormIsBoundedAndWhatIsDroppedIsCounted) {
  if (!writers_.Start().ok()) GTEST_SKIP() << "no fanotify for us here";
  if (!writers_.Watch("/etc").ok()) GTEST_SKIP() << "this file system has no handles";
  for (int i = 0; i < 10000; ++i) scratch_.Write("/etc/f" + std::to_string(i), "x");
  scratch_.Write("/etc/last", "x");
  EXPECT_FALSE(Seen("/etc/last").text.empty());
  EXPECT_GT(writers_.lost(), 0u);
}

TEST(Cadence, AdaptsToChangesAndRisk) {
  Cadence low(kHour, Risk::kLow), high(kHour, Risk::kHigh);
  for (int i = 0; i < 100; ++i) {
    low.Rescanned(false);
    high.Rescanned(false);
  }
  EXPECT_EQ(low.Interval(1), 4 * kHour);
  EXPECT_EQ(high.Interval(1), kHour);
  EXPECT_EQ(high.Interval(8), 8 * kHour);  // the budget comes first
  for (int i = 0; i < 100; ++i) low.Rescanned(true);
  EXPECT_EQ(low.Interval(1), 15 * kMinute);
}

TEST(Guard, ReadingHasABudgetToo) {
  Guard guard({.read_mib_per_second = 1});
  guard.Observe(kNow, {.read_bytes = 0});
  guard.Observe(kNow + 30 * kSecond, {.read_bytes = 90ull << 20});
  EXPECT_DOUBLE_EQ(guard.read_mib_per_second(), 3);
  EXPECT_DOUBLE_EQ(guard.pace(), 3);
  EXPECT_TRUE(guard.SheddingMetrics());
}

TEST(ConfineAgent, TakesAwayWhatReadingNeverNeeds) {
  const pid_t child = fork();
  if (child == 0) {
    if (!ConfineAgent()) _exit(99);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listen(fd, 1) == 0 || errno != EPERM) _exit(1);
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 || errno != EPERM) _exit(2);
    if (chroot("/") == 0 || errno != EPERM) _exit(3);
    if (access("/proc/self/status", R_OK) != 0) _exit(4);  // reading goes on
    _exit(0);
  }
  int state = 0;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  ASSERT_TRUE(WIFEXITED(state));
  if (WEXITSTATUS(state) == 99) GTEST_SKIP() << "no seccomp filters here";
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

}  // namespace
}  // namespace driftcast
