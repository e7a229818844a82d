// A kernel setting: its live value, and the file that gives it at boot.
#include "apply/action.h"
#include "apply/diff.h"
#include "apply/sysctl.h"

namespace driftcast {
namespace {

class SysctlAction : public Action {
 public:
  SysctlAction(PlanStep step, const ActionTools& tools)
      : step_(std::move(step)), tools_(tools), name_(step_.resource.name) {}

  Status Prepare(bool) override {
    DRIFTCAST_ASSIGN_OR_RETURN(value_, Parameter(step_, "value"));
    for (const char c : value_)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
        return InvalidArgument("a value with control characters is refused");
    if (value_.empty() || value_.size() > kValueBytesMax)
      return InvalidArgument("a value of {} bytes is refused", value_.size());
    DRIFTCAST_ASSIGN_OR_RETURN(value_before_, ReadSysctl(tools_.files, name_));
    const auto persist = step_.parameters.find("persist");
    persist_ = persist != step_.parameters.end() && persist->second == "true";
    return persist_ ? PrepareFile() : Ok();
  }

  StatusOr<std::vector<Undo>> Undos() override {
    std::vector<Undo> undos;
    if (persist_ && !before_.SameAs(wanted_)) {
      Undo& undo = undos.emplace_back();
      undo.kind = Undo::Kind::kFile;
      undo.name = file_;
      undo.before = before_;
      undo.after_digest = ImageDigest(wanted_);
    }
    if (value_before_ != value_) {
      Undo& undo = undos.emplace_back();
      undo.kind = Undo::Kind::kSysctl;
      undo.name = name_;
      undo.value_before = value_before_;
      undo.value_after = value_;
    }
    return undos;
  }

  Status Do() override {
    if (persist_ && !before_.SameAs(wanted_))
      DRIFTCAST_RETURN_IF_ERROR(tools_.files.Replace(file_, before_, wanted_));
    if (value_before_ == value_) return Ok();
    return WriteSysctl(tools_.files, name_, value_);
  }

  Status Verify() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string now, ReadSysctl(tools_.files, name_));
    if (now != value_) return FailedPrecondition("{} is {} and not {}", name_, now, value_);
    if (!persist_) return Ok();
    DRIFTCAST_ASSIGN_OR_RETURN(const FileImage image, tools_.files.Read(file_));
    if (!image.SameAs(wanted_))
      return FailedPrecondition("{}: {}", file_, wanted_.DifferenceTo(image));
    return Ok();
  }

  std::string Preview() const override {
    std::string out;
    if (value_before_ != value_) out = fmt::format("{}: {} -> {}\n", name_, value_before_, value_);
    if (persist_) out += UnifiedDiff(file_, before_.content, wanted_.content, !before_.exists);
    return out;
  }

 private:
  Status PrepareFile() {
    DRIFTCAST_ASSIGN_OR_RETURN(file_, SysctlFile(tools_.files, name_));
    DRIFTCAST_ASSIGN_OR_RETURN(before_, tools_.files.Read(file_));
    wanted_ = before_;
    wanted_.modified_ns = 0;
    if (!before_.exists) {
      wanted_.exists = true;
      wanted_.mode = 0644;
      wanted_.content = "# Kernel settings put in place by Driftcast.\n";
    }
    const Format format{.syntax = Syntax::kKeywords, .detail = ""};
    const KeyEdit edit{.path = name_, .value = value_};
    DRIFTCAST_ASSIGN_OR_RETURN(wanted_.content,
                               EditKey(wanted_.content, edit, format, ReaderFor(format)));
    return Ok();
  }

  const PlanStep step_;
  const ActionTools tools_;
  const std::string name_;
  std::string value_, value_before_;
  bool persist_ = false;
  std::string file_;
  FileImage before_, wanted_;
};

}  // namespace

std::unique_ptr<Action> MakeSysctlAction(const PlanStep& step, const ActionTools& tools) {
  return std::make_unique<SysctlAction>(step, tools);
}

}  // namespace driftcast
