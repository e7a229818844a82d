// Threads that run handlers, so that one that waits for the engine does not hold up the network.
#ifndef DRIFTCAST_HTTP_WORKER_POOL_H_
#define DRIFTCAST_HTTP_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace driftcast {

// Thread-safe. Tasks start in order.
class WorkerPool {
 public:
  WorkerPool(size_t threads, size_t queue_max);
  ~WorkerPool();  // Stop

  // False when the queue is full or the pool has stopped: the task will not run.
  bool Post(std::function<void()> task) DRIFTCAST_EXCLUDES(mutex_);

  // Lets running tasks end, drops waiting ones, joins the threads.
  void Stop() DRIFTCAST_EXCLUDES(mutex_);

 private:
  void Work() DRIFTCAST_EXCLUDES(mutex_);

  const size_t queue_max_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> queue_ DRIFTCAST_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_HTTP_WORKER_POOL_H_
