#include "agent/usage.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string_view>

namespace driftcast {
namespace {

double Milliseconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) * 1e-3;
}

struct FileCloser {
  void operator()(FILE* file) const { fclose(file); }
};

}  // namespace

double ReadOwnCpuMs() {
  double cpu_ms = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    if (getrusage(who, &used) == 0)
      cpu_ms += Milliseconds(used.ru_utime) + Milliseconds(used.ru_stime);
  }
  return cpu_ms;
}

Usage ReadOwnUsage() {
  Usage usage;
  usage.cpu_ms = ReadOwnCpuMs();
  const std::unique_ptr<FILE, FileCloser> statm(fopen("/proc/self/statm", "re"));
  unsigned long pages = 0, resident = 0;
  if (statm && fscanf(statm.get(), "%lu %lu", &pages, &resident) == 2)
    usage.memory_bytes = resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const std::unique_ptr<FILE, FileCloser> io(fopen("/proc/self/io", "re"));
  unsigned long long read_bytes = 0;
  if (io && fscanf(io.get(), "rchar: %llu", &read_bytes) == 1) usage.read_bytes = read_bytes;
  return usage;
}

void ReleaseCodePages() {
  const std::unique_ptr<FILE, FileCloser> maps(fopen("/proc/self/maps", "re"));
  if (!maps) return;
  // Only what is executable, not writable and of a file: its pages are those of the file.
  std::array<char, 4096 + 256> line;
  while (fgets(line.data(), line.size(), maps.get()) != nullptr) {
    uintptr_t begin = 0, end = 0;
    unsigned long inode = 0;
    std::array<char, 5> rights{};
    if (sscanf(line.data(), "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %lu", &begin, &end,
               rights.data(), &inode) == 4 &&
        std::string_view(rights.data()) == "r-xp" && inode != 0)
      (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

void Guard::Observe(Instant now, const Usage& usage) {
  // A clock that was set back begins a new window.
  if (window_cpu_ms_ < 0 || now < last_) {
    window_start_ = now;
    window_cpu_ms_ = usage.cpu_ms;
    window_read_bytes_ = usage.read_bytes;
  }
  last_ = now;
  const Duration window = now - window_start_;
  if (window >= 10 * kSecond) {
    cpu_percent_ = (usage.cpu_ms - window_cpu_ms_) / (Seconds(window) * 1e3) * 100;
    const uint64_t read = usage.read_bytes - std::min(usage.read_bytes, window_read_bytes_);
    read_mib_per_second_ = static_cast<double>(read) / (1 << 20) / Seconds(window);
  }
  if (window >= kMinute) {
    window_start_ = now;
    window_cpu_ms_ = usage.cpu_ms;
    window_read_bytes_ = usage.read_bytes;
  }
  const double busy = std::max(cpu_percent_ / budget_.cpu_percent,
                               read_mib_per_second_ / budget_.read_mib_per_second);
  const double over = std::max(
      busy, static_cast<double>(usage.memory_bytes) / static_cast<double>(budget_.memory_bytes));
  // Once shed, metrics come back only well below the limit, so that it does not flicker.
  shedding_ = over > 1 || (shedding_ && over > 0.8);
  pace_ = std::clamp(busy, 1.0, 8.0);
}

}  // namespace driftcast
