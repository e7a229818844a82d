#include "remedy/strategies.h"

#include <algorithm>

#include "base/status.h"
#include "model/order.h"
#include "shadow/glob.h"

namespace driftcast {
namespace {

// A revert that undoes something wanted hurts as much as leaving something unwanted.
double RiskOfRevert(const Situation& s) { return s.severity * (1 - s.p_unwanted); }
// What is accepted for good is never looked at again; what is tolerated comes up once more, and may
// then be undone although it was wanted. Assumptions, as are those about holds.
constexpr double kForgotten = 1.25;
constexpr double kAskedAgain = 0.1;
constexpr double kPassesHold = 0.1;
constexpr double kComesLater = 0.5;

double RiskOfKeeping(const Situation& s) { return s.severity * s.p_unwanted; }

std::string Percent(double p) { return fmt::format("{:.0f} %", p * 100); }

std::string ForecastText(const Situation& s) {
  return fmt::format("P(change within {}) is {}, and P(unwanted | change) {}",
                     kHorizonNames[kRiskHorizon], Percent(s.p_change), Percent(s.p_unwanted));
}

Draft Start(const Situation& s, Strategy strategy) {
  Draft draft;
  draft.plan = StartPlan(s, strategy);
  return draft;
}

// Said with every plan about the resource.
std::string FightText(const Situation& s) {
  const Fight& fight = s.context.fight;
  if (fight.undone < 2) return "";
  return fmt::format(
      " What was put back here {} times within a week was undone each time, last by {} ({}). Let "
      "one side own it: expect what is there, or stop who undoes it.",
      fight.undone, fight.by.empty() ? "somebody not known" : fight.by, fight.evidence);
}

// The first kind, in words, that the plan needs and the host's allow-list does not name.
std::string NotAllowed(const Situation& s, const RemediationPlan& plan) {
  static const std::map<std::string, const char*> kWords = {
      {"file", "files"},   {"package", "packages"},        {"unit", "units"},
      {"user", "users"},   {"sysctl", "kernel settings"},  {"group", "groups"},
      {"mount", "mounts"}, {"authorized_key", "SSH keys"},
  };
  for (const PlanStep& step : plan.steps) {
    const std::string kind = PermissionFor(step).kind;
    if (kind.empty() ||
        std::ranges::find(s.context.allowed_kinds, kind) != s.context.allowed_kinds.end())
      continue;
    if (kind == "command") continue;  // says so itself
    const auto words = kWords.find(kind);
    return words == kWords.end() ? "resources of kind " + kind : words->second;
  }
  return "";
}

// Both kinds of trigger share a shape: start, add what is particular, hand over.
void Finish(const Situation& s, Draft draft, Drafts& out) {
  draft.plan.why += FightText(s);
  if (ChangesHost(draft.plan) && draft.plan.strategy != Strategy::kPrevent) {
    // Before the engine's own step at the end, when there is one.
    auto& steps = draft.plan.steps;
    const bool accepts = steps.back().kind == StepKind::kAcceptObserved;
    auto after = StepsAfter(s);
    // What a guard puts back is taken up; it is no better left when the unit is unwell all the
    // same.
    if (draft.plan.strategy == Strategy::kGuard)
      std::erase_if(after, [](const PlanStep& step) { return IsCheckStep(step.kind); });
    steps.insert(accepts ? steps.end() - 1 : steps.end(), after.begin(), after.end());
    for (const auto& step : after)
      if (!IsCheckStep(step.kind) && step.resource != s.shadow.id)
        draft.plan.base.push_back({step.resource, {}});
  }
  if (const std::string kind = NotAllowed(s, draft.plan); !kind.empty())
    draft.plan.why += fmt::format(" This host does not let its {} be changed yet.", kind);
  for (const auto& step : draft.plan.steps)
    draft.plan.reversible = draft.plan.reversible && step.reversible;
  out.drafts.push_back(std::move(draft));
}

std::string TargetVersion(const std::vector<PlanStep>& steps) {
  for (const auto& step : steps)
    if (const auto found = step.parameters.find("version"); found != step.parameters.end())
      return found->second;
  return "";
}

std::string RevertTitle(const Situation& s, const std::vector<PlanStep>& steps) {
  if (steps.front().kind == StepKind::kRemoveResource) return "Remove " + s.short_name;
  if (const auto version = TargetVersion(steps); !version.empty())
    return fmt::format("Put {} back to {}", s.short_name, version);
  return "Put " + DescribeKeys(s);
}

std::string AdoptTitle(const Situation& s, const std::vector<PlanStep>& steps) {
  if (const auto version = TargetVersion(steps); !version.empty())
    return fmt::format("Upgrade {} to {} now", s.short_name, version);
  const auto& parameters = steps.front().parameters;
  const auto path = parameters.find("path");
  const auto value = parameters.find("value");
  return fmt::format("Set {} of {} to {} now",
                     path == parameters.end() ? "the value" : path->second, s.short_name,
                     value == parameters.end() ? "what is coming" : value->second);
}

}  // namespace

std::string PredictionTrigger(const ResourceId& resource) {
  return "prediction:" + resource.ToText();
}

bool ChangesHost(const RemediationPlan& plan) {
  return std::ranges::any_of(
      plan.steps, [](const PlanStep& step) { return step.kind != StepKind::kAcceptObserved; });
}

std::string DescribeKeys(const Situation& s) {
  if (s.differing.size() != 1)
    return fmt::format("{} keys of {} back", s.differing.size(), s.short_name);
  const ShadowKey& key = s.differing.front();
  const std::string name =
      s.family == Family::kSysctl ? s.short_name : key.path + " of " + s.short_name;
  if (!key.expected) return name + " back to absent";
  return fmt::format("{} back to {}", name, key.expected->Display());
}

RemediationPlan StartPlan(const Situation& s, Strategy strategy) {
  RemediationPlan plan;
  plan.strategy = strategy;
  plan.stack = s.shadow.id.stack;
  plan.resources = {s.shadow.id};
  plan.trigger = s.is_drift ? s.context.drift->id : PredictionTrigger(s.shadow.id);
  plan.made_at = s.context.now;
  plan.expires_at = s.grid + kHour * 12 + s.site.plan_lifetime;
  return plan;
}

void DoNothing(const Situation& s, Drafts& out) {
  Draft draft = Start(s, Strategy::kDoNothing);
  draft.plan.title = s.is_drift ? "Leave it as it is" : "Wait and see";
  draft.plan.why = s.is_drift ? "Always possible: the drift stays open and stays shown."
                              : "Always possible: " + ForecastText(s) + ".";
  if (s.context.limit != nullptr) draft.plan.why += " " + s.context.limit->text + ".";
  draft.residual_risk = s.is_drift ? RiskOfKeeping(s) : s.severity * s.p_drift;
  draft.risk_text = s.is_drift ? "the drift stays" : "the change may come";
  Finish(s, std::move(draft), out);
}

void Revert(const Situation& s, Drafts& out) {
  if (!s.is_drift)
    return out.LeaveOut(Strategy::kRevert, "nothing has drifted yet, so nothing can be put back");
  Draft draft = Start(s, Strategy::kRevert);
  PlanBase base;
  auto steps = StepsToExpected(s, base);
  if (!steps.ok()) return out.LeaveOut(Strategy::kRevert, Message(steps.status()));
  draft.plan.title = RevertTitle(s, *steps);
  draft.plan.why = fmt::format(
      "What is expected is known for every key that differs, and typed steps can put it back. {}.",
      s.p_unwanted_from);
  draft.plan.steps = *std::move(steps);
  draft.plan.base = {std::move(base)};
  // The forecast, when there is one, says how likely it comes back; a fight says it louder.
  const Fight& fight = s.context.fight;
  double returns = s.context.prediction ? s.p_change * 0.5 : 0;
  if (fight.undone > 0) returns = std::max(returns, fight.undone / (fight.undone + 1.0));
  draft.residual_risk = RiskOfRevert(s) + RiskOfKeeping(s) * returns;
  draft.risk_text =
      returns > 0.05 ? "it may have been wanted, or come back" : "it may have been wanted";
  Finish(s, std::move(draft), out);
}

void Accept(const Situation& s, Drafts& out) {
  if (!s.is_drift)
    return out.LeaveOut(Strategy::kAccept, "nothing has drifted yet, so nothing can be accepted");
  Draft draft = Start(s, Strategy::kAccept);
  draft.plan.title = s.shadow.exists ? fmt::format("Expect {} as it is now", s.short_name)
                                     : fmt::format("Expect that {} is gone", s.short_name);
  draft.plan.why = "The observed values become the expected ones; the host is not touched. " +
                   s.p_unwanted_from + ".";
  draft.plan.steps = {AcceptStep(s)};
  PlanBase base{.resource = s.shadow.id, .observed = {}};
  for (const auto& key : s.differing)
    if (key.observed) base.observed.push_back({key.path, *key.observed});
  Canonicalize(base.observed);
  draft.plan.base = {std::move(base)};
  draft.residual_risk = RiskOfKeeping(s) * kForgotten;
  draft.risk_text = "if nobody wanted it, it stays and is no longer shown";
  Finish(s, std::move(draft), out);
}

void AcceptUntil(const Situation& s, Drafts& out) {
  const size_t before = out.drafts.size();
  Accept(s, out);
  if (out.drafts.size() == before) {  // left out, for the same reason
    out.left_out.back().strategy = Strategy::kAcceptUntil;
    return;
  }
  Draft& draft = out.drafts.back();
  const Instant until = s.grid + s.site.accept_for;
  draft.plan.strategy = Strategy::kAcceptUntil;
  draft.plan.title = fmt::format("Tolerate it until {}", FormatInstant(until).substr(0, 10));
  draft.plan.why =
      "The observed values are tolerated until a date; then the drift is open again. " +
      s.p_unwanted_from + "." + FightText(s);
  draft.plan.steps.front().parameters["until"] = FormatInstant(until);
  draft.residual_risk = RiskOfKeeping(s) + kAskedAgain * RiskOfRevert(s);
  draft.risk_text = "the drift is out of sight until then, and has to be decided about again";
}

void Prevent(const Situation& s, Drafts& out) {
  if (s.is_drift) return out.LeaveOut(Strategy::kPrevent, "it has already happened");
  if (s.family != Family::kPackage)
    return out.LeaveOut(Strategy::kPrevent,
                        "only packages have a lock of their own (dpkg's hold); files, kernel "
                        "settings and users can be guarded instead");
  const ShadowKey* hold = s.FindKey("hold");
  if (hold && hold->observed && hold->observed->text == "true")
    return out.LeaveOut(Strategy::kPrevent, s.short_name + " is already held");
  const ShadowKey* version = s.FindKey("version");
  if (!version || !version->observed)
    return out.LeaveOut(Strategy::kPrevent, "the installed version is not known");
  Draft draft = Start(s, Strategy::kPrevent);
  draft.plan.title = fmt::format("Hold {} at {}", s.short_name, version->observed->text);
  draft.plan.why = fmt::format(
      "{}; a hold makes apt and unattended-upgrades leave the package alone until somebody takes "
      "it off.",
      ForecastText(s));
  PlanStep step;
  step.kind = StepKind::kHoldPackage;
  step.resource = s.shadow.id;
  draft.plan.steps = {std::move(step)};
  PlanBase base{.resource = s.shadow.id, .observed = {{"version", *version->observed}}};
  if (hold && hold->observed) base.observed.push_back({"hold", *hold->observed});
  Canonicalize(base.observed);
  draft.plan.base = {std::move(base)};
  // A hold stops apt, not a person who means it; and what it keeps away comes once it is off.
  draft.residual_risk = s.severity * s.p_drift * (kPassesHold + (1 - kPassesHold) * kComesLater);
  draft.risk_text = "assumed: 1 in 10 changes passes a hold, and half of the rest comes later";
  Finish(s, std::move(draft), out);
}

void AdoptEarly(const Situation& s, Drafts& out) {
  if (s.is_drift) return out.LeaveOut(Strategy::kAdoptEarly, "it has already happened");
  Draft draft = Start(s, Strategy::kAdoptEarly);
  PlanBase base;
  auto steps = StepsToPredicted(s, base);
  if (!steps.ok()) return out.LeaveOut(Strategy::kAdoptEarly, Message(steps.status()));
  draft.plan.title = AdoptTitle(s, *steps);
  draft.plan.why = ForecastText(s) +
                   "; made now, it happens while somebody watches, and is "
                   "expected from then on.";
  draft.plan.steps = *std::move(steps);
  draft.plan.steps.push_back(AcceptStep(s));
  draft.plan.base = {std::move(base)};
  // What is unwanted about a coming package version is the surprise. What is unwanted about a
  // coming value of a setting is the value itself, which this plan would bring about.
  const double unwanted_anyway = s.family == Family::kPackage ? 0.2 : 1.0;
  draft.residual_risk = s.severity * s.p_unwanted * unwanted_anyway;
  draft.risk_text = s.family == Family::kPackage
                        ? "the new version may itself be unwanted (assumed: 1 in 5)"
                        : "the value may itself be unwanted";
  Finish(s, std::move(draft), out);
}

void Guard(const Situation& s, Drafts& out) {
  if (s.is_drift) return out.LeaveOut(Strategy::kGuard, "it has already happened");
  if (!s.context.host_can_guard)
    return out.LeaveOut(Strategy::kGuard, "this host's agent does not watch guards");
  Draft draft = Start(s, Strategy::kGuard);
  PlanBase base;
  auto steps = StepsToHoldStill(s, base);
  if (!steps.ok()) return out.LeaveOut(Strategy::kGuard, Message(steps.status()));
  draft.plan.title = fmt::format("Guard {} until {}", s.short_name,
                                 steps->front().parameters.at("until").substr(0, 10));
  draft.plan.why =
      ForecastText(s) +
      "; a guard puts the likely keys back by itself when they move, within seconds, until then, "
      "and has what the policy names ([[after]]) take them up again.";
  draft.plan.steps = *std::move(steps);
  draft.plan.base = {std::move(base)};
  draft.plan.expires_at = s.grid + s.site.prevent_for;  // its order holds until then
  draft.residual_risk = s.p_change * s.severity * (0.1 * s.p_unwanted + (1 - s.p_unwanted));
  draft.risk_text = "it would also undo a change that somebody wants";
  Finish(s, std::move(draft), out);
}

// The limit is this kernel setting: twice of it.
void RaiseLimit(const Situation& s, Drafts& out) {
  constexpr double kRaisedBy = 2;
  const ShadowKey* value = s.FindKey("value");
  const double raised = s.context.limit->limit * kRaisedBy;
  if (s.is_drift || s.family != Family::kSysctl || value == nullptr || !value->observed ||
      !(raised > 0 && raised < 1e15))
    return out.LeaveOut(Strategy::kRelieveCause,
                        "the policy names no command of the host that would relieve this "
                        "([[relief]]), and the limit is no setting that typed steps can raise");
  Draft draft = Start(s, Strategy::kRelieveCause);
  draft.plan.title = fmt::format("Raise {} to {:.0f}", s.short_name, raised);
  draft.plan.why = fmt::format(
      "{}. Twice the limit gives time to find what uses it up; it is expected from then on.",
      s.context.limit->text);
  PlanStep step;
  step.kind = StepKind::kSetSysctl;
  step.resource = s.shadow.id;
  step.parameters = {{"value", fmt::format("{:.0f}", raised)}, {"persist", "true"}};
  draft.plan.steps = {std::move(step), AcceptStep(s)};
  draft.plan.base = {PlanBase{.resource = s.shadow.id, .observed = {{"value", *value->observed}}}};
  draft.residual_risk = 0.3 * s.severity * s.p_drift;
  draft.risk_text = "assumed: 3 in 10 reach the raised limit too";
  Finish(s, std::move(draft), out);
}

// A certificate that was renewed ends later than the one that is there, and is expected then.
void CheckRenewed(const Situation& s, RemediationPlan& plan) {
  const ShadowKey* end = s.FindKey("not_after");
  if (end == nullptr || !end->observed) return;
  PlanStep check;
  check.kind = StepKind::kCheckCertificate;
  check.resource = s.shadow.id;
  check.parameters = {{"after", end->observed->text}};
  plan.steps.push_back(std::move(check));
  plan.steps.push_back(AcceptStep(s));
  plan.why +=
      " Its end is read again afterwards, and has to be later than " + end->observed->text + ".";
}

void RelieveCause(const Situation& s, Drafts& out) {
  const std::string id = s.shadow.id.ToText();
  const auto rule = std::ranges::find_if(s.site.relief, [&](const ReliefRule& candidate) {
    return MatchesGlob(candidate.resource_glob, id);
  });
  if (rule == s.site.relief.end() && s.context.limit != nullptr) return RaiseLimit(s, out);
  if (rule == s.site.relief.end())
    return out.LeaveOut(Strategy::kRelieveCause,
                        "the policy names no command of the host that would relieve this "
                        "([[relief]]: free space, renew a certificate, raise a limit)");
  Draft draft = Start(s, Strategy::kRelieveCause);
  draft.plan.title =
      rule->title.empty() ? fmt::format("Run {} for {}", rule->command, s.short_name) : rule->title;
  draft.plan.why = fmt::format(
      "The site's policy says that the host's own command '{}' relieves this. What a command does "
      "cannot be undone: a person decides each time.",
      rule->command);
  PlanStep step;
  step.kind = StepKind::kRunCommand;
  step.resource = s.shadow.id;
  step.parameters = rule->arguments;
  step.parameters["command"] = rule->command;
  step.reversible = false;
  step.timeout = kMinute * 15;
  draft.plan.steps = {std::move(step)};
  draft.plan.base = {PlanBase{.resource = s.shadow.id, .observed = {}}};
  if (s.family == Family::kCertificate) CheckRenewed(s, draft.plan);
  draft.residual_risk = 0.1 * s.severity * (s.is_drift ? s.p_unwanted : s.p_drift);
  draft.risk_text = "assumed: 1 in 10 does not help for long";
  Finish(s, std::move(draft), out);
}

// Neither its password nor its keys open the door then.
void IsolateUser(const Situation& s, Drafts& out) {
  const ShadowKey* uid = s.FindKey("uid");
  if (!s.shadow.exists) return out.LeaveOut(Strategy::kIsolate, "the account is gone");
  if (uid == nullptr || !uid->observed || uid->observed->text == "0")
    return out.LeaveOut(Strategy::kIsolate, "user 0 is not locked out of its own host");
  Draft draft = Start(s, Strategy::kIsolate);
  draft.plan.title = fmt::format("Lock {} out", s.short_name);
  draft.plan.why =
      "With its password locked and the account expired nobody logs in as it, until somebody has "
      "looked. What runs as it goes on.";
  PlanStep step;
  step.kind = StepKind::kSetKey;
  step.resource = s.shadow.id;
  PlanBase base{.resource = s.shadow.id, .observed = {{"uid", *uid->observed}}};
  for (const auto& [path, value] : {std::pair{"password", "locked"}, std::pair{"expires", "1"}}) {
    const ShadowKey* now = s.FindKey(path);
    step.parameters = {{"path", path}, {"value", value}};
    draft.plan.steps.push_back(step);
    if (now && now->observed && now->observed->type != ValueType::kSecret)
      base.observed.push_back({path, *now->observed});
  }
  Canonicalize(base.observed);
  draft.plan.base = {std::move(base)};
  draft.residual_risk = 0.2 * s.severity;
  draft.risk_text = "whoever needs it goes without";
  Finish(s, std::move(draft), out);
}

void Isolate(const Situation& s, Drafts& out) {
  const bool user = s.shadow.id.kind == "user";
  if (s.family != Family::kUnit && !user)
    return out.LeaveOut(Strategy::kIsolate,
                        "only a unit or a user can be taken out of service by typed steps");
  if (user && s.severity >= 5) return IsolateUser(s, out);
  const ShadowKey* enabled = s.FindKey("enabled");
  if (!s.shadow.exists || !enabled || !enabled->observed || enabled->observed->text == "masked")
    return out.LeaveOut(Strategy::kIsolate, "the unit is out of service already");
  if (s.severity < 5)
    return out.LeaveOut(Strategy::kIsolate,
                        "taking it out of service costs more than a severity below 5");
  Draft draft = Start(s, Strategy::kIsolate);
  draft.plan.title = fmt::format("Stop {} and keep it from starting", s.short_name);
  draft.plan.why = "Out of service it harms nobody and serves nobody, until somebody has looked.";
  PlanStep step;
  step.resource = s.shadow.id;
  for (const StepKind kind : {StepKind::kStopUnit, StepKind::kMaskUnit}) {
    step.kind = kind;
    draft.plan.steps.push_back(step);
  }
  draft.plan.base = {
      PlanBase{.resource = s.shadow.id, .observed = {{"enabled", *enabled->observed}}}};
  draft.residual_risk = 0.2 * s.severity;
  draft.risk_text = "whoever needs it goes without";
  Finish(s, std::move(draft), out);
}

std::vector<PlanStep> StepsAfter(const Situation& s) {
  std::vector<PlanStep> steps;
  const std::string id = s.shadow.id.ToText();
  const auto add = [&](StepKind kind, const std::string& unit,
                       std::map<std::string, std::string> parameters) {
    PlanStep step;
    step.kind = kind;
    step.resource = s.shadow.id;
    if (!unit.empty()) step.resource = {s.shadow.id.stack, "unit", unit};
    step.parameters = std::move(parameters);
    steps.push_back(std::move(step));
  };
  for (const AfterRule& rule : s.site.after) {
    if (!MatchesGlob(rule.resource_glob, id)) continue;
    if (!rule.reload.empty()) add(StepKind::kReloadUnit, rule.reload, {});
    if (!rule.restart.empty()) add(StepKind::kRestartUnit, rule.restart, {});
    if (!rule.check_unit.empty())
      add(StepKind::kCheckUnit, rule.check_unit, {{"unit", rule.check_unit}});
    if (rule.check_port != 0)
      add(StepKind::kCheckPort, "", {{"port", std::to_string(rule.check_port)}});
    if (!rule.check_command.empty())
      add(StepKind::kCheckCommand, "", {{"command", rule.check_command}});
  }
  return steps;
}

}  // namespace driftcast
