// What the shard does with a policy, pauses, plans by hand and undo.
#include <algorithm>
#include <random>

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "engine/policy_source.h"
#include "engine/shard.h"
#include "engine/shard_view.h"
#include "model/fake_authenticator.h"
#include "remedy/policy_file.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

constexpr Instant kStart = FromUnixSeconds(1'760'000'000);  // 2025-10-09 08:53:20, a Thursday
const StackId kStack("web-7");
const ResourceId kPort{kStack, "sysctl", "net.core.somaxconn"};

ZoneSource NoZones() {
  return [](const std::string& name) { return NotFound("no zone {}", name); };
}

class PolicyTest : public testing::Test {
 protected:
  PolicyTest() {
    shard_ = *Shard::Restore(store_, {});
    Say(FromAgent(StackEnrolled{RoleName("web"), {}, {"sysctl", "file"}}));
    Sysctl("128", Means::kSnapshot);
    for (int i = 0; i < 6; ++i) Sysctl("128", Means::kSnapshot, Setting(i));
    Say(FromAgent(SnapshotCompleted{{"sysctl"}, kStart, false}));
  }

  Status Try(FactBody body, StackId stack = {}) {
    Fact fact;
    fact.at = now_;
    fact.stack = std::move(stack);
    fact.body = std::move(body);
    return Apply(fact);
  }
  void Say(const Fact& fact) { ASSERT_TRUE(Apply(fact).ok()); }
  Status Apply(const Fact& fact) {
    DRIFTCAST_RETURN_IF_ERROR(shard_->Check({&fact, 1}));
    shard_->Apply(fact);
    WriteBatch writes;
    shard_->Collect(writes, events_);
    EXPECT_TRUE(store_.Commit(writes).ok());
    return Ok();
  }
  Fact FromAgent(FactBody body) {
    Fact fact;
    fact.at = now_;
    fact.stack = kStack;
    fact.agent = AgentId("agent-1");
    fact.sequence = ++sequence_;
    fact.body = std::move(body);
    return fact;
  }
  // A key that moves all the time is learned to be volatile, so some tests take another each time.
  static ResourceId Setting(int i) {
    return {kStack, "sysctl", "net.ipv4.setting" + std::to_string(i)};
  }
  void Sysctl(const std::string& value, Means means = Means::kEvent,
              const ResourceId& resource = kPort) {
    ResourceObserved observed;
    observed.resource = resource;
    observed.keys = {{"value", Value::Guess(value)}};
    observed.means = means;
    Say(FromAgent(observed));
  }
  void Wait(Duration span) {
    now_ += span;
    ASSERT_TRUE(Try(TimeAdvanced{}).ok());
  }
  Status SetPolicy(const std::string& text) {
    auto policy = MakePolicy(text, NoZones(), Principal("ada"), "test");
    if (!policy.ok()) return policy.status();
    return Try(*policy);
  }
  ShardView view() { return ShardView(shard_->state(), store_, shown_); }
  RemediationPlan PlanWith(Strategy strategy, const ResourceId& resource = kPort) {
    PlanFilter filter;
    filter.resource = resource;
    for (const auto& plan : view().Plans(filter).rows)
      if (plan.strategy == strategy && !IsFinal(plan.state)) return plan;
    std::string there;
    for (const auto& plan : view().Plans(filter).rows)
      there += fmt::format(" {}:{}:{}", plan.id.value, StrategyName(plan.strategy),
                           PlanStateName(plan.state));
    ADD_FAILURE() << "no plan with " << StrategyName(strategy) << there;
    return {};
  }
  Status Decide(const RemediationPlan& plan, Verdict verdict, const std::string& by) {
    DecisionMade decision;
    decision.plan = plan.id;
    decision.resource = plan.resources[0];
    decision.verdict = verdict;
    decision.plan_hash = plan.hash;
    decision.by = Principal(by);
    decision.reason = "because";
    return Try(decision, kStack);
  }
  Status Progress(const PlanId& plan, PlanState state) {
    const Status status = Apply(FromAgent(PlanProgressed{plan, state, -1, "", Duration(0)}));
    if (!status.ok()) --sequence_;  // a host that says it never leaves a gap
    return status;
  }
  RemediationPlan Stored(const PlanId& id) { return *view().Plan(id); }
  size_t Orders() { return DuePlans(shard_->state(), kStack).size(); }
  // The drift comes, is reverted by the host, and is gone.
  void RevertOnce(PlanState outcome, const ResourceId& resource = kPort) {
    Sysctl("512", Means::kEvent, resource);
    const RemediationPlan plan = PlanWith(Strategy::kRevert, resource);
    ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
    ASSERT_TRUE(Progress(plan.id, PlanState::kRunning).ok());
    ASSERT_TRUE(Progress(plan.id, outcome).ok());
    Sysctl("128", Means::kEvent, resource);
    now_ += kSecond;
  }
  void Restart() { shard_ = *Shard::Restore(store_, {}); }

  MemoryStore store_;
  ShownPlans shown_;
  std::unique_ptr<Shard> shard_;
  std::vector<LiveEvent> events_;
  Instant now_ = kStart;
  uint64_t sequence_ = 0;
};

TEST_F(PolicyTest, APolicyIsPublishedWithItsDigestKeptAndAudited) {
  EXPECT_EQ(view().Policy(), std::nullopt);
  EXPECT_EQ(SetPolicy("no_such_word = 1").code(), StatusCode::kInvalidArgument);
  PolicyPublished forged;
  forged.text = "cost_max = 5\n";
  forged.digest = std::string(64, '0');
  forged.by = Principal("eve");
  EXPECT_EQ(Try(forged).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(SetPolicy("cost_max = 5\n").ok());
  Restart();
  ASSERT_TRUE(view().Policy().has_value());
  EXPECT_EQ(view().Policy()->source.text, "cost_max = 5\n");
  EXPECT_EQ(view().Policy()->source.digest, Hex(Sha256("cost_max = 5\n")));
  EXPECT_EQ(view().Audit(UINT64_MAX, 1)->front().action, "policy.published");
}

TEST_F(PolicyTest, FourEyesNeedTwoPeopleWhoMay) {
  ASSERT_TRUE(SetPolicy("[[approval]]\nname = 'two'\npeople = ['ada', 'bob']\nneeded = 2\n").ok());
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  EXPECT_EQ(Decide(plan, Verdict::kApprove, "mallory").code(), StatusCode::kPermissionDenied);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "ada").ok());
  EXPECT_EQ(Stored(plan.id).state, PlanState::kProposed);
  EXPECT_EQ(Orders(), 0u);
  EXPECT_EQ(Decide(plan, Verdict::kApprove, "ada").code(), StatusCode::kFailedPrecondition);
  // A host that says it runs what is not approved is not believed.
  ASSERT_TRUE(Progress(plan.id, PlanState::kSucceeded).ok());
  EXPECT_EQ(Stored(plan.id).state, PlanState::kProposed);
  Restart();
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "bob").ok());
  EXPECT_EQ(Stored(plan.id).state, PlanState::kApproved);
  EXPECT_EQ(Stored(plan.id).decided_by.value, "ada, bob");
  EXPECT_EQ(Orders(), 1u);
}

