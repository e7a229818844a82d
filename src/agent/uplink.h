// The stream to the engine: sends what the spool holds, hears what the engine wants.
#ifndef DRIFTCAST_AGENT_UPLINK_H_
#define DRIFTCAST_AGENT_UPLINK_H_

#include "driftcast/v1/agent.pb.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/identity.h"
#include "agent/set_aside.h"
#include "agent/spool.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"

namespace grpc {
class ClientContext;
}

namespace driftcast {

// What the engine says. Called from the uplink's threads: implementations only take note.
class UplinkEvents {
 public:
  virtual ~UplinkEvents() = default;
  virtual void OnConnected() = 0;
  virtual void OnSnapshotRequest(const v1::SnapshotRequest& request) = 0;
  virtual void OnOrder(const v1::SignedPlan& order) = 0;
  virtual void OnOrderWithdrawn(const v1::OrderWithdrawn& withdrawn) = 0;
  virtual void OnMetricsPause(Duration pause) = 0;
};

// Waiting times between attempts: doubling, half of each random, so that a fleet does not return in
// step. Pure, given random numbers.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(first), longest_(longest), next_(first) {}
  // `random` from 0 to 1.
  std::chrono::milliseconds Next(double random);
  void Reset() { next_ = first_; }

 private:
  const std::chrono::milliseconds first_, longest_;
  std::chrono::milliseconds next_;
};

struct UplinkOptions {
  std::string engine;                    // "host:port"
  std::string version;                   // of this program
  std::filesystem::path identity_file;   // renewed identities go here
  std::filesystem::path refused_folder;  // for facts that the engine refuses
  std::chrono::milliseconds retry_first = std::chrono::seconds(1);
  std::chrono::milliseconds retry_longest = std::chrono::seconds(60);
  size_t batch_facts_max = 256;
  size_t batch_bytes_max = 1 << 20;  // the engine takes 3 MiB
};

// Keeps one stream open from Start to Stop, on threads of its own. Facts are sent in the order of
// their numbers and stay in the spool until the engine says that they are durable; at most
// `kFactsUnderWay` are under way unacknowledged. A fact that the engine refuses is set aside
// (agent/set_aside.h) and the rest goes on; there is a pause behind each, so that an engine which
// refuses everything does not empty the spool.
class Uplink {
 public:
  static constexpr uint64_t kFactsUnderWay = 4096;

  // `spool` and `events` outlive it.
  Uplink(UplinkOptions options, Identity identity, Spool& spool, UplinkEvents& events,
         const Clock& clock);
  ~Uplink();

  void Start();
  void Stop();  // at once; what was not acknowledged is sent again next time

  bool connected() const { return connected_; }
  uint64_t facts_set_aside() const { return set_aside_.count(); }  // since start
  // Waits until everything up to this number is acknowledged; false when time ran out.
  bool WaitForAck(uint64_t sequence, std::chrono::milliseconds patience);

 private:
  class Session;

  void Run();
  Status RunSession();
  void OnRefusal(const Status& ended, uint64_t named);
  void RenewIfDue();
  void Sleep(std::chrono::milliseconds time);
  bool stopping() const { return stopping_; }

  const UplinkOptions options_;
  Identity identity_;   // of Run's thread
  SetAside set_aside_;  // of Run's thread
  uint64_t sent_ = 0;   // of Run's thread: the last number sent in this session
  // Of Run's thread: facts up to this number go one by one, to find the one that is refused.
  uint64_t careful_until_ = 0;
  Spool& spool_;
  UplinkEvents& events_;
  const Clock& clock_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> connected_ = false;
  std::atomic<bool> was_welcome_ = false;  // the last session got as far as its Welcome
  Mutex mutex_;
  CondVar changed_;
  grpc::ClientContext* context_ DRIFTCAST_GUARDED_BY(mutex_) = nullptr;  // of the open stream
  uint64_t acknowledged_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_UPLINK_H_
