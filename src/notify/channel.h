// Where alerts go. Each channel takes effects of the engine's outbox and returns OK once they are
// delivered; until then they are offered again, with the same keys.
#ifndef DRIFTCAST_NOTIFY_CHANNEL_H_
#define DRIFTCAST_NOTIFY_CHANNEL_H_

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "engine/records.h"

namespace driftcast {

class AlertChannel {
 public:
  virtual ~AlertChannel() = default;
  virtual std::string name() const = 0;
  // All of them, in order, or an error and then all of them again.
  virtual Status Deliver(std::span<const OutboxEffect> effects) = 0;
};

// Appends one JSON object a line to a file and flushes it to disk. A last line that a crash cut
// short is ended first, so that it never swallows the next one.
std::unique_ptr<AlertChannel> MakeFileChannel(std::filesystem::path path);

// POSTs a JSON document {"alerts": [...], "text": "..."} to a URL; "text" makes it readable for
// Slack-compatible receivers. With a secret, the header X-Driftcast-Signature is
// "sha256=<hex of HMAC-SHA-256 of the body>". `page` is put in front of links to the page.
std::unique_ptr<AlertChannel> MakeWebhookChannel(std::string url, std::string secret,
                                                 std::string page);

// One effect as a JSON object: key, kind, at, stack, subject, text, severity.
std::string AlertJson(const OutboxEffect& effect);

}  // namespace driftcast

#endif  // DRIFTCAST_NOTIFY_CHANNEL_H_
