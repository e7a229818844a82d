// Logs in which other programs wrote down who changed a file.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "collect/audit_log.h"
#include "collect/log_tail.h"
#include "collect/scratch_root.h"
#include "collect/trace_log.h"

namespace driftcast {
namespace {

// In the form of the audit daemon's log (auditd 3.0), with log_format = ENRICHED.
std::string Edit(int serial, const std::string& flags = "241", const std::string& success = "yes") {
  const std::string stamp = "msg=audit(1777629600.243:" + std::to_string(serial) + ")";
  return "type=SYSCALL " + stamp + ": arch=c000003e syscall=257 success=" + success +
         " exit=3 a0=ffffff9c a1=7ffd a2=" + flags +
         " a3=1b6 items=2 ppid=700 pid=701 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 "
         "sgid=0 fsgid=0 tty=pts0 ses=3 comm=\"vim\" exe=\"/usr/bin/vim.basic\" subj=unconfined "
         "key=\"etc\"\x1d"
         "ARCH=x86_64 SYSCALL=openat AUID=\"alice\" UID=\"root\"\n"
         "type=CWD " +
         stamp +
         ": cwd=\"/etc/ssh\"\n"
         "type=PATH " +
         stamp +
         ": item=0 name=\"/etc/ssh/\" inode=10 dev=fd:00 mode=040755 nametype=PARENT\n"
         "type=PATH " +
         stamp +
         ": item=1 name=\"sshd_config\" inode=12 dev=fd:00 mode=0100644 nametype=NORMAL\n"
         "type=PROCTITLE " +
         stamp + ": proctitle=76696D002F6574632F7373682F737368645F636F6E666967\n";
}

void TakeAll(AuditEvents& events, std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    events.Take(line);
  }
}

TEST(AuditEvents, AnEditByARealEditor) {
  AuditEvents events;
  TakeAll(events, Edit(101));
  const auto touches = events.TakeTouches();
  ASSERT_EQ(touches.size(), 1u);
  const FileTouch& touch = touches[0];
  EXPECT_EQ(touch.paths, std::vector<std::string>{"/etc/ssh/sshd_config"});
  EXPECT_EQ(touch.pid, 701u);
  EXPECT_EQ(touch.parent, 700u);
  EXPECT_EQ(touch.uid, 0);
  EXPECT_EQ(touch.login_uid, 1000);
  EXPECT_EQ(touch.session, 3);
  EXPECT_EQ(touch.terminal, "pts0");
  EXPECT_EQ(touch.command, "vim");
  EXPECT_EQ(touch.arguments, "vim /etc/ssh/sshd_config");
  EXPECT_TRUE(touch.exact);
  EXPECT_EQ(FormatInstant(touch.at).substr(0, 23), "2026-05-01T10:00:00.243");
  EXPECT_TRUE(events.TakeTouches().empty()) << "told once";
}

TEST(AuditEvents, ReadingAndFailingIsNoChange) {
  AuditEvents events;
  TakeAll(events, Edit(1, "0") + Edit(2, "80000") + Edit(3, "241", "no"));
  EXPECT_TRUE(events.TakeTouches().empty());
  EXPECT_EQ(events.records(), 15u);
}

TEST(AuditEvents, RecordsThatComeInPartsAndMixed) {
  const std::string a = Edit(1), b = Edit(2);
  AuditEvents events;
  // Line by line from either, as two processors write them.
  std::string_view left = a, right = b;
  const auto next = [](std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
  };
  while (!left.empty()) {
    events.Take(next(left));
    events.Take(next(right));
  }
  EXPECT_EQ(events.TakeTouches().size(), 2u);
  // The end of an event that was told already tells it again, now with all of it.
  const std::string c = Edit(3);
  const size_t last = c.rfind("type=PROCTITLE");
  TakeAll(events, c.substr(0, last));
  EXPECT_EQ(events.TakeTouches().at(0).arguments, "");
  TakeAll(events, c.substr(last));
  EXPECT_EQ(events.TakeTouches().at(0).arguments, "vim /etc/ssh/sshd_config");
}

TEST(AuditEvents, HexadecimalNamesRenamesAndOtherMachines) {
  AuditEvents events;
  TakeAll(events,
          "type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=82 success=yes pid=5 ppid=4 "
          "auid=4294967295 uid=0 tty=(none) ses=4294967295 comm=6120622F63 exe=\"/bin/x\"\n"
          "type=CWD msg=audit(1.000:1): cwd=\"/\"\n"
          "type=PATH msg=audit(1.000:1): item=0 name=\"/etc/\" nametype=PARENT\n"
          "type=PATH msg=audit(1.000:1): item=1 name=\"/etc/.app.tmp\" nametype=DELETE\n"
          "type=PATH msg=audit(1.000:1): item=2 name=2F6574632F61200A62 nametype=CREATE\n"
          "type=SYSCALL msg=audit(1.000:2): arch=40000028 syscall=5 success=yes pid=5 uid=0\n"
          "type=PATH msg=audit(1.000:2): item=0 name=\"/etc/./x/../hosts\" nametype=NORMAL\n");
  const auto touches = events.TakeTouches();
  ASSERT_EQ(touches.size(), 2u);
  EXPECT_EQ(touches[0].paths, (std::vector<std::string>{"/etc/.app.tmp", "/etc/a \nb"}));
  EXPECT_EQ(touches[0].login_uid, -1);
  EXPECT_EQ(touches[0].session, -1);
  EXPECT_EQ(touches[0].command, "a b/c");
  EXPECT_EQ(touches[0].terminal, "");
  EXPECT_EQ(touches[1].paths, std::vector<std::string>{"/etc/hosts"});
  EXPECT_FALSE(touches[1].exact) << "which call that is on 32-bit ARM is not known here";
}

TEST(AuditEvents, LoginsAndSudo) {
  AuditEvents events;
  TakeAll(events,
          "type=USER_LOGIN msg=audit(1777629601.100:102): pid=690 uid=0 auid=1000 ses=3 "
          "msg='op=login id=1000 exe=\"/usr/sbin/sshd\" hostname=192.0.2.7 addr=192.0.2.7 "
          "terminal=/dev/pts/0 res=success'\n"
          "type=USER_LOGIN msg=audit(1777629601.200:103): pid=690 uid=0 auid=4294967295 "
          "ses=4294967295 msg='op=login acct=\"root\" addr=203.0.113.9 res=failed'\n"
          "type=USER_CMD msg=audit(1777629602.100:104): pid=699 uid=1000 auid=1000 ses=3 "
          "msg='cwd=\"/home/alice\" cmd=76696D202D2D746F6B656E "
          "exe=\"/usr/bin/sudo\" terminal=pts/0 res=success'\n"
          "node=web-7 type=USER_LOGOUT msg=audit(1777629700.000:105): pid=690 uid=0 auid=1000 "
          "ses=3 msg='op=login id=1000 addr=? terminal=/dev/pts/0 res=success'\n");
  const auto told = events.TakeActivities();
  ASSERT_EQ(told.size(), 3u) << "a refused login is none";
  EXPECT_EQ(told[0].uid, 1000);
  EXPECT_TRUE(told[0].remote);
  EXPECT_EQ(told[1].kind, AuditActivity::Kind::kSudo);
  EXPECT_EQ(told[1].program, "vim") << "its arguments may hold secrets";
  EXPECT_EQ(told[2].kind, AuditActivity::Kind::kLogout);
}

TEST(AuditEvents, GarbageIsCountedAndAStormOfHalfEventsIsBounded) {
  AuditEvents events;
  TakeAll(events,
          "nonsense\ntype=\ntype=PATH msg=audit(:\ntype=X msg=audit(1.2:99999999999999999999999):\n"
          "type=PATH msg=audit(9999999999999.000:1): name=\"/x\"\n"
          "type=SYSCALL msg=audit(1.000:1): a='unclosed \"quote\n" +
              std::string("type=PATH msg=audit(1.000:1): name=\"\0\xFF\n", 39));
  EXPECT_EQ(events.garbage(), 5u);
  for (int serial = 10; serial < 5000; ++serial)
    events.Take("type=PATH msg=audit(1.000:" + std::to_string(serial) + "): name=\"/x\"");
  TakeAll(events, Edit(6000));
  EXPECT_EQ(events.TakeTouches().size(), 1u);
}

std::string Tetragon(const std::string& function, const std::string& arguments,
                     const std::string& more = "") {
  return R"({"process_kprobe":{"process":{"pid":701,"uid":0,"cwd":"/etc","binary":"/usr/bin/vi",)"
         R"("arguments":"/etc/hosts","auid":1000)" +
         more + R"(},"parent":{"pid":700,"binary":"/bin/bash"},"function_name":")" + function +
         R"(","args":[)" + arguments + R"(]},"time":"2026-05-01T10:00:00.123456789Z"})";
}

