#include "agent/reporter.h"

#include <gtest/gtest.h>

#include <map>

#include "collect/scratch_root.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

// A host as a map: name -> value of its one key.
class MapCollector : public Collector {
 public:
  MapCollector() : Collector("map", {"thing"}) {}
  std::map<std::string, std::string> host;
  Status trouble;

 protected:
  Status DoCollect(Depth, Sink& sink) override {
    for (const auto& [name, value] : host) sink.Observed(Observe(name, value));
    return trouble;
  }
  StatusOr<std::optional<ResourceObserved>> DoCollectOne(const std::string&,
                                                         const std::string& name) override {
    const auto found = host.find(name);
    if (found == host.end()) return std::nullopt;
    return Observe(found->first, found->second);
  }

 private:
  static ResourceObserved Observe(const std::string& name, const std::string& value) {
    ResourceObserved o;
    o.resource = {{}, "thing", name};
    o.keys.push_back({"value", Value::Text(value)});
    return o;
  }
};

class ReporterTest : public testing::Test {
 protected:
  ReporterTest() { Make(1 << 20); }
  void Make(uint64_t spool_bytes) {
    reporter_.reset();
    spool_.reset();
    spool_ = *Spool::Open({scratch_.Real("/spool"), spool_bytes});
    reporter_ =
        std::make_unique<Reporter>(StackId("web-7"), *spool_, clock_,
                                   [this](const ResourceObserved&, Instant) { return cause_; });
  }
  // The facts since the last call.
  std::vector<Fact> News() {
    std::vector<Fact> facts;
    for (;;) {
      const auto entries = spool_->Read(read_ + 1, 100, 1 << 20);
      if (entries.empty()) return facts;
      for (const auto& entry : entries) {
        facts.push_back(*DecodeFact(entry.fact));
        EXPECT_EQ(facts.back().sequence, entry.sequence);
        EXPECT_EQ(facts.back().stack.value, "web-7");
        read_ = entry.sequence;
      }
    }
  }
  template <typename T>
  static size_t Count(const std::vector<Fact>& facts) {
    size_t count = 0;
    for (const Fact& fact : facts) count += std::holds_alternative<T>(fact.body);
    return count;
  }

  ScratchRoot scratch_;
  ManualClock clock_{FromUnixSeconds(1000)};
  Cause cause_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Reporter> reporter_;
  MapCollector collector_;
  uint64_t read_ = 0;
};

TEST_F(ReporterTest, ASnapshotReportsAllAndSaysSo) {
  collector_.host = {{"a", "1"}, {"b", "2"}};
  ASSERT_TRUE(reporter_->Scan(collector_, Depth::kAll, Means::kSnapshot).ok());
  auto facts = News();
  EXPECT_EQ(Count<ResourceObserved>(facts), 2u);
  EXPECT_EQ(Count<SnapshotCompleted>(facts), 1u);
  ASSERT_TRUE(reporter_->Scan(collector_, Depth::kAll, Means::kRescan).ok());
  EXPECT_EQ(Count<ResourceObserved>(News()), 2u);
}

TEST_F(ReporterTest, ARescanReportsNewsAlone) {
  collector_.host = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  (void)reporter_->Scan(collector_, Depth::kAll, Means::kSnapshot);
  News();
  cause_.kind = CauseKind::kPackageRun;
  cause_.id = "run";
  collector_.host["b"] = "22";
  collector_.host.erase("c");
  (void)reporter_->Scan(collector_, Depth::kChanged, Means::kRescan);
  const auto facts = News();
  ASSERT_EQ(facts.size(), 2u);
  const auto& changed = std::get<ResourceObserved>(facts[0].body);
  EXPECT_EQ(changed.resource.ToText(), "web-7/thing/b");
  EXPECT_EQ(changed.cause.id, "run");
  EXPECT_EQ(std::get<ResourceVanished>(facts[1].body).resource.name, "c");
  (void)reporter_->Scan(collector_, Depth::kChanged, Means::kRescan);
  EXPECT_TRUE(News().empty());
}

