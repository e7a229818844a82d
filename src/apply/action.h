// One or more steps of a plan as something that can be prepared, done, checked and undone.
#ifndef DRIFTCAST_APPLY_ACTION_H_
#define DRIFTCAST_APPLY_ACTION_H_

#include <memory>
#include <string>
#include <vector>

#include "apply/commands.h"
#include "apply/host_reader.h"
#include "apply/package_tool.h"
#include "apply/undo.h"
#include "apply/units.h"
#include "base/status.h"
#include "model/plan.h"

namespace driftcast {

// What actions work with; outlives them.
struct ActionTools {
  const HostFiles& files;
  const HostReader& reader;
  PackageTool& packages;
  Units& units;
  const Commands& commands;
  std::filesystem::path data;
  std::function<bool()> stop;  // see ApplyOptions; may be empty
};

// Life: Prepare, Undos, Do, Verify, in this order. Nothing before Do changes the host.
class Action {
 public:
  virtual ~Action() = default;

  // Works out what is to be done, for the host as it is now, and secures what the way back needs
  // (in DATA; not when `dry`). The reason when it cannot be done.
  virtual Status Prepare(bool dry) = 0;
  // How to go back, to be stored before Do; they are gone through from the last to the first.
  virtual StatusOr<std::vector<Undo>> Undos() = 0;
  virtual Status Do() = 0;
  // Reads the host again; FailedPrecondition when it is not as planned.
  virtual Status Verify() = 0;
  // The exact change, for people: a unified diff for files, a line for the rest. After Prepare.
  virtual std::string Preview() const = 0;
  // Time in which users may have been without the resource; known after Do.
  virtual Duration downtime() const { return Duration{0}; }

  size_t first_step = 0;  // index of the first step that it stands for
};

// Actions for a plan's steps in order; successive steps on one file, account or mount become one
// action, so that a file is replaced once. Steps that are the engine's own (accept) have none.
// InvalidArgument for a step that makes no sense, Unimplemented for a kind that cannot be carried
// out.
StatusOr<std::vector<std::unique_ptr<Action>>> MakeActions(const RemediationPlan& plan,
                                                           const ActionTools& tools);

// Inside the room: one maker per file of that name.
std::unique_ptr<Action> MakeFileAction(std::vector<PlanStep> steps, const ActionTools& tools);
std::unique_ptr<Action> MakeAccountAction(std::vector<PlanStep> steps, const ActionTools& tools);
std::unique_ptr<Action> MakeMountAction(std::vector<PlanStep> steps, const ActionTools& tools);
std::unique_ptr<Action> MakePackageAction(const PlanStep& step, const ActionTools& tools);
std::unique_ptr<Action> MakeUnitAction(const PlanStep& step, const ActionTools& tools);
std::unique_ptr<Action> MakeCheckAction(const PlanStep& step, const ActionTools& tools);
std::unique_ptr<Action> MakeCommandAction(const PlanStep& step, const ActionTools& tools);
std::unique_ptr<Action> MakeSysctlAction(const PlanStep& step, const ActionTools& tools);

// The parameter's value; InvalidArgument when the step lacks it.
StatusOr<std::string> Parameter(const PlanStep& step, const std::string& name);

}  // namespace driftcast

#endif  // DRIFTCAST_APPLY_ACTION_H_
