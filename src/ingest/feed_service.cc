#include "ingest/feed_service.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"

namespace driftcast {
namespace {

constexpr Duration kFirstRetry = kMinute * 5;

Duration RetryIn(const FeedSource& source, int failures_before, Duration asked_for) {
  const Duration doubled = kFirstRetry * (int64_t{1} << std::min(failures_before, 10));
  return std::max(std::min(doubled, source.every), asked_for);
}

}  // namespace

FeedTurn TakeTurn(const FeedSource& source, const std::string& proxy,
                  const std::filesystem::path& folder, int failures_before, Instant now,
                  FeedHome& home) {
  const auto memory = FeedMemory::FromText(home.Remembered(source.name).value_or(""));
  FeedAttempt attempt = FetchFeed(source, proxy, folder, memory);
  FeedPublished feed;
  feed.feed = source.name;
  feed.format = attempt.file.format.empty() ? source.format : attempt.file.format;
  feed.source = attempt.source;
  feed.fetched_at = now;
  feed.stale_after = source.stale_after;
  FeedTurn turn;
  turn.status = attempt.status;
  turn.unchanged = attempt.unchanged;
  turn.again_in = source.every;
  if (!attempt.status.ok()) {
    feed.error = Message(attempt.status);
    turn.again_in = RetryIn(source, failures_before, attempt.retry_after);
  } else if (!attempt.unchanged) {
    feed.newest_at = attempt.file.feed.newest_at;
    feed.records = attempt.file.feed.records;
    feed.warnings = attempt.file.feed.warnings;
    feed.warning_samples = attempt.file.feed.warning_samples;
  }
  const Status published = home.Publish(feed, attempt.file.feed.content);
  if (turn.status.ok()) turn.status = published;
  // What was fetched is remembered once it is in use: else it is fetched again.
  if (turn.status.ok()) turn.status = home.Remember(source.name, attempt.memory.ToText());
  if (!turn.status.ok() && attempt.status.ok())
    turn.again_in = RetryIn(source, failures_before, Duration(0));
  return turn;
}

FeedService::FeedService(FeedConfig config, std::filesystem::path folder, FeedHome& home,
                         const Clock& clock)
    : config_(std::move(config)), folder_(std::move(folder)), home_(home), clock_(clock) {
  for (const FeedSource& source : config_.feeds) due_[source.name] = {clock_.Now(), 0};
  thread_ = std::thread([this] { Run(); });
}

FeedService::~FeedService() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

Status FeedService::UpdateNow(const std::string& feed) {
  const MutexLock lock(mutex_);
  bool any = feed.empty();
  for (auto& [name, due] : due_) {
    if (!feed.empty() && name != feed) continue;
    due.at = Instant();
    any = true;
  }
  wake_.SignalAll();
  return any ? Ok() : NotFound("no feed '{}' is configured", feed);
}

const FeedSource* FeedService::NextDue(Instant now) {
  const MutexLock lock(mutex_);
  if (stopping_) return nullptr;
  for (const FeedSource& source : config_.feeds)
    if (due_[source.name].at <= now) return &source;
  return nullptr;
}

void FeedService::Run() {
  pthread_setname_np(pthread_self(), "feeds");
  for (;;) {
    while (const FeedSource* source = NextDue(clock_.Now())) {
      int failures = 0;
      {
        const MutexLock lock(mutex_);
        failures = due_[source->name].failures;
        due_[source->name].at = clock_.Now() + source->every;  // UpdateNow may move it meanwhile
      }
      const FeedTurn turn =
          TakeTurn(*source, config_.proxy, folder_, failures, clock_.Now(), home_);
      if (turn.status.ok())
        Log("feeds").info("feed.read feed={} unchanged={}", source->name, turn.unchanged);
      else
        Log("feeds").warn("feed.failed feed={} reason=\"{}\" (what was read before stays in use)",
                          source->name, Message(turn.status));
      const MutexLock lock(mutex_);
      Due& due = due_[source->name];
      due.failures = turn.status.ok() ? 0 : failures + 1;
      if (due.at != Instant()) due.at = clock_.Now() + turn.again_in;
    }
    const MutexLock lock(mutex_);
    if (stopping_) return;
    wake_.WaitFor(mutex_, kSecond);
    if (stopping_) return;
  }
}

}  // namespace driftcast
