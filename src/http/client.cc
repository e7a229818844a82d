#include "http/client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>
#include <memory>
#include <mutex>

#include <curl/curl.h>

namespace driftcast {
namespace {

struct Transfer {
  const HttpCall& call;
  const std::function<bool(std::string_view)>* on_chunk = nullptr;
  HttpReply reply;
  size_t body_bytes = 0;
  bool too_large = false, stopped = false;
};

size_t OnBody(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.on_chunk) {
    transfer.stopped = !(*transfer.on_chunk)({data, size});
    return transfer.stopped ? 0 : size;
  }
  if ((transfer.body_bytes += size) > transfer.call.body_bytes_max) {
    transfer.too_large = true;
    return 0;
  }
  transfer.reply.body.append(data, size);
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* context) {
  auto& reply = static_cast<Transfer*>(context)->reply;
  std::string_view line(data, size);
  if (line.substr(0, 5) == "HTTP/") {  // of this answer; those before were redirects or 100
    reply.headers.clear();
    return size;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || reply.headers.size() >= 256) return size;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string_view value = line.substr(colon + 1);
  const size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
  const size_t end = value.find_last_not_of(" \t\r\n");
  value = end == std::string_view::npos ? "" : value.substr(begin, end + 1 - begin);
  reply.headers.emplace_back(std::move(name), std::string(value));
  return size;
}

long Millis(Duration d) { return static_cast<long>(d.count() / 1000); }

// A loopback address is never reached through a proxy, whatever the environment says.
bool IsLoopback(CURLU* url) {
  char* host = nullptr;
  if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) return false;
  const std::string name = host;
  curl_free(host);
  return name == "localhost" || name == "[::1]" || name.rfind("127.", 0) == 0;
}

Status ErrorStatus(CURLcode code, const Transfer& transfer, const char* text) {
  const std::string reason = *text ? text : curl_easy_strerror(code);
  const std::string& url = transfer.call.url;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return DeadlineExceeded("{} did not answer in time", url);
    case CURLE_PEER_FAILED_VERIFICATION:
      return PermissionDenied("the certificate of {} is not trusted: {}", url, reason);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return InvalidArgument("\"{}\" is not an http address", url);
    case CURLE_WRITE_ERROR:
      if (transfer.too_large) {
        return ResourceExhausted("the answer of {} is larger than {} bytes", url,
                                 transfer.call.body_bytes_max);
      }
      [[fallthrough]];
    default:
      return Unavailable("cannot reach {}: {}", url, reason);
  }
}

void SetMethod(CURL* curl, const HttpCall& call) {
  const bool has_body =
      !call.body.empty() || call.method == "POST" || call.method == "PUT" || call.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.c_str());
  }
  if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
}

void SetLimits(CURL* curl, const HttpCall& call) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, Millis(call.connect_timeout));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, Millis(call.timeout));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, call.redirects_max > 0 ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(call.redirects_max));
}

void SetAuthorities(CURL* curl, const HttpCall& call) {
  if (call.authorities.empty()) return;
  curl_blob blob{const_cast<char*>(call.authorities.data()), call.authorities.size(),
                 CURL_BLOB_COPY};
  curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
}

StatusOr<HttpReply> Perform(Transfer transfer) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  if (!curl || !url) return ResourceExhausted("no memory for a request");
  const std::string& text = transfer.call.url;
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return InvalidArgument("\"{}\" is not an http address", text);
  }
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : transfer.call.headers) {
    headers = curl_slist_append(headers, (name + ": " + value).c_str());
  }
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> owned(headers, curl_slist_free_all);
  char error_text[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl.get(), CURLOPT_CURLU, url.get());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &transfer);
  if (!transfer.call.proxy.empty())
    curl_easy_setopt(curl.get(), CURLOPT_PROXY, transfer.call.proxy.c_str());
  else if (IsLoopback(url.get()))
    curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  SetMethod(curl.get(), transfer.call);
  SetLimits(curl.get(), transfer.call);
  SetAuthorities(curl.get(), transfer.call);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK && !transfer.stopped) return ErrorStatus(code, transfer, error_text);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.reply.status = static_cast<int>(status);
  return std::move(transfer.reply);
}

}  // namespace

std::string_view HttpReply::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Duration RetryAfter(const HttpReply& reply) {
  const std::string text(reply.Header("retry-after"));
  int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    const std::string date(reply.Header("date"));
    const int64_t until = curl_getdate(text.c_str(), nullptr);
    const int64_t now = date.empty() ? std::time(nullptr) : curl_getdate(date.c_str(), nullptr);
    seconds = until < 0 || now < 0 ? 0 : until - now;
  }
  return kSecond * std::clamp<int64_t>(seconds, 0, 86400);
}

StatusOr<HttpReply> Fetch(const HttpCall& call) { return Perform({.call = call, .reply = {}}); }

StatusOr<HttpReply> FetchStream(const HttpCall& call,
                                const std::function<bool(std::string_view)>& on_chunk) {
  return Perform({.call = call, .on_chunk = &on_chunk, .reply = {}});
}

}  // namespace driftcast
