#include <gtest/gtest.h>

#include <cstdlib>

#include "collect/apt_lists.h"
#include "collect/control_file.h"
#include "collect/dpkg.h"
#include "collect/package_collector.h"
#include "collect/package_history.h"
#include "collect/package_log.h"
#include "collect/scratch_root.h"

namespace driftcast {
namespace {

constexpr const char* kStatus =
    "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1\n"
    "Depends: libc6 (>= 2.34), libssl3 (>= 3.0.0) | libssl-any, mail-agent\nConffiles:\n"
    " /etc/ssl/openssl.cnf 0123\n\n"
    "Package: libc6\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\n"
    "Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 2.36-9\n\n"
    "Package: exim4\nStatus: install ok installed\nArchitecture: all\nVersion: 4.96-15\n"
    "Provides: mail-agent (= 1)\n\n"
    "Package: old\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
    "Package: gone\nStatus: purge ok not-installed\nArchitecture: amd64\n\n";

TEST(CompareDebianVersions, FollowsThePolicy) {
  // deb-version(7), with examples from Debian policy 5.6.12.
  struct {
    const char *a, *b;
    int sign;
  } cases[] = {{"1.0", "1.0", 0},
               {"1.0", "1.1", -1},
               {"1.10", "1.9", 1},
               {"1:0.1", "9.9", 1},
               {"1.0~rc1", "1.0", -1},
               {"1.0~~", "1.0~~a", -1},
               {"1.0-1", "1.0-2", -1},
               {"1.0", "1.0-0", 0},
               {"1.0a", "1.0", 1},
               {"1.0+b1", "1.0", 1},
               {"1.0a", "1.0+", -1},
               {"0", "", 0},
               {"1.0-1+deb12u1", "1.0-1", 1},
               {"2.36-9+deb12u10", "2.36-9+deb12u9", 1},
               {"1.002", "1.2", 0},
               {"0:1", "1", 0}};
  const auto sign = [](int x) { return (x > 0) - (x < 0); };
  for (const auto& c : cases) {
    EXPECT_EQ(sign(CompareDebianVersions(c.a, c.b)), c.sign) << c.a << " " << c.b;
    EXPECT_EQ(sign(CompareDebianVersions(c.b, c.a)), -c.sign) << c.b << " " << c.a;
  }
}

TEST(PackageCollector, ReadsWhatDpkgKnows) {
  ScratchRoot scratch;
  scratch.Write("/var/lib/dpkg/status", kStatus);
  scratch.Write("/var/lib/dpkg/info/exim4.list", "/.\n/etc/exim4/x.conf\n/usr/bin/exim\n");
  PackageCollector collector(scratch.root());
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_EQ(sink.observed.size(), 5u);
  const ResourceObserved* openssl = sink.Find("openssl");
  ASSERT_NE(openssl, nullptr);
  EXPECT_EQ(ValueOf(openssl->keys, "version"), "3.0.11-1");
  EXPECT_EQ(ValueOf(openssl->keys, "hold"), "false");
  ASSERT_EQ(openssl->depends_on.size(), 2u);
  EXPECT_EQ(openssl->depends_on[0].to_name, "exim4");  // provides mail-agent
  EXPECT_EQ(openssl->depends_on[1].to_name, "libc6");
  EXPECT_EQ(ValueOf(sink.Find("libc6")->keys, "hold"), "true");
  EXPECT_NE(sink.Find("libc6:i386"), nullptr);
  EXPECT_EQ(ValueOf(sink.Find("old")->keys, "status"), "config-files");
  EXPECT_EQ(collector.owners().OwnerOf("/etc/ssl/openssl.cnf"), "openssl");
  EXPECT_EQ(collector.owners().OwnerOf("/etc/exim4/x.conf"), "exim4");
  EXPECT_EQ(collector.owners().OwnerOf("/usr/bin/exim"), "");

  RecordingSink again;
  ASSERT_TRUE(collector.Collect(Depth::kChanged, again).ok());
  EXPECT_TRUE(again.observed.empty());
  EXPECT_EQ(again.unchanged.size(), 5u);
}

TEST(PackageCollector, NamesTheSourceWhereItDiffers) {
  ScratchRoot scratch;
  scratch.Write("/var/lib/dpkg/status",
                "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\n"
                "Source: openssl\nVersion: 3.0.11-1\n\n"
                "Package: nginx\nStatus: install ok installed\nArchitecture: amd64\n"
                "Source: nginx (1.22.1-9)\nVersion: 1.22.1-9+b1\n\n"
                "Package: odd\nStatus: install ok installed\nArchitecture: amd64\n"
                "Source: (\nVersion: 1\n\n");
  PackageCollector collector(scratch.root());
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_EQ(ValueOf(sink.Find("libssl3")->context, "source"), "openssl");
  EXPECT_EQ(ValueOf(sink.Find("libssl3")->context, "source_version"), "(none)");
  EXPECT_EQ(ValueOf(sink.Find("nginx")->context, "source"), "(none)");
  EXPECT_EQ(ValueOf(sink.Find("nginx")->context, "source_version"), "1.22.1-9");
  EXPECT_EQ(ValueOf(sink.Find("odd")->context, "source"), "(none)");
}

TEST(PackageCollector, FindsTheCandidateInTheLists) {
  ScratchRoot scratch;
  scratch.Write("/var/lib/dpkg/status", kStatus);
  const std::string lists = "/var/lib/apt/lists/";
  scratch.Write(lists + "d_dists_bookworm_InRelease", "Suite: stable\n");
  scratch.Write(lists + "d_dists_bookworm_main_binary-amd64_Packages",
                "Package: openssl\nArchitecture: amd64\nVersion: 3.0.11-1\n\n"
                "Package: libc6\nArchitecture: amd64\nVersion: 2.36-9\n\n"
                "Package: unrelated\nArchitecture: amd64\nVersion: 9\n\n");
  scratch.Write(lists + "d_dists_bookworm-security_main_binary-amd64_Packages",
                "Package: openssl\nArchitecture: amd64\nVersion: 3.0.14-1~deb12u2\n");
  scratch.Write(lists + "d_dists_bookworm-backports_InRelease", "Suite: b\nNotAutomatic: yes\n");
  scratch.Write(lists + "d_dists_bookworm-backports_main_binary-amd64_Packages",
                "Package: openssl\nArchitecture: amd64\nVersion: 3.2.1-1~bpo12\n\n");
  PackageCollector collector(scratch.root());
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_EQ(ValueOf(sink.Find("openssl")->context, "candidate"), "3.0.14-1~deb12u2");
  EXPECT_EQ(ValueOf(sink.Find("openssl")->context, "candidate_security"), "true");
  EXPECT_EQ(ValueOf(sink.Find("libc6")->context, "candidate"), "2.36-9");
  EXPECT_EQ(ValueOf(sink.Find("exim4")->context, "candidate"), "(none)");

  // New lists: only the package whose candidate moved is handed over.
  scratch.Write(lists + "d_dists_bookworm-security_main_binary-amd64_Packages",
                "Package: openssl\nArchitecture: amd64\nVersion: 3.0.15-1~deb12u1\n\n");
  RecordingSink again;
  ASSERT_TRUE(collector.Collect(Depth::kChanged, again).ok());
  ASSERT_EQ(again.observed.size(), 1u);
  EXPECT_EQ(ValueOf(again.observed[0].context, "candidate"), "3.0.15-1~deb12u1");
}

TEST(PackageCollector, AHostWithoutDpkgHasNoPackages) {
  ScratchRoot scratch;
  PackageCollector collector(scratch.root());
  RecordingSink sink;
  EXPECT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_TRUE(sink.observed.empty());
}

TEST(PackageCollector, HostileStatusFiles) {
  for (const std::string& text :
       {std::string("Package: a\nStatus: install ok installed"), std::string(1 << 20, 'x'),
        std::string("Package: ../../etc\nStatus: install ok installed\n\n"),
        std::string("Package: a b\x01\nStatus: install ok installed\n\n"),
        std::string("\0\0\0\n\n\n:\n: x\n", 13), std::string(" x\n y\n")}) {
    ScratchRoot scratch;
    scratch.Write("/var/lib/dpkg/status", text);
    PackageCollector collector(scratch.root());
    RecordingSink sink;
    EXPECT_TRUE(collector.Collect(Depth::kAll, sink).ok());
    EXPECT_LE(sink.observed.size(), 1u);
  }
}

// Times in the logs read as UTC.
std::optional<Instant> Utc(std::string_view text) {
  std::string t(text.substr(0, 10));
  const size_t clock = text.find_first_not_of(' ', 10);
  if (clock == std::string_view::npos) return std::nullopt;
  auto at = ParseInstant(t + "T" + std::string(text.substr(clock, 8)) + "Z");
  if (!at.ok()) return std::nullopt;
  return *at;
}

TEST(PackageLog, ReadsDpkgLog) {
  const auto events = ParseDpkgLog(
      "2026-05-01 10:00:00 startup archives unpack\n"
      "2026-05-01 10:00:01 install nginx:amd64 <none> 1.22.1-9\n"
      "2026-05-01 10:00:02 status installed nginx:amd64 1.22.1-9\n"
      "2026-05-02 10:00:00 upgrade nginx:amd64 1.22.1-9 1.22.1-9+deb12u1\n"
      "garbage\n2026-99-99 10:00:00 upgrade x:amd64 1 2\n"
      "2026-05-03 10:00:00 remove nginx:amd64 1.22.1-9+deb12u1 <none>\n",
      Utc);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].new_version, "1.22.1-9");
  EXPECT_EQ(events[0].old_version, "");
  EXPECT_EQ(events[1].action, PackageAction::kUpgrade);
  EXPECT_EQ(events[2].package, "nginx");
}

