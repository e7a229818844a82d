#include "fleet/simulated_agent.h"

#include <algorithm>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "rpc/grpc_status.h"
#include "wire/fact.h"

namespace driftcast::fleet {
namespace {

constexpr auto kRetry = std::chrono::milliseconds(50);
constexpr auto kMetricsEvery = std::chrono::seconds(10);

}  // namespace

// One call. Holds the call open for writes that begin outside its reactions.
class SimulatedAgent::Connection
    : public grpc::ClientBidiReactor<v1::AgentMessage, v1::EngineMessage> {
 public:
  Connection(SimulatedAgent& agent, const std::shared_ptr<grpc::Channel>& channel)
      : agent_(agent), stub_(v1::AgentGate::NewStub(channel)) {}

  // All with the agent's mutex held.
  void Open(const v1::AgentMessage& hello) {
    stub_->async()->Connect(&call_, this);
    AddHold();
    StartRead(&incoming_);
    outgoing_ = hello;
    writing_ = true;
    StartWrite(&outgoing_);
    StartCall();
  }
  bool ready() const { return !writing_ && !ended_; }
  v1::AgentMessage& outgoing() { return outgoing_; }
  void Write() {
    writing_ = true;
    StartWrite(&outgoing_);
  }
  void Cut() { call_.TryCancel(); }

 private:
  void OnReadDone(bool ok) override {
    const std::lock_guard lock(agent_.mutex_);
    if (!ok) {
      ended_ = true;
      RemoveHold();
      return;
    }
    agent_.OnMessage(incoming_);
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(agent_.mutex_);
    writing_ = false;
    if (ok) agent_.Pump(Steady::now());
  }
  void OnDone(const grpc::Status& status) override {
    {
      const std::lock_guard lock(agent_.mutex_);
      agent_.OnClosed(FromGrpc(status));
    }
    delete this;
  }

  SimulatedAgent& agent_;
  std::unique_ptr<v1::AgentGate::Stub> stub_;
  grpc::ClientContext call_;
  v1::EngineMessage incoming_;
  v1::AgentMessage outgoing_;
  bool writing_ = false, ended_ = false;
};

SimulatedAgent::SimulatedAgent(Host host, Identity identity, AgentOptions options, Ledger& ledger,
                               FleetCounters& counters)
    : host_(std::move(host)),
      identity_(std::move(identity)),
      options_(std::move(options)),
      ledger_(ledger),
      counters_(counters),
      random_(options_.seed) {
  made_at_ = dropped_at_ = Steady::now();
  SpoolSnapshot();
}

SimulatedAgent::~SimulatedAgent() { Stop(); }

void SimulatedAgent::SetServer(const std::string& server) {
  const std::lock_guard lock(mutex_);
  options_.server = server;
  channel_.reset();
}

void SimulatedAgent::SetRate(double rate) {
  const std::lock_guard lock(mutex_);
  options_.rate = rate;
  owed_ = 0;
}

void SimulatedAgent::Pause(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
}

size_t SimulatedAgent::waiting() const {
  const std::lock_guard lock(mutex_);
  return spool_.size();
}

void SimulatedAgent::Tick(Steady::time_point now) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  MakeFacts(now);
  if (connection_ == nullptr && now >= retry_after_) Connect();
  MaybeDrop(now);
  Pump(now);
}

void SimulatedAgent::Stop() {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  if (connection_ != nullptr) connection_->Cut();
  closed_.wait(lock, [this] { return connection_ == nullptr; });
}

void SimulatedAgent::Spool(FactBody body, const Changed& changed) {
  Fact fact;
  fact.at = SystemClock()->Now();
  fact.stack = host_.stack();
  fact.sequence = next_++;
  fact.body = std::move(body);
  Spooled spooled;
  ToProto(fact, &spooled.fact);
  spooled.made = Steady::now();
  spooled.changed = changed;
  spool_.push_back(std::move(spooled));
}

void SimulatedAgent::SpoolSnapshot() {
  const Instant started = SystemClock()->Now();
  Spool(host_.Enrolled());
  for (int i = 0; i < host_.resources(); ++i) Spool(host_.Observe(i, Means::kSnapshot));
  Spool(SnapshotCompleted{{"file", "package", "sysctl"}, started});
}

void SimulatedAgent::SpoolMetrics() {
  MetricsObserved body;
  const Instant now = SystemClock()->Now();
  for (int i = 0; i < options_.series; ++i)
    body.points.push_back({"host", host_.stack().value, "simulated.series." + std::to_string(i),
                           now, Chance() * 100});
  Spool(std::move(body));
}

void SimulatedAgent::MakeFacts(Steady::time_point now) {
  owed_ += std::chrono::duration<double>(now - made_at_).count() * options_.rate;
  made_at_ = now;
  if (paused_) return;
  if (options_.rate == 0) {
    const auto window = static_cast<size_t>(options_.window_facts);
    owed_ = spool_.size() < window ? static_cast<double>(window - spool_.size()) : 0;
  }
  for (; owed_ >= 1 && spool_.size() < options_.spool_max; owed_ -= 1) {
    Changed changed;
    ResourceObserved body = host_.Change(&changed);
    Spool(std::move(body), changed);
  }
  owed_ = std::min(owed_, 1.0);
  if (options_.series > 0 && now >= metrics_after_ && now >= slow_until_) {
    metrics_after_ = now + kMetricsEvery;
    SpoolMetrics();
  }
}

