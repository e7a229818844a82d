#include "engine/engine.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "engine/shard_run.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

class EnrolledShard : public testing::Test {
 protected:
  EnrolledShard() {
    for (const Fact& fact : Enrolment(reporter_)) EXPECT_TRUE(run_.Apply(fact).ok());
  }
  void Loosen(Instant at) {
    ASSERT_TRUE(
        run_.Apply(reporter_.Saw(
                       FileId("ssh/sshd_config"),
                       {{"PermitRootLogin", Value::Text("yes")}, {"Port", Value::Integer(22)}}, at))
            .ok());
  }
  Fact Decide(const RemediationPlan& plan, Verdict verdict) {
    DecisionMade decision;
    decision.plan = plan.id;
    decision.resource = plan.resources[0];
    decision.verdict = verdict;
    decision.plan_hash = plan.hash;
    decision.by = Principal("eve");
    decision.reason = "because";
    Fact fact;
    fact.at = run_.view().now();
    fact.body = decision;
    return fact;
  }
  std::optional<RemediationPlan> PlanWith(Strategy strategy) {
    PlanFilter filter;
    filter.resource = FileId("ssh/sshd_config");
    for (const auto& plan : run_.view().Plans(filter).rows)
      if (plan.strategy == strategy) return plan;
    return std::nullopt;
  }
  size_t OutboxSize(const std::string& kind) {
    size_t count = 0;
    EXPECT_TRUE(run_.store()
                    .Scan(Table::kOutbox, "", "",
                          [&](std::string_view, std::string_view bytes) {
                            count += DecodeOutboxEffect(bytes)->kind == kind ? 1 : 0;
                            return true;
                          })
                    .ok());
    return count;
  }

  Reporter reporter_;
  ShardRun run_;
};

TEST_F(EnrolledShard, EverythingIsInSyncAfterEnrolment) {
  const auto stacks = run_.view().Stacks();
  ASSERT_EQ(stacks.size(), 1u);
  EXPECT_EQ(stacks[0].counts[static_cast<size_t>(ResourceStatus::kInSync)], 2u);
  EXPECT_EQ(stacks[0].role, RoleName("web"));
}

TEST_F(EnrolledShard, AChangeOpensADriftAndComingBackClosesIt) {
  Loosen(kStart + kMinute);
  const auto drifts = run_.view().Drifts({});
  ASSERT_EQ(drifts.total, 1u);
  EXPECT_EQ(drifts.rows[0].keys[0].path, "PermitRootLogin");
  EXPECT_DOUBLE_EQ(drifts.rows[0].severity, 10);
  EXPECT_EQ(OutboxSize("drift.opened"), 1u);
  ASSERT_TRUE(run_.Apply(reporter_.Saw(
                             FileId("ssh/sshd_config"),
                             {{"PermitRootLogin", Value::Text("no")}, {"Port", Value::Integer(22)}},
                             kStart + kHour))
                  .ok());
  EXPECT_EQ(run_.view().Drifts({}).total, 0u);
  const auto history = run_.view().History(FileId("ssh/sshd_config"), Instant(), Instant(), 100);
  ASSERT_TRUE(history.ok());
  ASSERT_EQ(history->size(), 5u);  // back, change, and how it came: created with two keys
  EXPECT_EQ((*history)[0].event.new_value, "no");
  EXPECT_TRUE((*history)[1].drift);
}

TEST_F(EnrolledShard, NewThingsAreListedAndThoseThatLetSomebodyInAlerted) {
  ASSERT_TRUE(run_.Apply(reporter_.Saw(FileId("motd.d/new"), {{"line[]", Value::Text("x")}},
                                       kStart + kHour))
                  .ok());
  EXPECT_EQ(OutboxSize("drift.opened"), 0u);
  ASSERT_TRUE(
      run_.Apply(reporter_.Saw(FileId("sudoers.d/eve"),
                               {{"line[]", Value::Text("eve ALL=(ALL) ALL")}}, kStart + 2 * kHour))
          .ok());
  EXPECT_EQ(OutboxSize("drift.opened"), 1u);
}

