// What the running host says about itself: processes, firewall, containers, TLS ports, systemd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>

#include <fmt/core.h>

#include "collect/capture.h"
#include "collect/container_collector.h"
#include "collect/firewall_collector.h"
#include "collect/foreign_package_collector.h"
#include "collect/process_table.h"
#include "collect/scratch_root.h"
#include "collect/setting_collector.h"
#include "collect/tls_collector.h"
#include "collect/unit_collector.h"
#include "collect/unit_states.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;

TEST(Capture, BoundsOutputAndTime) {
  const auto echoed = Capture({"/bin/echo", "a b"}, 100, milliseconds(20000));
  ASSERT_TRUE(echoed.ok()) << Message(echoed.status());
  EXPECT_EQ(echoed->output, "a b\n");
  EXPECT_EQ(echoed->exit_code, 0);
  EXPECT_EQ(Capture({"/bin/false"}, 100, milliseconds(20000))->exit_code, 1);
  EXPECT_EQ(Capture({"/bin/cat", "/dev/zero"}, 1 << 20, milliseconds(20000)).status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(Capture({"/bin/sleep", "600"}, 100, milliseconds(50)).status().code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Capture({"/nowhere/x"}, 100, milliseconds(50)).status().code(), StatusCode::kNotFound);
}

TEST(UnitOfCgroup, BothVersions) {
  EXPECT_EQ(UnitOfCgroup("0::/system.slice/ssh.service\n"), "ssh.service");
  EXPECT_EQ(UnitOfCgroup("0::/system.slice/a.service/payload\n"), "a.service");
  EXPECT_EQ(UnitOfCgroup("5:cpu:/x.service\n1:name=systemd:/system.slice/cron.service\n"),
            "cron.service");
  EXPECT_EQ(UnitOfCgroup("0::/user.slice/user-0.slice/session-3.scope\n"), "");
  EXPECT_EQ(UnitOfCgroup("0::/user.slice/user@0.service/app.slice/x.scope\n"), "");
  EXPECT_EQ(UnitOfCgroup(std::string(100000, '/')), "");
}

class LiveTest : public testing::Test {
 protected:
  LiveTest() : guard_(std::string(32, 'k')) {
    scratch_.Write("/proc/cmdline", "quiet\n");
    scratch_.Write("/proc/77/cgroup", "0::/system.slice/app.service\n");
    scratch_.Link("/proc/77/exe", "/usr/bin/app (deleted)");
    scratch_.Link("/proc/77/fd/4", "socket:[500]");
    scratch_.Link("/proc/77/fd/5", "socket:[501]");
  }
  ScratchRoot scratch_;
  SecretGuard guard_;
  ManualClock clock_{*ParseInstant("2026-05-01T10:00:00Z")};
};

// 0A000005:1538 = 10.0.0.5:5432 as a little-endian kernel prints it.
constexpr const char* kTcp =
    "  sl  local_address rem_address\n"
    "   0: 0100000A:9C40 0500000A:1538 01 0:0 0:0 0 0 0 500 1\n"   // we are the client
    "   1: 0100007F:9C41 0100007F:1538 01 0:0 0:0 0 0 0 501 1\n"   // on this host
    "   2: 00000000:01BB 00000000:0000 0A 0:0 0:0 0 0 0 502 1\n"   // we listen
    "   3: 0100000A:01BB 0900000A:0400 01 0:0 0:0 0 0 0 501 1\n";  // somebody came to us

TEST_F(LiveTest, UnitsKnowWhomTheyAreConnectedTo) {
  scratch_.Write("/proc/net/tcp", kTcp);
  scratch_.Write("/usr/lib/systemd/system/app.service",
                 "[Service]\nExecStart=/usr/bin/app\nEnvironmentFile=-/etc/default/app\n");
  UnitCollector collector(scratch_.root(), guard_, clock_, {});
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 1u);
  EXPECT_EQ(sink.observed[0].depends_on,
            (std::vector<Dependency>{{"connects_to", "endpoint", "tcp/10.0.0.5:5432", {}},
                                     {"reads", "file", "/etc/default/app", {}}}));
  // A connection that ended is remembered for a day.
  scratch_.Write("/proc/net/tcp", "");
  clock_.Advance(23 * kHour);
  EXPECT_EQ((*collector.CollectOne("unit", "app.service"))->depends_on.size(), 2u);
  clock_.Advance(2 * kHour);
  EXPECT_EQ((*collector.CollectOne("unit", "app.service"))->depends_on.size(), 1u);
}

