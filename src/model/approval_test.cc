#include "model/approval.h"

#include <gtest/gtest.h>

#include <functional>

#include "model/fake_authenticator.h"

namespace driftcast {
namespace {

const Instant kEnd = FromUnixSeconds(1'900'000'000);

RemediationPlan SomePlan() {
  RemediationPlan plan;
  plan.id = PlanId("p-1");
  plan.stack = StackId("web-7");
  PlanStep step;
  step.kind = StepKind::kSetSysctl;
  step.resource = {StackId("web-7"), "sysctl", "net.ipv4.ip_forward"};
  step.parameters["value"] = "0";
  plan.steps = {step};
  plan.expires_at = kEnd - kDay;
  return plan;
}

TEST(Approval, OfAKeyFitsThePlanAtWhateverTimeItRuns) {
  const FakeAuthenticator ada;
  RemediationPlan plan = SomePlan();
  const ApprovalProof proof = ada.Approve(plan, kEnd);
  EXPECT_TRUE(VerifyApproval(ada.Key("ada"), plan, proof).ok());
  plan.not_before = kEnd - kHour;
  plan.expires_at = kEnd;
  EXPECT_TRUE(VerifyApproval(ada.Key("ada"), plan, proof).ok());
}

TEST(Approval, DoesNotFitAnotherPlan) {
  const FakeAuthenticator ada;
  const ApprovalProof proof = ada.Approve(SomePlan(), kEnd);
  const std::function<void(RemediationPlan&)> changes[] = {
      [](auto& plan) { plan.id = PlanId("p-2"); },
      [](auto& plan) { plan.stack = StackId("web-8"); },
      [](auto& plan) { plan.strategy = Strategy::kRevert; },
      [](auto& plan) { plan.steps[0].parameters["value"] = "1"; },
      [](auto& plan) { plan.steps.push_back(plan.steps[0]); },
      [](auto& plan) {
        plan.base.push_back({plan.steps[0].resource, {}});
      },
  };
  for (const auto& change : changes) {
    RemediationPlan other = SomePlan();
    change(other);
    EXPECT_EQ(VerifyApproval(ada.Key("ada"), other, proof).code(), StatusCode::kPermissionDenied);
  }
}

TEST(Approval, ThatWasAlteredIsRefused) {
  const FakeAuthenticator ada;
  const RemediationPlan plan = SomePlan();
  const std::function<void(ApprovalProof&)> changes[] = {
      [](auto& proof) { proof.valid_until += kDay; },
      [](auto& proof) { proof.client_data += " "; },
      [](auto& proof) { proof.client_data = "{" + proof.client_data; },
      [](auto& proof) { proof.client_data.clear(); },
      [](auto& proof) { proof.authenticator_data.back() ^= 1; },
      [](auto& proof) { proof.authenticator_data.resize(36); },
      [](auto& proof) { proof.authenticator_data.clear(); },
      [](auto& proof) { proof.signature[3] ^= 1; },
      [](auto& proof) { proof.signature.clear(); },
  };
  for (const auto& change : changes) {
    ApprovalProof proof = ada.Approve(plan, kEnd);
    change(proof);
    EXPECT_EQ(VerifyApproval(ada.Key("ada"), plan, proof).code(), StatusCode::kPermissionDenied);
  }
}

TEST(Approval, OfAnotherKeyOrSiteOrOfNobodyPresentIsRefused) {
  const FakeAuthenticator ada, eve, elsewhere("evil.example");
  const RemediationPlan plan = SomePlan();
  EXPECT_FALSE(VerifyApproval(ada.Key("ada"), plan, eve.Approve(plan, kEnd)).ok());
  EXPECT_FALSE(VerifyApproval({"ada", "localhost", elsewhere.public_key()}, plan,
                              elsewhere.Approve(plan, kEnd))
                   .ok());
  EXPECT_FALSE(VerifyApproval(ada.Key("ada"), plan, ada.Approve(plan, kEnd, false)).ok());
}

TEST(Approval, LastsUntilThePlanIsOver) {
  RemediationPlan plan = SomePlan();
  const Instant now = kEnd - kDay * 30;
  EXPECT_GE(ApprovalEnd(plan, now), plan.expires_at);
  plan.not_before = kEnd + kDay * 30;
  EXPECT_GT(ApprovalEnd(plan, now), plan.not_before);
  const Instant odd = ApprovalEnd(plan, kEnd + kDay * 60 + Duration(1));
  EXPECT_EQ(odd, *ParseInstant(FormatInstant(odd)));
}

TEST(ApproverKey, IsALineAndBack) {
  const FakeAuthenticator ada;
  const std::string line = ApproverLine(ada.Key("ada"));
  ASSERT_TRUE(line.starts_with("approver ada localhost "));
  const auto key = ParseApproverKey("ada", "localhost", line.substr(23));
  ASSERT_TRUE(key.ok()) << Message(key.status());
  EXPECT_EQ(key->public_key, ada.public_key());
}

TEST(ApproverKey, ThatIsNoneIsRefused) {
  const std::string good = Base64(FakeAuthenticator().public_key());
  EXPECT_FALSE(ParseApproverKey("", "localhost", good).ok());
  EXPECT_FALSE(ParseApproverKey("ada b", "localhost", good).ok());
  EXPECT_FALSE(ParseApproverKey("ada", "local#host", good).ok());
  EXPECT_FALSE(ParseApproverKey("ada", "localhost", "").ok());
  EXPECT_FALSE(ParseApproverKey("ada", "localhost", "%%%").ok());
  EXPECT_FALSE(ParseApproverKey("ada", "localhost", Base64("no key at all")).ok());
}

}  // namespace
}  // namespace driftcast