TEST_F(EnrolledShard, AnyPastStateCanBeAskedFor) {
  Loosen(kStart + kHour);
  const auto before = run_.view().ObservedAt(FileId("ssh/sshd_config"), kStart + kMinute);
  const auto after = run_.view().ObservedAt(FileId("ssh/sshd_config"), kStart + kHour);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ((*before)[0].value, Value::Text("no"));
  EXPECT_EQ((*after)[0].value, Value::Text("yes"));
  EXPECT_EQ(run_.view().ObservedAt(FileId("ssh/sshd_config"), kStart - kHour).status().code(),
            StatusCode::kNotFound);
}

TEST_F(EnrolledShard, WhatVanishedCanBeAskedForAsItWas) {
  Loosen(kStart + kMinute);
  const ResourceId id = FileId("ssh/sshd_config");
  ASSERT_TRUE(
      run_.Apply(reporter_.Make(ResourceVanished{id, Means::kEvent, {}}, kStart + kHour)).ok());
  EXPECT_EQ(run_.view().ObservedAt(id, kStart + kHour).status().code(), StatusCode::kNotFound);
  const auto before = run_.view().ObservedAt(id, kStart + kMinute * 2);
  ASSERT_TRUE(before.ok()) << Describe(before.status());
  ASSERT_EQ(before->size(), 2u);
  EXPECT_EQ((*before)[0].value, Value::Text("yes"));
  EXPECT_EQ((*before)[1].value, Value::Integer(22));
  EXPECT_EQ((*run_.view().ObservedAt(id, kStart))[0].value, Value::Text("no"));
}

TEST_F(EnrolledShard, ARepeatChangesNothingAndAGapIsRefused) {
  const std::string before = run_.store().Digest();
  Reporter again;
  for (const Fact& fact : Enrolment(again)) ASSERT_TRUE(run_.Apply(fact).ok());
  EXPECT_EQ(run_.store().Digest(), before);
  reporter_.Make(TimeAdvanced{}, kStart);  // a number that never comes
  EXPECT_EQ(run_.Apply(reporter_.Saw(FileId("motd"), {}, kStart)).code(), StatusCode::kOutOfRange);
}

TEST_F(EnrolledShard, AnAgentCannotSpeakForAnotherStack) {
  Fact fact = reporter_.Saw(FileId("motd"), {}, kStart);
  std::get<ResourceObserved>(fact.body).resource.stack = StackId("db-1");
  EXPECT_EQ(run_.Apply(fact).code(), StatusCode::kPermissionDenied);
}

TEST_F(EnrolledShard, APackageRunExplainsTheFilesOfItsPackages) {
  auto seen = reporter_.Saw(FileId("ssh/sshd_config"), {{"PermitRootLogin", Value::Text("yes")}},
                            kStart + kMinute);
  std::get<ResourceObserved>(seen.body).depends_on = {
      {"owned_by", "package", "openssh-server", StackId()}};
  ASSERT_TRUE(run_.Apply(seen).ok());
  EXPECT_FALSE(run_.view().Drifts({}).rows[0].cause.known());
  ActivityReported activity;
  activity.kind = "package_run";
  activity.id = "run-1";
  activity.text = "apt-get upgrade";
  activity.started_at = kStart;
  activity.ended_at = kStart + kMinute;
  activity.resources = {"package/openssh-server"};
  ASSERT_TRUE(run_.Apply(reporter_.Make(activity, kStart + kMinute)).ok());
  EXPECT_EQ(run_.view().Drifts({}).rows[0].cause.id, "run-1");
}

TEST_F(EnrolledShard, APackageRunExplainsWhatMovedWhileItRan) {
  ActivityReported activity;
  activity.kind = "package_run";
  activity.id = "run-1";
  activity.started_at = kStart + kMinute;
  activity.ended_at = kStart + kMinute * 2;
  activity.resources = {"package/nginx"};
  ASSERT_TRUE(run_.Apply(reporter_.Make(activity, activity.ended_at)).ok());
  Loosen(activity.ended_at + std::chrono::seconds(2));
  EXPECT_EQ(run_.view().Drifts({}).rows[0].cause.id, "run-1");
  ASSERT_TRUE(run_.Apply(reporter_.Saw(FileId("motd"), {{"line[]", Value::Text("x")}},
                                       activity.ended_at + kMinute))
                  .ok());
  const auto drifts = run_.view().Drifts({}).rows;
  ASSERT_EQ(drifts.size(), 2u);
  for (const auto& drift : drifts)
    EXPECT_EQ(drift.cause.known(), drift.resource == FileId("ssh/sshd_config"));
}

