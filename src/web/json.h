// Values of the engine as JSON, exactly as openapi.json describes them.
#ifndef DRIFTCAST_WEB_JSON_H_
#define DRIFTCAST_WEB_JSON_H_

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/view.h"
#include "http/message.h"
#include "model/plan.h"
#include "model/prediction.h"
#include "model/shadow.h"

namespace driftcast {

using Json = nlohmann::ordered_json;

// From which prediction an alert is raised.
struct AlertRule {
  double threshold = 0.5;
  size_t horizon = 2;  // index into kHorizons
};

// How a host is told to allow changes.
struct AllowAdvice {
  std::vector<std::string> allowed;      // kinds that the host allows
  std::string command = "./up --allow";  // see WebOptions::allow_command
  // The one line that allows `kinds`, comma-separated, on the host, and what it allows already.
  std::string Command(std::string kinds) const;
};

HttpResponse JsonResponse(const Json& json, int status = 200);

Json TimeJson(Instant at);       // always there
Json MaybeTimeJson(Instant at);  // null for the epoch
Json IdJson(const ResourceId& id);
Json ToJson(const Value& value);
Json ToJson(const std::optional<Value>& value);  // or null
Json ToJson(const KeyValue& key);
Json ToJson(const Cause& cause);
Json ToJson(const StatusCounts& counts);
Json ToJson(const AgentReported& report);
Json ToJson(const ResourceRow& row);
Json ToJson(const ShadowKey& key, const DriftPrediction* prediction);
Json ToJson(const Drift& drift);
Json ToJson(const DriftPrediction& prediction, const AlertRule& alert);
Json ToJson(const HistoryEntry& entry);
// `verdict`: what the policy says about it now; null = not asked.
Json ToJson(const RemediationPlan& plan, const AllowAdvice& advice, const PolicyVerdict* verdict);
Json ToJson(const PolicyVerdict& verdict);
Json ToJson(const LeftOut& left_out);
Json ToJson(const PauseSet& pause);
Json ToJson(const IgnoreRule& rule);
Json ToJson(const ActivityReported& activity);
Json ToJson(const OpenExposure& exposure);
Json ToJson(const MetIndicator& met);
Json ToJson(const AuditEntry& entry);
Json ToJson(const FeedStatus& feed, Instant now);
Json ToJson(const SeriesRow& row);
Json ToJson(const StackSummary& stack, const AllowAdvice& advice, Instant now);
Json ToJson(const TrackRecord& track, const AlertRule& alert);

Json PerHorizon(const std::array<double, kHorizonCount>& values);

// "live", "late", "silent", "never": how long ago the stack's last fact is.
const char* LivenessOf(Instant last_fact_at, Instant now);

// Kinds that the host must allow for a plan's steps: "file", "package", ...
std::vector<std::string> NeededKinds(const RemediationPlan& plan);
// Those of them that it does not, comma-separated; empty = all allowed.
std::string MissingKinds(const std::vector<std::string>& needed,
                         const std::vector<std::string>& allowed);
// A kind as it is allowed: what is before the ':' of "file:ini".
std::string AllowedName(const std::string& kind);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_JSON_H_
