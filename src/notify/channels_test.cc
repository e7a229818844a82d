// Slack, Alertmanager and mail against receivers on loopback; quiet hours; the channels' file.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "http/server.h"
#include "notify/notify_file.h"

namespace driftcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

OutboxEffect Effect(const std::string& kind, const std::string& subject, const std::string& text,
                    double severity) {
  OutboxEffect effect;
  effect.number = 1;
  effect.kind = kind;
  effect.key = kind + ":" + subject;
  effect.at = FromUnixSeconds(1'780'000'000);
  effect.stack = StackId("web-7");
  effect.subject = subject;
  effect.text = text;
  effect.severity = severity;
  return effect;
}

// Takes what is posted to it.
class Receiver {
 public:
  Receiver() {
    auto server = HttpServer::Start({}, [this](const HttpRequest& request) {
      const std::lock_guard lock(mutex_);
      path_ = request.path;
      body_ = request.body;
      HttpResponse response;
      response.status = status_;
      return response;
    });
    EXPECT_TRUE(server.ok());
    server_ = *std::move(server);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  nlohmann::json body() {
    const std::lock_guard lock(mutex_);
    return nlohmann::json::parse(body_, nullptr, false);
  }
  std::string path() {
    const std::lock_guard lock(mutex_);
    return path_;
  }
  void Answer(int status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }

 private:
  std::mutex mutex_;
  std::string path_, body_;
  int status_ = 200;
  std::unique_ptr<HttpServer> server_;
};

TEST(Digest, MostSevereFirstEqualOnesCountedAndWhatCameAndWentLeftOut) {
  const OutboxEffect effects[] = {
      Effect("drift.opened", "d-1", "Port moved", 3), Effect("drift.closed", "d-1", "closed", 0),
      Effect("drift.opened", "d-2", "mode\nmoved", 4), Effect("plan.ended", "p-1", "applied", 0),
      Effect("drift.opened", "d-3", "mode\nmoved", 9)};
  EXPECT_THAT(Digest(effects, 20), ElementsAre("web-7: mode moved (2 times)", "web-7: applied"));
  EXPECT_THAT(Digest(effects, 1), ElementsAre("web-7: mode moved (2 times)", "and 1 more"));
}

TEST(AlertTiming, QuietHoursMayCrossMidnightAndSevereOnesComeAnyway) {
  AlertTiming timing{.quiet_from_minute = 22 * 60, .quiet_to_minute = 6 * 60 + 30};
  const Instant midnight = FromUnixSeconds(1'780'012'800);  // 2026-05-29 00:00
  const OutboxEffect mild = Effect("drift.opened", "d", "x", 5);
  EXPECT_TRUE(timing.HoldsBack(mild, midnight));
  EXPECT_TRUE(timing.HoldsBack(mild, midnight - kHour * 2));
  EXPECT_FALSE(timing.HoldsBack(mild, midnight - kHour * 2 - kSecond));
  EXPECT_FALSE(timing.HoldsBack(mild, midnight + kHour * 6 + kMinute * 30));
  EXPECT_FALSE(timing.HoldsBack(Effect("drift.opened", "d", "x", 7), midnight));
  timing.quiet_to_minute = timing.quiet_from_minute;
  EXPECT_FALSE(timing.HoldsBack(mild, midnight));
}

TEST(Slack, OneMessageWithEscapedTextAndALink) {
  Receiver receiver;
  const auto channel = MakeSlackChannel(receiver.url() + "/hook", "https://drift.example/");
  const OutboxEffect effects[] = {Effect("drift.opened", "d-1", "a <b> & c", 5)};
  ASSERT_TRUE(channel->Deliver(effects).ok());
  EXPECT_EQ(receiver.path(), "/hook");
  EXPECT_EQ(receiver.body()["text"],
            "\u2022 web-7: a &lt;b&gt; &amp; c\n<https://drift.example/|Open Driftcast>");
  receiver.Answer(500);
  EXPECT_FALSE(channel->Deliver(effects).ok());
}

TEST(Alertmanager, WhatOpensAndClosesADriftHasTheSameLabels) {
  Receiver receiver;
  const auto channel = MakeAlertmanagerChannel(receiver.url(), "");
  const OutboxEffect opened[] = {Effect("drift.opened", "d-1", "Port moved", 8)};
  ASSERT_TRUE(channel->Deliver(opened).ok());
  EXPECT_EQ(receiver.path(), "/api/v2/alerts");
  const auto first = receiver.body()[0];
  EXPECT_EQ(first["annotations"]["severity"], "critical");
  const OutboxEffect closed[] = {Effect("drift.closed", "d-1", "Port is back", 0)};
  ASSERT_TRUE(channel->Deliver(closed).ok());
  EXPECT_EQ(receiver.body()[0]["labels"], first["labels"]);
  EXPECT_EQ(receiver.body()[0]["endsAt"], first["startsAt"]);
}

class NotifyFileTest : public testing::Test {
 protected:
  NotifyFileTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_channels_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~NotifyFileTest() override { std::filesystem::remove_all(folder_); }
  std::string Slurp(const std::string& name) const {
    std::ifstream in(folder_ / name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  std::filesystem::path folder_;
};

TEST_F(NotifyFileTest, ChannelsAreReadWithTheirTimes) {
  std::ofstream(folder_ / "hook") << "https://hooks.example.org/x\n";
  const auto channels = ParseNotifyFile(
      "[[channel]]\nkind = 'slack'\nurl_file = '" + (folder_ / "hook").string() +
          "'\nseverity_min = 4\nquiet = '22:00-06:30'\n"
          "[[channel]]\nkind = 'mail'\nurl = 'smtps://mail.example.org'\nfrom = 'a@example.org'\n"
          "to = ['b@example.org']\n",
      "");
  ASSERT_TRUE(channels.ok()) << channels.status();
  ASSERT_EQ(channels->size(), 2u);
  EXPECT_EQ((*channels)[0]->timing().quiet_to_minute, 390);
  EXPECT_FALSE((*channels)[0]->timing().Wants(Effect("x", "y", "z", 3)));
  EXPECT_EQ((*channels)[1]->name(), "mail");
}

TEST_F(NotifyFileTest, ASlipOfThePenIsAnError) {
  for (const char* bad :
       {"channel = 1", "[[channels]]\nkind = 'slack'", "[[channel]]\nkind = 'slack'",
        "[[channel]]\nkind = 'slack'\nurl = 'ftp://x'",
        "[[channel]]\nkind = 'sms'\nurl = 'http://x'",
        "[[channel]]\nkind = 'slack'\nurl = 'http://x'\nquit = '22:00-06:30'",
        "[[channel]]\nkind = 'slack'\nurl = 'http://x'\nquiet = '22-6'",
        "[[channel]]\nkind = 'slack'\nurl = 'http://x'\nseverity_min = 11",
        "[[channel]]\nkind = 'mail'\nurl = 'smtp://x'\nfrom = 'a'\nto = []",
        "[[channel]]\nkind = 'mail'\nurl = 'smtp://x'\nfrom = 'a'\nto = ['b']\nplain = true\n"
        "user = 'u'",
        "[[channel]]\nkind = 'webhook'\nurl = 'http://x'\nsecret_file = '/no/such/file'", "="})
    EXPECT_EQ(ParseNotifyFile(bad, "").status().code(), StatusCode::kInvalidArgument) << bad;
}

// Python's own SMTP server: says its port, writes the mails that it takes to a file.
constexpr const char* kSmtpServer = R"(
import warnings; warnings.simplefilter('ignore')
import asyncore, smtpd, sys
class Server(smtpd.SMTPServer):
    def process_message(self, peer, sender, to, data, **more):
        with open(sys.argv[1] + '/mail', 'ab') as out:
            out.write(('FROM ' + sender + ' TO ' + ','.join(to) + '\n').encode() + data + b'\n')
server = Server(('127.0.0.1', 0), None)
with open(sys.argv[1] + '/port.new', 'w') as out: out.write(str(server.socket.getsockname()[1]))
import os; os.rename(sys.argv[1] + '/port.new', sys.argv[1] + '/port')
asyncore.loop()
)";

TEST_F(NotifyFileTest, AMailArrivesOverSmtp) {
  const std::string folder = folder_.string();
  const pid_t server = fork();
  ASSERT_GE(server, 0);
  if (server == 0) {
    execl("/usr/bin/python3", "python3", "-c", kSmtpServer, folder.c_str(), nullptr);
    _exit(127);
  }
  for (int i = 0; i < 1500 && !std::filesystem::exists(folder_ / "port"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  auto channels = ParseNotifyFile(
      "[[channel]]\nkind = 'mail'\nplain = true\nurl = 'smtp://127.0.0.1:" + Slurp("port") +
          "'\nfrom = 'drift@example.org'\nto = ['ops@example.org']\n",
      "https://drift.example/");
  ASSERT_TRUE(channels.ok()) << channels.status();
  const OutboxEffect effects[] = {
      Effect("drift.opened", "d-1", "Port\r\nBcc: eve@example.org \xc3\xa9", 5)};
  const Status sent = (*channels)[0]->Deliver(effects);
  kill(server, SIGTERM);
  waitpid(server, nullptr, 0);
  ASSERT_TRUE(sent.ok()) << sent;
  const std::string mail = Slurp("mail");
  EXPECT_THAT(mail, HasSubstr("FROM drift@example.org TO ops@example.org\n"));
  EXPECT_THAT(mail, HasSubstr("Date: Thu, 28 May 2026"));
  EXPECT_EQ(mail.find("Bcc"), std::string::npos);
  const std::string body =
      Base64("web-7: Port  Bcc: eve@example.org \xc3\xa9\r\n\r\nhttps://drift.example/\r\n");
  EXPECT_THAT(mail, HasSubstr(body.substr(0, 76)));
  EXPECT_FALSE((*channels)[0]->Deliver(effects).ok()) << "nobody listens any more";
}

}  // namespace
}  // namespace driftcast
