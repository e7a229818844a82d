// Feeds of the configuration, in the engine.
#ifndef DRIFTCAST_APPS_FEED_HOME_H_
#define DRIFTCAST_APPS_FEED_HOME_H_

#include <filesystem>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "ingest/feed_service.h"

namespace driftcast {

// Publishes to an engine, which outlives it, and remembers in its settings.
class EngineFeedHome : public FeedHome {
 public:
  explicit EngineFeedHome(Engine& engine) : engine_(engine) {}
  Status Publish(FeedPublished feed, const std::string& content) override {
    return engine_.PublishFeed(std::move(feed), content);
  }
  std::optional<std::string> Remembered(const std::string& feed) const override {
    return engine_.GetSetting("feeds/" + feed);
  }
  Status Remember(const std::string& feed, const std::string& memory) override {
    return engine_.PutSetting("feeds/" + feed, memory);
  }

 private:
  Engine& engine_;
};

// Errors of reading the file and of ParseFeedConfig, with the file's name.
StatusOr<FeedConfig> ReadFeedConfig(const std::filesystem::path& file);

}  // namespace driftcast

#endif  // DRIFTCAST_APPS_FEED_HOME_H_
