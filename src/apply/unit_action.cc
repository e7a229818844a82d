// A unit: run, stop, restart, reload, and whether it starts by itself.
#include "apply/action.h"

namespace driftcast {
namespace {

class UnitAction : public Action {
 public:
  UnitAction(PlanStep step, const ActionTools& tools)
      : step_(std::move(step)), tools_(tools), name_(step_.resource.name) {}

  Status Prepare(bool) override {
    DRIFTCAST_ASSIGN_OR_RETURN(before_, tools_.units.Read(name_));
    if (!before_.known && step_.kind != StepKind::kMaskUnit)
      return NotFound("the service manager knows no unit {}", name_);
    if (step_.kind == StepKind::kReloadUnit && before_.active != "active")
      return FailedPrecondition("{} is {}, so it cannot be reloaded", name_, before_.active);
    return Ok();
  }

  StatusOr<std::vector<Undo>> Undos() override {
    Undo undo;
    undo.kind = Undo::Kind::kUnit;
    undo.name = name_;
    undo.unit_before = before_;
    // What takes settings up has to do so again once they are back.
    undo.again = step_.kind == StepKind::kReloadUnit    ? "reload"
                 : step_.kind == StepKind::kRestartUnit ? "restart"
                                                        : "";
    return std::vector<Undo>{std::move(undo)};
  }

  Status Do() override {
    const auto start = std::chrono::steady_clock::now();
    const Status done = Change();
    if (step_.kind == StepKind::kRestartUnit)
      downtime_ = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
    return done;
  }

  Status Verify() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const UnitState now, tools_.units.Read(name_));
    const auto want = [&](bool holds, const char* what) {
      return holds ? Ok()
                   : FailedPrecondition("{} is {} ({}) and not {}", name_, now.active,
                                        now.file_state, what);
    };
    switch (step_.kind) {
      case StepKind::kStartUnit:
      case StepKind::kRestartUnit:
      case StepKind::kReloadUnit:
        return want(now.active == "active", "active");
      case StepKind::kStopUnit:
        return want(now.active == "inactive" || now.active == "failed", "stopped");
      case StepKind::kEnableUnit:
        return want(now.file_state == "enabled", "enabled");
      case StepKind::kDisableUnit:
        return want(now.file_state == "disabled", "disabled");
      case StepKind::kMaskUnit:
        return want(now.file_state == "masked", "masked");
      default:
        return want(now.file_state != "masked", "unmasked");
    }
  }

  std::string Preview() const override {
    return fmt::format("unit {}: {} (is {}{}{})\n", name_, StepKindName(step_.kind), before_.active,
                       before_.file_state.empty() ? "" : ", ", before_.file_state);
  }

  Duration downtime() const override { return downtime_; }

 private:
  Status Change() {
    switch (step_.kind) {
      case StepKind::kStartUnit:
        return tools_.units.Run(Units::Job::kStart, name_, step_.timeout);
      case StepKind::kStopUnit:
        return tools_.units.Run(Units::Job::kStop, name_, step_.timeout);
      case StepKind::kRestartUnit:
        return tools_.units.Run(Units::Job::kRestart, name_, step_.timeout);
      case StepKind::kReloadUnit:
        return tools_.units.Run(Units::Job::kReload, name_, step_.timeout);
      case StepKind::kEnableUnit:
        return tools_.units.Change(Units::FileChange::kEnable, name_);
      case StepKind::kDisableUnit:
        return tools_.units.Change(Units::FileChange::kDisable, name_);
      case StepKind::kMaskUnit:
        return tools_.units.Change(Units::FileChange::kMask, name_);
      case StepKind::kUnmaskUnit:
        return tools_.units.Change(Units::FileChange::kUnmask, name_);
      default:
        return Internal("not a step on a unit");
    }
  }

  const PlanStep step_;
  const ActionTools tools_;
  const std::string name_;
  UnitState before_;
  Duration downtime_{0};
};

}  // namespace

std::unique_ptr<Action> MakeUnitAction(const PlanStep& step, const ActionTools& tools) {
  return std::make_unique<UnitAction>(step, tools);
}

}  // namespace driftcast
