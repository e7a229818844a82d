// A small HTTP client: one request, one answer, by libcurl. Thread-safe; each call stands alone.
#ifndef DRIFTCAST_HTTP_CLIENT_H_
#define DRIFTCAST_HTTP_CLIENT_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "http/message.h"

namespace driftcast {

struct HttpCall {
  std::string method = "GET";
  std::string url = {};  // http or https
  HttpHeaders headers = {};
  std::string body = {};  // sent when not empty, or with POST, PUT and PATCH
  Duration connect_timeout = kSecond * 5;
  Duration timeout = kSecond * 60;   // of the whole; zero = none, for streams
  size_t body_bytes_max = 64 << 20;  // of the answer
  int redirects_max = 0;
  std::string proxy =
      {};  // "http://host:port"; empty = as the environment says, never for loopback
  std::string authorities = {};  // PEM that alone is trusted with https; empty = the machine's
};

struct HttpReply {
  int status = 0;
  HttpHeaders headers;  // names in lower case
  std::string body;

  std::string_view Header(std::string_view name) const;
};

// For how long the server wants to be left alone, at most a day: its Retry-After, in seconds or as a
// date, which is compared with the answer's own Date. Zero when it says nothing that makes sense.
// RFC 9110, 10.2.3.
Duration RetryAfter(const HttpReply& reply);

// Any answer of the server is OK, whatever its status. Unavailable: cannot connect or the
// connection broke. DeadlineExceeded. PermissionDenied: its certificate is not trusted.
// InvalidArgument: not an address. ResourceExhausted: the answer is too large.
StatusOr<HttpReply> Fetch(const HttpCall& call);

// As Fetch, but gives the body to `on_chunk` as it comes (the reply's stays empty) until the
// server ends or `on_chunk` returns false.
StatusOr<HttpReply> FetchStream(const HttpCall& call,
                                const std::function<bool(std::string_view)>& on_chunk);

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_CLIENT_H_
