#include "remedy/by_hand.h"

#include <algorithm>
#include <set>

#include "base/crypto.h"
#include "model/guard.h"
#include "remedy/estimate.h"
#include "remedy/propose.h"
#include "remedy/situation.h"

namespace driftcast {
namespace {

struct StepShape {
  StepKind kind;
  std::vector<const char*> kinds;     // of resources; empty = any
  std::vector<const char*> needed;    // parameters
  std::vector<const char*> optional;  // "*" = any further ones
};

const std::vector<StepShape>& Shapes() {
  static const std::vector<StepShape> shapes = {
      {StepKind::kAcceptObserved, {}, {}, {"until"}},
      {StepKind::kSetKey, {"file", "user", "authorized_key", "mount"}, {"path", "value"}, {}},
      {StepKind::kRemoveKey, {"file", "user", "authorized_key", "mount"}, {"path"}, {"value"}},
      {StepKind::kRestoreContent, {"file", "authorized_key"}, {}, {"digest"}},
      {StepKind::kRestoreMetadata, {"file"}, {}, {"owner", "group", "mode"}},
      {StepKind::kInstallPackage, {"package"}, {"version"}, {}},
      {StepKind::kHoldPackage, {"package"}, {}, {}},
      {StepKind::kUnholdPackage, {"package"}, {}, {}},
      {StepKind::kSetSysctl, {"sysctl"}, {"value"}, {"persist"}},
      {StepKind::kArmGuard, {"file", "sysctl", "user"}, {"path", "value", "until"}, {}},
      {StepKind::kRemoveResource, {"file", "package", "user", "group", "authorized_key"}, {}, {}},
      {StepKind::kReloadUnit, {"unit"}, {}, {}},
      {StepKind::kRestartUnit, {"unit"}, {}, {}},
      {StepKind::kStartUnit, {"unit"}, {}, {}},
      {StepKind::kStopUnit, {"unit"}, {}, {}},
      {StepKind::kEnableUnit, {"unit"}, {}, {}},
      {StepKind::kDisableUnit, {"unit"}, {}, {}},
      {StepKind::kMaskUnit, {"unit"}, {}, {}},
      {StepKind::kUnmaskUnit, {"unit"}, {}, {}},
      {StepKind::kRunCommand, {}, {"command"}, {"*"}},
      {StepKind::kCleanPackageCache, {}, {}, {}},
      {StepKind::kCheckUnit, {}, {}, {"unit"}},
      {StepKind::kCheckPort, {}, {"port"}, {"host"}},
      {StepKind::kCheckCommand, {}, {"command"}, {"*"}},
      {StepKind::kCheckSpace, {}, {"percent_max"}, {}},
      {StepKind::kWriteFile, {"file"}, {"content"}, {"mode"}},
      {StepKind::kCheckCertificate, {"certificate", "file"}, {"after"}, {}},
      {StepKind::kCheckMetric, {}, {"metric"}, {"min", "max"}},
  };
  return shapes;
}

Status CheckShape(const PlanStep& step, const StepShape& shape) {
  const std::string name = StepKindName(step.kind);
  const std::string kind = step.resource.kind.substr(0, step.resource.kind.find(':'));
  if (!shape.kinds.empty() && std::ranges::find(shape.kinds, kind) == shape.kinds.end())
    return InvalidArgument("{} makes no sense for a {}", name, kind);
  for (const char* needed : shape.needed)
    if (!step.parameters.contains(needed))
      return InvalidArgument("{} lacks its '{}'", name, needed);
  const bool free = !shape.optional.empty() && shape.optional[0] == std::string_view("*");
  for (const auto& [parameter, value] : step.parameters) {
    const auto is = [&name = parameter](const char* known) { return name == known; };
    if (!free && std::ranges::none_of(shape.needed, is) && std::ranges::none_of(shape.optional, is))
      return InvalidArgument("{} has no parameter '{}'", name, parameter.substr(0, 40));
  }
  return Ok();
}

const ShadowKey* KeyOf(const ShadowResource& shadow, const std::string& path) {
  for (const ShadowKey& key : shadow.keys)
    if (key.path == path) return &key;
  return nullptr;
}

bool ContextHas(const ShadowResource& shadow, const std::string& path, const std::string& text) {
  return std::ranges::any_of(shadow.context, [&](const KeyValue& entry) {
    return entry.path == path && entry.value.text == text;
  });
}

// The keys that a step moves: what has to be as it was when the plan was made.
std::vector<std::string> KeysOf(const PlanStep& step) {
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kRemoveKey:
    case StepKind::kArmGuard:
      return {step.parameters.at("path")};
    case StepKind::kRestoreContent:
    case StepKind::kWriteFile:
      if (step.resource.kind != "file") return {};
      return {"@content"};
    case StepKind::kRestoreMetadata: {
      std::vector<std::string> paths;
      for (const auto& [name, value] : step.parameters) paths.push_back("@" + name);
      return paths;
    }
    case StepKind::kInstallPackage:
      return {"version", "status"};
    case StepKind::kHoldPackage:
    case StepKind::kUnholdPackage:
      return {"hold"};
    case StepKind::kSetSysctl:
      return {"value"};
    case StepKind::kRemoveResource:
      if (step.resource.kind == "package") return {"version"};
      if (step.resource.kind == "user") return {"uid", "gid", "shell"};
      if (step.resource.kind == "group") return {"gid"};
      if (step.resource.kind == "authorized_key") return {"type", "options"};
      return {"@content"};
    case StepKind::kEnableUnit:
    case StepKind::kDisableUnit:
    case StepKind::kMaskUnit:
    case StepKind::kUnmaskUnit:
      return {"enabled"};
    default:
      return {};
  }
}

bool Reversible(const PlanStep& step, const ShadowResource* shadow) {
  switch (step.kind) {
    case StepKind::kRunCommand:
    case StepKind::kCleanPackageCache:
      return false;
    case StepKind::kInstallPackage:
    case StepKind::kRemoveResource: {
      if (step.resource.kind != "package") return true;
      const ShadowKey* now = shadow == nullptr ? nullptr : KeyOf(*shadow, "version");
      if (now == nullptr || !now->observed) return step.kind == StepKind::kInstallPackage;
      return ContextHas(*shadow, "candidate", now->observed->text) ||
             ContextHas(*shadow, "available", now->observed->text);
    }
    default:
      return true;
  }
}

PlanBase& BaseOf(RemediationPlan& plan, const ResourceId& resource) {
  for (PlanBase& base : plan.base)
    if (base.resource == resource) return base;
  return plan.base.emplace_back(PlanBase{resource, {}});
}

void AddToBase(const PlanStep& step, const ShadowResource& shadow, PlanBase& base) {
  for (const std::string& path : KeysOf(step)) {
    if (path.ends_with("[]")) continue;  // members are told apart by value, not by path
    const bool known = std::ranges::any_of(
        base.observed, [&](const KeyValue& entry) { return entry.path == path; });
    const ShadowKey* key = KeyOf(shadow, path);
    if (!known && key != nullptr && key->observed && key->observed->type != ValueType::kSecret)
      base.observed.push_back({path, *key->observed});
  }
}

std::optional<Value> InBase(const RemediationPlan& plan, const ResourceId& resource,
                            const std::string& path) {
  for (const PlanBase& base : plan.base)
    if (base.resource == resource)
      for (const KeyValue& entry : base.observed)
        if (entry.path == path) return entry.value;
  return std::nullopt;
}

PlanStep Like(const PlanStep& step, StepKind kind, std::map<std::string, std::string> parameters) {
  PlanStep back;
  back.kind = kind;
  back.resource = step.resource;
  back.parameters = std::move(parameters);
  back.timeout = step.timeout;
  return back;
}

Status NoWayBack(const PlanStep& step) {
  return FailedPrecondition("{} on {} has no way back that the engine knows",
                            StepKindName(step.kind), step.resource.name);
}

// The step that takes one back. kNone: there is nothing to take back.
StatusOr<PlanStep> BackStep(const RemediationPlan& plan, const PlanStep& step) {
  const auto was = [&](const std::string& path) { return InBase(plan, step.resource, path); };
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kRemoveKey: {
      const std::string& path = step.parameters.at("path");
      const auto value = step.parameters.find("value");
      const bool sets = step.kind == StepKind::kSetKey;
      // A member of a group, and a flag of a mount: the other way round.
      if (path.ends_with("[]") && step.resource.kind != "file" && value != step.parameters.end())
        return Like(step, sets ? StepKind::kRemoveKey : StepKind::kSetKey, step.parameters);
      if (path.ends_with("[]")) return NoWayBack(step);
      const auto before = was(path);
      if (!before && step.resource.kind == "user" && path == "password") return NoWayBack(step);
      if (!before) return Like(step, StepKind::kRemoveKey, {{"path", path}});
      if (before->type == ValueType::kSecret || before->type == ValueType::kDigest)
        return NoWayBack(step);
      return Like(step, StepKind::kSetKey, {{"path", path}, {"value", before->text}});
    }
    case StepKind::kRestoreContent:
    case StepKind::kWriteFile: {
      if (step.resource.kind != "file") return Like(step, StepKind::kRemoveResource, {});
      const auto before = was("@content");
      if (!before) return Like(step, StepKind::kRemoveResource, {});
      return Like(step, StepKind::kRestoreContent, {{"digest", before->text}});
    }
    case StepKind::kRestoreMetadata: {
      std::map<std::string, std::string> parameters;
      for (const auto& [name, value] : step.parameters) {
        const auto before = was("@" + name);
        if (!before) return NoWayBack(step);
        parameters[name] = before->text;
      }
      return Like(step, StepKind::kRestoreMetadata, std::move(parameters));
    }
    case StepKind::kInstallPackage: {
      const auto before = was("version");
      if (!before) return Like(step, StepKind::kRemoveResource, {});
      return Like(step, StepKind::kInstallPackage, {{"version", before->text}});
    }
    case StepKind::kHoldPackage:
      return Like(step, StepKind::kUnholdPackage, {});
    case StepKind::kUnholdPackage:
      return Like(step, StepKind::kHoldPackage, {});
    case StepKind::kSetSysctl: {
      const auto before = was("value");
      if (!before) return NoWayBack(step);
      PlanStep back = Like(step, StepKind::kSetSysctl, step.parameters);
      back.parameters["value"] = before->text;
      return back;
    }
    case StepKind::kRemoveResource: {
      if (step.resource.kind == "package") {
        const auto version = was("version");
        if (!version) return NoWayBack(step);
        return Like(step, StepKind::kInstallPackage, {{"version", version->text}});
      }
      // Its line is among what the host kept when it was removed.
      if (step.resource.kind == "authorized_key") return Like(step, StepKind::kRestoreContent, {});
      if (step.resource.kind != "file") return NoWayBack(step);
      const auto content = was("@content");
      if (!content) return NoWayBack(step);
      return Like(step, StepKind::kRestoreContent, {{"digest", content->text}});
    }
    case StepKind::kStartUnit:
      return Like(step, StepKind::kStopUnit, {});
    case StepKind::kStopUnit:
      return Like(step, StepKind::kStartUnit, {});
    case StepKind::kEnableUnit:
      return Like(step, StepKind::kDisableUnit, {});
    case StepKind::kDisableUnit:
      return Like(step, StepKind::kEnableUnit, {});
    case StepKind::kMaskUnit:
      return Like(step, StepKind::kUnmaskUnit, {});
    case StepKind::kUnmaskUnit:
      return Like(step, StepKind::kMaskUnit, {});
    case StepKind::kReloadUnit:
    case StepKind::kRestartUnit:  // again, so that the unit takes the old values up
      return Like(step, step.kind, {});
    case StepKind::kCheckUnit:
    case StepKind::kCheckPort:
    case StepKind::kCheckCommand:
    case StepKind::kCheckSpace:
    case StepKind::kCheckCertificate:
    case StepKind::kCheckMetric:
    case StepKind::kAcceptObserved:
      return PlanStep{};
    default:
      return NoWayBack(step);
  }
}

