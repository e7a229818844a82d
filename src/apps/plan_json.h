// A plan as the HTTP API gives it, read back for the commands that work without an engine.
#ifndef DRIFTCAST_APPS_PLAN_JSON_H_
#define DRIFTCAST_APPS_PLAN_JSON_H_

#include <string_view>

#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// What decides and describes: id, strategy, stack, title, resources, steps, estimate, reversible,
// times. InvalidArgument names what is missing or has the wrong type.
StatusOr<RemediationPlan> PlanFromJson(std::string_view text);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_PLAN_JSON_H_