TEST(PackageLog, ReadsAptHistory) {
  const auto runs = ParseAptHistory(
      "\nStart-Date: 2026-05-01  10:00:00\nCommandline: apt-get install nginx\n"
      "Requested-By: ann (1000)\nInstall: nginx:amd64 (1.22.1-9), nginx-common:amd64 (1.22.1-9, "
      "automatic)\nEnd-Date: 2026-05-01  10:00:05\n\n"
      "Start-Date: 2026-05-02  06:00:00\nCommandline: /usr/bin/unattended-upgrade\n"
      "Upgrade: a:amd64 (1, 2)\n",
      Utc);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].packages, (std::vector<std::string>{"nginx:amd64", "nginx-common:amd64"}));
  EXPECT_EQ(runs[0].requested_by, "ann (1000)");
  EXPECT_EQ(*runs[0].ended_at - runs[0].started_at, 5 * kSecond);
  EXPECT_FALSE(runs[1].ended_at.has_value());
  EXPECT_TRUE(IsAutomaticRun(runs[1]));
  EXPECT_FALSE(IsAutomaticRun(runs[0]));
}

class PackageHistoryTest : public testing::Test {
 protected:
  PackageHistoryTest() : guard_(std::string(32, 'k')) {
    setenv("TZ", "UTC", 1);
    tzset();
    scratch_.Write("/var/log/apt/history.log",
                   "\nStart-Date: 2026-05-01  10:00:00\n"
                   "Commandline: apt-get -o P=http://u:pw@x install nginx\n"
                   "Requested-By: ann (1000)\nInstall: nginx:amd64 (1.22.1-9)\n"
                   "End-Date: 2026-05-01  10:00:05\n");
    scratch_.Write("/var/log/dpkg.log",
                   "2026-05-01 10:00:01 install nginx:amd64 <none> 1.22.1-9\n"
                   "2026-05-02 10:00:00 upgrade nginx:amd64 1.22.1-9 1.22.1-10\n"
                   "2026-05-02 10:00:30 upgrade x:i386 1 2\n"
                   "2026-05-03 10:00:00 remove nginx:amd64 1.22.1-10 <none>\n"
                   "2026-05-03 10:00:00 purge nginx:amd64 1.22.1-10 <none>\n");
    history_.SetNativeArchitecture("amd64");
  }
  static Instant At(const char* text) { return *ParseInstant(text); }