void SimulatedAgent::Connect() {
  if (!channel_) channel_ = OpenChannel(options_.server, identity_.authority_pem, identity_);
  v1::AgentMessage hello;
  hello.mutable_hello()->set_version("fleet");
  hello.mutable_hello()->set_sequence_next(next_);
  hello.mutable_hello()->set_sequence_oldest(spool_.empty() ? next_
                                                            : spool_.front().fact.sequence());
  hello.mutable_hello()->set_now_us(ToUnixMicros(SystemClock()->Now()));
  welcomed_ = false;
  ++counters_.connections;
  connection_ = new Connection(*this, channel_);
  connection_->Open(hello);
}

// The connection is lost with a chance that is the same in each second, however often it is asked.
void SimulatedAgent::MaybeDrop(Steady::time_point now) {
  const double seconds = std::chrono::duration<double>(now - dropped_at_).count();
  dropped_at_ = now;
  if (connection_ == nullptr || Chance() >= options_.drop_per_second * seconds) return;
  ++counters_.drops;
  connection_->Cut();
}

void SimulatedAgent::Pump(Steady::time_point now) {
  if (connection_ == nullptr || !welcomed_ || !connection_->ready() || now < send_after_) return;
  const auto window = static_cast<size_t>(options_.window_facts);
  const size_t end = std::min({spool_.size(), cursor_ + static_cast<size_t>(options_.batch_facts),
                               std::max(window, cursor_)});
  if (end <= cursor_) return;
  auto& batch = *connection_->outgoing().mutable_batch();
  batch.clear_facts();
  for (size_t i = cursor_; i < end; ++i) *batch.add_facts() = spool_[i].fact;
  const size_t sent = end - cursor_;
  cursor_ = end;
  if (options_.resend > 0 && Chance() < options_.resend) {
    const size_t again = 1 + random_() % sent;
    cursor_ -= again;
    counters_.resent += again;
  }
  if (options_.delay_max > Duration(0))
    send_after_ = now + std::chrono::duration_cast<Steady::duration>(options_.delay_max * Chance());
  connection_->Write();
}

void SimulatedAgent::OnMessage(const v1::EngineMessage& message) {
  switch (message.body_case()) {
    case v1::EngineMessage::kWelcome:
      OnWelcome(message.welcome());
      break;
    case v1::EngineMessage::kAck:
      Trim(message.ack().sequence_durable());
      break;
    case v1::EngineMessage::kSnapshotRequest:
      ++counters_.snapshots_asked;
      SpoolSnapshot();
      break;
    case v1::EngineMessage::kSlow:
      ++counters_.slow;
      slow_until_ = Steady::now() + std::chrono::microseconds(message.slow().metrics_pause_us());
      break;
    case v1::EngineMessage::kOrder: {
      ++counters_.orders;
      PlanProgressed refused;
      refused.plan = PlanId(message.order().plan().id());
      refused.state = PlanState::kFailed;
      refused.detail = "a simulated host carries nothing out";
      Spool(std::move(refused));
      break;
    }
    case v1::EngineMessage::kOrderWithdrawn:  // nothing is carried out
    case v1::EngineMessage::BODY_NOT_SET:
      break;
  }
  MakeFacts(Steady::now());
  Pump(Steady::now());
}

void SimulatedAgent::OnWelcome(const v1::Welcome& welcome) {
  welcomed_ = true;
  Trim(welcome.sequence_durable());
  cursor_ = 0;
  if (welcome.sequence_durable() < next_) return;
  // Somebody with this identity was here before and we know nothing of it: go on behind it.
  const uint64_t shift = welcome.sequence_durable() + 1 - next_;
  for (auto& spooled : spool_) spooled.fact.set_sequence(spooled.fact.sequence() + shift);
  next_ += shift;
}

void SimulatedAgent::Trim(uint64_t durable) {
  const auto now = Steady::now();
  while (!spool_.empty() && spool_.front().fact.sequence() <= durable) {
    const Spooled& front = spool_.front();
    const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(now - front.made);
    ledger_.Add({identity_.agent, front.fact.sequence(), front.changed},
                static_cast<uint64_t>(waited.count()));
    spool_.pop_front();
    if (cursor_ > 0) --cursor_;
  }
}

void SimulatedAgent::OnClosed(const Status& status) {
  if (!status.ok() && status.code() != StatusCode::kCancelled &&
      status.code() != StatusCode::kUnavailable) {
    ++counters_.refused;
    const std::lock_guard lock(counters_.mutex);
    counters_.last_error = identity_.agent + ": " + Describe(status);
  }
  connection_ = nullptr;
  welcomed_ = false;
  cursor_ = 0;
  retry_after_ = Steady::now() + kRetry + std::chrono::milliseconds(random_() % 100);
  closed_.notify_all();
}

}  // namespace driftcast::fleet
