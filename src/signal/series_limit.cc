#include "signal/series_limit.h"

#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "shadow/glob.h"

namespace driftcast {
namespace {

// One row: where the limit of metrics of this name comes from. The first of value, series and
// configuration that is given counts.
struct Row {
  std::string_view metric;  // glob over the name and its labels
  Bounded what;
  bool rising;
  std::optional<double> value;
  std::string_view series;  // of the same resource; '*' stands for what '*' in `metric` stood for
  std::string_view kind, name;  // of the resource whose configuration has it; name "" = the series'
  std::string_view key;
};

constexpr Row Fixed(std::string_view metric, Bounded what, double value, bool rising) {
  return {metric, what, rising, value, {}, {}, {}, {}};
}
constexpr Row Sibling(std::string_view metric, Bounded what, std::string_view series) {
  return {metric, what, true, std::nullopt, series, {}, {}, {}};
}
constexpr Row Setting(std::string_view metric, Bounded what, std::string_view kind,
                      std::string_view name, std::string_view key) {
  return {metric, what, true, std::nullopt, {}, kind, name, key};
}

constexpr Row kRows[] = {
    // What is used, as a share.
    Fixed("system.filesystem.inodes.utilization*", Bounded::kInodes, 1, true),
    Fixed("system.filesystem.utilization*", Bounded::kDisk, 1, true),
    Fixed("system.memory.utilization*", Bounded::kMemory, 1, true),
    Fixed("system.paging.utilization*", Bounded::kMemory, 1, true),
    Fixed("system.file_descriptors.utilization*", Bounded::kHandles, 1, true),
    // What is left.
    Fixed("node_filesystem_avail_bytes*", Bounded::kDisk, 0, false),
    Fixed("node_filesystem_files_free*", Bounded::kInodes, 0, false),
    Fixed("node_memory_MemAvailable_bytes*", Bounded::kMemory, 0, false),
    Fixed("system.memory.available*", Bounded::kMemory, 0, false),
    Fixed("*certificate*days_left*", Bounded::kCertificate, 0, false),
    Fixed("*cert*_expiry_days*", Bounded::kCertificate, 0, false),
    // What another series of the resource bounds.
    Sibling("process_open_fds*", Bounded::kHandles, "process_max_fds*"),
    Sibling("node_filefd_allocated*", Bounded::kHandles, "node_filefd_maximum*"),
    Sibling("node_nf_conntrack_entries*", Bounded::kTable, "node_nf_conntrack_entries_limit*"),
    Sibling("kube_resourcequota{*type=\"used\"}", Bounded::kQuota,
            "kube_resourcequota{*type=\"hard\"}"),
    Sibling("k8s.resource_quota.used*", Bounded::kQuota, "k8s.resource_quota.hard_limit*"),
    // What the configuration bounds.
    Setting("process.open_file_descriptor.count*", Bounded::kHandles, "unit", "",
            "Service.LimitNOFILE"),
    Setting("process_open_fds*", Bounded::kHandles, "unit", "", "Service.LimitNOFILE"),
    Setting("node_filefd_allocated*", Bounded::kHandles, "sysctl", "fs.file-max", "value"),
    Setting("node_nf_conntrack_entries*", Bounded::kTable, "sysctl",
            "net.netfilter.nf_conntrack_max", "value"),
    Setting("system.processes.count", Bounded::kProcesses, "sysctl", "kernel.pid_max", "value"),
    Setting("node_procs_total*", Bounded::kProcesses, "sysctl", "kernel.pid_max", "value"),
    Setting("node_processes_pids*", Bounded::kProcesses, "sysctl", "kernel.pid_max", "value"),
};

// The sibling's name: '*' in the row's `series` is what '*' of `metric` matched.
std::string SiblingName(const Row& row, std::string_view metric) {
  const size_t star = row.metric.find('*');
  const size_t tail = row.metric.size() - star - 1;
  const std::string_view matched = metric.substr(star, metric.size() - star - tail);
  std::string name(row.series);
  return name.replace(name.find('*'), 1, matched);
}

// "65536", "65536:524288" (soft and hard); none for "infinity".
std::optional<double> NumberOf(std::string_view text) {
  text = text.substr(0, text.find(':'));
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value <= 0) return std::nullopt;
  return value;
}

std::optional<SeriesLimit> FromRow(const Row& row, std::string_view resource_name,
                                   std::string_view metric, const LimitSource& source) {
  SeriesLimit limit;
  limit.rising = row.rising;
  limit.what = row.what;
  if (row.value) {
    limit.value = *row.value;
    limit.source = row.rising ? "all of it is used" : "nothing is left";
    return limit;
  }
  if (!row.series.empty()) {
    const std::string sibling = SiblingName(row, metric);
    const auto value = source.Newest(sibling);
    if (!value || !std::isfinite(*value) || *value <= 0) return std::nullopt;
    limit.value = *value;
    limit.source = fmt::format("{} = {:.6g}", sibling, *value);
    return limit;
  }
  const std::string_view name = row.name.empty() ? resource_name : row.name;
  const auto text = source.Configured(row.kind, name, row.key);
  const auto value = text ? NumberOf(*text) : std::nullopt;
  if (!value) return std::nullopt;
  limit.value = *value;
  limit.source = fmt::format("{} {} {} = {}", row.kind, name, row.key, *text);
  limit.kind = row.kind;
  limit.name = name;
  limit.key = row.key;
  return limit;
}

}  // namespace

std::optional<SeriesLimit> LimitOf(std::string_view resource_name, std::string_view metric,
                                   const LimitSource& source) {
  for (const Row& row : kRows) {
    if (!MatchesGlob(row.metric, metric)) continue;
    if (auto limit = FromRow(row, resource_name, metric, source)) return limit;
  }
  if (metric.substr(0, metric.find('{')).ends_with(".utilization"))
    return SeriesLimit{1, true, Bounded::kOther, "all of it is used", {}, {}, {}};
  return std::nullopt;
}

}  // namespace driftcast
