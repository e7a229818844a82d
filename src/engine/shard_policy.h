// The site's policy and people's pauses, as the shard applies them to plans. Inside the room.
#ifndef DRIFTCAST_ENGINE_SHARD_POLICY_H_
#define DRIFTCAST_ENGINE_SHARD_POLICY_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/shard_state.h"
#include "remedy/policy.h"

namespace driftcast {

// The policy in force, or the defaults: any one person approves, at any time.
const Policy& RulesInForce(const ShardState& shard);

// What the policy says about a plan now, with the approvals that it carries.
PolicyVerdict JudgePlan(const ShardState& shard, const RemediationPlan& plan);

// The same with pauses, which put off and do not move a plan's time: for people.
PolicyVerdict VerdictToShow(const ShardState& shard, const RemediationPlan& plan);

// Whether the plan's host begins only what approvers have signed (model/approval.h): what is
// approved by word alone does not count there, and nothing runs unattended.
bool WantsProof(const ShardState& shard, const RemediationPlan& plan);

// The same, had `person` approved it as well. PermissionDenied when the policy does not let that
// person, FailedPrecondition when it forbids the plan; the reasons are in the message.
StatusOr<PolicyVerdict> JudgeApproval(const ShardState& shard, RemediationPlan plan,
                                      const Principal& person, const ApprovalProof& proof);

// Gives the plan the time that the verdict found, and its new hash. A plan that must run within a
// window expires with it.
void GiveTime(const PolicyVerdict& verdict, RemediationPlan& plan);

// Hands an approved plan to its agent when its time has come and the policy still agrees; else puts
// it off, asks for approvals again or ends it.
void Release(ShardState& shard, RemediationPlan& plan);

// Maintenance windows of the role in the coming 90 days. Empty when it has none.
std::vector<TimeSpan> WindowsFor(const ShardState& shard, const RoleName& role);

// What plans of the kind and strategy came to lately (the last 50): autonomy rests on it, so that a
// long good past does not hide that it has slipped.
Knowledge::Outcomes LatelyOf(const ShardState& shard, const std::string& kind, Strategy strategy);

// Tells people when an outcome has earned or lost a class of plans its autonomy. `before` are the
// outcomes of the class without it.
void TellAutonomy(ShardState& shard, const RemediationPlan& plan,
                  const Knowledge::Outcomes& before);

// Begins what may run unattended, ends pauses. With the passing of time.
void AdvancePolicy(ShardState& shard);

// Approves by itself what the policy lets run unattended, for forecasts whose alert has just been
// raised; forgets which those are. After ScoreTouched.
void AnswerForecasts(ShardState& shard);

Status CheckPolicy(const PolicyPublished& body);
void ApplyPolicy(ShardState& shard, const Fact& fact, const PolicyPublished& body);
Status CheckPause(const ShardState& shard, const PauseSet& body);
void ApplyPause(ShardState& shard, const Fact& fact, const PauseSet& body);

// From the state table.
Status LoadPolicy(ShardState& shard, std::string_view bytes);

// The pause that covers a resource, or one of those that the plan changes, now; null when none
// does.
const PauseSet* PauseOver(const ShardState& shard, const ResourceId& id);
const PauseSet* PauseOver(const ShardState& shard, const RemediationPlan& plan);

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_POLICY_H_
