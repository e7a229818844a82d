// What the shard has learnt from plans that ended. Inside the room.
#ifndef DRIFTCAST_ENGINE_SHARD_KNOWLEDGE_H_
#define DRIFTCAST_ENGINE_SHARD_KNOWLEDGE_H_

#include "engine/shard_state.h"
#include "remedy/policy.h"

namespace driftcast {

// Outcomes, verdicts, and what such plans really took: downtime and duration, by kind.
Knowledge KnowledgeOf(const ShardState& shard);

// Whether something keeps undoing what plans put back on the resource, within a week, and who.
Fight FightOver(const ShardState& shard, const ResourceId& id);
inline constexpr uint32_t kFightAt = 2;  // times undone: once may be chance

// Alerts people when a drift that has just opened is part of a fight: once for each time that what
// was put back is undone.
void TellFight(ShardState& shard, const Drift& drift);

// How the same change (strategy and steps, whatever the stack) went elsewhere in the role, within a
// week.
RolloutFacts RolloutOf(const ShardState& shard, const RemediationPlan& plan);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_KNOWLEDGE_H_
