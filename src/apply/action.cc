#include "apply/action.h"

namespace driftcast {
namespace {

bool IsAccount(const std::string& kind) {
  return kind == "user" || kind == "group" || kind == "authorized_key";
}

// Successive steps on one resource of these kinds become one action.
bool GoesTogether(const PlanStep& step) {
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kRemoveKey:
    case StepKind::kRestoreContent:
    case StepKind::kRestoreMetadata:
    case StepKind::kRemoveResource:
    case StepKind::kWriteFile:
    case StepKind::kArmGuard:
      return step.resource.kind == "file" || step.resource.kind == "mount" ||
             IsAccount(step.resource.kind);
    default:
      return false;
  }
}

std::unique_ptr<Action> MakeTogether(std::vector<PlanStep> steps, const ActionTools& tools) {
  const std::string kind = steps.front().resource.kind;
  if (kind == "mount") return MakeMountAction(std::move(steps), tools);
  if (IsAccount(kind)) return MakeAccountAction(std::move(steps), tools);
  return MakeFileAction(std::move(steps), tools);
}

std::unique_ptr<Action> MakeOne(const PlanStep& step, const ActionTools& tools) {
  switch (step.kind) {
    case StepKind::kSetSysctl:
    case StepKind::kArmGuard:
      return MakeSysctlAction(step, tools);
    case StepKind::kRunCommand:
    case StepKind::kCleanPackageCache:
      return MakeCommandAction(step, tools);
    case StepKind::kInstallPackage:
    case StepKind::kRemoveResource:
    case StepKind::kHoldPackage:
    case StepKind::kUnholdPackage:
      return MakePackageAction(step, tools);
    default:
      return IsCheckStep(step.kind) ? MakeCheckAction(step, tools) : MakeUnitAction(step, tools);
  }
}

Status ValidateFit(const PlanStep& step) {
  const std::string& kind = step.resource.kind;
  bool fits = false;
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kRemoveKey:
      fits = kind == "file" || kind == "user" || kind == "authorized_key" || kind == "mount";
      break;
    case StepKind::kRestoreContent:
      fits = kind == "file" || kind == "authorized_key";
      break;
    case StepKind::kRestoreMetadata:
    case StepKind::kWriteFile:
      fits = kind == "file";
      break;
    case StepKind::kInstallPackage:
    case StepKind::kHoldPackage:
    case StepKind::kUnholdPackage:
      fits = kind == "package";
      break;
    case StepKind::kRemoveResource:
      fits = kind == "file" || kind == "package" || IsAccount(kind);
      break;
    case StepKind::kSetSysctl:
      fits = kind == "sysctl";
      break;
    case StepKind::kArmGuard:
      fits = kind == "file" || kind == "sysctl" || kind == "user";
      break;
    case StepKind::kReloadUnit:
    case StepKind::kRestartUnit:
    case StepKind::kStartUnit:
    case StepKind::kStopUnit:
    case StepKind::kEnableUnit:
    case StepKind::kDisableUnit:
    case StepKind::kMaskUnit:
    case StepKind::kUnmaskUnit:
      fits = kind == "unit";
      break;
    case StepKind::kRunCommand:
    case StepKind::kCleanPackageCache:
    case StepKind::kCheckUnit:
    case StepKind::kCheckPort:
    case StepKind::kCheckCommand:
    case StepKind::kCheckSpace:
    case StepKind::kCheckMetric:
      fits = true;
      break;
    case StepKind::kCheckCertificate:
      fits = kind == "certificate" || kind == "file";
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
    if (GoesTogether(step)) {
      std::vector<PlanStep> together = {step};
      for (; i < steps.size() && steps[i].resource == step.resource; ++i) {
        if (steps[i].kind == StepKind::kAcceptObserved) continue;
        if (!GoesTogether(steps[i])) break;
        DRIFTCAST_RETURN_IF_ERROR(ValidateFit(steps[i]));
        together.push_back(steps[i]);
      }
      actions.push_back(MakeTogether(std::move(together), tools));
    } else {
      actions.push_back(MakeOne(step, tools));
    }
    actions.back()->first_step = first;
  }
  return actions;
}

}  // namespace driftcast
