// Guards that stand: when they look, when they give up, what outlives the agent.
#include "agent/standing_guards.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/inbox.h"
#include "agent/order_runner.h"
#include "collect/scratch_root.h"
#include "wire/order.h"

namespace driftcast {
namespace {

using ::testing::HasSubstr;

const Instant kNow = FromUnixSeconds(1'780'000'000);
const ResourceId kMotd{StackId("web-7"), "file", "/etc/motd"};
const ResourceId kOther{StackId("web-7"), "file", "/etc/issue"};

v1::SignedPlan SomeGuard(const std::string& id, Instant until) {
  PlanStep step;
  step.kind = StepKind::kArmGuard;
  step.resource = kMotd;
  step.parameters = {{"path", "line[]"}, {"value", "hello"}, {"until", FormatInstant(until)}};
  Order order;
  order.plan.id = PlanId(id);
  order.plan.stack = kMotd.stack;
  order.plan.steps = {step};
  v1::SignedPlan message;
  ToProto(order, &message);
  return message;
}

class StandingGuardsTest : public testing::Test {
 protected:
  StandingGuardsTest() { std::filesystem::create_directories(folder_); }

  ScratchRoot scratch_;
  const std::filesystem::path folder_ = scratch_.Real("/orders");
  StandingGuards guards_{folder_};
};

TEST_F(StandingGuardsTest, LookWhenTheirResourceMovesAndEndWithTheirTime) {
  ASSERT_TRUE(guards_.Add(SomeGuard("p1", kNow + kDay), kNow + kDay).ok());
  EXPECT_FALSE(guards_.TakeDue(kNow));
  EXPECT_EQ(guards_.NextDue(), kNow + kDay);
  guards_.OnChange(kOther, kNow);
  EXPECT_FALSE(guards_.TakeDue(kNow));
  guards_.OnChange(kMotd, kNow);
  EXPECT_TRUE(guards_.TakeDue(kNow));
  EXPECT_FALSE(guards_.TakeDue(kNow)) << "once is enough";
  EXPECT_TRUE(guards_.OnLooked(PlanId("p1"), true, kNow));
  // What moves at once is looked at a second later.
  guards_.OnChange(kMotd, kNow);
  EXPECT_FALSE(guards_.TakeDue(kNow));
  EXPECT_EQ(guards_.NextDue(), kNow + kSecond);
  EXPECT_TRUE(guards_.TakeDue(kNow + kSecond));
  EXPECT_TRUE(guards_.TakeDue(kNow + kDay)) << "its end";
}

TEST_F(StandingGuardsTest, GiveUpWhenTheyAreFoughtAndNotOverTime) {
  ASSERT_TRUE(guards_.Add(SomeGuard("p1", kNow + kDay), kNow + kDay).ok());
  const PlanId plan("p1");
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(guards_.OnLooked(plan, true, kNow + i * kMinute * 20)) << i;
  const Instant later = kNow + 12 * kHour;
  for (size_t i = 1; i < StandingGuards::kPutBackPerHourMax; ++i)
    EXPECT_TRUE(guards_.OnLooked(plan, true, later));
  EXPECT_TRUE(guards_.OnLooked(plan, false, later)) << "looking does not count";
  EXPECT_FALSE(guards_.OnLooked(plan, true, later));
}

TEST_F(StandingGuardsTest, AFailureIsTriedAgainAFewTimes) {
  ASSERT_TRUE(guards_.Add(SomeGuard("p1", kNow + kDay), kNow + kDay).ok());
  const PlanId plan("p1");
  EXPECT_TRUE(guards_.OnFailed(plan, kNow));
  EXPECT_TRUE(guards_.OnFailed(plan, kNow));
  EXPECT_TRUE(guards_.OnLooked(plan, false, kNow)) << "they count in a row";
  EXPECT_TRUE(guards_.OnFailed(plan, kNow));
  EXPECT_TRUE(guards_.OnFailed(plan, kNow));
  EXPECT_FALSE(guards_.OnFailed(plan, kNow));
}

TEST_F(StandingGuardsTest, OutliveTheAgent) {
  ASSERT_TRUE(guards_.Add(SomeGuard("p1", kNow + kDay), kNow + kDay).ok());
  ASSERT_TRUE(guards_.Add(SomeGuard("p2", kNow + kDay), kNow + kDay).ok());
  guards_.Remove(PlanId("p2"));
  scratch_.Write("/orders/damaged.guard", "no order");
  StandingGuards again(folder_);
  again.Load(kNow);
  ASSERT_NE(again.Find(PlanId("p1")), nullptr);
  EXPECT_EQ(again.Find(PlanId("p1"))->until, kNow + kDay);
  EXPECT_EQ(again.Find(PlanId("p2")), nullptr);
  EXPECT_TRUE(again.TakeDue(kNow)) << "for what moved meanwhile";
}

// With a stand-in for driftcast-apply that says "changed" when there is a file of that name.
class GuardRunnerTest : public testing::Test {
 protected:
  GuardRunnerTest() {
    scratch_.Write("/apply",
                   "#!/bin/sh\ncase \"$*\" in *--recover*) exit 0;; esac\ncat >/dev/null\n"
                   "if [ -e " +
                       moved_ + " ]; then rm " + moved_ +
                       "; echo '{\"step\":0,\"state\":\"succeeded\",\"changed\":true}'; fi\n"
                       "echo '{\"step\":-1,\"state\":\"succeeded\",\"detail\":\"ok\"}'\n",
                   0755);
    Start();
  }
  void Start() {
    runner_.reset();
    runner_ =
        std::make_unique<OrderRunner>(OrderOptions{.folder = scratch_.Real("/orders"),
                                                   .program = scratch_.Real("/apply").string(),
                                                   .arguments = {}},
                                      [this](PlanProgressed p, std::vector<ResourceId> touched) {
                                        inbox_.OnProgress(std::move(p), std::move(touched));
                                      });
    runner_->Start();
  }
  void Move() {
    scratch_.Write("/moved", "");
    runner_->OnChange(kMotd);
  }
  PlanProgressed Next() {
    for (int i = 0; i < 1000; ++i) {
      for (PlanProgressed& p : inbox_.Take().progress) said_.push_back(std::move(p));
      if (!said_.empty()) {
        PlanProgressed next = std::move(said_.front());
        said_.pop_front();
        return next;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "nothing was reported";
    return {};
  }

  ScratchRoot scratch_;
  const std::string moved_ = scratch_.Real("/moved").string();
  Inbox inbox_{[](const v1::SignedPlan&) {}, [](const v1::OrderWithdrawn&) {}};
  std::deque<PlanProgressed> said_;
  std::unique_ptr<OrderRunner> runner_;
};

TEST_F(GuardRunnerTest, StandsPutsBackOverARestartAndIsTakenOff) {
  runner_->Submit(SomeGuard("p1", SystemClock()->Now() + kDay));
  auto said = Next();
  EXPECT_EQ(said.state, PlanState::kRunning);
  EXPECT_EQ(said.step, -1);
  EXPECT_THAT(said.detail, HasSubstr("stands until"));
  Move();
  said = Next();
  EXPECT_EQ(said.state, PlanState::kRunning);
  EXPECT_EQ(said.step, 0);
  EXPECT_THAT(said.detail, HasSubstr("put back /etc/motd"));
  // While the agent is away it moves again.
  runner_.reset();
  scratch_.Write("/moved", "");
  Start();
  EXPECT_THAT(Next().detail, HasSubstr("put back /etc/motd"));
  // The engine asks again: it stands.
  runner_->Submit(SomeGuard("p1", SystemClock()->Now() + kDay));
  EXPECT_THAT(Next().detail, HasSubstr("stands until"));
  runner_->Withdraw(PlanId("p1"), "ada");
  said = Next();
  EXPECT_EQ(said.state, PlanState::kSucceeded);
  EXPECT_THAT(said.detail, HasSubstr("taken off by ada"));
  // It is off for good.
  Move();
  Start();
  runner_->Submit(SomeGuard("p1", SystemClock()->Now() + kDay));
  EXPECT_THAT(Next().detail, HasSubstr("taken off by ada"));
  EXPECT_TRUE(std::filesystem::exists(moved_));
}

TEST_F(GuardRunnerTest, EndsWithItsTime) {
  runner_->Submit(SomeGuard("p1", SystemClock()->Now() + 2 * kSecond));
  EXPECT_EQ(Next().state, PlanState::kRunning);
  const auto said = Next();
  EXPECT_EQ(said.state, PlanState::kSucceeded);
  EXPECT_THAT(said.detail, HasSubstr("stood until its end"));
}

}  // namespace
}  // namespace driftcast
