// A plan as an artefact for tools that people already have.
#ifndef DRIFTCAST_REMEDY_ARTEFACT_H_
#define DRIFTCAST_REMEDY_ARTEFACT_H_

#include <string>

#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// An Ansible playbook with the same effect on the plan's stack, by modules of ansible.builtin and
// ansible.posix alone. Unimplemented, with the reason, when a step has no module that would do just
// that: nothing is left out silently. Keys are set by line, so only for files whose keys are lines
// of their own: `keyword` and `name = value` keys outside of sections and blocks.
StatusOr<std::string> AnsiblePlaybook(const RemediationPlan& plan);

// The steps in words, one a line.
std::string DescribeSteps(const RemediationPlan& plan);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_ARTEFACT_H_
