// What other threads ask of the agent's loop: bounded, and merged where it can be.
#ifndef DRIFTCAST_AGENT_INBOX_H_
#define DRIFTCAST_AGENT_INBOX_H_

#include <atomic>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/uplink.h"
#include "base/file.h"
#include "base/mutex.h"
#include "model/fact.h"

namespace driftcast {

struct Requests {
  bool connected = false;     // since the last Take
  bool snapshot_all = false;  // of every kind
  std::set<std::string> snapshot_kinds;
  std::set<std::pair<std::string, std::string>> resources;  // kind, name
  Duration metrics_pause{0};
  std::deque<PlanProgressed> progress;
  std::vector<ResourceId> touched;  // by plans: to be read again
  bool stop = false;
};

// Thread-safe. `fd` becomes readable when there is something to take.
class Inbox : public UplinkEvents {
 public:
  // Orders, and that one is withdrawn, go straight to where they are carried out.
  using TakeOrder = std::function<void(const v1::SignedPlan& order)>;
  using WithdrawOrder = std::function<void(const v1::OrderWithdrawn& withdrawn)>;

  Inbox(TakeOrder take_order, WithdrawOrder withdraw_order);

  void OnConnected() override;
  void OnSnapshotRequest(const v1::SnapshotRequest& request) override;
  void OnOrder(const v1::SignedPlan& order) override;
  void OnOrderWithdrawn(const v1::OrderWithdrawn& withdrawn) override;
  void OnMetricsPause(Duration pause) override;

  // Waits while kProgressMax are not taken yet: progress of plans is never dropped.
  void OnProgress(PlanProgressed progress, std::vector<ResourceId> touched);

  void Stop();  // also from a signal handler's thread
  bool stop_asked() const { return stop_asked_; }

  int fd() const { return event_.get(); }
  Requests Take();

 private:
  static constexpr size_t kProgressMax = 1024;
  static constexpr size_t kResourcesMax = 10000;  // beyond: everything
  void Ring();

  const TakeOrder take_order_;
  const WithdrawOrder withdraw_order_;
  FileDescriptor event_;
  std::atomic<bool> stop_asked_ = false;
  Mutex mutex_;
  CondVar taken_;
  Requests requests_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_INBOX_H_
