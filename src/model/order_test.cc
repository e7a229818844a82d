#include "model/order.h"

#include <functional>

#include <gtest/gtest.h>

namespace driftcast {
namespace {

RemediationPlan SomePlan() {
  RemediationPlan plan;
  plan.id = PlanId("p1");
  plan.strategy = Strategy::kRevert;
  plan.stack = StackId("web-7");
  PlanStep step;
  step.kind = StepKind::kSetKey;
  step.resource = {StackId("web-7"), "file", "/etc/ssh/sshd_config"};
  step.parameters = {{"path", "PermitRootLogin"}, {"value", "no"}};
  plan.steps = {step};
  plan.expires_at = FromUnixSeconds(2'000'000'000);
  plan.hash = Hex(Sha256(CanonicalPlanBytes(plan)));
  return plan;
}

Order SomeOrder(const SigningKey& key) {
  return *SignOrder(key, SomePlan(), FromUnixSeconds(1'900'000'000), Principal("ada"));
}

TEST(Order, IsAcceptedAsSigned) {
  const SigningKey key = GenerateSigningKey();
  EXPECT_TRUE(VerifyOrder(SomeOrder(key), key.public_key).ok());
}

TEST(Order, EstimatesAndStateAreNotSigned) {
  const SigningKey key = GenerateSigningKey();
  Order order = SomeOrder(key);
  order.plan.state = PlanState::kSent;
  order.plan.estimate.cost = 12;
  EXPECT_TRUE(VerifyOrder(order, key.public_key).ok());
}

TEST(Order, AnotherEnginesKeyIsRefused) {
  const SigningKey ours = GenerateSigningKey(), theirs = GenerateSigningKey();
  EXPECT_EQ(VerifyOrder(SomeOrder(theirs), ours.public_key).code(), StatusCode::kPermissionDenied);
  Order disguised = SomeOrder(theirs);
  disguised.public_key = ours.public_key;
  EXPECT_EQ(VerifyOrder(disguised, ours.public_key).code(), StatusCode::kPermissionDenied);
}

TEST(Order, EveryAlterationIsRefused) {
  const SigningKey key = GenerateSigningKey();
  const std::function<void(Order&)> alterations[] = {
      [](Order& o) { o.plan.steps[0].parameters["value"] = "yes"; },
      [](Order& o) { o.plan.steps.push_back(o.plan.steps[0]); },
      [](Order& o) { o.plan.stack = StackId("web-8"); },
      [](Order& o) { o.plan.expires_at += kHour; },
      [](Order& o) { o.approved_by = Principal("eve"); },
      [](Order& o) { o.issued_at += kSecond; },
      [](Order& o) { o.signature[0] ^= 1; },
      [](Order& o) { o.signature.clear(); },
  };
  for (const auto& alter : alterations) {
    Order order = SomeOrder(key);
    alter(order);
    EXPECT_EQ(VerifyOrder(order, key.public_key).code(), StatusCode::kPermissionDenied);
    // An attacker would fix the hash as well; the signature still tells.
    order.plan.hash = Hex(Sha256(CanonicalPlanBytes(order.plan)));
    EXPECT_EQ(VerifyOrder(order, key.public_key).code(), StatusCode::kPermissionDenied);
  }
}

TEST(Order, TheHashMustBeThatOfTheSteps) {
  const SigningKey key = GenerateSigningKey();
  Order order = SomeOrder(key);
  order.plan.hash = std::string(64, '0');
  EXPECT_EQ(VerifyOrder(order, key.public_key).code(), StatusCode::kPermissionDenied);
}

TEST(Order, FieldsCannotRunIntoEachOther) {
  RemediationPlan plan = SomePlan();
  EXPECT_NE(OrderBytes(plan, FromUnixMicros(1), Principal("2:x")),
            OrderBytes(plan, FromUnixMicros(12), Principal("x")));
}

}  // namespace
}  // namespace driftcast
