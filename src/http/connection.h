// One client's connection, for server.cc alone: the only code that includes Boost.
//
// Life: [TLS handshake] -> wait for a byte -> read header -> [100 Continue] -> read body -> handler
// on a worker -> write -> wait for the next request. A request that came in early stays in the
// buffer (pipelining) and is answered in order. A stream ends with its connection. Everything but
// the handler runs on the connection's strand.
#ifndef DRIFTCAST_HTTP_CONNECTION_H_
#define DRIFTCAST_HTTP_CONNECTION_H_

#include <utility>  // first: Boost 1.74 forgets it

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "http/event_stream.h"
#include "http/head.h"
#include "http/server_core.h"
#include "http/uri.h"

namespace driftcast::http_internal {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Error = boost::system::error_code;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

// Reads the parts of a parsed message that we use. InvalidArgument says what is wrong with it.
inline StatusOr<HttpRequest> ToRequest(http::request<http::string_body>&& message) {
  if (message.version() != 10 && message.version() != 11) {
    return InvalidArgument("Use HTTP/1.1.");
  }
  const auto target_text = message.target();
  auto target = ParseTarget({target_text.data(), target_text.size()});
  if (!target.ok()) return target.status();
  if (message.version() == 11 && message.count(http::field::host) != 1) {
    return InvalidArgument("Send exactly one Host header.");
  }
  if (message.count(http::field::transfer_encoding) > 0 &&
      message.count(http::field::content_length) > 0) {
    return InvalidArgument("Send Content-Length or Transfer-Encoding, not both.");
  }
  HttpRequest request;
  request.method =
      message.method() == http::verb::head ? "GET" : std::string(message.method_string());
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(target->query);
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  Connection(std::shared_ptr<ServerCore> core, Stream&& stream, std::string peer)
      : core_(std::move(core)),
        stream_(std::move(stream)),
        peer_(std::move(peer)),
        heartbeat_(stream_.get_executor()) {
    ++core_->connections;
  }
  ~Connection() {
    if (events_) core_->RemoveStream(events_.get());
    --core_->connections;
  }

  void Run() {
    net::dispatch(stream_.get_executor(), [self = this->shared_from_this()] { self->Start(); });
  }

 private:
  auto& lowest() { return beast::get_lowest_layer(stream_); }

  // A completion handler that keeps this connection alive and goes on with `next` on success.
  template <typename Next>
  auto Then(Next next) {
    return [self = this->shared_from_this(), next](Error error, size_t size = 0) {
      if (!error) (self.get()->*next)(size);
    };
  }

  void Start() {
    if constexpr (kTls) {
      lowest().expires_after(core_->options.read_timeout);
      stream_.async_handshake(net::ssl::stream_base::server,
                              [self = this->shared_from_this()](Error error) {
                                if (!error) self->AwaitRequest(self->core_->options.read_timeout);
                              });
    } else {
      AwaitRequest(core_->options.read_timeout);
    }
  }

  void AwaitRequest(Duration patience) {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(core_->options.header_bytes_max));
    body_bytes_max_ = core_->options.LargestBody();
    parser_->body_limit(body_bytes_max_);
    if (buffer_.size() > 0) return ReadHeader(0);
    buffer_.shrink_to_fit();  // an idle connection costs little
    lowest().expires_after(patience);
    stream_.async_read_some(buffer_.prepare(4096), Then(&Connection::ReadHeader));
  }

