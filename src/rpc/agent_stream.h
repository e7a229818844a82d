// One agent's stream: facts up; acknowledgements, questions and orders down.
//
// Life: made when the call arrives; Hello -> the clerk greets (Welcome, an open gap, waiting
// orders) -> batches until one side ends it. Each batch is read, validated and handed to the
// engine; the next one is read once it was taken and not too many facts are on their way.
//
// Threads: gRPC's (reactions; one read and one write at a time), the engine's (facts became
// durable: only noted), the postman's (writes what was noted), the clerk's (what may wait).
// Thread-safe. A stream keeps itself alive until gRPC is done with it.
#ifndef DRIFTCAST_RPC_AGENT_STREAM_H_
#define DRIFTCAST_RPC_AGENT_STREAM_H_

#include "driftcast/v1/agent.pb.h"

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <grpcpp/grpcpp.h>

#include "base/mutex.h"
#include "model/plan.h"
#include "rpc/batch_reader.h"
#include "rpc/gate_parts.h"

namespace driftcast {

class AgentStream : public grpc::ServerBidiReactor<v1::AgentMessage, v1::EngineMessage>,
                    public std::enable_shared_from_this<AgentStream> {
 public:
  // Admits the caller by its certificate and starts reading; or ends the call with the reason. The
  // result is owned by gRPC: what the service returns.
  static AgentStream* Start(grpc::CallbackServerContext& call, GateParts& parts);

  const Speaker& speaker() const { return speaker_; }
  Instant opened_at() const { return opened_at_; }
  std::string peer() const { return peer_; }  // "ipv4:192.0.2.7:51412"
  std::string version() const;                // of the agent; empty before its Hello
  bool greeted() const;

  // Ends the call, after what is being written and at most two seconds.
  void End(const Status& status);

  // Ends the call if the certificate does not admit its owner any more, or no Hello came in time;
  // sends orders that found no room. Clerk only.
  void Check(Instant now);

  // Sends orders and withdrawals that wait and were not sent on this stream. Waits for the engine: clerk only.
  void SendOrders();

 private:
  using Self = std::shared_ptr<AgentStream>;
  AgentStream(grpc::CallbackServerContext& call, GateParts& parts);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // What the agent sends.
  Status Admit();
  void OnHello(const v1::Hello& hello);
  void Greet(const v1::Hello& hello, Duration clock_ahead);  // on the clerk
  StatusOr<uint64_t> Resume(const v1::Hello& hello);         // on the clerk
  Status RecordGap(const SequenceGap& gap);                  // on the clerk
  void AskSnapshot(const SequenceGap& gap);
  void OnBatch();
  void OnGap(const SequenceGap& gap);  // on the clerk
  void Submit(BatchReader::Batch batch);
  void Begin(size_t facts);
  void AcknowledgeAgain();
  void RetryLater();
  void Refuse(const Status& status);

  // What becomes of it.
  void OnDurable(const Status& status, uint64_t last, size_t facts,
                 std::optional<Instant> snapshot_started);  // on the engine's thread
  void Settle(size_t facts);
  void OnSnapshot();  // on the clerk
  void Deliver();     // on the postman
  void SendOrder(RemediationPlan plan, Instant now);
  void SendWithdrawal(const RemediationPlan& plan);

  // The call itself.
  void Read() DRIFTCAST_REQUIRES(mutex_);
  void Queue(v1::EngineMessage message) DRIFTCAST_EXCLUDES(mutex_);
  void AskSlow() DRIFTCAST_EXCLUDES(mutex_);
  void WriteNext() DRIFTCAST_REQUIRES(mutex_);
  void EndLocked(const Status& status) DRIFTCAST_REQUIRES(mutex_);
  void Refused(uint64_t sequence, const Status& status) DRIFTCAST_REQUIRES(mutex_);
  void Finished() DRIFTCAST_REQUIRES(mutex_);
  void FinishIfIdle() DRIFTCAST_REQUIRES(mutex_);
  bool open() const DRIFTCAST_REQUIRES(mutex_) { return !end_; }

  GateParts& parts_;
  grpc::CallbackServerContext& call_;  // valid until OnDone
  const Instant opened_at_;
  const std::string peer_;
  std::optional<Certificate> certificate_;
  Speaker speaker_;
  Self self_;  // until OnDone

  // Of the one read at a time.
  v1::AgentMessage incoming_;
  std::optional<BatchReader> reader_;
  Duration retry_delay_{0};

  mutable Mutex mutex_;
  bool greeting_ DRIFTCAST_GUARDED_BY(mutex_) = false;  // Hello has arrived
  bool greeted_ DRIFTCAST_GUARDED_BY(mutex_) = false;   // Welcome is on its way
  std::string version_ DRIFTCAST_GUARDED_BY(mutex_);
  bool paused_ DRIFTCAST_GUARDED_BY(mutex_) = false;  // reading waits for facts to become durable
  bool half_closed_ DRIFTCAST_GUARDED_BY(mutex_) = false;  // the agent sends nothing more
  size_t facts_in_flight_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  uint64_t durable_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  uint64_t acknowledged_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  bool delivering_ DRIFTCAST_GUARDED_BY(mutex_) = false;  // Deliver is queued
  Status failure_ DRIFTCAST_GUARDED_BY(mutex_);           // of the engine, about these facts
  uint64_t failed_ DRIFTCAST_GUARDED_BY(mutex_) = 0;      // number of the fact, if it was just one
  std::deque<v1::EngineMessage> outgoing_ DRIFTCAST_GUARDED_BY(mutex_);
  v1::EngineMessage writing_message_;  // being written; not touched meanwhile
  bool writing_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  Instant slow_asked_at_ DRIFTCAST_GUARDED_BY(mutex_);
  std::optional<Instant> snapshot_asked_at_ DRIFTCAST_GUARDED_BY(mutex_);
  bool more_orders_ DRIFTCAST_GUARDED_BY(mutex_) = false;   // wait for room in outgoing_
  std::optional<Status> end_ DRIFTCAST_GUARDED_BY(mutex_);  // the call ends with it
  bool done_ DRIFTCAST_GUARDED_BY(mutex_) = false;          // gRPC is done; no call_ any more
  std::set<std::string> orders_sent_;                       // clerk only
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_AGENT_STREAM_H_
