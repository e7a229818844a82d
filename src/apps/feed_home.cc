#include "apps/feed_home.h"

#include "base/file.h"

namespace driftcast {

StatusOr<FeedConfig> ReadFeedConfig(const std::filesystem::path& file) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, 1 << 20));
  auto config = ParseFeedConfig(text);
  if (!config.ok()) return Annotate(config.status(), file.string());
  return config;
}

}  // namespace driftcast
