#include "rpc/agent_gate.h"

#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "model/order.h"
#include "rpc/fake_engine.h"
#include "rpc/test_agent.h"
#include "rpc/test_folder.h"
#include "wire/order.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;

Fact Observed(uint64_t sequence, const std::string& stack = "web-7") {
  ResourceObserved body;
  body.resource = {StackId(stack), "file", "/etc/motd"};
  body.keys = {{"n", Value::Integer(static_cast<int64_t>(sequence))}};
  return {SystemClock()->Now() - kSecond, StackId(stack), AgentId(), sequence, body, ""};
}

std::vector<Fact> Range(uint64_t from, uint64_t to) {
  std::vector<Fact> facts;
  for (uint64_t i = from; i <= to; ++i) facts.push_back(Observed(i));
  return facts;
}

class GateTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { gate_.reset(); }

  // Opens the door; its engine is engine_, which outlives it.
  void Open() {
    gate_.reset();
    options_.data = folder_.path();
    auto gate =
        AgentGate::Start(options_, std::shared_ptr<EngineSeam>(std::shared_ptr<void>(), &engine_));
    ASSERT_TRUE(gate.ok()) << Describe(gate.status());
    gate_ = *std::move(gate);
    root_ = gate_->authority().certificate_pem();
  }
  TestIdentity Enrolled(const std::string& stack = "web-7") {
    const auto token = gate_->CreateJoinToken({});
    auto identity = TestEnroll(gate_->port(), root_, *token, stack);
    EXPECT_TRUE(identity.ok()) << Describe(identity.status());
    return identity.ok() ? *identity : TestIdentity();
  }
  // A stream that was greeted, with its Welcome read.
  std::unique_ptr<TestStream> Greeted(const TestIdentity& identity, uint64_t next = 1,
                                      uint64_t oldest = 1, uint64_t durable = 0) {
    auto stream = std::make_unique<TestStream>(gate_->port(), identity);
    EXPECT_TRUE(stream->Hello(next, oldest, SystemClock()->Now()));
    const auto welcome = stream->Read();
    EXPECT_TRUE(welcome && welcome->has_welcome());
    EXPECT_EQ(welcome ? welcome->welcome().sequence_durable() : ~uint64_t{0}, durable);
    return stream;
  }
  static bool Eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  double Counter(const std::string& name) const {
    for (const auto& [key, value] : gate_->Counters())
      if (key == name) return value;
    return -1;
  }

  FakeEngine engine_;
  TestFolder folder_;
  AgentGateOptions options_;
  std::unique_ptr<AgentGate> gate_;
  std::string root_;
};

// --- Who may come in ---------------------------------------------------------------------------

TEST_F(GateTest, AnAgentEnrolsConnectsAndIsAcknowledged) {
  const TestIdentity agent = Enrolled();
  EXPECT_EQ(agent.order_key, gate_->authority().order_key().public_key);
  auto stream = Greeted(agent);
  ASSERT_TRUE(stream->Send(Range(1, 100)));
  EXPECT_TRUE(stream->ReadAckOf(100));
  const auto facts = engine_.facts();
  ASSERT_EQ(facts.size(), 100u);
  EXPECT_EQ(facts[0].agent.value, agent.agent);
  EXPECT_EQ(facts[0].stack.value, "web-7");
  const auto listed = gate_->ListAgents();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_TRUE(listed[0].connected);
  EXPECT_EQ(listed[0].version, "test");
}