TEST_F(PolicyTest, AnApprovedPlanWaitsForItsWindowAndExpiresWithIt) {
  ASSERT_TRUE(SetPolicy("[[window]]\nname = 'night'\nstart = 2025-10-01T22:00:00\nlength = '2h'\n"
                        "rule = 'FREQ=DAILY'\n")
                  .ok());
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  EXPECT_EQ(view().Verdict(plan).action, PolicyVerdict::Action::kNeedsApproval);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  RemediationPlan stored = Stored(plan.id);
  EXPECT_EQ(FormatInstant(stored.not_before).substr(0, 16), "2025-10-09T22:00");
  EXPECT_EQ(FormatInstant(stored.expires_at).substr(0, 16), "2025-10-10T00:00");
  EXPECT_EQ(stored.hash, PlanHash(stored));
  EXPECT_EQ(Orders(), 0u);
  now_ = stored.not_before;
  Wait(kSecond);
  EXPECT_EQ(Orders(), 1u);
  Wait(kHour * 3);  // the agent never came
  EXPECT_EQ(Stored(plan.id).state, PlanState::kExpired);
  EXPECT_EQ(Orders(), 0u);
}

TEST_F(PolicyTest, AFreezeThatComesAfterTheApprovalStillHolds) {
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  EXPECT_EQ(Orders(), 1u);
  ASSERT_TRUE(
      SetPolicy("[[freeze]]\nname = 'sale'\nstart = 2025-10-09T00:00:00\nlength = '1d'\n").ok());
  EXPECT_EQ(Orders(), 0u);
  now_ = kStart + kHour * 16;
  Wait(kSecond);
  EXPECT_EQ(Orders(), 1u);
}

TEST_F(PolicyTest, LimitsForbidAndSayWhy) {
  ASSERT_TRUE(SetPolicy("cost_max = 0.01\n").ok());
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  const Status refused = Decide(plan, Verdict::kApprove, "eve");
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(refused).find("limit cost"), std::string::npos);
}