TEST(ReadTetragonLine, WhatWritesAndWhatDoesNot) {
  const std::string file = R"({"file_arg":{"path":"/etc/hosts"}},)";
  const auto touch =
      ReadTetragonLine(Tetragon("security_file_permission", file + R"({"int_arg":2})"));
  ASSERT_TRUE(touch);
  EXPECT_EQ(touch->paths, std::vector<std::string>{"/etc/hosts"});
  EXPECT_EQ(touch->pid, 701u);
  EXPECT_EQ(touch->login_uid, 1000);
  EXPECT_EQ(touch->command, "vi");
  EXPECT_EQ(touch->parent_command, "bash");
  EXPECT_EQ(touch->arguments, "/usr/bin/vi /etc/hosts");
  EXPECT_TRUE(ReadTetragonLine(
      Tetragon("security_path_truncate", R"({"path_arg":{"path":"/etc/hosts"}})")));
  EXPECT_FALSE(ReadTetragonLine(Tetragon("security_file_permission", file + R"({"int_arg":4})")));
  EXPECT_FALSE(ReadTetragonLine(Tetragon("fd_install", file + R"({"int_arg":2})")));
  EXPECT_FALSE(ReadTetragonLine(Tetragon(
      "security_path_truncate", R"({"path_arg":{"path":"/etc/hosts"}})", R"(,"pod":{"name":"x"})")))
      << "a container's path is not the host's";
}

