#include "apps/plan_patch.h"

#include <map>

#include "apply/diff.h"
#include "apply/edit.h"
#include "apply/host_files.h"
#include "apply/sysctl.h"
#include "collect/names.h"

namespace driftcast {
namespace {

struct Change {
  FileImage before, after;
};

// The repository's files as they are and as the plan would have them, by path on the host.
class Workspace {
 public:
  explicit Workspace(const HostFiles& files) : files_(files) {}

  Status Take(const PlanStep& step) {
    switch (step.kind) {
      case StepKind::kSetKey:
      case StepKind::kRemoveKey:
        return Edit(PathOfResourceName(step.resource.name), KeyOf(step));
      case StepKind::kSetSysctl:
        return EditSysctl(step);
      case StepKind::kWriteFile:
        return Write(PathOfResourceName(step.resource.name), step.parameters.at("content"));
      case StepKind::kRemoveResource:
        if (step.resource.kind == "file") return Remove(PathOfResourceName(step.resource.name));
        break;
      default:
        break;
    }
    return Unimplemented("{} on {} is no change of a file", StepKindName(step.kind),
                         step.resource.name);
  }

  std::string Diff() const {
    std::string out;
    for (const auto& [path, change] : changes_)
      out += UnifiedDiff(path, change.before.content, change.after.content, !change.before.exists,
                         !change.after.exists);
    return out;
  }

 private:
  StatusOr<Change*> Open(const std::string& path) {
    DRIFTCAST_RETURN_IF_ERROR(ValidateHostPath(path));
    const auto known = changes_.find(path);
    if (known != changes_.end()) return &known->second;
    DRIFTCAST_ASSIGN_OR_RETURN(FileImage image, files_.Read(path));
    Change& change = changes_[path];
    change.before = change.after = std::move(image);
    return &change;
  }

  static KeyEdit KeyOf(const PlanStep& step) {
    KeyEdit edit;
    edit.remove = step.kind == StepKind::kRemoveKey;
    edit.path = step.parameters.at("path");
    if (const auto value = step.parameters.find("value"); value != step.parameters.end())
      edit.value = value->second;
    return edit;
  }

  Status Edit(const std::string& path, const KeyEdit& edit) {
    DRIFTCAST_ASSIGN_OR_RETURN(Change * change, Open(path));
    if (!change->after.exists) return NotFound("the repository has no {}", path);
    const Format format = FormatOf(path, change->after.content);
    DRIFTCAST_ASSIGN_OR_RETURN(change->after.content,
                               EditKey(change->after.content, edit, format, ReaderFor(format)));
    return Ok();
  }

  Status EditSysctl(const PlanStep& step) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, SysctlFile(files_, step.resource.name));
    DRIFTCAST_ASSIGN_OR_RETURN(Change * change, Open(path));
    change->after.exists = true;
    const Format format{.syntax = Syntax::kKeywords, .detail = ""};
    const KeyEdit edit{.path = step.resource.name, .value = step.parameters.at("value")};
    DRIFTCAST_ASSIGN_OR_RETURN(change->after.content,
                               EditKey(change->after.content, edit, format, ReaderFor(format)));
    return Ok();
  }

  Status Write(const std::string& path, const std::string& content) {
    DRIFTCAST_ASSIGN_OR_RETURN(Change * change, Open(path));
    change->after.exists = true;
    change->after.content = content;
    return Ok();
  }

  Status Remove(const std::string& path) {
    DRIFTCAST_ASSIGN_OR_RETURN(Change * change, Open(path));
    if (!change->after.exists) return NotFound("the repository has no {}", path);
    change->after = FileImage{};
    return Ok();
  }

  const HostFiles& files_;
  std::map<std::string, Change> changes_;
};

}  // namespace

StatusOr<std::string> PlanPatch(const RemediationPlan& plan, const std::filesystem::path& root) {
  DRIFTCAST_ASSIGN_OR_RETURN(const HostFiles files, HostFiles::Open(root.string()));
  Workspace workspace(files);
  for (const PlanStep& step : plan.steps) {
    if (step.kind == StepKind::kAcceptObserved || IsCheckStep(step.kind)) continue;
    DRIFTCAST_RETURN_IF_ERROR(workspace.Take(step));
  }
  std::string diff = workspace.Diff();
  if (diff.empty()) return FailedPrecondition("the repository is as the plan wants it already");
  return diff;
}

}  // namespace driftcast
