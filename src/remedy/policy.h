// What a site permits: when, how much, who decides, and what may run with nobody deciding.
//
// Rules forbid or ask for more; none can allow what another forbids. Pure: time, outcomes and
// counts are given. How a policy is written: remedy/policy_file.h.
#ifndef DRIFTCAST_REMEDY_POLICY_H_
#define DRIFTCAST_REMEDY_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/plan.h"
#include "remedy/context.h"
#include "remedy/windows.h"

namespace driftcast {

// What a rule is about; an empty list is about everything.
struct PolicyScope {
  std::vector<std::string> roles;
  std::vector<std::string> kinds;       // of resources
  std::vector<std::string> strategies;  // "revert", "adopt_early", ...
  double severity_min = 0;
  double severity_max = 10;
};

// A window or a freeze, for some roles or all.
struct PolicyTimes {
  Calendar calendar;
  std::vector<std::string> roles;
};

// Who may approve.
struct ApprovalRule {
  std::string name;
  PolicyScope scope;
  std::vector<std::string> people;  // "*" = anybody who can sign in
  uint32_t needed = 1;              // different people; 2 = four eyes
};

// What may run unattended, once it has earned that here, and only as long as it does.
struct UnattendedRule {
  std::string name;
  PolicyScope scope;
  uint32_t outcomes_min = 20;  // plans of this kind and strategy that ended on this site
  double success_min = 0.98;   // share of them that worked
  // Of plans that answer a forecast: share of the alerts here that came true, of at least
  // outcomes_min.
  double precision_min = 0.5;
};

// The same change on several stacks of a role: first on a few, then in batches, and no further once
// one has failed.
struct RolloutRule {
  std::string name;
  PolicyScope scope;
  uint32_t canary = 1;           // stacks that go first
  uint32_t batch = 5;            // under way at once, afterwards
  Duration soak = kMinute * 10;  // between the canaries' end and the rest
};

// How the same change went elsewhere in the role, within a week.
struct RolloutFacts {
  uint32_t running = 0;  // released and not ended
  uint32_t succeeded = 0;
  uint32_t failed = 0;  // rolled back, failed or unclear
  Instant last_ended_at;
};

struct Policy {
  SiteOptions site;
  std::vector<PolicyTimes> windows;  // none for a role: any time
  std::vector<PolicyTimes> freezes;
  std::vector<ApprovalRule> approvals;  // none at all: any one person
  std::vector<UnattendedRule> unattended;
  std::vector<RolloutRule> rollouts;     // the first that covers a plan; none = all at once
  std::optional<double> downtime_s_max;  // P90 of one plan
  std::optional<double> cost_max;        // of one plan, in the site's currency
  // P90 up to which a plan need not wait for a window; none = every change of a host waits.
  std::optional<double> downtime_s_outside_windows;
  uint32_t plans_per_stack_and_day = 0;  // begun within 24 h; 0 = any number
  uint32_t plans_per_role_and_day = 0;
};

// What is to be known about a plan beside itself.
struct PolicyFacts {
  RoleName role;
  double severity = 0;
  std::vector<Principal> approved_by;
  bool people_only = false;      // the host wants approvers' keys, which no policy has
  Knowledge::Outcomes outcomes;  // of its kind and strategy, here
  struct Alerts {
    uint64_t scored = 0;  // alerts about forecasts whose day has passed
    uint64_t hits = 0;    // of those: it changed
  };
  std::optional<Alerts> alerts;  // of a plan that answers a forecast; none = it answers a drift
  RolloutFacts rollout;          // of the same change
  uint32_t plans_today_stack = 0;
  uint32_t plans_today_role = 0;
  Instant now;
};

struct PolicyVerdict {
  enum class Action : uint8_t {
    kForbid = 0,
    kNeedsApproval = 1,
    kWait = 2,  // approved or unattended, and not before `not_before`
    kRun = 3,
  };
  Action action = Action::kForbid;
  bool unattended = false;  // nobody has to approve
  uint32_t approvals_missing = 0;
  std::vector<std::string> who;      // may approve
  Instant not_before;                // the first moment that fits; epoch = at once
  Instant not_after;                 // when the window that it fits into ends; epoch = never
  std::vector<std::string> reasons;  // for people, each with the rule's name
};

PolicyVerdict Judge(const Policy& policy, const RemediationPlan& plan, const PolicyFacts& facts);

// Why an approved plan waits for the same change elsewhere; empty = it does not. With `stopped` set
// it waits for people: the change failed somewhere.
std::string RolloutHold(const Policy& policy, const RemediationPlan& plan, const PolicyFacts& facts,
                        bool& stopped);

const char* PolicyActionName(PolicyVerdict::Action action);  // "needs_approval"

// Maintenance windows of a role, freezes taken out: for PlanContext::windows. Empty when the role
// has none.
std::vector<TimeSpan> WindowsOf(const Policy& policy, const RoleName& role, Instant from,
                                Instant to);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_POLICY_H_
