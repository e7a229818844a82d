// Units and their timers, certificates, kernel, mounts and sockets.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <ctime>

#include "collect/calendar.h"
#include "collect/certificate_collector.h"
#include "collect/kernel_collector.h"
#include "collect/package_collector.h"
#include "collect/scratch_root.h"
#include "collect/unit_collector.h"

namespace driftcast {
namespace {

struct CalendarCase {
  const char *expression, *after, *next;  // next "" = never or not understood
};

void UseUtc() {
  setenv("TZ", "UTC", 1);
  tzset();
}

TEST(NextOnCalendar, FollowsSystemd) {
  UseUtc();
  // 2026-05-01 is a Friday.
  for (const CalendarCase& c : std::vector<CalendarCase>{
           {"*-*-* 6:00", "2026-05-01T05:00:00Z", "2026-05-01T06:00:00Z"},
           {"*-*-* 6:00", "2026-05-01T06:00:00Z", "2026-05-02T06:00:00Z"},
           {"*-*-* 6,18:00", "2026-05-01T07:00:00Z", "2026-05-01T18:00:00Z"},
           {"daily", "2026-05-01T07:00:00Z", "2026-05-02T00:00:00Z"},
           {"hourly", "2026-05-01T07:30:00Z", "2026-05-01T08:00:00Z"},
           {"weekly", "2026-05-01T07:30:00Z", "2026-05-04T00:00:00Z"},
           {"monthly", "2026-05-01T07:30:00Z", "2026-06-01T00:00:00Z"},
           {"Mon..Fri *-*-* 09:00", "2026-05-01T10:00:00Z", "2026-05-04T09:00:00Z"},
           {"Sat..Mon 09:00", "2026-05-01T10:00:00Z", "2026-05-02T09:00:00Z"},
           {"Sun 03:10:00", "2026-05-01T10:00:00Z", "2026-05-03T03:10:00Z"},
           {"*:0/15", "2026-05-01T10:01:00Z", "2026-05-01T10:15:00Z"},
           {"*-02-29 00:00:00", "2026-05-01T10:01:00Z", "2028-02-29T00:00:00Z"},
           {"*-*-* 12:00:00 UTC", "2026-05-01T10:01:00Z", "2026-05-01T12:00:00Z"},
           {"2020-01-01 00:00:00", "2026-05-01T10:01:00Z", ""},
           {"*-*~1", "2026-05-01T10:01:00Z", ""},
           {"nonsense", "2026-05-01T10:01:00Z", ""},
           {"", "2026-05-01T10:01:00Z", ""},
           {"*-*-* 25:00", "2026-05-01T10:01:00Z", ""},
           {"*-*-* 1/0:00", "2026-05-01T10:01:00Z", ""}}) {
    const auto next = NextOnCalendar(c.expression, *ParseInstant(c.after));
    EXPECT_EQ(next ? FormatInstant(*next) : "", c.next) << c.expression;
  }
}

TEST(NextCron, FollowsCrontab) {
  UseUtc();
  for (const CalendarCase& c : std::vector<CalendarCase>{
           {"17 * * * *", "2026-05-01T10:20:00Z", "2026-05-01T11:17:00Z"},
           {"25 6 * * *", "2026-05-01T10:20:00Z", "2026-05-02T06:25:00Z"},
           {"47 6 * * 7", "2026-05-01T10:20:00Z", "2026-05-03T06:47:00Z"},
           {"52 6 1 * *", "2026-05-01T10:20:00Z", "2026-06-01T06:52:00Z"},
           {"*/5 9-17 * * mon-fri", "2026-05-01T17:57:00Z", "2026-05-04T09:00:00Z"},
           {"0 0 13 * 5", "2026-05-02T00:00:00Z", "2026-05-08T00:00:00Z"},  // 13th or a Friday
           {"@daily", "2026-05-01T10:20:00Z", "2026-05-02T00:00:00Z"},
           {"@reboot", "2026-05-01T10:20:00Z", ""},
           {"61 * * * *", "2026-05-01T10:20:00Z", ""},
           {"* * * *", "2026-05-01T10:20:00Z", ""}}) {
    const auto next = NextCron(c.expression, *ParseInstant(c.after));
    EXPECT_EQ(next ? FormatInstant(*next) : "", c.next) << c.expression;
  }
}

class SystemTest : public testing::Test {
 protected:
  SystemTest() : guard_(std::string(32, 'k')) { UseUtc(); }
  ScratchRoot scratch_;
  SecretGuard guard_;
  ManualClock clock_{*ParseInstant("2026-05-01T10:00:00Z")};
};

TEST_F(SystemTest, UnitsWithDropInsMasksAndTimers) {
  scratch_.Write("/usr/lib/systemd/system/app.service",
                 "[Unit]\nAfter=network.target db.service\nRequires=db.service\n[Service]\n"
                 "ExecStart=/bin/app\nEnvironment=A=1\n[Install]\nWantedBy=multi-user.target\n");
  scratch_.Write("/etc/systemd/system/app.service.d/10.conf",
                 "[Service]\nExecStart=\nExecStart=/bin/app --new\nEnvironment=TOKEN=abc\n");
  scratch_.Link("/etc/systemd/system/multi-user.target.wants/app.service",
                "/usr/lib/systemd/system/app.service");
  scratch_.Write("/usr/lib/systemd/system/app.timer", "[Timer]\nOnCalendar=daily\n[Install]\n");
  scratch_.Link("/etc/systemd/system/timers.target.wants/app.timer", "/x/app.timer");
  scratch_.Write("/usr/lib/systemd/system/off.service",
                 "[Install]\nWantedBy=a\n[Service]\nType=a\n");
  scratch_.Link("/etc/systemd/system/dead.service", "/dev/null");
  scratch_.Write("/usr/lib/systemd/system/dead.service", "[Service]\nExecStart=/x\n");
  UnitCollector collector(scratch_.root(), guard_, clock_, [](const std::string& path) {
    return path.ends_with("app.service") ? "app" : "";
  });
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 4u);
  const ResourceObserved* app = sink.Find("app.service");
  EXPECT_EQ(ValueOf(app->keys, "Service.ExecStart"), "/bin/app --new");
  EXPECT_EQ(ValueOf(app->keys, "enabled"), "enabled");
  EXPECT_EQ(ValueOf(app->keys, "source"), "/usr/lib/systemd/system/app.service");
  EXPECT_EQ(TextOf(*app).find("abc"), std::string::npos);
  EXPECT_EQ(app->depends_on.size(), 4u);
  EXPECT_EQ(ValueOf(app->context, "next_run"), "2026-05-02T00:00:00Z");
  EXPECT_EQ(ValueOf(sink.Find("app.timer")->context, "next_run"), "2026-05-02T00:00:00Z");
  EXPECT_EQ(ValueOf(sink.Find("off.service")->keys, "enabled"), "disabled");
  EXPECT_EQ(ValueOf(sink.Find("dead.service")->keys, "enabled"), "masked");
  EXPECT_EQ(collector.OnPath("/etc/systemd/system/x.service").scan, true);
}

TEST_F(SystemTest, AHugeUnitIsSaidToBeUncompared) {
  scratch_.Write("/etc/systemd/system/huge.service", std::string(2 << 20, 'x'));
  scratch_.Write("/etc/systemd/system/binary.service", std::string("[a]\0\xff=\n", 7));
  UnitCollector collector(scratch_.root(), guard_, clock_, nullptr);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_EQ(sink.Find("huge.service")->uncompared.size(), 1u);
}

TEST_F(SystemTest, UnattendedUpgradesTellWhenAPackageWillMove) {
  scratch_.Write("/usr/lib/systemd/system/apt-daily-upgrade.timer",
                 "[Timer]\nOnCalendar=*-*-* 6:00\nRandomizedDelaySec=60m\n");
  scratch_.Link("/etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer", "/x");
  scratch_.Write(
      "/var/lib/dpkg/status",
      "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
      "Package: held\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 1\n\n");
  scratch_.Write("/var/lib/apt/lists/x_Packages",
                 "Package: openssl\nArchitecture: amd64\nVersion: 2\n\n"
                 "Package: held\nArchitecture: amd64\nVersion: 2\n\n");
  const auto collect = [&] {
    PackageCollector collector(scratch_.root(), [&] {
      return UnitCollector::NextUnattendedUpgrade(scratch_.root(), clock_.Now());
    });
    RecordingSink sink;
    EXPECT_TRUE(collector.Collect(Depth::kAll, sink).ok());
    return sink;
  };
  EXPECT_EQ(ValueOf(collect().Find("openssl")->context, "next_run"), "(none)");
  scratch_.Write("/etc/apt/apt.conf.d/20auto-upgrades",
                 "APT::Periodic::Update-Package-Lists \"1\";\n"
                 "APT::Periodic::Unattended-Upgrade \"1\";\n");
  EXPECT_EQ(ValueOf(collect().Find("openssl")->context, "next_run"), "2026-05-02T06:00:00Z");
  EXPECT_EQ(ValueOf(collect().Find("held")->context, "next_run"), "(none)");
}

std::string SelfSigned(long seconds) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("web.example"), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_sign(certificate, key, EVP_sha256());
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

TEST_F(SystemTest, CertificatesAndTheirEnd) {
  scratch_.Write("/etc/app/tls.pem", "key first\n" + SelfSigned(3600) + SelfSigned(7200));
  scratch_.Write("/etc/app/broken.crt",
                 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  scratch_.Write("/etc/app/other.pem", "no certificate");
  scratch_.Write("/etc/ssl/certs/ca.pem", SelfSigned(3600));
  CertificateCollector collector(scratch_.root());
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  ASSERT_EQ(sink.observed.size(), 1u);
  const ResourceObserved& tls = sink.observed[0];
  EXPECT_EQ(tls.resource.name, "/etc/app/tls.pem");
  EXPECT_EQ(ValueOf(tls.keys, "subject"), "CN=web.example");
  EXPECT_EQ(ValueOf(tls.keys, "serial"), "1267");
  EXPECT_EQ(ValueOf(tls.keys, "chain_length"), "2");
  EXPECT_EQ(ValueOf(tls.context, "due"), ValueOf(tls.keys, "not_after"));
  const auto due = ParseInstant(ValueOf(tls.context, "due"));
  ASSERT_TRUE(due.ok());
  EXPECT_NEAR(ToUnixSeconds(*due), static_cast<double>(time(nullptr)) + 3600, 60);
}

TEST_F(SystemTest, KernelMountsAndSockets) {
  scratch_.Write("/proc/cmdline", "root=/dev/vda1 ro quiet\n");
  scratch_.Write("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  scratch_.Write("/proc/modules", "nf_tables 1 0 - Live 0x0\next4 1 0 - Live 0x0\n");
  scratch_.Write("/run/reboot-required", "");
  scratch_.Write("/proc/mounts",
                 "/dev/vda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n"
                 "//s/x /mnt cifs rw,password=hunter2xx 0 0\ntmpfs /run/user/1000 tmpfs rw 0 0\n");
  scratch_.Write("/proc/net/tcp",
                 "  sl  local_address rem_address   st\n"
                 "   0: 00000000:0016 00000000:0000 0A 0:0 0:0 0 0 0 1111 1 0\n"
                 "   1: 0100007F:1F90 0100007F:0050 01 0:0 0:0 0 0 0 2222 1 0\n");
  scratch_.Write("/proc/net/udp6",
                 "   0: 00000000000000000000000000000000:0044 0:0 07 0:0 0:0 0 33 0 3333 1 0\n");
  scratch_.Link("/proc/42/fd/3", "socket:[1111]");
  scratch_.Link("/proc/42/exe", "/usr/sbin/sshd");
  KernelCollector collector(scratch_.root(), guard_);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  const ResourceObserved* kernel = sink.Find("running");
  ASSERT_NE(kernel, nullptr);
  EXPECT_EQ(ValueOf(kernel->keys, "release"), "6.1.0-18-amd64");
  EXPECT_EQ(ValueOf(kernel->keys, "reboot_required"), "true");
  EXPECT_EQ(ValueOf(kernel->keys, "module[]"), "ext4");
  ASSERT_NE(sink.Find("/"), nullptr);
  EXPECT_EQ(ValueOf(sink.Find("/")->keys, "device"), "/dev/vda1");
  EXPECT_EQ(TextOf(*sink.Find("/mnt")).find("hunter2xx"), std::string::npos);
  EXPECT_EQ(sink.Find("/run/user/1000"), nullptr);
  const ResourceObserved* ssh = sink.Find("tcp/0.0.0.0:22");
  ASSERT_NE(ssh, nullptr);
  EXPECT_EQ(ValueOf(ssh->keys, "program"), "/usr/sbin/sshd");
  ASSERT_NE(sink.Find("udp/[::]:68"), nullptr);
  EXPECT_EQ(sink.Find("udp/[::]:68")->uncompared.size(), 1u);
  EXPECT_EQ(sink.observed.size(), 5u);
  EXPECT_TRUE(collector.CollectOne("socket", "tcp/0.0.0.0:22")->has_value());
}

}  // namespace
}  // namespace driftcast
