#include "web/web_server.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "web/access.h"
#include "web/api.h"
#include "web/embedded.h"
#include "web/guard.h"
#include "web/metrics.h"
#include "web/page.h"
#include "web/problem.h"
#include "web/reader.h"
#include "web/router.h"

namespace driftcast {
namespace {

HttpResponse TextResponse(std::string text, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.Set("Content-Type", "text/plain; charset=utf-8").Set("Cache-Control", "no-store");
  response.body = std::move(text);
  return response;
}

constexpr char kOtlpPath[] = "/v1/metrics";
constexpr char kRemoteWritePath[] = "/api/v1/write";

// A sender's metrics may be about any stack, so it cannot be limited to some.
Status CheckMaySend(const Caller& caller) {
  if (MaySendMetrics(caller.role) && caller.stacks.empty()) return Ok();
  if (!caller.stacks.empty())
    return PermissionDenied("metrics are of any stack, and {} is limited to some",
                            caller.principal.value);
  return PermissionDenied("sending metrics needs the role sender (or operator), and {} is {}",
                          caller.principal.value, RoleText(caller.role));
}

bool IsWildcard(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

std::string HostName() {
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  return name;
}

// Under which names a server that listens on every address may be asked: the machine's name and
// the addresses of its interfaces.
std::vector<std::string> LocalNames() {
  std::vector<std::string> names = {HostName(), "localhost", "127.0.0.1", "::1"};
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return names;
  for (const ifaddrs* one = all; one; one = one->ifa_next) {
    if (!one->ifa_addr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    char text[NI_MAXHOST] = "";
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (getnameinfo(one->ifa_addr, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      names.emplace_back(text);
    }
  }
  freeifaddrs(all);
  return names;
}

std::string SessionCookie(const Secret& secret, bool tls) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", Access::kCookie,
                     secret.text, static_cast<int64_t>(Seconds(Access::kSessionLife)),
                     tls ? "; Secure" : "");
}

// Lax: the browser comes back to /auth/callback from another site.
constexpr char kProviderCookie[] = "driftcast_sign_in";

std::string ProviderCookie(const std::string& value, int max_age_s, bool tls) {
  return fmt::format("{}={}; Path=/auth; Max-Age={}; HttpOnly; SameSite=Lax{}", kProviderCookie,
                     value, max_age_s, tls ? "; Secure" : "");
}

// The secret in DATA/token; made when the file is missing or readable by others.
StatusOr<std::string> LocalToken(const std::filesystem::path& data) {
  const std::filesystem::path path = data / "token";
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) == 0) {
    auto text = ReadFile(path, 4096);
    if (!text.ok()) return text.status();
    while (!text->empty() && text->back() == '\n') text->pop_back();
    if (text->size() >= 64) return *std::move(text);
  }
  const std::string secret = "dct_" + Hex(RandomBytes(32));
  DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(path, secret + "\n", 0600));
  return secret;
}

}  // namespace

struct WebServer::Impl {
  Impl(WebOptions o, EnginePort& e, PageFiles p)
      : options(std::move(o)),
        engine(e),
        page(std::move(p)),
        access(engine, options.clock),
        users(engine, options.clock),
        live(engine, options.live) {
    if (options.oidc) oidc.emplace(*options.oidc, options.clock);
  }

  Status Start();
  void Stop();

  HttpResponse Handle(const HttpRequest& request);
  HttpResponse Answer(const HttpRequest& request);
  std::optional<HttpResponse> AnswerOpen(const HttpRequest& request);
  HttpResponse AnswerApi(const HttpRequest& request);
  HttpResponse AnswerSender(const HttpRequest& request);
  HttpResponse Login(const HttpRequest& request);
  HttpResponse PostSession(const HttpRequest& request);
  HttpResponse SignInWays(const HttpRequest& request) const;
  HttpResponse GoToProvider(const HttpRequest& request);
  HttpResponse BackFromProvider(const HttpRequest& request);
  std::string RedirectUri() const { return context->origin + "/auth/callback"; }
  HttpResponse Ready();
  HttpResponse Metrics();
  void DropEndedStreams();

