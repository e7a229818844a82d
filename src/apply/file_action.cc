// Steps on one file: keys in place, content, metadata, removal; one replacement for all of them.
#include <charconv>

#include "apply/action.h"
#include "apply/diff.h"
#include "apply/journal.h"
#include "base/crypto.h"
#include "collect/names.h"

namespace driftcast {
namespace {

constexpr size_t kPreviewBytesMax = 256 << 10;

class FileAction : public Action {
 public:
  FileAction(std::vector<PlanStep> steps, const ActionTools& tools)
      : steps_(std::move(steps)),
        tools_(tools),
        path_(PathOfResourceName(steps_.front().resource.name)) {}

  Status Prepare(bool) override {
    DRIFTCAST_RETURN_IF_ERROR(ValidateHostPath(path_));
    DRIFTCAST_ASSIGN_OR_RETURN(before_, tools_.files.Read(path_));
    wanted_ = before_;
    wanted_.modified_ns = 0;  // the time of the change
    for (const auto& step : steps_) DRIFTCAST_RETURN_IF_ERROR(Work(step));
    return Ok();
  }

  StatusOr<std::vector<Undo>> Undos() override {
    if (before_.SameAs(wanted_)) return std::vector<Undo>{};
    Undo undo;
    undo.kind = Undo::Kind::kFile;
    undo.name = path_;
    undo.before = before_;
    undo.after_digest = ImageDigest(wanted_);
    return std::vector<Undo>{std::move(undo)};
  }

  Status Do() override {
    if (before_.SameAs(wanted_)) return Ok();
    return tools_.files.Replace(path_, before_, wanted_);
  }

  Status Verify() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const FileImage now, tools_.files.Read(path_));
    if (!wanted_.SameAs(now)) return FailedPrecondition("{}: {}", path_, wanted_.DifferenceTo(now));
    const auto keys = tools_.reader.KeysOf(path_, now);
    for (const auto& step : steps_) DRIFTCAST_RETURN_IF_ERROR(CheckKey(step, keys));
    return Ok();
  }

  std::string Preview() const override {
    std::string out =
        UnifiedDiff(path_, before_.content, wanted_.content, !before_.exists, !wanted_.exists);
    if (out.size() > kPreviewBytesMax)
      out = fmt::format("{}: {} bytes become {} bytes\n", path_, before_.content.size(),
                        wanted_.content.size());
    if (before_.exists && wanted_.exists && before_.mode != wanted_.mode)
      out += fmt::format("{}: mode {:04o} -> {:04o}\n", path_, before_.mode, wanted_.mode);
    if (before_.exists && wanted_.exists &&
        (before_.uid != wanted_.uid || before_.gid != wanted_.gid))
      out += fmt::format("{}: owner {}:{} -> {}:{}\n", path_, before_.uid, before_.gid, wanted_.uid,
                         wanted_.gid);
    return out;
  }

 private:
  Status Work(const PlanStep& step) {
    if (step.kind == StepKind::kRestoreContent) return RestoreContent(step);
    if (step.kind == StepKind::kWriteFile) return WriteWhole(step);
    if (!wanted_.exists) return FailedPrecondition("{} does not exist", path_);
    switch (step.kind) {
      case StepKind::kSetKey:
      case StepKind::kRemoveKey:
      case StepKind::kArmGuard:
        return EditOne(step);
      case StepKind::kRestoreMetadata:
        return RestoreMetadata(step);
      case StepKind::kRemoveResource:
        wanted_ = FileImage{};
        return Ok();
      default:
        return Internal("not a step on a file");
    }
  }

  Status EditOne(const PlanStep& step) {
    KeyEdit edit;
    edit.remove = step.kind == StepKind::kRemoveKey;
    DRIFTCAST_ASSIGN_OR_RETURN(edit.path, Parameter(step, "path"));
    // A member of a set is removed by its value; a key by its path alone.
    if (!edit.remove || edit.path.ends_with("[]")) {
      DRIFTCAST_ASSIGN_OR_RETURN(edit.value, Parameter(step, "value"));
    }
    const Format format = FormatOf(path_, wanted_.content);
    DRIFTCAST_ASSIGN_OR_RETURN(
        wanted_.content, EditKey(wanted_.content, edit, format, tools_.reader.ReaderOf(format)));
    return Ok();
  }

  Status RestoreContent(const PlanStep& step) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string digest, Parameter(step, "digest"));
    // "sha256:<hex>:<bytes>"
    if (!digest.starts_with("sha256:")) return InvalidArgument("'digest' is no content digest");
    DRIFTCAST_ASSIGN_OR_RETURN(wanted_.content,
                               KeptContent(tools_.data, digest.substr(7, digest.rfind(':') - 7)));
    if (!wanted_.exists) wanted_.mode = 0644;
    wanted_.exists = true;
    return Ok();
  }

  Status WriteWhole(const PlanStep& step) {
    DRIFTCAST_ASSIGN_OR_RETURN(wanted_.content, Parameter(step, "content"));
    if (!wanted_.exists) wanted_.mode = 0644;
    wanted_.exists = true;
    if (!step.parameters.contains("mode")) return Ok();
    PlanStep mode = step;
    mode.parameters.erase("content");
    return RestoreMetadata(mode);
  }

  Status RestoreMetadata(const PlanStep& step) {
    for (const auto& [name, value] : step.parameters) {
      if (name == "mode") {
        unsigned mode = 0;
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), mode, 8);
        if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() || mode > 07777)
          return InvalidArgument("'{}' is no mode", value.substr(0, 20));
        wanted_.mode = mode;
      } else if (name == "owner") {
        DRIFTCAST_ASSIGN_OR_RETURN(wanted_.uid, tools_.reader.UserId(value));
      } else if (name == "group") {
        DRIFTCAST_ASSIGN_OR_RETURN(wanted_.gid, tools_.reader.GroupId(value));
      } else {
        return InvalidArgument("a step of kind restore_metadata has no '{}'", name.substr(0, 40));
      }
    }
    return Ok();
  }

  static Status CheckKey(const PlanStep& step, const std::vector<KeyValue>& keys) {
    if (step.kind != StepKind::kSetKey && step.kind != StepKind::kArmGuard) return Ok();
    const std::string& path = step.parameters.at("path");
    for (const auto& key : keys)
      if ((key.path == path || key.path == path + "[]" || key.path + "[]" == path) &&
          key.value.text == step.parameters.at("value"))
        return Ok();
    return FailedPrecondition("{} does not read as it was set", path);
  }

  const std::vector<PlanStep> steps_;
  const ActionTools tools_;
  const std::string path_;
  FileImage before_, wanted_;
};

}  // namespace

std::unique_ptr<Action> MakeFileAction(std::vector<PlanStep> steps, const ActionTools& tools) {
  return std::make_unique<FileAction>(std::move(steps), tools);
}

}  // namespace driftcast
