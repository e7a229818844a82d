#include "remedy/situation.h"

#include <algorithm>

#include "base/status.h"

namespace driftcast {
namespace {

const SiteOptions kDefaultSite;
const Knowledge kNothingKnown;

// How likely it is that nobody wants what is there, by who made it: a prior until people at this
// site have accepted and reverted drifts of the kind. Package runs and tools act on purpose; a
// person's change by hand is as often a fix as a mistake; an unknown cause deserves distrust.
double UnwantedPrior(const Cause& cause) {
  switch (cause.kind) {
    case CauseKind::kPlan:
    case CauseKind::kDeclaration:
      return 0.05;
    case CauseKind::kPackageRun:
      return 0.2;
    case CauseKind::kTool:
      return 0.35;
    case CauseKind::kPerson:
      return 0.5;
    case CauseKind::kUnknown:
      break;
  }
  return 0.7;
}

// Of a change this bad (a loosened setting that matters, of 0 to 10) it says little that some
// program or person made it: so would an intruder.
constexpr double kDistrustSeverity = 7;

double UnwantedPrior(const Cause& cause, double severity) {
  const bool meant = cause.kind == CauseKind::kPlan || cause.kind == CauseKind::kDeclaration ||
                     cause.kind == CauseKind::kPackageRun;
  const double prior = UnwantedPrior(cause);
  return meant || severity < kDistrustSeverity ? prior : std::max(prior, UnwantedPrior(Cause()));
}

// The prior counts as much as this many decisions of people.
constexpr double kPriorDecisions = 4;

void JudgeWanted(const Cause& cause, Situation& s) {
  const double prior = UnwantedPrior(cause, s.severity);
  Knowledge::Verdicts seen;
  if (const auto found = s.knowledge.verdicts.find(s.shadow.id.kind);
      found != s.knowledge.verdicts.end())
    seen = found->second;
  const double total = seen.accepted + seen.reverted;
  s.p_unwanted = (prior * kPriorDecisions + seen.reverted) / (kPriorDecisions + total);
  s.p_unwanted_from =
      fmt::format("P(unwanted) {:.2f}: prior {:.2f} for a change by {}", s.p_unwanted, prior,
                  cause.known() ? CauseKindName(cause.kind) : "an unknown cause");
  if (total > 0)
    s.p_unwanted_from += fmt::format(", and people here reverted {} and kept {} drifts of {}",
                                     seen.reverted, seen.accepted, s.shadow.id.kind);
}

std::string ShortName(const ResourceId& id) {
  if (FamilyOf(id.kind) != Family::kFile) return id.name;
  const size_t slash = id.name.rfind('/');
  return slash == std::string::npos || slash + 1 == id.name.size() ? id.name
                                                                   : id.name.substr(slash + 1);
}

// What runs full or out stops what needs it: a documented prior.
constexpr double kLimitSeverity = 8;

// Nobody wants it to be reached, so it weighs as a drift of that probability does.
void ExpectLimit(const ForetoldLimit& limit, Situation& s) {
  if (limit.probability * kLimitSeverity <= s.p_drift * s.severity) return;
  s.p_drift = limit.probability;
  s.severity = kLimitSeverity;
  s.severity_reason = limit.text;
}

}  // namespace

Family FamilyOf(const std::string& kind) {
  if (kind == "package") return Family::kPackage;
  if (kind == "sysctl") return Family::kSysctl;
  if (kind == "unit") return Family::kUnit;
  if (kind == "file" || kind.starts_with("file:")) return Family::kFile;
  if (kind == "user" || kind == "group" || kind == "authorized_key") return Family::kAccount;
  if (kind == "mount") return Family::kMount;
  if (kind == "certificate") return Family::kCertificate;
  return Family::kOther;
}

bool IsMetadataKey(const std::string& path) {
  return path == "@mode" || path == "@owner" || path == "@group";
}

const ShadowKey* Situation::FindKey(const std::string& path) const {
  for (const auto& key : shadow.keys)
    if (key.path == path) return &key;
  return nullptr;
}

std::optional<std::string> Situation::Context(const std::string& path) const {
  for (const auto& entry : shadow.context)
    if (entry.path == path) return entry.value.text;
  return std::nullopt;
}

bool Situation::ContextHas(const std::string& path, const std::string& text) const {
  return std::ranges::any_of(shadow.context, [&](const KeyValue& entry) {
    return entry.path == path && entry.value.text == text;
  });
}

Situation Assess(const PlanContext& context) {
  DRIFTCAST_CHECK(context.shadow != nullptr && (context.drift || context.prediction));
  Situation s{.context = context,
              .site = context.site ? *context.site : kDefaultSite,
              .knowledge = context.knowledge ? *context.knowledge : kNothingKnown,
              .shadow = *context.shadow};
  s.family = FamilyOf(s.shadow.id.kind);
  s.short_name = ShortName(s.shadow.id);
  s.is_drift = context.drift != nullptr;
  s.grid = std::chrono::floor<std::chrono::duration<int64_t, std::ratio<12 * 3600>>>(context.now);
  if (context.prediction) {
    const HorizonRisk& risk = context.prediction->horizons[kRiskHorizon];
    s.p_change = risk.p_change;
    s.p_drift = risk.p_change * risk.p_drift_given_change;
    s.p_unwanted = risk.p_drift_given_change;
    s.p_unwanted_from =
        fmt::format("P(unwanted) {:.2f}: the forecast's P(drift | change)", s.p_unwanted);
    s.severity = context.prediction->severity;
    s.severity_reason = context.prediction->severity_reason;
    if (context.limit != nullptr) ExpectLimit(*context.limit, s);
  }
  if (context.drift) {
    s.differing = context.drift->keys;
    std::erase_if(s.differing, [](const ShadowKey& key) {
      return key.verdict == KeyVerdict::kSame || key.verdict == KeyVerdict::kNotCompared ||
             !key.ignored_by.empty();
    });
    s.p_drift = 1;
    s.severity = context.drift->severity;
    s.severity_reason = context.drift->severity_reason;
    JudgeWanted(context.drift->cause, s);
  }
  return s;
}

}  // namespace driftcast
