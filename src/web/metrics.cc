#include "web/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>

#include <fmt/core.h>

#include "model/prediction.h"

namespace driftcast {
namespace {

std::string Escape(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// Clock ticks since boot at which this process started; 0 when /proc does not say.
double StartTicks() {
  std::ifstream stat("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::string rest = text.substr(name_end + 1);
  size_t at = 0;
  for (int field = 3; field < 22; ++field) at = rest.find(' ', at + 1);
  return at == std::string::npos ? 0 : std::atof(rest.c_str() + at);
}

double BootTime() {
  std::ifstream stat("/proc/stat");
  std::string word;
  double seconds = 0;
  while (stat >> word) {
    if (word == "btime") stat >> seconds;
  }
  return seconds;
}

double OpenDescriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (!folder) return 0;
  int count = -1;  // the folder itself
  while (const dirent* entry = readdir(folder)) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

double StatusFigure(const char* name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  double value = 0;
  while (status >> word) {
    if (word == name) status >> value;
  }
  return value;
}

void AddAgentMetrics(const StackSummary& stack, MetricsText& text) {
  const AgentReported& report = stack.agent_report;
  if (report.version.empty()) return;
  const MetricsText::Labels labels = {{"stack", stack.id.value}, {"agent", stack.agent.value}};
  text.Add("agent_cpu_percent", report.cpu_percent, labels);
  text.Add("agent_memory_bytes", static_cast<double>(report.memory_bytes), labels);
  text.Add("agent_spool_bytes", static_cast<double>(report.spool_bytes), labels);
  text.Add("agent_metrics_shed_total", static_cast<double>(report.metrics_shed), labels);
  for (const auto& [collector, ms] : report.cpu_ms_by_collector) {
    MetricsText::Labels all = labels;
    all.emplace_back("collector", collector);
    text.Add("agent_collector_cpu_seconds_total", ms / 1000, all);
  }
}

}  // namespace

void MetricsText::AddPlain(std::string_view name, double value, const Labels& labels) {
  const size_t brace = name.find('{');
  std::string line(name);
  for (size_t i = 0; i < labels.size(); ++i) {
    line +=
        fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first, Escape(labels[i].second));
  }
  if (!labels.empty()) line += "}";
  lines_[std::string(name.substr(0, brace))].push_back(line + " " + Number(value));
}

void MetricsText::Add(std::string_view name, double value, const Labels& labels) {
  AddPlain("driftcast_" + std::string(name), value, labels);
}

std::string MetricsText::Write() const {
  std::string text;
  for (const auto& [name, lines] : lines_) {
    text += fmt::format("# TYPE {} {}\n", name, name.ends_with("_total") ? "counter" : "gauge");
    for (const std::string& line : lines) text += line + "\n";
  }
  return text;
}

void AddProcessMetrics(MetricsText& text) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  text.AddPlain("process_cpu_seconds_total", seconds(usage.ru_utime) + seconds(usage.ru_stime));
  text.AddPlain("process_resident_memory_bytes", StatusFigure("VmRSS:") * 1024);
  text.AddPlain("process_virtual_memory_bytes", StatusFigure("VmSize:") * 1024);
  text.AddPlain("process_open_fds", OpenDescriptors());
  text.AddPlain("process_threads", StatusFigure("Threads:"));
  text.AddPlain("process_start_time_seconds",
                BootTime() + StartTicks() / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

void AddStackMetrics(const std::vector<StackSummary>& stacks, Instant now, MetricsText& text) {
  for (const StackSummary& stack : stacks) {
    const MetricsText::Labels labels = {{"stack", stack.id.value}, {"role", stack.role.value}};
    for (size_t i = 0; i < stack.counts.size(); ++i) {
      MetricsText::Labels all = labels;
      all.emplace_back("status", ResourceStatusName(static_cast<ResourceStatus>(i)));
      text.Add("stack_resources", static_cast<double>(stack.counts[i]), all);
    }
    for (size_t i = 0; i < kHorizonCount; ++i) {
      MetricsText::Labels all = labels;
      all.emplace_back("horizon", kHorizonNames[i]);
      text.Add("stack_expected_changes", stack.expected_changes[i], all);
    }
    text.Add("stack_drifts_open", static_cast<double>(stack.drifts_open), labels);
    text.Add("stack_series", static_cast<double>(stack.series), labels);
    text.Add("stack_series_forgotten_total", static_cast<double>(stack.series_forgotten), labels);
    text.Add("stack_severity_max", stack.severity_max, labels);
    if (stack.last_fact_at != Instant()) {
      text.Add("stack_last_fact_age_seconds", Seconds(now - stack.last_fact_at), labels);
    }
    AddAgentMetrics(stack, text);
  }
}

}  // namespace driftcast
