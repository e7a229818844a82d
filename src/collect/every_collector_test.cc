// What holds for every collector: on this machine, read-only, and on a host that is out to hurt it.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <set>

#include "collect/account_collector.h"
#include "collect/certificate_collector.h"
#include "collect/container_collector.h"
#include "collect/cron_collector.h"
#include "collect/file_collector.h"
#include "collect/firewall_collector.h"
#include "collect/foreign_package_collector.h"
#include "collect/host_metrics.h"
#include "collect/kernel_collector.h"
#include "collect/lens_client.h"
#include "collect/package_collector.h"
#include "collect/process_table.h"
#include "collect/scratch_root.h"
#include "collect/setting_collector.h"
#include "collect/sysctl_collector.h"
#include "collect/tls_collector.h"
#include "collect/unit_collector.h"

namespace driftcast {
namespace {

// All of them, as an agent has them.
class EveryCollector {
 public:
  explicit EveryCollector(const HostRoot& root)
      : guard_(std::string(32, 'k')), lenses_(DRIFTCAST_LENS), processes_(root), metrics_(root) {
    FileOptions files;
    if (root.is_machine()) files.globs = {"/etc/ssl/**", "/etc/hosts"};
    const auto add = [&](auto collector) { all_.push_back(std::move(collector)); };
    add(std::make_unique<PackageCollector>(root, [] { return std::nullopt; }));
    add(std::make_unique<FileCollector>(root, guard_, lenses_, files,
                                        [](const std::string&) { return std::string(); }));
    add(std::make_unique<SysctlCollector>(root, guard_));
    add(std::make_unique<UnitCollector>(root, guard_, *SystemClock(), UnitCollector::OwnerOf()));
    add(std::make_unique<CertificateCollector>(root));
    add(std::make_unique<AccountCollector>(root, guard_));
    add(std::make_unique<CronCollector>(root, guard_, *SystemClock()));
    add(std::make_unique<RpmCollector>(root, RpmCollector::ProgramFor(root)));
    add(std::make_unique<LanguagePackageCollector>(root));
    add(std::make_unique<KernelCollector>(root, guard_));
    add(std::make_unique<SettingCollector>(root, processes_));
    add(std::make_unique<ContainerCollector>(root));
    add(std::make_unique<TlsCollector>(root, TlsOptions{.ports = {}}));
    if (root.is_machine()) add(std::make_unique<FirewallCollector>(MachineFirewall()));
  }
  const std::vector<std::unique_ptr<Collector>>& all() const { return all_; }
  HostMetrics& metrics() { return metrics_; }

