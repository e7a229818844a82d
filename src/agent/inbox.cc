#include "agent/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "wire/value.h"

namespace driftcast {

Inbox::Inbox(TakeOrder take_order, WithdrawOrder withdraw_order)
    : take_order_(std::move(take_order)),
      withdraw_order_(std::move(withdraw_order)),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Inbox::Ring() {
  const uint64_t one = 1;
  // It can only fail when it is readable already.
  [[maybe_unused]] const ssize_t n = write(event_.get(), &one, sizeof one);
}

void Inbox::OnConnected() {
  const MutexLock lock(mutex_);
  requests_.connected = true;
  Ring();
}

void Inbox::OnSnapshotRequest(const v1::SnapshotRequest& request) {
  const MutexLock lock(mutex_);
  if (request.resources_size() > 0) {
    for (const v1::ResourceId& resource : request.resources())
      requests_.resources.emplace(resource.kind(), resource.name());
    if (requests_.resources.size() > kResourcesMax) {
      requests_.resources.clear();
      requests_.snapshot_all = true;
    }
  } else if (request.kinds_size() > 0 && request.kinds_size() <= 64) {
    requests_.snapshot_kinds.insert(request.kinds().begin(), request.kinds().end());
  } else {
    requests_.snapshot_all = true;
  }
  Ring();
}

void Inbox::OnOrder(const v1::SignedPlan& order) { take_order_(order); }

void Inbox::OnOrderWithdrawn(const v1::OrderWithdrawn& withdrawn) { withdraw_order_(withdrawn); }

void Inbox::OnMetricsPause(Duration pause) {
  const MutexLock lock(mutex_);
  requests_.metrics_pause = std::clamp(pause, Duration(0), kDay);
  Ring();
}

void Inbox::OnProgress(PlanProgressed progress, std::vector<ResourceId> touched) {
  const MutexLock lock(mutex_);
  while (requests_.progress.size() >= kProgressMax && !requests_.stop) taken_.Wait(mutex_);
  requests_.progress.push_back(std::move(progress));
  requests_.touched.insert(requests_.touched.end(), touched.begin(), touched.end());
  Ring();
}

void Inbox::Stop() {
  const MutexLock lock(mutex_);
  requests_.stop = true;
  stop_asked_ = true;
  taken_.SignalAll();
  Ring();
}

Requests Inbox::Take() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(event_.get(), &count, sizeof count);
  const MutexLock lock(mutex_);
  Requests taken;
  std::swap(taken, requests_);
  requests_.stop = taken.stop;  // once stopped, always stopped
  taken_.SignalAll();
  return taken;
}

}  // namespace driftcast
