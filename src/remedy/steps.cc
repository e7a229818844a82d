// Typed steps for a situation, or the reason why there are none.
#include <algorithm>

#include "base/status.h"
#include "intel/version.h"
#include "remedy/strategies.h"

namespace driftcast {
namespace {

constexpr Duration kPackageTimeout = std::chrono::minutes(15);

PlanStep Step(const Situation& s, StepKind kind, std::map<std::string, std::string> parameters) {
  PlanStep step;
  step.kind = kind;
  step.resource = s.shadow.id;
  step.parameters = std::move(parameters);
  return step;
}

bool Settable(const Value& value) {
  return value.type != ValueType::kSecret && value.type != ValueType::kDigest;
}

// Members of a set are told apart by their values.
bool IsSetMember(const std::string& path) { return path.ends_with("[]"); }

void AddToBase(const std::string& path, const std::optional<Value>& observed, PlanBase& base) {
  if (observed) base.observed.push_back({path, *observed});
}

// The step that gives one key of a file the value `wanted` (none = not there).
StatusOr<PlanStep> FileKeyStep(const Situation& s, const std::string& path,
                               const std::optional<Value>& wanted) {
  if (IsMetadataKey(path)) {
    if (!wanted) return FailedPrecondition("{} has no expected value", path);
    return Step(s, StepKind::kRestoreMetadata, {{path.substr(1), wanted->text}});
  }
  if (path.starts_with("@") && path != "@content")
    return FailedPrecondition("{} cannot be put back by a typed step", path);
  if (!wanted) return Step(s, StepKind::kRemoveKey, {{"path", path}});
  if (wanted->type == ValueType::kSecret)
    return FailedPrecondition(
        "{} is a secret: only its host knows the value, so it cannot be put "
        "back from here",
        path);
  if (wanted->type == ValueType::kDigest) {
    if (!s.ContextHas("kept", wanted->text))
      return FailedPrecondition(
          "the expected content is known by its fingerprint only, and the "
          "host keeps no copy of it");
    return Step(s, StepKind::kRestoreContent, {{"digest", wanted->text}});
  }
  return Step(s, StepKind::kSetKey, {{"path", path}, {"value", wanted->text}});
}

// Owner, group and mode of one file are one step: changed apart, the file would be open between.
void MergeMetadata(std::vector<PlanStep>& steps) {
  PlanStep* first = nullptr;
  for (auto& step : steps) {
    if (step.kind != StepKind::kRestoreMetadata) continue;
    if (!first) {
      first = &step;
      continue;
    }
    first->parameters.merge(step.parameters);
    step.kind = StepKind::kNone;
  }
  std::erase_if(steps, [](const PlanStep& step) { return step.kind == StepKind::kNone; });
}

StatusOr<std::vector<PlanStep>> FileToExpected(const Situation& s, PlanBase& base) {
  if (!s.shadow.exists)
    return FailedPrecondition("the file is gone, and only its keys are known, not its content");
  if (s.context.drift->status == ResourceStatus::kUnmanaged) {
    // What the host can compare: a secret's fingerprint is made with a key that only its agent has.
    for (const auto& key : s.shadow.keys)
      if (key.observed && key.observed->type != ValueType::kSecret &&
          (!key.path.starts_with("@") || IsMetadataKey(key.path) || key.path == "@content"))
        AddToBase(key.path, key.observed, base);
    return std::vector{Step(s, StepKind::kRemoveResource, {})};
  }
  std::vector<PlanStep> steps;
  for (const auto& key : s.differing) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto step, FileKeyStep(s, key.path, key.expected));
    if (IsSetMember(key.path) && step.kind == StepKind::kRemoveKey) {
      if (!key.observed || !Settable(*key.observed))
        return FailedPrecondition("a member of {} is not known in the clear", key.path);
      step.parameters["value"] = key.observed->text;
    }
    steps.push_back(std::move(step));
    AddToBase(key.path, key.observed, base);
  }
  MergeMetadata(steps);
  return steps;
}

// Going back needs the version that is there now. Without a source for it the step is one-way.
bool CanFetch(const Situation& s, const std::string& version) {
  return s.Context("candidate") == version || s.ContextHas("available", version);
}

StatusOr<std::vector<PlanStep>> PackageToVersion(const Situation& s, const Value& version,
                                                 PlanBase& base) {
  if (version.type != ValueType::kText && version.type != ValueType::kInteger &&
      version.type != ValueType::kReal)
    return FailedPrecondition("the wanted version is not known");
  PlanStep step = Step(s, StepKind::kInstallPackage, {{"version", version.text}});
  step.timeout = kPackageTimeout;
  const ShadowKey* now = s.FindKey("version");
  if (now && now->observed) {
    step.reversible = CanFetch(s, now->observed->text);
    AddToBase("version", now->observed, base);
  }
  if (const ShadowKey* status = s.FindKey("status")) AddToBase("status", status->observed, base);
  return std::vector{std::move(step)};
}

