// Users, groups, keys that may log in; crontabs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "collect/account_collector.h"
#include "collect/cron_collector.h"
#include "collect/scratch_root.h"

namespace driftcast {
namespace {

// From an OpenSSH key pair made for this test; ssh-keygen -l says
// "256 SHA256:xlp7h5Ze9f13oweSJx+zS/NKl/6uWj6LmfuDm+FjE5o".
constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpvSiw6OEbl8xkGxnHkmfS/sOU6y7qUpIXGOXz7rpNT alice@laptop";

class AccountTest : public testing::Test {
 protected:
  AccountTest() : guard_(std::string(32, 'k')) {
    setenv("TZ", "UTC", 1);
    tzset();
    scratch_.Write("/etc/passwd",
                   "root:x:0:0:root:/root:/bin/bash\n"
                   "alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash\n"
                   "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n");
    scratch_.Write("/etc/group", "root:x:0:\nsudo:x:27:alice\nalice:x:1000:\n");
    scratch_.Write("/etc/shadow",
                   "root:$y$j9T$abcdefgh$0123456789:19000:0:99999:7:::\n"
                   "alice::19000:0:90:7::20000:\ndaemon:*:19000:0:99999:7:::\n",
                   0640);
  }
  RecordingSink Collected() {
    AccountCollector collector(scratch_.root(), guard_);
    RecordingSink sink;
    status_ = collector.Collect(Depth::kAll, sink);
    return sink;
  }
  const ResourceObserved* Of(const RecordingSink& sink, const char* kind, const char* name) {
    for (const ResourceObserved& o : sink.observed)
      if (o.resource.kind == kind && o.resource.name == name) return &o;
    return nullptr;
  }
  ScratchRoot scratch_;
  SecretGuard guard_;
  Status status_ = Ok();
};

TEST_F(AccountTest, UsersGroupsPasswordsAndSudo) {
  scratch_.Write("/etc/sudoers", "Defaults env_reset\n%sudo ALL=(ALL:ALL) ALL\n", 0440);
  scratch_.Write("/etc/sudoers.d/alice", "alice ALL=(root) \\\n  NOPASSWD: /bin/ls\n", 0440);
  const RecordingSink sink = Collected();
  ASSERT_TRUE(status_.ok());
  const ResourceObserved* alice = Of(sink, "user", "alice");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(ValueOf(alice->keys, "uid"), "1000");
  EXPECT_EQ(ValueOf(alice->keys, "group[]"), "sudo");
  EXPECT_EQ(ValueOf(alice->keys, "password"), "none");
  EXPECT_EQ(ValueOf(alice->keys, "expires"), "20000");
  EXPECT_EQ(ValueOf(alice->context, "sudo[]"), "ALL=(root) NOPASSWD: /bin/ls");
  EXPECT_THAT(alice->depends_on,
              testing::Contains(Dependency{"granted_by", "file", "/etc/sudoers.d/alice", {}}));
  EXPECT_EQ(ValueOf(Of(sink, "user", "daemon")->keys, "password"), "locked");
  const ResourceObserved* root = Of(sink, "user", "root");
  EXPECT_TRUE(ValueOf(root->keys, "password").starts_with("h:")) << TextOf(*root);
  EXPECT_EQ(TextOf(*root).find("abcdefgh"), std::string::npos);
  // That a password changed is seen, and nothing else of it.
  scratch_.Write("/etc/shadow", "root:$y$j9T$abcdefgi$0123456789:19000:0:99999:7:::\n", 0640);
  EXPECT_NE(Of(Collected(), "user", "root")->keys, root->keys);
  EXPECT_EQ(ValueOf(Of(sink, "group", "sudo")->context, "sudo[]"), "ALL=(ALL:ALL) ALL");
}

TEST_F(AccountTest, KeysThatMayLogIn) {
  scratch_.Write("/home/alice/.ssh/authorized_keys",
                 std::string("# work\nfrom=\"10.0.0.0/8\",command=\"echo hi there\" ") + kKey +
                     "\nssh-rsa AAAAshort\nnonsense\n",
                 0600);
  const RecordingSink sink = Collected();
  const ResourceObserved* key =
      Of(sink, "authorized_key", "alice SHA256:xlp7h5Ze9f13oweSJx+zS/NKl/6uWj6LmfuDm+FjE5o");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(ValueOf(key->keys, "type"), "ssh-ed25519");
  EXPECT_EQ(ValueOf(key->keys, "comment"), "alice@laptop");
  EXPECT_EQ(ValueOf(key->keys, "options"), "from=\"10.0.0.0/8\",command=\"echo hi there\"");
  EXPECT_EQ(key->depends_on, (std::vector<Dependency>{{"admits", "user", "alice", {}}}));
  // What is not understood is said, and is not in sync.
  const ResourceObserved* alice = Of(sink, "user", "alice");
  ASSERT_EQ(alice->uncompared.size(), 1u);
  EXPECT_EQ(alice->uncompared[0].reason, "2 lines are not understood");
}

TEST_F(AccountTest, WhatMayNotBeReadIsNotCompared) {
  if (geteuid() == 0) {
    // Root reads everything: a folder in the file's place is as unreadable.
    std::filesystem::remove(scratch_.Real("/etc/shadow"));
    std::filesystem::create_directories(scratch_.Real("/etc/shadow"));
  } else {
    chmod(scratch_.Real("/etc/shadow").c_str(), 0);
  }
  const RecordingSink sink = Collected();
  const ResourceObserved* root = Of(sink, "user", "root");
  ASSERT_NE(root, nullptr);
  ASSERT_EQ(root->uncompared.size(), 1u);
  EXPECT_EQ(root->uncompared[0].path, "password");
  EXPECT_EQ(ValueOf(root->keys, "password"), "(none)");
}

TEST_F(AccountTest, HostileTables) {
  scratch_.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n" + std::string(3 << 20, 'r'));
  EXPECT_NE(Of(Collected(), "user", "root"), nullptr);  // a last line without end is no account
  scratch_.Write("/etc/passwd", std::string(5 << 20, ':'));
  EXPECT_EQ(Collected().observed.size(), 0u);
  EXPECT_FALSE(status_.ok());  // so that nobody counts as gone
  scratch_.Write("/etc/passwd", std::string("ro\0ot:x:0:0:\x01\xFF:/:/bin/sh\n", 26));
  const RecordingSink binary = Collected();
  ASSERT_EQ(binary.observed.size(), 4u);
  for (const ResourceObserved& o : binary.observed)
    EXPECT_TRUE(ValidateResourceId({StackId("s"), o.resource.kind, o.resource.name}).ok());
  scratch_.Write("/etc/passwd", "eve:x:5:5::/home/eve:/bin/sh\n");
  scratch_.Link("/home/eve", "/home/eve");  // a loop
  EXPECT_EQ(Of(Collected(), "user", "eve")->uncompared.size(), 1u);
  scratch_.Link("/home/mallory/.ssh/authorized_keys", "../../../../../../etc/hostname");
  scratch_.Write("/etc/passwd", "mallory:x:5:5::/home/mallory:/bin/sh\n");
  EXPECT_NE(Of(Collected(), "user", "mallory"), nullptr);  // leads nowhere within the root
}

TEST_F(AccountTest, CrontabsOfUsers) {
  ManualClock clock(*ParseInstant("2026-05-01T10:00:00Z"));
  scratch_.Write(
      "/var/spool/cron/crontabs/alice",
      "# m h\nMAILTO=ops@example.org\n17 * * * *  /usr/bin/sync-it --token=hunter2hunter\n"
      "@daily backup\n99 99\n",
      0600);
  CronCollector collector(scratch_.root(), guard_, clock);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  const ResourceObserved* alice = sink.Find("alice");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(TextOf(*alice).find("hunter2"), std::string::npos) << TextOf(*alice);
  EXPECT_THAT(alice->keys, testing::Contains(KeyValue{"job[]", Value::Text("@daily backup")}));
  EXPECT_EQ(ValueOf(alice->keys, "environment[]"), "MAILTO=ops@example.org");
  EXPECT_EQ(ValueOf(alice->context, "next_run"), "2026-05-01T10:17:00Z");
  EXPECT_EQ(alice->uncompared.size(), 1u);
  EXPECT_TRUE(collector.CollectOne("cron", "alice")->has_value());
  EXPECT_FALSE(collector.CollectOne("cron", "bob")->has_value());
}

TEST_F(AccountTest, CrontabsWithOddNamesAndContent) {
  ManualClock clock(*ParseInstant("2026-05-01T10:00:00Z"));
  scratch_.Write("/var/spool/cron/crontabs/a\nb", std::string(2 << 20, '*'));
  scratch_.Write("/var/spool/cron/crontabs/binary", std::string("\x7F"
                                                                "ELF\0\x01\xFF\n\n*\0",
                                                                12));
  CronCollector collector(scratch_.root(), guard_, clock);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 2u);
  ASSERT_NE(sink.Find("a%0Ab"), nullptr);
  EXPECT_EQ(sink.Find("a%0Ab")->uncompared.size(), 1u);
  EXPECT_EQ(sink.Find("binary")->uncompared.size(), 1u);
}

TEST(ReadCronJob, TellsJobsFromSettings) {
  EXPECT_EQ(ReadCronJob("17 *\t* * * root  cd / && run-parts x", true)->command,
            "cd / && run-parts x");
  EXPECT_EQ(ReadCronJob("17 *\t* * * root  cd /", true)->schedule, "17 * * * *");
  EXPECT_EQ(ReadCronJob("@reboot root x", true)->user, "root");
  EXPECT_FALSE(ReadCronJob("SHELL=/bin/sh", true));
  EXPECT_FALSE(ReadCronJob("17 * * * *", false));
  EXPECT_FALSE(ReadCronJob("", false));
  EXPECT_FALSE(ReadCronJob("   ", true));
}

}  // namespace
}  // namespace driftcast
