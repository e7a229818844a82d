// Slack-compatible webhooks and Prometheus Alertmanager.
#include <nlohmann/json.hpp>

#include "http/client.h"
#include "notify/channel.h"

namespace driftcast {
namespace {

constexpr size_t kLinesMax = 20;

Status Post(const std::string& url, const nlohmann::json& body) {
  HttpCall call;
  call.method = "POST";
  call.url = url;
  call.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  call.timeout = kSecond * 15;
  call.headers.push_back({"Content-Type", "application/json"});
  DRIFTCAST_ASSIGN_OR_RETURN(const HttpReply reply, Fetch(call));
  if (reply.status >= 200 && reply.status < 300) return Ok();
  // The URL of such a webhook is a secret in itself.
  return Unavailable("answered {}: {}", reply.status, reply.body.substr(0, 200));
}

// Slack's three characters that mean something.
std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '&'   ? std::string("&amp;")
           : c == '<' ? "&lt;"
           : c == '>' ? "&gt;"
                      : std::string(1, c);
  return out;
}

class SlackChannel : public AlertChannel {
 public:
  SlackChannel(std::string url, std::string page) : url_(std::move(url)), page_(std::move(page)) {}
  std::string name() const override { return "slack"; }
  Status Deliver(std::span<const OutboxEffect> effects) override {
    const auto lines = Digest(effects, kLinesMax);
    if (lines.empty()) return Ok();  // all of it came and went
    std::string text;
    for (const std::string& line : lines) text += "\u2022 " + Escaped(line) + "\n";
    if (!page_.empty()) text += "<" + page_ + "|Open Driftcast>";
    return Post(url_, {{"text", text}});
  }

 private:
  const std::string url_, page_;
};

const char* GradeOf(double severity) {
  return severity >= 7 ? "critical" : severity >= 4 ? "warning" : "info";
}

class AlertmanagerChannel : public AlertChannel {
 public:
  AlertmanagerChannel(std::string url, std::string page)
      : url_(std::move(url)), page_(std::move(page)) {}
  std::string name() const override { return "alertmanager"; }
  Status Deliver(std::span<const OutboxEffect> effects) override {
    nlohmann::json alerts = nlohmann::json::array();
    for (const OutboxEffect& effect : effects) alerts.push_back(AlertOf(effect));
    return Post(url_ + "/api/v2/alerts", alerts);
  }

 private:
  nlohmann::json AlertOf(const OutboxEffect& effect) const {
    const bool drift = effect.kind.starts_with("drift.");
    const bool over = effect.kind == "drift.closed";
    nlohmann::json alert;
    // What opens and what closes a drift must have the same labels.
    alert["labels"] = {{"alertname", drift ? "DriftcastDrift" : "Driftcast"},
                       {"kind", drift ? "drift" : effect.kind},
                       {"stack", effect.stack.value},
                       {"subject", effect.subject}};
    if (!drift) alert["labels"]["severity"] = GradeOf(effect.severity);
    alert["annotations"] = {{"summary", effect.text}, {"severity", GradeOf(effect.severity)}};
    if (!over) alert["startsAt"] = FormatInstant(effect.at);
    alert["endsAt"] = FormatInstant(over ? effect.at : effect.at + (drift ? kDay : kHour));
    if (!page_.empty()) alert["generatorURL"] = page_;
    return alert;
  }

  const std::string url_, page_;
};

}  // namespace

std::unique_ptr<AlertChannel> MakeSlackChannel(std::string url, std::string page) {
  return std::make_unique<SlackChannel>(std::move(url), std::move(page));
}

std::unique_ptr<AlertChannel> MakeAlertmanagerChannel(std::string url, std::string page) {
  return std::make_unique<AlertmanagerChannel>(std::move(url), std::move(page));
}

}  // namespace driftcast
