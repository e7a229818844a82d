// Small parts of the agent: identity, tokens, backoff, guard, orders.
#include <gtest/gtest.h>

#include <thread>

#include "agent/child.h"
#include "agent/host_facts.h"
#include "agent/identity.h"
#include "agent/inbox.h"
#include "agent/order_runner.h"
#include "agent/uplink.h"
#include "agent/usage.h"
#include "base/crypto.h"
#include "collect/scratch_root.h"

namespace driftcast {
namespace {

TEST(Identity, SurvivesTheDisk) {
  ScratchRoot scratch;
  const Identity identity{"agent-1", *MakePrivateKey(), "-----BEGIN X-----\nchain\n", "authority",
                          std::string(32, '\7')};
  const auto file = scratch.Real("/identity");
  EXPECT_EQ(LoadIdentity(file).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(SaveIdentity(file, identity).ok());
  const auto read = LoadIdentity(file);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->agent, "agent-1");
  EXPECT_EQ(read->key_pem, identity.key_pem);
  EXPECT_EQ(read->certificate_pem, identity.certificate_pem);
  EXPECT_EQ(read->order_public_key, identity.order_public_key);
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto whole = std::filesystem::file_size(file);
  for (uintmax_t size = 0; size < whole; size += 37) {
    std::filesystem::resize_file(file, size);
    EXPECT_EQ(LoadIdentity(file).status().code(), StatusCode::kDataLoss);
    ASSERT_TRUE(SaveIdentity(file, identity).ok());
  }
}

TEST(Identity, AKeyIsMadeHereAndRequested) {
  const auto key = MakePrivateKey();
  ASSERT_TRUE(key.ok());
  EXPECT_NE(*key, *MakePrivateKey());
  const auto request = MakeCertificateRequest(*key, "web-7");
  ASSERT_TRUE(request.ok());
  EXPECT_GT(request->size(), 100u);
  EXPECT_FALSE(MakeCertificateRequest("no key", "web-7").ok());
}

TEST(Identity, RenewalIsDueAtTwoThirds) {
  const Validity validity{FromUnixSeconds(0), FromUnixSeconds(300)};
  EXPECT_FALSE(IsRenewalDue(validity, FromUnixSeconds(200)));
  EXPECT_TRUE(IsRenewalDue(validity, FromUnixSeconds(201)));
}

TEST(Invitation, IsReadOrRefused) {
  const std::string fingerprint(64, 'a');
  const auto read = ReadInvitation(" dcj1.0123ab." + fingerprint + "\n");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->secret, "0123ab");
  EXPECT_EQ(read->fingerprint, fingerprint);
  for (const std::string& text :
       {std::string(), std::string("dcj1."), "dcj2.01." + fingerprint, "dcj1.." + fingerprint,
        "dcj1.01." + fingerprint + "0", "dcj1.xy." + fingerprint, std::string("dcj1.01.zz")})
    EXPECT_FALSE(ReadInvitation(text).ok()) << text;
}

TEST(Backoff, DoublesUpToItsBoundWithJitter) {
  Backoff backoff(std::chrono::seconds(1), std::chrono::seconds(8));
  EXPECT_EQ(backoff.Next(1).count(), 1000);
  EXPECT_EQ(backoff.Next(0).count(), 1000);  // half of 2 s
  EXPECT_EQ(backoff.Next(1).count(), 4000);
  EXPECT_EQ(backoff.Next(1).count(), 8000);
  EXPECT_EQ(backoff.Next(1).count(), 8000);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(1).count(), 1000);
}