 private:
  SecretGuard guard_;
  LensClient lenses_;
  ProcessTable processes_;
  HostMetrics metrics_;
  std::vector<std::unique_ptr<Collector>> all_;
};

// What the engine would refuse must not be handed over.
void ExpectSound(const std::string& collector, const RecordingSink& sink) {
  std::set<std::string> names;
  for (const ResourceObserved& one : sink.observed) {
    const ResourceId id{StackId("host"), one.resource.kind, one.resource.name};
    EXPECT_TRUE(ValidateResourceId(id).ok()) << collector << " " << one.resource.name;
    EXPECT_TRUE(names.insert(id.ToText()).second) << collector << " names twice " << id.ToText();
    for (const KeyValue& key : one.keys) {
      EXPECT_EQ(key.path.find('\n'), std::string::npos) << collector << " " << one.resource.name;
      EXPECT_LT(key.value.text.size(), 64u << 10) << collector << " " << one.resource.name;
    }
  }
}

TEST(EveryCollector, ReadsThisMachine) {
  const HostRoot root;
  EveryCollector every(root);
  std::set<std::string> silent;
  for (const auto& collector : every.all()) {
    RecordingSink sink;
    const Status collected = collector->Collect(Depth::kAll, sink);
    // What may not be looked at is said, and is no crash.
    EXPECT_EQ(collected.ok(), Message(collected).empty()) << collector->name();
    ExpectSound(collector->name(), sink);
    if (sink.observed.empty()) silent.insert(collector->name());
    if (collected.ok() && !sink.observed.empty()) {
      const ResourceId& first = sink.observed.front().resource;
      EXPECT_TRUE(collector->CollectOne(first.kind, first.name).ok()) << first.ToText();
      EXPECT_GT(collector->cost().cpu_ms, 0) << collector->name();
    }
  }
  for (const char* name : {"files", "sysctl", "accounts", "system", "settings"})
    EXPECT_FALSE(silent.contains(name)) << name << " saw nothing";
  EXPECT_FALSE(every.metrics().Sample(SystemClock()->Now()).empty());
}

// Every file that a collector looks for is one of these.
const std::vector<std::string> kFiles = {
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/sudoers",
    "/etc/sudoers.d/a",
    "/root/.ssh/authorized_keys",
    "/var/spool/cron/crontabs/root",
    "/etc/crontab",
    "/etc/cron.d/a",
    "/etc/ssl/a.pem",
    "/etc/systemd/system/a.service",
    "/etc/systemd/system/a.timer",
    "/etc/systemd/system/a.service.d/b.conf",
    "/usr/lib/systemd/system/c.service",
    "/var/lib/dpkg/status",
    "/var/lib/dpkg/info/a.list",
    "/var/lib/apt/lists/a_Packages",
    "/proc/cmdline",
    "/proc/modules",
    "/proc/mounts",
    "/proc/net/tcp",
    "/proc/net/udp6",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/stat",
    "/proc/meminfo",
    "/proc/loadavg",
    "/proc/42/maps",
    "/proc/42/cgroup",
    "/proc/42/stat",
    "/etc/resolv.conf",
    "/etc/timezone",
    "/etc/adjtime",
    "/etc/nsswitch.conf",
    "/etc/pam.d/common-auth",
    "/etc/apt/apt.conf.d/20auto-upgrades",
    "/usr/lib/python3/dist-packages/a.dist-info/METADATA",
    "/usr/local/lib/python3.11/dist-packages/b.dist-info/METADATA",
    "/usr/local/lib/node_modules/a/package.json",
    "/etc/a.json",
    "/etc/a.yaml",
    "/etc/a.toml"};

struct Attack {
  const char* name;
  std::function<void(const ScratchRoot&, const std::string& path)> commit;
};

class HostileHostTest : public testing::TestWithParam<Attack> {};

TEST_P(HostileHostTest, NobodyIsHurt) {
  ScratchRoot scratch;
  for (const std::string& path : kFiles) {
    std::filesystem::create_directories(scratch.Real(path).parent_path());
    GetParam().commit(scratch, path);
  }
  EveryCollector every(scratch.root());
  for (const auto& collector : every.all()) {
    RecordingSink sink;
    const Status collected = collector->Collect(Depth::kAll, sink);
    EXPECT_EQ(collected.ok(), Message(collected).empty()) << collector->name();
    ExpectSound(collector->name(), sink);
    for (const ResourceObserved& one : sink.observed)
      (void)collector->CollectOne(one.resource.kind, one.resource.name);
  }
  every.metrics().Sample(SystemClock()->Now());
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, HostileHostTest,
    testing::Values(
        Attack{"Huge",
               [](const ScratchRoot& host, const std::string& path) {
                 host.Write(path, "[Unit]\n");
                 ASSERT_EQ(truncate(host.Real(path).c_str(), 100 << 20), 0);
               }},
        Attack{"Binary",
               [](const ScratchRoot& host, const std::string& path) {
                 std::string bytes;
                 for (int i = 0; i < 20000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
                 host.Write(path, bytes);
               }},
        Attack{"ALineWithoutEnd",
               [](const ScratchRoot& host, const std::string& path) {
                 host.Write(path, "root:x:0:0:" + std::string(3 << 20, 'A'));
               }},
        Attack{"ManyLines",
               [](const ScratchRoot& host, const std::string& path) {
                 std::string text;
                 for (int i = 0; i < 3000; ++i) text += "u:x:1:1::/:/bin/sh\n\n[a]\nb=c\n- d\n";
                 host.Write(path, text);
               }},
        Attack{"LinkLoop",
               [](const ScratchRoot& host, const std::string& path) {
                 host.Link(path, host.Real(path).filename().string());
               }},
        Attack{"LinkOut",
               [](const ScratchRoot& host, const std::string& path) {
                 host.Link(path, "../../../../../../../../etc/passwd");
               }},
        Attack{"Fifo",
               [](const ScratchRoot& host, const std::string& path) {
                 ASSERT_EQ(mkfifo(host.Real(path).c_str(), 0644), 0);
               }},
        Attack{"Folder",
               [](const ScratchRoot& host, const std::string& path) {
                 std::filesystem::create_directories(host.Real(path) / "inside");
               }},
        Attack{"NamesWithNewlines",
               [](const ScratchRoot& host, const std::string& path) {
                 const std::filesystem::path file(path);
                 host.Write(
                     (file.parent_path() / ("new\nline\x1b" + file.filename().string())).string(),
                     "x = 1\n");
                 host.Write(path, "a\nb\x1b[2J = c\n\"unclosed\n");
               }}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace driftcast