std::string Found(const ShadowKey* key) {
  return key == nullptr || !key->observed ? "absent" : key->observed->Display();
}

void WantValue(const ShadowResource& shadow, const std::string& path, const std::string& wanted,
               std::vector<std::string>& unmet) {
  bool found = false;
  for (const ShadowKey& key : shadow.keys)
    found = found || (key.path == path && key.observed && key.observed->text == wanted);
  if (!found)
    unmet.push_back(fmt::format("{} of {} is {} and not {}", path, shadow.id.name,
                                Found(KeyOf(shadow, path)), wanted));
}

void UnmetOf(const PlanStep& step, const ShadowResource& shadow, std::vector<std::string>& unmet) {
  const auto parameter = [&](const char* name) { return step.parameters.at(name); };
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kArmGuard:
      return WantValue(shadow, parameter("path"), parameter("value"), unmet);
    case StepKind::kRemoveKey: {
      const auto value = step.parameters.find("value");
      for (const ShadowKey& key : shadow.keys)
        if (key.path == parameter("path") && key.observed &&
            (value == step.parameters.end() || key.observed->text == value->second))
          unmet.push_back(fmt::format("{} of {} is still there", key.path, shadow.id.name));
      return;
    }
    case StepKind::kRestoreContent:
      if (step.resource.kind != "file") {
        if (!shadow.exists) unmet.push_back(shadow.id.name + " is not there");
        return;
      }
      return WantValue(shadow, "@content", parameter("digest"), unmet);
    case StepKind::kRestoreMetadata:
      for (const auto& [name, value] : step.parameters) WantValue(shadow, "@" + name, value, unmet);
      return;
    case StepKind::kInstallPackage:
      return WantValue(shadow, "version", parameter("version"), unmet);
    case StepKind::kHoldPackage:
      return WantValue(shadow, "hold", "true", unmet);
    case StepKind::kUnholdPackage: {
      const ShadowKey* hold = KeyOf(shadow, "hold");
      if (hold != nullptr && hold->observed && hold->observed->text == "true")
        unmet.push_back(shadow.id.name + " is still held");
      return;
    }
    case StepKind::kSetSysctl:
      return WantValue(shadow, "value", parameter("value"), unmet);
    case StepKind::kRemoveResource:
      if (shadow.exists) unmet.push_back(shadow.id.name + " is still there");
      return;
    case StepKind::kEnableUnit:
      return WantValue(shadow, "enabled", "enabled", unmet);
    case StepKind::kDisableUnit:
      return WantValue(shadow, "enabled", "disabled", unmet);
    case StepKind::kMaskUnit:
      return WantValue(shadow, "enabled", "masked", unmet);
    default:
      return;
  }
}

}  // namespace