TEST(Guard, ShedsMetricsWhileOverBudgetAndNotForASpike) {
  Guard guard({.cpu_percent = 1, .memory_bytes = 100});
  Instant now = FromUnixSeconds(1000);
  const auto after = [&](Duration d, double cpu_ms, uint64_t memory) {
    now += d;
    guard.Observe(now, {cpu_ms, memory});
  };
  guard.Observe(now, {0, 50});
  EXPECT_FALSE(guard.SheddingMetrics());
  after(kSecond, 500, 50);  // half a second of work at the start: too soon to judge
  EXPECT_FALSE(guard.SheddingMetrics());
  after(kMinute, 3000, 50);
  EXPECT_TRUE(guard.SheddingMetrics());
  EXPECT_GT(guard.pace(), 3);
  after(kMinute, 3100, 50);
  EXPECT_FALSE(guard.SheddingMetrics());
  after(kMinute, 3100, 101);
  EXPECT_TRUE(guard.SheddingMetrics());
  after(kMinute, 3100, 95);  // not far enough below
  EXPECT_TRUE(guard.SheddingMetrics());
  after(kMinute, 3100, 70);
  EXPECT_FALSE(guard.SheddingMetrics());
  after(-kDay, 3200, 70);  // the clock was set back
  EXPECT_FALSE(guard.SheddingMetrics());
}

TEST(ReleaseCodePages, GivesMemoryBackAndCodeStillRuns) {
  const uint64_t before = ReadOwnUsage().memory_bytes;
  ReleaseCodePages();
  EXPECT_LT(ReadOwnUsage().memory_bytes, before);
}

TEST(ReadOwnAddresses, ThoseThatOthersMayReach) {
  ScratchRoot scratch;
  EXPECT_EQ(ReadOwnAddresses(scratch.root()), "");
  scratch.Write("/proc/net/fib_trie",
                "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
                "        |-- 10.0.0.5\n           /32 host LOCAL\n        |-- 10.0.0.255\n"
                "           /32 link BROADCAST\n        |-- 127.0.0.1\n           /32 host LOCAL\n"
                "Local:\n        |-- 10.0.0.5\n           /32 host LOCAL\n");
  scratch.Write("/proc/net/if_inet6",
                "00000000000000000000000000000001 01 80 10 80       lo\n"
                "20010db8000000000000000000000005 02 40 00 80     eth0\n"
                "fe800000000000000000000000000005 02 40 20 80     eth0\nnonsense\n");
  EXPECT_EQ(ReadOwnAddresses(scratch.root()), "10.0.0.5,2001:db8::5");
}

TEST(ReadOwnUsage, KnowsThisProcess) {
  EXPECT_GT(ReadOwnUsage().memory_bytes, 1u << 20);
  EXPECT_GT(ReadOwnUsage().cpu_ms, 0);
}

