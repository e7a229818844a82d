// Work that falls into independent pieces, on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace driftcast {

// Calls work(i) once for each i below `count`, on this thread and up to `threads` - 1 others, and
// returns when all calls have. Calls may run at the same time: each must write only what is its
// own. Which thread takes which i is not fixed, so results must not depend on it. `work` must not
// throw.
template <typename Work>
void ForEachInParallel(size_t count, size_t threads, const Work& work) {
  std::atomic<size_t> next{0};
  const auto take = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;  // joined at the end
  for (size_t n = 1; n < threads && n < count; ++n) others.emplace_back(take);
  take();
}

}  // namespace driftcast
