// `driftcast engine`: everything plugged together, in one process.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli.h"
#include "apps/feed_home.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/shard_state.h"
#include "ingest/metric_door.h"
#include "ingest/otlp_grpc_door.h"
#include "ingest/scraper.h"
#include "notify/notifier.h"
#include "notify/notify_file.h"
#include "rpc/agent_gate.h"
#include "teach/teacher.h"
#include "web/web_server.h"

namespace driftcast {
namespace {

using ingest::MetricDoor;
using ingest::MetricIntake;
using ingest::MetricRules;
using ingest::OtlpGrpcDoor;
using ingest::OtlpGrpcOptions;
using ingest::Scraper;
using ingest::ScrapeTarget;

constexpr int kNoPort = -1;
constexpr int kPortAfterGate = -2;

struct EngineSettings {
  std::string data;
  std::string address = "127.0.0.1";
  int port = 7117;
  int gate_port = -1;  // -1: the one after `port`, or any free one when that is 0
  std::string gate_address = "127.0.0.1";
  std::string tls_certificate, tls_key;
  double alert_threshold = 0.5;
  std::string webhook, webhook_secret_file, notify_file;
  std::string oidc;
  std::string feeds;  // empty = DATA/feeds.toml, if it is there
  std::string local_join;
  int local_join_uses = 1;
  int otlp_port = kPortAfterGate;
  std::string metric_rules, scrape_file;
  std::vector<std::string> scrape;
  size_t metric_series_max = ingest::MetricIntakeOptions{}.series_max;
  std::string log_level = "info";
};

// The gate's side of the web's agent pages.
class GateAdmin : public AgentAdmin {
 public:
  explicit GateAdmin(AgentGate& gate) : gate_(gate) {}

  std::vector<Agent> Agents() const override {
    std::vector<Agent> agents;
    for (const AgentState& state : gate_.ListAgents())
      agents.push_back({state.enrolled.id, state.enrolled.stack, state.enrolled.role,
                        state.enrolled.enrolled_at, state.enrolled.certificate_until,
                        state.enrolled.revoked_at != Instant()});
    return agents;
  }

  Status Revoke(const AgentId& agent, const Principal& by, const std::string& reason) override {
    return gate_.Revoke(agent, reason, by);
  }

  std::vector<JoinToken> JoinTokens() const override {
    std::vector<JoinToken> tokens;
    for (const JoinTokenInfo& info : gate_.ListJoinTokens()) tokens.push_back(About(info));
    return tokens;
  }

  StatusOr<MadeJoinToken> MakeJoinToken(const RoleName& role, const std::string& note,
                                        Duration valid, const Principal& by) override {
    JoinTokenOptions options;
    options.valid = valid;
    options.by = by;
    options.role = role;
    options.note = note;
    MadeJoinToken made;
    DRIFTCAST_ASSIGN_OR_RETURN(made.secret, gate_.CreateJoinToken(options));
    for (const JoinTokenInfo& info : gate_.ListJoinTokens())
      if (info.id == JoinTokenId(made.secret)) made.about = About(info);
    made.command = fmt::format(
        "driftcast-agent --engine HOST:{} --data /var/lib/driftcast-agent "
        "--join {}{}",
        gate_.port(), made.secret, role.empty() ? "" : " --role " + role.value);
    return made;
  }

  Status WithdrawJoinToken(const std::string& id, const Principal& by) override {
    return gate_.WithdrawJoinToken(id, by);
  }

 private:
  static JoinToken About(const JoinTokenInfo& info) {
    return {info.id,         info.role, info.note,    info.made_at,
            info.expires_at, info.by,   info.used_at, info.used_by};
  }

  AgentGate& gate_;
};

// The teacher's side of the web's list of models.
class TeacherAdmin : public ModelAdmin {
 public:
  explicit TeacherAdmin(teach::Teacher& teacher) : teacher_(teacher) {}
  RefitState State() const override {
    const teach::TeacherState state = teacher_.State();
    return {state.running, state.done, state.last_at, state.last, state.next_at};
  }
  Status Refit(const Principal& by, const std::string& reason) override {
    return teacher_.Refit(by, reason);
  }

