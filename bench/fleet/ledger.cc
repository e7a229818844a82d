#include "fleet/ledger.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "base/file.h"

namespace driftcast::fleet {
namespace {

const double kLogStep = std::log(1.05);

}  // namespace

Ledger::~Ledger() {
  if (file_ != nullptr) std::fclose(file_);
}

Status Ledger::WriteTo(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  file_ = std::fopen(path.c_str(), "we");
  return file_ != nullptr ? Ok() : ErrnoStatus(errno, "creating " + path.string());
}

void Ledger::Add(const Acknowledged& entry, uint64_t latency_us) {
  ++count_;
  const double bin = std::log(static_cast<double>(std::max<uint64_t>(latency_us, 1))) / kLogStep;
  ++latency_[std::min(static_cast<size_t>(bin), kBins - 1)];
  const std::lock_guard lock(mutex_);
  if (keep_ == Keep::kMemory) entries_.push_back(entry);
  if (file_ == nullptr) return;
  const ResourceId& id = entry.changed.resource;
  std::fprintf(file_, "%s\t%lu\t%s\t%s\t%s\t%s\t%s\t%lu\n", entry.agent.c_str(), entry.sequence,
               id.stack.value.c_str(), id.kind.c_str(), id.name.c_str(), entry.changed.path.c_str(),
               entry.changed.value.c_str(), latency_us);
}

std::vector<Acknowledged> Ledger::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

double Ledger::LatencyQuantile(double fraction) const {
  uint64_t total = 0;
  for (const auto& bin : latency_) total += bin;
  const double wanted = fraction * static_cast<double>(total);
  double seen = 0;
  for (size_t i = 0; i < kBins; ++i) {
    seen += static_cast<double>(latency_[i]);
    if (seen > 0 && seen >= wanted) return std::exp((static_cast<double>(i) + 0.5) * kLogStep);
  }
  return 0;
}

void Ledger::ResetLatency() {
  count_ = 0;
  for (auto& bin : latency_) bin = 0;
}

}  // namespace driftcast::fleet