  ScratchRoot scratch_;
  SecretGuard guard_;
  PackageHistory history_{scratch_.root(), guard_, [](const std::string& package) {
                            return std::vector<std::string>{"/etc/" + package + ".conf"};
                          }};
};

TEST_F(PackageHistoryTest, ThePastIsChanges) {
  const auto past = history_.Past();
  ASSERT_EQ(past.size(), 5u);
  EXPECT_EQ(past[0].op, ChangeOp::kCreate);
  EXPECT_EQ(past[1].op, ChangeOp::kInitial);
  EXPECT_EQ(past[1].new_value, "1.22.1-9");
  EXPECT_EQ(past[1].actor, "ann");
  EXPECT_EQ(past[2].op, ChangeOp::kChange);
  EXPECT_EQ(past[2].old_value, "1.22.1-9");
  EXPECT_EQ(past[3].resource, "x:i386");
  EXPECT_EQ(past[2].change_id, past[3].change_id);  // half a minute apart
  EXPECT_NE(past[0].change_id, past[2].change_id);
  EXPECT_EQ(past[4].op, ChangeOp::kDelete);
  EXPECT_EQ(history_.Past(2).size(), 2u);
}

TEST_F(PackageHistoryTest, RotatedAndCompressedLogsCount) {
  scratch_.Write("/var/log/dpkg.log.1", "2026-04-01 10:00:00 install a:amd64 <none> 1\n");
  const std::string folder = scratch_.Real("/var/log").string();
  scratch_.Write("/var/log/dpkg.log.2", "2026-03-01 10:00:00 install b:amd64 <none> 1\n");
  ASSERT_EQ(std::system(("gzip -q " + folder + "/dpkg.log.2").c_str()), 0);
  const auto past = history_.Past();
  ASSERT_EQ(past.size(), 9u);
  EXPECT_EQ(past[0].resource, "b");
  EXPECT_EQ(past[2].resource, "a");
}

