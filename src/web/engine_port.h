// What the web needs of the engine, as a narrow interface: the real engine behind it in the
// program, a small one in memory in tests. Meanings, codes and threads: engine/engine.h.
#ifndef DRIFTCAST_WEB_ENGINE_PORT_H_
#define DRIFTCAST_WEB_ENGINE_PORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace driftcast {

class EnginePort {
 public:
  virtual ~EnginePort() = default;

  virtual void RunOnShard(const std::function<void(const EngineView&)>& question) const = 0;
  virtual Status SubmitAndWait(std::vector<Fact> facts) = 0;
  virtual Status PublishFeed(FeedPublished feed, std::string_view content) = 0;
  virtual Status Writable() const = 0;

  virtual uint64_t Subscribe(std::function<void(const LiveEvent&)> listener) = 0;
  virtual void Unsubscribe(uint64_t subscription) = 0;

  virtual Status VerifyAudit() const = 0;
  virtual Status AppendAudit(const Principal& by, const std::string& action,
                             const std::string& subject, const std::string& detail) = 0;

  virtual Status PutSetting(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> GetSetting(const std::string& key) const = 0;
  virtual std::vector<std::pair<std::string, std::string>> ListSettings(
      const std::string& prefix) const = 0;
  virtual Status DeleteSetting(const std::string& key) = 0;

  virtual std::vector<std::pair<std::string, double>> Counters() const = 0;

  // The answer must not refer to the view.
  template <typename F>
  auto Ask(F question) const {
    std::optional<decltype(question(std::declval<const EngineView&>()))> answer;
    RunOnShard([&](const EngineView& view) { answer.emplace(question(view)); });
    return *std::move(answer);
  }
};

// The engine itself, which must outlive the result.
std::unique_ptr<EnginePort> MakeEnginePort(Engine& engine);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_ENGINE_PORT_H_
