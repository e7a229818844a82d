// What the process tells Prometheus (text format 0.0.4).
#ifndef DRIFTCAST_WEB_METRICS_H_
#define DRIFTCAST_WEB_METRICS_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/view.h"

namespace driftcast {

// Collects samples and writes them grouped by name, as the format wants it.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Names get the prefix "driftcast_"; those that end in "_total" are counters, else gauges.
  // A name may come with labels in it already: "facts_total{kind=\"metrics\"}".
  void Add(std::string_view name, double value, const Labels& labels = {});
  // Under its own name, such as "process_cpu_seconds_total".
  void AddPlain(std::string_view name, double value, const Labels& labels = {});

  std::string Write() const;

 private:
  std::map<std::string, std::vector<std::string>> lines_;  // by metric
};

// CPU seconds, resident memory, descriptors, threads, start time of this process.
void AddProcessMetrics(MetricsText& text);

// Resources by status, drift, expected changes, age of the last fact and the agent's own figures,
// by stack.
void AddStackMetrics(const std::vector<StackSummary>& stacks, Instant now, MetricsText& text);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_METRICS_H_