TEST_F(GateTest, WithoutACertificateThereIsOnlyEnrolment) {
  TestStream stream(gate_->port(), TestIdentity(), root_);
  stream.Hello(1, 1);
  EXPECT_EQ(stream.End().code(), StatusCode::kUnauthenticated);
  const auto stub = v1::AgentGate::NewStub(TestChannel(gate_->port(), root_, TestIdentity()));
  grpc::ClientContext call;
  SetTimeout(call);
  v1::RenewRequest request;
  v1::EnrollResponse response;
  EXPECT_EQ(stub->Renew(&call, request, &response).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(GateTest, ACertificateOfAnotherAuthorityFailsTheHandshake) {
  const TestFolder other;
  const auto authority = *Authority::Open({other.path() / "pki"}, SystemClock()->Now());
  TestIdentity forged;
  const auto certificate = authority->IssueAgent(MakeCsrDer(forged.key, "x"),
                                                 AgentId(Enrolled().agent), SystemClock()->Now());
  forged.certificate_pem = certificate->ToPem() + authority->certificate_pem();
  TestStream stream(gate_->port(), forged, root_);
  stream.Hello(1, 1);
  EXPECT_EQ(stream.End().code(), StatusCode::kUnavailable);
}

TEST_F(GateTest, AnEngineOfAnotherAuthorityIsNotTrusted) {
  const TestFolder other;
  const auto authority = *Authority::Open({other.path() / "pki"}, SystemClock()->Now());
  const auto token = gate_->CreateJoinToken({});
  EXPECT_EQ(
      TestEnroll(gate_->port(), authority->certificate_pem(), *token, "web-7").status().code(),
      StatusCode::kUnavailable);
  EXPECT_TRUE(TestEnroll(gate_->port(), root_, *token, "web-7").ok()) << "the secret stayed home";
}

TEST_F(GateTest, BadEnrolmentsGetTheirReason) {
  const auto code = [&](const std::string& token, const std::string& stack) {
    return TestEnroll(gate_->port(), root_, token, stack).status().code();
  };
  EXPECT_EQ(code("", "web-7"), StatusCode::kUnauthenticated);
  EXPECT_EQ(code("dcj1.x.y", "web-7"), StatusCode::kUnauthenticated);
  EXPECT_EQ(code(*gate_->CreateJoinToken({}), "a/b"), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(std::string(1 << 20, 'x'), "web-7"), StatusCode::kUnauthenticated);
}

TEST_F(GateTest, TokensAndAgentsSurviveARestart) {
  const auto token = gate_->CreateJoinToken({});
  const TestIdentity agent = Enrolled();
  Open();
  EXPECT_EQ(root_, agent.authority_pem);
  Greeted(agent);
  EXPECT_TRUE(TestEnroll(gate_->port(), root_, *token, "web-8").ok());
}

TEST_F(GateTest, ARenewedCertificateWorksAndSoDoesTheOld) {
  TestIdentity agent = Enrolled();
  const TestIdentity before = agent;
  const auto stub = v1::AgentGate::NewStub(TestChannel(gate_->port(), root_, agent));
  grpc::ClientContext call;
  SetTimeout(call);
  agent.key = PrivateKey::Generate();
  v1::RenewRequest request;
  request.set_csr_der(MakeCsrDer(agent.key, "x"));
  v1::EnrollResponse response;
  const auto status = stub->Renew(&call, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.agent(), before.agent);
  agent.certificate_pem = response.certificate_pem();
  Greeted(agent);
  Greeted(before);
}

TEST_F(GateTest, RevocationEndsTheStreamAndEveryLaterOne) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  ASSERT_TRUE(gate_->Revoke(AgentId(agent.agent), "stolen", Principal("ada")).ok());
  const Status end = stream->End();
  EXPECT_EQ(end.code(), StatusCode::kUnauthenticated);
  EXPECT_NE(Message(end).find("stolen"), std::string::npos);
  TestStream again(gate_->port(), agent);
  again.Hello(1, 1);
  EXPECT_EQ(again.End().code(), StatusCode::kUnauthenticated);
  Open();
  TestStream after_restart(gate_->port(), agent);
  after_restart.Hello(1, 1);
  EXPECT_EQ(after_restart.End().code(), StatusCode::kUnauthenticated);
}

TEST_F(GateTest, RevokingACertificateEndsItsStream) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  const std::string serial = Hex(Certificate::FromPem(agent.certificate_pem)->serial());
  ASSERT_TRUE(gate_->RevokeCertificate(serial, "leaked", Principal("ada")).ok());
  EXPECT_EQ(stream->End().code(), StatusCode::kUnauthenticated);
}