TEST_F(ReporterTest, AScanThatCouldNotSeeEverythingConcludesNothing) {
  collector_.host = {{"a", "1"}, {"b", "2"}};
  (void)reporter_->Scan(collector_, Depth::kAll, Means::kSnapshot);
  News();
  collector_.host.erase("b");
  collector_.trouble = PermissionDenied("no");
  EXPECT_FALSE(reporter_->Scan(collector_, Depth::kAll, Means::kRescan).ok());
  const auto facts = News();
  EXPECT_EQ(Count<ResourceVanished>(facts), 0u);
  EXPECT_EQ(Count<SnapshotCompleted>(facts), 0u);
}

TEST_F(ReporterTest, AStopEndsAScanAndConcludesNothing) {
  collector_.host = {{"a", "1"}, {"b", "2"}};
  ASSERT_TRUE(reporter_->Scan(collector_, Depth::kAll, Means::kSnapshot).ok());
  News();
  reporter_->StopWhen([] { return true; });
  EXPECT_EQ(reporter_->Scan(collector_, Depth::kAll, Means::kRescan).code(),
            StatusCode::kUnavailable);
  EXPECT_TRUE(News().empty());
}

TEST_F(ReporterTest, OneResourceByEvent) {
  collector_.host = {{"a", "1"}};
  (void)reporter_->ReadOne(collector_, "thing", "a", Means::kEvent);
  EXPECT_EQ(News().size(), 1u);
  (void)reporter_->ReadOne(collector_, "thing", "a", Means::kEvent);
  EXPECT_TRUE(News().empty());
  (void)reporter_->ReadOne(collector_, "thing", "a", Means::kVerify, /*always=*/true);
  EXPECT_EQ(News().size(), 1u);
  collector_.host.clear();
  (void)reporter_->ReadOne(collector_, "thing", "a", Means::kEvent);
  EXPECT_EQ(Count<ResourceVanished>(News()), 1u);
  (void)reporter_->ReadOne(collector_, "thing", "a", Means::kEvent);
  EXPECT_TRUE(News().empty());
}

TEST_F(ReporterTest, WhatFoundNoRoomIsReportedLaterAndNothingIsCalledComplete) {
  Make(64 << 10);
  for (int i = 0; i < 300; ++i)
    collector_.host["r" + std::to_string(1000 + i)] = std::string(300, 'x');
  (void)reporter_->Scan(collector_, Depth::kAll, Means::kSnapshot);
  auto facts = News();
  EXPECT_LT(Count<ResourceObserved>(facts), 300u);
  EXPECT_EQ(Count<SnapshotCompleted>(facts), 0u);
  EXPECT_GT(reporter_->debts(), 0u);

  // Meanwhile things change; the present state is what counts.
  collector_.host["r1299"] = "new";
  collector_.host.erase("r1298");
  std::map<std::string, std::string> seen;
  const auto note = [&](const std::vector<Fact>& news) {
    for (const Fact& fact : news) {
      if (const auto* o = std::get_if<ResourceObserved>(&fact.body))
        seen[o->resource.name] = o->keys[0].value.text;
      if (const auto* gone = std::get_if<ResourceVanished>(&fact.body))
        seen.erase(gone->resource.name);
    }
  };
  note(facts);
  size_t completed = 0;
  for (int round = 0; round < 50 && reporter_->debts() > 0; ++round) {
    spool_->Trim(read_);
    reporter_->PayDebts([this](const std::string&) { return &collector_; });
    facts = News();
    completed += Count<SnapshotCompleted>(facts);
    note(facts);
  }
  EXPECT_EQ(seen, collector_.host);
  EXPECT_EQ(completed, 1u);
  EXPECT_EQ(reporter_->debts(), 0u);
}

}  // namespace
}  // namespace driftcast
