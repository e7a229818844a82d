// A package: a version, its absence, or a hold.
#include <algorithm>
#include <set>

#include "apply/action.h"

namespace driftcast {
namespace {

class PackageAction : public Action {
 public:
  PackageAction(PlanStep step, const ActionTools& tools)
      : step_(std::move(step)), tools_(tools), name_(step_.resource.name) {}

  Status Prepare(bool dry) override {
    DRIFTCAST_ASSIGN_OR_RETURN(before_, tools_.packages.Read(name_));
    wanted_ = before_;
    switch (step_.kind) {
      case StepKind::kInstallPackage:
        return PrepareInstall(dry);
      case StepKind::kRemoveResource:
        return PrepareRemove(dry);
      case StepKind::kHoldPackage:
      case StepKind::kUnholdPackage:
        if (!before_.installed) return FailedPrecondition("{} is not installed", name_);
        wanted_.hold = step_.kind == StepKind::kHoldPackage;
        return Ok();
      default:
        return Internal("not a step on a package");
    }
  }

  StatusOr<std::vector<Undo>> Undos() override {
    std::vector<Undo> undos;
    if (before_.SameAs(wanted_)) return undos;
    // Undone last to first: the package, then the files that its scripts and dpkg may have touched.
    if (ChangesVersion()) {
      DRIFTCAST_RETURN_IF_ERROR(AddConffiles(undos));
    }
    Undo& undo = undos.emplace_back();
    undo.kind = Undo::Kind::kPackage;
    undo.name = name_;
    undo.package_before = before_;
    undo.deb = deb_before_;
    return undos;
  }

  Status Do() override {
    if (before_.SameAs(wanted_)) return Ok();
    const auto start = std::chrono::steady_clock::now();
    const Status done = Change();
    downtime_ = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
    return done;
  }

  Status Verify() override {
    DRIFTCAST_ASSIGN_OR_RETURN(const PackageState now, tools_.packages.Read(name_));
    if (now.installed != wanted_.installed)
      return FailedPrecondition("{} is in state '{}'", name_, now.status);
    if (now.installed && now.version != wanted_.version)
      return FailedPrecondition("{} is at {} and not at {}", name_, now.version, wanted_.version);
    if (now.installed && now.hold != wanted_.hold)
      return FailedPrecondition("{} is {}held", name_, now.hold ? "" : "not ");
    return Ok();
  }

  std::string Preview() const override {
    const auto text = [](const PackageState& state) {
      if (!state.installed) return std::string("not installed");
      return state.version + (state.hold ? " (held)" : "");
    };
    if (before_.SameAs(wanted_)) return "";
    return fmt::format("package {}: {} -> {}\n", name_, text(before_), text(wanted_));
  }

  // Of a hold nothing is noticed; of a new version at most this.
  Duration downtime() const override { return ChangesVersion() ? downtime_ : Duration{0}; }

 private:
  bool ChangesVersion() const {
    return before_.installed != wanted_.installed || before_.version != wanted_.version;
  }

  Status PrepareInstall(bool dry) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string version, Parameter(step_, "version"));
    DRIFTCAST_RETURN_IF_ERROR(ValidatePackageVersion(version));
    wanted_.installed = true;
    wanted_.version = version;
    if (!ChangesVersion()) return Ok();
    if (dry) return Ok();
    DRIFTCAST_ASSIGN_OR_RETURN(
        deb_wanted_, tools_.packages.Secure(name_, version, before_.architecture, step_.timeout));
    return SecureWayBack();
  }

  Status PrepareRemove(bool dry) {
    wanted_ = PackageState{};
    if (!before_.installed || dry) return Ok();
    return SecureWayBack();
  }

  // The package to go back to is there before anything happens, or the step was approved as
  // one-way.
  Status SecureWayBack() {
    if (!before_.installed) return Ok();
    auto deb = tools_.packages.Secure(name_, before_.version, before_.architecture, step_.timeout);
    if (deb.ok()) deb_before_ = *std::move(deb);
    if (!deb.ok() && step_.reversible)
      return FailedPrecondition(
          "the way back cannot be secured, and the step was approved as reversible: {}",
          Message(deb.status()));
    return Ok();
  }

  Status Change() {
    if (step_.kind == StepKind::kRemoveResource)
      return tools_.packages.Remove(name_, false, step_.timeout);
    if (!ChangesVersion()) return tools_.packages.SetHold(name_, wanted_.hold);
    const std::string deb = (tools_.data / "debs" / deb_wanted_).string();
    DRIFTCAST_RETURN_IF_ERROR(tools_.packages.Install(deb, step_.timeout));
    // Installing by hand takes a hold off.
    DRIFTCAST_ASSIGN_OR_RETURN(const PackageState now, tools_.packages.Read(name_));
    if (now.hold != wanted_.hold) return tools_.packages.SetHold(name_, wanted_.hold);
    return Ok();
  }

  Status AddConffiles(std::vector<Undo>& undos) const {
    std::set<std::string> paths(before_.conffiles.begin(), before_.conffiles.end());
    if (!deb_wanted_.empty()) {
      DRIFTCAST_ASSIGN_OR_RETURN(const auto fresh, tools_.packages.ConffilesIn(deb_wanted_));
      paths.insert(fresh.begin(), fresh.end());
    }
    // dpkg may put what it does not install, or what it replaces, beside the file.
    for (const auto& path : paths) {
      for (const char* ending : {"", ".dpkg-dist", ".dpkg-old", ".dpkg-new"}) {
        Undo undo;
        undo.kind = Undo::Kind::kFile;
        undo.name = path + ending;
        DRIFTCAST_ASSIGN_OR_RETURN(undo.before, tools_.files.Read(undo.name));
        undos.push_back(std::move(undo));
      }
    }
    return Ok();
  }

  const PlanStep step_;
  const ActionTools tools_;
  const std::string name_;
  PackageState before_, wanted_;
  std::string deb_wanted_, deb_before_;  // files in DATA/debs
  Duration downtime_{0};
};

}  // namespace

std::unique_ptr<Action> MakePackageAction(const PlanStep& step, const ActionTools& tools) {
  return std::make_unique<PackageAction>(step, tools);
}

}  // namespace driftcast
