// Facts that the engine has not acknowledged yet, on disk: numbered, durable, bounded.
//
// Files: FOLDER/<first sequence, 20 digits>.seg, each
//   8 bytes "DCSPOOL1", u64 first sequence, then records of
//   u32 CRC-32 of the rest of the record, u32 length, u64 sequence, <length> bytes of v1.Fact.
// Numbers are little-endian. A record counts once it is complete and synced; what a crash left
// half-written at the end is cut off when the spool is opened, and its number is used again: it was
// never shown to anybody. A segment that is damaged in the middle loses the records behind the
// damage; the engine sees the gap in the numbers and asks for a snapshot.
#ifndef DRIFTCAST_AGENT_SPOOL_H_
#define DRIFTCAST_AGENT_SPOOL_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/mutex.h"
#include "base/status.h"

namespace driftcast {

struct SpoolOptions {
  std::filesystem::path folder;             // created when missing, mode 0700
  uint64_t bytes_max = 256ull << 20;        // of all segments; at least 64 KiB
  uint64_t segment_bytes_max = 4ull << 20;  // a new segment is begun beyond; it is what is freed
};

// What may use how much of the spool: metrics half of it, configuration all but a sixteenth, and
// that last part is for what must not wait (progress of plans, the end of a snapshot).
enum class SpoolLane : uint8_t { kMetrics, kConfig, kEssential };

// Thread-safe. One process at a time: Open takes a lock on the folder.
class Spool {
 public:
  // FailedPrecondition when another process has it open.
  static StatusOr<std::unique_ptr<Spool>> Open(SpoolOptions options);

  // Makes the facts durable, in order, and returns the number of the last one. `encode` is given
  // each number and returns the bytes of the fact with it. ResourceExhausted when they do not fit
  // into what the lane may use, or the disk is full: then none is in.
  template <typename Encode>
  StatusOr<uint64_t> Append(size_t count, SpoolLane lane, const Encode& encode) {
    const MutexLock lock(mutex_);
    std::vector<std::string> facts;
    for (size_t i = 0; i < count; ++i) facts.push_back(encode(sequence_next_ + i));
    return Write(facts, lane);
  }

  struct Entry {
    uint64_t sequence = 0;
    std::string fact;
  };
  // The facts from number `from` on, at most so many and so many bytes (but one at least). Skips
  // what is damaged. Empty: there are none yet.
  std::vector<Entry> Read(uint64_t from, size_t count_max, size_t bytes_max);

  // Waits until there is a fact numbered `from` or higher, Wake is called, or time is up. A Wake of
  // before counts once, so that one between looking and waiting is not lost. For one waiting
  // thread.
  void WaitFor(uint64_t from, std::chrono::milliseconds patience);
  void Wake();

  // Facts up to this number are the engine's: forget them.
  void Trim(uint64_t sequence_durable);

  // The engine has facts up to this number: ours continue behind it. For a spool that was lost.
  Status SkipTo(uint64_t sequence_durable);

  uint64_t sequence_next() const;    // of the next fact
  uint64_t sequence_oldest() const;  // not acknowledged yet, as far as we know
  uint64_t bytes() const;
  bool HasRoom(SpoolLane lane) const;  // for a small fact

 private:
  struct Segment {
    uint64_t first = 0;  // number that its first record has or will have
    uint64_t last = 0;   // of its last record; first - 1 when it has none
    uint64_t bytes = 0;
  };

  explicit Spool(SpoolOptions options) : options_(std::move(options)) {}
  Status Load() DRIFTCAST_REQUIRES(mutex_);
  Status LoadSegment(uint64_t first) DRIFTCAST_REQUIRES(mutex_);
  Status BeginSegment() DRIFTCAST_REQUIRES(mutex_);
  StatusOr<uint64_t> Write(const std::vector<std::string>& facts, SpoolLane lane)
      DRIFTCAST_REQUIRES(mutex_);
  uint64_t BytesFor(SpoolLane lane) const;
  std::filesystem::path PathOf(uint64_t first) const;

  const SpoolOptions options_;
  mutable Mutex mutex_;
  CondVar changed_;
  FileDescriptor lock_ DRIFTCAST_GUARDED_BY(mutex_);
  std::deque<Segment> segments_ DRIFTCAST_GUARDED_BY(mutex_);  // oldest first; the last is written
  FileDescriptor active_ DRIFTCAST_GUARDED_BY(mutex_);
  uint64_t sequence_next_ DRIFTCAST_GUARDED_BY(mutex_) = 1;
  uint64_t sequence_durable_ DRIFTCAST_GUARDED_BY(mutex_) = 0;  // acknowledged
  bool woken_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  // Where Read left off, so that reading on does not begin at the segment's front.
  uint64_t cursor_segment_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  uint64_t cursor_sequence_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
  uint64_t cursor_offset_ DRIFTCAST_GUARDED_BY(mutex_) = 0;
};

}  // namespace driftcast

#endif  // DRIFTCAST_AGENT_SPOOL_H_
