// Kernel settings, metrics and the watcher.
#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "collect/host_metrics.h"
#include "collect/scratch_root.h"
#include "collect/sysctl_collector.h"
#include "collect/watcher.h"

namespace driftcast {
namespace {

TEST(SysctlCollector, ReadsSettingsAndLeavesOutStates) {
  ScratchRoot scratch;
  scratch.Write("/proc/sys/net/ipv4/ip_forward", "0\n");
  scratch.Write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
  scratch.Write("/proc/sys/net/ipv4/conf/eth0.1/rp_filter", "2\n");
  scratch.Write("/proc/sys/net/ipv4/conf/veth12/rp_filter", "2\n");
  scratch.Write("/proc/sys/net/ipv4/neigh/eth0/gc_stale_time", "60\n");
  scratch.Write("/proc/sys/net/ipv4/neigh/default/gc_thresh1", "128\n");
  scratch.Write("/proc/sys/net/ipv4/tcp_fastopen_key", "0011-2233-4455-6677\n");
  scratch.Write("/proc/sys/kernel/random/uuid", "x\n");
  scratch.Write("/proc/sys/fs/file-nr", "1 0 2\n");
  scratch.Write("/proc/sys/vm/drop_caches", "0\n", 0200);
  const SecretGuard guard(std::string(32, 'k'));
  SysctlCollector collector(scratch.root(), guard);
  RecordingSink sink;
  ASSERT_TRUE(collector.Collect(Depth::kAll, sink).ok());
  EXPECT_EQ(sink.observed.size(), 5u);
  EXPECT_EQ(ValueOf(sink.Find("net.ipv4.ip_forward")->keys, "value"), "0");
  EXPECT_EQ(sink.Find("net.ipv4.ip_forward")->keys[0].value.type, ValueType::kInteger);
  EXPECT_EQ(ValueOf(sink.Find("net.ipv4.ip_local_port_range")->keys, "value"), "32768 60999");
  EXPECT_NE(sink.Find("net.ipv4.conf.eth0/1.rp_filter"), nullptr);
  EXPECT_EQ(sink.Find("net.ipv4.tcp_fastopen_key")->keys[0].value.type, ValueType::kSecret);
  const auto one = collector.CollectOne("sysctl", "net.ipv4.conf.eth0/1.rp_filter");
  EXPECT_EQ(ValueOf((*one)->keys, "value"), "2");
  EXPECT_FALSE(collector.CollectOne("sysctl", "no.such")->has_value());
  EXPECT_FALSE(collector.CollectOne("sysctl", "//etc/passwd")->has_value());
}

TEST(HostMetrics, RatesNeedTwoSamples) {
  ScratchRoot scratch;
  scratch.Write("/proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\nprocesses 10\n");
  scratch.Write("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n");
  scratch.Write("/proc/loadavg", "0.50 0.25 0.10 1/123 456\n");
  scratch.Write("/proc/pressure/io",
                "some avg10=12.50 avg60=0 avg300=0 total=1\nfull avg10=1.00\n");
  scratch.Write("/proc/net/dev", " eth0: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\n");
  scratch.Write("/proc/diskstats",
                " 8 0 sda 10 0 100 0 5 0 50 0 0 500 0\n 8 1 sda1 1 0 1 0 1 0 1 0 0 1 0\n");
  scratch.Write("/proc/mounts", "/dev/x / ext4 rw 0 0\nproc /proc proc rw 0 0\n");
  HostMetrics metrics(scratch.root());
  const auto find = [](const std::vector<MetricPoint>& points, const std::string& name) {
    for (const MetricPoint& p : points)
      if (p.metric == name) return p.value;
    return -1.0;
  };
  const Instant start = FromUnixSeconds(1000);
  auto points = metrics.Sample(start);
  EXPECT_DOUBLE_EQ(find(points, "system.memory.utilization"), 0.75);
  EXPECT_DOUBLE_EQ(find(points, "system.cpu.load_average.1m"), 0.5);
  EXPECT_DOUBLE_EQ(find(points, "system.processes.count"), 123);
  EXPECT_DOUBLE_EQ(find(points, "system.pressure.io.some"), 0.125);
  EXPECT_DOUBLE_EQ(find(points, "system.pressure.io.full"), 0.01);
  EXPECT_GT(find(points, "system.filesystem.utilization"), 0);
  EXPECT_EQ(find(points, "system.cpu.utilization"), -1);
  EXPECT_EQ(find(points, "system.network.io.receive"), -1);

  scratch.Write("/proc/stat", "cpu  150 0 100 850 0 0 0 0 0 0\nprocesses 30\n");
  scratch.Write("/proc/net/dev", " eth0: 2000 1 0 0 0 0 0 0 2500 1 0 0 0 0 0 0\n");
  scratch.Write("/proc/diskstats", " 8 0 sda 20 0 300 0 5 0 50 0 0 5500 0\n");
  points = metrics.Sample(start + 10 * kSecond);
  EXPECT_DOUBLE_EQ(find(points, "system.cpu.utilization"), 0.5);
  EXPECT_DOUBLE_EQ(find(points, "system.processes.created"), 2);
  EXPECT_DOUBLE_EQ(find(points, "system.network.io.receive"), 100);
  EXPECT_DOUBLE_EQ(find(points, "system.network.io.transmit"), 50);
  EXPECT_DOUBLE_EQ(find(points, "system.disk.io.read"), 200 * 512 / 10.0);
  EXPECT_DOUBLE_EQ(find(points, "system.disk.busy"), 0.5);

  // A counter that went back (a restart) gives no rate.
  scratch.Write("/proc/net/dev", " eth0: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n");
  points = metrics.Sample(start + 20 * kSecond);
  EXPECT_EQ(find(points, "system.network.io.receive"), -1);
}

TEST(HostMetrics, AnEmptyHostHasNone) {
  ScratchRoot scratch;
  HostMetrics metrics(scratch.root());
  EXPECT_TRUE(metrics.Sample(FromUnixSeconds(1)).empty());
}

class WatcherTest : public testing::Test {
 protected:
  // Waits for the kernel: events are there within microseconds, the bound is for a busy machine.
  Touched Wait(Watcher& watcher) {
    pollfd entry{watcher.fd(), POLLIN, 0};
    poll(&entry, 1, 2000);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return watcher.Take();
  }
  ScratchRoot scratch_;
};

TEST_F(WatcherTest, SeesWritesRenamesRemovalsAndModes) {
  scratch_.Write("/etc/app/a", "1");
  Watcher watcher(scratch_.root());
  ASSERT_TRUE(watcher.Watch({"/etc", true}).ok());
  EXPECT_EQ(watcher.watches(), 2u);
  scratch_.Write("/etc/app/a", "2");
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/app/a"));
  scratch_.Write("/etc/app/.a.tmp", "3");  // as editors save
  std::filesystem::rename(scratch_.Real("/etc/app/.a.tmp"), scratch_.Real("/etc/app/a"));
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/app/a"));
  std::filesystem::permissions(scratch_.Real("/etc/app/a"), std::filesystem::perms::owner_read);
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/app/a"));
  std::filesystem::remove(scratch_.Real("/etc/app/a"));
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/app/a"));
}

TEST_F(WatcherTest, FollowsNewFoldersAndWhatIsInThemAlready) {
  scratch_.Write("/etc/x", "");
  Watcher watcher(scratch_.root());
  ASSERT_TRUE(watcher.Watch({"/etc", true}).ok());
  scratch_.Write("/tmp/made/deep/b", "1");
  std::filesystem::rename(scratch_.Real("/tmp/made"), scratch_.Real("/etc/made"));
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/made/deep/b"));
  scratch_.Write("/etc/made/deep/c", "1");
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/made/deep/c"));
  std::filesystem::rename(scratch_.Real("/etc/made"), scratch_.Real("/tmp/away"));
  EXPECT_TRUE(Wait(watcher).lost);
  EXPECT_EQ(watcher.watches(), 1u);
}

TEST_F(WatcherTest, TakesUpAPlaceThatAppearsLater) {
  scratch_.Write("/etc/x", "");
  Watcher watcher(scratch_.root());
  EXPECT_EQ(watcher.Watch({"/etc/later/app", true}).code(), StatusCode::kNotFound);
  std::filesystem::create_directories(scratch_.Real("/etc/later/app"));
  EXPECT_TRUE(Wait(watcher).lost);
  scratch_.Write("/etc/later/app/c", "1");
  EXPECT_TRUE(Wait(watcher).paths.contains("/etc/later/app/c"));
}

TEST_F(WatcherTest, AStormIsBoundedAndSaidToBeLost) {
  scratch_.Write("/etc/x", "");
  Watcher watcher(scratch_.root(), /*paths_max=*/10);
  ASSERT_TRUE(watcher.Watch({"/etc", true}).ok());
  for (int i = 0; i < 50; ++i) scratch_.Write("/etc/f" + std::to_string(i), "x");
  const Touched touched = Wait(watcher);
  EXPECT_TRUE(touched.lost);
  EXPECT_LE(touched.paths.size(), 10u);
}

}  // namespace
}  // namespace driftcast