TEST_F(PolicyTest, ARateLimitPutsTheNextOneOff) {
  ASSERT_TRUE(SetPolicy("plans_per_stack_and_day = 1\n").ok());
  RevertOnce(PlanState::kSucceeded);
  Sysctl("600");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  EXPECT_EQ(Orders(), 0u);
  EXPECT_GE(Stored(plan.id).not_before, now_ + kHour * 23);
  now_ = Stored(plan.id).not_before;
  Wait(kSecond);
  EXPECT_EQ(Orders(), 1u);
}

const char kUnattended[] =
    "[[unattended]]\nname = 'sysctl back'\nkinds = ['sysctl']\nstrategies = ['revert']\n"
    "outcomes_min = 3\nsuccess_min = 0.9\n";

TEST_F(PolicyTest, AutonomyIsEarnedAndWithdrawnWhenItSlips) {
  ASSERT_TRUE(SetPolicy(kUnattended).ok());
  for (int i = 0; i < 3; ++i) {
    RevertOnce(PlanState::kSucceeded, Setting(i));
    Wait(kMinute);
    EXPECT_EQ(Orders(), 0u);
  }
  Sysctl("512", Means::kEvent, Setting(3));
  EXPECT_EQ(Orders(), 0u) << "a drift this young may be half of a change";
  Wait(kMinute);
  ASSERT_EQ(Orders(), 1u);
  const RemediationPlan by_itself = DuePlans(shard_->state(), kStack)[0];
  EXPECT_EQ(by_itself.decided_by.value, "policy");
  EXPECT_TRUE(by_itself.reversible);
  ASSERT_TRUE(Progress(by_itself.id, PlanState::kUnclear).ok());
  Sysctl("512", Means::kEvent, Setting(4));
  Wait(kMinute);
  EXPECT_EQ(Orders(), 0u);
  bool told = false;
  const auto entries = *view().Audit(UINT64_MAX, 100);
  for (const AuditEntry& entry : entries) told = told || entry.action == "autonomy.withdrawn";
  EXPECT_TRUE(told);
}

// An alert about a forecast is answered as well, once plans of the class worked and alerts came
// true.
TEST_F(PolicyTest, AForecastIsAnsweredWhenAlertsHaveComeTrue) {
  PolicyFacts facts;
  facts.outcomes = {30, 0};
  RemediationPlan plan;
  plan.strategy = Strategy::kPrevent;
  plan.resources = {{kStack, "package", "openssl"}};
  plan.steps.resize(1);
  plan.steps[0].kind = StepKind::kHoldPackage;
  auto policy =
      MakePolicy("[[unattended]]\nname = 'hold'\nkinds = ['package']\nstrategies = ['prevent']\n",
                 NoZones(), Principal("ada"), "test");
  ASSERT_TRUE(policy.ok());
  const auto rules = ParsePolicy(policy->text, NoZones());
  ASSERT_TRUE(rules.ok());
  const auto unattended = [&] { return Judge(*rules, plan, facts).unattended; };
  EXPECT_TRUE(unattended()) << "a drift: its plans' outcomes speak";
  facts.alerts = PolicyFacts::Alerts{.scored = 19, .hits = 19};
  EXPECT_FALSE(unattended()) << "too few alerts";
  facts.alerts = PolicyFacts::Alerts{.scored = 40, .hits = 19};
  EXPECT_FALSE(unattended()) << "too many were wrong";
  EXPECT_NE(Judge(*rules, plan, facts).reasons.front().find("19 of 40 alerts came true"),
            std::string::npos);
  facts.alerts = PolicyFacts::Alerts{.scored = 40, .hits = 20};
  EXPECT_TRUE(unattended());
}

