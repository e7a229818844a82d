// Makes groups of changes durable on a thread of its own, in order, while the shard applies what
// comes next. What a group lets out - acknowledgements, live events - leaves after its commit.
//
// Life: Start(); Add() groups, Drain() before anything is read that must be durable;
// StopTrying() lets a failing store fail; Stop() writes what waits and ends the thread.
// The state in memory is ahead of the store by at most kWaitingMax + 1 groups.
#ifndef DRIFTCAST_ENGINE_COMMITTER_H_
#define DRIFTCAST_ENGINE_COMMITTER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "engine/live_event.h"
#include "store/store.h"

namespace driftcast {

// Thread-safe.
class Committer {
 public:
  // Who waits for a submission, and what it is told once the group is durable.
  struct Answer {
    std::function<void(const Status&)> done;
    Status status;
  };
  struct Group {
    WriteBatch writes;
    std::vector<LiveEvent> events;
    std::vector<Answer> answers;
  };

  // `publish` runs on this thread with the events of each durable group. `store` outlives this.
  Committer(Store& store, std::function<void(const std::vector<LiveEvent>&)> publish);
  ~Committer();

  void Start();

  // Hands a group over; waits while kWaitingMax others wait.
  void Add(Group group);

  // Waits until everything added is durable and told. False when it was given up.
  bool Drain();

  // From now on a commit that fails is given up, and with it all that follow: nothing of them is
  // acknowledged, so agents send it again.
  void StopTrying();
  void Stop();

  // Why the last commit failed; Ok while they work.
  Status trouble() const;

  uint64_t commits() const { return commits_; }
  uint64_t errors() const { return errors_; }
  double seconds() const { return static_cast<double>(micros_) * 1e-6; }  // spent in commits

 private:
  static constexpr size_t kWaitingMax = 1;

  void Run();
  void Finish(Group group);
  bool Commit(const WriteBatch& writes);
  void Recovered();
  bool PauseBeforeRetry(const Status& trouble);  // false: stop trying

  Store& store_;
  const std::function<void(const std::vector<LiveEvent>&)> publish_;
  bool gave_up_ = false;  // this thread only

  mutable Mutex mutex_;
  CondVar changed_;
  Status trouble_ DRIFTCAST_GUARDED_BY(mutex_);
  std::deque<Group> waiting_ DRIFTCAST_GUARDED_BY(mutex_);
  bool busy_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  bool trying_ DRIFTCAST_GUARDED_BY(mutex_) = true;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  bool lost_ DRIFTCAST_GUARDED_BY(mutex_) = false;  // gave_up_, for Drain

  std::atomic<uint64_t> commits_{0}, errors_{0}, micros_{0};
  std::thread thread_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_ENGINE_COMMITTER_H_
