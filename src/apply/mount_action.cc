// Options of a mount: the same mount with other flags.
#include "apply/action.h"
#include "apply/mounts.h"
#include "collect/names.h"

namespace driftcast {
namespace {

class MountAction : public Action {
 public:
  MountAction(std::vector<PlanStep> steps, const ActionTools& tools)
      : steps_(std::move(steps)),
        tools_(tools),
        path_(PathOfResourceName(steps_.front().resource.name)) {}

  Status Prepare(bool) override {
    DRIFTCAST_ASSIGN_OR_RETURN(before_, ReadMountFlags(tools_.files, path_));
    wanted_ = before_;
    // Less comes first: "ro" goes before "rw" comes.
    for (const StepKind kind : {StepKind::kRemoveKey, StepKind::kSetKey})
      for (const PlanStep& step : steps_) {
        if (step.kind != kind) continue;
        DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, Parameter(step, "path"));
        DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, Parameter(step, "value"));
        if (path != "option[]")
          return FailedPrecondition("{} of a mount is not changed while it is in use", path);
        DRIFTCAST_ASSIGN_OR_RETURN(wanted_,
                                   WithMountFlag(wanted_, value, kind == StepKind::kSetKey));
      }
    return Ok();
  }

  StatusOr<std::vector<Undo>> Undos() override {
    if (before_ == wanted_) return std::vector<Undo>{};
    Undo undo;
    undo.kind = Undo::Kind::kMount;
    undo.name = path_;
    undo.value_before = before_;
    undo.value_after = wanted_;
    return std::vector<Undo>{std::move(undo)};
  }

  Status Do() override { return before_ == wanted_ ? Ok() : Remount(tools_.files, path_, wanted_); }

  Status Verify() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string now, ReadMountFlags(tools_.files, path_));
    if (now == wanted_) return Ok();
    return FailedPrecondition("{} is mounted {} and not {}", path_, now, wanted_);
  }

  std::string Preview() const override {
    return fmt::format("remount {}: {} -> {}\n", path_, before_, wanted_);
  }

 private:
  const std::vector<PlanStep> steps_;
  const ActionTools tools_;
  const std::string path_;
  std::string before_, wanted_;
};

}  // namespace

std::unique_ptr<Action> MakeMountAction(std::vector<PlanStep> steps, const ActionTools& tools) {
  return std::make_unique<MountAction>(std::move(steps), tools);
}

}  // namespace driftcast
