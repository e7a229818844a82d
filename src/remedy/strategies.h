// The strategies: each adds its plan to the drafts, or says why it does not apply. Inside the room.
#ifndef DRIFTCAST_REMEDY_STRATEGIES_H_
#define DRIFTCAST_REMEDY_STRATEGIES_H_

#include "remedy/situation.h"

namespace driftcast {

void DoNothing(const Situation& s, Drafts& out);
void Revert(const Situation& s, Drafts& out);
void Accept(const Situation& s, Drafts& out);
void AcceptUntil(const Situation& s, Drafts& out);
void Prevent(const Situation& s, Drafts& out);
void AdoptEarly(const Situation& s, Drafts& out);
void Guard(const Situation& s, Drafts& out);
void RelieveCause(const Situation& s, Drafts& out);
void Isolate(const Situation& s, Drafts& out);
// Reads the drafts that are there and are already estimated; call it last.
void Schedule(const Situation& s, Drafts& out);

// Steps that make the host what is expected, or what the forecast says it will become; the base
// that they were worked out for goes to `base`. FailedPrecondition says why there are none.
StatusOr<std::vector<PlanStep>> StepsToExpected(const Situation& s, PlanBase& base);
StatusOr<std::vector<PlanStep>> StepsToPredicted(const Situation& s, PlanBase& base);

// Inside StepsToExpected: users, groups and SSH keys; mounts. And whether a key of a user is one
// that a step sets.
StatusOr<std::vector<PlanStep>> AccountToExpected(const Situation& s, PlanBase& base);
StatusOr<std::vector<PlanStep>> MountToExpected(const Situation& s, PlanBase& base);
bool IsSettableOfUser(const std::string& path);

// Steps that set the likely keys of a forecast back to what they are now.
StatusOr<std::vector<PlanStep>> StepsToHoldStill(const Situation& s, PlanBase& base);

PlanStep AcceptStep(const Situation& s);

// Steps by which a changed resource is taken up, and found to be well: what the site's rules say.
std::vector<PlanStep> StepsAfter(const Situation& s);

// A plan with what is the same in all: stack, trigger, times.
RemediationPlan StartPlan(const Situation& s, Strategy strategy);

// "PermitRootLogin back to no", "3 keys of sshd_config back": the differing keys in a title.
std::string DescribeKeys(const Situation& s);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_STRATEGIES_H_
