#include "agent/uplink.h"

#include <algorithm>
#include <random>

#include <grpcpp/grpcpp.h>

#include "agent/dial.h"
#include "base/log.h"
#include "driftcast/v1/agent.grpc.pb.h"

namespace driftcast {
namespace {

constexpr auto kIdleWait = std::chrono::seconds(30);
constexpr Duration kClockOffset = 5 * kSecond;  // worth a warning

}  // namespace

std::chrono::milliseconds Backoff::Next(double random) {
  const auto wait = next_;
  next_ = std::min(next_ * 2, longest_);
  return std::chrono::milliseconds(
      static_cast<int64_t>(static_cast<double>(wait.count()) * (0.5 + random / 2)));
}

// One stream, from Hello to its end. The thread that calls Run writes; a second one reads.
class Uplink::Session {
 public:
  using Stream = grpc::ClientReaderWriter<v1::AgentMessage, v1::EngineMessage>;

  Session(Uplink& uplink, Stream& stream) : uplink_(uplink), stream_(stream) {}

  // Until the stream breaks, the uplink stops, or the certificate wants renewal.
  void Run() {
    if (!SayHello() || !HearWelcome()) return;
    uplink_.connected_ = true;
    uplink_.was_welcome_ = true;
    uplink_.events_.OnConnected();
    std::thread reader([this] { Read(); });
    while (!broken_ && !uplink_.stopping() && !RenewalDue()) {
      if (!SendNext()) break;
    }
    uplink_.connected_ = false;
    Cancel();
    reader.join();
  }

 private:
  bool SayHello() {
    v1::AgentMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_version(uplink_.options_.version);
    hello.set_sequence_next(uplink_.spool_.sequence_next());
    hello.set_sequence_oldest(uplink_.spool_.sequence_oldest());
    return stream_.Write(message);
  }

  bool HearWelcome() {
    v1::EngineMessage message;
    if (!stream_.Read(&message) || !message.has_welcome()) return false;
    const uint64_t durable = message.welcome().sequence_durable();
    const Duration offset = FromUnixMicros(message.welcome().now_us()) - uplink_.clock_.Now();
    if (std::chrono::abs(offset) > kClockOffset)
      Log("agent").warn("uplink.clock_off seconds={:.1f}", Seconds(offset));
    if (const Status skipped = uplink_.spool_.SkipTo(durable); !skipped.ok())
      Log("agent").error("uplink.skip_failed reason='{}'", Message(skipped));
    Acknowledge(durable);
    next_ = std::max(durable + 1, uplink_.spool_.sequence_oldest());
    Log("agent").info("uplink.connected engine={} agent={} durable={}", uplink_.options_.engine,
                      uplink_.identity_.agent, durable);
    return true;
  }

  // Sends a batch, or waits for one. False when the stream is broken.
  bool SendNext() {
    if (next_ > acknowledged_ + kFactsUnderWay) {
      WaitForProgress();
      return true;
    }
    const auto entries = uplink_.spool_.Read(next_, uplink_.options_.batch_facts_max,
                                             uplink_.options_.batch_bytes_max);
    if (entries.empty()) {
      uplink_.spool_.WaitFor(next_, kIdleWait);
      return true;
    }
    message_.Clear();
    for (const Spool::Entry& entry : entries) {
      // A gap (facts that were damaged on disk) ends a batch: numbers in it rise by one.
      if (entry.sequence != next_ && message_.batch().facts_size() > 0) break;
      v1::Fact& fact = *message_.mutable_batch()->add_facts();
      if (!fact.ParseFromString(entry.fact))
        Log("agent").error("uplink.fact_unreadable sequence={}", entry.sequence);
      fact.set_sequence(entry.sequence);
      next_ = entry.sequence + 1;
    }
    return stream_.Write(message_);
  }

  void WaitForProgress() {
    const MutexLock lock(uplink_.mutex_);
    uplink_.changed_.WaitFor(uplink_.mutex_, kIdleWait);
  }

  void Read() {
    v1::EngineMessage message;
    while (stream_.Read(&message)) {
      switch (message.body_case()) {
        case v1::EngineMessage::kAck:
          Acknowledge(message.ack().sequence_durable());
          break;
        case v1::EngineMessage::kSnapshotRequest:
          uplink_.events_.OnSnapshotRequest(message.snapshot_request());
          break;
        case v1::EngineMessage::kOrder:
          uplink_.events_.OnOrder(message.order());
          break;
        case v1::EngineMessage::kSlow:
          uplink_.events_.OnMetricsPause(Duration(message.slow().metrics_pause_us()));
          break;
        case v1::EngineMessage::kWelcome:
        case v1::EngineMessage::BODY_NOT_SET:
          break;  // from a newer engine: nothing that we know
      }
    }
    broken_ = true;
    uplink_.spool_.Wake();
    const MutexLock lock(uplink_.mutex_);
    uplink_.changed_.SignalAll();
  }

