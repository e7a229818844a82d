// Edges between hosts: from addresses and connections to severity, plans and the page's graph.
#include "engine/fleet_graph.h"

#include <gmock/gmock.h>

#include "engine/shard.h"
#include "engine/shard_view.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kStart = FromUnixSeconds(1'760'000'000);

TEST(FleetGraph, AnAddressBelongsToWhoAloneClaimsIt) {
  FleetGraph graph;
  graph.SetAddresses("db-1", "10.0.0.5,2001:DB8:0::5,127.0.0.1,169.254.1.1,fe80::1,::1,nonsense,");
  graph.SetAddresses("web-1", "10.0.0.7,172.17.0.1");
  graph.SetAddresses("web-2", "10.0.0.8,172.17.0.1");
  EXPECT_EQ(graph.OwnerOf("10.0.0.5"), "db-1");
  EXPECT_EQ(graph.OwnerOf("2001:db8::5"), "db-1");
  for (const char* nobody :
       {"127.0.0.1", "169.254.1.1", "fe80::1", "::1", "172.17.0.1", "10.9.9.9"})
    EXPECT_EQ(graph.OwnerOf(nobody), "") << nobody;
  EXPECT_THAT(graph.EndsOf("db-1", "tcp/0.0.0.0:5432"), ElementsAre("tcp/10.0.0.5:5432"));
  EXPECT_THAT(graph.EndsOf("db-1", "tcp/[::]:22"),
              ElementsAre("tcp/10.0.0.5:22", "tcp/[2001:db8::5]:22"));
  EXPECT_THAT(graph.EndsOf("db-1", "tcp/127.0.0.1:5432"), IsEmpty());
  EXPECT_THAT(graph.EndsOf("web-1", "garbage"), IsEmpty());
  // Somebody else claims it: then nobody has it, and nobody took it.
  graph.SetAddresses("evil", "10.0.0.5");
  EXPECT_EQ(graph.OwnerOf("10.0.0.5"), "");
  EXPECT_THAT(graph.EndsOf("evil", "tcp/0.0.0.0:5432"), IsEmpty());
  graph.SetAddresses("evil", "");
  EXPECT_EQ(graph.OwnerOf("10.0.0.5"), "db-1");
}

TEST(FleetGraph, AStackMayClaimOnlySoManyAddresses) {
  FleetGraph graph;
  std::string label;
  for (int i = 0; i < 1000; ++i) label += fmt::format("10.1.{}.{},", i / 250, i % 250);
  graph.SetAddresses("greedy", label);
  EXPECT_EQ(graph.OwnerOf("10.1.0.63"), "greedy");
  EXPECT_EQ(graph.OwnerOf("10.1.0.64"), "");
}

// A data base on db-1, of postgresql.service on a package; app.service of web-1 is connected to it.
class TwoHostsTest : public testing::Test {
 protected:
  TwoHostsTest() {
    Restart();
    Enrol("db-1", "10.0.0.5");
    Enrol("web-1", "10.0.0.7");
    Observe("db-1", "package", "postgresql-15", {});
    Observe("db-1", "unit", "postgresql.service", {{"owned_by", "package", "postgresql-15", {}}});
    Observe("db-1", "socket", "tcp/0.0.0.0:5432",
            {{"served_by", "unit", "postgresql.service", {}}});
    Observe("web-1", "unit", "app.service", {{"connects_to", "endpoint", "tcp/10.0.0.5:5432", {}}});
    Apply(TimeAdvanced{});
  }
  void Restart() { shard_ = *Shard::Restore(store_, {}); }
  void Apply(FactBody body, const std::string& stack = "") {
    Fact fact;
    fact.at = kStart;
    fact.stack = StackId(stack);
    fact.body = std::move(body);
    ASSERT_TRUE(shard_->Check({&fact, 1}).ok());
    shard_->Apply(fact);
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard_->Collect(writes, events);
    ASSERT_TRUE(store_.Commit(writes).ok());
  }
  void Enrol(const std::string& stack, const std::string& addresses) {
    Apply(StackEnrolled{RoleName("any"), {{kAddressesLabel, addresses}}, {"package", "unit"}},
          stack);
  }
  void Observe(const std::string& stack, const std::string& kind, const std::string& name,
               std::vector<Dependency> edges) {
    ResourceObserved observed;
    observed.resource = {StackId(stack), kind, name};
    observed.keys = {{"version", Value::Text("1")}};
    observed.depends_on = std::move(edges);
    observed.means = Means::kSnapshot;
    Apply(observed, stack);
  }
  ShardView view() { return ShardView(shard_->state(), store_, shown_); }
  std::vector<std::string> Dependents(const ResourceId& id) {
    std::vector<std::string> texts;
    for (const Dependent& one : view().Dependents(id)) texts.push_back(one.id.ToText());
    return texts;
  }
  const ResourceId package_{StackId("db-1"), "package", "postgresql-15"};
  const ResourceId unit_{StackId("db-1"), "unit", "postgresql.service"};
  const ResourceId app_{StackId("web-1"), "unit", "app.service"};
  MemoryStore store_;
  std::unique_ptr<Shard> shard_;
  ShownPlans shown_;
};

