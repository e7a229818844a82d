#include "engine/committer.h"

#include <pthread.h>

#include <chrono>

#include "base/log.h"
#include "base/time.h"

namespace driftcast {
namespace {

constexpr auto kRetry = std::chrono::seconds(1);
constexpr uint64_t kErrorsBetweenLines = 60;  // a minute of a full disk is one line

}  // namespace

Committer::Committer(Store& store, std::function<void(const std::vector<LiveEvent>&)> publish)
    : store_(store), publish_(std::move(publish)) {}

Committer::~Committer() { Stop(); }

void Committer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Committer::Add(Group group) {
  const MutexLock lock(mutex_);
  while (waiting_.size() >= kWaitingMax) changed_.Wait(mutex_);
  waiting_.push_back(std::move(group));
  changed_.SignalAll();
}

bool Committer::Drain() {
  const MutexLock lock(mutex_);
  while (busy_ || !waiting_.empty()) changed_.Wait(mutex_);
  return !lost_;
}

void Committer::StopTrying() {
  const MutexLock lock(mutex_);
  trying_ = false;
  changed_.SignalAll();
}

void Committer::Stop() {
  {
    const MutexLock lock(mutex_);
    trying_ = false;
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Committer::Run() {
  pthread_setname_np(pthread_self(), "commit");
  for (;;) {
    Group group;
    {
      const MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      group = std::move(waiting_.front());
      waiting_.pop_front();
      busy_ = true;
      changed_.SignalAll();
    }
    Finish(std::move(group));
    const MutexLock lock(mutex_);
    busy_ = false;
    lost_ = gave_up_;
    changed_.SignalAll();
  }
}

void Committer::Finish(Group group) {
  const bool durable = group.writes.empty() ? !gave_up_ : Commit(group.writes);
  for (auto& [done, status] : group.answers)
    done(durable || !status.ok() ? status
                                 : Unavailable("the engine stopped before it could write"));
  if (durable && !group.events.empty()) publish_(group.events);
}

// The state in memory is ahead of the store until this returns, so it does not give up: with a full
// disk nothing is acknowledged and nothing is lost, and the queue fills and refuses. Once it was
// given up, a later group must not go in: it would stand on one that is missing.
bool Committer::Commit(const WriteBatch& writes) {
  uint64_t tries = 0;
  while (!gave_up_) {
    const auto started = std::chrono::steady_clock::now();
    const Status status = store_.Commit(writes);
    micros_ += static_cast<uint64_t>(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - started).count());
    ++commits_;
    if (status.ok()) {
      if (tries > 0) Recovered();
      return true;
    }
    ++tries;
    if (errors_.fetch_add(1) % kErrorsBetweenLines == 0)
      Log("engine").error(
          "store.commit_failed reason=\"{}\" (nothing is acknowledged until it works)",
          Message(status));
    gave_up_ = !PauseBeforeRetry(status);
  }
  return false;
}

void Committer::Recovered() {
  Log("engine").warn("store.commit_works_again");
  const MutexLock lock(mutex_);
  trouble_ = Ok();
}

Status Committer::trouble() const {
  const MutexLock lock(mutex_);
  return trouble_;
}

bool Committer::PauseBeforeRetry(const Status& trouble) {
  const MutexLock lock(mutex_);
  trouble_ = trouble;
  const auto until = std::chrono::steady_clock::now() + kRetry;
  while (trying_ && std::chrono::steady_clock::now() < until)
    changed_.WaitFor(mutex_, until - std::chrono::steady_clock::now());
  return trying_;
}

}  // namespace driftcast
