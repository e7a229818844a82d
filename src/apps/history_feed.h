// Recorded histories as the past of an engine's stacks.
#ifndef DRIFTCAST_APPS_HISTORY_FEED_H_
#define DRIFTCAST_APPS_HISTORY_FEED_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace driftcast {

struct FedHistory {
  uint64_t stacks = 0;
  uint64_t events = 0;   // told to the engine
  uint64_t skipped = 0;  // it had them already, from a feed that was broken off
};

// Tells the engine every event of the histories, all stacks together in the order of time, and
// returns when they are durable. A stack must be new to the engine: a past that comes after a
// present would be out of order. FailedPrecondition, before anything is told, when it has another
// past already; a feed that was broken off goes on where it stopped. Blocks.
StatusOr<FedHistory> FeedHistories(Engine& engine, const std::vector<std::filesystem::path>& files,
                                   const std::function<void(uint64_t events)>& progress = {});

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_HISTORY_FEED_H_
