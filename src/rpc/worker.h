// A thread of its own that runs tasks in order of their time, first come first served.
#ifndef DRIFTCAST_RPC_WORKER_H_
#define DRIFTCAST_RPC_WORKER_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"

namespace driftcast {

// Thread-safe. The queue is bounded: a task that does not fit is refused.
class Worker {
 public:
  // `name` is shown by ps and debuggers; at most 15 bytes.
  Worker(std::string name, size_t tasks_max);
  ~Worker() { Stop(); }

  // Runs `task` on the thread, not before `delay` has passed. ResourceExhausted when the queue is
  // full, Unavailable when it was stopped.
  Status Post(std::function<void()> task, Duration delay = Duration(0));

  // Runs what is due, drops what waits for its time, and ends the thread. Idempotent; not to be
  // called from a task.
  void Stop();

 private:
  using Due = std::chrono::steady_clock::time_point;
  void Run();
  std::function<void()> Next();  // empty: time to end

  const size_t tasks_max_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::multimap<Due, std::function<void()>> tasks_ DRIFTCAST_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_RPC_WORKER_H_
