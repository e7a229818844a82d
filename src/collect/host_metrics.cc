#include "collect/host_metrics.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <numeric>
#include <set>

#include "collect/parse_text.h"

namespace driftcast {
namespace {

constexpr size_t kProcBytesMax = 1 << 20;
constexpr size_t kPointsMax = 2000;
constexpr double kSectorBytes = 512;  // of /proc/diskstats, whatever the disk's own

double Number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

template <typename Fn>
void ForEachLine(const std::string& text, const Fn& fn) {
  LineReader lines(text, /*join=*/false);
  std::string line;
  while (lines.Next(line)) fn(std::string_view(line));
}

// File systems that hold no data of the host's own.
bool IsVirtual(std::string_view type) {
  static const std::set<std::string_view> kTypes = {
      "proc",       "sysfs",   "devtmpfs", "devpts",   "cgroup", "cgroup2",     "securityfs",
      "debugfs",    "tracefs", "configfs", "fusectl",  "mqueue", "hugetlbfs",   "pstore",
      "bpf",        "autofs",  "overlay",  "squashfs", "nsfs",   "binfmt_misc", "efivarfs",
      "rpc_pipefs", "ramfs",   "nfs",      "nfs4",     "cifs",   "fuse.sshfs"};
  return kTypes.contains(type);
}

// In /proc/mounts blanks and the like are octal: "\040".
std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      int value = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 4, value, 8);
      out += static_cast<char>(value);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool IsWholeDisk(std::string_view name) {
  return !name.starts_with("loop") && !name.starts_with("ram") && !name.starts_with("dm-") &&
         !name.starts_with("sr") && !name.starts_with("zram") &&
         (name.starts_with("nvme") || name.starts_with("mmcblk")
              ? name.find('p', 4) == std::string_view::npos
              : !std::isdigit(static_cast<unsigned char>(name.back())));
}

}  // namespace

std::string HostMetrics::ReadProc(const char* path) {
  auto text = root_.Read(path, kProcBytesMax);
  return text.ok() ? *std::move(text) : std::string();
}

void HostMetrics::Add(const char* kind, const std::string& name, const char* metric, double value) {
  if (points_.size() < kPointsMax) points_.push_back({kind, name, metric, now_, value});
}

void HostMetrics::AddRate(const char* kind, const std::string& name, const char* metric,
                          double counter, double scale) {
  const std::string id = std::string(metric) + "|" + name;
  counters_next_[id] = counter;
  const auto last = counters_.find(id);
  const double seconds = Seconds(now_ - before_);
  if (last != counters_.end() && seconds > 0 && counter >= last->second)
    Add(kind, name, metric, (counter - last->second) * scale / seconds);
}

void HostMetrics::Cpu() {
  ForEachLine(ReadProc("/proc/stat"), [&](std::string_view line) {
    const auto words = SplitBlanks(line);
    if (words.size() >= 2 && words[0] == "processes")
      AddRate("host", "", "system.processes.created", Number(words[1]));
    if (words.size() < 9 || words[0] != "cpu") return;
    // user nice system idle iowait irq softirq steal
    std::vector<double> times;
    for (size_t i = 1; i <= 8; ++i) times.push_back(Number(words[i]));
    if (!cpu_times_.empty()) {
      std::vector<double> spent(times.size());
      std::transform(times.begin(), times.end(), cpu_times_.begin(), spent.begin(),
                     [](double now, double before) { return std::max(0.0, now - before); });
      const double all = std::accumulate(spent.begin(), spent.end(), 0.0);
      if (all > 0) {
        Add("host", "", "system.cpu.utilization", 1 - (spent[3] + spent[4]) / all);
        Add("host", "", "system.cpu.iowait", spent[4] / all);
        Add("host", "", "system.cpu.steal", spent[7] / all);
      }
    }
    cpu_times_ = std::move(times);
  });
}

void HostMetrics::Memory() {
  std::map<std::string, double, std::less<>> kib;
  ForEachLine(ReadProc("/proc/meminfo"), [&](std::string_view line) {
    const auto words = SplitBlanks(line);
    if (words.size() >= 2) kib[std::string(words[0])] = Number(words[1]);
  });
  const double total = kib["MemTotal:"], available = kib["MemAvailable:"];
  if (total > 0) {
    Add("host", "", "system.memory.utilization", 1 - available / total);
    Add("host", "", "system.memory.available", available * 1024);
  }
  if (const double swap = kib["SwapTotal:"]; swap > 0)
    Add("host", "", "system.paging.utilization", 1 - kib["SwapFree:"] / swap);
}

