// Which stacks somebody may look at and act on, and an engine that holds nothing else for them.
#ifndef DRIFTCAST_WEB_SCOPE_H_
#define DRIFTCAST_WEB_SCOPE_H_

#include <string>
#include <vector>

#include "web/engine_port.h"

namespace driftcast {

// Globs over stack ids ("web-*"); empty = all stacks.
using StackScope = std::vector<std::string>;

bool InScope(const StackScope& scope, const std::string& stack);

// `engine` as somebody with this scope sees it: other stacks are as if they did not exist, and
// facts about them, or about the whole fleet, are refused with PermissionDenied. What has no stack
// (rules, the track record) is there for everybody; the audit log is not. Both must outlive it.
// Thread-safe.
class ScopedEngine : public EnginePort {
 public:
  ScopedEngine(EnginePort& engine, const StackScope& scope) : engine_(engine), scope_(scope) {}

  void RunOnShard(const std::function<void(const EngineView&)>& question) const override;
  Status SubmitAndWait(std::vector<Fact> facts) override;
  Status PublishFeed(FeedPublished, std::string_view) override {
    return PermissionDenied("feeds concern the whole fleet, and you may act on a part of it");
  }
  Status Writable() const override { return engine_.Writable(); }

  uint64_t Subscribe(std::function<void(const LiveEvent&)> listener) override;
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
  EnginePort& engine_;
  const StackScope& scope_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_SCOPE_H_
