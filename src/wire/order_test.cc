#include "wire/order.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

TEST(WireOrder, ASignedPlanSurvivesTheWay) {
  const SigningKey key = GenerateSigningKey();
  RemediationPlan plan;
  plan.id = PlanId("p1");
  plan.stack = StackId("web-7");
  plan.strategy = Strategy::kRevert;
  PlanStep step;
  step.kind = StepKind::kSetSysctl;
  step.resource = {StackId("web-7"), "sysctl", "vm.swappiness"};
  step.parameters = {{"value", "10"}};
  plan.steps = {step};
  plan.base = {{step.resource, {{"value", Value::Integer(60)}}}};
  plan.expires_at = FromUnixSeconds(2'000'000'000);
  plan.hash = Hex(Sha256(CanonicalPlanBytes(plan)));
  const auto order = SignOrder(key, plan, FromUnixSeconds(1'900'000'000), Principal("ada"));
  ASSERT_TRUE(order.ok());

  v1::SignedPlan message;
  ToProto(*order, &message);
  v1::SignedPlan received;
  ASSERT_TRUE(received.ParseFromString(message.SerializeAsString()));
  const auto read = FromProto(received);
  ASSERT_TRUE(read.ok()) << Describe(read.status());
  EXPECT_TRUE(VerifyOrder(*read, key.public_key).ok());

  received.mutable_plan()->mutable_steps(0)->mutable_parameters(0)->set_value("100");
  EXPECT_FALSE(VerifyOrder(*FromProto(received), key.public_key).ok());
}

}  // namespace
}  // namespace driftcast