TEST_F(PolicyTest, AForecastIsAnsweredUnattendedWhenItsAlertIsRaised) {
  // Every forecast alerts, once the stack is no longer young, and every alert counts.
  shard_ = *Shard::Restore(store_, {.alert_threshold = 1e-9});
  const auto package = [&](const std::string& name, const std::string& version) {
    ResourceObserved observed;
    observed.resource = {kStack, "package", name};
    observed.keys = {{"status", Value::Text("installed")}, {"version", Value::Text(version)}};
    observed.context = {{"candidate", Value::Text("9")}};
    observed.means = Means::kSnapshot;
    Say(FromAgent(observed));
  };
  Say(FromAgent(StackEnrolled{RoleName("web"), {}, {"package"}}));
  for (const char* name : {"moves", "quiet0", "quiet1", "quiet2"}) package(name, "1");
  Say(FromAgent(SnapshotCompleted{{"package"}, now_, false}));
  for (int day = 0; day < 40; ++day) {
    package("moves", std::to_string(day + 2));
    for (int hour = 0; hour < 24; hour += 3) Wait(kHour * 3);
  }
  ASSERT_GT(view().Track().horizons[2].alert_hits, 0u);
  ASSERT_TRUE(SetPolicy("[[unattended]]\nname = 'hold'\nkinds = ['package']\nstrategies = "
                        "['prevent', 'adopt_early']\noutcomes_min = 1\nprecision_min = 0.01\n"
                        "[weights]\nrisk = 1\ncost = 0\nfailure = 0\nblast = 0\npermanence = 0\n")
                  .ok());
  for (const Strategy strategy : {Strategy::kPrevent, Strategy::kAdoptEarly}) {
    const ResourceId id{kStack, "package", strategy == Strategy::kPrevent ? "quiet0" : "quiet1"};
    const RemediationPlan plan = PlanWith(strategy, id);
    ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
    ASSERT_TRUE(Progress(plan.id, PlanState::kRunning).ok());
    ASSERT_TRUE(Progress(plan.id, PlanState::kSucceeded).ok());
  }
  // Gone it is calm; once it is back its alert is raised again.
  ResourceVanished gone;
  gone.resource = {kStack, "package", "quiet2"};
  Say(FromAgent(gone));
  Wait(kSecond);
  EXPECT_EQ(Orders(), 0u);
  package("quiet2", "1");
  Wait(kMinute);
  const auto due = DuePlans(shard_->state(), kStack);
  PlanFilter filter;
  filter.resource = {kStack, "package", "quiet2"};
  std::string ranked;
  for (const auto& plan : view().Plans(filter).rows)
    ranked += fmt::format("{} {}: {}\n", StrategyName(plan.strategy), PlanStateName(plan.state),
                          fmt::join(view().Verdict(plan).reasons, "; "));
  for (const LiveEvent& event : events_)
    if (event.kind == LiveEvent::Kind::kPrediction) ranked += event.text + "\n";
  ASSERT_EQ(due.size(), 1u) << ranked;
  EXPECT_EQ(due[0].decided_by.value, "policy");
  EXPECT_EQ(due[0].trigger, "prediction:web-7/package/quiet2");
}

TEST_F(PolicyTest, PlansThatTheHostHasBegunAreAskedAfter) {
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  EXPECT_TRUE(PlansUnderWay(shard_->state(), kStack).empty());
  ASSERT_TRUE(Progress(plan.id, PlanState::kRunning).ok());
  Restart();
  ASSERT_EQ(PlansUnderWay(shard_->state(), kStack).size(), 1u);
  EXPECT_TRUE(PlansUnderWay(shard_->state(), StackId("web-8")).empty());
  ASSERT_TRUE(Progress(plan.id, PlanState::kSucceeded).ok());
  EXPECT_TRUE(PlansUnderWay(shard_->state(), kStack).empty());
}

TEST_F(PolicyTest, APauseHoldsEverythingUntilItEndsOrIsLifted) {
  PauseSet pause{"pause-1", "web-7/*", Principal("ada"), "recovering storage", now_ + kHour, false};
  EXPECT_EQ(Try(PauseSet{"pause-2", "*", Principal("ada"), "", now_ + kHour, false}).code(),
            StatusCode::kInvalidArgument);
  ASSERT_TRUE(Try(pause).ok());
  Restart();
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  Wait(kMinute);
  EXPECT_EQ(Orders(), 0u);
  EXPECT_NE(view().Verdict(Stored(plan.id)).reasons.back().find("recovering storage"),
            std::string::npos);
  pause.lifted = true;
  ASSERT_TRUE(Try(pause).ok());
  Wait(kSecond);
  EXPECT_EQ(Orders(), 1u);
  EXPECT_TRUE(view().Pauses().empty());
}

TEST_F(PolicyTest, WhatSomebodyDidByHandIsLookedAt) {
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kDone, "eve").ok());
  EXPECT_EQ(Stored(plan.id).state, PlanState::kVerifying);
  EXPECT_EQ(Orders(), 0u);
  Wait(kMinute);
  EXPECT_EQ(Stored(plan.id).state, PlanState::kVerifying);
  Sysctl("128");
  Wait(kSecond);
  EXPECT_EQ(Stored(plan.id).state, PlanState::kSucceeded);
}

TEST_F(PolicyTest, WhatSomebodySaidAndIsNotThereIsUnclear) {
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kDone, "eve").ok());
  Wait(kMinute * 20);
  EXPECT_EQ(Stored(plan.id).state, PlanState::kUnclear);
  EXPECT_NE(Stored(plan.id).outcome.find("is 512 and not 128"), std::string::npos);
}