TEST_F(LiveTest, WhatMustBeRestarted) {
  scratch_.Write("/proc/77/maps",
                 "7f00-7f01 r-xp 00000000 fe:01 12 /usr/lib/libssl.so.3 (deleted)\n");
  scratch_.Write("/proc/78/maps",
                 "7f00-7f01 rw-s 00000000 00:01 12 /memfd:x (deleted)\n"
                 "7f00-7f01 r--p 00000000 fe:01 12 /usr/share/locale.mo (deleted)\n"
                 "7f00-7f01 r-xp 00000000 fe:01 12 /usr/lib/libc.so.6\n");
  scratch_.Write("/etc/resolv.conf", "search a.example b.example\nnameserver 10.0.0.2\n#x\n");
  scratch_.Link("/etc/localtime", "/usr/share/zoneinfo/Europe/Vienna");
  ProcessTable processes(scratch_.root());
  SettingCollector collector(scratch_.root(), processes);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_NE(sink.Find("restart"), nullptr);
  EXPECT_EQ(sink.Find("restart")->keys,
            (std::vector<KeyValue>{{"unit[]", Value::Text("app.service")}}));
  EXPECT_EQ(ValueOf(sink.Find("time")->keys, "zone"), "Europe/Vienna");
  EXPECT_EQ(ValueOf(sink.Find("name_resolution")->keys, "server[]"), "10.0.0.2");
}

TEST(ProcessTable, ReadsThisMachine) {
  const HostRoot machine("/");
  ProcessTable table(machine);
  const Process self = table.Describe(std::to_string(getpid()));
  EXPECT_NE(self.program.find("collect_test"), std::string::npos);
  size_t processes = 0;
  table.ForEach([&](const std::string&) { ++processes; });
  EXPECT_GE(processes, 1u);
}

constexpr const char* kRules =
    "add table inet filter\n"
    "add set inet filter allowed { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 }; }\n"
    "add set inet filter seen { type ipv4_addr; flags dynamic, timeout; timeout 1m; }\n"
    "add chain inet filter input { type filter hook input priority 0; policy drop; }\n"
    "add rule inet filter input tcp dport { 22, 443 } counter accept comment \"no } brace\"\n"
    "add rule inet filter input ip saddr @allowed accept\n"
    "add chain inet filter own\n";

// A network namespace of its own; where there may be none, or no nft, there is nothing to show.
std::vector<std::string> InNamespace(const std::string& commands) {
  return {"/usr/bin/unshare", "-rn", "/bin/sh", "-c", commands};
}

TEST(Firewall, ReadsTheKernelsRules) {
  ScratchRoot scratch;
  scratch.Write("/rules", kRules);
  const auto there = Capture(InNamespace("/usr/sbin/nft list ruleset"), 1000, milliseconds(20000));
  if (!there.ok() || there->exit_code != 0) GTEST_SKIP() << "no namespace, or no nft";
  FirewallCollector collector(
      {.nft = InNamespace("/usr/sbin/nft -f " + scratch.Real("/rules").string() +
                          " && /usr/sbin/nft -s list ruleset"),
       .iptables = {}});
  RecordingSink sink;
  const Status read = collector.Collect(Depth::kAll, sink);
  ASSERT_TRUE(read.ok()) << Message(read);
  const ResourceObserved* input = sink.Find("inet/filter/input");
  ASSERT_NE(input, nullptr);
  EXPECT_EQ(ValueOf(input->keys, "policy"), "drop");
  EXPECT_EQ(ValueOf(input->keys, "hook"), "input");
  EXPECT_EQ(ValueOf(input->keys, "rule[001]"),
            "tcp dport { 22, 443 } counter accept comment \"no } brace\"");
  EXPECT_EQ(ValueOf(input->keys, "rule[002]"), "ip saddr @allowed accept");
  ASSERT_NE(sink.Find("inet/filter/own"), nullptr);
  const ResourceObserved* allowed = sink.Find("inet/filter/set/allowed");
  ASSERT_NE(allowed, nullptr);
  EXPECT_NE(ValueOf(allowed->keys, "elements"), "(none)");
  EXPECT_EQ(ValueOf(sink.Find("inet/filter/set/seen")->keys, "elements"), "(none)");
}

