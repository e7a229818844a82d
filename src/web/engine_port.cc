#include "web/engine_port.h"

namespace driftcast {
namespace {

class RealEnginePort : public EnginePort {
 public:
  explicit RealEnginePort(Engine& engine) : engine_(engine) {}

  void RunOnShard(const std::function<void(const EngineView&)>& question) const override {
    engine_.Ask([&](const EngineView& view) {
      question(view);
      return true;
    });
  }
  Status SubmitAndWait(std::vector<Fact> facts) override {
    return engine_.SubmitAndWait(std::move(facts));
  }
  Status PublishFeed(FeedPublished feed, std::string_view content) override {
    return engine_.PublishFeed(std::move(feed), content);
  }
  uint64_t Subscribe(std::function<void(const LiveEvent&)> listener) override {
    return engine_.Subscribe(std::move(listener));
  }
  Status Writable() const override { return engine_.Writable(); }
  void Unsubscribe(uint64_t subscription) override { engine_.Unsubscribe(subscription); }
  Status VerifyAudit() const override { return engine_.VerifyAudit(); }
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
  std::vector<std::pair<std::string, double>> Counters() const override {
    return engine_.Counters();
  }

 private:
  Engine& engine_;
};

}  // namespace

std::unique_ptr<EnginePort> MakeEnginePort(Engine& engine) {
  return std::make_unique<RealEnginePort>(engine);
}

}  // namespace driftcast