  const WebOptions options;
  EnginePort& engine;
  const PageFiles page;
  Access access;
  Users users;
  LiveEvents live;
  std::optional<Oidc> oidc;
  FeedUploads uploads;
  std::optional<ApiContext> context;
  Router router;
  std::optional<Guard> guard;
  std::atomic<bool> started{false};
  Mutex mutex;
  Instant streams_checked_at DRIFTCAST_GUARDED_BY(mutex);
  std::unique_ptr<HttpServer> http;  // last: its handlers use the rest
};

Status WebServer::Impl::Start() {
  DRIFTCAST_RETURN_IF_ERROR(access.Load());
  DRIFTCAST_RETURN_IF_ERROR(users.Load());
  if (!options.data.empty()) {
    const auto secret = LocalToken(options.data);
    if (!secret.ok()) return Annotate(secret.status(), "the token for local commands");
    DRIFTCAST_RETURN_IF_ERROR(access.AdoptLocalToken(*secret));
  }
  HttpServerOptions http_options;
  http_options.address = options.address;
  http_options.port = options.port;
  http_options.tls = options.tls;
  if (options.metrics) {
    http_options.large_paths = {kOtlpPath, kRemoteWritePath};
    http_options.large_body_bytes_max = ingest::kRequestBytesMax;
  }
  auto server = HttpServer::Start(http_options,
                                  [this](const HttpRequest& request) { return Handle(request); });
  if (!server.ok()) return server.status();
  http = *std::move(server);
  const bool tls = !options.tls.certificate_pem.empty();
  std::vector<std::string> names = options.names;
  if (IsWildcard(options.address)) {
    for (std::string& name : LocalNames()) names.push_back(std::move(name));
  }
  guard.emplace(options.address, http->port(), tls, names);
  const std::string shown = IsWildcard(options.address) ? HostName() : options.address;
  const bool v6 = shown.find(':') != std::string::npos;
  const std::string origin = fmt::format(fmt::runtime(v6 ? "{}://[{}]:{}" : "{}://{}:{}"),
                                         tls ? "https" : "http", shown, http->port());
  context.emplace(ApiContext{engine, access, live, options.agents, options.models, options.clock,
                             options.alert, options.version, origin, options.allow_command, users,
                             oidc ? &*oidc : nullptr, uploads, options.update_feeds});
  AddAllRoutes(*context, router);
  started = true;
  Log("web").info("web.started url={}", origin);
  return Ok();
}

void WebServer::Impl::Stop() {
  live.Stop();
  if (http) http->Stop();
}

HttpResponse WebServer::Impl::Handle(const HttpRequest& request) {
  HttpResponse response = started ? Answer(request) : ProblemResponse(503, "starting");
  AddSecurityHeaders(response);
  return response;
}

HttpResponse WebServer::Impl::Answer(const HttpRequest& request) {
  if (const Status ours = guard->CheckOrigin(request); !ours.ok()) return ProblemOf(ours);
  if (options.metrics && (request.path == kOtlpPath || request.path == kRemoteWritePath))
    return AnswerSender(request);
  if (auto open = AnswerOpen(request)) return *std::move(open);
  return AnswerApi(request);
}

// What needs no credential. None when the request is not of that kind.
std::optional<HttpResponse> WebServer::Impl::AnswerOpen(const HttpRequest& request) {
  if (request.path == "/api/v1/session" && request.method == "POST") return PostSession(request);
  if (request.path == "/api/v1/sign-in" && request.method == "GET") return SignInWays(request);
  const bool api = !request.segments.empty() && request.segments[0] == "api";
  if (api) return std::nullopt;
  if (request.method != "GET") {
    return ProblemResponse(405, "only GET is possible here").Set("Allow", "GET");
  }
  if (request.path == "/healthz") return TextResponse("ok\n");
  if (request.path == "/readyz") return Ready();
  if (request.path == "/metrics") return Metrics();
  if (request.path == "/login") return Login(request);
  if (request.path == "/auth/login") return GoToProvider(request);
  if (request.path == "/auth/callback") return BackFromProvider(request);
  if (request.path == "/openapi.json") {
    HttpResponse response;
    response.lasting_body = EmbeddedOpenApi();
    return response.Set("Content-Type", "application/json");
  }
  return page.Get(request);
}