TEST_F(PackageHistoryTest, ALogOfMegabytesIsReadFromItsBeginning) {
  std::string log = "2025-06-24 10:00:00 install first:amd64 <none> 1\n";
  while (log.size() < (3 << 20)) log += "2026-04-01 10:00:00 status installed a:amd64 1\n";
  scratch_.Write("/var/log/dpkg.log", log);
  const auto past = history_.Past();
  ASSERT_FALSE(past.empty());
  EXPECT_EQ(past[0].resource, "first");
}

TEST_F(PackageHistoryTest, ARunIsReportedOnceItBeginsAndOnceItEnds) {
  const Instant now = At("2026-05-01T11:00:00Z");
  auto runs = history_.NewRuns(now);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].kind, "package_run");
  EXPECT_EQ(runs[0].text, "apt-get -o [secret] install nginx (1 package)");
  EXPECT_EQ(runs[0].resources, (std::vector<std::string>{"package/nginx", "file//etc/nginx.conf"}));
  EXPECT_TRUE(history_.NewRuns(now).empty());

  const std::string log = *scratch_.root().Read("/var/log/apt/history.log", 1 << 20);
  const std::string begun = log + "\nStart-Date: 2026-05-01  11:00:00\nUpgrade: a:amd64 (1, 2)\n";
  scratch_.Write("/var/log/apt/history.log", begun);
  runs = history_.NewRuns(now);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].details.at("state"), "running");
  EXPECT_EQ(history_.CauseOf("a", now + 10 * kSecond).kind, CauseKind::kPackageRun);
  EXPECT_EQ(history_.CauseOf("a", now + 10 * kSecond).id, runs[0].id);
  EXPECT_EQ(history_.CauseOf("b", now).kind, CauseKind::kUnknown);

  scratch_.Write("/var/log/apt/history.log", begun + "End-Date: 2026-05-01  11:00:20\n");
  runs = history_.NewRuns(now);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].details.at("state"), "ended");
  EXPECT_EQ(history_.CauseOf("a", now + kHour).kind, CauseKind::kUnknown);
}

}  // namespace
}  // namespace driftcast
