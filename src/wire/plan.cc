#include "wire/plan.h"

#include "wire/value.h"

namespace driftcast {
namespace {

constexpr int kStrategyCount = 10;
constexpr int kStepKindCount = 27;
constexpr int kPlanStateCount = 12;

void ToProto(const PlanStep& step, v1::PlanStep* out) {
  out->set_kind(static_cast<int>(step.kind));
  driftcast::ToProto(step.resource, out->mutable_resource());
  for (const auto& [name, value] : step.parameters) {
    auto* parameter = out->add_parameters();
    parameter->set_name(name);
    parameter->set_value(value);
  }
  out->set_reversible(step.reversible);
  out->set_timeout_us(step.timeout.count());
}

StatusOr<PlanStep> FromProto(const v1::PlanStep& in) {
  PlanStep step;
  DRIFTCAST_ASSIGN_OR_RETURN(step.kind, EnumFromProto<StepKind>(in.kind(), kStepKindCount, "step"));
  DRIFTCAST_ASSIGN_OR_RETURN(step.resource, driftcast::FromProto(in.resource()));
  for (const auto& parameter : in.parameters())
    step.parameters.emplace(parameter.name(), parameter.value());
  if (step.parameters.size() != static_cast<size_t>(in.parameters_size()))
    return InvalidArgument("a step names one parameter twice");
  step.reversible = in.reversible();
  if (in.timeout_us() <= 0) return InvalidArgument("a step without a timeout");
  step.timeout = Duration(in.timeout_us());
  return step;
}

void ToProto(const Quantiles& quantiles, v1::Quantiles* out) {
  out->set_p50(quantiles.p50);
  out->set_p90(quantiles.p90);
}

Quantiles FromProto(const v1::Quantiles& in) { return {in.p50(), in.p90()}; }

void ToProto(const Estimate& estimate, v1::Estimate* out) {
  ToProto(estimate.downtime_s, out->mutable_downtime_s());
  ToProto(estimate.duration_s, out->mutable_duration_s());
  out->set_effort_minutes(estimate.effort_minutes);
  out->set_cost(estimate.cost);
  out->set_currency(estimate.currency);
  out->set_p_success(estimate.p_success);
  for (const auto& input : estimate.inputs) out->add_inputs(input);
}

Estimate FromProto(const v1::Estimate& in) {
  Estimate estimate;
  estimate.downtime_s = FromProto(in.downtime_s());
  estimate.duration_s = FromProto(in.duration_s());
  estimate.effort_minutes = in.effort_minutes();
  estimate.cost = in.cost();
  estimate.currency = in.currency();
  estimate.p_success = in.p_success();
  estimate.inputs.assign(in.inputs().begin(), in.inputs().end());
  return estimate;
}

Status ReadParts(const v1::RemediationPlan& in, RemediationPlan& plan) {
  for (const auto& id : in.resources()) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto resource, driftcast::FromProto(id));
    plan.resources.push_back(std::move(resource));
  }
  for (const auto& step_in : in.steps()) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto step, FromProto(step_in));
    plan.steps.push_back(std::move(step));
  }
  for (const auto& base_in : in.base()) {
    PlanBase base;
    DRIFTCAST_ASSIGN_OR_RETURN(base.resource, driftcast::FromProto(base_in.resource()));
    for (const auto& key_in : base_in.observed()) {
      DRIFTCAST_ASSIGN_OR_RETURN(auto key, driftcast::FromProto(key_in));
      base.observed.push_back(std::move(key));
    }
    plan.base.push_back(std::move(base));
  }
  return Ok();
}

void WriteParts(const RemediationPlan& plan, v1::RemediationPlan* out) {
  for (const auto& id : plan.resources) driftcast::ToProto(id, out->add_resources());
  for (const auto& step : plan.steps) ToProto(step, out->add_steps());
  for (const auto& base : plan.base) {
    auto* base_out = out->add_base();
    driftcast::ToProto(base.resource, base_out->mutable_resource());
    for (const auto& key : base.observed) driftcast::ToProto(key, base_out->add_observed());
  }
}

}  // namespace

void ToProto(const ApprovalProof& proof, v1::ApprovalProof* out) {
  out->set_credential(proof.credential);
  out->set_authenticator_data(proof.authenticator_data);
  out->set_client_data(proof.client_data);
  out->set_signature(proof.signature);
  out->set_valid_until_us(ToUnixMicros(proof.valid_until));
}

ApprovalProof FromProto(const v1::ApprovalProof& in) {
  return {in.credential(), in.authenticator_data(), in.client_data(), in.signature(),
          FromUnixMicros(in.valid_until_us())};
}

