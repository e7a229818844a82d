#include "signal/series_limit.h"

#include <map>

#include <gtest/gtest.h>

namespace driftcast {
namespace {

class Maps : public LimitSource {
 public:
  std::optional<double> Newest(std::string_view metric) const override {
    const auto found = series.find(std::string(metric));
    return found == series.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::string> Configured(std::string_view kind, std::string_view name,
                                        std::string_view key) const override {
    const auto found =
        keys.find(std::string(kind) + "/" + std::string(name) + "/" + std::string(key));
    return found == keys.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<std::string, double> series;
  std::map<std::string, std::string> keys;
};

TEST(SeriesLimit, SharesAreFullAtOneAndRestsAtNothing) {
  const Maps none;
  const auto disk = LimitOf("/", "system.filesystem.utilization", none);
  ASSERT_TRUE(disk);
  EXPECT_EQ(disk->value, 1);
  EXPECT_TRUE(disk->rising);
  EXPECT_EQ(disk->what, Bounded::kDisk);
  const auto left = LimitOf("/", "node_filesystem_avail_bytes", none);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->value, 0);
  EXPECT_FALSE(left->rising);
  EXPECT_EQ(LimitOf("x", "my.queue.utilization{q=\"a\"}", none)->what, Bounded::kOther);
  EXPECT_FALSE(LimitOf("", "system.cpu.load_average.1m", none));
}

TEST(SeriesLimit, LimitsComeFromOtherSeries) {
  Maps maps;
  EXPECT_FALSE(LimitOf("x", "process_open_fds", maps)) << "not known yet";
  maps.series = {{"process_max_fds{pid=\"1\"}", 1024},
                 {"kube_resourcequota{resource=\"cpu\",type=\"hard\"}", 8}};
  const auto handles = LimitOf("x", "process_open_fds{pid=\"1\"}", maps);
  ASSERT_TRUE(handles);
  EXPECT_EQ(handles->value, 1024);
  EXPECT_EQ(handles->source, "process_max_fds{pid=\"1\"} = 1024");
  EXPECT_EQ(LimitOf("x", "kube_resourcequota{resource=\"cpu\",type=\"used\"}", maps)->value, 8);
}

TEST(SeriesLimit, LimitsComeFromTheConfiguration) {
  Maps maps;
  maps.keys = {{"sysctl/kernel.pid_max/value", "32768"},
               {"unit/nginx.service/Service.LimitNOFILE", "1024:4096"},
               {"unit/b.service/Service.LimitNOFILE", "infinity"}};
  const auto processes = LimitOf("", "system.processes.count", maps);
  ASSERT_TRUE(processes);
  EXPECT_EQ(processes->value, 32768);
  EXPECT_EQ(processes->source, "sysctl kernel.pid_max value = 32768");
  EXPECT_EQ(LimitOf("nginx.service", "process_open_fds", maps)->value, 1024);
  EXPECT_FALSE(LimitOf("b.service", "process_open_fds", maps));
}

}  // namespace
}  // namespace driftcast
