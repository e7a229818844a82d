// What a PlanContext means, worked out once and read by every strategy and estimate.
#ifndef DRIFTCAST_REMEDY_SITUATION_H_
#define DRIFTCAST_REMEDY_SITUATION_H_

#include <optional>
#include <string>
#include <vector>

#include "remedy/context.h"
#include "remedy/propose.h"

namespace driftcast {

enum class Family : uint8_t {
  kOther,
  kPackage,
  kFile,
  kSysctl,
  kUnit,
  kAccount,  // users, groups, and the SSH keys that may log in
  kMount,
  kCertificate,
};

// "file" and "file:ini" are one family.
Family FamilyOf(const std::string& kind);

// Keys of a file that are its metadata and not its content: "@mode", "@owner", "@group".
bool IsMetadataKey(const std::string& path);

struct Situation {
  const PlanContext& context;
  const SiteOptions& site;
  const Knowledge& knowledge;
  const ShadowResource& shadow;
  Family family = Family::kOther;
  std::string short_name{};            // for titles: "sshd_config", "openssl"
  std::vector<ShadowKey> differing{};  // of the drift; empty for a forecast
  double severity = 0;                 // 0 to 10
  std::string severity_reason{};
  double p_drift = 1;             // that the unwanted change comes; 1 for a drift, which is there
  double p_change = 0;            // that the resource changes (again) within the risk horizon
  double p_unwanted = 1;          // that nobody wants the observed (or coming) value
  std::string p_unwanted_from{};  // where that figure comes from, for people
  bool is_drift = false;
  Instant grid{};  // now, rounded down so that proposing again yields the same plan

  const ShadowKey* FindKey(const std::string& path) const;  // of the shadow
  std::optional<std::string> Context(const std::string& path) const;
  bool ContextHas(const std::string& path, const std::string& text) const;
};

// The horizon over which risks are compared: kHorizons[kRiskHorizon] for forecasts.
inline constexpr size_t kRiskHorizon = 4;  // 7 days

// The context's pointers `shadow` and one of `drift` and `prediction` must be set.
Situation Assess(const PlanContext& context);

// One plan in the making. Losses that the plan itself does not carry stand beside it.
struct Draft {
  RemediationPlan plan;
  double residual_risk = 0;   // expected severity that is left, 0 to 10
  std::string risk_text;      // how that came about
  double downtime_share = 1;  // what its downtime counts: less within a maintenance window
};

// What strategies write into.
struct Drafts {
  std::vector<Draft> drafts;
  std::vector<LeftOut> left_out;

  void LeaveOut(Strategy strategy, std::string reason) {
    left_out.push_back({strategy, std::move(reason), false});
  }
};

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_SITUATION_H_