TEST_F(GateTest, ACertificateThatEndsEndsItsStream) {
  options_.agent_validity = Duration(1'500'000);
  options_.limits.check_every = Duration(100'000);
  Open();
  auto stream = Greeted(Enrolled());
  EXPECT_EQ(stream->End().code(), StatusCode::kUnauthenticated);
}

TEST_F(GateTest, TooManyStreamsAreRefused) {
  options_.limits.streams_max = 1;
  Open();
  auto first = Greeted(Enrolled("a"));
  TestStream second(gate_->port(), Enrolled("b"));
  second.Hello(1, 1);
  EXPECT_EQ(second.End().code(), StatusCode::kResourceExhausted);
}

// --- The protocol ------------------------------------------------------------------------------

TEST_F(GateTest, NothingIsAcknowledgedBeforeItIsDurable) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  engine_.Hold(true);
  ASSERT_TRUE(stream->Send(Range(1, 10)));
  ASSERT_TRUE(Eventually([&] { return engine_.pending() == 1; }));
  auto second = Greeted(agent, 11, 1);
  EXPECT_EQ(stream->End().code(), StatusCode::kAborted) << "without an acknowledgement before";
  engine_.Commit();
  engine_.Hold(false);
  ASSERT_TRUE(second->Send(Range(1, 12)));
  EXPECT_TRUE(second->ReadAckOf(12));
  EXPECT_EQ(engine_.facts().size(), 12u) << "each exactly once";
}

TEST_F(GateTest, RepeatsAreAcknowledgedAndNotApplied) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  ASSERT_TRUE(stream->Send(Range(1, 10)));
  ASSERT_TRUE(stream->ReadAckOf(10));
  ASSERT_TRUE(stream->Send(Range(1, 10)));
  EXPECT_TRUE(stream->ReadAckOf(10));
  ASSERT_TRUE(stream->Send(Range(6, 15)));
  EXPECT_TRUE(stream->ReadAckOf(15));
  EXPECT_EQ(engine_.facts().size(), 15u);
}

TEST_F(GateTest, AConnectionGoesOnWhereTheLastOneEnded) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  ASSERT_TRUE(stream->Send(Range(1, 10)));
  ASSERT_TRUE(stream->ReadAckOf(10));
  stream.reset();
  Greeted(agent, 20, 5, 10);
}

TEST_F(GateTest, AGapAtHelloIsAskedForAgainUntilASnapshotIsDurable) {
  const TestIdentity agent = Enrolled();
  const auto request_of = [](TestStream& stream) {
    const auto message = stream.Read();
    EXPECT_TRUE(message && message->has_snapshot_request());
    return message ? message->snapshot_request() : v1::SnapshotRequest();
  };
  {
    auto stream = Greeted(agent, 8, 5, /*durable=*/4);
    const auto request = request_of(*stream);
    EXPECT_EQ(request.missing_from(), 1u);
    EXPECT_EQ(request.missing_to(), 4u);
    ASSERT_TRUE(stream->Send(Range(5, 7)));
    ASSERT_TRUE(stream->ReadAckOf(7));
  }
  Open();  // the request is not forgotten
  {
    auto stream = Greeted(agent, 8, 8, 7);
    EXPECT_EQ(request_of(*stream).missing_to(), 4u);
    Fact old = Observed(8), fresh = Observed(9);
    old.body = SnapshotCompleted{{"file"}, SystemClock()->Now() - kHour};
    ASSERT_TRUE(stream->Send({old}));
    ASSERT_TRUE(stream->ReadAckOf(8));
    EXPECT_FALSE(engine_.ListSettings("rpc/gap/").empty()) << "it began before it was asked for";
    fresh.at = SystemClock()->Now();
    fresh.body = SnapshotCompleted{{"file"}, SystemClock()->Now()};
    ASSERT_TRUE(stream->Send({fresh}));
    ASSERT_TRUE(stream->ReadAckOf(9));
    EXPECT_TRUE(Eventually([&] { return engine_.ListSettings("rpc/gap/").empty(); }));
  }
  auto stream = Greeted(agent, 10, 10, 9);
  ASSERT_TRUE(stream->Send({Observed(10)}));
  const auto message = stream->Read();
  EXPECT_TRUE(message && message->has_ack()) << "and no request any more";
}

