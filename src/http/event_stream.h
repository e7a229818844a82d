// A response without an end, such as Server-Sent Events: chunks from whoever publishes, in a
// bounded queue, to one connection.
//
// A client that reads too slowly loses what waits for it and gets `resync` in its place, which
// tells it to ask for the whole again: it never sees a gap without knowing, and never costs more
// memory than its bound. Chunks are shared between clients, not copied. Thread-safe.
#ifndef DRIFTCAST_HTTP_EVENT_STREAM_H_
#define DRIFTCAST_HTTP_EVENT_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace driftcast {

using SharedChunk = std::shared_ptr<const std::string>;

class EventStream {
 public:
  explicit EventStream(size_t queue_bytes_max, std::string resync);

  // Queues a chunk; never blocks. Nothing happens when the stream is closed.
  void Send(SharedChunk chunk) DRIFTCAST_EXCLUDES(mutex_);
  // Ends the response once what is queued has been sent; or, by the server, when the client left.
  void Close() DRIFTCAST_EXCLUDES(mutex_);

  bool closed() const DRIFTCAST_EXCLUDES(mutex_);
  uint64_t resyncs() const DRIFTCAST_EXCLUDES(mutex_);  // how often the queue overflowed

  // For the server. `wake` runs, on the publisher's thread, when there is something to take: once
  // until the next Take. It must not block or call back.
  void Attach(std::function<void()> wake) DRIFTCAST_EXCLUDES(mutex_);
  std::vector<SharedChunk> Take() DRIFTCAST_EXCLUDES(mutex_);

 private:
  void Wake() DRIFTCAST_REQUIRES(mutex_);

  const size_t queue_bytes_max_;
  const SharedChunk resync_;
  mutable Mutex mutex_;
  std::function<void()> wake_ DRIFTCAST_GUARDED_BY(mutex_);
  bool woken_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  bool closed_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  uint64_t resyncs_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  size_t queue_bytes_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  std::vector<SharedChunk> queue_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_EVENT_STREAM_H_