 private:
  teach::Teacher& teacher_;
};

StatusOr<TlsIdentity> ReadTls(const EngineSettings& settings) {
  TlsIdentity tls;
  if (settings.tls_certificate.empty()) return tls;
  DRIFTCAST_ASSIGN_OR_RETURN(tls.certificate_pem, ReadFile(settings.tls_certificate));
  DRIFTCAST_ASSIGN_OR_RETURN(tls.key_pem, ReadFile(settings.tls_key));
  return tls;
}

StatusOr<std::vector<std::unique_ptr<AlertChannel>>> MakeChannels(const EngineSettings& settings,
                                                                  const std::string& page) {
  std::vector<std::unique_ptr<AlertChannel>> channels;
  channels.push_back(MakeFileChannel(std::filesystem::path(settings.data) / "alerts.jsonl"));
  if (!settings.notify_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(settings.notify_file, 1 << 20));
    auto more = ParseNotifyFile(text, page);
    if (!more.ok()) return Annotate(more.status(), settings.notify_file);
    for (auto& channel : *more) channels.push_back(std::move(channel));
  }
  if (settings.webhook.empty()) return channels;
  std::string secret;
  if (!settings.webhook_secret_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(secret, ReadFile(settings.webhook_secret_file, 4096));
    while (!secret.empty() && secret.back() == '\n') secret.pop_back();
  }
  channels.push_back(MakeWebhookChannel(settings.webhook, secret, page));
  return channels;
}

// Everything through which metrics of others come in.
struct MetricDoors {
  MetricDoors(MetricRules rules, Engine& engine, const EngineSettings& settings)
      : intake(std::move(rules),
               [&engine](std::vector<Fact> facts, std::function<void(const Status&)> done) {
                 return engine.Submit(std::move(facts), std::move(done));
               },
               {.series_max = settings.metric_series_max}) {}

  std::vector<std::pair<std::string, double>> Counters() const {
    auto counters = intake.Counters();
    if (scraper) {
      const auto more = scraper->Counters();
      counters.insert(counters.end(), more.begin(), more.end());
    }
    return counters;
  }
  void Stop() {
    scraper.reset();
    if (grpc) grpc->Stop();
  }

  MetricIntake intake;
  MetricDoor http{intake, *SystemClock()};
  std::unique_ptr<OtlpGrpcDoor> grpc;
  std::unique_ptr<Scraper> scraper;
};

StatusOr<MetricRules> ReadRules(const EngineSettings& settings) {
  if (settings.metric_rules.empty()) return MetricRules::Default();
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(settings.metric_rules));
  auto rules = MetricRules::Parse(text);
  if (!rules.ok()) return Annotate(rules.status(), settings.metric_rules);
  return rules;
}

StatusOr<std::vector<ScrapeTarget>> ReadTargets(const EngineSettings& settings) {
  char host_name[256] = "localhost";
  gethostname(host_name, sizeof host_name - 1);
  std::vector<ScrapeTarget> targets;
  if (!settings.scrape_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(settings.scrape_file));
    auto read = ingest::ParseScrapeFile(text, host_name);
    if (!read.ok()) return Annotate(read.status(), settings.scrape_file);
    targets = *std::move(read);
  }
  for (const std::string& line : settings.scrape) {
    auto target = ingest::ParseScrapeTarget(line, host_name);
    if (!target.ok()) return Annotate(target.status(), "--scrape");
    targets.push_back(*std::move(target));
  }
  return targets;
}

// The doors beside the web server's: OTLP over gRPC, and scraping.
Status OpenDoors(const EngineSettings& settings, const TlsIdentity& tls, int gate_port,
                 WebServer& web, MetricDoors& doors) {
  DRIFTCAST_ASSIGN_OR_RETURN(auto targets, ReadTargets(settings));
  if (!targets.empty())
    doors.scraper = std::make_unique<Scraper>(std::move(targets), doors.intake, *SystemClock());
  if (settings.otlp_port == kNoPort) return Ok();
  OtlpGrpcOptions options;
  options.address = settings.address;
  options.port = settings.otlp_port != kPortAfterGate ? settings.otlp_port
                                                      : (settings.port == 0 ? 0 : gate_port + 1);
  options.certificate_pem = tls.certificate_pem;
  options.key_pem = tls.key_pem;
  options.authorize = [&web](const std::string& token) { return web.MaySendMetricsWith(token); };
  DRIFTCAST_ASSIGN_OR_RETURN(doors.grpc,
                             OtlpGrpcDoor::Start(std::move(options), doors.intake, *SystemClock()));
  return Ok();
}

