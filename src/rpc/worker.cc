#include "rpc/worker.h"

#include <pthread.h>

#include <utility>

namespace driftcast {

Worker::Worker(std::string name, size_t tasks_max) : tasks_max_(tasks_max) {
  thread_ = std::thread([this, name = std::move(name)] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    Run();
  });
}

Status Worker::Post(std::function<void()> task, Duration delay) {
  const MutexLock lock(mutex_);
  if (stopping_) return Unavailable("stopping");
  if (tasks_.size() >= tasks_max_) return ResourceExhausted("{} tasks are waiting", tasks_.size());
  tasks_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  changed_.Signal();
  return Ok();
}

void Worker::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Worker::Run() {
  while (auto task = Next()) task();
}

std::function<void()> Worker::Next() {
  const MutexLock lock(mutex_);
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const auto first = tasks_.begin();
    if (first != tasks_.end() && first->first <= now) {
      auto task = std::move(first->second);
      tasks_.erase(first);
      return task;
    }
    if (stopping_) return nullptr;
    if (first == tasks_.end())
      changed_.Wait(mutex_);
    else
      changed_.WaitFor(mutex_, first->first - now);
  }
}

}  // namespace driftcast