TEST_F(EnrolledShard, AnUpgradeOfManyFilesMakesOneAlert) {
  ActivityReported activity;
  activity.kind = "package_run";
  activity.id = "run-1";
  activity.started_at = kStart;
  activity.ended_at = kStart + kHour;
  activity.resources = {"file//etc/motd", "file//etc/ssh/sshd_config"};
  ASSERT_TRUE(run_.Apply(reporter_.Make(activity, kStart)).ok());
  Loosen(kStart + kMinute);
  ASSERT_TRUE(
      run_.Apply(reporter_.Saw(FileId("motd"), {{"line[]", Value::Text("x")}}, kStart + kMinute))
          .ok());
  EXPECT_EQ(run_.view().Drifts({}).total, 2u);
  EXPECT_EQ(OutboxSize("drift.opened"), 1u);
}

TEST_F(EnrolledShard, ASnapshotTellsWhatHasVanished) {
  const Instant later = kStart + kHour;
  ASSERT_TRUE(run_.Apply(reporter_.Saw(FileId("motd"), {{"line[]", Value::Text("hello")}}, later,
                                       Means::kSnapshot))
                  .ok());
  ASSERT_TRUE(run_.Apply(reporter_.Make(SnapshotCompleted{{"file"}, later}, later)).ok());
  EXPECT_EQ(run_.view().Shadow(FileId("ssh/sshd_config"))->status, ResourceStatus::kMissing);
  EXPECT_EQ(run_.view().Shadow(FileId("motd"))->status, ResourceStatus::kInSync);
}

TEST_F(EnrolledShard, ARescanThatOmitsTheUnchangedComparesThem) {
  const Instant later = kStart + kHour;
  ASSERT_TRUE(run_.Apply(reporter_.Make(SnapshotCompleted{{"file"}, later, true}, later)).ok());
  const auto shadow = run_.view().Shadow(FileId("motd"));
  EXPECT_EQ(shadow->status, ResourceStatus::kInSync);
  EXPECT_EQ(shadow->compared_at, later);
}

TEST_F(EnrolledShard, DeclarationsOfARoleReachItsStacks) {
  ExpectationSet wanted;
  wanted.resource = {StackId(), "file", "/etc/motd"};
  wanted.role = RoleName("web");
  wanted.keys = {{"line[]", Value::Text("welcome")}};
  wanted.origin = Origin::kDeclared;
  Fact fact;
  fact.at = kStart;
  fact.body = wanted;
  ASSERT_TRUE(run_.Apply(fact).ok());
  EXPECT_EQ(run_.view().Shadow(FileId("motd"))->status, ResourceStatus::kDrifted);
  run_.Restart();
  EXPECT_EQ(run_.view().Shadow(FileId("motd"))->status, ResourceStatus::kDrifted);
}

TEST_F(EnrolledShard, AnIgnoreRuleHidesAndItsEndShows) {
  Loosen(kStart + kMinute);
  IgnoreRule rule;
  rule.id = "r1";
  rule.resource_glob = "*/file//etc/ssh/*";
  rule.key_glob = "*";
  rule.owner = "eve";
  rule.expires_at = kStart + kHour;
  Fact fact;
  fact.at = kStart + kMinute;
  fact.body = rule;
  ASSERT_TRUE(run_.Apply(fact).ok());
  EXPECT_EQ(run_.view().Shadow(FileId("ssh/sshd_config"))->status, ResourceStatus::kInSync);
  ASSERT_TRUE(run_.Apply(Tick(kStart + kHour * 2)).ok());
  EXPECT_EQ(run_.view().Shadow(FileId("ssh/sshd_config"))->status, ResourceStatus::kDrifted);
}

