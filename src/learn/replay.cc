#include "learn/replay.h"

#include <algorithm>

namespace driftcast::learn {

StatusOr<std::unique_ptr<MergedHistory>> MergedHistory::Open(
    const std::vector<std::filesystem::path>& files) {
  auto merged = std::make_unique<MergedHistory>();
  merged->sources_.resize(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    DRIFTCAST_ASSIGN_OR_RETURN(merged->sources_[i].reader, HistoryReader::Open(files[i]));
    DRIFTCAST_RETURN_IF_ERROR(merged->Refill(i));
  }
  return merged;
}

bool MergedHistory::Later(size_t a, size_t b) const {
  const Instant ta = sources_[a].event.at, tb = sources_[b].event.at;
  return ta != tb ? ta > tb : a > b;
}

Status MergedHistory::Refill(size_t source) {
  DRIFTCAST_ASSIGN_OR_RETURN(const bool any,
                             sources_[source].reader->Next(&sources_[source].event));
  if (!any) return Ok();
  heap_.push_back(source);
  std::push_heap(heap_.begin(), heap_.end(), [this](size_t a, size_t b) { return Later(a, b); });
  return Ok();
}

StatusOr<const ChangeEvent*> MergedHistory::Next() {
  if (taken_ != SIZE_MAX) DRIFTCAST_RETURN_IF_ERROR(Refill(taken_));
  taken_ = SIZE_MAX;
  if (heap_.empty()) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end(), [this](size_t a, size_t b) { return Later(a, b); });
  taken_ = heap_.back();
  heap_.pop_back();
  return &sources_[taken_].event;
}

Status Replay(const std::vector<std::filesystem::path>& files, int64_t until,
              const std::function<void(const ChangeEvent&)>& apply,
              const std::function<Status(int64_t cutoff)>& midnight) {
  constexpr int64_t kDay = 86400;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto history, MergedHistory::Open(files));
  int64_t next = INT64_MIN;
  while (true) {
    DRIFTCAST_ASSIGN_OR_RETURN(const ChangeEvent* event, history->Next());
    if (event == nullptr) break;
    const int64_t now = ToUnixMicros(event->at) / 1'000'000;
    if (next == INT64_MIN) next = (now + kDay - 1) / kDay * kDay;
    for (; next < now && next <= until; next += kDay) DRIFTCAST_RETURN_IF_ERROR(midnight(next));
    if (now > until) return Ok();
    apply(*event);
  }
  if (next == INT64_MIN) return Ok();
  for (; next <= until; next += kDay) DRIFTCAST_RETURN_IF_ERROR(midnight(next));
  return Ok();
}

}  // namespace driftcast::learn
