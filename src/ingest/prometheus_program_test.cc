// The real programs of Debian: prometheus sends to the door, prometheus-node-exporter is scraped.
// Skipped where they are not installed (apt-get install prometheus prometheus-node-exporter).
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "base/file.h"
#include "http/server.h"
#include "ingest/metric_door.h"
#include "ingest/scraper.h"

namespace driftcast::ingest {
namespace {

constexpr char kPrometheus[] = "/usr/bin/prometheus";
constexpr char kNodeExporter[] = "/usr/bin/prometheus-node-exporter";

// A port that was free a moment ago; neither program can say which one it took.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// A program that ends with this object; its output goes nowhere.
class Program {
 public:
  explicit Program(const std::vector<std::string>& words) {
    pid_ = fork();
    if (pid_ != 0) return;
    const int null = open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) dup2(null, fd);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ~Program() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

class PrometheusProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (access(kPrometheus, X_OK) != 0 || access(kNodeExporter, X_OK) != 0)
      GTEST_SKIP() << "prometheus and prometheus-node-exporter are not installed here";
    folder_ = testing::TempDir() + "prometheus_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    exporter_port_ = FreePort();
    const std::string address = "127.0.0.1:" + std::to_string(exporter_port_);
    exporter_.emplace(std::vector<std::string>{kNodeExporter, "--web.listen-address=" + address});
  }
  void TearDown() override {
    exporter_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // Whether a point of this metric arrives before patience ends.
  bool Arrives(const std::string& metric) {
    for (int i = 0; i < 600; ++i) {
      {
        const MutexLock lock(mutex_);
        for (const std::string& one : metrics_)
          if (one.starts_with(metric)) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  std::string folder_;
  int exporter_port_ = 0;
  std::optional<Program> exporter_;
  Mutex mutex_;
  std::vector<std::string> metrics_;
  MetricIntake intake_{MetricRules::Default(),
                       [this](std::vector<Fact> facts, std::function<void(const Status&)> done) {
                         {
                           const MutexLock lock(mutex_);
                           for (const Fact& fact : facts)
                             for (const auto& p : std::get<MetricsObserved>(fact.body).points)
                               metrics_.push_back(p.metric);
                         }
                         done(Ok());
                         return Ok();
                       }};
  MetricDoor door_{intake_, *SystemClock()};
};

TEST_F(PrometheusProgramTest, TheNodeExporterIsScraped) {
  const auto target = ParseScrapeTarget(
      fmt::format("http://127.0.0.1:{}/metrics every=1s", exporter_port_), "web-7");
  const Scraper scraper({*target}, intake_, *SystemClock());
  EXPECT_TRUE(Arrives("node_load1"));
  EXPECT_TRUE(Arrives("node_cpu_seconds_total")) << "a counter, at the second scrape";
}

TEST_F(PrometheusProgramTest, PrometheusWritesToTheDoor) {
  auto server = HttpServer::Start(
      {}, [this](const HttpRequest& request) { return door_.RemoteWrite(request); });
  ASSERT_TRUE(server.ok());
  const std::string config = fmt::format(
      "global: {{ scrape_interval: 1s }}\n"
      "scrape_configs:\n"
      "  - job_name: node\n"
      "    static_configs: [ {{ targets: ['127.0.0.1:{}'] }} ]\n"
      "remote_write:\n"
      "  - url: http://127.0.0.1:{}/api/v1/write\n"
      "    queue_config: {{ batch_send_deadline: 1s }}\n",
      exporter_port_, (*server)->port());
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/prometheus.yml", config, 0600).ok());
  const Program prometheus({kPrometheus, "--config.file=" + folder_ + "/prometheus.yml",
                            "--storage.tsdb.path=" + folder_ + "/data",
                            "--web.listen-address=127.0.0.1:" + std::to_string(FreePort())});
  EXPECT_TRUE(Arrives("node_load1"));
}

}  // namespace
}  // namespace driftcast::ingest
