// The engine's live events to many pages at once, as Server-Sent Events.
//
// The engine's listener only queues. A thread of our own takes what has come every `gather` or so
// (a change is on its way to a quiet page at once), writes each event once, and gives the same
// bytes to every page that wants it. Changes of the same resource that come together are told
// once, as the last of them. When more comes than is worth telling one by one, resource events
// give way to an event "reset" about once a second, which asks the page to look again at what it
// shows; everything else is still told.
//
// Events since the start are kept, up to a bound, for pages that come back: what they missed is
// sent first; when it is no longer kept, one event "reset" says so.
#ifndef DRIFTCAST_WEB_LIVE_EVENTS_H_
#define DRIFTCAST_WEB_LIVE_EVENTS_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "http/event_stream.h"
#include "web/engine_port.h"
#include "web/scope.h"

namespace driftcast {

struct LiveFilter {
  std::string stack;   // exact; empty = any
  uint32_t kinds = 0;  // bit per LiveEvent::Kind; 0 = all
  StackScope scope;    // what its reader may know of
  friend auto operator<=>(const LiveFilter&, const LiveFilter&) = default;
};

// Thread-safe.
class LiveEvents {
 public:
  struct Options {
    Duration gather = std::chrono::milliseconds(40);        // at most this often
    Duration gather_busy = std::chrono::milliseconds(250);  // while there is much to tell
    Duration reset_every = kSecond;  // at least, while resource events are not told one by one
    size_t told_max = 64;            // resource events at a time, told one by one
    size_t queue_max = 65536;        // events from the engine that wait; beyond: everybody resets
    size_t kept_max = 8192;          // for pages that come back
    size_t page_bytes_max = 256 << 10;  // that wait for one page
    size_t pages_max = 768;
  };

  LiveEvents(EnginePort& engine, Options options);
  ~LiveEvents();  // Stop

  // A stream that begins after the event with this number, or now. None when there are too many.
  // It ends when `credential` does; see CloseFor.
  std::shared_ptr<EventStream> Open(const LiveFilter& filter, std::optional<uint64_t> after,
                                    const std::string& credential) DRIFTCAST_EXCLUDES(mutex_);

  // Ends the streams of a credential that was withdrawn.
  void CloseFor(const std::string& credential) DRIFTCAST_EXCLUDES(mutex_);
  // Credentials that have streams now, to look whether they still stand.
  std::vector<std::string> Credentials() const DRIFTCAST_EXCLUDES(mutex_);

  // The newest event that pages were told of; 0 before the first.
  uint64_t newest() const DRIFTCAST_EXCLUDES(mutex_);

  void Stop() DRIFTCAST_EXCLUDES(mutex_);

 private:
  struct Kept {
    LiveEvent event;
    std::string text;  // as sent
  };
  struct Page {
    LiveFilter filter;
    std::string credential;
    std::shared_ptr<EventStream> stream;
  };

  void OnEvent(const LiveEvent& event) DRIFTCAST_EXCLUDES(mutex_);
  void Work() DRIFTCAST_EXCLUDES(mutex_);
  // Tells all pages; returns how many resource events there were.
  size_t Tell(std::vector<LiveEvent> events) DRIFTCAST_REQUIRES(mutex_);
  void TellPages(const std::vector<const Kept*>& told) DRIFTCAST_REQUIRES(mutex_);
  // Tells all pages, or only those that want resource events, to ask again.
  void ResetPages(bool all) DRIFTCAST_REQUIRES(mutex_);
  void ResetWhenDue() DRIFTCAST_REQUIRES(mutex_);
  // Waits for something to do. False when it is time to stop.
  bool AwaitWork() DRIFTCAST_REQUIRES(mutex_);
  void Rest(Duration duration) DRIFTCAST_REQUIRES(mutex_);
  std::string Missed(const LiveFilter& filter, uint64_t after) const DRIFTCAST_REQUIRES(mutex_);

  EnginePort& engine_;
  const Options options_;
  uint64_t subscription_ = 0;
  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  bool lost_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  bool reset_due_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point reset_at_ DRIFTCAST_GUARDED_BY(mutex_);  // the last
  std::vector<LiveEvent> waiting_ DRIFTCAST_GUARDED_BY(mutex_);
  std::deque<Kept> kept_ DRIFTCAST_GUARDED_BY(mutex_);
  uint64_t newest_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  std::vector<Page> pages_ DRIFTCAST_GUARDED_BY(mutex_);
  std::thread thread_;
};

const char* LiveKindName(LiveEvent::Kind kind);  // "resource"; empty for what is not told

// One event as Server-Sent Events write it.
std::string ServerSentEvent(const LiveEvent& event);

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_LIVE_EVENTS_H_
