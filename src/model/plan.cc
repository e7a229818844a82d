#include "model/plan.h"

#include "base/crypto.h"

namespace driftcast {
namespace {

// Length-prefixed fields: no content can imitate the end of a field.
class CanonicalWriter {
 public:
  void Text(const std::string& text) {
    out_ += std::to_string(text.size());
    out_ += ':';
    out_ += text;
  }
  void Number(int64_t number) { Text(std::to_string(number)); }
  void Resource(const ResourceId& id) {
    Text(id.stack.value);
    Text(id.kind);
    Text(id.name);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

void WriteStep(CanonicalWriter& out, const PlanStep& step) {
  out.Number(static_cast<int64_t>(step.kind));
  out.Resource(step.resource);
  out.Number(static_cast<int64_t>(step.parameters.size()));
  for (const auto& [name, value] : step.parameters) {
    out.Text(name);
    out.Text(value);
  }
  out.Number(step.reversible ? 1 : 0);
  out.Number(step.timeout.count());
}

void WriteBase(CanonicalWriter& out, const PlanBase& base) {
  out.Resource(base.resource);
  out.Number(static_cast<int64_t>(base.observed.size()));
  for (const auto& key : base.observed) {
    out.Text(key.path);
    out.Number(static_cast<int64_t>(key.value.type));
    out.Text(key.value.text);
  }
}

}  // namespace

std::string CanonicalPlanBytes(const RemediationPlan& plan) {
  CanonicalWriter out;
  out.Text("driftcast-plan/1");
  out.Text(plan.id.value);
  out.Number(static_cast<int64_t>(plan.strategy));
  out.Text(plan.stack.value);
  out.Number(static_cast<int64_t>(plan.steps.size()));
  for (const auto& step : plan.steps) WriteStep(out, step);
  out.Number(static_cast<int64_t>(plan.base.size()));
  for (const auto& base : plan.base) WriteBase(out, base);
  out.Number(ToUnixMicros(plan.not_before));
  out.Number(ToUnixMicros(plan.expires_at));
  return out.Take();
}

const char* StrategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kDoNothing:
      return "do_nothing";
    case Strategy::kPrevent:
      return "prevent";
    case Strategy::kAdoptEarly:
      return "adopt_early";
    case Strategy::kGuard:
      return "guard";
    case Strategy::kRelieveCause:
      return "relieve_cause";
    case Strategy::kIsolate:
      return "isolate";
    case Strategy::kRevert:
      return "revert";
    case Strategy::kAccept:
      return "accept";
    case Strategy::kAcceptUntil:
      return "accept_until";
    case Strategy::kSchedule:
      return "schedule";
  }
  return "unknown";
}

const char* StepKindName(StepKind kind) {
  switch (kind) {
    case StepKind::kNone:
      return "none";
    case StepKind::kAcceptObserved:
      return "accept_observed";
    case StepKind::kSetKey:
      return "set_key";
    case StepKind::kRemoveKey:
      return "remove_key";
    case StepKind::kRestoreContent:
      return "restore_content";
    case StepKind::kRestoreMetadata:
      return "restore_metadata";
    case StepKind::kInstallPackage:
      return "install_package";
    case StepKind::kHoldPackage:
      return "hold_package";
    case StepKind::kUnholdPackage:
      return "unhold_package";
    case StepKind::kSetSysctl:
      return "set_sysctl";
    case StepKind::kRemoveResource:
      return "remove_resource";
    case StepKind::kReloadUnit:
      return "reload_unit";
    case StepKind::kRestartUnit:
      return "restart_unit";
    case StepKind::kArmGuard:
      return "arm_guard";
    case StepKind::kStartUnit:
      return "start_unit";
    case StepKind::kStopUnit:
      return "stop_unit";
    case StepKind::kEnableUnit:
      return "enable_unit";
    case StepKind::kDisableUnit:
      return "disable_unit";
    case StepKind::kMaskUnit:
      return "mask_unit";
    case StepKind::kUnmaskUnit:
      return "unmask_unit";
    case StepKind::kRunCommand:
      return "run_command";
    case StepKind::kCleanPackageCache:
      return "clean_package_cache";
    case StepKind::kCheckUnit:
      return "check_unit";
    case StepKind::kCheckPort:
      return "check_port";
    case StepKind::kCheckCommand:
      return "check_command";
    case StepKind::kCheckSpace:
      return "check_space";
    case StepKind::kWriteFile:
      return "write_file";
    case StepKind::kCheckCertificate:
      return "check_certificate";
    case StepKind::kCheckMetric:
      return "check_metric";
  }
  return "unknown";
}

const char* PlanStateName(PlanState state) {
  switch (state) {
    case PlanState::kProposed:
      return "proposed";
    case PlanState::kApproved:
      return "approved";
    case PlanState::kSent:
      return "sent";
    case PlanState::kRunning:
      return "running";
    case PlanState::kVerifying:
      return "verifying";
    case PlanState::kSucceeded:
      return "succeeded";
    case PlanState::kRolledBack:
      return "rolled_back";
    case PlanState::kFailed:
      return "failed";
    case PlanState::kUnclear:
      return "unclear";
    case PlanState::kRejected:
      return "rejected";
    case PlanState::kOverridden:
      return "overridden";
    case PlanState::kExpired:
      return "expired";
  }
  return "unknown";
}

std::string PlanHash(const RemediationPlan& plan) { return Hex(Sha256(CanonicalPlanBytes(plan))); }

bool IsCheckStep(StepKind kind) {
  return kind == StepKind::kCheckUnit || kind == StepKind::kCheckPort ||
         kind == StepKind::kCheckCommand || kind == StepKind::kCheckSpace ||
         kind == StepKind::kCheckCertificate || kind == StepKind::kCheckMetric;
}

bool IsFinal(PlanState state) {
  switch (state) {
    case PlanState::kProposed:
    case PlanState::kApproved:
    case PlanState::kSent:
    case PlanState::kRunning:
    case PlanState::kVerifying:
      return false;
    default:
      return true;
  }
}

}  // namespace driftcast