TEST(ReadFalcoLine, WritesAndOpens) {
  const auto line = [](const std::string& fields) {
    return R"({"time":"2026-05-01T10:00:00.5Z","output_fields":{"container.id":"host",)"
           R"("fd.name":"/etc/hosts","proc.cmdline":"touch /etc/hosts","proc.name":"touch",)"
           R"("proc.pid":701,"user.loginuid":-1,"user.uid":0,)" +
           fields + "}}";
  };
  const auto written = ReadFalcoLine(line(R"("evt.type":"openat","evt.is_open_write":true)"));
  ASSERT_TRUE(written);
  EXPECT_TRUE(written->exact);
  EXPECT_EQ(written->login_uid, -1);
  EXPECT_FALSE(ReadFalcoLine(line(R"("evt.type":"openat")"))->exact);
  EXPECT_FALSE(ReadFalcoLine(line(R"("evt.type":"openat","evt.is_open_write":false)")));
  EXPECT_FALSE(ReadFalcoLine(line(R"("evt.type":"read")")));
  EXPECT_FALSE(ReadFalcoLine(R"({"time":"2026-05-01T10:00:00Z","output_fields":{"container.id":)"
                             R"("3ad7b2","evt.type":"unlink","fd.name":"/x","proc.pid":7}})"))
      << "a container's path is not the host's";
}

