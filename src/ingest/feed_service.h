// Keeps the configured feeds current: asks each when it is due, publishes what is new, says what
// failed, and leaves alone whoever asks for it.
#ifndef DRIFTCAST_INGEST_FEED_SERVICE_H_
#define DRIFTCAST_INGEST_FEED_SERVICE_H_

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "ingest/feed_config.h"
#include "ingest/feed_fetch.h"
#include "model/fact.h"

namespace driftcast {

// Where feeds end up; the engine in the program. Thread-safe.
class FeedHome {
 public:
  virtual ~FeedHome() = default;
  virtual Status Publish(FeedPublished feed, const std::string& content) = 0;
  virtual std::optional<std::string> Remembered(const std::string& feed) const = 0;
  virtual Status Remember(const std::string& feed, const std::string& memory) = 0;
};

// One attempt and what it means: content that is new is published, unchanged and failed attempts
// are said. Returns when the feed is to be tried again: after `every`; after a failure sooner, from
// five minutes doubling with every further one, never sooner than the server asked for.
struct FeedTurn {
  Status status = Ok();  // of the attempt, or of publishing
  bool unchanged = false;
  Duration again_in{0};
};
FeedTurn TakeTurn(const FeedSource& source, const std::string& proxy,
                  const std::filesystem::path& folder, int failures_before, Instant now,
                  FeedHome& home);

class FeedService {
 public:
  // `home` and `clock` outlive the service; files on their way are in `folder`.
  FeedService(FeedConfig config, std::filesystem::path folder, FeedHome& home, const Clock& clock);
  ~FeedService();  // waits for a transfer under way, at most its timeout

  // Makes a feed due now, or all of them. NotFound: there is none of that name.
  Status UpdateNow(const std::string& feed);

 private:
  struct Due {
    Instant at;
    int failures = 0;
  };
  void Run();
  const FeedSource* NextDue(Instant now) DRIFTCAST_EXCLUDES(mutex_);

  const FeedConfig config_;
  const std::filesystem::path folder_;
  FeedHome& home_;
  const Clock& clock_;
  Mutex mutex_;
  CondVar wake_;
  std::map<std::string, Due> due_ DRIFTCAST_GUARDED_BY(mutex_);
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_INGEST_FEED_SERVICE_H_