TEST_F(GateTest, AJumpWithinTheStreamIsAGap) {
  auto stream = Greeted(Enrolled());
  ASSERT_TRUE(stream->Send(Range(1, 3)));
  ASSERT_TRUE(stream->ReadAckOf(3));
  ASSERT_TRUE(stream->Send(Range(10, 12)));
  bool asked = false;
  for (;;) {
    const auto message = stream->Read();
    ASSERT_TRUE(message);
    if (message->has_snapshot_request()) {
      asked = true;
      EXPECT_EQ(message->snapshot_request().missing_from(), 4u);
      EXPECT_EQ(message->snapshot_request().missing_to(), 9u);
    }
    if (message->has_ack() && message->ack().sequence_durable() == 12) break;
  }
  EXPECT_TRUE(asked);
  EXPECT_EQ(engine_.facts().size(), 6u);
}

TEST_F(GateTest, AnAgentWithoutMemoryIsToldWhereToGoOn) {
  const TestIdentity agent = Enrolled();
  {
    auto stream = Greeted(agent);
    ASSERT_TRUE(stream->Send(Range(1, 10)));
    ASSERT_TRUE(stream->ReadAckOf(10));
  }
  auto stream = Greeted(agent, 1, 1, 10);
  const auto request = stream->Read();
  EXPECT_TRUE(request && request->has_snapshot_request());
}

TEST_F(GateTest, AWrongClockIsTakenOff) {
  TestStream stream(gate_->port(), Enrolled());
  const Instant now = SystemClock()->Now();
  ASSERT_TRUE(stream.Hello(1, 1, now + 5 * kHour));
  Fact fact = Observed(1);
  fact.at = now + 5 * kHour - kMinute;
  ASSERT_TRUE(stream.Send({fact}));
  ASSERT_TRUE(stream.ReadAckOf(1));
  const Instant at = engine_.facts()[0].at;
  EXPECT_GT(at, now - 2 * kMinute);
  EXPECT_LT(at, now);
}

TEST_F(GateTest, HalfClosedStreamsGetTheirLastAcknowledgement) {
  auto stream = Greeted(Enrolled());
  engine_.Hold(true);
  ASSERT_TRUE(stream->Send(Range(1, 5)));
  ASSERT_TRUE(stream->WritesDone());
  ASSERT_TRUE(Eventually([&] { return engine_.pending() == 1; }));
  engine_.Commit();
  EXPECT_TRUE(stream->ReadAckOf(5));
  EXPECT_TRUE(stream->End().ok());
}

// --- When there is too much --------------------------------------------------------------------

TEST_F(GateTest, AFullEngineHoldsFactsBackAndLosesNone) {
  auto stream = Greeted(Enrolled());
  engine_.SetFull(true);
  ASSERT_TRUE(stream->Send(Range(1, 10)));
  const auto message = stream->Read();
  ASSERT_TRUE(message && message->has_slow());
  EXPECT_GT(message->slow().metrics_pause_us(), 0);
  EXPECT_TRUE(Eventually([&] { return Counter("gate_queue_full_total") > 2; }));
  engine_.SetFull(false);
  EXPECT_TRUE(stream->ReadAckOf(10));
  EXPECT_EQ(engine_.facts().size(), 10u);
}

TEST_F(GateTest, ReadingStopsWhenTooManyFactsAreOnTheirWay) {
  options_.limits.stream_facts_max = 20;
  Open();
  auto stream = Greeted(Enrolled());
  engine_.Hold(true);
  for (uint64_t i = 0; i < 6; ++i) ASSERT_TRUE(stream->Send(Range(i * 10 + 1, i * 10 + 10)));
  ASSERT_TRUE(Eventually([&] { return engine_.pending() == 2; }));
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(engine_.pending(), 2u);
  EXPECT_EQ(Counter("gate_facts_in_flight"), 20);
  engine_.Hold(false);
  engine_.Commit();
  EXPECT_TRUE(stream->ReadAckOf(60));
  EXPECT_EQ(engine_.facts().size(), 60u);
  EXPECT_TRUE(Eventually([&] { return Counter("gate_facts_in_flight") == 0; }));
}

