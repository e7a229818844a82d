// Mail by SMTP.
#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/crypto.h"
#include "notify/channel.h"

namespace driftcast {
namespace {

constexpr size_t kLinesMax = 200;
constexpr long kTimeoutSeconds = 30;

// No line break of a text gets into a header.
std::string OneLine(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

// RFC 2047: an encoded word, so that any text fits. At most 40 bytes of it, cut between characters.
std::string EncodedWord(std::string text) {
  if (text.size() > 40) {
    size_t end = 40;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
  }
  return "=?UTF-8?B?" + Base64(text) + "?=";
}

// RFC 5322, 3.3.
std::string DateOf(Instant t) {
  const time_t seconds = static_cast<time_t>(ToUnixMicros(t) / 1'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

std::string Wrapped(const std::string& base64) {
  std::string out;
  for (size_t at = 0; at < base64.size(); at += 76) out += base64.substr(at, 76) + "\r\n";
  return out;
}

struct Upload {
  std::string_view rest;
};

size_t OnRead(char* buffer, size_t size, size_t count, void* context) {
  auto* upload = static_cast<Upload*>(context);
  const size_t n = std::min(size * count, upload->rest.size());
  std::copy_n(upload->rest.data(), n, buffer);
  upload->rest.remove_prefix(n);
  return n;
}

struct CurlEnd {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

class MailChannel : public AlertChannel {
 public:
  MailChannel(MailOptions options, std::string page)
      : options_(std::move(options)), page_(std::move(page)) {}
  std::string name() const override { return "mail"; }

  Status Deliver(std::span<const OutboxEffect> effects) override {
    const auto lines = Digest(effects, kLinesMax);
    if (lines.empty()) return Ok();
    return Send(Message(lines, effects));
  }

 private:
  std::string Message(const std::vector<std::string>& lines,
                      std::span<const OutboxEffect> effects) const {
    std::string body;
    for (const std::string& line : lines) body += line + "\r\n";
    if (!page_.empty()) body += "\r\n" + page_ + "\r\n";
    const std::string more =
        lines.size() == 1 ? "" : fmt::format(" (and {} more)", lines.size() - 1);
    std::string to;
    for (const std::string& address : options_.to)
      to += (to.empty() ? "" : ", ") + OneLine(address);
    // The same alerts have the same id: a mail that is sent twice is recognised.
    std::string keys;
    for (const OutboxEffect& effect : effects) keys += effect.key + "\n";
    return "Date: " + DateOf(effects.back().at) + "\r\nFrom: " + OneLine(options_.from) +
           "\r\nTo: " + to + "\r\nSubject: [driftcast] " + EncodedWord(lines.front()) + more +
           "\r\nMessage-ID: <" + Hex(Sha256(keys)).substr(0, 32) + "@driftcast>\r\n" +
           "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n" +
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           Wrapped(Base64(body));
  }

  Status Send(const std::string& message) const {
    const std::unique_ptr<CURL, CurlEnd> curl(curl_easy_init());
    if (!curl) return Internal("curl does not start");
    curl_slist* raw = nullptr;
    for (const std::string& address : options_.to) raw = curl_slist_append(raw, address.c_str());
    const std::unique_ptr<curl_slist, CurlEnd> to(raw);
    Upload upload{message};
    curl_easy_setopt(curl.get(), CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, options_.from.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, to.get());
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, OnRead);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &upload);
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kTimeoutSeconds);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_USE_SSL,
                     options_.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL);
    if (!options_.user.empty()) {
      curl_easy_setopt(curl.get(), CURLOPT_USERNAME, options_.user.c_str());
      curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, options_.password.c_str());
    }
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_OK) return Ok();
    return Unavailable("{}: {}", options_.url, curl_easy_strerror(code));
  }

  const MailOptions options_;
  const std::string page_;
};

}  // namespace

std::unique_ptr<AlertChannel> MakeMailChannel(MailOptions options, std::string page) {
  return std::make_unique<MailChannel>(std::move(options), std::move(page));
}

}  // namespace driftcast
