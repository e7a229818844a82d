// What goes over HTTP, as plain values: no library behind them.
#ifndef DRIFTCAST_HTTP_MESSAGE_H_
#define DRIFTCAST_HTTP_MESSAGE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcast {

class EventStream;

// Names in lower case, in the order in which they came or are to be sent; names may repeat.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"; a HEAD arrives as GET and its body is dropped by the server
  std::string path;    // percent-decoded UTF-8 without control characters, starts with '/'
  std::vector<std::string> segments;  // of the path, split at '/' before decoding: "a%2Fb" is one
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  HttpHeaders headers;
  std::string body;
  std::string peer;  // address of the client, "127.0.0.1"
  bool tls = false;

  // The first value of a header (name in lower case); empty when absent.
  std::string_view Header(std::string_view name) const;
  // The first value of a query parameter; none when absent.
  std::optional<std::string> Query(std::string_view name) const;
  // The value of a cookie; empty when absent.
  std::string Cookie(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  // without content-length, connection, date: the server adds them
  std::string body;
  std::string_view lasting_body;  // instead of `body`: memory that outlives the server (page files)
  std::shared_ptr<EventStream> stream;  // instead of both: sent as it comes, until closed

  HttpResponse& Set(std::string name, std::string value);
  std::string_view content() const { return body.empty() ? lasting_body : std::string_view(body); }
};

// "Not Found"; "Unknown" for numbers that have no phrase here.
std::string_view HttpReason(int status);

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_MESSAGE_H_