TEST_F(EnrolledShard, ARevertIsOrderedFollowedAndAudited) {
  Loosen(kStart + kMinute);
  const auto plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(plan);
  auto wrong = Decide(*plan, Verdict::kApprove);
  std::get<DecisionMade>(wrong.body).plan_hash = "00";
  EXPECT_EQ(run_.Apply(wrong).code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(run_.Apply(Decide(*plan, Verdict::kApprove)).ok());
  EXPECT_EQ(run_.view().Plan(plan->id)->state, PlanState::kApproved);
  EXPECT_EQ(run_.Apply(Decide(*plan, Verdict::kApprove)).code(), StatusCode::kFailedPrecondition);
  PlanProgressed step{plan->id, PlanState::kSucceeded, 0, "", Duration(0)};
  ASSERT_TRUE(run_.Apply(reporter_.Make(step, kStart + kMinute * 2)).ok());
  EXPECT_EQ(run_.view().Plan(plan->id)->state, PlanState::kRunning);
  PlanProgressed done{plan->id, PlanState::kSucceeded, -1, "verified", Duration(0)};
  ASSERT_TRUE(run_.Apply(reporter_.Make(done, kStart + kMinute * 2)).ok());
  EXPECT_EQ(run_.view().Plan(plan->id)->state, PlanState::kSucceeded);
  const auto audit = run_.view().Audit(UINT64_MAX, 100);
  ASSERT_TRUE(audit.ok());
  EXPECT_EQ(audit->front().action, "plan.succeeded");
}

TEST_F(EnrolledShard, AcceptingMovesTheExpectationAndEndsTheDrift) {
  Loosen(kStart + kMinute);
  const auto plan = PlanWith(Strategy::kAccept);
  ASSERT_TRUE(plan);
  ASSERT_TRUE(run_.Apply(Decide(*plan, Verdict::kApprove)).ok());
  const auto shadow = run_.view().Shadow(FileId("ssh/sshd_config"));
  EXPECT_EQ(shadow->status, ResourceStatus::kInSync);
  EXPECT_EQ(shadow->keys[0].origin, Origin::kAccepted);
  EXPECT_EQ(run_.view().Drifts({}).total, 0u);
}

TEST_F(EnrolledShard, PredictionsAreScoredWhenTheirHorizonHasPassed) {
  ASSERT_TRUE(run_.Apply(Tick(kStart + kMinute)).ok());
  EXPECT_EQ(run_.view().Track().open, 2 * kHorizonCount);
  Loosen(kStart + kMinute * 10);
  ASSERT_TRUE(run_.Apply(reporter_.Make(AgentReported{}, kStart + kHour * 3)).ok());
  ASSERT_TRUE(run_.Apply(Tick(kStart + kHour * 3)).ok());
  const auto track = run_.view().Track();
  EXPECT_EQ(track.horizons[0].hits, 1u);
  EXPECT_EQ(track.horizons[0].misses, 1u);
  EXPECT_EQ(track.horizons[1].hits, 0u);
}

TEST_F(EnrolledShard, ReasonsSumToTheLogit) {
  Loosen(kStart + kMinute);
  const auto prediction = run_.view().Prediction(FileId("ssh/sshd_config"));
  ASSERT_TRUE(prediction);
  double sum = 0;
  for (const Reason& reason : prediction->reasons) sum += reason.weight;
  const double p = prediction->horizons[2].p_change;
  EXPECT_NEAR(sum, std::log(p / (1 - p)), 1e-5);
  for (size_t h = 1; h < kHorizonCount; ++h)
    EXPECT_GE(prediction->horizons[h].p_change, prediction->horizons[h - 1].p_change);
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_engine_XXXXXX";
    options_.data = mkdtemp(name.data());
    options_.tick = std::chrono::milliseconds(20);
  }
  ~EngineTest() override { std::filesystem::remove_all(options_.data); }
  EngineOptions options_;
};

TEST_F(EngineTest, WhatWasAcknowledgedIsThereAfterReopening) {
  Reporter reporter;
  {
    auto engine = Engine::Open(options_, SystemClock());
    ASSERT_TRUE(engine.ok()) << Describe(engine.status());
    ASSERT_TRUE((*engine)->SubmitAndWait(Enrolment(reporter)).ok());
    EXPECT_EQ((*engine)->DurableSequence(AgentId("agent-1")), 4u);
  }
  auto engine = Engine::Open(options_, SystemClock());
  ASSERT_TRUE(engine.ok()) << Describe(engine.status());
  EXPECT_EQ((*engine)->DurableSequence(AgentId("agent-1")), 4u);
  EXPECT_EQ((*engine)->Ask([](const EngineView& view) { return view.Resources({}).total; }), 2u);
  EXPECT_TRUE((*engine)->VerifyAudit().ok());
}

TEST_F(EngineTest, NothingOfARefusedSubmissionIsApplied) {
  auto engine = Engine::Open(options_, SystemClock());
  ASSERT_TRUE(engine.ok());
  Reporter reporter;
  auto facts = Enrolment(reporter);
  facts.back().sequence = 99;
  EXPECT_EQ((*engine)->SubmitAndWait(facts).code(), StatusCode::kOutOfRange);
  EXPECT_EQ((*engine)->DurableSequence(AgentId("agent-1")), 0u);
  EXPECT_EQ((*engine)->Ask([](const EngineView& view) { return view.Stacks().size(); }), 0u);
}

