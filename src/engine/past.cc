#include "engine/past.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/value.h"

namespace driftcast {
namespace {

// A history key ends with time, number of the fact and place within it: the order of what happened.
constexpr size_t kTimeBytes = 8, kOrderBytes = kTimeBytes + 8 + 4;
constexpr uint8_t kTold = 0x80;  // first bit of the place: entries that are only told

struct Entry {
  std::string order;
  ChangeEvent event;
};

StatusOr<ChangeEvent> EventOf(std::string_view bytes) {
  v1::HistoryEntry message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return DataLoss("a history entry that cannot be read");
  DRIFTCAST_ASSIGN_OR_RETURN(HistoryEntry entry, FromProto(message));
  if (message.found()) entry.event.op = ChangeOp::kInitial;
  return std::move(entry.event);
}

}  // namespace

StatusOr<std::vector<ChangeEvent>> PastOf(const Store& store, const StackId& stack) {
  std::vector<Entry> entries;
  const std::string prefix = stack.value + '\0';
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(
      store.Scan(Table::kHistory, prefix, PrefixEnd(prefix),
                 [&](std::string_view key, std::string_view bytes) {
                   if (key.size() < prefix.size() + kOrderBytes) {
                     result = DataLoss("a history entry under a key that is none");
                     return false;
                   }
                   const std::string_view order = key.substr(key.size() - kOrderBytes);
                   if ((static_cast<uint8_t>(order[kTimeBytes + 8]) & kTold) != 0) return true;
                   auto event = EventOf(bytes);
                   result = event.status();
                   if (result.ok()) entries.push_back({std::string(order), *std::move(event)});
                   return result.ok();
                 }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.order < b.order; });
  std::vector<ChangeEvent> events;
  events.reserve(entries.size());
  uint64_t change_id = 0, before = 0;
  for (Entry& entry : entries) {
    ChangeEvent& event = entry.event;
    const bool joins = change_id > 0 && event.change_id != 0 && event.change_id == before &&
                       event.at == events.back().at;
    before = event.change_id;
    event.change_id = joins ? change_id : ++change_id;
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace driftcast
