// What all connections of a server share: its options, workers, counters and open streams.
#ifndef DRIFTCAST_HTTP_SERVER_CORE_H_
#define DRIFTCAST_HTTP_SERVER_CORE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "http/event_stream.h"
#include "http/head.h"
#include "http/server.h"
#include "http/worker_pool.h"

namespace driftcast::http_internal {

// Thread-safe.
struct ServerCore {
  ServerCore(HttpServerOptions o, HttpServer::Handler h)
      : options(std::move(o)),
        handler(std::move(h)),
        workers(options.worker_threads, options.worker_queue_max) {}

  const HttpServerOptions options;
  const HttpServer::Handler handler;
  std::atomic<uint64_t> connections{0}, accepted{0}, refused{0}, requests{0}, rejected{0},
      overloaded{0}, stream_resyncs{0}, bytes_sent{0};
  std::array<std::atomic<uint64_t>, 6> responses{};  // by first digit of the status
  Mutex mutex;
  std::map<EventStream*, std::weak_ptr<EventStream>> streams DRIFTCAST_GUARDED_BY(mutex);
  WorkerPool workers;  // last: its tasks use the rest

  HttpResponse Handle(const HttpRequest& request) const {
    try {
      return handler(request);
    } catch (const std::exception& error) {
      Log("http").error("http.handler_threw path={} error={}", request.path, error.what());
      return ServerProblem(500, "The server failed on this request; its log says why.");
    }
  }
  void AddStream(const std::shared_ptr<EventStream>& stream) {
    MutexLock lock(mutex);
    streams.emplace(stream.get(), stream);
  }
  void RemoveStream(EventStream* stream) {
    stream->Attach(nullptr);
    stream->Close();
    stream_resyncs += stream->resyncs();
    MutexLock lock(mutex);
    streams.erase(stream);
  }
};

}  // namespace driftcast::http_internal

#endif  // DRIFTCAST_HTTP_SERVER_CORE_H_
