#include <gtest/gtest.h>

#include "wire/fact.h"
#include "wire/plan.h"
#include "wire/value.h"

namespace driftcast {
namespace {

const ResourceId kFile{StackId("web-7"), "file", "/etc/ssh/sshd_config"};

Fact Wrap(FactBody body) {
  Fact fact;
  fact.at = FromUnixMicros(1'700'000'000'123'456);
  fact.stack = StackId("web-7");
  fact.agent = AgentId("agent-1");
  fact.sequence = 42;
  fact.body = std::move(body);
  return fact;
}

RemediationPlan WrittenPlan() {
  RemediationPlan plan;
  plan.id = PlanId("plan-1");
  plan.stack = kFile.stack;
  plan.resources = {kFile};
  plan.steps = {{StepKind::kWriteFile, kFile, {{"content", "x"}}, true, kMinute}};
  plan.approvals = {{Principal("eve"), FromUnixMicros(1), "ok"}};
  plan.approved_at = FromUnixMicros(2);
  plan.started_at = FromUnixMicros(3);
  plan.ended_at = FromUnixMicros(4);
  plan.author = Principal("eve");
  plan.undo_of = PlanId("plan-0");
  plan.policy_reasons = {"approval 'default': 1 of 1 given"};
  return plan;
}

// One of each body, with every field set to something that is not its default.
std::vector<Fact> EveryBody() {
  const Cause cause{CauseKind::kPackageRun, "run-1",      "root", "apt-get upgrade",
                    Confidence::kExact,     "package log"};
  ChangeEvent event{
      FromUnixMicros(5), "s", "k", "r", "p", ChangeOp::kChange, "1", "2", "a", true, 7, true};
  return {
      Wrap(StackEnrolled{RoleName("web"), {{"os", "Debian"}}, {"file"}}),
      Wrap(ResourceObserved{kFile,
                            {{"PermitRootLogin", Value::Text("no")}, {"Port", Value::Integer(22)}},
                            {{"owned_by", "package", "openssh-server", StackId("web-8")}},
                            {{"owner", Value::Text("openssh-server")}},
                            {{"Match", "not understood"}},
                            Means::kEvent,
                            cause}),
      Wrap(ResourceVanished{kFile, Means::kRescan, cause}),
      Wrap(SnapshotCompleted{{"file", "package"}, FromUnixMicros(9), true}),
      Wrap(ExpectationSet{kFile,
                          RoleName(),
                          {{"Port", Value::Integer(22)}},
                          {"X"},
                          Origin::kDeclared,
                          Principal("ansible"),
                          "base",
                          true,
                          true}),
      Wrap(ActivityReported{"package_run",
                            "7",
                            "root",
                            "apt",
                            FromUnixMicros(1),
                            FromUnixMicros(2),
                            {"package/a"},
                            {{"k", "v"}}}),
      Wrap(MetricsObserved{
          {{"mount", "/", "system.filesystem.utilization", FromUnixMicros(3), 0.5}}}),
      Wrap(TimeAdvanced{}),
      Wrap(PastChanges{{event}}),
      Wrap(IgnoreRule{"r1", "*/file/*", "*", "ops", "noise", FromUnixMicros(8), true, true}),
      Wrap(DecisionMade{PlanId("p"), kFile, Verdict::kApprove, "ab", Principal("eve"), "ok",
                        FromUnixMicros(1), FromUnixMicros(2)}),
      Wrap(PlanProgressed{PlanId("p"), PlanState::kRunning, 2, "x", Duration(5)}),
      Wrap(ModelPublished{"00", "2026-11-24", Principal("engine"), "less loss", FromUnixMicros(7)}),
      Wrap(AgentReported{"0.1", 0.2, 3, 4, 5, {{"file", 1.5}}}),
      Wrap(PolicyPublished{"cost_max = 1", {{"UTC", "TZif"}}, "00", Principal("eve"), "first"}),
      Wrap(PauseSet{"pause-1", "web-7/*", Principal("eve"), "storage work", FromUnixMicros(9),
                    true}),
      Wrap(PlanWritten{WrittenPlan(), Principal("eve"), "by hand"}),
      Wrap(FeedPublished{"kev",
                         "kev",
                         "00",
                         "kev.json",
                         FromUnixMicros(1),
                         FromUnixMicros(2),
                         3,
                         1,
                         {"byte 7: no id"},
                         "x",
                         Duration(5),
                         true}),
  };
}

TEST(Fact, EveryBodyReadsBackToTheSameBytes) {
  const auto facts = EveryBody();
  EXPECT_EQ(facts.size(), std::variant_size_v<FactBody>);
  for (const Fact& fact : facts) {
    const std::string bytes = EncodeFact(fact);
    const auto back = DecodeFact(bytes);
    ASSERT_TRUE(back.ok()) << Describe(back.status());
    EXPECT_EQ(back->body.index(), fact.body.index());
    EXPECT_EQ(EncodeFact(*back), bytes);
    EXPECT_GT(bytes.size(), 20u);
  }
}

TEST(Fact, UnknownFieldsSurvive) {
  v1::Fact message;
  ToProto(Wrap(TimeAdvanced{}), &message);
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(9999, 17);
  const auto fact = DecodeFact(message.SerializeAsString());
  ASSERT_TRUE(fact.ok());
  v1::Fact back;
  ASSERT_TRUE(back.ParseFromString(EncodeFact(*fact)));
  const auto& unknown = back.GetReflection()->GetUnknownFields(back);
  ASSERT_EQ(unknown.field_count(), 1);
  EXPECT_EQ(unknown.field(0).number(), 9999);
  EXPECT_EQ(unknown.field(0).varint(), 17u);
}

TEST(Fact, UnknownFieldsOfItsPartsSurvive) {
  v1::Fact message;
  ToProto(EveryBody()[1], &message);
  auto* value = message.mutable_resource_observed()->mutable_keys(1)->mutable_value();
  value->GetReflection()->MutableUnknownFields(value)->AddLengthDelimited(77, "from tomorrow");
  const std::string sent = message.SerializeAsString();
  auto fact = DecodeFact(sent);
  ASSERT_TRUE(fact.ok());
  fact->agent = AgentId("agent-9");  // the engine knows better
  // Written down and read again, more than once.
  const auto again = DecodeFact(EncodeFact(*DecodeFact(EncodeFact(*fact))));
  ASSERT_TRUE(again.ok());
  v1::Fact stored, received;
  ASSERT_TRUE(stored.ParseFromString(EncodeFact(*again)));
  EXPECT_EQ(stored.agent(), "agent-9");
  EXPECT_EQ(stored.received(), sent);
  ASSERT_TRUE(received.ParseFromString(stored.received()));
  const auto& there = received.resource_observed().keys(1).value();
  const auto& unknown = there.GetReflection()->GetUnknownFields(there);
  ASSERT_EQ(unknown.field_count(), 1);
  EXPECT_EQ(unknown.field(0).length_delimited(), "from tomorrow");
}

TEST(Fact, WhatIsUnderstoodIsNotKeptTwice) {
  for (const Fact& fact : EveryBody()) {
    const auto back = DecodeFact(EncodeFact(fact));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->unknown_fields, "");
  }
}

TEST(Fact, BadInputIsRefusedWithAReason) {
  EXPECT_EQ(DecodeFact("\xff\xff").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeFact("").status().code(), StatusCode::kInvalidArgument);
  v1::Fact message;
  ToProto(EveryBody()[1], &message);
  message.mutable_resource_observed()->mutable_keys(0)->clear_path();
  const Status status = FromProto(message).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(status).find("web-7/file//etc/ssh/sshd_config"), std::string::npos);
  message.mutable_resource_observed()->mutable_resource()->set_kind("a/b");
  EXPECT_EQ(FromProto(message).status().code(), StatusCode::kInvalidArgument);
}

TEST(Plan, ReadsBackWithTheSameCanonicalBytes) {
  RemediationPlan plan;
  plan.id = PlanId("p1");
  plan.strategy = Strategy::kRevert;
  plan.stack = StackId("web-7");
  plan.resources = {kFile};
  plan.steps = {{StepKind::kSetKey, kFile, {{"path", "Port"}, {"value", "22"}}, false, kMinute}};
  plan.base = {{kFile, {{"Port", Value::Integer(2222)}}}};
  plan.estimate.inputs = {"prior"};
  plan.state = PlanState::kUnclear;
  plan.made_at = FromUnixMicros(1);
  plan.expires_at = FromUnixMicros(2);
  v1::RemediationPlan message;
  ToProto(plan, &message);
  const auto back = FromProto(message);
  ASSERT_TRUE(back.ok()) << Describe(back.status());
  EXPECT_EQ(CanonicalPlanBytes(*back), CanonicalPlanBytes(plan));
  EXPECT_EQ(back->state, plan.state);
  EXPECT_EQ(back->estimate.inputs, plan.estimate.inputs);
  message.mutable_steps(0)->set_kind(99);
  EXPECT_EQ(FromProto(message).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace driftcast