TEST_F(TwoHostsTest, TheGraphReachesAcrossHosts) {
  const auto reached = [&] { return Dependents(package_); };
  const auto all = ElementsAre("db-1/unit/postgresql.service", "db-1/socket/tcp/0.0.0.0:5432",
                               "web-1/unit/app.service");
  EXPECT_THAT(reached(), all);
  const Dependency resolved = view().Resolve({"connects_to", "endpoint", "tcp/10.0.0.5:5432", {}});
  EXPECT_EQ(resolved.to_stack.value, "db-1");
  EXPECT_EQ(resolved.to_kind, "socket");
  EXPECT_EQ(resolved.to_name, "tcp/0.0.0.0:5432");
  const Dependency outside{"connects_to", "endpoint", "tcp/192.0.2.1:443", {}};
  EXPECT_EQ(view().Resolve(outside), outside);
  Restart();
  EXPECT_THAT(reached(), all) << "made anew from what is stored";
}

TEST_F(TwoHostsTest, SeverityAndPlansKnowIt) {
  EXPECT_THAT(
      view().Prediction(unit_)->severity_factors,
      testing::Contains(testing::Field(
          &SeverityFactor::text, HasSubstr("2 resources depend on it, 1 of them on other hosts"))));
  PlanFilter filter;
  filter.resource = package_;
  size_t seen = 0;
  const auto plans = view().Plans(filter);
  for (const RemediationPlan& plan : plans.rows) {
    if (plan.blast.transitive == 0) continue;
    ++seen;
    EXPECT_EQ(plan.blast.elsewhere, 1);
    EXPECT_THAT(plan.blast.stacks, ElementsAre("web-1"));
    EXPECT_THAT(plan.blast.top, ElementsAre("unit/postgresql.service", "socket/tcp/0.0.0.0:5432"));
  }
  EXPECT_GT(seen, 0u);
}

TEST_F(TwoHostsTest, WhatIsOverIsForgotten) {
  Observe("web-1", "unit", "app.service", {});
  EXPECT_THAT(Dependents(unit_), ElementsAre("db-1/socket/tcp/0.0.0.0:5432"));
  Observe("web-1", "unit", "app.service", {{"connects_to", "endpoint", "tcp/10.0.0.5:5432", {}}});
  EXPECT_EQ(Dependents(unit_).size(), 2u);
  Enrol("db-1", "10.0.0.6");  // it has another address now
  EXPECT_EQ(Dependents(unit_).size(), 1u);
  Enrol("db-1", "10.0.0.5");
  EXPECT_EQ(Dependents(unit_).size(), 2u);
}

TEST_F(TwoHostsTest, TwoHostsThatNeedEachOtherEnd) {
  Observe("web-1", "socket", "tcp/[::]:80", {{"served_by", "unit", "app.service", {}}});
  Observe("db-1", "unit", "postgresql.service",
          {{"owned_by", "package", "postgresql-15", {}},
           {"connects_to", "endpoint", "tcp/10.0.0.7:80", {}}});
  EXPECT_THAT(Dependents(app_),
              ElementsAre("web-1/socket/tcp/[::]:80", "db-1/unit/postgresql.service",
                          "db-1/socket/tcp/0.0.0.0:5432"));
}

}  // namespace
}  // namespace driftcast