TEST_F(PolicyTest, APersonTakesOverWhileAPlanRuns) {
  Sysctl("512");
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  ASSERT_TRUE(Progress(plan.id, PlanState::kRunning).ok());
  EXPECT_EQ(Orders(), 0u);
  ASSERT_TRUE(Decide(plan, Verdict::kOverride, "ada").ok());
  EXPECT_EQ(Stored(plan.id).state, PlanState::kOverridden);
  // The host is told, over restarts too, until it tells the end.
  Restart();
  ASSERT_EQ(Orders(), 1u);
  const RemediationPlan withdrawn = DuePlans(shard_->state(), kStack)[0];
  EXPECT_EQ(withdrawn.state, PlanState::kOverridden);
  EXPECT_EQ(withdrawn.decided_by.value, "ada");
  EXPECT_EQ(std::ranges::count(events_, LiveEvent::Kind::kOrder, &LiveEvent::kind), 2);
  ASSERT_TRUE(Progress(plan.id, PlanState::kRolledBack).ok());
  EXPECT_EQ(Orders(), 0u);
  EXPECT_EQ(Stored(plan.id).state, PlanState::kOverridden);
  EXPECT_NE(Stored(plan.id).outcome.find("the host had: rolled_back"), std::string::npos);
}

RemediationPlan Written(StepKind kind, std::map<std::string, std::string> parameters) {
  RemediationPlan plan;
  plan.id = PlanId("plan-w1");
  plan.stack = kStack;
  plan.title = "by hand";
  plan.strategy = Strategy::kAdoptEarly;
  PlanStep step;
  step.kind = kind;
  step.resource = kPort;
  step.parameters = std::move(parameters);
  plan.steps = {step};
  return plan;
}

TEST_F(PolicyTest, AWrittenPlanIsCompletedDecidedExpectedAndUndone) {
  RemediationPlan plan = Written(StepKind::kSetSysctl, {{"value", "1024"}});
  plan.state = PlanState::kApproved;  // nobody can smuggle an approval in
  plan.approvals = {{Principal("ada"), now_, ""}};
  ASSERT_TRUE(Try(PlanWritten{plan, Principal("eve"), "tuning"}, kStack).ok());
  RemediationPlan stored = Stored(plan.id);
  EXPECT_EQ(stored.state, PlanState::kProposed);
  EXPECT_TRUE(stored.approvals.empty());
  EXPECT_EQ(stored.author.value, "eve");
  ASSERT_EQ(stored.base.size(), 1u);
  EXPECT_EQ(stored.base[0].observed[0].value.text, "128");
  ASSERT_TRUE(Decide(stored, Verdict::kApprove, "ada").ok());
  Sysctl("1024");
  ASSERT_TRUE(Progress(plan.id, PlanState::kSucceeded).ok());
  EXPECT_EQ(view().Shadow(kPort)->status, ResourceStatus::kInSync);
  ASSERT_TRUE(Decide(Stored(plan.id), Verdict::kUndo, "ada").ok());
  const RemediationPlan undo = Stored(PlanId("plan-w1-undo"));
  EXPECT_EQ(undo.state, PlanState::kApproved);
  EXPECT_EQ(undo.steps[0].parameters.at("value"), "128");
  EXPECT_EQ(undo.base[0].observed[0].value.text, "1024");
  EXPECT_EQ(Decide(Stored(plan.id), Verdict::kUndo, "ada").code(), StatusCode::kFailedPrecondition);
}

