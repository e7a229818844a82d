// For tests and benchmarks: a resource with a drift or a forecast about it, and its plans.
#ifndef DRIFTCAST_REMEDY_SCENE_H_
#define DRIFTCAST_REMEDY_SCENE_H_

#include <optional>
#include <string>
#include <vector>

#include "remedy/propose.h"

namespace driftcast {

inline constexpr Instant kNow = FromUnixSeconds(1'780'000'000);  // 2026-05-28T20:26:40Z
inline const std::vector<std::string> kAllAllowed = {"file", "package", "sysctl", "unit"};

inline ShadowKey Key(const std::string& path, std::optional<Value> expected,
                     std::optional<Value> observed) {
  ShadowKey key;
  key.path = path;
  key.expected = std::move(expected);
  key.observed = std::move(observed);
  key.verdict = key.expected == key.observed ? KeyVerdict::kSame
                : !key.expected              ? KeyVerdict::kAdded
                : !key.observed              ? KeyVerdict::kRemoved
                                             : KeyVerdict::kChanged;
  return key;
}

// A shadow with a drift or a forecast about it, and the context that borrows them.
struct Scene {
  ShadowResource shadow;
  Drift drift;
  DriftPrediction prediction;
  SiteOptions site;
  Knowledge knowledge;
  std::vector<Dependent> dependents;
  std::vector<Exposure> exposures;
  std::vector<TimeSpan> windows;
  uint32_t attempt = 0;
  bool can_guard = false;
  Fight fight;
  std::vector<LeftOut> left_out;

  Scene(const std::string& kind, const std::string& name, std::vector<ShadowKey> keys) {
    shadow.id = {StackId("web-7"), kind, name};
    shadow.role = RoleName("web");
    shadow.exists = true;
    shadow.keys = std::move(keys);
    drift.id = "drift-1";
    drift.resource = prediction.resource = shadow.id;
    drift.severity = 6;
    drift.severity_reason = "a sensitive key";
    for (const auto& key : shadow.keys)
      if (key.verdict != KeyVerdict::kSame) drift.keys.push_back(key);
    for (auto& risk : prediction.horizons) risk = {0.6, 0.5};
    prediction.severity = 5;
  }
  std::vector<RemediationPlan> ForDrift(Instant now = kNow) { return Propose(true, now); }
  std::vector<RemediationPlan> ForForecast(Instant now = kNow) { return Propose(false, now); }

 private:
  std::vector<RemediationPlan> Propose(bool with_drift, Instant now) {
    PlanContext context;
    context.shadow = &shadow;
    (with_drift ? (void)(context.drift = &drift) : (void)(context.prediction = &prediction));
    context.site = &site;
    context.knowledge = &knowledge;
    context.dependents = dependents;
    context.exposures = exposures;
    context.allowed_kinds = kAllAllowed;
    context.windows = windows;
    context.attempt = attempt;
    context.host_can_guard = can_guard;
    context.fight = fight;
    context.now = now;
    return ProposePlans(context, &left_out);
  }
};

inline Scene Sshd() {
  return Scene("file", "/etc/ssh/sshd_config",
               {Key("PermitRootLogin", Value::Text("no"), Value::Text("yes")),
                Key("Port", Value::Integer(22), Value::Integer(22))});
}

inline Scene Openssl(const std::string& expected, const std::string& observed) {
  Scene scene("package", "openssl", {Key("version", Value::Text(expected), Value::Text(observed))});
  scene.shadow.context = {{"candidate", Value::Text("3.0.15-1")}};
  return scene;
}

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_SCENE_H_
