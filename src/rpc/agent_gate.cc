#include "rpc/agent_gate.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include "base/log.h"
#include "rpc/agent_stream.h"
#include "rpc/gate_service.h"
#include "rpc/stream_table.h"

namespace driftcast {
namespace {

constexpr int kMessageBytesMax = 4 << 20;
constexpr int kMetadataBytesMax = 16 << 10;
constexpr size_t kTasksMax = 100'000;  // of a worker: several for each stream
constexpr size_t kMemoryMax = 512u << 20;
constexpr Duration kCertificateWarning = 30 * kDay;
constexpr auto kShutdownWait = std::chrono::seconds(3);

std::shared_ptr<grpc::ServerCredentials> Credentials(const Authority& authority) {
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = authority.certificate_pem();
  options.pem_key_cert_pairs = {{authority.server_key_pem(), authority.server_chain_pem()}};
  return grpc::SslServerCredentials(options);
}

void Bound(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetResourceQuota(grpc::ResourceQuota("agents").Resize(kMemoryMax));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two engines on one port: an error
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 8);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
}

}  // namespace

struct AgentGate::Impl {
  AgentGateOptions options;
  std::shared_ptr<EngineSeam> engine;
  std::unique_ptr<Authority> authority;
  std::unique_ptr<Roster> roster;
  GateCounters counters;
  StreamTable streams{options.limits.streams_max};
  Worker clerk{"gate-clerk", kTasksMax};
  Worker postman{"gate-postman", kTasksMax};
  std::unique_ptr<GateParts> parts;
  std::unique_ptr<GateService> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  uint64_t subscription = 0;
  Instant tokens_dropped_at;
  std::atomic<bool> stopping = false;

  explicit Impl(AgentGateOptions o) : options(std::move(o)) {}
  Status Listen();
  void OnOrder(const StackId& stack);
  void CheckStreams();
  void Sweep();
  void Stop();
};

StatusOr<std::unique_ptr<AgentGate>> AgentGate::Start(AgentGateOptions options,
                                                      std::shared_ptr<EngineSeam> engine) {
  auto impl = std::make_unique<Impl>(std::move(options));
  impl->engine = std::move(engine);
  const auto& o = impl->options;
  DRIFTCAST_ASSIGN_OR_RETURN(
      impl->authority,
      Authority::Open({o.data / "pki", o.server_names, o.agent_validity}, o.clock->Now()));
  DRIFTCAST_ASSIGN_OR_RETURN(impl->roster, Roster::Open(*impl->engine, *impl->authority));
  impl->parts = std::make_unique<GateParts>(
      GateParts{*impl->engine, *impl->authority, *impl->roster, *o.clock, o.limits, impl->counters,
                impl->streams, impl->clerk, impl->postman});
  DRIFTCAST_RETURN_IF_ERROR(impl->Listen());
  impl->subscription =
      impl->engine->SubscribeOrders([i = impl.get()](const StackId& stack) { i->OnOrder(stack); });
  std::unique_ptr<AgentGate> gate(new AgentGate(std::move(impl)));
  DRIFTCAST_RETURN_IF_ERROR(gate->impl_->clerk.Post([i = gate->impl_.get()] { i->Sweep(); }));
  return gate;
}

AgentGate::AgentGate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AgentGate::~AgentGate() { Stop(); }
int AgentGate::port() const { return impl_->port; }
void AgentGate::Stop() { impl_->Stop(); }
const Authority& AgentGate::authority() const { return *impl_->authority; }

Status AgentGate::Impl::Listen() {
  service = std::make_unique<GateService>(*parts);
  grpc::ServerBuilder builder;
  Bound(builder);
  builder.AddListeningPort(options.address, Credentials(*authority), &port);
  builder.RegisterService(service.get());
  server = builder.BuildAndStart();
  if (!server || port == 0)
    return Unavailable("cannot listen for agents on {}: is another program there?",
                       options.address);
  Log("rpc").info("gate.open address={} port={}", options.address, port);
  return Ok();
}

// On the engine's thread: only passed on. There is no list of streams by stack; an order is rare
// and a walk over the streams is cheap.
void AgentGate::Impl::OnOrder(const StackId& stack) {
  const Status posted = clerk.Post([this, stack] {
    for (const auto& stream : streams.All())
      if (stream->greeted() && stream->speaker().stack == stack) stream->SendOrders();
  });
  if (!posted.ok())
    Log("rpc").warn("order.delayed stack={} reason={}", stack.value, Describe(posted));
}

