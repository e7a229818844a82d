#include "collect/collector.h"

#include <ctime>

namespace driftcast {
namespace {

double ThreadCpuMs() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

// Adds this thread's CPU time between its construction and destruction to a total.
class CpuMeter {
 public:
  explicit CpuMeter(double& total_ms) : total_ms_(total_ms), start_ms_(ThreadCpuMs()) {}
  ~CpuMeter() { total_ms_ += ThreadCpuMs() - start_ms_; }

 private:
  double& total_ms_;
  const double start_ms_;
};

}  // namespace

class Collector::CoverageSink : public Sink {
 public:
  CoverageSink(Collector& owner, Sink& next) : owner_(owner), next_(next) {}
  void Observed(ResourceObserved observation) override {
    ++owner_.cost_.reads;
    if (observation.uncompared.empty()) ++owner_.coverage_.compared;
    for (const UncomparedKey& key : observation.uncompared)
      ++owner_.coverage_.uncompared[key.reason];
    owner_.ListUncompared(observation);
    next_.Observed(std::move(observation));
  }
  void Unchanged(std::string_view kind, std::string_view name) override {
    next_.Unchanged(kind, name);
  }

 private:
  Collector& owner_;
  Sink& next_;
};

void Collector::ListUncompared(const ResourceObserved& observation) {
  std::string name = observation.resource.kind + "/" + observation.resource.name;
  if (observation.uncompared.empty()) {
    coverage_.listed.erase(name);
  } else if (coverage_.listed.size() < Coverage::kListedMax || coverage_.listed.contains(name)) {
    coverage_.listed[std::move(name)] = observation.uncompared;
  }
}

Status Collector::Collect(Depth depth, Sink& sink) {
  const CpuMeter meter(cost_.cpu_ms);
  if (depth == Depth::kAll) coverage_ = {};
  CoverageSink counted(*this, sink);
  return DoCollect(depth, counted);
}

StatusOr<std::optional<ResourceObserved>> Collector::CollectOne(const std::string& kind,
                                                                const std::string& name) {
  const CpuMeter meter(cost_.cpu_ms);
  ++cost_.reads;
  auto one = DoCollectOne(kind, name);
  if (one.ok() && one->has_value()) {
    ListUncompared(**one);
  } else if (one.ok()) {
    coverage_.listed.erase(kind + "/" + name);
  }
  return one;
}

Reaction Collector::OnPath(const std::string&) const { return {}; }

}  // namespace driftcast
