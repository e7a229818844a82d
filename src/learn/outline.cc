#include "learn/outline.h"

#include <algorithm>

#include "learn/history_file.h"

namespace driftcast::learn {
namespace {

constexpr size_t kLargeStack = 10000;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

}  // namespace

uint64_t HashText(std::string_view text) {  // FNV-1a, 64 bits
  uint64_t hash = 0xcbf29ce484222325ull;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ull;
  return hash == 0 ? 1 : hash;
}

bool ResourceOutline::AliveAt(int64_t cutoff) const {
  if (life.empty()) return !changes.empty() && cutoff >= changes.front();
  const auto after = std::upper_bound(
      life.begin(), life.end(), cutoff,
      [](int64_t t, const std::pair<int64_t, int>& event) { return t < event.first; });
  if (after == life.begin()) return life.front().second == -1;  // it was there before
  return std::prev(after)->second == 1;
}

bool ResourceOutline::ChangesWithin(int64_t cutoff, int64_t horizon) const {
  const auto next = std::upper_bound(changes.begin(), changes.end(), cutoff);
  return next != changes.end() && *next <= cutoff + horizon;
}

void Outline::Add(const ChangeEvent& event) {
  const int64_t now = ToUnixMicros(event.at) / 1'000'000;
  const std::string name = event.kind + "\t" + event.resource;
  if (event.op == ChangeOp::kInitial && index_.contains(name)) return;
  if (event_count_++ == 0) first_ = now;
  last_ = now;
  const auto [entry, is_new] = index_.try_emplace(name, resources_.size());
  if (is_new) {
    resources_.emplace_back();
    resources_.back().kind = event.kind;
    resources_.back().name = event.resource;
  }
  ResourceOutline& r = resources_[entry->second];
  if (event.op == ChangeOp::kCreate || event.op == ChangeOp::kInitial) {  // new, or found
    r.life.emplace_back(now, 1);
  } else if (event.op == ChangeOp::kDelete) {
    r.life.emplace_back(now, -1);
  } else if (!event.mass) {
    if (r.changes.empty() || r.changes.back() != now) r.changes.push_back(now);
    r.keys.push_back(
        {now, HashText(event.path), event.op == ChangeOp::kRemove ? 0 : HashText(event.new_value)});
  }
}

StatusOr<Outline> Outline::Read(const std::filesystem::path& events) {
  DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, HistoryReader::Open(events));
  Outline outline;
  outline.stack_ = reader->stack();
  ChangeEvent event;
  while (true) {
    DRIFTCAST_ASSIGN_OR_RETURN(const bool any, reader->Next(&event));
    if (!any) break;
    outline.Add(event);
  }
  if (outline.event_count_ == 0) return InvalidArgument("{}: no events", events.string());
  return outline;
}

int64_t Outline::StepSeconds() const {
  return resources_.size() > kLargeStack ? 7 * kDaySeconds : kDaySeconds;
}

Period Outline::Evaluation(int64_t from) const {
  const auto p60 = first_ + static_cast<int64_t>(0.6 * static_cast<double>(last_ - first_));
  int64_t begin = last_ < from + 60 * kDaySeconds ? p60 : std::max(from, p60);
  begin = std::max(begin, last_ - 730 * kDaySeconds);
  const int64_t step = StepSeconds();
  return {-FloorDiv(-begin, step) * step, FloorDiv(last_ - 7 * kDaySeconds, step) * step};
}

}  // namespace driftcast::learn