TEST_F(PolicyTest, AWrittenPlanThatMakesNoSenseIsRefused) {
  const auto refused = [&](RemediationPlan plan) {
    return Try(PlanWritten{std::move(plan), Principal("eve"), ""}, kStack).code();
  };
  EXPECT_EQ(refused(Written(StepKind::kSetSysctl, {})), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(Written(StepKind::kSetSysctl, {{"value", "1"}, {"sh", "rm"}})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(Written(StepKind::kSetKey, {{"path", "a"}, {"value", "1"}})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(Written(StepKind::kSetSysctl, {{"value", std::string(100'000, 'x')}})),
            StatusCode::kInvalidArgument);
  RemediationPlan other = Written(StepKind::kSetSysctl, {{"value", "1"}});
  other.steps[0].resource.stack = StackId("db-1");
  EXPECT_EQ(refused(other), StatusCode::kInvalidArgument);
  RemediationPlan empty = Written(StepKind::kSetSysctl, {});
  empty.steps.clear();
  EXPECT_EQ(refused(empty), StatusCode::kInvalidArgument);
}

TEST_F(PolicyTest, SomethingThatKeepsUndoingIsNamedAndNotFoughtUnattended) {
  ASSERT_TRUE(SetPolicy("[[unattended]]\nname = 'back'\nkinds = ['sysctl']\n"
                        "strategies = ['revert']\noutcomes_min = 1\nsuccess_min = 0.5\n")
                  .ok());
  for (int i = 0; i < 2; ++i) {
    Sysctl("512");
    Wait(kMinute);
    const RemediationPlan plan = PlanWith(Strategy::kRevert);
    if (plan.state == PlanState::kProposed) {
      ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
    }
    ASSERT_TRUE(Progress(plan.id, PlanState::kSucceeded).ok());
    Sysctl("128");
    now_ += kHour;
  }
  const auto told = [&] {
    const auto entries = *view().Audit(UINT64_MAX, 100);
    return std::ranges::count(entries, "fight.noticed", &AuditEntry::action);
  };
  EXPECT_EQ(told(), 0);
  Sysctl("600");
  EXPECT_EQ(told(), 1);
  Wait(kMinute);
  EXPECT_EQ(Orders(), 0u);
  const std::string why = PlanWith(Strategy::kDoNothing).why;
  EXPECT_NE(why.find("put back here 2 times within a week"), std::string::npos) << why;
}

// A host that wants approvals signed: a word does not count, nothing runs by itself, an undo waits.
TEST_F(PolicyTest, WhereTheHostWantsKeysAWordIsNotEnough) {
  ASSERT_TRUE(SetPolicy(kUnattended).ok());
  for (int i = 0; i < 3; ++i) {
    RevertOnce(PlanState::kSucceeded, Setting(i));
    Wait(kMinute);
  }
  Say(FromAgent(StackEnrolled{RoleName("web"), {{kApproverKeysLabel, "yes"}}, {"sysctl", "file"}}));
  Sysctl("512");
  Wait(kMinute);
  EXPECT_EQ(Orders(), 0u) << "it has earned to run by itself, and the host would refuse it";
  const RemediationPlan plan = PlanWith(Strategy::kRevert);
  const std::vector<std::string> reasons = view().Verdict(plan).reasons;
  EXPECT_THAT(reasons, testing::Contains(testing::HasSubstr("the host wants an approver's key")));
  EXPECT_EQ(Decide(plan, Verdict::kApprove, "eve").code(), StatusCode::kFailedPrecondition);
  DecisionMade decision;
  decision.plan = plan.id;
  decision.resource = kPort;
  decision.verdict = Verdict::kApprove;
  decision.plan_hash = plan.hash;
  decision.by = Principal("eve");
  decision.proof = FakeAuthenticator().Approve(plan, now_ + kDay);
  ASSERT_TRUE(Try(decision).ok());
  Restart();
  ASSERT_EQ(Orders(), 1u);
  const RemediationPlan order = DuePlans(shard_->state(), kStack)[0];
  ASSERT_EQ(order.approvals.size(), 1u);
  EXPECT_EQ(order.approvals[0].proof, decision.proof) << "it goes to the host";
  ASSERT_TRUE(Progress(plan.id, PlanState::kSucceeded).ok());
  ASSERT_TRUE(Decide(Stored(plan.id), Verdict::kUndo, "eve").ok());
  const RemediationPlan undo = Stored(PlanId(plan.id.value + "-undo"));
  EXPECT_EQ(undo.state, PlanState::kProposed);
  EXPECT_TRUE(undo.approvals.empty()) << "eve may still sign it";
}

// A guard that a person writes: it stands, what it puts back is in the record, two times make a
// fight, and it is off when somebody takes over.
TEST_F(PolicyTest, AGuardStandsIsFoughtOverAndIsTakenOff) {
  Say(FromAgent(StackEnrolled{RoleName("web"), {{"guards", "yes"}}, {"sysctl", "file"}}));
  const auto guard = [&](const std::string& id, Instant until) {
    PlanWritten written;
    written.by = Principal("eve");
    written.plan.id = PlanId(id);
    written.plan.stack = kStack;
    written.plan.title = "guard it";
    PlanStep step;
    step.kind = StepKind::kArmGuard;
    step.resource = kPort;
    step.parameters = {{"path", "value"}, {"value", "128"}, {"until", FormatInstant(until)}};
    written.plan.steps = {step};
    return written;
  };
  EXPECT_EQ(Try(guard("plan-long", now_ + 100 * kDay)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Try(guard("plan-past", now_ - kDay)).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(Try(guard("plan-guard", now_ + kDay)).ok());
  const PlanId id("plan-guard");
  EXPECT_EQ(Stored(id).strategy, Strategy::kGuard);
  EXPECT_EQ(Stored(id).expires_at, now_ + kDay);
  ASSERT_TRUE(Decide(Stored(id), Verdict::kApprove, "eve").ok());
  const auto say = [&](int32_t step, PlanState state) {
    Say(FromAgent(PlanProgressed{id, state, step, "", Duration(0)}));
  };
  say(-1, PlanState::kRunning);
  EXPECT_EQ(Stored(id).state, PlanState::kRunning);
  EXPECT_EQ(Orders(), 0u);
  const auto told = [&](const std::string& action) {
    const auto entries = *view().Audit(UINT64_MAX, 100);
    return std::ranges::count(entries, action, &AuditEntry::action);
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(told("fight.noticed"), 0) << i;
    Sysctl("512");
    say(0, PlanState::kRunning);
    Sysctl("128");
    Wait(kMinute);
  }
  EXPECT_EQ(told("guard.put_back"), 3);
  EXPECT_EQ(told("fight.noticed"), 1) << "the second change after a put-back";
  EXPECT_EQ(Stored(id).state, PlanState::kRunning);
  ASSERT_TRUE(Decide(Stored(id), Verdict::kOverride, "eve").ok());
  EXPECT_EQ(Stored(id).state, PlanState::kOverridden);
  EXPECT_EQ(Orders(), 1u) << "the host is told that it is off";
  say(-1, PlanState::kSucceeded);
  EXPECT_EQ(Orders(), 0u);
}

// The host may be gone for good.
TEST_F(PolicyTest, AGuardWhoseHostIsSilentEndsUnclear) {
  PlanWritten written;
  written.by = Principal("eve");
  written.plan.id = PlanId("plan-guard");
  written.plan.stack = kStack;
  written.plan.title = "guard it";
  PlanStep step;
  step.kind = StepKind::kArmGuard;
  step.resource = kPort;
  step.parameters = {{"path", "value"}, {"value", "128"}, {"until", FormatInstant(now_ + kDay)}};
  written.plan.steps = {step};
  ASSERT_TRUE(Try(written).ok());
  const PlanId id("plan-guard");
  ASSERT_TRUE(Decide(Stored(id), Verdict::kApprove, "eve").ok());
  ASSERT_TRUE(Progress(id, PlanState::kRunning).ok());
  Wait(kDay + kMinute);
  EXPECT_EQ(Stored(id).state, PlanState::kRunning);
  Wait(kHour);
  EXPECT_EQ(Stored(id).state, PlanState::kUnclear);
  ASSERT_TRUE(Progress(id, PlanState::kSucceeded).ok());
  EXPECT_EQ(Stored(id).state, PlanState::kSucceeded) << "it comes back";
}

// Several hosts of one role with the same drift.
class RolloutTest : public PolicyTest {
 protected:
  RolloutTest() {
    for (int i = 0; i < 4; ++i) {
      const StackId stack("web-1" + std::to_string(i));
      const auto say = [&](FactBody body) {
        Fact fact;
        fact.at = now_;
        fact.stack = stack;
        fact.agent = AgentId("agent-" + stack.value);
        fact.sequence = ++sequences_[stack.value];
        fact.body = std::move(body);
        Say(fact);
      };
      const auto saw = [&](const std::string& value) {
        ResourceObserved observed;
        observed.resource = {stack, "sysctl", "vm.swappiness"};
        observed.keys = {{"value", Value::Guess(value)}};
        observed.means = Means::kSnapshot;
        say(observed);
      };
      say(StackEnrolled{RoleName("web"), {}, {"sysctl"}});
      saw("10");
      say(SnapshotCompleted{{"sysctl"}, now_, false});
      saw("60");
      PlanFilter filter;
      filter.resource = ResourceId{stack, "sysctl", "vm.swappiness"};
      for (const auto& plan : view().Plans(filter).rows)
        if (plan.strategy == Strategy::kRevert) plans_.push_back(plan);
    }
  }
  size_t OrdersOf(const RemediationPlan& plan) {
    return DuePlans(shard_->state(), plan.stack).size();
  }
  Status Ended(const RemediationPlan& plan, PlanState state) {
    Fact fact;
    fact.at = now_;
    fact.stack = plan.stack;
    fact.agent = AgentId("agent-" + plan.stack.value);
    fact.sequence = ++sequences_[plan.stack.value];
    fact.body = PlanProgressed{plan.id, state, -1, "", Duration(0)};
    return Apply(fact);
  }
  std::map<std::string, uint64_t> sequences_;
  std::vector<RemediationPlan> plans_;
};

const char kRollout[] =
    "[[rollout]]\nname = 'web'\nroles = ['web']\ncanary = 1\nbatch = 2\nsoak = '10m'\n";

TEST_F(RolloutTest, OneGoesFirstThenBatches) {
  ASSERT_EQ(plans_.size(), 4u);
  ASSERT_TRUE(SetPolicy(kRollout).ok());
  for (const auto& plan : plans_) ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  const auto orders = [&] {
    size_t all = 0;
    for (const auto& plan : plans_) all += OrdersOf(plan);
    return all;
  };
  Wait(kMinute);
  EXPECT_EQ(orders(), 1u);
  ASSERT_TRUE(Ended(plans_[0], PlanState::kSucceeded).ok());
  Wait(kMinute);
  EXPECT_EQ(orders(), 0u) << "the canary is watched for a while";
  Wait(kMinute * 10);
  EXPECT_EQ(orders(), 2u);
  ASSERT_TRUE(Ended(plans_[1], PlanState::kSucceeded).ok());
  Wait(kSecond);
  EXPECT_EQ(orders(), 2u);
}

TEST_F(RolloutTest, ItStopsWhenOneFails) {
  ASSERT_TRUE(SetPolicy(kRollout).ok());
  for (const auto& plan : plans_) ASSERT_TRUE(Decide(plan, Verdict::kApprove, "eve").ok());
  ASSERT_TRUE(Ended(plans_[0], PlanState::kRolledBack).ok());
  Wait(kHour);
  for (const auto& plan : plans_) EXPECT_EQ(OrdersOf(plan), 0u);
  EXPECT_NE(Stored(plans_[1].id).policy_reasons.at(0).find("stopped, the same change failed"),
            std::string::npos);
}

// Whatever people, hosts and clocks do in whatever order: what goes to a host was approved by a
// person, or is reversible and by the policy.
TEST_F(PolicyTest, NoSequenceOfEventsRunsAnUnapprovedOrAnIrreversibleStepByItself) {
  std::mt19937 random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::string policies[] = {"", kUnattended, "cost_max = 0\n",
                                  "[[approval]]\npeople = ['ada', 'bob']\nneeded = 2\n",
                                  "[[freeze]]\nstart = 2025-10-09T00:00:00\nlength = '2d'\n"};
  const std::string people[] = {"ada", "bob", "eve", "engine", "policy"};
  int written = 0;
  for (int round = 0; round < 1000; ++round) {
    now_ += kSecond * pick(600);
    switch (pick(8)) {
      case 0:
        Sysctl(std::to_string(128 + pick(3)));
        break;
      case 1:
        SetPolicy(policies[pick(5)]).IgnoreError();
        break;
      case 2: {
        RemediationPlan plan = Written(pick(2) ? StepKind::kRunCommand : StepKind::kSetSysctl,
                                       {{"value", std::to_string(pick(9))}});
        if (plan.steps[0].kind == StepKind::kRunCommand)
          plan.steps[0].parameters = {{"command", "x"}};
        plan.id = PlanId("plan-w" + std::to_string(++written));
        plan.steps[0].reversible = true;  // what the writer claims counts for nothing
        Try(PlanWritten{plan, Principal(people[pick(5)]), ""}, kStack).IgnoreError();
        break;
      }
      case 3:
        Try(TimeAdvanced{}).IgnoreError();
        break;
      default: {
        PlanFilter filter;
        filter.resource = kPort;
        const auto plans = view().Plans(filter).rows;
        if (plans.empty()) break;
        const auto& plan = plans[static_cast<size_t>(pick(static_cast<int>(plans.size())))];
        if (pick(3) == 0) {
          Progress(plan.id, static_cast<PlanState>(pick(12))).IgnoreError();
        } else {
          Decide(plan, static_cast<Verdict>(1 + pick(7)), people[pick(5)]).IgnoreError();
        }
      }
    }
    for (const RemediationPlan& due : DuePlans(shard_->state(), kStack)) {
      const bool by_policy = due.decided_by.value == "policy" && due.approvals.empty();
      ASSERT_TRUE(by_policy || !due.approvals.empty()) << "round " << round;
      for (const PlanStep& step : due.steps) {
        ASSERT_TRUE(step.reversible || !by_policy) << "round " << round;
        ASSERT_TRUE(step.kind != StepKind::kRunCommand || !step.reversible) << "round " << round;
      }
      ASSERT_EQ(due.hash, PlanHash(due)) << "round " << round;
    }
  }
  EXPECT_GT(written, 50);
}

}  // namespace
}  // namespace driftcast