TEST(Firewall, SaysWhenItMayNotLook) {
  FirewallCollector refused({.nft = {"/bin/false"}, .iptables = {}});
  RecordingSink sink;
  EXPECT_EQ(refused.Collect(Depth::kAll, sink).code(), StatusCode::kPermissionDenied);
  FirewallCollector babbles({.nft = {"/bin/cat", "/dev/zero"}, .iptables = {}});
  EXPECT_EQ(babbles.Collect(Depth::kAll, sink).code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(sink.observed.empty());
}

TEST(Firewall, HostileTexts) {
  std::vector<ResourceObserved> out;
  for (const std::string& text :
       {std::string("}"), std::string("table x {\n"), std::string("table ip x {\nchain y {\n"),
        std::string("\x7F\x45\0\n", 4), "table ip x {\nchain y {\n" + std::string(100000, '{')})
    EXPECT_FALSE(ReadNftRuleset(text, out).ok()) << text.substr(0, 20);
  EXPECT_TRUE(ReadNftRuleset("", out).ok());
  ReadIptablesSave("*filter\n:INPUT DROP [1:2]\n:mine - [0:0]\n-A INPUT -p tcp -j ACCEPT\n-A\n:\n",
                   "ip", out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(ValueOf(out[0].keys, "policy"), "DROP");
  EXPECT_EQ(ValueOf(out[0].keys, "rule[001]"), "-p tcp -j ACCEPT");
}

// Answers connections on a Unix socket with one text each, then closes.
class MockEngine {
 public:
  MockEngine(const std::string& path, std::vector<std::string> answers)
      : answers_(std::move(answers)), fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    listen(fd_, 8);
    thread_ = std::thread([this] {
      for (const std::string& answer : answers_) {
        const int client = accept(fd_, nullptr, nullptr);
        if (client < 0) return;
        char request[512];
        const ssize_t size = read(client, request, sizeof request);
        if (size > 0) requests_.emplace_back(request, static_cast<size_t>(size));
        for (size_t at = 0; at < answer.size();) {
          const ssize_t n = send(client, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
          if (n <= 0) break;
          at += static_cast<size_t>(n);
        }
        close(client);
      }
    });
  }
  ~MockEngine() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  std::vector<std::string> requests_;

 private:
  const std::vector<std::string> answers_;
  const int fd_;
  std::thread thread_;
};

constexpr const char* kHead = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";

TEST(Containers, ReadsImagesAndContainers) {
  ScratchRoot scratch;
  scratch.Write("/run/x", "");
  MockEngine engine(
      scratch.Real("/run/docker.sock"),
      {std::string(kHead) +
           R"([{"Id":"sha256:aa","RepoTags":["nginx:1.25"],"RepoDigests":["nginx@sha256:bb"]},
               {"Id":"sha256:cc","RepoTags":null},{"RepoTags":["<none>:<none>"]},7])",
       std::string(kHead) +
           R"([{"Names":["/web"],"Image":"nginx:1.25","ImageID":"sha256:aa","State":"running",
                "Labels":{"token":"hunter2"},
                "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],
                "Mounts":[{"Source":"/srv","Destination":"/data","RW":false}],
                "NetworkSettings":{"Networks":{"bridge":{}}}}])"});
  ContainerCollector collector(scratch.root());
  RecordingSink sink;
  const Status read = collector.Collect(Depth::kAll, sink);
  ASSERT_TRUE(read.ok()) << Message(read);
  ASSERT_EQ(sink.observed.size(), 2u);
  const ResourceObserved* web = sink.Find("web");
  ASSERT_NE(web, nullptr);
  EXPECT_EQ(ValueOf(web->keys, "state"), "running");
  EXPECT_EQ(ValueOf(web->keys, "port[]"), "0.0.0.0:8080->80/tcp");
  EXPECT_EQ(ValueOf(web->keys, "mount[]"), "/srv:/data:ro");
  EXPECT_EQ(TextOf(*web).find("hunter2"), std::string::npos);
  EXPECT_EQ(web->depends_on, (std::vector<Dependency>{{"runs", "image", "nginx:1.25", {}}}));
}

