#include "fleet/fleet.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "fleet/join.h"
#include "rpc/join_token.h"

namespace driftcast::fleet {
namespace {

constexpr auto kTick = std::chrono::milliseconds(10);

// gRPC 1.51 ends the threads of its callback API with the last channel that used it, and joins them
// from wherever that channel is let go; from one of those threads, which our reactions run on, that
// cannot work. A channel that is kept for ever keeps them.
void KeepCallbackThreads() {
  static const auto* const channel = new std::shared_ptr<grpc::Channel>(
      grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()));
  static auto* const call = [] {
    struct Call {
      grpc::ClientContext context;
      v1::RenewRequest request;
      v1::EnrollResponse response;
    };
    auto* started = new Call();
    started->context.set_deadline(std::chrono::system_clock::now());
    v1::AgentGate::NewStub(*channel)->async()->Renew(
        &started->context, &started->request, &started->response, [](const grpc::Status&) {});
    return started;
  }();
  (void)call;
}

}  // namespace

StatusOr<std::unique_ptr<Fleet>> Fleet::Enrol(const FleetOptions& options, Ledger& ledger) {
  DRIFTCAST_ASSIGN_OR_RETURN(const JoinToken token, ParseJoinToken(options.token));
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string authority,
                             FetchAuthority(options.agent.server, token.fingerprint));
  KeepCallbackThreads();
  std::unique_ptr<Fleet> fleet(new Fleet());
  for (int i = 0; i < options.agents; ++i) {
    Host host(options.population, i);
    DRIFTCAST_ASSIGN_OR_RETURN(Identity identity,
                               Enroll(options.agent.server, token.ToText(), authority,
                                      host.stack().value, host.role().value));
    AgentOptions agent = options.agent;
    agent.rate = options.rate / options.agents;
    agent.seed = options.population.seed * 7919 + static_cast<uint64_t>(i);
    fleet->agents_.push_back(std::make_unique<SimulatedAgent>(
        std::move(host), std::move(identity), std::move(agent), ledger, fleet->counters_));
  }
  return fleet;
}

Fleet::~Fleet() { Stop(); }

void Fleet::Start() {
  driver_ = std::thread([this] { Drive(); });
}

void Fleet::Drive() {
  while (!stopping_) {
    const auto now = Steady::now();
    for (const auto& agent : agents_) agent->Tick(now);
    std::this_thread::sleep_until(now + kTick);
  }
}

void Fleet::SetServer(const std::string& server) {
  for (const auto& agent : agents_) agent->SetServer(server);
}

void Fleet::SetRate(double rate) {
  for (const auto& agent : agents_) agent->SetRate(rate / static_cast<double>(agents_.size()));
}

void Fleet::Pause(bool paused) {
  for (const auto& agent : agents_) agent->Pause(paused);
}

size_t Fleet::waiting() const {
  size_t sum = 0;
  for (const auto& agent : agents_) sum += agent->waiting();
  return sum;
}

bool Fleet::WaitUntilSent(std::chrono::seconds at_most) const {
  const auto end = Steady::now() + at_most;
  while (waiting() > 0) {
    if (Steady::now() > end) return false;
    std::this_thread::sleep_for(kTick);
  }
  return true;
}

void Fleet::Stop() {
  stopping_ = true;
  if (driver_.joinable()) driver_.join();
  for (const auto& agent : agents_) agent->Stop();
}

std::string Fleet::last_error() {
  const std::lock_guard lock(counters_.mutex);
  return counters_.last_error;
}

}  // namespace driftcast::fleet
