#include "http/connection.h"

#include <pthread.h>

#include <thread>

namespace driftcast {

using http_internal::Connection;
using http_internal::Error;
using http_internal::PlainStream;
using http_internal::ServerCore;
using http_internal::TlsStream;
namespace net = boost::asio;
using Tcp = net::ip::tcp;

namespace {

Status LoadIdentity(const TlsIdentity& identity, net::ssl::context& context) {
  Error error;
  context.set_options(net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 |
                          net::ssl::context::no_tlsv1_1 | net::ssl::context::no_compression,
                      error);
  if (!error) context.use_certificate_chain(net::buffer(identity.certificate_pem), error);
  if (error) return InvalidArgument("the TLS certificate cannot be read: {}", error.message());
  context.use_private_key(net::buffer(identity.key_pem), net::ssl::context::pem, error);
  if (error) return InvalidArgument("the TLS key cannot be used: {}", error.message());
  return Ok();
}

Status BindStatus(const Error& error, const std::string& where) {
  if (error == net::error::address_in_use) {
    return AlreadyExists("{} is in use by another program; choose another port", where);
  }
  if (error == net::error::access_denied) return PermissionDenied("may not listen on {}", where);
  if (error == boost::system::errc::address_not_available) {
    return InvalidArgument("{} is not an address of this machine", where);
  }
  return Unavailable("cannot listen on {}: {}", where, error.message());
}

}  // namespace

struct HttpServer::Impl {
  Impl(HttpServerOptions options, Handler handler)
      : core(std::make_shared<ServerCore>(std::move(options), std::move(handler))) {}

  Status Listen();
  void Accept();
  void Accepted(Error error, Tcp::socket socket);
  void RunThreads();
  void Stop();

  bool tls() const { return !core->options.tls.certificate_pem.empty(); }

  std::shared_ptr<ServerCore> core;
  net::ssl::context tls_context{net::ssl::context::tls_server};
  // After what connections use, for its destruction ends them.
  std::unique_ptr<net::io_context> network = std::make_unique<net::io_context>();
  std::optional<Tcp::acceptor> acceptor;
  std::optional<net::steady_timer> pause;
  std::vector<std::thread> threads;
  uint16_t port = 0;
};

Status HttpServer::Impl::Listen() {
  const HttpServerOptions& options = core->options;
  Error error;
  const auto address = net::ip::make_address(options.address, error);
  if (error) {
    return InvalidArgument("\"{}\" is not an IP address (127.0.0.1, ::1, ...)", options.address);
  }
  if (!address.is_loopback() && !tls()) {
    return FailedPrecondition(
        "{} can be reached from other machines: give a TLS certificate and key, or listen on "
        "127.0.0.1",
        options.address);
  }
  if (tls()) DRIFTCAST_RETURN_IF_ERROR(LoadIdentity(options.tls, tls_context));
  const Tcp::endpoint endpoint(address, options.port);
  acceptor.emplace(net::make_strand(*network));
  pause.emplace(acceptor->get_executor());
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(net::socket_base::max_listen_connections, error);
  if (error) return BindStatus(error, fmt::format("{}:{}", options.address, options.port));
  port = acceptor->local_endpoint().port();
  return Ok();
}

void HttpServer::Impl::Accept() {
  acceptor->async_accept(net::make_strand(*network), [this](Error error, Tcp::socket socket) {
    Accepted(error, std::move(socket));
  });
}

void HttpServer::Impl::Accepted(Error error, Tcp::socket socket) {
  if (error == net::error::operation_aborted) return;
  if (error) {  // out of descriptors or the like: let some close
    pause->expires_after(std::chrono::milliseconds(100));
    return pause->async_wait([this](Error stopped) {
      if (!stopped) Accept();
    });
  }
  ++core->accepted;
  if (core->connections >= core->options.connections_max) {
    ++core->refused;  // and the socket closes here
    return Accept();
  }
  const auto remote = socket.remote_endpoint(error);
  const std::string peer = error ? std::string() : remote.address().to_string();
  socket.set_option(Tcp::no_delay(true), error);
  if (tls()) {
    TlsStream stream(std::move(socket), tls_context);
    std::make_shared<Connection<TlsStream>>(core, std::move(stream), peer)->Run();
  } else {
    std::make_shared<Connection<PlainStream>>(core, PlainStream(std::move(socket)), peer)->Run();
  }
  Accept();
}

void HttpServer::Impl::RunThreads() {
  for (size_t i = 0; i < core->options.network_threads; ++i) {
    threads.emplace_back([this] { network->run(); });
    pthread_setname_np(threads.back().native_handle(), "http-network");
  }
}

void HttpServer::Impl::Stop() {
  if (!network) return;
  core->workers.Stop();
  network->stop();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  std::vector<std::weak_ptr<EventStream>> streams;
  {
    MutexLock lock(core->mutex);
    for (const auto& [key, stream] : core->streams) streams.push_back(stream);
  }
  // Publishers must not wake connections of a network that is gone.
  for (const auto& weak : streams) {
    if (const auto stream = weak.lock()) stream->Attach(nullptr);
  }
  acceptor.reset();
  pause.reset();
  network.reset();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { Stop(); }

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                        Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  DRIFTCAST_RETURN_IF_ERROR(impl->Listen());
  impl->Accept();
  impl->RunThreads();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::Stop() { impl_->Stop(); }
uint16_t HttpServer::port() const { return impl_->port; }

std::vector<std::pair<std::string, double>> HttpServer::Counters() const {
  const ServerCore& core = *impl_->core;
  std::vector<std::pair<std::string, double>> counters = {
      {"http_connections", core.connections},
      {"http_connections_accepted_total", core.accepted},
      {"http_connections_refused_total", core.refused},
      {"http_requests_total", core.requests},
      {"http_requests_rejected_total", core.rejected},
      {"http_requests_overloaded_total", core.overloaded},
      {"http_response_bytes_total", core.bytes_sent},
      {"http_stream_resyncs_total", core.stream_resyncs},
  };
  {
    MutexLock lock(impl_->core->mutex);
    counters.emplace_back("http_streams", core.streams.size());
  }
  for (int digit = 2; digit <= 5; ++digit) {
    counters.emplace_back(fmt::format("http_responses_{}xx_total", digit), core.responses[digit]);
  }
  return counters;
}

}  // namespace driftcast