HttpResponse WebServer::Impl::AnswerApi(const HttpRequest& request) {
  const auto caller = access.Identify(request);
  if (!caller.ok()) return ProblemOf(caller.status());
  Router::Match match = router.Find(request);
  if (!match.route) {
    if (match.allowed.empty()) return ProblemResponse(404, "no such request; see /openapi.json");
    return ProblemResponse(405, "this path takes " + match.allowed).Set("Allow", match.allowed);
  }
  if (const Status csrf = Guard::CheckCsrf(request, *caller); !csrf.ok()) return ProblemOf(csrf);
  if (caller->role < match.route->role) {
    return ProblemResponse(
        403, fmt::format("this needs the role {}, and {} is {}", RoleText(match.route->role),
                         caller->principal.value, RoleText(caller->role)));
  }
  if (match.route->whole_fleet && !caller->stacks.empty())
    return ProblemResponse(403, "this concerns the whole fleet, and you see a part of it");
  DropEndedStreams();
  // Answers are of what is durable: rather no answer than one that comes when the disk has room.
  if (const Status writable = engine.Writable(); !writable.ok()) return ProblemOf(writable);
  return match.route->handler({request, *caller, std::move(match.parts)});
}

// Metrics from programs. The body was read before this, so its bound is the server's.
HttpResponse WebServer::Impl::AnswerSender(const HttpRequest& request) {
  if (request.method != "POST")
    return ProblemResponse(405, "metrics are sent with POST").Set("Allow", "POST");
  const auto caller = access.Identify(request);
  if (!caller.ok()) return ProblemOf(caller.status());
  if (const Status csrf = Guard::CheckCsrf(request, *caller); !csrf.ok()) return ProblemOf(csrf);
  if (const Status may = CheckMaySend(*caller); !may.ok()) return ProblemOf(may);
  return request.path == kOtlpPath ? options.metrics->Otlp(request)
                                   : options.metrics->RemoteWrite(request);
}

// Streams end with their session or token; looked at now and then, as requests come.
void WebServer::Impl::DropEndedStreams() {
  {
    MutexLock lock(mutex);
    const Instant now = options.clock->Now();
    if (now - streams_checked_at < 10 * kSecond) return;
    streams_checked_at = now;
  }
  for (const std::string& credential : live.Credentials()) {
    if (!access.Stands(credential)) live.CloseFor(credential);
  }
}

// The one-time link: opens a session and leads to the page. Somebody who has a session already
// gets there too, for a link is easily opened twice.
HttpResponse WebServer::Impl::Login(const HttpRequest& request) {
  HttpResponse response;
  response.status = 303;
  response.Set("Location", "/").Set("Cache-Control", "no-store");
  const auto secret = access.OpenSession(request.Query("token").value_or(""));
  if (secret.ok()) return response.Set("Set-Cookie", SessionCookie(*secret, request.tls));
  if (access.Identify(request).ok()) return response;
  return TextResponse(Message(secret.status()) + "\n", 401);
}

HttpResponse WebServer::Impl::PostSession(const HttpRequest& request) {
  auto [body, problem] = ReadBody(request);
  if (problem) return *std::move(problem);
  FaultList faults;
  ObjectReader reader(body, "", faults);
  const bool by_password = reader.Has("user") || reader.Has("password");
  const std::string token = by_password ? "" : reader.Required("token", 512);
  const std::string user = by_password ? reader.Required("user", 64) : "";
  const std::string password = by_password ? reader.Required("password", 200) : "";
  reader.RefuseUnknown();
  if (auto bad = faults.Problem()) return *std::move(bad);
  const auto secret = [&]() -> StatusOr<Secret> {
    if (!by_password) return access.OpenSession(token);
    DRIFTCAST_ASSIGN_OR_RETURN(const Grant grant, users.Check(user, password));
    return access.OpenSession(grant, "password");
  }();
  if (!secret.ok()) return ProblemOf(secret.status());
  HttpRequest signed_in;  // as the next request will come
  signed_in.method = "GET";
  signed_in.path = "/api/v1/session";
  signed_in.segments = {"api", "v1", "session"};
  signed_in.headers = {{"cookie", std::string(Access::kCookie) + "=" + secret->text}};
  return AnswerApi(signed_in).Set("Set-Cookie", SessionCookie(*secret, request.tls));
}

