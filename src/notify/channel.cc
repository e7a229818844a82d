#include "notify/channel.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "base/file.h"
#include "http/client.h"

namespace driftcast {
namespace {

nlohmann::json ToJson(const OutboxEffect& effect) {
  return {
      {"key", effect.key},           {"kind", effect.kind},       {"at", FormatInstant(effect.at)},
      {"stack", effect.stack.value}, {"subject", effect.subject}, {"text", effect.text},
      {"severity", effect.severity}};
}

// Names on hosts need not be UTF-8; what is not is replaced, never refused.
std::string Dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class FileChannel : public AlertChannel {
 public:
  explicit FileChannel(std::filesystem::path path) : path_(std::move(path)) {}

  std::string name() const override { return "file"; }

  Status Deliver(std::span<const OutboxEffect> effects) override {
    const FileDescriptor fd(open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!fd) return ErrnoStatus(errno, "opening " + path_.string());
    std::string lines = EndsWithinALine(fd.get()) ? "\n" : "";
    for (const OutboxEffect& effect : effects) lines += AlertJson(effect) + "\n";
    std::string_view rest = lines;
    while (!rest.empty()) {
      const ssize_t n = write(fd.get(), rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return ErrnoStatus(errno, "writing " + path_.string());
      rest.remove_prefix(static_cast<size_t>(n));
    }
    if (fsync(fd.get()) != 0) return ErrnoStatus(errno, "flushing " + path_.string());
    return Ok();
  }

 private:
  static bool EndsWithinALine(int fd) {
    const off_t end = lseek(fd, 0, SEEK_END);
    char last = '\n';
    return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
  }

  std::filesystem::path path_;
};

class WebhookChannel : public AlertChannel {
 public:
  WebhookChannel(std::string url, std::string secret, std::string page)
      : url_(std::move(url)), secret_(std::move(secret)), page_(std::move(page)) {}

  std::string name() const override { return "webhook"; }

  Status Deliver(std::span<const OutboxEffect> effects) override {
    HttpCall call;
    call.method = "POST";
    call.url = url_;
    call.body = Body(effects);
    call.timeout = kSecond * 15;
    call.headers.push_back({"Content-Type", "application/json"});
    if (!secret_.empty())
      call.headers.push_back(
          {"X-Driftcast-Signature", "sha256=" + Hex(HmacSha256(secret_, call.body))});
    DRIFTCAST_ASSIGN_OR_RETURN(const HttpReply reply, Fetch(call));
    if (reply.status >= 200 && reply.status < 300) return Ok();
    return Unavailable("{} answered {}", url_, reply.status);
  }

 private:
  std::string Body(std::span<const OutboxEffect> effects) const {
    nlohmann::json body;
    std::string text;
    for (const OutboxEffect& effect : effects) {
      body["alerts"].push_back(ToJson(effect));
      text += effect.stack.value + ": " + effect.text + "\n";
    }
    body["text"] = text + page_;
    return Dump(body);
  }

  std::string url_, secret_, page_;
};

}  // namespace

std::string AlertJson(const OutboxEffect& effect) { return Dump(ToJson(effect)); }

std::unique_ptr<AlertChannel> MakeFileChannel(std::filesystem::path path) {
  return std::make_unique<FileChannel>(std::move(path));
}

std::unique_ptr<AlertChannel> MakeWebhookChannel(std::string url, std::string secret,
                                                 std::string page) {
  return std::make_unique<WebhookChannel>(std::move(url), std::move(secret), std::move(page));
}

}  // namespace driftcast