TEST(Containers, HostileAnswers) {
  ScratchRoot scratch;
  scratch.Write("/run/x", "");
  MockEngine engine(scratch.Real("/run/docker.sock"),
                    {"", "garbage", "HTTP/1.0 500 no\r\n\r\n", std::string(kHead) + "{}",
                     std::string(kHead) + std::string(17 << 20, '[')});
  const std::string path = scratch.Real("/run/docker.sock");
  const auto get = [&] { return GetOverUnixSocket(path, "/x", 16 << 20, milliseconds(20000)); };
  EXPECT_EQ(get().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(get().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(get().status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(get().ok());
  EXPECT_EQ(get().status().code(), StatusCode::kResourceExhausted);
  std::vector<ResourceObserved> out;
  EXPECT_FALSE(ReadImages(std::string(100000, '['), out).ok());
  EXPECT_TRUE(
      ReadContainers(R"([{"Names":[7]},{"Names":["/"]},{"Names":["a\nb"],"Ports":[1]}])", out)
          .ok());
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].resource.name, "a\\x0ab");
}

TEST(Containers, NoEngineIsNoContainers) {
  ScratchRoot scratch;
  scratch.Write("/run/docker.sock", "left over");
  ContainerCollector collector(scratch.root());
  RecordingSink sink;
  EXPECT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_TRUE(sink.observed.empty());
}

TEST(LanguagePackages, PipAndNpmButNotTheDistributions) {
  ScratchRoot scratch;
  const std::string python = "/usr/local/lib/python3.11/dist-packages/";
  scratch.Write(python + "flask_x-2.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: Flask-X\nVersion: 2.0\n\nVersion: 9\n");
  scratch.Write(python + "flask_x-2.0.dist-info/INSTALLER", "pip\n");
  scratch.Write(python + "odd\n.dist-info/INSTALLER", "pip\n");
  scratch.Write("/usr/lib/python3/dist-packages/six.dist-info/METADATA", "Name: six\n");
  scratch.Write("/usr/local/lib/node_modules/@a/b/package.json", R"({"version":"1.2.3"})");
  scratch.Write("/usr/local/lib/node_modules/c/package.json", std::string("\0\x01{", 3));
  scratch.Link("/usr/local/lib/node_modules/loop", "loop");
  LanguagePackageCollector collector(scratch.root());
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 4u);
  EXPECT_EQ(ValueOf(sink.Find("Flask-X")->keys, "version"), "2.0");
  EXPECT_EQ(sink.Find("odd%0A")->uncompared.size(), 1u);
  EXPECT_EQ(ValueOf(sink.Find("@a/b")->keys, "version"), "1.2.3");
  EXPECT_EQ(sink.Find("c")->uncompared.size(), 1u);
}

TEST(Rpm, AsksRpm) {
  ScratchRoot scratch;
  scratch.Write("/rpm",
                "#!/bin/sh\nprintf 'bash\\t5.1-2\\tx86_64\\nglibc\\t2.3\\tx86_64\\n"
                "glibc\\t2.3\\ti686\\ngpg-pubkey\\t1\\t(none)\\nbroken\\n'\n",
                0755);
  RpmCollector collector(scratch.root(), {scratch.Real("/rpm")});
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 3u);
  EXPECT_EQ(ValueOf(sink.Find("bash")->keys, "version"), "5.1-2");
  ASSERT_NE(sink.Find("glibc.i686"), nullptr);
  RpmCollector failing(scratch.root(), {"/bin/false"});
  EXPECT_FALSE(failing.Collect(Depth::kAll, sink).ok());
  EXPECT_TRUE(RpmCollector::ProgramFor(scratch.root()).empty());
}

