// Who touched which path in the last minute.
#ifndef DRIFTCAST_AGENT_RECENT_PATHS_H_
#define DRIFTCAST_AGENT_RECENT_PATHS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace driftcast {

// The last one of each path, of at most kPathsMax paths. Not thread-safe.
template <typename Who>
class RecentPaths {
 public:
  static constexpr size_t kPathsMax = 8192;
  static constexpr Duration kKept = kMinute;

  void Put(const std::string& path, std::shared_ptr<const Who> who, Instant now) {
    seen_[path] = {std::move(who), now};
    order_.emplace_back(now, path);
    // A path that was seen again later has a younger entry further back.
    while (!order_.empty() && (order_.size() > kPathsMax || now - order_.front().first > kKept)) {
      const auto found = seen_.find(order_.front().second);
      if (found != seen_.end() && found->second.at <= order_.front().first) {
        if (now - order_.front().first <= kKept) ++lost_;
        seen_.erase(found);
      }
      order_.pop_front();
    }
  }

  // Null when nobody is known.
  std::shared_ptr<const Who> Find(const std::string& path, Instant now) const {
    const auto found = seen_.find(path);
    if (found == seen_.end() || now - found->second.at > kKept) return nullptr;
    return found->second.who;
  }

  uint64_t lost() const { return lost_; }  // paths that had to go before their time

 private:
  struct Seen {
    std::shared_ptr<const Who> who;
    Instant at;
  };
  std::unordered_map<std::string, Seen> seen_;
  std::deque<std::pair<Instant, std::string>> order_;
  uint64_t lost_ = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_RECENT_PATHS_H_