StatusOr<Strategy> StrategyNamed(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Strategy::kSchedule); ++i)
    if (name == StrategyName(static_cast<Strategy>(i))) return static_cast<Strategy>(i);
  return InvalidArgument("there is no strategy '{}'", name.substr(0, 40));
}

StatusOr<StepKind> StepKindNamed(std::string_view name) {
  for (int i = 1; i <= static_cast<int>(StepKind::kCheckMetric); ++i)
    if (name == StepKindName(static_cast<StepKind>(i))) return static_cast<StepKind>(i);
  return InvalidArgument("there is no kind of step '{}'", name.substr(0, 40));
}

Status CheckSteps(const RemediationPlan& plan) {
  if (plan.steps.empty()) return InvalidArgument("a plan without steps");
  if (plan.steps.size() > kWrittenStepsMax)
    return InvalidArgument("{} steps are more than {}", plan.steps.size(), kWrittenStepsMax);
  size_t bytes = 0;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanStep& step = plan.steps[i];
    const std::string which = fmt::format("step {}", i + 1);
    if (const Status valid = ValidateResourceId(step.resource); !valid.ok())
      return Annotate(valid, which);
    if (step.resource.stack != plan.stack)
      return InvalidArgument("{} is about stack '{}' and not '{}'", which,
                             step.resource.stack.value, plan.stack.value);
    if (step.timeout <= Duration(0) || step.timeout > kHour * 6)
      return InvalidArgument("{}: its timeout is not between 0 and 6 hours", which);
    const auto& shapes = Shapes();
    const auto shape = std::ranges::find(shapes, step.kind, &StepShape::kind);
    if (shape == shapes.end())
      return InvalidArgument("{}: {} cannot be written by hand", which, StepKindName(step.kind));
    if (const Status fits = CheckShape(step, *shape); !fits.ok()) return Annotate(fits, which);
    if (step.kind == StepKind::kRestoreContent && step.resource.kind.starts_with("file") &&
        !step.parameters.contains("digest"))
      return InvalidArgument("{}: restore_content lacks its 'digest'", which);
    for (const auto& [name, value] : step.parameters) bytes += name.size() + value.size();
  }
  if (IsGuard(plan)) DRIFTCAST_RETURN_IF_ERROR(GuardEnd(plan).status());
  if (bytes > kWrittenBytesMax)
    return InvalidArgument("the steps' parameters are larger than {} bytes", kWrittenBytesMax);
  return Ok();
}