TEST_F(GateTest, StoppingWaitsForWhatTheEngineOwes) {
  auto stream = Greeted(Enrolled());
  engine_.Hold(true);
  ASSERT_TRUE(stream->Send(Range(1, 5)));
  ASSERT_TRUE(Eventually([&] { return engine_.pending() == 1; }));
  std::thread committer([&] {
    std::this_thread::sleep_for(milliseconds(200));
    engine_.Commit();
  });
  gate_->Stop();
  EXPECT_EQ(engine_.facts().size(), 5u);
  committer.join();
  EXPECT_EQ(stream->End().code(), StatusCode::kUnavailable);
}

// --- Bad input ---------------------------------------------------------------------------------

TEST_F(GateTest, BadMessagesGetTheirReasonAndTheNumber) {
  const TestIdentity agent = Enrolled();
  const auto refused = [&](const std::vector<Fact>& facts, const std::string& sequence) {
    auto stream = Greeted(agent);
    stream->Send(facts);
    EXPECT_EQ(stream->End().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(stream->trailer("driftcast-sequence"), sequence);
  };
  refused({}, "");
  refused({Observed(1), Observed(3)}, "");
  refused({Observed(1), Observed(2, "web-8")}, "2");
  Fact decision = Observed(1);
  decision.body = TimeAdvanced{};
  refused({decision}, "1");
  EXPECT_TRUE(engine_.facts().empty()) << "nothing of a bad batch is applied";
}

TEST_F(GateTest, TheGreetingIsChecked) {
  const TestIdentity agent = Enrolled();
  const auto end_of = [&](const std::function<void(TestStream&)>& talk) {
    TestStream stream(gate_->port(), agent);
    talk(stream);
    return stream.End().code();
  };
  EXPECT_EQ(end_of([](TestStream& s) { s.Send(Range(1, 1)); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(end_of([](TestStream& s) { s.Write({}); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(end_of([](TestStream& s) { s.Hello(0, 0); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(end_of([](TestStream& s) { s.Hello(1, 2); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(end_of([](TestStream& s) { s.Hello(~uint64_t{0}, 1); }), StatusCode::kInvalidArgument);
  EXPECT_EQ(end_of([](TestStream& s) {
              s.Hello(1, 1);
              s.Hello(1, 1);
            }),
            StatusCode::kInvalidArgument);
}

TEST_F(GateTest, SilenceIsEnded) {
  options_.limits.hello_wait = Duration(200'000);
  options_.limits.check_every = Duration(100'000);
  Open();
  TestStream stream(gate_->port(), Enrolled());
  EXPECT_EQ(stream.End().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(GateTest, AnOversizedMessageEndsTheStreamAndNothingElse) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  Fact fact = Observed(1);
  std::get<ResourceObserved>(fact.body).keys = {{"k", Value::Text(std::string(5 << 20, 'x'))}};
  stream->Send({fact});
  EXPECT_EQ(stream->End().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(engine_.facts().empty());
  auto again = Greeted(agent);
  ASSERT_TRUE(again->Send(Range(1, 1)));
  EXPECT_TRUE(again->ReadAckOf(1));
}

TEST_F(GateTest, WhatTheEngineRefusesEndsTheStream) {
  auto stream = Greeted(Enrolled());
  engine_.SetRefusal(InvalidArgument("no such plan"));
  ASSERT_TRUE(stream->Send(Range(1, 2)));
  const Status end = stream->End();
  EXPECT_EQ(end.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(end).find("no such plan"), std::string::npos);
  EXPECT_EQ(stream->trailer("driftcast-sequence"), "") << "one of two: not known which";
}

TEST_F(GateTest, AFactThatTheEngineCanNeverApplyIsNamedWhenItCameAlone) {
  const TestIdentity agent = Enrolled();
  for (const auto code : {StatusCode::kNotFound, StatusCode::kPermissionDenied,
                          StatusCode::kFailedPrecondition, StatusCode::kInvalidArgument}) {
    auto stream = Greeted(agent);
    engine_.SetRefusal(Status(code, "there is no plan x"));
    ASSERT_TRUE(stream->Send(Range(1, 1)));
    EXPECT_EQ(stream->End().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(stream->trailer("driftcast-sequence"), "1");
  }
  auto stream = Greeted(agent);
  engine_.SetRefusal(Unavailable("stopping"));  // that passes: the fact is to come again
  ASSERT_TRUE(stream->Send(Range(1, 1)));
  EXPECT_EQ(stream->End().code(), StatusCode::kUnavailable);
  EXPECT_EQ(stream->trailer("driftcast-sequence"), "");
}

// --- Orders ------------------------------------------------------------------------------------

class GateOrderTest : public GateTest {
 protected:
  static RemediationPlan Plan(const std::string& id) {
    RemediationPlan plan;
    plan.id = PlanId(id);
    plan.stack = StackId("web-7");
    plan.decided_by = Principal("ada");
    plan.state = PlanState::kApproved;
    plan.expires_at = SystemClock()->Now() + kHour;
    plan.hash = Hex(Sha256(CanonicalPlanBytes(plan)));
    return plan;
  }
  static std::optional<Order> ReadOrder(TestStream& stream) {
    const auto message = stream.Read();
    EXPECT_TRUE(message && message->has_order());
    if (!message || !message->has_order()) return std::nullopt;
    auto order = FromProto(message->order());
    EXPECT_TRUE(order.ok());
    return *order;
  }
};

TEST_F(GateOrderTest, AnOrderIsSignedAndSentOnceToItsStackAlone) {
  const TestIdentity agent = Enrolled();
  auto stream = Greeted(agent);
  auto other = Greeted(Enrolled("web-8"));
  ASSERT_TRUE(Eventually([&] {
    const auto all = gate_->ListAgents();
    return all[0].connected && all[1].connected;
  }));
  engine_.AddOrder(StackId("web-7"), Plan("p1"));
  const auto order = ReadOrder(*stream);
  ASSERT_TRUE(order);
  EXPECT_TRUE(VerifyOrder(*order, agent.order_key).ok());
  EXPECT_EQ(order->approved_by, Principal("ada"));
  engine_.AddOrder(StackId("web-7"), Plan("p2"));
  EXPECT_EQ(ReadOrder(*stream)->plan.id, PlanId("p2")) << "and not p1 again";
  Fact fact = Observed(1, "web-8");
  ASSERT_TRUE(other->Send({fact}));
  const auto message = other->Read();
  EXPECT_TRUE(message && message->has_ack());
}

TEST_F(GateOrderTest, APersonWhoTakesOverIsToldToTheHost) {
  auto stream = Greeted(Enrolled());
  engine_.AddOrder(StackId("web-7"), Plan("p1"));
  ASSERT_TRUE(ReadOrder(*stream));
  engine_.ClearOrders(StackId("web-7"));
  RemediationPlan taken_over = Plan("p1");
  taken_over.state = PlanState::kOverridden;
  taken_over.decided_by = Principal("eve");
  engine_.AddOrder(StackId("web-7"), taken_over);
  const auto message = stream->Read();
  ASSERT_TRUE(message && message->has_order_withdrawn());
  EXPECT_EQ(message->order_withdrawn().plan(), "p1");
  EXPECT_EQ(message->order_withdrawn().by(), "eve");
  engine_.AddOrder(StackId("web-7"), Plan("p2"));
  EXPECT_EQ(ReadOrder(*stream)->plan.id, PlanId("p2")) << "and it is told once";
}

TEST_F(GateOrderTest, AnOrderIsSentAgainAtEachConnectionUntilItIsAnswered) {
  const TestIdentity agent = Enrolled();
  engine_.AddOrder(StackId("web-7"), Plan("p1"));
  EXPECT_TRUE(ReadOrder(*Greeted(agent)));
  Open();
  EXPECT_TRUE(ReadOrder(*Greeted(agent)));
  engine_.ClearOrders(StackId("web-7"));
  auto stream = Greeted(agent);
  ASSERT_TRUE(stream->Send(Range(1, 1)));
  const auto message = stream->Read();
  EXPECT_TRUE(message && message->has_ack());
}

}  // namespace
}  // namespace driftcast
