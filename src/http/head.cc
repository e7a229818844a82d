#include "http/head.h"

#include <algorithm>

#include <fmt/core.h>

namespace driftcast {
namespace {

bool Breaks(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string HttpDate(std::time_t now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm t{};
  gmtime_r(&now, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[t.tm_wday], t.tm_mday,
                     kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

}  // namespace

std::string ResponseHead(const HttpResponse& response, const HeadOptions& options) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 HttpReason(response.status), HttpDate(options.now));
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || Breaks(name) || Breaks(value)) continue;
    head += fmt::format("{}: {}\r\n", name, value);
  }
  if (options.chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!response.stream && response.status != 204 && response.status != 304) {
    head += fmt::format("Content-Length: {}\r\n", response.content().size());
  }
  if (!options.keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

HttpResponse ServerProblem(int status, const std::string& detail) {
  HttpResponse response;
  response.status = status;
  response.Set("Content-Type", "application/problem+json");
  response.body = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}"}})",
                              HttpReason(status), status, detail);
  return response;
}

}  // namespace driftcast
