#include "apps/plan_json.h"

#include <nlohmann/json.hpp>

#include "remedy/by_hand.h"

namespace driftcast {
namespace {

using nlohmann::json;

ResourceId ReadResource(const json& in) {
  return {StackId(in.at("stack").get<std::string>()), in.at("kind").get<std::string>(),
          in.at("name").get<std::string>()};
}

Quantiles ReadQuantiles(const json& in) {
  return {in.at("p50").get<double>(), in.at("p90").get<double>()};
}

StatusOr<PlanStep> ReadStep(const json& in) {
  PlanStep step;
  DRIFTCAST_ASSIGN_OR_RETURN(step.kind, StepKindNamed(in.at("kind").get<std::string>()));
  step.resource = ReadResource(in.at("resource"));
  step.parameters = in.at("parameters").get<std::map<std::string, std::string>>();
  step.reversible = in.at("reversible").get<bool>();
  return step;
}

Status ReadTime(const json& in, const char* name, Instant& out) {
  if (!in.contains(name) || in.at(name).is_null()) return Ok();
  DRIFTCAST_ASSIGN_OR_RETURN(out, ParseInstant(in.at(name).get<std::string>()));
  return Ok();
}

StatusOr<RemediationPlan> Read(const json& in) {
  RemediationPlan plan;
  plan.id = PlanId(in.at("id").get<std::string>());
  DRIFTCAST_ASSIGN_OR_RETURN(plan.strategy, StrategyNamed(in.at("strategy").get<std::string>()));
  plan.stack = StackId(in.at("stack").get<std::string>());
  plan.title = in.value("title", "");
  for (const auto& resource : in.at("resources")) plan.resources.push_back(ReadResource(resource));
  for (const auto& entry : in.at("steps")) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto step, ReadStep(entry));
    plan.steps.push_back(std::move(step));
  }
  const json& estimate = in.at("estimate");
  plan.estimate.downtime_s = ReadQuantiles(estimate.at("downtime_s"));
  plan.estimate.duration_s = ReadQuantiles(estimate.at("duration_s"));
  plan.estimate.cost = estimate.at("cost").get<double>();
  plan.estimate.currency = estimate.value("currency", "EUR");
  plan.estimate.p_success = estimate.value("p_success", 0.0);
  plan.reversible = in.at("reversible").get<bool>();
  DRIFTCAST_RETURN_IF_ERROR(ReadTime(in, "not_before", plan.not_before));
  DRIFTCAST_RETURN_IF_ERROR(ReadTime(in, "expires_at", plan.expires_at));
  return plan;
}

}  // namespace

StatusOr<RemediationPlan> PlanFromJson(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  if (in.is_discarded()) return InvalidArgument("the plan is no JSON");
  try {
    return Read(in);
  } catch (const json::exception& error) {
    return InvalidArgument("the plan is not as the API gives it: {}", error.what());
  }
}

}  // namespace driftcast