// Plays systemd on a bus of its own: answers ListUnits until it is destroyed.
class MockSystemd {
 public:
  explicit MockSystemd(const std::string& address) {
    EXPECT_GE(sd_bus_new(&bus_), 0);
    sd_bus_set_address(bus_, address.c_str());
    sd_bus_set_bus_client(bus_, 1);
    EXPECT_GE(sd_bus_start(bus_), 0);
    static const sd_bus_vtable kTable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("ListUnits", "", "a(ssssssouso)", &MockSystemd::ListUnits,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END};
    EXPECT_GE(sd_bus_add_object_vtable(bus_, nullptr, "/org/freedesktop/systemd1",
                                       "org.freedesktop.systemd1.Manager", kTable, nullptr),
              0);
    EXPECT_GE(sd_bus_request_name(bus_, "org.freedesktop.systemd1", 0), 0);
    thread_ = std::thread([this] {
      while (!stop_) {
        while (sd_bus_process(bus_, nullptr) > 0) {
        }
        sd_bus_wait(bus_, 20'000);
      }
    });
  }
  ~MockSystemd() {
    stop_ = true;
    thread_.join();
    sd_bus_flush_close_unref(bus_);
  }

 private:
  static int ListUnits(sd_bus_message* call, void*, sd_bus_error*) {
    sd_bus_message* reply = nullptr;
    sd_bus_message_new_method_return(call, &reply);
    sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
    for (const auto& [name, active] : {std::pair{"web.service", "active"},
                                       {"bad.service", "failed"},
                                       {"tidy.service", "inactive"}})
      sd_bus_message_append(reply, "(ssssssouso)", name, "text", "loaded", active, "sub", "",
                            "/org/freedesktop/systemd1/unit/x", 0u, "", "/");
    sd_bus_message_close_container(reply);
    const int sent = sd_bus_send(nullptr, reply, nullptr);
    sd_bus_message_unref(reply);
    return sent;
  }

  sd_bus* bus_ = nullptr;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// A message bus in the scratch folder; it ends with the test.
class PrivateBus {
 public:
  explicit PrivateBus(const ScratchRoot& scratch)
      : address_("unix:path=" + scratch.Real("/bus").string()) {
    scratch.Write("/bus.conf",
                  "<busconfig><type>session</type><listen>" + address_ +
                      "</listen><policy context=\"default\"><allow send_destination=\"*\"/>"
                      "<allow receive_sender=\"*\"/>"
                      "<allow own=\"*\"/></policy></busconfig>");
    const std::string config = "--config-file=" + scratch.Real("/bus.conf").string();
    child_ = fork();
    if (child_ == 0) {
      if (freopen("/dev/null", "w", stderr) == nullptr)
        _exit(127);  // it remarks on its limit of descriptors
      execl("/usr/bin/dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile",
            "--nosyslog", nullptr);
      _exit(127);
    }
    for (int i = 0; i < 1000 && access(scratch.Real("/bus").c_str(), F_OK) != 0; ++i) usleep(5000);
  }
  ~PrivateBus() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  const std::string& address() const { return address_; }

 private:
  const std::string address_;
  pid_t child_ = -1;
};

TEST_F(LiveTest, SystemdSaysWhatUnitsDo) {
  if (access("/usr/bin/dbus-daemon", X_OK) != 0) GTEST_SKIP() << "no dbus-daemon";
  const PrivateBus bus(scratch_);
  const std::string folder = "/usr/lib/systemd/system/";
  for (const char* unit : {"web", "bad", "gone"})
    scratch_.Write(folder + unit + ".service", "[Service]\nExecStart=/bin/x\n");
  scratch_.Write(folder + "tidy.service", "[Service]\nType=oneshot\nExecStart=/bin/x\n");
  scratch_.Write(folder + "t@.service", "[Service]\nExecStart=/bin/x\n");
  UnitCollector collector(scratch_.root(), guard_, clock_, {}, bus.address());
  {
    // Nobody plays systemd yet: its word is missing, and that is said.
    RecordingSink sink;
    ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
    ASSERT_EQ(sink.Find("web.service")->uncompared.size(), 1u);
    EXPECT_EQ(sink.Find("web.service")->uncompared[0].path, "state");
  }
  const MockSystemd systemd(bus.address());
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  for (const auto& [unit, state] : {std::pair{"web.service", "running"},
                                    {"bad.service", "failed"},
                                    {"gone.service", "stopped"},
                                    {"tidy.service", "ready"},
                                    {"t@.service", "(none)"}})
    EXPECT_EQ(ValueOf(sink.Find(unit)->keys, "state"), state) << unit;
  EXPECT_FALSE(ReadUnitStates("unix:path=/nowhere", milliseconds(1000)).ok());
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// Answers one connection on a loopback port of its own: with TLS, or with a text.
class OneConnection {
 public:
  explicit OneConnection(bool tls) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    listen(fd_, 1);
    signal(SIGPIPE, SIG_IGN);  // either side may be gone first
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this, tls] {
      const int client = accept(fd_, nullptr, nullptr);
      if (client < 0) return;
      if (tls) {
        Greet(client);
      } else {
        EXPECT_GT(write(client, "220 no TLS here\r\n", 17), 0);
      }
      close(client);
    });
  }
  ~OneConnection() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  int port = 0;

