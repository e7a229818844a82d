// What a shard pays for the plans that were decided before: proposing for one resource, telling a
// fight, and what waits for a host, with so many of them in its memory.
#include <benchmark/benchmark.h>

#include "engine/records.h"
#include "engine/shard.h"
#include "engine/shard_knowledge.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

constexpr Instant kStart = FromUnixSeconds(1'760'000'000);
const StackId kStack("web-7");

ResourceId Setting(int64_t i) { return {kStack, "sysctl", fmt::format("net.ipv4.setting{}", i)}; }

void Tell(Shard& shard, FactBody body, uint64_t sequence) {
  Fact fact;
  fact.at = kStart + kMinute;
  fact.stack = kStack;
  fact.agent = AgentId("agent-1");
  fact.sequence = sequence;
  fact.body = std::move(body);
  DRIFTCAST_CHECK(shard.Check({&fact, 1}).ok());
  shard.Apply(fact);
}

// A revert that worked, hours ago, of one of a thousand settings.
RemediationPlan Decided(int64_t i) {
  RemediationPlan plan;
  plan.id = PlanId(fmt::format("plan-{:08}", i));
  plan.strategy = Strategy::kRevert;
  plan.stack = kStack;
  plan.title = "put back";
  plan.resources = {Setting(i % 1000)};
  plan.trigger = fmt::format("drift-{}", i);
  PlanStep step;
  step.kind = StepKind::kSetSysctl;
  step.resource = plan.resources[0];
  step.parameters = {{"value", "128"}};
  plan.steps = {step};
  plan.state = PlanState::kSucceeded;
  plan.started_at = kStart - kHour * 3;
  plan.ended_at = kStart - kHour * 2;
  return plan;
}

// A host whose first setting has drifted, and as many decided plans.
std::unique_ptr<Shard> ShardWith(MemoryStore& store, int64_t plans) {
  auto shard = *Shard::Restore(store, {});
  Tell(*shard, StackEnrolled{RoleName("web"), {}, {"sysctl"}}, 1);
  ResourceObserved observed;
  observed.resource = Setting(0);
  observed.keys = {{"value", Value::Integer(128)}};
  observed.means = Means::kSnapshot;
  Tell(*shard, observed, 2);
  Tell(*shard, SnapshotCompleted{{"sysctl"}, kStart, false}, 3);
  observed.keys[0].value = Value::Integer(512);
  observed.means = Means::kEvent;
  Tell(*shard, observed, 4);
  WriteBatch batch;
  std::vector<LiveEvent> events;
  shard->Collect(batch, events);
  for (int64_t i = 0; i < plans; ++i)
    batch.Put(Table::kState, "p/" + Decided(i).id.value, Encode(Decided(i)));
  DRIFTCAST_CHECK(store.Commit(batch).ok());
  shard = *Shard::Restore(store, {});
  DRIFTCAST_CHECK(shard->state().plans.size() == static_cast<size_t>(plans));
  return shard;
}

void Propose(benchmark::State& state) {
  MemoryStore store;
  const auto shard = ShardWith(store, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(PlansFor(shard->state(), Setting(0)));
}

void TellAFight(benchmark::State& state) {
  MemoryStore store;
  const auto shard = ShardWith(store, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(FightOver(shard->state(), Setting(0)));
}

void WhatWaits(benchmark::State& state) {
  MemoryStore store;
  const auto shard = ShardWith(store, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(DuePlans(shard->state(), kStack));
}

BENCHMARK(Propose)->Arg(0)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(TellAFight)->Arg(0)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(WhatWaits)->Arg(0)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace driftcast
