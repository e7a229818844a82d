// An engine in memory, for the door's tests: facts become durable when the test says so, or at
// once; it can be full, and it can refuse.
#ifndef DRIFTCAST_RPC_FAKE_ENGINE_H_
#define DRIFTCAST_RPC_FAKE_ENGINE_H_

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rpc/engine_seam.h"

namespace driftcast {

class FakeEngine : public EngineSeam {
 public:
  struct Audit {
    std::string by, action, subject, detail;
  };

  // Facts are durable at once (the default), or held until Commit.
  void Hold(bool hold) {
    const std::lock_guard lock(mutex_);
    hold_ = hold;
  }
  void SetFull(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  void SetRefusal(Status refusal) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(refusal);
  }
  void Commit() { Drain(); }
  void AddOrder(const StackId& stack, RemediationPlan plan) {
    std::map<uint64_t, std::function<void(const StackId&)>> listeners;
    {
      const std::lock_guard lock(mutex_);
      orders_[stack].push_back(std::move(plan));
      listeners = listeners_;
    }
    for (const auto& [number, listener] : listeners) listener(stack);
  }
  void ClearOrders(const StackId& stack) {
    const std::lock_guard lock(mutex_);
    orders_.erase(stack);
  }

  std::vector<Fact> facts() const {
    const std::lock_guard lock(mutex_);
    return facts_;
  }
  std::vector<Audit> audits() const {
    const std::lock_guard lock(mutex_);
    return audits_;
  }
  size_t pending() const {
    const std::lock_guard lock(mutex_);
    return pending_.size();
  }

  Status Submit(std::vector<Fact> facts, std::function<void(const Status&)> done) override {
    {
      const std::lock_guard lock(mutex_);
      if (full_) return ResourceExhausted("the queue is full");
      pending_.push_back({std::move(facts), std::move(done)});
      if (hold_) return Ok();
    }
    Drain();
    return Ok();
  }
  uint64_t DurableSequence(const AgentId& agent) const override {
    const std::lock_guard lock(mutex_);
    const auto found = durable_.find(agent);
    return found == durable_.end() ? 0 : found->second;
  }
  Status AcceptGap(const AgentId& agent, uint64_t, uint64_t to) override {
    const std::lock_guard lock(mutex_);
    durable_[agent] = std::max(durable_[agent], to);
    return Ok();
  }
  uint64_t SubscribeOrders(std::function<void(const StackId&)> listener) override {
    const std::lock_guard lock(mutex_);
    listeners_[++last_listener_] = std::move(listener);
    return last_listener_;
  }
  void Unsubscribe(uint64_t subscription) override {
    const std::lock_guard lock(mutex_);
    listeners_.erase(subscription);
  }
  std::vector<RemediationPlan> OrdersFor(const StackId& stack) const override {
    const std::lock_guard lock(mutex_);
    const auto found = orders_.find(stack);
    return found == orders_.end() ? std::vector<RemediationPlan>() : found->second;
  }
  Status AppendAudit(const Principal& by, const std::string& action, const std::string& subject,
                     const std::string& detail) override {
    const std::lock_guard lock(mutex_);
    audits_.push_back({by.value, action, subject, detail});
    return Ok();
  }
  Status PutSetting(const std::string& key, const std::string& value) override {
    const std::lock_guard lock(mutex_);
    settings_[key] = value;
    return Ok();
  }
  std::optional<std::string> GetSetting(const std::string& key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = settings_.find(key);
    if (found == settings_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::pair<std::string, std::string>> ListSettings(
      const std::string& prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [key, value] : settings_)
      if (key.starts_with(prefix)) out.emplace_back(key, value);
    return out;
  }
  Status DeleteSetting(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    settings_.erase(key);
    return Ok();
  }

 private:
  struct Pending {
    std::vector<Fact> facts;
    std::function<void(const Status&)> done;
  };

  // In order, one at a time, as the shard does.
  void Drain() {
    const std::lock_guard draining(draining_);
    for (;;) {
      std::function<void(const Status&)> done;
      Status status;
      {
        const std::lock_guard lock(mutex_);
        if (pending_.empty()) return;
        Pending one = std::move(pending_.front());
        pending_.pop_front();
        status = refusal_;
        if (status.ok()) Apply(std::move(one.facts));
        done = std::move(one.done);
      }
      done(status);
    }
  }
  void Apply(std::vector<Fact> facts) {
    for (auto& fact : facts) {
      uint64_t& durable = durable_[fact.agent];
      if (fact.sequence != 0 && fact.sequence <= durable) continue;
      durable = fact.sequence;
      facts_.push_back(std::move(fact));
    }
  }

  std::mutex draining_;
  mutable std::mutex mutex_;
  bool hold_ = false, full_ = false;
  Status refusal_;
  std::deque<Pending> pending_;
  std::vector<Fact> facts_;
  std::map<AgentId, uint64_t> durable_;
  std::map<StackId, std::vector<RemediationPlan>> orders_;
  std::map<uint64_t, std::function<void(const StackId&)>> listeners_;
  uint64_t last_listener_ = 0;
  std::vector<Audit> audits_;
  std::map<std::string, std::string> settings_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_FAKE_ENGINE_H_