Status CompletePlan(const PlanContext& context, const ShadowOf& shadow_of, RemediationPlan& plan) {
  plan.resources.clear();
  plan.base.clear();
  plan.reversible = true;
  for (PlanStep& step : plan.steps) {
    if (std::ranges::count(plan.resources, step.resource) == 0 && !IsCheckStep(step.kind))
      plan.resources.push_back(step.resource);
    const auto shadow = shadow_of(step.resource);
    const bool may_be_new = step.kind == StepKind::kWriteFile ||
                            step.kind == StepKind::kInstallPackage || KeysOf(step).empty();
    if (!shadow && !may_be_new)
      return NotFound("there is no resource {} that a step could change", step.resource.ToText());
    step.reversible = Reversible(step, shadow ? &*shadow : nullptr);
    plan.reversible = plan.reversible && step.reversible;
    if (step.kind == StepKind::kAcceptObserved || IsCheckStep(step.kind)) continue;
    PlanBase& base = BaseOf(plan, step.resource);
    if (shadow) AddToBase(step, *shadow, base);
  }
  if (plan.resources.empty()) return InvalidArgument("the plan changes nothing");
  for (PlanBase& base : plan.base) Canonicalize(base.observed);
  const Situation s = Assess(context);
  Draft draft;
  draft.plan = std::move(plan);
  EstimateDraft(s, draft);
  plan = std::move(draft.plan);
  plan.made_at = context.now;
  plan.expires_at = s.grid + kHour * 12 + s.site.plan_lifetime;
  if (IsGuard(plan)) {  // its order holds until its end
    plan.strategy = Strategy::kGuard;
    plan.expires_at = Instant();
    DRIFTCAST_ASSIGN_OR_RETURN(plan.expires_at, GuardEnd(plan));
  }
  plan.hash = PlanHash(plan);
  return Ok();
}

