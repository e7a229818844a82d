// The one HTTP server: HTTP/1.1, keep-alive, optional TLS, streams.
//
//   auto server = HttpServer::Start(options, [](const HttpRequest& request) { ... });
//
// Two threads do the network; handlers run on workers and may wait. A request that breaks the
// protocol or a limit is answered (400, 408, 413, 431, 501) and its connection closed; the handler
// never sees it. When all workers are busy and their queue is full the answer is 503.
#ifndef DRIFTCAST_HTTP_SERVER_H_
#define DRIFTCAST_HTTP_SERVER_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "http/message.h"

namespace driftcast {

// A certificate with its chain, and its private key, both PEM.
struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6; other than loopback needs `tls`
  uint16_t port = 0;                  // 0 = any free one
  TlsIdentity tls = {};               // empty = plain HTTP
  size_t network_threads = 2;
  size_t worker_threads = 4;
  size_t worker_queue_max = 1024;             // requests waiting for a worker
  size_t connections_max = 1024;              // beyond it new ones are closed at once
  size_t header_bytes_max = 16 << 10;         // of a request: line and headers
  size_t body_bytes_max = 1 << 20;            // of a request
  std::vector<std::string> large_paths = {};  // requests of exactly these paths may have ...
  size_t large_body_bytes_max = 1 << 20;      // ... so much
  Duration read_timeout = kSecond * 15;       // for a whole header, and for a whole body
  Duration idle_timeout = kSecond * 60;       // between two requests
  Duration write_timeout = kSecond * 30;
  Duration heartbeat = kSecond * 15;  // of silent streams: a comment line, which finds the dead

  // The largest body of a request for this target ("/path?query"), and of any request.
  size_t BodyLimit(std::string_view target) const {
    const std::string_view path = target.substr(0, target.find('?'));
    const bool large = std::find(large_paths.begin(), large_paths.end(), path) != large_paths.end();
    return large ? large_body_bytes_max : body_bytes_max;
  }
  size_t LargestBody() const {
    return large_paths.empty() ? body_bytes_max : std::max(body_bytes_max, large_body_bytes_max);
  }
};

class HttpServer {
 public:
  // Thread-safe; an answer for every request. Exceptions end as 500.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // FailedPrecondition: not loopback and no TLS. InvalidArgument: not an address, bad certificate.
  // AlreadyExists: the port is taken. PermissionDenied: the port needs privileges.
  static StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, Handler handler);
  ~HttpServer();  // Stop

  // Waits for running handlers, then closes every connection.
  void Stop();

  uint16_t port() const;  // the real one

  // For /metrics: "connections", "connections_refused_total", "requests_total", ...
  std::vector<std::pair<std::string, double>> Counters() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_SERVER_H_