void AgentGate::Impl::CheckStreams() {
  const Instant now = options.clock->Now();
  for (const auto& stream : streams.All()) stream->Check(now);
}

void AgentGate::Impl::Sweep() {
  CheckStreams();
  const Instant now = options.clock->Now();
  if (now - tokens_dropped_at >= kHour) {
    tokens_dropped_at = now;
    if (const Status status = roster->DropExpiredTokens(now); !status.ok())
      Log("rpc").warn("tokens.not_dropped reason={}", Describe(status));
    if (authority->ServerCertificateEnds() - now < kCertificateWarning)
      Log("rpc").error("gate.certificate_ends at={} do='restart the engine: it makes a new one'",
                       FormatInstant(authority->ServerCertificateEnds()));
  }
  if (stopping) return;
  const Status posted = clerk.Post([this] { Sweep(); }, options.limits.check_every);
  if (!posted.ok() && !stopping) Log("rpc").error("sweep.ended reason={}", Describe(posted));
}

void AgentGate::Impl::Stop() {
  if (stopping.exchange(true)) return;
  engine->Unsubscribe(subscription);
  for (const auto& stream : streams.Close()) stream->End(Unavailable("the engine is stopping"));
  server->Shutdown(std::chrono::system_clock::now() + kShutdownWait);
  clerk.Stop();
  postman.Stop();
  // What the engine was given it still answers, to objects that are about to go.
  while (counters.submits_in_flight > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

StatusOr<std::string> AgentGate::CreateJoinToken(const JoinTokenOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const JoinToken token,
                             impl_->roster->CreateToken(options, impl_->options.clock->Now()));
  return token.ToText();
}

std::vector<JoinTokenInfo> AgentGate::ListJoinTokens() const {
  return impl_->roster->ListTokens(impl_->options.clock->Now());
}

Status AgentGate::WithdrawJoinToken(const std::string& id, const Principal& by) {
  return impl_->roster->WithdrawToken(id, by);
}

Status AgentGate::Revoke(const AgentId& agent, const std::string& reason, const Principal& by) {
  DRIFTCAST_RETURN_IF_ERROR(impl_->roster->Revoke(agent, reason, by, impl_->options.clock->Now()));
  for (const auto& stream : impl_->streams.All())
    if (stream->speaker().agent == agent) stream->End(Unauthenticated("revoked: {}", reason));
  return Ok();
}

Status AgentGate::RevokeCertificate(const std::string& serial, const std::string& reason,
                                    const Principal& by) {
  const Instant now = impl_->options.clock->Now();
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, FromHex(serial));
  DRIFTCAST_RETURN_IF_ERROR(impl_->roster->RevokeSerial(bytes, reason, by, now));
  return impl_->clerk.Post([impl = impl_.get()] { impl->CheckStreams(); });
}

std::vector<AgentState> AgentGate::ListAgents() const {
  std::vector<AgentState> out;
  for (auto& enrolled : impl_->roster->List()) {
    AgentState state;
    state.enrolled = std::move(enrolled);
    if (const auto stream = impl_->streams.Of(state.enrolled.id)) {
      state.connected = true;
      state.connected_since = stream->opened_at();
      state.peer = stream->peer();
      state.version = stream->version();
    }
    out.push_back(std::move(state));
  }
  return out;
}

std::vector<std::pair<std::string, double>> AgentGate::Counters() const {
  const GateCounters& c = impl_->counters;
  const auto number = [](const std::atomic<uint64_t>& n) { return static_cast<double>(n.load()); };
  return {{"gate_streams", static_cast<double>(impl_->streams.All().size())},
          {"gate_facts_total", number(c.facts_total)},
          {"gate_batches_total", number(c.batches_total)},
          {"gate_facts_in_flight", number(c.facts_in_flight)},
          {"gate_refused_total", number(c.refused_total)},
          {"gate_gaps_total", number(c.gaps_total)},
          {"gate_times_moved_total", number(c.times_moved_total)},
          {"gate_enrolments_total", number(c.enrolments_total)},
          {"gate_slow_total", number(c.slow_total)},
          {"gate_queue_full_total", number(c.queue_full_total)},
          {"gate_orders_total", number(c.orders_total)}};
}

}  // namespace driftcast
