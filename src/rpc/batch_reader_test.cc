#include "rpc/batch_reader.h"

#include "driftcast/v1/agent.pb.h"

#include <gtest/gtest.h>

#include "rpc/clock_correction.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

const Instant kNow = FromUnixSeconds(1'800'000'000);
const Speaker kSpeaker{AgentId("agent-1"), StackId("web-7")};

Fact Observed(uint64_t sequence, const std::string& stack = "web-7") {
  ResourceObserved body;
  body.resource = {StackId(stack), "file", "/etc/motd"};
  body.keys = {{"a", Value::Integer(static_cast<int64_t>(sequence))}};
  body.means = Means::kEvent;
  return {kNow - kMinute, kSpeaker.stack, AgentId("somebody else"), sequence, body, ""};
}

v1::FactBatch Batch(const std::vector<Fact>& facts) {
  v1::FactBatch batch;
  for (const auto& fact : facts) ToProto(fact, batch.add_facts());
  return batch;
}

v1::FactBatch Range(uint64_t from, uint64_t to) {
  std::vector<Fact> facts;
  for (uint64_t i = from; i <= to; ++i) facts.push_back(Observed(i));
  return Batch(facts);
}

class BatchReaderTest : public testing::Test {
 protected:
  StatusCode CodeOf(const v1::FactBatch& batch) {
    return reader_.Read(batch, kNow).status().code();
  }
  BatchReader reader_{kSpeaker, 0, Duration(0)};
};

TEST_F(BatchReaderTest, FactsComeThroughInOrder) {
  const auto batch = reader_.Read(Range(1, 3), kNow);
  ASSERT_TRUE(batch.ok()) << Describe(batch.status());
  ASSERT_EQ(batch->facts.size(), 3u);
  EXPECT_EQ(batch->last, 3u);
  EXPECT_FALSE(batch->gap);
  EXPECT_EQ(batch->facts[2].sequence, 3u);
}

TEST_F(BatchReaderTest, TheCertificateSaysWhoSpeaks) {
  const auto batch = reader_.Read(Range(1, 1), kNow);
  EXPECT_EQ(batch->facts[0].agent, kSpeaker.agent);
  EXPECT_EQ(batch->facts[0].stack, kSpeaker.stack);
}

TEST_F(BatchReaderTest, ReadingChangesNothingUntilAdvanced) {
  ASSERT_TRUE(reader_.Read(Range(1, 3), kNow).ok());
  EXPECT_EQ(reader_.next(), 1u);
  reader_.Advance(3);
  EXPECT_EQ(reader_.next(), 4u);
  reader_.Advance(2);
  EXPECT_EQ(reader_.next(), 4u);
}

TEST_F(BatchReaderTest, RepeatsAreDropped) {
  reader_.Advance(5);
  const auto batch = reader_.Read(Range(4, 7), kNow);
  ASSERT_EQ(batch->facts.size(), 2u);
  EXPECT_EQ(batch->facts[0].sequence, 6u);
  EXPECT_EQ(batch->last, 7u);
  EXPECT_TRUE(reader_.Read(Range(1, 5), kNow)->facts.empty());
}

TEST_F(BatchReaderTest, AGapIsFoundInFrontOfTheFirst) {
  reader_.Advance(2);
  const auto batch = reader_.Read(Range(10, 11), kNow);
  ASSERT_TRUE(batch->gap);
  EXPECT_EQ(batch->gap->from, 3u);
  EXPECT_EQ(batch->gap->to, 9u);
}

TEST_F(BatchReaderTest, NumbersMustRiseByOne) {
  EXPECT_EQ(CodeOf(Batch({Observed(1), Observed(3)})), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Batch({Observed(2), Observed(1)})), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Batch({Observed(1), Observed(1)})), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Batch({Observed(0)})), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Batch({Observed(~uint64_t{0})})), StatusCode::kInvalidArgument);
}

TEST_F(BatchReaderTest, SizesAreBounded) {
  EXPECT_EQ(CodeOf(v1::FactBatch()), StatusCode::kInvalidArgument);
  EXPECT_TRUE(reader_.Read(Range(1, kBatchFactsMax), kNow).ok());
  EXPECT_EQ(CodeOf(Range(1, kBatchFactsMax + 1)), StatusCode::kInvalidArgument);
}

TEST_F(BatchReaderTest, AnotherStackIsRefused) {
  EXPECT_EQ(CodeOf(Batch({Observed(1, "web-8")})), StatusCode::kInvalidArgument);
  Fact fact = Observed(1);
  fact.stack = StackId("web-8");
  EXPECT_EQ(CodeOf(Batch({fact})), StatusCode::kInvalidArgument);
  EXPECT_EQ(reader_.refused(), 1u);
  ChangeEvent event;
  event.stack = "web-8";
  fact = Observed(1);
  fact.body = PastChanges{{event}};
  EXPECT_EQ(CodeOf(Batch({fact})), StatusCode::kInvalidArgument);
}

