// Histories of many stacks replayed together in calendar time: the one way in which training,
// back-test and reports see the past.
#ifndef DRIFTCAST_LEARN_REPLAY_H_
#define DRIFTCAST_LEARN_REPLAY_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "learn/history_file.h"
#include "model/change.h"

namespace driftcast::learn {

// The events of several histories, merged in the order of time (ties: the order of `files`, so the
// same files in the same order give the same stream). Not thread-safe.
class MergedHistory {
 public:
  static StatusOr<std::unique_ptr<MergedHistory>> Open(
      const std::vector<std::filesystem::path>& files);

  // The next event, valid until the next call; null at the end.
  StatusOr<const ChangeEvent*> Next();

 private:
  struct Source {
    std::unique_ptr<HistoryReader> reader;
    ChangeEvent event;
    bool any = false;
  };
  Status Refill(size_t source);
  bool Later(size_t a, size_t b) const;

  std::vector<Source> sources_;
  std::vector<size_t> heap_;  // sources with an event, the earliest on top
  size_t taken_ = SIZE_MAX;   // source of the event last given
};

// Feeds every event to `apply`, and calls `midnight(cutoff)` for every UTC midnight (Unix seconds)
// from the first event's to `until`, after all events at or before it and before any later one.
Status Replay(const std::vector<std::filesystem::path>& files, int64_t until,
              const std::function<void(const ChangeEvent&)>& apply,
              const std::function<Status(int64_t cutoff)>& midnight);

}  // namespace driftcast::learn

#endif  // DRIFTCAST_LEARN_REPLAY_H_
