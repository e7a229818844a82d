#include "apply/action.h"

namespace driftcast {
namespace {

bool IsFileStep(const PlanStep& step) { return step.resource.kind == "file"; }

Status ValidateFit(const PlanStep& step) {
  const std::string& kind = step.resource.kind;
  bool fits = false;
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kRemoveKey:
    case StepKind::kRestoreContent:
    case StepKind::kRestoreMetadata:
      fits = kind == "file";
      break;
    case StepKind::kInstallPackage:
    case StepKind::kHoldPackage:
    case StepKind::kUnholdPackage:
      fits = kind == "package";
      break;
    case StepKind::kRemoveResource:
      fits = kind == "file" || kind == "package";
      break;
    case StepKind::kSetSysctl:
      fits = kind == "sysctl";
      break;
    default:
      return Unimplemented("steps of kind {} cannot be carried out by this version",
                           StepKindName(step.kind));
  }
  if (!fits)
    return InvalidArgument("a step of kind {} makes no sense for a resource of kind {}",
                           StepKindName(step.kind), kind.substr(0, 40));
  return Ok();
}

}  // namespace

StatusOr<std::string> Parameter(const PlanStep& step, const std::string& name) {
  const auto found = step.parameters.find(name);
  if (found == step.parameters.end())
    return InvalidArgument("a step of kind {} lacks its '{}'", StepKindName(step.kind), name);
  return found->second;
}

StatusOr<std::vector<std::unique_ptr<Action>>> MakeActions(const RemediationPlan& plan,
                                                           const ActionTools& tools) {
  std::vector<std::unique_ptr<Action>> actions;
  const auto& steps = plan.steps;
  for (size_t i = 0; i < steps.size();) {
    const size_t first = i;
    const PlanStep& step = steps[i++];
    if (step.kind == StepKind::kAcceptObserved) continue;
    DRIFTCAST_RETURN_IF_ERROR(ValidateFit(step));
    if (IsFileStep(step)) {
      std::vector<PlanStep> together = {step};
      for (; i < steps.size() && steps[i].resource == step.resource; ++i) {
        if (steps[i].kind == StepKind::kAcceptObserved) continue;
        DRIFTCAST_RETURN_IF_ERROR(ValidateFit(steps[i]));
        together.push_back(steps[i]);
      }
      actions.push_back(MakeFileAction(std::move(together), tools));
    } else if (step.kind == StepKind::kSetSysctl) {
      actions.push_back(MakeSysctlAction(step, tools));
    } else {
      actions.push_back(MakePackageAction(step, tools));
    }
    actions.back()->first_step = first;
  }
  return actions;
}

}  // namespace driftcast