StatusOr<std::vector<PlanStep>> PackageToExpected(const Situation& s, PlanBase& base) {
  if (s.context.drift->status == ResourceStatus::kUnmanaged) {
    const ShadowKey* now = s.FindKey("version");
    if (!now || !now->observed) return FailedPrecondition("the installed version is not known");
    AddToBase("version", now->observed, base);
    PlanStep step = Step(s, StepKind::kRemoveResource, {});
    step.reversible = CanFetch(s, now->observed->text);
    step.timeout = kPackageTimeout;
    return std::vector{std::move(step)};
  }
  std::vector<PlanStep> steps;
  for (const auto& key : s.differing) {
    if (key.path == "version" && key.expected) {
      DRIFTCAST_ASSIGN_OR_RETURN(auto install, PackageToVersion(s, *key.expected, base));
      steps.insert(steps.begin(), install.begin(), install.end());
    } else if (key.path == "status" && key.expected && key.expected->text == "installed") {
      // Removed, or left half way; a step that installs a version is there already or comes now.
      const ShadowKey* version = s.FindKey("version");
      if (!version || !version->expected)
        return FailedPrecondition("no version is expected that could be installed");
      if (version->verdict != KeyVerdict::kSame) continue;
      DRIFTCAST_ASSIGN_OR_RETURN(auto install, PackageToVersion(s, *version->expected, base));
      steps.insert(steps.begin(), install.begin(), install.end());
    } else if (key.path == "hold") {
      const bool hold = key.expected && key.expected->text == "true";
      steps.push_back(Step(s, hold ? StepKind::kHoldPackage : StepKind::kUnholdPackage, {}));
      AddToBase(key.path, key.observed, base);
    } else if (!s.shadow.exists) {
      continue;  // a missing package lacks all its keys; installing it brings them
    } else {
      return FailedPrecondition("{} of a package cannot be set", key.path);
    }
  }
  if (steps.empty()) return FailedPrecondition("no version is expected that could be installed");
  return steps;
}

StatusOr<PlanStep> SysctlStep(const Situation& s, const Value& value) {
  if (!Settable(value)) return FailedPrecondition("the wanted value is not known in the clear");
  return Step(s, StepKind::kSetSysctl, {{"value", value.text}, {"persist", "true"}});
}

StatusOr<std::vector<PlanStep>> SysctlToExpected(const Situation& s, PlanBase& base) {
  for (const auto& key : s.differing) {
    if (key.path != "value") continue;
    if (!key.expected) return FailedPrecondition("no value is expected");
    DRIFTCAST_ASSIGN_OR_RETURN(auto step, SysctlStep(s, *key.expected));
    AddToBase(key.path, key.observed, base);
    return std::vector{std::move(step)};
  }
  return FailedPrecondition("only the value of a kernel setting can be set");
}

// Whether a unit starts by itself, and runs. What it runs is set in files. The base names no state:
// a unit that has come back by itself meanwhile is none to be refused.
StatusOr<std::vector<PlanStep>> UnitToExpected(const Situation& s, PlanBase& base) {
  std::vector<PlanStep> steps;
  for (const auto& key : s.differing) {
    const std::string state = key.expected ? key.expected->text : "";
    if (key.path == "state" && (state == "running" || state == "stopped")) {
      steps.push_back(Step(s, state == "running" ? StepKind::kStartUnit : StepKind::kStopUnit, {}));
      continue;
    }
    if (key.path != "enabled")
      return FailedPrecondition("{} of a unit comes from its files, which are put back instead",
                                key.path);
    const std::string was = key.observed ? key.observed->text : "";
    const std::string wanted = key.expected ? key.expected->text : "";
    AddToBase(key.path, key.observed, base);
    if (was == "masked") steps.push_back(Step(s, StepKind::kUnmaskUnit, {}));
    if (wanted == "masked") {
      steps.push_back(Step(s, StepKind::kMaskUnit, {}));
    } else if (wanted == "enabled") {
      steps.push_back(Step(s, StepKind::kEnableUnit, {}));
    } else if (wanted == "disabled") {
      if (was != "masked") steps.push_back(Step(s, StepKind::kDisableUnit, {}));
    } else {
      return FailedPrecondition("a unit cannot be made '{}' by a step", wanted);
    }
  }
  return steps;
}

// The forecast's likeliest key, when it is likely enough to act on.
StatusOr<const PredictedKey*> LikelyKey(const Situation& s) {
  if (s.context.prediction->keys.empty())
    return FailedPrecondition("the forecast does not say which key will move");
  const PredictedKey& key = s.context.prediction->keys.front();
  if (!key.value || key.value_p < 0.5)
    return FailedPrecondition("the forecast does not say with P >= 0.5 what {} will become",
                              key.path);
  return &key;
}

