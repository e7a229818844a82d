// The API's handlers, by subject. Each function adds its routes; api.cc knows them all. For the
// web room only.
#ifndef DRIFTCAST_WEB_API_H_
#define DRIFTCAST_WEB_API_H_

#include <functional>
#include <string>

#include "web/access.h"
#include "web/agent_admin.h"
#include "web/engine_port.h"
#include "web/feed_uploads.h"
#include "web/json.h"
#include "web/live_events.h"
#include "web/model_admin.h"
#include "web/oidc.h"
#include "web/router.h"
#include "web/users.h"

namespace driftcast {

// What handlers share; everything in it is thread-safe and outlives them.
struct ApiContext {
  EnginePort& engine;
  Access& access;
  LiveEvents& live;
  AgentAdmin* agents;  // may be null
  ModelAdmin* models;  // may be null
  const Clock* clock;
  AlertRule alert;
  std::string version;
  std::string origin;  // "http://127.0.0.1:7117", known once it listens
  std::string allow_command;
  Users& users;
  Oidc* oidc;  // may be null
  FeedUploads& uploads;
  std::function<Status(const std::string& feed)> update_feeds;  // null = no feeds are configured

  // A fact that this caller states now.
  Fact NewFact(const StackId& stack, FactBody body) const {
    return {clock->Now(), stack, AgentId(), 0, std::move(body), ""};
  }
};

using ContextHandler = HttpResponse (*)(const ApiContext&, const ApiCall&);

void AddSessionRoutes(ApiContext& context, Router& router);
void AddFleetRoutes(ApiContext& context, Router& router);        // overview, stacks, search
void AddResourceRoutes(ApiContext& context, Router& router);     // resources and their history
void AddExpectationRoutes(ApiContext& context, Router& router);  // accept, declare
void AddDriftRoutes(ApiContext& context, Router& router);        // drifts, snooze and override
void AddPredictionRoutes(ApiContext& context, Router& router);
void AddPlanRoutes(ApiContext& context, Router& router);
void AddPolicyRoutes(ApiContext& context, Router& router);  // policy, pauses
void AddModelRoutes(ApiContext& context, Router& router);   // models of the forecast
void AddRuleRoutes(ApiContext& context, Router& router);
void AddAgentRoutes(ApiContext& context, Router& router);
void AddTokenRoutes(ApiContext& context, Router& router);
void AddUserRoutes(ApiContext& context, Router& router);
void AddKeyRoutes(ApiContext& context, Router& router);  // one's own keys for approvals
void AddActivityRoutes(ApiContext& context, Router& router);  // deployments, incidents
void AddFeedRoutes(ApiContext& context, Router& router);      // feeds, exposures
void AddRecordRoutes(ApiContext& context, Router& router);    // activities, series, audit
void AddSeriesRoutes(ApiContext& context, Router& router);    // outlook, limit crossings
void AddEventRoutes(ApiContext& context, Router& router);

// `handler` with the context that it needs. Who may look at a part of the fleet only is given an
// engine that holds nothing else.
std::function<HttpResponse(const ApiCall&)> Bind(ApiContext& context, ContextHandler handler);

void AddAllRoutes(ApiContext& context, Router& router);

// {"rows": [...], "total": ..., "offset": ..., "limit": ..., "as_of": ...}
Json PageJson(Json rows, uint64_t total, size_t offset, size_t limit, Instant as_of);

// The whole resource as GET /api/v1/resource gives it; 404 when it is not known.
HttpResponse ResourceResponse(const ApiContext& context, const ResourceId& id);

// Calls `each` with every drift that the filter selects, newest first, until it returns false.
void EachDrift(const EngineView& view, DriftFilter filter,
               const std::function<bool(const Drift&)>& each);
void EachPlan(const EngineView& view, PlanFilter filter,
              const std::function<bool(const RemediationPlan&)>& each);

// What the stack's host allows; nothing for a stack that is not known.
AllowAdvice AdviceFor(const ApiContext& context, const EngineView& view, const StackId& stack);
AllowAdvice AdviceFor(const ApiContext& context, const std::vector<StackSummary>& stacks,
                      const StackId& stack);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_API_H_