TEST(TraceLines, HostileOnes) {
  const std::string good = Tetragon("security_path_truncate", R"({"path_arg":{"path":"/etc/x"}})");
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(ReadTetragonLine(std::string_view(good).substr(0, cut)));
    EXPECT_FALSE(ReadFalcoLine(std::string_view(good).substr(0, cut)));
  }
  const std::string deep = std::string(60000, '[');
  for (const std::string& line :
       {deep, "{\"process_kprobe\":" + deep, std::string("{\"process_kprobe\":7}"),
        std::string("{\"process_kprobe\":{\"process\":[],\"args\":{}}}"), std::string("\0\xFF", 2),
        std::string("{\"output_fields\":[1]}"), std::string("null")}) {
    EXPECT_FALSE(ReadTetragonLine(line));
    EXPECT_FALSE(ReadFalcoLine(line));
  }
  EXPECT_FALSE(ReadTetragonLine(
      Tetragon("security_path_truncate", R"({"path_arg":{"path":"relative"}},{"path_arg":5})")));
}

class LogTailTest : public testing::Test {
 protected:
  std::vector<std::string> Lines(LogTail& tail) {
    std::vector<std::string> lines;
    status_ = tail.Read([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
  void Append(const std::string& path, const std::string& text) {
    std::ofstream(scratch_.Real(path), std::ios::app) << text;
  }
  using L = std::vector<std::string>;
  ScratchRoot scratch_;
  Status status_ = Ok();
};

TEST_F(LogTailTest, FollowsALogThroughRotations) {
  LogTail tail(scratch_.root(), "/var/log/a.log");
  EXPECT_EQ(Lines(tail), L());
  EXPECT_EQ(status_.code(), StatusCode::kNotFound);
  scratch_.Write("/var/log/a.log", "one\ntw");
  EXPECT_EQ(Lines(tail), L{"one"});
  Append("/var/log/a.log", "o\nthree\nfo");
  EXPECT_EQ(Lines(tail), (L{"two", "three"}));
  // Renamed away in the middle of a line; what was still written to it comes first.
  std::filesystem::rename(scratch_.Real("/var/log/a.log"), scratch_.Real("/var/log/a.log.1"));
  Append("/var/log/a.log.1", "ur\n");
  EXPECT_EQ(Lines(tail), L{"four"});
  scratch_.Write("/var/log/a.log", "five\n");
  EXPECT_EQ(Lines(tail), L{"five"});
  // Emptied in place.
  scratch_.Write("/var/log/b", "");
  std::filesystem::resize_file(scratch_.Real("/var/log/a.log"), 0);
  Append("/var/log/a.log", "six\n");
  EXPECT_EQ(Lines(tail), L{"six"});
  EXPECT_EQ(tail.bytes_skipped(), 0u);
}

TEST_F(LogTailTest, ALineWithoutEndAndABacklogAreBoundedAndCounted) {
  scratch_.Write("/log", "old\n" + std::string(1000, 'x') + "\nlast\n");
  LogTail tail(scratch_.root(), "/log",
               {.line_bytes_max = 100, .backlog_bytes_max = 10000, .first_bytes = 500});
  EXPECT_EQ(Lines(tail), L{"last"}) << "begins shortly before the end";
  Append("/log", std::string(3000, 'y'));
  EXPECT_EQ(Lines(tail), L());
  Append("/log", std::string(3000, 'y') + "\nnext\n");
  EXPECT_EQ(Lines(tail), L{"next"});
  EXPECT_EQ(tail.lines_dropped(), 1u);
  Append("/log", std::string(20000, '\n') + "end\n");
  EXPECT_EQ(Lines(tail).back(), "end");
  EXPECT_GT(tail.bytes_skipped(), 9000u);
}

TEST_F(LogTailTest, WhatIsNoFileIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(scratch_.Real("/fifo").c_str(), 0600), 0);
  LogTail fifo(scratch_.root(), "/fifo");
  Lines(fifo);
  EXPECT_EQ(status_.code(), StatusCode::kFailedPrecondition);
  std::filesystem::create_symlink("loop", scratch_.Real("/loop"));
  LogTail loop(scratch_.root(), "/loop");
  Lines(loop);
  EXPECT_FALSE(status_.ok());
}

}  // namespace
}  // namespace driftcast