TEST(RunChild, GivesInputAndReadsLines) {
  std::vector<std::string> lines;
  const auto end = RunChild("/bin/cat", {}, "one\ntwo\nthree", 10 * kSecond,
                            [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->exit_code, 0);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
  const std::string large(1 << 20, 'x');
  EXPECT_TRUE(RunChild("/bin/true", {}, large, 10 * kSecond, [](std::string_view) {}).ok());
  EXPECT_EQ(RunChild("/nonexistent", {}, "", kSecond, [](std::string_view) {}).status().code(),
            StatusCode::kUnavailable);
  const auto slow = RunChild("/bin/sleep", {"60"}, "", Duration(200'000), [](std::string_view) {});
  ASSERT_TRUE(slow.ok());
  EXPECT_TRUE(slow->timed_out);
}

class OrderRunnerTest : public testing::Test {
 protected:
  // A stand-in for driftcast-apply; `script` is what it does with an order.
  void Start(const std::string& script) {
    scratch_.Write("/apply",
                   "#!/bin/sh\ncase \"$*\" in *--recover*) exit 0;; *--print-allowed*) "
                   "echo file; exit 0;; esac\ncat >/dev/null\n" +
                       script,
                   0755);
    StartWith(scratch_.Real("/apply").string());
  }
  void StartWith(const std::string& program) {
    runner_.reset();
    runner_ = std::make_unique<OrderRunner>(
        OrderOptions{.folder = scratch_.Real("/orders"), .program = program, .arguments = {}},
        [this](PlanProgressed p, std::vector<ResourceId> touched) {
          inbox_.OnProgress(std::move(p), std::move(touched));
        });
    runner_->Start();
  }
  // What is reported about the order, up to a final state of the whole.
  std::vector<PlanProgressed> Order(const std::string& plan) {
    v1::SignedPlan order;
    order.mutable_plan()->set_id(plan);
    auto& step = *order.mutable_plan()->add_steps();
    step.mutable_resource()->set_kind("file");
    step.mutable_resource()->set_name("/etc/motd");
    runner_->Submit(order);
    return Until([](const PlanProgressed& p) { return p.step < 0 && IsFinal(p.state); });
  }
  // What is reported, up to the first for which `last` is true.
  std::vector<PlanProgressed> Until(const std::function<bool(const PlanProgressed&)>& last) {
    std::vector<PlanProgressed> all;
    for (int i = 0; i < 1000; ++i) {
      Requests requests = inbox_.Take();
      for (const ResourceId& id : requests.touched) touched_.push_back(id);
      for (PlanProgressed& p : requests.progress) said_.push_back(std::move(p));
      while (!said_.empty()) {
        all.push_back(std::move(said_.front()));
        said_.pop_front();
        if (last(all.back())) return all;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "not reported";
    all.resize(all.size() + 1);
    return all;
  }

  ScratchRoot scratch_;
  Inbox inbox_{[](const v1::SignedPlan&) {}, [](const v1::OrderWithdrawn&) {}};
  std::deque<PlanProgressed> said_;  // and not asked for yet
  std::vector<ResourceId> touched_;
  std::unique_ptr<OrderRunner> runner_;
};

// The agent was killed after it had begun an order: the program says how that ended.
TEST_F(OrderRunnerTest, AsksHowAnOrderEndedThatItHadBegunBefore) {
  scratch_.Write("/orders/" + Hex(Sha256("p9")).substr(0, 32), "begun\np9");
  Start(R"(case "$*" in *"--settle p9") ;; *) exit 1;; esac
echo '{"plan":"p9","step":-1,"state":"succeeded","detail":"all read back"}'
)");
  const auto all = Until([](const PlanProgressed& p) { return IsFinal(p.state); });
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].plan, PlanId("p9"));
  EXPECT_EQ(all[0].state, PlanState::kSucceeded);
  EXPECT_EQ(all[0].detail, "all read back");
  // And the order, when it comes again, is answered from what was written down.
  EXPECT_EQ(Order("p9").back().detail, "all read back");
}

TEST_F(OrderRunnerTest, ReportsEachStepAndTheEnd) {
  Start(R"(echo '{"step":0,"state":"running","detail":"d"}'
echo 'no json'
echo '{"step":-1,"state":"succeeded","detail":"done","downtime_us":42}'
)");
  const auto all = Order("p1");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].state, PlanState::kRunning);
  EXPECT_EQ(all[0].step, 0);
  EXPECT_EQ(all[1].state, PlanState::kSucceeded);
  EXPECT_EQ(all[1].downtime.count(), 42);
  ASSERT_EQ(touched_.size(), 1u);
  EXPECT_EQ(touched_[0].name, "/etc/motd");
}

TEST_F(OrderRunnerTest, TheSameOrderIsNotCarriedOutTwice) {
  const std::string count = scratch_.Real("/count").string();
  Start("echo x >> " + count +
        "\necho '{\"step\":-1,\"state\":\"succeeded\",\"detail\":\"ok\"}'\n");
  Order("p1");
  const auto again = Order("p1");
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].state, PlanState::kSucceeded);
  EXPECT_EQ(std::filesystem::file_size(count), 2u);
}

TEST_F(OrderRunnerTest, AnInterruptedOrderIsUnclearNotRetried) {
  Start("echo '{\"step\":0,\"state\":\"running\"}'\nkill -9 $$\n");
  EXPECT_EQ(Order("p1").back().state, PlanState::kUnclear);
  Start("echo '{\"step\":-1,\"state\":\"succeeded\"}'\n");
  EXPECT_EQ(Order("p1").back().state, PlanState::kUnclear);  // as recorded
}

