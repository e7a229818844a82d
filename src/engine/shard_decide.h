// Decisions about plans: approvals, overrides, undo, plans by hand. Inside the room.
#ifndef DRIFTCAST_ENGINE_SHARD_DECIDE_H_
#define DRIFTCAST_ENGINE_SHARD_DECIDE_H_

#include <string>

#include "engine/shard_state.h"
#include "remedy/by_hand.h"
#include "remedy/policy.h"

namespace driftcast {

// Where a plan stands that is at none of its steps, in RemediationPlan::step_now.
inline constexpr int32_t kAnnounced = -2;   // the agent was told; its progress replaces it
inline constexpr int32_t kDoneByHand = -3;  // a person carries it out
inline constexpr int32_t kTakenOver = -4;   // overridden, and the host has not told its end

// Approves a plan that the policy lets run unattended.
void ApproveByPolicy(ShardState& shard, RemediationPlan plan, const PolicyVerdict& verdict);

// Ends a plan with its outcome: tells people, keeps count of what such plans come to.
void EndPlan(ShardState& shard, RemediationPlan& plan, PlanState state, std::string outcome);

// What the engine itself does when a plan succeeds: expectations follow what was decided.
void ExpectWhatWasPlanned(ShardState& shard, const RemediationPlan& plan);

// Forecasts about what the plan touched are not scored.
void MarkTreated(ShardState& shard, const RemediationPlan& plan);

// Looks whether what people said they did is there; gives up after a while. With time.
void VerifyDoneByHand(ShardState& shard);

// A guard that its host has armed and not ended.
bool GuardStands(const RemediationPlan& plan);

// Ends those whose time is over and whose host has not said so. With time.
void EndGuards(ShardState& shard);

// What a context of PlansFor holds, for as long as `use` runs. Nothing when the resource is not
// known.
void WithContext(const ShardState& shard, const ResourceId& id,
                 const std::function<void(const PlanContext&, const std::string& trigger)>& use);

// What needs a resource, through any number of others and on other hosts too: nearest first, at
// most 1000.
std::vector<Dependent> DependentsOf(const ShardState& shard, const ResourceId& id);

ShadowOf ShadowsOf(const ShardState& shard);

Status CheckWritten(const ShardState& shard, const PlanWritten& body);
void ApplyWritten(ShardState& shard, const Fact& fact, const PlanWritten& body);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_DECIDE_H_
