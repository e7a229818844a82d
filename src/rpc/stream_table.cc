#include "rpc/stream_table.h"

#include <utility>

#include "rpc/agent_stream.h"

namespace driftcast {

Status StreamTable::Add(const Stream& stream) {
  const MutexLock lock(mutex_);
  if (closed_) return Unavailable("the engine is stopping");
  if (all_.size() >= streams_max_)
    return ResourceExhausted("{} agents are connected, the most that this engine takes",
                             all_.size());
  all_.insert(stream);
  return Ok();
}

void StreamTable::Remove(const Stream& stream) {
  const MutexLock lock(mutex_);
  all_.erase(stream);
  const auto mine = by_agent_.find(stream->speaker().agent);
  if (mine != by_agent_.end() && mine->second == stream) by_agent_.erase(mine);
}

StreamTable::Stream StreamTable::Claim(const AgentId& agent, const Stream& stream) {
  const MutexLock lock(mutex_);
  if (!all_.contains(stream)) return nullptr;  // it has ended already
  Stream before = std::exchange(by_agent_[agent], stream);
  return before == stream ? nullptr : before;
}

std::vector<StreamTable::Stream> StreamTable::All() const {
  const MutexLock lock(mutex_);
  return {all_.begin(), all_.end()};
}

StreamTable::Stream StreamTable::Of(const AgentId& agent) const {
  const MutexLock lock(mutex_);
  const auto found = by_agent_.find(agent);
  return found == by_agent_.end() ? nullptr : found->second;
}

std::vector<StreamTable::Stream> StreamTable::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  return {all_.begin(), all_.end()};
}

}  // namespace driftcast