  void Acknowledge(uint64_t durable) {
    uplink_.spool_.Trim(durable);
    acknowledged_ = std::max<uint64_t>(acknowledged_, durable);
    const MutexLock lock(uplink_.mutex_);
    uplink_.acknowledged_ = std::max(uplink_.acknowledged_, durable);
    uplink_.changed_.SignalAll();
  }

  bool RenewalDue() const {
    const auto validity = ReadValidity(uplink_.identity_.certificate_pem);
    return validity.ok() && IsRenewalDue(*validity, uplink_.clock_.Now()) &&
           validity->until > uplink_.clock_.Now();
  }

  void Cancel() {
    const MutexLock lock(uplink_.mutex_);
    if (uplink_.context_ != nullptr) uplink_.context_->TryCancel();
  }

  Uplink& uplink_;
  Stream& stream_;
  v1::AgentMessage message_;  // used again and again
  uint64_t next_ = 1;         // number of the next fact to send
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<bool> broken_ = false;
};

Uplink::Uplink(UplinkOptions options, Identity identity, Spool& spool, UplinkEvents& events,
               const Clock& clock)
    : options_(std::move(options)),
      identity_(std::move(identity)),
      spool_(spool),
      events_(events),
      clock_(clock) {}

Uplink::~Uplink() { Stop(); }

void Uplink::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Uplink::Stop() {
  stopping_ = true;
  spool_.Wake();
  {
    const MutexLock lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Uplink::Sleep(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  const MutexLock lock(mutex_);
  while (!stopping_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) return;
    changed_.WaitFor(mutex_, left);
  }
}

void Uplink::RenewIfDue() {
  const auto validity = ReadValidity(identity_.certificate_pem);
  if (!validity.ok() || !IsRenewalDue(*validity, clock_.Now())) return;
  auto renewed = driftcast::Renew(options_.engine, identity_);
  if (!renewed.ok()) {
    Log("agent").warn("identity.renewal_failed until={} reason='{}'",
                      FormatInstant(validity->until), Describe(renewed.status()));
    return;
  }
  if (const Status saved = SaveIdentity(options_.identity_file, *renewed); !saved.ok()) {
    Log("agent").error("identity.not_saved reason='{}'", Message(saved));
    return;  // the old one is still valid, and the one that a restart would find
  }
  identity_ = *std::move(renewed);
  Log("agent").info("identity.renewed agent={}", identity_.agent);
}

Status Uplink::RunSession() {
  const auto channel = MakeChannel(options_.engine, identity_.authority_pem, identity_.key_pem,
                                   identity_.certificate_pem);
  const auto stub = v1::AgentGate::NewStub(channel);
  grpc::ClientContext context;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return Ok();
    context_ = &context;
  }
  const auto stream = stub->Connect(&context);
  Session(*this, *stream).Run();
  {
    const MutexLock lock(mutex_);
    context.TryCancel();
    context_ = nullptr;
  }
  return StatusFromRpc(stream->Finish());
}

void Uplink::Run() {
  Backoff backoff(options_.retry_first, options_.retry_longest);
  std::mt19937_64 random(std::random_device{}());
  std::uniform_real_distribution<double> unit(0, 1);
  std::string last_reason;
  while (!stopping_) {
    RenewIfDue();
    was_welcome_ = false;
    const Status ended = RunSession();
    if (stopping_) break;
    if (was_welcome_) {
      backoff.Reset();
      last_reason.clear();
    }
    const auto wait = backoff.Next(unit(random));
    const std::string reason = Describe(ended);
    if (reason != last_reason)  // the same trouble again is no news
      Log("agent").warn("uplink.lost engine={} retry_ms={} reason='{}'", options_.engine,
                        wait.count(), reason);
    last_reason = reason;
    Sleep(wait);
  }
}

bool Uplink::WaitForAck(uint64_t sequence, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const MutexLock lock(mutex_);
  while (acknowledged_ < sequence) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0 || stopping_) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

}  // namespace driftcast