void ToProto(const RemediationPlan& plan, v1::RemediationPlan* out) {
  out->set_id(plan.id.value);
  out->set_strategy(static_cast<int>(plan.strategy));
  out->set_stack(plan.stack.value);
  out->set_title(plan.title);
  out->set_why(plan.why);
  out->set_trigger(plan.trigger);
  WriteParts(plan, out);
  ToProto(plan.estimate, out->mutable_estimate());
  out->mutable_security()->set_exposure_before(plan.security.exposure_before);
  out->mutable_security()->set_exposure_after(plan.security.exposure_after);
  out->mutable_security()->set_text(plan.security.text);
  out->mutable_blast()->set_direct(plan.blast.direct);
  out->mutable_blast()->set_transitive(plan.blast.transitive);
  for (const auto& name : plan.blast.top) out->mutable_blast()->add_top(name);
  out->mutable_blast()->set_elsewhere(plan.blast.elsewhere);
  for (const auto& name : plan.blast.stacks) out->mutable_blast()->add_stacks(name);
  out->set_reversible(plan.reversible);
  out->set_score(plan.score);
  out->set_rank_reason(plan.rank_reason);
  out->set_made_at_us(ToUnixMicros(plan.made_at));
  out->set_expires_at_us(ToUnixMicros(plan.expires_at));
  out->set_not_before_us(ToUnixMicros(plan.not_before));
  out->set_hash(plan.hash);
  out->set_state(static_cast<int>(plan.state));
  out->set_decided_by(plan.decided_by.value);
  out->set_decision_reason(plan.decision_reason);
  out->set_outcome(plan.outcome);
  out->set_downtime_measured_us(plan.downtime_measured.count());
  out->set_step_now(plan.step_now);
  for (const Approval& approval : plan.approvals) {
    auto* approval_out = out->add_approvals();
    approval_out->set_by(approval.by.value);
    approval_out->set_at_us(ToUnixMicros(approval.at));
    approval_out->set_reason(approval.reason);
    if (!approval.proof.empty()) ToProto(approval.proof, approval_out->mutable_proof());
  }
  out->set_approved_at_us(ToUnixMicros(plan.approved_at));
  out->set_started_at_us(ToUnixMicros(plan.started_at));
  out->set_ended_at_us(ToUnixMicros(plan.ended_at));
  out->set_author(plan.author.value);
  out->set_undo_of(plan.undo_of.value);
  for (const auto& reason : plan.policy_reasons) out->add_policy_reasons(reason);
}

StatusOr<RemediationPlan> FromProto(const v1::RemediationPlan& in) {
  RemediationPlan plan;
  plan.id = PlanId(in.id());
  DRIFTCAST_ASSIGN_OR_RETURN(plan.strategy,
                             EnumFromProto<Strategy>(in.strategy(), kStrategyCount, "strategy"));
  DRIFTCAST_ASSIGN_OR_RETURN(plan.state,
                             EnumFromProto<PlanState>(in.state(), kPlanStateCount, "plan state"));
  plan.stack = StackId(in.stack());
  plan.title = in.title();
  plan.why = in.why();
  plan.trigger = in.trigger();
  DRIFTCAST_RETURN_IF_ERROR(ReadParts(in, plan));
  plan.estimate = FromProto(in.estimate());
  plan.security = {in.security().exposure_before(), in.security().exposure_after(),
                   in.security().text()};
  plan.blast.direct = in.blast().direct();
  plan.blast.transitive = in.blast().transitive();
  plan.blast.top.assign(in.blast().top().begin(), in.blast().top().end());
  plan.blast.elsewhere = in.blast().elsewhere();
  plan.blast.stacks.assign(in.blast().stacks().begin(), in.blast().stacks().end());
  plan.reversible = in.reversible();
  plan.score = in.score();
  plan.rank_reason = in.rank_reason();
  plan.made_at = FromUnixMicros(in.made_at_us());
  plan.expires_at = FromUnixMicros(in.expires_at_us());
  plan.not_before = FromUnixMicros(in.not_before_us());
  plan.hash = in.hash();
  plan.decided_by = Principal(in.decided_by());
  plan.decision_reason = in.decision_reason();
  plan.outcome = in.outcome();
  plan.downtime_measured = Duration(in.downtime_measured_us());
  plan.step_now = in.step_now();
  for (const auto& approval : in.approvals())
    plan.approvals.push_back({Principal(approval.by()), FromUnixMicros(approval.at_us()),
                              approval.reason(), FromProto(approval.proof())});
  plan.approved_at = FromUnixMicros(in.approved_at_us());
  plan.started_at = FromUnixMicros(in.started_at_us());
  plan.ended_at = FromUnixMicros(in.ended_at_us());
  plan.author = Principal(in.author());
  plan.undo_of = PlanId(in.undo_of());
  plan.policy_reasons.assign(in.policy_reasons().begin(), in.policy_reasons().end());
  return plan;
}

}  // namespace driftcast