void HostMetrics::Load() {
  const std::string text = ReadProc("/proc/loadavg");
  const auto words = SplitBlanks(text);
  if (words.size() < 4) return;
  Add("host", "", "system.cpu.load_average.1m", Number(words[0]));
  Add("host", "", "system.cpu.load_average.5m", Number(words[1]));
  Add("host", "", "system.cpu.load_average.15m", Number(words[2]));
  if (const size_t slash = words[3].find('/'); slash != std::string_view::npos)
    Add("host", "", "system.processes.count", Number(words[3].substr(slash + 1)));
}

// "some avg10=1.53 avg60=..." - percent over the last ten seconds.
void HostMetrics::Pressure() {
  struct Source {
    const char* path;
    const char* some;
    const char* full;
  };
  for (const Source& source :
       {Source{"/proc/pressure/cpu", "system.pressure.cpu.some", nullptr},
        Source{"/proc/pressure/memory", "system.pressure.memory.some",
               "system.pressure.memory.full"},
        Source{"/proc/pressure/io", "system.pressure.io.some", "system.pressure.io.full"}})
    ForEachLine(ReadProc(source.path), [&](std::string_view line) {
      const size_t at = line.find("avg10=");
      if (at == std::string_view::npos) return;
      const char* metric = line.starts_with("some") ? source.some : source.full;
      if (metric != nullptr) Add("host", "", metric, Number(line.substr(at + 6)) / 100);
    });
}

void HostMetrics::Descriptors() {
  const std::string text = ReadProc("/proc/sys/fs/file-nr");
  const auto words = SplitBlanks(text);
  if (words.size() == 3 && Number(words[2]) > 0)
    Add("host", "", "system.file_descriptors.utilization", Number(words[0]) / Number(words[2]));
}

void HostMetrics::Filesystems() {
  std::set<std::string> devices;
  ForEachLine(ReadProc("/proc/mounts"), [&](std::string_view line) {
    const auto words = SplitBlanks(line);
    if (words.size() < 3 || IsVirtual(words[2])) return;
    const std::string point = Unescaped(words[1]);
    // Bind mounts show the same file system again.
    if (words[2] != "tmpfs" && !devices.insert(std::string(words[0])).second) return;
    struct statvfs info;
    if (statvfs(root_.Real(point).c_str(), &info) != 0 || info.f_blocks == 0) return;
    const double total = static_cast<double>(info.f_blocks);
    const double used = total - static_cast<double>(info.f_bfree);
    // As df does: what only root may use counts as neither used nor free.
    const double usable = used + static_cast<double>(info.f_bavail);
    const std::string name = ::driftcast::CleanText(point, 256);
    if (usable > 0) Add("mount", name, "system.filesystem.utilization", used / usable);
    Add("mount", name, "system.filesystem.usage", used * static_cast<double>(info.f_frsize));
    if (info.f_files > 0)
      Add("mount", name, "system.filesystem.inodes.utilization",
          1 - static_cast<double>(info.f_ffree) / static_cast<double>(info.f_files));
  });
}

void HostMetrics::Disks() {
  ForEachLine(ReadProc("/proc/diskstats"), [&](std::string_view line) {
    const auto words = SplitBlanks(line);
    if (words.size() < 14 || !IsWholeDisk(words[2])) return;
    const std::string name(words[2]);
    AddRate("disk", name, "system.disk.io.read", Number(words[5]), kSectorBytes);
    AddRate("disk", name, "system.disk.io.write", Number(words[9]), kSectorBytes);
    AddRate("disk", name, "system.disk.operations", Number(words[3]) + Number(words[7]));
    AddRate("disk", name, "system.disk.busy", Number(words[12]), 1e-3);
  });
}

void HostMetrics::Interfaces() {
  ForEachLine(ReadProc("/proc/net/dev"), [&](std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string name(TrimBlanks(line.substr(0, colon)));
    const auto words = SplitBlanks(line.substr(colon + 1));
    if (words.size() < 16 || name == "lo" || name.starts_with("veth")) return;
    AddRate("interface", name, "system.network.io.receive", Number(words[0]));
    AddRate("interface", name, "system.network.io.transmit", Number(words[8]));
    AddRate("interface", name, "system.network.errors", Number(words[2]) + Number(words[10]));
    AddRate("interface", name, "system.network.dropped", Number(words[3]) + Number(words[11]));
  });
}

std::vector<MetricPoint> HostMetrics::Sample(Instant now) {
  timespec start{}, end{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  now_ = now;
  points_.clear();
  counters_next_.clear();
  Cpu();
  Memory();
  Load();
  Pressure();
  Descriptors();
  Filesystems();
  Disks();
  Interfaces();
  counters_.swap(counters_next_);
  before_ = now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  cpu_ms_ += static_cast<double>(end.tv_sec - start.tv_sec) * 1e3 +
             static_cast<double>(end.tv_nsec - start.tv_nsec) * 1e-6;
  return std::move(points_);
}

}  // namespace driftcast
