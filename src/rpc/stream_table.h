// The streams that are open: at most one for each agent that has greeted, and those that have not.
#ifndef DRIFTCAST_RPC_STREAM_TABLE_H_
#define DRIFTCAST_RPC_STREAM_TABLE_H_

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "model/resource.h"

namespace driftcast {

class AgentStream;

// Thread-safe. Calls into no stream, so streams may call it with their lock held.
class StreamTable {
 public:
  using Stream = std::shared_ptr<AgentStream>;

  explicit StreamTable(size_t streams_max) : streams_max_(streams_max) {}

  // ResourceExhausted when the table is full; Unavailable once it was closed.
  Status Add(const Stream& stream);
  void Remove(const Stream& stream);

  // Makes it the agent's stream; returns the one before, if any, which is to be ended.
  Stream Claim(const AgentId& agent, const Stream& stream);

  std::vector<Stream> All() const;
  Stream Of(const AgentId& agent) const;  // null when it has none
  std::vector<Stream> Close();            // no more are added; returns the rest

 private:
  const size_t streams_max_;
  mutable Mutex mutex_;
  bool closed_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::set<Stream> all_ DRIFTCAST_GUARDED_BY(mutex_);
  std::map<AgentId, Stream> by_agent_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_STREAM_TABLE_H_
