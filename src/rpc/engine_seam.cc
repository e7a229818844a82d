#include "rpc/engine_seam.h"

#include "engine/engine.h"

namespace driftcast {
namespace {

class RealEngine : public EngineSeam {
 public:
  explicit RealEngine(Engine& engine) : engine_(engine) {}

  Status Submit(std::vector<Fact> facts, std::function<void(const Status&)> done) override {
    return engine_.Submit(std::move(facts), std::move(done));
  }
  uint64_t DurableSequence(const AgentId& agent) const override {
    return engine_.DurableSequence(agent);
  }
  Status AcceptGap(const AgentId& agent, uint64_t from, uint64_t to) override {
    return engine_.AcceptGap(agent, from, to);
  }
  uint64_t SubscribeOrders(std::function<void(const StackId&)> listener) override {
    return engine_.Subscribe([listener = std::move(listener)](const LiveEvent& event) {
      if (event.kind == LiveEvent::Kind::kOrder) listener(event.stack);
    });
  }
  void Unsubscribe(uint64_t subscription) override { engine_.Unsubscribe(subscription); }
  std::vector<RemediationPlan> OrdersFor(const StackId& stack) const override {
    return engine_.OrdersFor(stack);
  }
  Status AppendAudit(const Principal& by, const std::string& action, const std::string& subject,
                     const std::string& detail) override {
    return engine_.AppendAudit(by, action, subject, detail);
  }
  Status PutSetting(const std::string& key, const std::string& value) override {
    return engine_.PutSetting(key, value);
  }
  std::optional<std::string> GetSetting(const std::string& key) const override {
    return engine_.GetSetting(key);
  }
  std::vector<std::pair<std::string, std::string>> ListSettings(
      const std::string& prefix) const override {
    return engine_.ListSettings(prefix);
  }
  Status DeleteSetting(const std::string& key) override { return engine_.DeleteSetting(key); }

 private:
  Engine& engine_;
};

}  // namespace

std::unique_ptr<EngineSeam> MakeEngineSeam(Engine& engine) {
  return std::make_unique<RealEngine>(engine);
}

}  // namespace driftcast
