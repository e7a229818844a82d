#include "model/order.h"

#include <utility>

namespace driftcast {
namespace {

void Append(std::string& out, std::string_view field) {
  out += std::to_string(field.size());
  out += ':';
  out += field;
}

}  // namespace

Permission PermissionFor(const PlanStep& step) {
  const auto command = step.parameters.find("command");
  switch (step.kind) {
    case StepKind::kNone:
    case StepKind::kAcceptObserved:
    case StepKind::kCheckUnit:
    case StepKind::kCheckPort:
    case StepKind::kCheckSpace:
    case StepKind::kCheckCertificate:
    case StepKind::kCheckMetric:
      return {};
    case StepKind::kRunCommand:
    case StepKind::kCheckCommand:
      return {"command", command == step.parameters.end() ? "" : command->second};
    case StepKind::kCleanPackageCache:
      return {"package", "cache"};
    default:
      // "alice SHA256:...": a host allows the keys of a user, not single ones.
      if (step.resource.kind == "authorized_key")
        return {"authorized_key", step.resource.name.substr(0, step.resource.name.find(' '))};
      return {step.resource.kind.substr(0, step.resource.kind.find(':')), step.resource.name};
  }
}

std::string OrderBytes(const RemediationPlan& plan, Instant issued_at,
                       const Principal& approved_by) {
  std::string out;
  Append(out, "driftcast-plan-order/1");
  Append(out, CanonicalPlanBytes(plan));
  Append(out, std::to_string(ToUnixMicros(issued_at)));
  Append(out, approved_by.value);
  return out;
}

StatusOr<Order> SignOrder(const SigningKey& key, RemediationPlan plan, Instant issued_at,
                          Principal approved_by) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string signature,
                             Sign(key, OrderBytes(plan, issued_at, approved_by)));
  return Order{std::move(plan), issued_at, std::move(approved_by), key.public_key,
               std::move(signature)};
}

Status VerifyOrder(const Order& order, std::string_view public_key) {
  const std::string& id = order.plan.id.value;
  if (!ConstantTimeEqual(order.public_key, public_key))
    return PermissionDenied("plan {} is signed by a key that is not this engine's", id);
  if (order.plan.hash != Hex(Sha256(CanonicalPlanBytes(order.plan))))
    return PermissionDenied("plan {} is not the one that was approved: its hash differs", id);
  return Annotate(
      VerifySignature(public_key, OrderBytes(order.plan, order.issued_at, order.approved_by),
                      order.signature),
      "plan " + id);
}

}  // namespace driftcast
