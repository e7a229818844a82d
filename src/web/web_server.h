// The web's face of the engine: API, live events, metrics and the page, on one address.
//
//   auto port = MakeEnginePort(engine);
//   auto web = WebServer::Start({.data = "/var/lib/driftcast"}, *port);
//   (*web)->MakeLoginLink("admin");  // "http://127.0.0.1:7117/login?token=..."
//
// What it answers is described, request by request, in web/openapi.json; what it may be asked, and
// by whom, in web/access.h and web/guard.h. Thread-safe.
#ifndef DRIFTCAST_WEB_WEB_SERVER_H_
#define DRIFTCAST_WEB_WEB_SERVER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "http/server.h"
#include "ingest/metric_door.h"
#include "web/agent_admin.h"
#include "web/engine_port.h"
#include "web/json.h"
#include "web/live_events.h"
#include "web/model_admin.h"
#include "web/oidc.h"

namespace driftcast {

struct WebOptions {
  std::string address = "127.0.0.1";  // other than loopback needs `tls`
  uint16_t port = 0;                  // 0 = any free one
  TlsIdentity tls = {};
  std::vector<std::string> names = {};  // further host names under which it may be asked
  // Holds `token`, mode 0600: the API token of this machine's own commands, made when missing.
  // Empty = none, for tests.
  std::filesystem::path data = {};
  std::string version = "0";
  // What the page tells people to run so that a host allows changes; kinds are added at the end.
  std::string allow_command = "./up --allow";
  AlertRule alert = {};
  const Clock* clock = SystemClock();
  AgentAdmin* agents = nullptr;  // must outlive the server; null = agents cannot be managed
  ModelAdmin* models = nullptr;  // must outlive the server; null = nothing is refitted
  // Takes POST /v1/metrics (OTLP) and /api/v1/write (Prometheus remote write), from whoever has a
  // token of role sender, or operator and above. Must outlive the server; null = they do not exist.
  const ingest::MetricDoor* metrics = nullptr;
  // Further counters for /metrics, names without the "driftcast_" prefix.
  std::function<std::vector<std::pair<std::string, double>>()> more_counters = {};
  // Asks the configured feeds now, one or (empty) all; null = none are configured.
  std::function<Status(const std::string& feed)> update_feeds = nullptr;
  LiveEvents::Options live = {};
  std::optional<OidcOptions> oidc = {};  // sign-in by another provider; none = not offered
};

class WebServer {
 public:
  // `engine` must outlive the server. Errors: those of HttpServer::Start; DataLoss when kept
  // sessions cannot be read; those of writing the token file.
  static StatusOr<std::unique_ptr<WebServer>> Start(WebOptions options, EnginePort& engine);
  ~WebServer();  // Stop

  // Lets running requests end, then closes every connection.
  void Stop();

  // Whether the secret of an API token lets metrics be sent, for doors beside this server.
  // Unauthenticated, PermissionDenied, ResourceExhausted (too many wrong ones).
  Status MaySendMetricsWith(const std::string& token);

  uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:7117"

  // A link that opens one session as `principal` (an administrator), within an hour.
  StatusOr<std::string> MakeLoginLink(const std::string& principal);

 private:
  struct Impl;
  explicit WebServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_WEB_WEB_SERVER_H_