Value TypedLike(const Situation& s, const std::string& path, const std::string& text) {
  const ShadowKey* now = s.FindKey(path);
  if (now && now->observed && now->observed->type == ValueType::kText) return Value::Text(text);
  return Value::Guess(text);
}

StatusOr<std::vector<PlanStep>> PackageToPredicted(const Situation& s, PlanBase& base) {
  std::optional<std::string> version = s.Context("candidate");
  if (!version) {
    DRIFTCAST_ASSIGN_OR_RETURN(const PredictedKey* key, LikelyKey(s));
    if (key->path == "version") version = key->value;
  }
  if (!version || version->empty())
    return FailedPrecondition("no coming version of {} is known", s.short_name);
  const ShadowKey* now = s.FindKey("version");
  if (!now || !now->observed) return FailedPrecondition("the installed version is not known");
  if (intel::CompareDpkgVersions(*version, now->observed->text) <= 0)
    return FailedPrecondition("{} {} is already the newest that is on offer", s.short_name,
                              now->observed->text);
  return PackageToVersion(s, Value::Text(*version), base);
}

}  // namespace

PlanStep AcceptStep(const Situation& s) { return Step(s, StepKind::kAcceptObserved, {}); }

StatusOr<std::vector<PlanStep>> StepsToExpected(const Situation& s, PlanBase& base) {
  base.resource = s.shadow.id;
  StatusOr<std::vector<PlanStep>> steps = FailedPrecondition(
      "there are no typed steps yet that change a resource of kind {}", s.shadow.id.kind);
  if (s.family == Family::kFile) steps = FileToExpected(s, base);
  if (s.family == Family::kPackage) steps = PackageToExpected(s, base);
  if (s.family == Family::kSysctl) steps = SysctlToExpected(s, base);
  if (s.family == Family::kUnit) steps = UnitToExpected(s, base);
  if (s.family == Family::kAccount) steps = AccountToExpected(s, base);
  if (s.family == Family::kMount) steps = MountToExpected(s, base);
  if (s.family == Family::kCertificate)
    steps = FailedPrecondition(
        "a certificate comes from whoever issues it: a command of the host renews it "
        "([[relief]]), or its file is put back as a file");
  Canonicalize(base.observed);
  if (steps.ok() && steps->empty()) return FailedPrecondition("no key differs that can be set");
  return steps;
}

StatusOr<std::vector<PlanStep>> StepsToPredicted(const Situation& s, PlanBase& base) {
  base.resource = s.shadow.id;
  if (!s.shadow.exists) return FailedPrecondition("the resource does not exist");
  if (s.family == Family::kPackage) return PackageToPredicted(s, base);
  const bool user = s.shadow.id.kind == "user";
  if (s.family != Family::kFile && s.family != Family::kSysctl && !user)
    return FailedPrecondition("a coming change of a {} is not made early by typed steps",
                              s.shadow.id.kind);
  DRIFTCAST_ASSIGN_OR_RETURN(const PredictedKey* key, LikelyKey(s));
  if (user && !IsSettableOfUser(key->path))
    return FailedPrecondition("{} of a user is not set by a step", key->path);
  const ShadowKey* now = s.FindKey(key->path);
  const Value value = TypedLike(s, key->path, *key->value);
  if (now && now->observed) {
    if (!Settable(*now->observed))
      return FailedPrecondition("{} is a secret or a fingerprint of content", key->path);
    AddToBase(key->path, now->observed, base);
  }
  StatusOr<PlanStep> step =
      s.family == Family::kSysctl ? SysctlStep(s, value) : FileKeyStep(s, key->path, value);
  if (!step.ok()) return step.status();
  return std::vector{*std::move(step)};
}

StatusOr<std::vector<PlanStep>> StepsToHoldStill(const Situation& s, PlanBase& base) {
  base.resource = s.shadow.id;
  const bool user = s.shadow.id.kind == "user";
  if (s.family != Family::kFile && s.family != Family::kSysctl && !user)
    return FailedPrecondition(
        "only keys of files, kernel settings and users can be guarded; a package is "
        "held instead");
  std::vector<PlanStep> steps;
  for (const auto& predicted : s.context.prediction->keys) {
    const ShadowKey* now = s.FindKey(predicted.path);
    if (!now || !now->observed || !Settable(*now->observed) || IsSetMember(now->path) ||
        IsMetadataKey(now->path) || (user && !IsSettableOfUser(now->path)))
      continue;
    PlanStep step =
        Step(s, StepKind::kArmGuard, {{"path", now->path}, {"value", now->observed->text}});
    step.parameters["until"] = FormatInstant(s.grid + s.site.prevent_for);
    AddToBase(now->path, now->observed, base);
    steps.push_back(std::move(step));
    if (steps.size() == 8) break;
  }
  Canonicalize(base.observed);
  if (steps.empty()) return FailedPrecondition("no likely key can be set back by itself");
  return steps;
}

}  // namespace driftcast
