#include "agent/uplink.h"

#include <algorithm>
#include <charconv>
#include <random>

#include <grpcpp/grpcpp.h>

#include "agent/dial.h"
#include "base/log.h"
#include "driftcast/v1/agent.grpc.pb.h"

namespace driftcast {
namespace {

constexpr auto kIdleWait = std::chrono::seconds(30);
constexpr size_t kFactBytesMax = 3 << 20;       // the engine takes messages up to 4 MiB
constexpr Duration kClockOffset = 5 * kSecond;  // worth a warning

// The number of the fact that the engine refused; 0 when it did not say (docs/agent-protocol.md).
uint64_t RefusedSequence(const grpc::ClientContext& context) {
  const auto& trailer = context.GetServerTrailingMetadata();
  const auto found = trailer.find("driftcast-sequence");
  if (found == trailer.end()) return 0;
  uint64_t sequence = 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), sequence);
  return sequence;
}

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

  // Until the stream breaks, the uplink stops, or the certificate wants renewal. Cancels the call
  // only when it was not the engine that ended it: cancelling would hide its reason.
  void Run() {
    if (!SayHello() || !HearWelcome()) return Cancel();
    uplink_.connected_ = true;
    uplink_.was_welcome_ = true;
    uplink_.events_.OnConnected();
    std::thread reader([this] { Read(); });
    while (!over_ && !broken_ && !uplink_.stopping() && !RenewalDue()) over_ = !SendNext();
    uplink_.connected_ = false;
    if (broken_) over_ = true;
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
    over_ = !stream_.Write(message);
    return !over_;
  }

  bool HearWelcome() {
    v1::EngineMessage message;
    over_ = !stream_.Read(&message);
    if (over_ || !message.has_welcome()) return false;
    const uint64_t durable = message.welcome().sequence_durable();
    const Duration offset = FromUnixMicros(message.welcome().now_us()) - uplink_.clock_.Now();
    if (std::chrono::abs(offset) > kClockOffset)
      Log("agent").warn("uplink.clock_off seconds={:.1f}", Seconds(offset));
    if (const Status skipped = uplink_.spool_.SkipTo(durable); !skipped.ok())
      Log("agent").error("uplink.skip_failed reason='{}'", Message(skipped));
    Acknowledge(durable);
    next_ = std::max(durable + 1, uplink_.spool_.sequence_oldest());
    uplink_.sent_ = durable;
    Log("agent").info("uplink.connected engine={} agent={} durable={}", uplink_.options_.engine,
                      uplink_.identity_.agent, durable);
    return true;
  }

  // Sends a batch, or waits for one. False when the stream is broken.
  bool SendNext() {
    const bool careful = next_ <= uplink_.careful_until_;
    const uint64_t under_way_max = careful ? 1 : kFactsUnderWay;
    if (WaitedForRoom(under_way_max)) return true;
    const auto entries = uplink_.spool_.Read(next_, careful ? 1 : uplink_.options_.batch_facts_max,
                                             uplink_.options_.batch_bytes_max);
    if (entries.empty()) {
      uplink_.spool_.WaitFor(next_, kIdleWait);
      return true;
    }
    FillBatch(entries);
    return message_.batch().facts_size() == 0 || stream_.Write(message_);
  }

  void FillBatch(const std::vector<Spool::Entry>& entries) {
    message_.Clear();
    uplink_.set_aside_.Forget(acknowledged_);
    for (const Spool::Entry& entry : entries) {
      // A gap (damaged on disk, or left out) ends a batch: numbers in it rise by one.
      if (message_.batch().facts_size() > 0 && entry.sequence != uplink_.sent_ + 1) break;
      next_ = entry.sequence + 1;
      const std::string_view bytes = BytesOf(entry);
      if (bytes.empty()) continue;
      v1::Fact& fact = *message_.mutable_batch()->add_facts();
      // What cannot be read is sent as it is not, and the engine's refusal sets it aside.
      if (!fact.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) fact.Clear();
      fact.set_sequence(entry.sequence);
      uplink_.sent_ = entry.sequence;
    }
  }

  // What goes up under the entry's number; empty when it is left out.
  std::string_view BytesOf(const Spool::Entry& entry) {
    const std::string_view bytes = uplink_.set_aside_.Replace(entry.sequence, entry.fact);
    if (bytes.size() <= kFactBytesMax) return bytes;
    uplink_.set_aside_.Keep(entry.sequence, entry.fact,
                            fmt::format("it has {} bytes, and no message may", bytes.size()));
    return uplink_.set_aside_.Replace(entry.sequence, entry.fact);
  }

  // True when nothing may be sent yet: some time has passed, look again. Nothing more goes into a
  // stream that is at its end: the last fact sent is the one that a refusal is about.
  bool WaitedForRoom(uint64_t under_way_max) {
    const MutexLock lock(uplink_.mutex_);
    if (broken_ || uplink_.stopping()) return true;
    if (uplink_.sent_ < acknowledged_ + under_way_max) return false;
    uplink_.changed_.WaitFor(uplink_.mutex_, kIdleWait);
    return true;
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
        case v1::EngineMessage::kOrderWithdrawn:
          uplink_.events_.OnOrderWithdrawn(message.order_withdrawn());
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
    const MutexLock lock(uplink_.mutex_);
    acknowledged_ = std::max<uint64_t>(acknowledged_, durable);
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
    if (!over_ && uplink_.context_ != nullptr) uplink_.context_->TryCancel();
  }

  Uplink& uplink_;
  Stream& stream_;
  v1::AgentMessage message_;  // used again and again
  uint64_t next_ = 1;         // number of the next fact to send
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<bool> broken_ = false;  // the reading thread has seen the end
  bool over_ = false;                 // a read or a write failed: the engine has ended it
};

Uplink::Uplink(UplinkOptions options, Identity identity, Spool& spool, UplinkEvents& events,
               const Clock& clock)
    : options_(std::move(options)),
      identity_(std::move(identity)),
      set_aside_(options_.refused_folder, clock),
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
    context_ = nullptr;
  }
  const Status ended = StatusFromRpc(stream->Finish());
  if (was_welcome_ && ended.code() == StatusCode::kInvalidArgument)
    OnRefusal(ended, RefusedSequence(context));
  return ended;
}

// Finds out which fact it was: the engine says so, or we sent it alone, or we send them one by one
// from here on.
void Uplink::OnRefusal(const Status& ended, uint64_t named) {
  uint64_t acknowledged = 0;
  {
    const MutexLock lock(mutex_);
    acknowledged = acknowledged_;
  }
  if (sent_ <= acknowledged) return;  // not about a fact
  const bool alone = sent_ <= careful_until_;
  const uint64_t refused = named != 0 ? named : alone ? sent_ : 0;
  if (refused > acknowledged && refused <= sent_) {
    const auto entries = spool_.Read(refused, 1, 1);
    const bool there = !entries.empty() && entries.front().sequence == refused;
    set_aside_.Keep(refused, there ? entries.front().fact : "", Message(ended));
  } else {
    careful_until_ = sent_;
  }
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
