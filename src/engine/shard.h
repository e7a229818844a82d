// The shard: a deterministic state machine over the stacks that it owns. The same facts in the same
// order give the same state, history and effects, to the byte.
#ifndef DRIFTCAST_ENGINE_SHARD_H_
#define DRIFTCAST_ENGINE_SHARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/live_event.h"
#include "engine/shard_state.h"
#include "model/fact.h"
#include "store/store.h"

namespace driftcast {

// Not thread-safe: one writer owns it.
class Shard {
 public:
  // The state that the store holds; an empty store gives an empty shard. DataLoss when damaged.
  static StatusOr<std::unique_ptr<Shard>> Restore(const Store& store, ShardOptions options);

  // Whether the facts, which come together, can be applied in this order in the present state. OK
  // for repeats, which Apply drops. OutOfRange when numbers of the agent are missing before them.
  Status Check(std::span<const Fact> facts) const;

  // Applies a fact that has passed Check. Time never goes back: a fact older than the newest one
  // keeps its own time in history, and the shard stays where it is.
  void Apply(const Fact& fact);

  // Hands over what has changed since the last call: writes that make the store equal to the state,
  // and the live events.
  void Collect(WriteBatch& batch, std::vector<LiveEvent>& events);

  // Whether the forecaster should be saved whole, because its log has grown long.
  bool ForecasterDue() const;
  // Hands over batches that do so, to be committed in order after what Collect handed over.
  void SaveForecaster(const std::function<void(WriteBatch)>& commit);

  // Highest number up to which all facts of the agent have been applied.
  uint64_t SequenceOf(const AgentId& agent) const;
  void AcceptGap(const AgentId& agent, uint64_t to);

  // Writes an audit entry that does not come from a fact.
  void AppendAudit(const Principal& by, const std::string& action, const std::string& subject,
                   const std::string& detail, Instant at);

  const ShardState& state() const { return state_; }

 private:
  Status CheckOne(const Fact& fact, std::map<std::string, uint64_t>& applied) const;
  Status Load(const Store& store);
  Status LoadRest(const Store& store);

  ShardState state_;
  uint64_t forecast_saved_ = 0;  // changes that the stored forecaster has learnt from
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_H_