TEST_F(EngineTest, AFullQueueRefuses) {
  options_.queue_facts_max = 3;
  auto engine = Engine::Open(options_, SystemClock());
  ASSERT_TRUE(engine.ok());
  Reporter reporter;
  EXPECT_EQ((*engine)->SubmitAndWait(Enrolment(reporter)).code(), StatusCode::kResourceExhausted);
}

TEST_F(EngineTest, MetricsAreShedFirst) {
  options_.queue_facts_max = 3;
  auto engine = Engine::Open(options_, SystemClock());
  ASSERT_TRUE(engine.ok());
  Fact metrics;
  metrics.at = SystemClock()->Now();
  metrics.stack = StackId("web-7");
  metrics.body = MetricsObserved{{{"host", "", "system.load", metrics.at, 1}}};
  EXPECT_TRUE((*engine)->SubmitAndWait({metrics}).ok());
  EXPECT_EQ((*engine)->SubmitAndWait({metrics, metrics}).code(), StatusCode::kResourceExhausted);
  EXPECT_THAT((*engine)->Counters(),
              testing::Contains(testing::Pair("queue_metrics_shed_total", 1)));
  Reporter reporter;
  auto configuration = Enrolment(reporter);
  configuration.resize(2);
  EXPECT_TRUE((*engine)->SubmitAndWait(configuration).ok()) << "there is room for configuration";
}

TEST_F(EngineTest, AFullDiskAcknowledgesNothingAndLosesNothing) {
  auto memory = std::make_unique<MemoryStore>();
  MemoryStore inner;
  auto faulty = std::make_unique<FaultyStore>(inner);
  faulty->FailCommits(2);
  auto engine = Engine::OpenWithStore(options_, SystemClock(), std::move(faulty));
  ASSERT_TRUE(engine.ok());
  Reporter reporter;
  const auto started = std::chrono::steady_clock::now();
  ASSERT_TRUE((*engine)->SubmitAndWait(Enrolment(reporter)).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::seconds(1));
  EXPECT_EQ((*engine)->Ask([](const EngineView& view) { return view.Resources({}).total; }), 2u);
}

TEST_F(EngineTest, ListenersHearOfDriftOnceItIsDurable) {
  auto engine = Engine::Open(options_, SystemClock());
  ASSERT_TRUE(engine.ok());
  std::atomic<int> drifts{0};
  const uint64_t subscription = (*engine)->Subscribe(
      [&](const LiveEvent& event) { drifts += event.kind == LiveEvent::Kind::kDrift ? 1 : 0; });
  Reporter reporter;
  ASSERT_TRUE((*engine)->SubmitAndWait(Enrolment(reporter)).ok());
  ASSERT_TRUE(
      (*engine)->SubmitAndWait({reporter.Saw(FileId("motd"), {}, SystemClock()->Now())}).ok());
  (*engine)->Ask([](const EngineView&) { return 0; });  // the shard has published by now
  (*engine)->Unsubscribe(subscription);
  EXPECT_EQ(drifts, 1);
  const auto outbox = (*engine)->Outbox(10);
  ASSERT_TRUE(outbox.ok());
  ASSERT_EQ(outbox->size(), 1u);
  ASSERT_TRUE((*engine)->OutboxDelivered({(*outbox)[0].number}).ok());
  EXPECT_TRUE((*engine)->Outbox(10)->empty());
}

TEST_F(EngineTest, ADamagedAuditLogIsNoticed) {
  MemoryStore inner;
  auto engine =
      Engine::OpenWithStore(options_, SystemClock(), std::make_unique<FaultyStore>(inner));
  ASSERT_TRUE(engine.ok());
  for (const char* subject : {"1", "2", "3"})
    ASSERT_TRUE((*engine)->AppendAudit(Principal("eve"), "test", subject, "").ok());
  EXPECT_TRUE((*engine)->VerifyAudit().ok());
  WriteBatch tamper;
  tamper.Delete(Table::kAudit, OrderedNumber(2));
  ASSERT_TRUE(inner.Commit(tamper).ok());
  EXPECT_EQ((*engine)->VerifyAudit().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace driftcast