// A person takes over: the program is asked to end, and what it says then is the outcome.
TEST_F(OrderRunnerTest, AWithdrawnOrderIsStoppedOrNeverBegun) {
  Start(R"(trap 'echo "{\"step\":-1,\"state\":\"rolled_back\",\"detail\":\"stopped\"}"; exit 3' TERM
echo '{"step":0,"state":"running"}'
while :; do sleep 0.05; done
)");
  v1::SignedPlan first, second;
  first.mutable_plan()->set_id("p1");
  second.mutable_plan()->set_id("p2");
  const auto ended = [](const PlanProgressed& p) { return p.step < 0 && IsFinal(p.state); };
  runner_->Submit(first);
  Until([](const PlanProgressed& p) { return p.state == PlanState::kRunning; });
  runner_->Submit(second);
  runner_->Withdraw(PlanId("p2"), "ada");
  runner_->Withdraw(PlanId("p1"), "ada");
  auto last = Until(ended).back();
  EXPECT_EQ(last.plan, PlanId("p1"));
  EXPECT_EQ(last.state, PlanState::kRolledBack);
  EXPECT_EQ(last.detail, "stopped");
  last = Until(ended).back();
  EXPECT_EQ(last.plan, PlanId("p2"));
  EXPECT_EQ(last.state, PlanState::kFailed);
  EXPECT_NE(last.detail.find("taken over by ada before it was begun"), std::string::npos);
  // One that ended is told again; one that comes after its withdrawal is not begun.
  runner_->Withdraw(PlanId("p1"), "ada");
  EXPECT_EQ(Until(ended).back().state, PlanState::kRolledBack);
  runner_->Withdraw(PlanId("p3"), "ada");
  EXPECT_EQ(Until(ended).back().state, PlanState::kFailed);
  EXPECT_NE(Order("p3").back().detail.find("taken over by ada"), std::string::npos);
}

TEST_F(OrderRunnerTest, WithoutTheProgramTheHostIsObserveOnly) {
  StartWith("");
  auto all = Order("p1");
  EXPECT_EQ(all.back().state, PlanState::kFailed);
  EXPECT_NE(all.back().detail.find("observe-only"), std::string::npos);
  StartWith("/nonexistent/driftcast-apply");
  all = Order("p2");
  EXPECT_EQ(all.back().state, PlanState::kFailed);
  EXPECT_NE(all.back().detail.find("observe-only"), std::string::npos);
}

TEST_F(OrderRunnerTest, AProgramThatFailsBeforeAnyStepHasChangedNothing) {
  Start("exit 3\n");
  EXPECT_EQ(Order("p1").back().state, PlanState::kFailed);
}

TEST_F(OrderRunnerTest, KindsComeFromTheHostsOwnList) {
  Start("");
  EXPECT_EQ(ReadAllowedKinds(
                {.folder = {}, .program = scratch_.Real("/apply").string(), .arguments = {}}),
            std::vector<std::string>{"file"});
  EXPECT_TRUE(ReadAllowedKinds({}).empty());
}

TEST(Inbox, MergesSnapshotRequests) {
  Inbox inbox([](const v1::SignedPlan&) {}, [](const v1::OrderWithdrawn&) {});
  v1::SnapshotRequest request;
  request.add_kinds("file");
  inbox.OnSnapshotRequest(request);
  inbox.OnSnapshotRequest(request);
  v1::SnapshotRequest one;
  one.add_resources()->set_kind("package");
  inbox.OnSnapshotRequest(one);
  Requests taken = inbox.Take();
  EXPECT_EQ(taken.snapshot_kinds.size(), 1u);
  EXPECT_EQ(taken.resources.size(), 1u);
  EXPECT_FALSE(taken.snapshot_all);
  inbox.OnSnapshotRequest({});
  EXPECT_TRUE(inbox.Take().snapshot_all);
  EXPECT_FALSE(inbox.Take().snapshot_all);
  inbox.Stop();
  EXPECT_TRUE(inbox.Take().stop);
}

}  // namespace
}  // namespace driftcast