 private:
  static void Greet(int client) {
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const Certificate certificate(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("port.example"), -1, -1, 0);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate.get());
    SSL_CTX_use_PrivateKey(context, key.get());
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, client);
    SSL_accept(ssl);
    char byte = 0;
    SSL_read(ssl, &byte, 1);  // until the other side goes
    SSL_free(ssl);
    SSL_CTX_free(context);
  }

  const int fd_;
  std::thread thread_;
};

TEST_F(LiveTest, PortsShowTheirCertificates) {
  OneConnection secure(true), plain(false);
  scratch_.Write("/proc/net/tcp",
                 fmt::format("   0: 0100007F:{:04X} 00000000:0000 0A 0:0 0:0 0 0 0 502 1\n"
                             "   1: 0100007F:{:04X} 00000000:0000 0A 0:0 0:0 0 0 0 503 1\n"
                             "   2: 0100007F:0009 00000000:0000 0A 0:0 0:0 0 0 0 503 1\n",
                             secure.port, plain.port));
  // Port 9 is not in the set: it is left alone.
  TlsCollector collector(scratch_.root(),
                         {.ports = {secure.port, plain.port}, .patience = milliseconds(20000)});
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 1u);
  EXPECT_EQ(sink.observed[0].resource.name, fmt::format("tcp/127.0.0.1:{}", secure.port));
  EXPECT_EQ(ValueOf(sink.observed[0].keys, "subject"), "CN=port.example");
  EXPECT_EQ(ValueOf(sink.observed[0].keys, "protocol"), "TLSv1.3");
  EXPECT_NE(ValueOf(sink.observed[0].context, "due"), "(none)");
}

TEST_F(LiveTest, AUnitFileOf100MegabytesIsNotRead) {
  const auto path = scratch_.Real("/usr/lib/systemd/system/huge.service");
  scratch_.Write("/usr/lib/systemd/system/huge.service", "[Unit]\n");
  ASSERT_EQ(truncate(path.c_str(), 100 << 20), 0);
  scratch_.Link("/usr/lib/systemd/system/loop.service", "loop.service");
  scratch_.Write("/usr/lib/systemd/system/new\nline.service", "[Unit]\nAfter=x\n");
  UnitCollector collector(scratch_.root(), guard_, clock_, {});
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_NE(sink.Find("huge.service"), nullptr);
  EXPECT_EQ(sink.Find("huge.service")->uncompared.size(), 1u);
  ASSERT_NE(sink.Find("loop.service"), nullptr);
  EXPECT_EQ(sink.Find("loop.service")->uncompared.size(), 1u);
  EXPECT_NE(sink.Find("new%0Aline.service"), nullptr);
}

}  // namespace
}  // namespace driftcast