// The service of the configured feeds; null when none are.
StatusOr<std::unique_ptr<FeedService>> StartFeeds(const EngineSettings& settings, FeedHome& home) {
  const auto data = std::filesystem::path(settings.data);
  const auto file =
      settings.feeds.empty() ? data / "feeds.toml" : std::filesystem::path(settings.feeds);
  std::error_code error;
  if (settings.feeds.empty() && !std::filesystem::exists(file, error))
    return std::unique_ptr<FeedService>();
  DRIFTCAST_ASSIGN_OR_RETURN(FeedConfig config, ReadFeedConfig(file));
  return std::make_unique<FeedService>(std::move(config), data / "feeds", home, *SystemClock());
}

// Where commands on this machine find the engine.
Status WriteAddressFile(const EngineSettings& settings, const WebServer& web, const AgentGate& gate,
                        const MetricDoors& doors) {
  nlohmann::json json = {
      {"url", web.url()},
      {"gate", fmt::format("{}:{}", settings.gate_address, gate.port())},
      {"pid", getpid()},
  };
  if (doors.grpc) json["otlp"] = fmt::format("{}:{}", settings.address, doors.grpc->port());
  return WriteFileAtomically(std::filesystem::path(settings.data) / "engine.json",
                             json.dump(2) + "\n", 0644);
}

// A one-time join token for the agent on this machine.
Status WriteLocalJoin(const EngineSettings& settings, AgentGate& gate) {
  if (settings.local_join.empty()) return Ok();
  JoinTokenOptions options;
  options.by = Principal("engine");
  options.uses = settings.local_join_uses;
  options.may_replace = true;  // whoever may read the file owns this machine
  options.note = "for this machine";
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string token, gate.CreateJoinToken(options));
  return WriteFileAtomically(settings.local_join, token + "\n", 0600);
}

// Waits for SIGTERM or SIGINT, which must be blocked in every thread.
void WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  Log("engine").info("engine.stopping signal={}", signal);
}

Status RunEngine(const EngineSettings& settings) {
  StartLogging(settings.log_level);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  std::error_code error;
  std::filesystem::create_directories(settings.data, error);
  if (error) return PermissionDenied("creating {}: {}", settings.data, error.message());
  EngineOptions options;
  options.data = settings.data;
  options.alert_threshold = settings.alert_threshold;
  auto opened = Engine::Open(options, SystemClock());
  if (opened.status().code() == StatusCode::kDataLoss)
    return DataLoss(
        "{}\nThe store is damaged. Put back a copy of {}/store; or move that folder aside to begin "
        "anew: agents stay joined and report everything again, history and decisions are then gone",
        Message(opened.status()), settings.data);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto engine, std::move(opened));

  AgentGateOptions gate_options;
  const int gate_port =
      settings.gate_port >= 0 ? settings.gate_port : (settings.port == 0 ? 0 : settings.port + 1);
  gate_options.address = fmt::format("{}:{}", settings.gate_address, gate_port);
  gate_options.data = settings.data;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto gate, AgentGate::Start(gate_options, *engine));

  DRIFTCAST_ASSIGN_OR_RETURN(auto rules, ReadRules(settings));
  MetricDoors doors(std::move(rules), *engine, settings);

  EngineFeedHome feed_home(*engine);
  DRIFTCAST_ASSIGN_OR_RETURN(const auto feeds, StartFeeds(settings, feed_home));
  GateAdmin admin(*gate);
  const auto port = MakeEnginePort(*engine);
  WebOptions web_options;
  web_options.address = settings.address;
  web_options.port = static_cast<uint16_t>(settings.port);
  DRIFTCAST_ASSIGN_OR_RETURN(const TlsIdentity tls, ReadTls(settings));
  web_options.tls = tls;
  web_options.data = settings.data;
  web_options.version = DRIFTCAST_VERSION;
  web_options.alert = {settings.alert_threshold, kAlertHorizon};
  web_options.agents = &admin;
  teach::TeacherOptions teacher_options;
  teacher_options.scratch = std::filesystem::path(settings.data) / "refit";
  teach::Teacher teacher(teacher_options, *engine, SystemClock());
  TeacherAdmin models(teacher);
  web_options.models = &models;
  web_options.metrics = &doors.http;
  std::atomic<const Notifier*> notifier_running = nullptr;
  web_options.more_counters = [&] {
    auto counters = doors.Counters();
    for (auto& counter : gate->Counters()) counters.push_back(std::move(counter));
    if (const Notifier* running = notifier_running)
      for (auto& counter : running->Counters()) counters.push_back(std::move(counter));
    return counters;
  };
  if (feeds != nullptr)
    web_options.update_feeds = [&feeds](const std::string& feed) { return feeds->UpdateNow(feed); };
  if (settings.data != DefaultDataFolder())
    web_options.allow_command = "./up --data " + settings.data + " --allow";
  if (!settings.oidc.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(settings.oidc, 1 << 20));
    auto oidc = ParseOidcOptions(text);
    if (!oidc.ok()) return Annotate(oidc.status(), settings.oidc);
    web_options.oidc = *std::move(oidc);
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const auto web, WebServer::Start(std::move(web_options), *port));
  DRIFTCAST_RETURN_IF_ERROR(OpenDoors(settings, tls, gate->port(), *web, doors));

  DRIFTCAST_ASSIGN_OR_RETURN(auto channels, MakeChannels(settings, web->url()));
  DRIFTCAST_RETURN_IF_ERROR(WriteLocalJoin(settings, *gate));
  DRIFTCAST_RETURN_IF_ERROR(WriteAddressFile(settings, *web, *gate, doors));
  // Last: nothing fails any more, so the web stops before it goes.
  const Notifier notifier(*engine, std::move(channels));
  notifier_running = &notifier;
  Log("engine").info("engine.started url={} gate={}:{} data={}", web->url(), settings.gate_address,
                     gate->port(), settings.data);
  WaitForSignal(signals);
  std::filesystem::remove(std::filesystem::path(settings.data) / "engine.json", error);
  doors.Stop();
  web->Stop();
  gate->Stop();
  return Ok();
}

}  // namespace