// How one can sign in here, for the page that asks for it.
HttpResponse WebServer::Impl::SignInWays(const HttpRequest& request) const {
  QueryReader query(request);
  if (auto problem = query.Finish()) return *std::move(problem);
  return JsonResponse({{"password", !users.All().empty()},
                       {"provider", oidc ? nlohmann::json(oidc->title()) : nlohmann::json()}});
}

HttpResponse WebServer::Impl::GoToProvider(const HttpRequest& request) {
  if (!oidc) return ProblemResponse(404, "this engine knows no other provider to sign in with");
  const auto departure = oidc->Begin(RedirectUri());
  if (!departure.ok()) return TextResponse(Message(departure.status()) + "\n", 503);
  HttpResponse response;
  response.status = 303;
  return response.Set("Location", departure->url)
      .Set("Cache-Control", "no-store")
      .Set("Set-Cookie", ProviderCookie(departure->cookie, 600, request.tls));
}

// The cookie of the session is not sent along the way from the provider to the page, as it is
// SameSite=Strict; the page's own requests have it.
HttpResponse WebServer::Impl::BackFromProvider(const HttpRequest& request) {
  if (!oidc) return ProblemResponse(404, "this engine knows no other provider to sign in with");
  if (const auto error = request.Query("error"))
    return TextResponse("The provider did not sign you in: " + error->substr(0, 200) + "\n", 403);
  const auto grant =
      oidc->Finish(request.Query("state").value_or(""), request.Query("code").value_or(""),
                   request.Cookie(kProviderCookie));
  if (!grant.ok()) return TextResponse(Message(grant.status()) + "\n", 403);
  const auto secret = access.OpenSession(*grant, "provider");
  if (!secret.ok()) return ProblemOf(secret.status());
  HttpResponse response;
  response.status = 303;
  return response.Set("Location", "/")
      .Set("Cache-Control", "no-store")
      .Set("Set-Cookie", SessionCookie(*secret, request.tls))
      .Set("Set-Cookie", ProviderCookie("", 0, request.tls));
}

HttpResponse WebServer::Impl::Ready() {
  if (const Status writable = engine.Writable(); !writable.ok()) return ProblemOf(writable);
  engine.RunOnShard([](const EngineView&) {});
  return TextResponse("ready\n");
}

HttpResponse WebServer::Impl::Metrics() {
  MetricsText text;
  for (const auto& [name, value] : engine.Counters()) text.Add(name, value);
  for (const auto& [name, value] : http->Counters()) text.Add(name, value);
  if (options.more_counters)
    for (const auto& [name, value] : options.more_counters()) text.Add(name, value);
  AddProcessMetrics(text);
  if (engine.Writable().ok())  // else nobody is answered, and the counters above say why
    AddStackMetrics(engine.Ask([](const EngineView& view) { return view.Stacks(); }),
                    options.clock->Now(), text);
  HttpResponse response = TextResponse(text.Write());
  response.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebServer::~WebServer() { Stop(); }

StatusOr<std::unique_ptr<WebServer>> WebServer::Start(WebOptions options, EnginePort& engine) {
  auto page = PageFiles::Open(EmbeddedPage());
  if (!page.ok()) return page.status();
  auto impl = std::make_unique<Impl>(std::move(options), engine, *std::move(page));
  if (const Status status = impl->Start(); !status.ok()) {
    impl->Stop();
    return status;
  }
  return std::unique_ptr<WebServer>(new WebServer(std::move(impl)));
}

Status WebServer::MaySendMetricsWith(const std::string& token) {
  DRIFTCAST_ASSIGN_OR_RETURN(const Caller caller, impl_->access.IdentifyToken(token));
  return CheckMaySend(caller);
}

void WebServer::Stop() { impl_->Stop(); }
uint16_t WebServer::port() const { return impl_->http->port(); }
std::string WebServer::url() const { return impl_->context->origin; }

StatusOr<std::string> WebServer::MakeLoginLink(const std::string& principal) {
  const auto link = impl_->access.MakeLink(Principal(principal), Role::kAdmin);
  if (!link.ok()) return link.status();
  return url() + "/login?token=" + link->text;
}

}  // namespace driftcast