TEST_F(BatchReaderTest, WhatPeopleSayIsRefused) {
  ExpectationSet expectation;
  expectation.resource = {kSpeaker.stack, "file", "/etc/motd"};
  expectation.origin = Origin::kAccepted;
  IgnoreRule rule;
  rule.id = "r";
  rule.resource_glob = rule.key_glob = "*";
  DecisionMade decision;
  decision.plan = PlanId("p");
  decision.verdict = Verdict::kApprove;
  ModelPublished model;
  model.digest = std::string(64, '0');
  for (const FactBody& body :
       {FactBody(expectation), FactBody(rule), FactBody(decision), FactBody(model),
        FactBody(TimeAdvanced{}), FactBody(PolicyPublished{}), FactBody(PauseSet{}),
        FactBody(PlanWritten{}), FactBody(FeedPublished{})}) {
    Fact fact = Observed(2);
    fact.body = body;
    const auto read = reader_.Read(Batch({Observed(1), fact}), kNow);
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(reader_.refused(), 2u) << Describe(read.status());
  }
}

TEST_F(BatchReaderTest, HostileIdsAreRefused) {
  for (const std::string& name : {std::string(), std::string(5000, 'x'), std::string("a\0b", 3)}) {
    v1::FactBatch batch = Range(1, 1);
    batch.mutable_facts(0)->mutable_resource_observed()->mutable_resource()->set_name(name);
    EXPECT_EQ(CodeOf(batch), StatusCode::kInvalidArgument);
  }
  v1::FactBatch batch = Range(1, 1);
  batch.mutable_facts(0)->clear_resource_observed();
  EXPECT_EQ(CodeOf(batch), StatusCode::kInvalidArgument);
}

TEST(ClockAhead, IsTakenWhenItMatters) {
  EXPECT_EQ(ClockAhead(Instant(), kNow), Duration(0)) << "not known";
  EXPECT_EQ(ClockAhead(kNow + kSecond, kNow), kSecond) << "ahead at all";
  EXPECT_EQ(ClockAhead(kNow - kSecond, kNow), Duration(0)) << "the way here";
  EXPECT_EQ(ClockAhead(kNow - kHour, kNow), -kHour);
  EXPECT_EQ(ClockAhead(FromUnixMicros(INT64_MAX), kNow), 36525 * kDay);
  EXPECT_EQ(ClockAhead(FromUnixMicros(INT64_MIN), kNow), -36525 * kDay);
}

TEST(CorrectTimes, TakesTheDifferenceOff) {
  Fact fact = Observed(1);
  fact.at = kNow + 2 * kHour - kMinute;
  EXPECT_FALSE(CorrectTimes(fact, 2 * kHour, kNow));
  EXPECT_EQ(fact.at, kNow - kMinute);
  fact.at = FromUnixSeconds(1000);  // a board without a clock
  EXPECT_FALSE(CorrectTimes(fact, FromUnixSeconds(1060) - kNow, kNow));
  EXPECT_EQ(fact.at, kNow - kMinute);
}

TEST(CorrectTimes, TheFutureAndThePreviousCenturyBecomeNow) {
  for (const Instant at : {kNow + kSecond, kNow + 365 * kDay, FromUnixSeconds(0),
                           FromUnixMicros(INT64_MAX), FromUnixMicros(INT64_MIN)}) {
    Fact fact = Observed(1);
    fact.at = at;
    EXPECT_TRUE(CorrectTimes(fact, Duration(0), kNow));
    EXPECT_EQ(fact.at, kNow);
  }
}

TEST(CorrectTimes, ASnapshotNeverStartsAfterWhatItReported) {
  // All facts of a snapshot, from a clock that is an hour ahead, with and without a correction.
  for (const Duration ahead : {Duration(0), kHour, kHour - kSecond / 10}) {
    Fact observed = Observed(1), completed = Observed(2);
    const Instant started = kNow + kHour - 10 * kSecond;
    observed.at = started + kSecond / 100;
    completed.at = kNow + kHour;
    completed.body = SnapshotCompleted{{"file"}, started};
    CorrectTimes(observed, ahead, kNow - 9 * kSecond);
    CorrectTimes(completed, ahead, kNow);
    EXPECT_LE(std::get<SnapshotCompleted>(completed.body).started_at, observed.at);
    EXPECT_GE(std::get<SnapshotCompleted>(completed.body).started_at, kNow - 12 * kSecond);
  }
}

TEST(CorrectTimes, InnerTimesMoveAlong) {
  Fact fact = Observed(1);
  fact.at = kNow + kHour;
  ActivityReported activity;
  activity.kind = "package_run";
  activity.id = "1";
  activity.started_at = kNow + kHour - kMinute;
  activity.ended_at = kNow + kHour;
  fact.body = activity;
  EXPECT_TRUE(CorrectTimes(fact, Duration(0), kNow));
  EXPECT_EQ(std::get<ActivityReported>(fact.body).started_at, kNow - kMinute);
  EXPECT_EQ(std::get<ActivityReported>(fact.body).ended_at, kNow);
}

TEST(CorrectTimes, PastChangesStayInThePast) {
  Fact fact = Observed(1);
  ChangeEvent old, future;
  old.at = kNow - 100 * kDay;
  future.at = kNow + kDay;
  fact.body = PastChanges{{old, future}};
  CorrectTimes(fact, kHour, kNow);
  EXPECT_EQ(std::get<PastChanges>(fact.body).events[0].at, kNow - 100 * kDay);
  EXPECT_EQ(std::get<PastChanges>(fact.body).events[1].at, kNow);
}

}  // namespace
}  // namespace driftcast
