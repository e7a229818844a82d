// How far a store had come, kept beside it, so that a store that lost its newest files does not
// pass for one that never had them. Inside the room.
#ifndef DRIFTCAST_STORE_COMMIT_MARK_H_
#define DRIFTCAST_STORE_COMMIT_MARK_H_

#include <cstdint>
#include <filesystem>

#include "base/mutex.h"
#include "base/status.h"

namespace driftcast {

// One small file with the number of the last durable write. It is written after the write that it
// tells of, and not flushed: after a crash of the machine it may be behind the store, never ahead.
// Thread-safe.
class CommitMark {
 public:
  // Opens or makes the file, and compares: DataLoss when the store ends before its mark, or when
  // the mark cannot be read.
  static StatusOr<std::unique_ptr<CommitMark>> Open(const std::filesystem::path& file,
                                                    uint64_t store_ends_at);
  ~CommitMark();
  CommitMark(const CommitMark&) = delete;
  CommitMark& operator=(const CommitMark&) = delete;

  void Advance(uint64_t number);  // lower numbers change nothing

 private:
  CommitMark(int fd, uint64_t number) : fd_(fd), number_(number) {}

  const int fd_;
  Mutex mutex_;
  uint64_t number_ DRIFTCAST_GUARDED_BY(mutex_);
};

}  // namespace driftcast

#endif  // DRIFTCAST_STORE_COMMIT_MARK_H_