StatusOr<RemediationPlan> UndoPlan(const RemediationPlan& applied) {
  if (applied.state != PlanState::kSucceeded)
    return FailedPrecondition("plan {} is {}; only one that was applied can be undone",
                              applied.id.value, PlanStateName(applied.state));
  if (!ChangesHost(applied))
    return FailedPrecondition("plan {} changed nothing on the host", applied.id.value);
  RemediationPlan undo;
  undo.id = PlanId(applied.id.value + "-undo");
  undo.undo_of = applied.id;
  undo.strategy = Strategy::kRevert;
  undo.stack = applied.stack;
  undo.title = "Undo: " + applied.title;
  undo.why = "Takes back what the plan did, to the values that were there before it.";
  undo.trigger = applied.trigger;
  for (const PlanStep& step : applied.steps) {
    DRIFTCAST_ASSIGN_OR_RETURN(PlanStep back, BackStep(applied, step));
    if (back.kind != StepKind::kNone) undo.steps.push_back(std::move(back));
  }
  // Last done, first undone; reloads and restarts stay behind what they take up.
  std::ranges::reverse(undo.steps);
  std::stable_partition(undo.steps.begin(), undo.steps.end(), [](const PlanStep& step) {
    return step.kind != StepKind::kReloadUnit && step.kind != StepKind::kRestartUnit;
  });
  return undo;
}

std::vector<std::string> Unmet(const RemediationPlan& plan, const ShadowOf& shadow_of) {
  std::vector<std::string> unmet;
  for (const PlanStep& step : plan.steps) {
    if (KeysOf(step).empty() && step.kind != StepKind::kRemoveResource) continue;
    const auto shadow = shadow_of(step.resource);
    if (!shadow) {
      if (step.kind != StepKind::kRemoveResource)
        unmet.push_back(step.resource.name + " is not known");
      continue;
    }
    UnmetOf(step, *shadow, unmet);
  }
  return unmet;
}

}  // namespace driftcast
