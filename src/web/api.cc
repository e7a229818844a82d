#include "web/api.h"

namespace driftcast {
namespace {

constexpr size_t kBatch = 1000;

}  // namespace

std::function<HttpResponse(const ApiCall&)> Bind(ApiContext& context, ContextHandler handler) {
  return [&context, handler](const ApiCall& call) {
    if (call.caller.stacks.empty()) return handler(context, call);
    ScopedEngine engine(context.engine, call.caller.stacks);
    const ApiContext part{engine,          context.access,        context.live,  context.agents,
                          context.models,  context.clock,         context.alert, context.version,
                          context.origin,  context.allow_command, context.users, context.oidc,
                          context.uploads, context.update_feeds};
    return handler(part, call);
  };
}

void AddAllRoutes(ApiContext& context, Router& router) {
  AddSessionRoutes(context, router);
  AddFleetRoutes(context, router);
  AddResourceRoutes(context, router);
  AddExpectationRoutes(context, router);
  AddDriftRoutes(context, router);
  AddPredictionRoutes(context, router);
  AddPlanRoutes(context, router);
  AddPolicyRoutes(context, router);
  AddModelRoutes(context, router);
  AddRuleRoutes(context, router);
  AddAgentRoutes(context, router);
  AddTokenRoutes(context, router);
  AddUserRoutes(context, router);
  AddKeyRoutes(context, router);
  AddActivityRoutes(context, router);
  AddFeedRoutes(context, router);
  AddRecordRoutes(context, router);
  AddSeriesRoutes(context, router);
  AddEventRoutes(context, router);
}

Json PageJson(Json rows, uint64_t total, size_t offset, size_t limit, Instant as_of) {
  return {{"rows", std::move(rows)},
          {"total", total},
          {"offset", offset},
          {"limit", limit},
          {"as_of", TimeJson(as_of)}};
}

void EachDrift(const EngineView& view, DriftFilter filter,
               const std::function<bool(const Drift&)>& each) {
  filter.limit = kBatch;
  for (filter.offset = 0;; filter.offset += kBatch) {
    const auto page = view.Drifts(filter);
    for (const Drift& drift : page.rows) {
      if (!each(drift)) return;
    }
    if (page.rows.size() < kBatch) return;
  }
}

void EachPlan(const EngineView& view, PlanFilter filter,
              const std::function<bool(const RemediationPlan&)>& each) {
  filter.limit = kBatch;
  for (filter.offset = 0;; filter.offset += kBatch) {
    const auto page = view.Plans(filter);
    for (const RemediationPlan& plan : page.rows) {
      if (!each(plan)) return;
    }
    if (page.rows.size() < kBatch) return;
  }
}

AllowAdvice AdviceFor(const ApiContext& context, const std::vector<StackSummary>& stacks,
                      const StackId& stack) {
  for (const StackSummary& summary : stacks) {
    if (summary.id == stack) return {summary.allowed_kinds, context.allow_command};
  }
  return {{}, context.allow_command};
}

AllowAdvice AdviceFor(const ApiContext& context, const EngineView& view, const StackId& stack) {
  return AdviceFor(context, view.Stacks(), stack);
}

}  // namespace driftcast