  void ReadHeader(size_t received) {
    buffer_.commit(received);
    lowest().expires_after(core_->options.read_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](Error error, size_t) {
                              error ? self->Refuse(error) : self->GotHeader();
                            });
  }

  void GotHeader() {
    const auto target = parser_->get().target();
    body_bytes_max_ = core_->options.BodyLimit({target.data(), target.size()});
    const auto length = parser_->content_length();
    if (length && *length > body_bytes_max_) return Refuse(http::error::body_limit);
    parser_->body_limit(body_bytes_max_);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      net::async_write(stream_, net::buffer(kContinue), Then(&Connection::ReadBody));
    } else {
      ReadBody(0);
    }
  }

  void ReadBody(size_t) {
    lowest().expires_after(core_->options.read_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](Error error, size_t) {
                       error ? self->Refuse(error) : self->GotRequest();
                     });
  }

  void GotRequest() {
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    head_only_ = message.method() == http::verb::head;
    may_chunk_ = message.version() >= 11;
    auto request = ToRequest(std::move(message));
    if (!request.ok()) return Reject(400, Message(request.status()));
    request->peer = peer_;
    request->tls = kTls;
    ++core_->requests;
    auto task = [self = this->shared_from_this(), request = *std::move(request)]() mutable {
      auto response = std::make_shared<HttpResponse>(self->core_->Handle(request));
      Connection* const connection = self.get();
      net::post(connection->stream_.get_executor(),
                [self = std::move(self), response] { self->Respond(std::move(*response)); });
    };
    if (!core_->workers.Post(std::move(task))) {
      ++core_->overloaded;
      Respond(
          ServerProblem(503, "The server is busy; try again in a second.").Set("Retry-After", "1"));
    }
  }

  // The protocol was broken: says how if that is possible, and closes.
  void Refuse(Error error) {
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error.category() != Error(http::error::bad_line_ending).category()) {
      return;  // gone or too slow; the socket closes with this object
    }
    if (error == http::error::body_limit) {
      return Reject(413, "The body is larger than " + std::to_string(body_bytes_max_) + " bytes.");
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return Reject(431, "The request's headers are larger than " +
                             std::to_string(core_->options.header_bytes_max) + " bytes.");
    }
    Reject(400, "This is not valid HTTP/1.1: " + error.message() + ".");
  }

  void Reject(int status, std::string detail) {
    ++core_->rejected;
    keep_alive_ = false;
    std::erase_if(detail, [](char c) { return c == '"' || c == '\\' || c < ' ' || c > '~'; });
    Respond(ServerProblem(status, detail));
  }

  void Respond(HttpResponse response) {
    response_ = std::move(response);
    ++core_->responses[std::clamp(response_.status / 100, 0, 5)];
    if (response_.stream && !head_only_) return StartStream();
    const HeadOptions head{keep_alive_, false, std::time(nullptr)};
    head_ = ResponseHead(response_, head);
    const auto body = head_only_ ? std::string_view() : response_.content();
    const std::array<net::const_buffer, 2> bytes = {net::buffer(head_),
                                                    net::buffer(body.data(), body.size())};
    lowest().expires_after(core_->options.write_timeout);
    net::async_write(stream_, bytes, Then(&Connection::Responded));
  }

  void Responded(size_t sent) {
    core_->bytes_sent += sent;
    response_ = {};
    if (keep_alive_) return AwaitRequest(core_->options.idle_timeout);
    End();
  }

  // Closes so that the client can still read what was sent: a reset would throw it away.
  void End() {
    lowest().expires_after(std::chrono::seconds(2));
    if constexpr (kTls) {
      stream_.async_shutdown([self = this->shared_from_this()](Error) {});
    } else {
      Error ignored;
      stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
      Drain(0);
    }
  }

  void Drain(size_t received) {
    if ((drained_ += received) > body_bytes_max_) return;
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), Then(&Connection::Drain));
  }

  void StartStream() {
    keep_alive_ = false;
    head_ = ResponseHead(response_, {may_chunk_, may_chunk_, std::time(nullptr)});
    events_ = std::move(response_.stream);
    parser_.reset();
    core_->AddStream(events_);
    writing_ = true;
    lowest().expires_after(core_->options.write_timeout);
    net::async_write(stream_, net::buffer(head_), Then(&Connection::StreamOpened));
  }

  void StreamOpened(size_t) {
    head_ = {};
    lowest().expires_never();
    WatchForEnd(0);
    events_->Attach([weak = this->weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      Connection* const connection = self.get();
      net::post(connection->stream_.get_executor(), [self] { self->Flush(); });
    });
    ChunkSent(0);
    Beat();
  }

  // The client says nothing any more; what comes of this read is that it has left.
  void WatchForEnd(size_t) {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(512),
                            [self = this->shared_from_this()](Error error, size_t) {
                              if (error) return self->LeaveStream();
                              self->WatchForEnd(0);
                            });
  }

  void LeaveStream() {
    left_ = true;
    events_->Close();
    heartbeat_.cancel();
    Error ignored;
    lowest().socket().close(ignored);
  }

  void Flush() {
    if (writing_ || left_) return;
    const bool last = events_->closed();
    sending_ = events_->Take();
    if (sending_.empty()) return last ? EndStream() : void();
    WriteChunks();
  }

  void WriteChunks() {
    size_t size = 0;
    for (const SharedChunk& chunk : sending_) size += chunk->size();
    head_ = may_chunk_ ? fmt::format("{:x}\r\n", size) : "";
    std::vector<net::const_buffer> bytes = {net::buffer(head_)};
    for (const SharedChunk& chunk : sending_) bytes.push_back(net::buffer(*chunk));
    if (may_chunk_) bytes.push_back(net::buffer("\r\n", 2));
    writing_ = true;
    quiet_ = false;
    lowest().expires_after(core_->options.write_timeout);
    net::async_write(stream_, bytes, [self = this->shared_from_this()](Error error, size_t sent) {
      if (error) return self->LeaveStream();
      self->ChunkSent(sent);
    });
  }

  void ChunkSent(size_t sent) {
    core_->bytes_sent += sent;
    sending_.clear();
    writing_ = false;
    Flush();
  }

  void EndStream() {
    writing_ = true;  // nothing after this
    net::async_write(stream_, net::buffer("0\r\n\r\n", may_chunk_ ? 5 : 0),
                     [self = this->shared_from_this()](Error, size_t) { self->LeaveStream(); });
  }

  void Beat() {
    heartbeat_.expires_after(core_->options.heartbeat);
    heartbeat_.async_wait([self = this->shared_from_this()](Error error) {
      if (error || self->left_) return;
      static const auto kBeat = std::make_shared<const std::string>(":\n\n");
      if (std::exchange(self->quiet_, true)) self->events_->Send(kBeat);
      self->Beat();
    });
  }

  std::shared_ptr<ServerCore> core_;
  Stream stream_;
  const std::string peer_;
  beast::flat_buffer buffer_{64 << 10};
  std::optional<http::request_parser<http::string_body>> parser_;
  bool keep_alive_ = true, head_only_ = false, may_chunk_ = true;
  HttpResponse response_;
  std::string head_;
  size_t drained_ = 0;
  size_t body_bytes_max_ = 0;  // of the request under way
  // Of a stream.
  std::shared_ptr<EventStream> events_;
  std::vector<SharedChunk> sending_;
  bool writing_ = false, left_ = false, quiet_ = true;
  net::steady_timer heartbeat_;
};

}  // namespace driftcast::http_internal

#endif  // DRIFTCAST_HTTP_CONNECTION_H_
