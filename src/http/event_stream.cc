#include "http/event_stream.h"

#include <utility>

namespace driftcast {

EventStream::EventStream(size_t queue_bytes_max, std::string resync)
    : queue_bytes_max_(queue_bytes_max),
      resync_(std::make_shared<const std::string>(std::move(resync))) {}

void EventStream::Send(SharedChunk chunk) {
  MutexLock lock(mutex_);
  if (closed_) return;
  if (!queue_.empty() && queue_bytes_ + chunk->size() > queue_bytes_max_) {
    queue_.assign(1, resync_);
    queue_bytes_ = resync_->size();
    ++resyncs_;
  }
  queue_bytes_ += chunk->size();
  queue_.push_back(std::move(chunk));
  Wake();
}

void EventStream::Close() {
  MutexLock lock(mutex_);
  if (std::exchange(closed_, true)) return;
  Wake();
}

bool EventStream::closed() const {
  MutexLock lock(mutex_);
  return closed_;
}

uint64_t EventStream::resyncs() const {
  MutexLock lock(mutex_);
  return resyncs_;
}

void EventStream::Attach(std::function<void()> wake) {
  MutexLock lock(mutex_);
  wake_ = std::move(wake);
  woken_ = false;
  if (wake_ && (!queue_.empty() || closed_)) Wake();
}

std::vector<SharedChunk> EventStream::Take() {
  MutexLock lock(mutex_);
  woken_ = false;
  queue_bytes_ = 0;
  return std::exchange(queue_, {});
}

void EventStream::Wake() {
  if (!wake_ || std::exchange(woken_, true)) return;
  wake_();
}

}  // namespace driftcast
