// Shards over a store in memory, and the facts that tests tell them. For the tests of this room.
#ifndef DRIFTCAST_ENGINE_SHARD_RUN_H_
#define DRIFTCAST_ENGINE_SHARD_RUN_H_

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/shard.h"
#include "engine/shard_view.h"
#include "store/memory_store.h"

namespace driftcast {

inline constexpr Instant kStart = FromUnixSeconds(1'760'000'000);
inline const StackId kStack("web-7");

inline ResourceId FileId(const std::string& name) { return {kStack, "file", "/etc/" + name}; }

// Makes numbered facts of one agent.
class Reporter {
 public:
  explicit Reporter(std::string agent = "agent-1") : agent_(std::move(agent)) {}

  Fact Make(FactBody body, Instant at) {
    Fact fact;
    fact.at = at;
    fact.stack = kStack;
    fact.agent = AgentId(agent_);
    fact.sequence = ++sequence_;
    fact.body = std::move(body);
    return fact;
  }
  Fact Saw(const ResourceId& id, std::vector<KeyValue> keys, Instant at,
           Means means = Means::kEvent) {
    ResourceObserved observed;
    observed.resource = id;
    observed.keys = std::move(keys);
    observed.means = means;
    Canonicalize(observed.keys);
    return Make(std::move(observed), at);
  }

 private:
  std::string agent_;
  uint64_t sequence_ = 0;
};

inline Fact Tick(Instant at) {
  Fact fact;
  fact.at = at;
  fact.body = TimeAdvanced{};
  return fact;
}

// A shard over a store in memory, written after every fact.
class ShardRun {
 public:
  explicit ShardRun(ShardOptions options = {}) : options_(options) { Restart(); }

  Status Apply(const Fact& fact) {
    DRIFTCAST_RETURN_IF_ERROR(shard_->Check({&fact, 1}));
    shard_->Apply(fact);
    Flush();
    return Ok();
  }
  void Flush() {
    WriteBatch writes;
    shard_->Collect(writes, events_);
    EXPECT_TRUE(store_.Commit(writes).ok());
    if (shard_->ForecasterDue())
      shard_->SaveForecaster([&](WriteBatch batch) { EXPECT_TRUE(store_.Commit(batch).ok()); });
  }
  void Restart() { shard_ = *Shard::Restore(store_, options_); }

  ShardView view() { return ShardView(shard_->state(), store_, shown_); }
  MemoryStore& store() { return store_; }
  const std::vector<LiveEvent>& events() const { return events_; }

  std::string EventsText() const {
    std::string text;
    for (const auto& e : events_)
      text += fmt::format("{} {} {} {}\n", static_cast<int>(e.kind), e.number, e.id, e.text);
    return text;
  }

 private:
  const ShardOptions options_;
  MemoryStore store_;
  ShownPlans shown_;
  std::unique_ptr<Shard> shard_;
  std::vector<LiveEvent> events_;
};

// An enrolled host with two files.
inline std::vector<Fact> Enrolment(Reporter& reporter) {
  return {
      reporter.Make(StackEnrolled{RoleName("web"), {{"os", "Debian 12"}}, {"file"}}, kStart),
      reporter.Saw(FileId("ssh/sshd_config"),
                   {{"PermitRootLogin", Value::Text("no")}, {"Port", Value::Integer(22)}}, kStart,
                   Means::kSnapshot),
      reporter.Saw(FileId("motd"), {{"line[]", Value::Text("hello")}}, kStart, Means::kSnapshot),
      reporter.Make(SnapshotCompleted{{"file"}, kStart}, kStart)};
}

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_SHARD_RUN_H_
