#include "remedy/estimate.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/status.h"
#include "intel/version.h"

namespace driftcast {
namespace {

constexpr Quantiles kRestartPrior{1.5, 10};
constexpr Quantiles kStepPrior{0.2, 1};
constexpr Quantiles kPackageStepPrior{12, 60};
constexpr double kExposureDays = 30;
constexpr double kSurpriseMinutes = 30;
constexpr double kFailureMinutes = 15;

bool IsPackageStep(const PlanStep& step) {
  return step.kind == StepKind::kInstallPackage ||
         (step.kind == StepKind::kRemoveResource && step.resource.kind == "package");
}

bool HasPackageStep(const RemediationPlan& plan) {
  return std::ranges::any_of(plan.steps, IsPackageStep);
}

std::optional<Knowledge::Observed> Find(const std::map<std::string, Knowledge::Observed>& from,
                                        const std::string& name) {
  const auto found = from.find(name);
  if (found == from.end() || found->second.count == 0) return std::nullopt;
  return found->second;
}

// One unit's stop-to-active time: its own, else any unit's here, else the prior.
Knowledge::Observed RestartOf(const Situation& s, const std::string& unit) {
  if (const auto own = Find(s.knowledge.restart_s, unit)) return *own;
  if (const auto any = Find(s.knowledge.restart_s, "")) return *any;
  return {kRestartPrior, 0};
}

bool IsKernel(const Situation& s) {
  return s.family == Family::kPackage && s.shadow.id.name.starts_with("linux-image-");
}

// Units that need the package are restarted by its maintainer scripts, one after the other.
void EstimateRestarts(const Situation& s, Estimate& estimate) {
  int units = 0;
  for (const auto& dependent : s.context.dependents) {
    if (dependent.id.kind != "unit" || dependent.depth > 1) continue;
    if (dependent.id.stack != s.shadow.id.stack) continue;  // connects anew, is not restarted
    const auto restart = RestartOf(s, dependent.id.name);
    estimate.downtime_s.p50 += restart.seconds.p50;
    estimate.downtime_s.p90 += restart.seconds.p90;
    if (++units <= 5)
      estimate.inputs.push_back(fmt::format(
          "restart of {}: P50 {:.1f} s, P90 {:.1f} s ({})", dependent.id.name, restart.seconds.p50,
          restart.seconds.p90,
          restart.count ? fmt::format("from {} restarts seen here", restart.count) : "prior"));
  }
  if (units == 0)
    estimate.inputs.push_back("no unit is known to need this package: no restart is expected");
}

void EstimateDowntime(const Situation& s, Draft& draft) {
  Estimate& estimate = draft.plan.estimate;
  if (!ChangesHost(draft.plan)) {
    estimate.inputs.push_back("downtime 0: the host is not touched");
    return;
  }
  for (const PlanStep& step : draft.plan.steps) {
    if (step.kind != StepKind::kRestartUnit) continue;
    const auto restart = RestartOf(s, step.resource.name);
    estimate.downtime_s.p50 += restart.seconds.p50;
    estimate.downtime_s.p90 += restart.seconds.p90;
    estimate.inputs.push_back(fmt::format(
        "restart of {}: P50 {:.1f} s, P90 {:.1f} s ({})", step.resource.name, restart.seconds.p50,
        restart.seconds.p90,
        restart.count ? fmt::format("from {} restarts seen here", restart.count) : "prior"));
  }
  if (draft.plan.strategy == Strategy::kIsolate) {
    estimate.downtime_s.p50 += 3600;
    estimate.downtime_s.p90 += 86400;
    estimate.inputs.push_back(
        "out of service until somebody has looked (assumed: an hour, P90 a day)");
  }
  if (const auto own = Find(s.knowledge.downtime_s, s.shadow.id.kind);
      own && estimate.downtime_s.p50 == 0) {
    estimate.downtime_s = own->seconds;
    estimate.inputs.push_back(fmt::format("downtime from {} earlier plans on {} resources",
                                          own->count, s.shadow.id.kind));
  } else if (HasPackageStep(draft.plan)) {
    EstimateRestarts(s, estimate);
  } else if (estimate.downtime_s.p50 == 0) {
    estimate.inputs.push_back(
        "downtime 0: no step stops anything; a service that reads the value only when it starts "
        "is not restarted by this plan");
  }
  if (IsKernel(s) && HasPackageStep(draft.plan))
    estimate.inputs.push_back(
        "a new kernel takes effect with the next reboot (prior: P50 40 s, P90 160 s), which is not "
        "part of this plan");
  estimate.downtime_s.p90 = std::max(estimate.downtime_s.p90, estimate.downtime_s.p50);
}

void EstimateDuration(const Situation& s, Draft& draft) {
  Estimate& estimate = draft.plan.estimate;
  for (const auto& step : draft.plan.steps) {
    if (step.kind == StepKind::kAcceptObserved) continue;
    Quantiles seconds = IsPackageStep(step) ? kPackageStepPrior : kStepPrior;
    if (const auto own = Find(s.knowledge.duration_s, StepKindName(step.kind)))
      seconds = own->seconds;
    estimate.duration_s.p50 += seconds.p50;
    estimate.duration_s.p90 += std::max(seconds.p50, seconds.p90);
  }
}

void EstimateSuccess(const Situation& s, Draft& draft) {
  Estimate& estimate = draft.plan.estimate;
  if (!ChangesHost(draft.plan)) {
    estimate.p_success = 1;
    return;
  }
  Knowledge::Outcomes seen;
  const auto found = s.knowledge.outcomes.find({s.shadow.id.kind, draft.plan.strategy});
  if (found != s.knowledge.outcomes.end()) seen = found->second;
  estimate.p_success = (9.0 + seen.succeeded) / (10.0 + seen.succeeded + seen.failed);
  estimate.inputs.push_back(
      fmt::format("P(works) {:.2f}: Beta(9, 1) with {} that worked and {} that did not",
                  estimate.p_success, seen.succeeded, seen.failed));
}

double Minutes(const Situation& s, const RemediationPlan& plan) {
  switch (plan.strategy) {
    case Strategy::kDoNothing:
      return s.is_drift ? 5.0 * 4 : kSurpriseMinutes * s.p_drift;
    case Strategy::kAccept:
      return 2 + 1;
    case Strategy::kAcceptUntil:
      return 2 + 1 + 2;
    case Strategy::kPrevent:
    case Strategy::kGuard:
      return 2 + 4;
    case Strategy::kAdoptEarly:
      return s.family == Family::kPackage ? 2 + 8 : 2;
    default:
      return 2;
  }
}

std::optional<double> DowntimeRate(const Situation& s) {
  const auto found = s.site.downtime_rate_per_hour.find(s.shadow.role.value);
  if (found == s.site.downtime_rate_per_hour.end()) return std::nullopt;
  return found->second;
}

void EstimateCost(const Situation& s, Draft& draft) {
  Estimate& estimate = draft.plan.estimate;
  estimate.currency = s.site.currency;
  estimate.effort_minutes = Minutes(s, draft.plan);
  const double down_s = MeanSeconds(estimate.downtime_s);
  const double down_cost = down_s / 3600 * DowntimeRate(s).value_or(0) * draft.downtime_share;
  const double work_rate = s.site.effort_rate_per_hour / 60;
  const double p_fails = 1 - estimate.p_success;
  estimate.cost = down_cost + estimate.effort_minutes * work_rate +
                  p_fails * (kFailureMinutes * work_rate + down_cost);
  estimate.inputs.push_back(fmt::format("{:.0f} minutes of a person at {:.0f} {} an hour",
                                        estimate.effort_minutes, s.site.effort_rate_per_hour,
                                        s.site.currency));
  if (down_s <= 0) return;
  estimate.inputs.push_back(
      DowntimeRate(s) ? fmt::format("mean downtime {:.1f} s at {:.2f} {} an hour for role '{}'",
                                    down_s, *DowntimeRate(s), s.site.currency, s.shadow.role.value)
                      : fmt::format("no rate is set for an hour of downtime of role '{}': downtime "
                                    "is not part of the cost",
                                    s.shadow.role.value));
  if (draft.downtime_share != 1)
    estimate.inputs.push_back(fmt::format("downtime within a maintenance window counts {:.0f} %",
                                          draft.downtime_share * 100));
}

// The version that is installed once the plan has run; none = as now.
std::optional<std::string> VersionAfter(const RemediationPlan& plan) {
  for (const auto& step : plan.steps)
    if (step.kind == StepKind::kInstallPackage) return step.parameters.at("version");
  return std::nullopt;
}

std::vector<Exposure> OpenAfter(const Situation& s, const RemediationPlan& plan) {
  std::vector<Exposure> open(s.context.exposures.begin(), s.context.exposures.end());
  const auto version = VersionAfter(plan);
  if (!version) return open;
  std::erase_if(open, [&](const Exposure& e) {
    return !e.fixed_version.empty() && intel::CompareDpkgVersions(e.fixed_version, *version) <= 0;
  });
  return open;
}

std::string KeysText(const Situation& s, const RemediationPlan& plan) {
  if (s.severity_reason.empty()) return "No known weakness is opened or closed.";
  switch (plan.strategy) {
    case Strategy::kDoNothing:
    case Strategy::kAccept:
    case Strategy::kAcceptUntil:
      return "Stays: " + s.severity_reason + ".";
    case Strategy::kAdoptEarly:
      return "Brings about: " + s.severity_reason + ".";
    default:
      return "Answers: " + s.severity_reason + ".";
  }
}

void EstimateSecurity(const Situation& s, Draft& draft) {
  RemediationPlan& plan = draft.plan;
  SecurityEffect& security = plan.security;
  security.exposure_before = ExposureOver(s.context.exposures, kExposureDays);
  security.exposure_after = security.exposure_before;
  if (s.context.exposures.empty()) {
    security.text = KeysText(s, plan);
    return;
  }
  const auto after = OpenAfter(s, plan);
  const double wait_days =
      plan.not_before > s.context.now ? Seconds(plan.not_before - s.context.now) / 86400 : 0;
  const double waiting = std::min(kExposureDays, wait_days);
  security.exposure_after = ExposureOver(after, kExposureDays);
  if (wait_days > 0)
    security.exposure_after =
        std::min(security.exposure_before,
                 security.exposure_after + ExposureOver(s.context.exposures, waiting));
  const size_t closed = s.context.exposures.size() - after.size();
  const auto exploited = std::ranges::count_if(after, &Exposure::exploited);
  security.text = fmt::format(
      "Closes {} of {} known weaknesses ({} left, {} of them exploited in "
      "the wild).",
      closed, s.context.exposures.size(), after.size(), exploited);
  if (plan.strategy == Strategy::kPrevent)
    security.text += " A held package gets no security updates.";
}

void EstimateBlast(const Situation& s, Draft& draft) {
  if (!ChangesHost(draft.plan)) return;
  BlastRadius& blast = draft.plan.blast;
  for (const auto& dependent : s.context.dependents) {
    ++blast.transitive;
    blast.direct += dependent.depth <= 1 ? 1 : 0;
    const std::string& stack = dependent.id.stack.value;
    if (dependent.id.stack == s.shadow.id.stack) {
      if (blast.top.size() < 10) blast.top.push_back(dependent.id.kind + "/" + dependent.id.name);
      continue;
    }
    ++blast.elsewhere;
    const bool named =
        std::find(blast.stacks.begin(), blast.stacks.end(), stack) != blast.stacks.end();
    if (!named && blast.stacks.size() < 10) blast.stacks.push_back(stack);
  }
}

}  // namespace

double MeanSeconds(const Quantiles& quantiles) {
  if (quantiles.p50 <= 0) return quantiles.p90 * 0.1;
  constexpr double kZ90 = 1.2815515655446004;  // the standard normal's 90 % quantile
  const double sigma = std::log(std::max(1.0, quantiles.p90 / quantiles.p50)) / kZ90;
  return quantiles.p50 * std::exp(sigma * sigma / 2);
}

double ExposureOver(std::span<const Exposure> exposures, double days) {
  double sum = 0;
  for (const auto& e : exposures) {
    const double epss = std::clamp(e.epss, 0.0, 1.0);
    double p = epss >= 1 ? (days > 0 ? 1 : 0) : 1 - std::pow(1 - epss, days / 30);
    if (e.exploited) p = std::max(p, 0.9 * std::min(1.0, days / 30));
    sum += p;
  }
  return sum;
}

void EstimateDraft(const Situation& s, Draft& draft) {
  draft.plan.estimate = {};
  draft.plan.blast = {};
  EstimateDowntime(s, draft);
  EstimateDuration(s, draft);
  EstimateSuccess(s, draft);
  EstimateCost(s, draft);
  EstimateSecurity(s, draft);
  EstimateBlast(s, draft);
  // A plan that does not work leaves things as they were.
  if (ChangesHost(draft.plan)) {
    const double untouched = s.is_drift ? s.severity * s.p_unwanted : s.severity * s.p_drift;
    draft.residual_risk = draft.plan.estimate.p_success * draft.residual_risk +
                          (1 - draft.plan.estimate.p_success) * untouched;
  }
}

}  // namespace driftcast
