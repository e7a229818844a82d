// What the door needs of the engine, as a narrow interface: the real engine behind it in the
// program, a small one in memory in tests. Meanings and codes: engine/engine.h.
#ifndef DRIFTCAST_RPC_ENGINE_SEAM_H_
#define DRIFTCAST_RPC_ENGINE_SEAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/fact.h"
#include "model/plan.h"

namespace driftcast {

class Engine;

class EngineSeam {
 public:
  virtual ~EngineSeam() = default;

  virtual Status Submit(std::vector<Fact> facts, std::function<void(const Status&)> done) = 0;
  virtual uint64_t DurableSequence(const AgentId& agent) const = 0;
  virtual Status AcceptGap(const AgentId& agent, uint64_t from, uint64_t to) = 0;

  // `listener` is told of each stack for which a new order or withdrawal waits; it must not block.
  virtual uint64_t SubscribeOrders(std::function<void(const StackId&)> listener) = 0;
  virtual void Unsubscribe(uint64_t subscription) = 0;
  virtual std::vector<RemediationPlan> OrdersFor(const StackId& stack) const = 0;

  virtual Status AppendAudit(const Principal& by, const std::string& action,
                             const std::string& subject, const std::string& detail) = 0;

  virtual Status PutSetting(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> GetSetting(const std::string& key) const = 0;
  virtual std::vector<std::pair<std::string, std::string>> ListSettings(
      const std::string& prefix) const = 0;
  virtual Status DeleteSetting(const std::string& key) = 0;
};

// The engine itself, which must outlive the result.
std::unique_ptr<EngineSeam> MakeEngineSeam(Engine& engine);

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_ENGINE_SEAM_H_
