// Where alerts go. Each channel takes effects of the engine's outbox and returns OK once they are
// delivered; until then they are offered again, with the same keys.
#ifndef DRIFTCAST_NOTIFY_CHANNEL_H_
#define DRIFTCAST_NOTIFY_CHANNEL_H_

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/records.h"

namespace driftcast {

// When a channel wants which alerts.
struct AlertTiming {
  double severity_min = 0;    // what is below is not for this channel at all
  int quiet_from_minute = 0;  // of the day, UTC; equal to quiet_to_minute = never quiet
  int quiet_to_minute = 0;    // may be the next day's
  double loud_from = 7;       // severity from which quiet hours do not count

  bool Wants(const OutboxEffect& effect) const { return effect.severity >= severity_min; }
  bool HoldsBack(const OutboxEffect& effect, Instant now) const;
};

class AlertChannel {
 public:
  virtual ~AlertChannel() = default;
  virtual std::string name() const = 0;
  virtual AlertTiming timing() const { return {}; }
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

// Posts one message a delivery to an incoming webhook as Slack, Mattermost and others have them:
// what came and went meanwhile is left out, equal texts are counted, the rest is cut at 20 lines.
std::unique_ptr<AlertChannel> MakeSlackChannel(std::string url, std::string page);

// Posts to URL/api/v2/alerts of a Prometheus Alertmanager. A drift is one alert from opened to
// closed (at most a day, unless it is closed before); the others last an hour.
std::unique_ptr<AlertChannel> MakeAlertmanagerChannel(std::string url, std::string page);

struct MailOptions {
  std::string url;  // "smtp://host:587" (with STARTTLS), "smtps://host:465"
  std::string from;
  std::vector<std::string> to;
  std::string user, password;  // empty = none
  bool plain = false;          // without TLS; for a relay on this machine
};
// One mail a delivery.
std::unique_ptr<AlertChannel> MakeMailChannel(MailOptions options, std::string page);

// `inner` with times.
std::unique_ptr<AlertChannel> MakeTimedChannel(std::unique_ptr<AlertChannel> inner,
                                               AlertTiming timing);

// One line an alert, most severe first: what came and went meanwhile left out, equal ones counted,
// at most `lines_max`; then how many more there are.
std::vector<std::string> Digest(std::span<const OutboxEffect> effects, size_t lines_max);

// One effect as a JSON object: key, kind, at, stack, subject, text, severity.
std::string AlertJson(const OutboxEffect& effect);

}  // namespace driftcast

#endif  // DRIFTCAST_NOTIFY_CHANNEL_H_