void AddEngineCommand(CLI::App& app) {
  auto* command = app.add_subcommand("engine", "Run the engine: shadows, forecasts, page and API");
  auto settings = std::make_shared<EngineSettings>();
  settings->data = DefaultDataFolder();
  command->add_option("--data", settings->data, "Folder for everything that is written")
      ->capture_default_str();
  command->add_option("--port", settings->port, "Port of the page and API; 0 = any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command
      ->add_option("--address", settings->address,
                   "Address of the page and API; other than loopback needs TLS")
      ->capture_default_str();
  command
      ->add_option("--gate-port", settings->gate_port,
                   "Port for agents (mutual TLS); default: the one after --port")
      ->check(CLI::Range(0, 65535));
  command->add_option("--gate-address", settings->gate_address, "Address for agents")
      ->capture_default_str();
  auto* certificate = command->add_option("--tls-certificate", settings->tls_certificate,
                                          "PEM file: certificate chain of the page");
  auto* key = command->add_option("--tls-key", settings->tls_key, "PEM file: its private key");
  certificate->needs(key);
  key->needs(certificate);
  command
      ->add_option("--alert-threshold", settings->alert_threshold,
                   "Alert when P(drift within a day) reaches this")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  command->add_option("--notify", settings->notify_file,
                      "Channels for alerts (TOML): Slack, mail, Alertmanager, webhooks");
  command->add_option("--webhook", settings->webhook,
                      "POST alerts to this URL as well as to DATA/alerts.jsonl");
  command->add_option("--webhook-secret-file", settings->webhook_secret_file,
                      "Sign the webhook's body with the secret in this file");
  command->add_option("--oidc", settings->oidc,
                      "JSON file: sign-in by an OpenID Connect provider; see docs/sign-in.md");
  command->add_option("--feeds", settings->feeds,
                      "Read the feeds that this file names (default: DATA/feeds.toml if there)");
  command->add_option("--local-join", settings->local_join,
                      "Write a one-time join token for an agent on this machine to this file");
  command
      ->add_option("--local-join-uses", settings->local_join_uses,
                   "Agents that may join with it (a simulated fleet)")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command
      ->add_option(
          "--otlp-port", settings->otlp_port,
          "Port for OTLP over gRPC, at --address; default: the one after the agents'; -1 = "
          "none")
      ->check(CLI::Range(-1, 65535))
      ->default_str("");
  command->add_option("--scrape", settings->scrape,
                      "Ask this Prometheus endpoint for its metrics: \"URL [label=value...] "
                      "[every=15s]\"; may be given again");
  command->add_option("--scrape-file", settings->scrape_file,
                      "File of such lines, one endpoint each");
  command->add_option("--metric-rules", settings->metric_rules,
                      "File that says which resource a metric belongs to; see `driftcast series "
                      "rules`");
  command
      ->add_option("--metric-series-max", settings->metric_series_max,
                   "Series taken over OTLP, remote write and scraping together")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--log-level", settings->log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  OnRun(*command, [settings] { return RunEngine(*settings); });
}

}  // namespace driftcast
