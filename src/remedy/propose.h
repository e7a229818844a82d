// From a drift or a forecast to alternative plans, side by side: pure and deterministic.
//
//   PlanContext context{.shadow = &shadow, .drift = &drift, ... .now = now};
//   std::vector<LeftOut> left_out;
//   std::vector<RemediationPlan> plans = ProposePlans(context, &left_out);
//
// Strategies, and when each applies:
//   do_nothing    always; priced as well
//   revert        a drift whose expected values can be put back by typed steps
//   accept        a drift on a resource that exists: expected := observed
//   accept_until  the same, with an end
//   prevent       a forecast about a package: hold it
//   adopt_early   a forecast with a likely value: make the change now and expect it
//   guard         a forecast about keys that can be set back, on a host whose agent watches guards
//   schedule      the best of those that change the host, in the next maintenance window
//   relieve_cause a resource for which the policy names a command of the host
//   isolate       a unit of severity 5 and more: stopped and masked
// What changes the host ends with the steps that the policy names for the resource ([[after]]): a
// reload or restart that takes the change up, and checks that it is well.
//
// A plan's id is a hash of trigger, strategy, base and attempt, so proposing again yields the same
// ids; expires_at lies on a coarse grid, so that the plan's hash, which approvals are bound to,
// stays the same for hours as well.
#ifndef DRIFTCAST_REMEDY_PROPOSE_H_
#define DRIFTCAST_REMEDY_PROPOSE_H_

#include <string>
#include <vector>

#include "remedy/context.h"

namespace driftcast {

// A strategy that is not among the plans, and why.
struct LeftOut {
  Strategy strategy = Strategy::kDoNothing;
  std::string reason;      // for people
  bool dominated = false;  // it would work, and another plan is at least as good in every respect
};

// Best first, never empty, at most one plan per strategy. `left_out`, when given, receives every
// other strategy.
std::vector<RemediationPlan> ProposePlans(const PlanContext& context,
                                          std::vector<LeftOut>* left_out = nullptr);

// The trigger of plans that answer a forecast: "prediction:web-7/package/openssl".
std::string PredictionTrigger(const ResourceId& resource);

// True when the plan has steps for the host; false when it only moves expectations, or nothing.
bool ChangesHost(const RemediationPlan& plan);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_PROPOSE_H_
