// A mutex that clang's thread-safety analysis understands: annotate every member that it guards
// with DRIFTCAST_GUARDED_BY. A thin wrapper over std::mutex.
#ifndef DRIFTCAST_BASE_MUTEX_H_
#define DRIFTCAST_BASE_MUTEX_H_

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define DRIFTCAST_TSA(x) __attribute__((x))
#else
#define DRIFTCAST_TSA(x)
#endif
#define DRIFTCAST_GUARDED_BY(x) DRIFTCAST_TSA(guarded_by(x))
#define DRIFTCAST_REQUIRES(...) DRIFTCAST_TSA(requires_capability(__VA_ARGS__))
#define DRIFTCAST_EXCLUDES(...) DRIFTCAST_TSA(locks_excluded(__VA_ARGS__))

namespace driftcast {

class DRIFTCAST_TSA(capability("mutex")) Mutex {
 public:
  void Lock() DRIFTCAST_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() DRIFTCAST_TSA(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class DRIFTCAST_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) DRIFTCAST_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() DRIFTCAST_TSA(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with the mutex held; as ever, in a loop around the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) DRIFTCAST_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    variable_.wait(lock);
    lock.release();
  }
  // False when the time ran out first.
  template <typename Rep, typename Period>
  bool WaitFor(Mutex& mutex, std::chrono::duration<Rep, Period> timeout) DRIFTCAST_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool notified = variable_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void Signal() { variable_.notify_one(); }
  void SignalAll() { variable_.notify_all(); }

 private:
  std::condition_variable variable_;
};

}  // namespace driftcast

#endif  // DRIFTCAST_BASE_MUTEX_H_
